import type {Outcome} from './outcome.ts';

/** The PostgreSQL worker: one database, kept in the browser's private file system where there is one. Calls come one after the other. */
export interface PostgresContract {
  /** Starts PostgreSQL, and makes the database when there is none yet. */
  start(): Promise<PostgresOutcome<PostgresInfo>>;
  /** Runs one statement; `data` is what `COPY … FROM '/dev/blob'` reads. */
  run(statement: string, data?: Uint8Array): Promise<PostgresOutcome<PostgresAnswer>>;
  /** The database as SQL that PostgreSQL 14 and later load with `psql -f`. */
  dump(): Promise<PostgresOutcome<Blob>>;
  /** Runs a dump, data and all, as one transaction; gives the number of its statements. */
  load(script: Blob): Promise<PostgresOutcome<number>>;
  /** Ends PostgreSQL in order: another tab may open the database then. */
  close(): Promise<void>;
}

export interface PostgresInfo {
  /** As `SHOW server_version` gives it. */
  readonly version: string;
  /** False where the browser keeps no files: then the database lives as long as the page. */
  readonly kept: boolean;
}

/** A statement's rows, column by column, in PostgreSQL's own text. */
export interface PostgresAnswer {
  readonly columns: readonly PostgresColumn[];
  readonly rows: number;
}

export interface PostgresColumn {
  readonly name: string;
  /** As PostgreSQL's format_type spells it: `numeric(10,2)`, `timestamp with time zone`, `text[]`. */
  readonly type: string;
  /** UTF-8 of all values one after the other; value i is from `offsets[i]` to `offsets[i + 1]`. */
  readonly bytes: Uint8Array;
  readonly offsets: Int32Array;
  /** 1 for a value, 0 for NULL. */
  readonly valid: Uint8Array;
}

/** What PostgreSQL says of a failure: https://www.postgresql.org/docs/current/protocol-error-fields.html */
export interface PostgresFailure {
  /** The SQLSTATE; empty when the failure isn't PostgreSQL's own. */
  readonly state: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
  /** A character of the statement, from 1. */
  readonly position?: number;
  /** Where in a COPY, or in a function. */
  readonly context?: string;
  /** Another tab has the database open. */
  readonly taken?: boolean;
  /** PostgreSQL can't go on: the worker has to be ended. */
  readonly fatal?: boolean;
  /** The line of a dump, from 1. */
  readonly line?: number;
}

export type PostgresOutcome<T> = Outcome<T, PostgresFailure>;
