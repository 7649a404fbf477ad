import type {
  PostgresContract,
  PostgresFailure,
  PostgresInfo,
  PostgresOutcome,
} from '../../workers/contract/postgres.ts';
import type {Outcome} from '../../workers/contract/outcome.ts';
import {cancelled, fail, ProblemError, type Problem} from '../lib/problem.ts';
import type {PostgresPort, PostgresRun} from '../ports/index.ts';
import {moved} from './callbacks.ts';
import {Client, overWorker, type Life, type WorkerLike} from './client.ts';

/** How long PostgreSQL may take to end in order, in milliseconds: what was committed is there either way. */
const closePatience = 3000;

/**
 * PostgreSQL in a worker that starts with the first call. Transactions follow one another. A running statement can't be stopped, so an abort ends
 * the worker: what wasn't committed is gone then, and PostgreSQL's own log mends the files at the next start. A tab that isn't the owner of the
 * workspace has no database.
 */
export function createPostgres(worker: () => WorkerLike, isOwner: () => boolean = () => true): PostgresPort {
  const client = new Client<PostgresContract>({
    connect: () => overWorker(worker()),
    startUp: async (remote) => started(await remote.start()),
    problemOf: () => broken,
  });
  let last: Promise<unknown> = Promise.resolve();

  /** Runs `work` when all before it is done. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  }

  /** Has the database alone while `work` runs; an abort ends the worker. */
  const alone = <T>(signal: AbortSignal | undefined, work: (life: Life<PostgresContract>) => Promise<T>): Promise<T> =>
    inTurn(async () => {
      if (signal?.aborted === true) throw new ProblemError(cancelled);
      if (!isOwner()) throw new ProblemError(taken);
      const {life} = client;
      return life.whole(signal, () => work(life));
    });

  return {
    isStarted: () => client.running !== undefined,
    status: () => alone(undefined, async (life) => started(await life.ask((remote) => remote.start()))),
    transaction: (work, options) =>
      alone(options?.signal, async (life) => {
        const run: PostgresRun = (statement, data) =>
          life.call(async (remote) =>
            outcomeOf(await remote.run(statement, data === undefined ? undefined : moved(data)), statement),
          );
        const bare = (statement: string): Promise<unknown> =>
          life.call(async (remote) => outcomeOf(await remote.run(statement)));
        await bare(options?.readOnly === true ? 'BEGIN READ ONLY' : 'BEGIN');
        let done: Awaited<ReturnType<typeof work>>;
        try {
          done = await work(run);
          // What a query set for the session goes too.
          await bare(options?.readOnly === true ? 'ROLLBACK' : 'COMMIT');
        } catch (thrown) {
          if (!life.isOver) await bare('ROLLBACK').catch(() => life.end(broken));
          throw thrown;
        }
        return done;
      }),
    dump: (options) => alone(options?.signal, (life) => life.call(async (remote) => outcomeOf(await remote.dump()))),
    load: (script, options) =>
      alone(options?.signal, (life) => life.call(async (remote) => outcomeOf(await remote.load(script)))),
    close: () =>
      inTurn(async () => {
        const life = client.running;
        // Files that were taken from under it can't be closed.
        await Promise.race([
          life?.ask((remote) => remote.close()).catch(() => undefined),
          new Promise((late) => setTimeout(late, closePatience)),
        ]);
        life?.end(broken);
      }),
  };
}

function started(outcome: PostgresOutcome<PostgresInfo>): PostgresInfo {
  if (outcome.ok) return outcome.value;
  const {taken: isTaken, message} = outcome.error;
  throw new ProblemError(isTaken === true ? taken : /no space left|quota/i.test(message) ? full : notStarted(message));
}

/** The statement of a failure is what PostgreSQL counts its position in. */
function outcomeOf<T>(outcome: PostgresOutcome<T>, statement?: string): Outcome<T> {
  if (outcome.ok) return outcome;
  return fail({...problemOfFailure(outcome.error, statement), fatal: outcome.error.fatal === true});
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
  if (state === '53100') return full;
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
  if (/quota exceeded/i.test(message))
    return {hint: 'One statement makes too many tables and indexes at once. Make them in several statements.'};
  if (state === '42601' && message.includes('multiple commands'))
    return {hint: 'A psql cell is one statement. Write each of them in a cell of its own.'};
  return {};
}

const full: Problem = {
  code: 'QUOTA_EXCEEDED',
  message: 'There is no room for PostgreSQL’s files in the browser’s storage.',
  hint: 'Remove files from the workspace or free space on the disk, then try again. Nothing was changed.',
};

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
