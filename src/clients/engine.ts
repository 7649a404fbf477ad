import * as Comlink from 'comlink';
import type {EngineContract, Outcome, QueryResult, WorkerError} from '../../workers/contract/engine.ts';
import {Lifetime} from '../lib/lifetime.ts';
import {cancelled, ProblemError, type Problem} from '../lib/problem.ts';
import type {EnginePort} from '../ports/index.ts';
import type {Sql} from '../sql/sql.ts';

/** How long the engine may take to obey a cancel before it is ended, in milliseconds. */
const patience = 2000;

/** What the port needs of a Worker. */
export interface EngineWorker extends Comlink.Endpoint {
  terminate(): void;
}

/** One worker, from its start to its end. */
interface Running {
  readonly remote: Comlink.Remote<EngineContract>;
  readonly life: Lifetime;
  /** Resolves when DuckDB answers and every known file is registered. */
  readonly ready: Promise<void>;
  /** Ends this worker and starts the next. */
  readonly restart: (why: Problem) => void;
}

/**
 * The engine port over a worker that starts at once; calls wait until it is ready. An abort cancels the call's job. If the
 * engine doesn't stop within 2 s, or breaks down, it is ended and started anew with the same files: calls under way reject
 * with `ENGINE_RESTARTED`, and the listeners of `onRestart` are told at once, while the new one starts.
 */
export function createEngine({
  worker,
  urls,
}: {
  worker: () => EngineWorker;
  urls: {readonly wasmUrl: string; readonly workerUrl: string};
}): EnginePort {
  const files = new Map<string, File>();
  const listeners = new Set<(why: string) => void>();
  let lastJob = 0;
  // Arrow comes while the engine starts: the page paints without it.
  const arrow = import('../arrow/values.ts');
  arrow.catch(ignore);
  let running = begin();

  function begin(): Running {
    const started = worker();
    const remote = Comlink.wrap<EngineContract>(started);
    const life = new Lifetime();
    const ready = life.during(startUp(remote));
    // Callers see a failed start when they call.
    ready.catch(ignore);
    const restart = (why: Problem): void => {
      if (life.over) return;
      started.terminate();
      life.end(new ProblemError(why));
      running = begin();
      for (const listener of listeners) listener(why.message);
    };
    let up = false;
    ready.then(() => (up = true), ignore);
    started.addEventListener('error', () => {
      // A worker that can't even load would be started again for ever.
      if (up) restart(restarted('its worker broke down'));
      else life.end(new ProblemError(notStarted('its worker could not be loaded')));
    });
    return {remote, life, ready, restart};
  }

  async function startUp(remote: Comlink.Remote<EngineContract>): Promise<void> {
    try {
      await remote.start(urls);
    } catch (error) {
      throw new ProblemError(notStarted(error instanceof Error ? error.message : String(error)), {cause: error});
    }
    for (const [name, file] of files) unpack(await remote.registerFile(name, file));
  }

  /** Runs one job to its end, a cancel, or the end of the engine. */
  async function call<T>(
    signal: AbortSignal | undefined,
    send: (remote: Comlink.Remote<EngineContract>, job: number) => Promise<Outcome<T>>,
  ): Promise<T> {
    const stopping = (): boolean => signal?.aborted === true;
    if (stopping()) throw new ProblemError(cancelled);
    const {remote, ready, life, restart} = running;
    const stopped = new Lifetime();
    const job = ++lastJob;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let sent = false;
    const stop = (): void => {
      const answer = (): void => stopped.end(new ProblemError(cancelled));
      if (!sent) return answer();
      timer = setTimeout(() => {
        // This call's own answer first: to its caller it was stopped, and only the others lost their engine.
        answer();
        restart(restarted('a running query did not stop'));
      }, patience);
      remote.cancel(job).then(answer, ignore);
    };
    signal?.addEventListener('abort', stop, {once: true});
    try {
      await stopped.during(ready);
      sent = true;
      const outcome = await stopped.during(life.during(send(remote, job)));
      if (!outcome.ok && outcome.error.fatal === true) restart(restarted('it broke down'));
      else if (stopping()) throw new ProblemError(cancelled);
      return unpack(outcome);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
    }
  }

  const query = (text: Sql, signal: AbortSignal | undefined): Promise<QueryResult> =>
    call(signal, (remote, job) => remote.query(job, text));

  return {
    async execute(statements, options) {
      await call(options?.signal, (remote, job) => remote.execute(job, statements));
    },
    async query(text, options) {
      const {ipc} = await query(text, options?.signal);
      return (await arrow).tableFromIPC(ipc);
    },
    async rows(text, options) {
      const {ipc, columns} = await query(text, options?.signal);
      const {tableFromIPC, tableRows} = await arrow;
      return {columns, rows: tableRows(tableFromIPC(ipc), columns)};
    },
    describe: (text, options) => call(options?.signal, (remote, job) => remote.describe(job, text)),
    describeTable: (table, options) => call(options?.signal, (remote, job) => remote.describeTable(job, table)),
    async stream(text, onChunk, options) {
      let failure: {readonly thrown: unknown} | undefined;
      const receive = async (chunk: Uint8Array): Promise<void> => {
        try {
          await onChunk(chunk);
        } catch (thrown) {
          // Comlink would keep only its message.
          failure = {thrown};
          throw thrown;
        }
      };
      try {
        await call(options?.signal, (remote, job) => remote.stream(job, text, Comlink.proxy(receive)));
      } catch (thrown) {
        throw failure?.thrown ?? thrown;
      }
    },
    columns: (text, options) => call(options?.signal, (remote, job) => remote.columns(job, text)),
    async insert(name, ipc, create, options) {
      // A buffer that is shared or holds more than these bytes can't be moved.
      const own =
        ipc.buffer instanceof ArrayBuffer && ipc.byteLength === ipc.buffer.byteLength
          ? new Uint8Array(ipc.buffer)
          : ipc.slice();
      await call(options?.signal, (remote, job) =>
        remote.insert(job, name, Comlink.transfer(own, [own.buffer]), create),
      );
    },
    async insertColumns(name, columns, create, options) {
      const buffers = columns.map(({values}) => values.buffer as ArrayBuffer);
      await call(options?.signal, (remote, job) =>
        remote.insertColumns(job, name, Comlink.transfer([...columns], buffers), create),
      );
    },
    async registerFile(name, file) {
      files.set(name, file);
      await call(undefined, (remote) => remote.registerFile(name, file));
    },
    async dropFile(name) {
      files.delete(name);
      await call(undefined, (remote) => remote.dropFile(name));
    },
    async memory() {
      const {remote, ready, life} = running;
      await ready;
      return life.during(remote.memory());
    },
    onRestart(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

const ignore = (): void => undefined;

function unpack<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  throw new ProblemError(problemOfWorker(outcome.error));
}

const problemOfWorker = ({fatal: _, ...problem}: WorkerError): Problem =>
  problem.code === 'CANCELLED' ? cancelled : problem;

const restarted = (why: string): Problem => ({
  code: 'ENGINE_RESTARTED',
  message: `The engine was started again because ${why}.`,
  hint: 'Run the notebook again: what is needed is computed anew.',
});

const notStarted = (why: string): Problem => ({
  code: 'ENGINE_NOT_STARTED',
  message: `The engine could not be started: ${why}.`,
  hint: 'Check the connection and reload the page; your files and notebook are kept.',
});
