import type {EngineContract, EngineUrls, QueryResult} from '../../workers/contract/engine.ts';
import type {Outcome} from '../../workers/contract/outcome.ts';
import {cancelled, ProblemError, unwrap, type Problem} from '../lib/problem.ts';
import type {EnginePort} from '../ports/index.ts';
import type {Sql} from '../sql/sql.ts';
import {moved, movedColumns, withCallback} from './callbacks.ts';
import {Client, overWorker, type End, type WorkerLike} from './client.ts';

/**
 * The engine port over a worker that starts at once; calls wait until it is ready. An abort cancels the call's job. If the
 * engine doesn't stop within 2 s, or breaks down, it is ended and started anew with the same files: calls under way reject
 * with `ENGINE_RESTARTED`, and the listeners of `onRestart` are told at once, while the new one starts.
 */
export function createEngine({worker, urls}: {worker: () => WorkerLike; urls: EngineUrls}): EnginePort {
  const files = new Map<string, File>();
  // Arrow comes while the engine starts: the page paints without it.
  const arrow = import('../arrow/values.ts');
  arrow.catch(() => undefined);
  const client = new Client<EngineContract>({
    connect: () => overWorker(worker()),
    startsAtOnce: true,
    startUp,
    problemOf: (end) => (end === 'not started' ? notStarted('its worker could not be loaded') : restarted[end]),
    cancel: (remote, job) => remote.cancel(job),
    patience: 2000,
  });

  /** Resolves when DuckDB answers and has every known file. */
  async function startUp(remote: EngineContract): Promise<void> {
    try {
      await remote.start(urls);
    } catch (error) {
      throw new ProblemError(notStarted(error instanceof Error ? error.message : String(error)), {cause: error});
    }
    for (const [name, file] of files) unwrap(await remote.registerFile(name, file));
  }

  async function call<T>(
    signal: AbortSignal | undefined,
    send: (remote: EngineContract, job: number) => Promise<Outcome<T>>,
  ): Promise<T> {
    const value = await client.call(send, signal);
    // It was done before the stop came to it; the caller wants no more of it.
    if (signal?.aborted === true) throw new ProblemError(cancelled);
    return value;
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
    stream: async (text, onChunk, options) =>
      void (await withCallback(onChunk, (receive) =>
        call(options?.signal, (remote, job) => remote.stream(job, text, receive)),
      )),
    columns: (text, options) => call(options?.signal, (remote, job) => remote.columns(job, text)),
    insert: async (name, ipc, create, options) =>
      void (await call(options?.signal, (remote, job) => remote.insert(job, name, moved(ipc), create))),
    insertColumns: async (name, columns, create, options) =>
      void (await call(options?.signal, (remote, job) =>
        remote.insertColumns(job, name, movedColumns([...columns], columns), create),
      )),
    async registerFile(name, file) {
      files.set(name, file);
      await call(undefined, (remote) => remote.registerFile(name, file));
    },
    async dropFile(name) {
      files.delete(name);
      await call(undefined, (remote) => remote.dropFile(name));
    },
    memory: () => client.ask((remote) => remote.memory()),
    onRestart: (listener) => client.onRestart(listener),
  };
}

const isRestarted = (why: string): Problem => ({
  code: 'ENGINE_RESTARTED',
  message: `The engine was started again because ${why}.`,
  hint: 'Run the notebook again: what is needed is computed anew.',
});

const restarted: Readonly<Record<Exclude<End, 'not started'>, Problem>> = {
  'broke down': isRestarted('its worker broke down'),
  fatal: isRestarted('it broke down'),
  deaf: isRestarted('a running query did not stop'),
};

const notStarted = (why: string): Problem => ({
  code: 'ENGINE_NOT_STARTED',
  message: `The engine could not be started: ${why}.`,
  hint: 'Check the connection and reload the page; your files and notebook are kept.',
});
