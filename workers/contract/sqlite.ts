import type {Column} from '../../src/sql/types.ts';
import type {Outcome} from './outcome.ts';

/** The SQLite worker: one database, opened to read where it lies. A statement can't be stopped from outside: whoever doesn't want it any more ends the worker. */
export interface SqliteContract {
  open(file: File): Promise<Outcome<readonly SqliteTable[]>>;
  /**
   * Reads a table as Arrow IPC streams. Rows with a value that doesn't fit its column's type come as rejects (line, column_name, raw, reason),
   * where `line` is the rowid. `onBatch` is awaited.
   */
  read(table: string, options: SqliteRead, onBatch: (batch: SqliteBatch) => Promise<void>): Promise<Outcome<null>>;
}

export interface SqliteTable {
  readonly name: string;
  readonly kind: 'table' | 'view';
  /** With DuckDB's types, as the declared ones say; an empty type is found out from the values. */
  readonly columns: readonly Column[];
  /** Undefined where to count them would mean to read a large file. */
  readonly rows: number | undefined;
}

export interface SqliteRead {
  /** Types of the user's that go before the declared ones, by column. */
  readonly types: Readonly<Record<string, string>>;
  readonly limit: number | undefined;
}

export interface SqliteBatch {
  readonly ipc: Uint8Array;
  readonly isRejects: boolean;
  /** Rows read so far, and about how many there are; 0 where that isn't known. */
  readonly done: number;
  readonly total: number;
}
