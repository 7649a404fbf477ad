import * as Comlink from 'comlink';
import type {
  PostgresAnswer,
  PostgresContract,
  PostgresFailure,
  PostgresOutcome,
} from '../../workers/contract/postgres.ts';
import {Lifetime} from '../lib/lifetime.ts';
import {cancelled, ProblemError, type Problem} from '../lib/problem.ts';
import type {PostgresPort, PostgresRun} from '../ports/index.ts';

/** What the port needs of a Worker. */
export interface PostgresWorker extends Comlink.Endpoint {
  terminate(): void;
}

interface Running {
  readonly worker: PostgresWorker;
  readonly remote: Comlink.Remote<PostgresContract>;
  readonly life: Lifetime;
  readonly ready: Promise<{readonly version: string; readonly kept: boolean}>;
}

/**
 * PostgreSQL in a worker that starts with the first call. Transactions follow one another. A running statement can't be stopped, so an abort ends
 * the worker: what wasn't committed is gone then, and PostgreSQL's own log mends the files at the next start. A tab that isn't the owner of the
 * workspace has no database.
 */
export function createPostgres(worker: () => PostgresWorker, isOwner: () => boolean = () => true): PostgresPort {
  let running: Running | undefined;
  let last: Promise<unknown> = Promise.resolve();

  function begin(): Running {
    const started = worker();
    const remote = Comlink.wrap<PostgresContract>(started);
    const life = new Lifetime();
    const mine: Running = {worker: started, remote, life, ready: life.during(startUp(remote))};
    mine.ready.catch(() => end(mine, broken));
    started.addEventListener('error', () => end(mine, broken));
    return mine;
  }

  function end(which: Running, why: Problem): void {
    if (running === which) running = undefined;
    which.worker.terminate();
    which.life.end(new ProblemError(why));
  }

  /** One call; the statement of a failure is what PostgreSQL counts its position in. */
  async function call<T>(
    which: Running,
    send: (remote: Comlink.Remote<PostgresContract>) => Promise<PostgresOutcome<T>>,
    statement?: string,
  ): Promise<T> {
    const outcome = await which.life.during(send(which.remote));
    if (outcome.ok) return outcome.value;
    if (outcome.error.fatal === true) end(which, broken);
    throw new ProblemError(problemOfFailure(outcome.error, statement));
  }

  /** Has the database alone while `work` runs; an abort ends the worker. */
  function alone<T>(signal: AbortSignal | undefined, work: (which: Running) => Promise<T>): Promise<T> {
    const turn = last.then(async () => {
      const isStopped = (): boolean => signal?.aborted === true;
      if (isStopped()) throw new ProblemError(cancelled);
      if (!isOwner()) throw new ProblemError(taken);
      const which = (running ??= begin());
      const stop = (): void => end(which, cancelled);
      signal?.addEventListener('abort', stop, {once: true});
      try {
        await which.ready;
        return await work(which);
      } finally {
        signal?.removeEventListener('abort', stop);
      }
    });
    last = turn.catch(() => undefined);
    return turn;
  }

  return {
    isStarted: () => running !== undefined,
    status: () => alone(undefined, (which) => which.ready),
    transaction: (work, options) =>
      alone(options?.signal, async (which) => {
        const run: PostgresRun = (statement, data) => {
          // The cast: bytes that a call is given have a plain buffer of their own.
          const given = data === undefined ? undefined : Comlink.transfer(data, [data.buffer as ArrayBuffer]);
          return call<PostgresAnswer>(which, (remote) => remote.run(statement, given), statement);
        };
        const bare = (statement: string): Promise<unknown> =>
          call<PostgresAnswer>(which, (remote) => remote.run(statement));
        await bare(options?.readOnly === true ? 'BEGIN READ ONLY' : 'BEGIN');
        let done: Awaited<ReturnType<typeof work>>;
        try {
          done = await work(run);
          // What a query set for the session goes too.
          await bare(options?.readOnly === true ? 'ROLLBACK' : 'COMMIT');
        } catch (thrown) {
          if (!which.life.over) await bare('ROLLBACK').catch(() => end(which, broken));
          throw thrown;
        }
        return done;
      }),
    dump: (options) => alone(options?.signal, (which) => call(which, (remote) => remote.dump())),
    load: (script, options) => alone(options?.signal, (which) => call(which, (remote) => remote.load(script))),
    async close() {
      await last;
      const which = running;
      running = undefined;
      if (which === undefined) return;
      await which.remote.close().catch(() => undefined);
      end(which, broken);
    },
  };
}

async function startUp(
  remote: Comlink.Remote<PostgresContract>,
): Promise<{readonly version: string; readonly kept: boolean}> {
  const outcome = await remote.start();
  if (outcome.ok) return outcome.value;
  throw new ProblemError(outcome.error.taken === true ? taken : notStarted(outcome.error.message));
}

/** What PostgreSQL said, as a problem: its SQLSTATE, its sentence, its hint, and the place in the statement. */
function problemOfFailure(
  {state, message, detail, hint, position, context, line}: PostgresFailure,
  statement: string | undefined,
): Problem {
  if (state === '22021' && message.includes('0x00'))
    return {
      code: 'POSTGRES',
      sqlState: state,
      message: `PostgreSQL’s text can’t hold the character NUL, and one of these texts does${context === undefined ? '' : ` (${context})`}.`,
      hint: "Take it out with a derive step: replace(column, chr(0), '').",
    };
  const said = `${message.charAt(0).toUpperCase()}${message.slice(1)}`;
  const parts = [
    said,
    ...(detail === undefined ? [] : [detail]),
    ...(context === undefined ? [] : [context.split('\n')[0] ?? '']),
  ];
  return {
    code: 'POSTGRES',
    message: parts.map((part) => (/[.!?]$/.test(part) ? part : `${part}.`)).join(' '),
    ...(state === '' ? {} : {sqlState: state}),
    ...hintOf(state, message, hint),
    ...(statement === undefined ? {} : {sql: statement}),
    ...(line !== undefined
      ? {where: {line}}
      : statement !== undefined && position !== undefined
        ? {where: {line: statement.slice(0, position - 1).split('\n').length}}
        : {}),
  };
}

/** What to do next, where PostgreSQL itself doesn't know: that cells are no tables, and that a cell is one statement. */
function hintOf(state: string, message: string, hint: string | undefined): {readonly hint?: string} {
  if (state === '25006') return {hint: 'A psql cell only reads. Write tables with a postgres step.'};
  if (hint !== undefined) return {hint};
  if (state === '42P01')
    return {
      hint: 'psql reads tables of PostgreSQL, not cells: a postgres step writes a cell’s rows into a table, and the sidebar lists those there are.',
    };
  if (state === '42601' && message.includes('multiple commands'))
    return {hint: 'A psql cell is one statement. Write each of them in a cell of its own.'};
  return {};
}

const broken: Problem = {
  code: 'POSTGRES_RESTARTED',
  message: 'PostgreSQL broke down and is started again with the next call.',
  hint: 'What was committed is there. Run the cell again.',
};

const taken: Problem = {
  code: 'POSTGRES_TAKEN',
  message: 'Lakebook is open in another tab, and one tab at a time has the PostgreSQL database.',
  hint: 'Press “Use it here” in this tab, or close the other one, and try again.',
};

const notStarted = (why: string): Problem => ({
  code: 'POSTGRES_NOT_STARTED',
  message: `PostgreSQL could not be started: ${why}.`,
  hint: 'Check the connection and reload the page; if it repeats, see that this site may store data.',
});
