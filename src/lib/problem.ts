/** Where a problem was found. Lines and rows count from 1; lines are lines of `file`, or of the notebook when `file` is absent. */
export interface Place {
  readonly cell?: string;
  readonly param?: string;
  readonly column?: string;
  readonly row?: number;
  readonly file?: string;
  readonly line?: number;
}

/** Something a person has to know about: what happened, where, and what to do next. Plain data, so it crosses workers whole. */
export interface Problem {
  /** Stable and upper case, e.g. `COLUMN_NOT_FOUND`. */
  readonly code: string;
  /** One sentence a learner understands: what happened and what was found. */
  readonly message: string;
  readonly where?: Place;
  /** What to do next, as one sentence. */
  readonly hint?: string;
  /** The statement that failed, when there was one. */
  readonly sql?: string;
  /** The SQLSTATE that Spark gives with this code. */
  readonly sqlState?: string;
  /** Where two schemas differ, column by column. */
  readonly differences?: readonly Difference[];
  /** The cell further down that is needed: below it, the cell that has the problem would have none. */
  readonly below?: string;
}

/** A column with its type in the table and in the rows; null where it is missing. */
export interface Difference {
  readonly column: string;
  readonly table: string | null;
  readonly rows: string | null;
}

/** An expected outcome as a value: a failure is data, not an exception. */
export type Result<T, E = Problem> = {readonly ok: true; readonly value: T} | {readonly ok: false; readonly error: E};

export const ok = <T>(value: T): Result<T, never> => ({ok: true, value});
export const fail = <E>(error: E): Result<never, E> => ({ok: false, error});

/** A Problem on its way up the stack; `problemOf` unpacks it at the nearest boundary. */
export class ProblemError extends Error {
  constructor(
    readonly problem: Problem,
    options?: ErrorOptions,
  ) {
    super(problem.message, options);
    this.name = 'ProblemError';
  }
}

/** The Problem inside any thrown value; what isn't one becomes `INTERNAL` with its message. */
export function problemOf(thrown: unknown): Problem {
  if (thrown instanceof ProblemError) return thrown.problem;
  if (thrown instanceof DOMException && thrown.name === 'AbortError') return cancelled;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return {
    code: 'INTERNAL',
    message: message || 'Something unexpected happened.',
    hint: 'Run the cell again; if it repeats, reload the page: nothing is lost.',
  };
}

export const cancelled: Problem = {
  code: 'CANCELLED',
  message: 'Stopped before it finished.',
  hint: 'Run it again when you are ready.',
};

/** The value, or the Problem thrown as a `ProblemError`. */
export function unwrap<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new ProblemError(result.error);
}

/** `problem` with `where` filled in; places already known stay. */
export const at = (problem: Problem, where: Place): Problem => ({...problem, where: {...where, ...problem.where}});
