import type {Column} from '../../src/sql/types.ts';
import type {Outcome} from './outcome.ts';

export type {Column} from '../../src/sql/types.ts';

/** The engine worker: DuckDB-WASM. Plain data in and out; Arrow travels as IPC stream bytes, moved, not copied. */
export interface EngineContract {
  /** Starts DuckDB. */
  start(urls: EngineUrls): Promise<{version: string; memoryLimit: number}>;
  /** Runs statements one after the other on the one connection. `job` is the caller's handle for `cancel`. */
  execute(job: number, statements: readonly string[]): Promise<Outcome<null>>;
  /** A query's rows. */
  query(job: number, sql: string): Promise<Outcome<QueryResult>>;
  /** A query's rows chunk by chunk; each chunk is an IPC stream of its own, schema included. `onChunk` is awaited: that is the back pressure. */
  stream(job: number, sql: string, onChunk: (chunk: Uint8Array) => Promise<void>): Promise<Outcome<null>>;
  /** A query's columns as typed arrays. */
  columns(job: number, sql: string): Promise<Outcome<ColumnSet>>;
  /** Column names and DuckDB types of a query. */
  describe(job: number, sql: string): Promise<Outcome<readonly Column[]>>;
  /** A table's columns, and how many rows it has. */
  describeTable(job: number, table: string): Promise<Outcome<TableDescription>>;
  /** Appends Arrow IPC stream bytes to a table, creating it when `create`. */
  insert(job: number, table: string, ipc: Uint8Array, create: boolean): Promise<Outcome<null>>;
  /** Appends equally long typed arrays to a table, creating it when `create`. */
  insertColumns(job: number, table: string, columns: readonly KernelColumn[], create: boolean): Promise<Outcome<null>>;
  /** Makes a file readable under `name` by its handle; nothing is copied. */
  registerFile(name: string, file: File): Promise<Outcome<null>>;
  dropFile(name: string): Promise<Outcome<null>>;
  /** Asks the running job to stop. Resolves when it has; a caller that waits over 2 s ends the worker instead. */
  cancel(job: number): Promise<void>;
  memory(): Promise<EngineMemory>;
}

/** The page's own files. */
export interface EngineUrls {
  readonly wasmUrl: string;
  readonly workerUrl: string;
}

/** Bytes that DuckDB holds and may hold. */
export interface EngineMemory {
  readonly used: number;
  readonly limit: number;
}

/**
 * Rows as an Arrow IPC stream, and their columns with DuckDB's types. Nothing is lost on the way: where Arrow has no such type
 * (ENUM, INTERVAL, BIT, UHUGEINT …), its column holds DuckDB's text. `stream` gives rows the same way.
 */
export interface QueryResult {
  readonly columns: readonly Column[];
  readonly ipc: Uint8Array;
}

export interface TableDescription {
  readonly columns: readonly Column[];
  readonly rows: number;
}

/** Equally long columns of numbers, times and texts, in the order of the query. */
export interface ColumnSet {
  readonly rows: number;
  readonly columns: readonly ColumnValues[];
}

export type ColumnValues =
  /** Numbers and truth values; NULL is NaN. */
  | {readonly kind: 'numbers'; readonly name: string; readonly values: Float64Array}
  /** TIMESTAMPs as microseconds from 1970; NULL and the infinities are −2⁶³. */
  | {readonly kind: 'times'; readonly name: string; readonly values: BigInt64Array}
  /** Texts by number, equal texts by the same one, from 0 in the order in which they first come; NULL is −1. */
  | {readonly kind: 'texts'; readonly name: string; readonly values: Int32Array; readonly distinct: number};

/** One column that a kernel gives back, one value a row. */
export type KernelColumn =
  | NumberColumn
  /** Microseconds from 1970; −2⁶³ is NULL. */
  | {readonly kind: 'times'; readonly name: string; readonly values: BigInt64Array}
  /** 1 is true and 0 false; −1 is NULL. */
  | {readonly kind: 'booleans'; readonly name: string; readonly values: Int8Array}
  /** Places in `words`; −1 is NULL. */
  | {readonly kind: 'texts'; readonly name: string; readonly values: Int32Array; readonly words: readonly string[]};

/** NaN in a float column or −2147483648 in an int column is NULL. */
export interface NumberColumn {
  readonly kind: 'numbers';
  readonly name: string;
  readonly values: Int32Array | Float64Array;
}
