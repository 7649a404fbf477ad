import type {Table} from 'apache-arrow';
import type {KernelArgs, KernelOutput, Progress} from '../../workers/contract/compute.ts';
import type {ColumnSet, EngineMemory, KernelColumn, TableDescription} from '../../workers/contract/engine.ts';
import type {FileAt, OnProgress} from '../../workers/contract/files.ts';
import type {LakeContract, TableEntry} from '../../workers/contract/lake.ts';
import type {Outcome} from '../../workers/contract/outcome.ts';
import type {
  Encryption,
  ImportedItem,
  ImportOptions,
  ParquetCompression,
  ReadOptions,
  Reject,
  StorageContract,
  StoredFile,
  UnpackedZip,
} from '../../workers/contract/storage.ts';
import type {SqliteBatch, SqliteRead, SqliteTable} from '../../workers/contract/sqlite.ts';
import type {PostgresAnswer, PostgresInfo} from '../../workers/contract/postgres.ts';
import type {FileSink} from '../lake/file-store.ts';
import type {Row} from '../lib/value.ts';
import type {Sql} from '../sql/sql.ts';
import type {Column} from '../sql/types.ts';

export type {FileSink} from '../lake/file-store.ts';
export type {KernelArgs, KernelOutput, Progress} from '../../workers/contract/compute.ts';
export type {ColumnSet, KernelColumn} from '../../workers/contract/engine.ts';
export type {PostgresAnswer, PostgresColumn} from '../../workers/contract/postgres.ts';
export type {FileAt} from '../../workers/contract/files.ts';
export type {
  At,
  Commit,
  Committed,
  FileStats,
  ReadFile,
  ReadPlan,
  TableEntry,
  TableVersion,
  Vacuumed,
  WriteIntent,
  WritePlan,
} from '../../workers/contract/lake.ts';
export type {
  Encryption,
  ImportedItem,
  ImportOptions,
  ParquetCompression,
  ReadOptions,
  Reject,
  Sniffed,
  StorageStatus,
  StoredFile,
  UnpackedZip,
} from '../../workers/contract/storage.ts';

/** All calls reject with a `ProblemError`; an aborted signal gives the Problem `CANCELLED`. */
interface Call {
  readonly signal?: AbortSignal | undefined;
}

interface ExportCall extends Call {
  /** The plain bytes are never stored then. */
  readonly encrypt?: Encryption | undefined;
}

/** DuckDB. Calls queue up; an abort stops the running one, and ends the engine when it doesn't answer within 2 s. */
export interface EnginePort {
  execute(statements: readonly Sql[], call?: Call): Promise<void>;
  /** Rows as Arrow, for charts and counts; `rows` is the exact way. */
  query(sql: Sql, call?: Call): Promise<Table>;
  /** Rows as exact values: nothing is rounded on the way, whatever Arrow makes of the type. For pages, not for whole tables. */
  rows(sql: Sql, call?: Call): Promise<{readonly columns: readonly Column[]; readonly rows: readonly Row[]}>;
  stream(sql: Sql, onChunk: (ipc: Uint8Array) => Promise<void>, call?: Call): Promise<void>;
  columns(sql: Sql, call?: Call): Promise<ColumnSet>;
  describe(sql: Sql, call?: Call): Promise<readonly Column[]>;
  /** A table's columns, and how many rows it has. */
  describeTable(table: string, call?: Call): Promise<TableDescription>;
  insert(table: string, ipc: Uint8Array, create: boolean, call?: Call): Promise<void>;
  /** The columns own their buffers, which are moved. */
  insertColumns(table: string, columns: readonly KernelColumn[], create: boolean, call?: Call): Promise<void>;
  registerFile(name: string, file: File): Promise<void>;
  dropFile(name: string): Promise<void>;
  memory(): Promise<EngineMemory>;
  /** Called after the engine was ended and started anew, when every table is gone. Returns the way to stop listening. */
  onRestart(listener: (why: string) => void): () => void;
}

export interface ComputePort {
  /** `on.rows` gets the rows' columns part by part, in the order of the rows; when it fails, so does the run. */
  run(
    fn: string,
    input: ColumnSet,
    args: KernelArgs,
    on: {progress(progress: Progress): void; rows(columns: readonly KernelColumn[]): Promise<void>},
    call?: Call,
  ): Promise<KernelOutput>;
}

type Answer<Call> = Call extends (...given: infer Given) => Promise<Outcome<infer Value>>
  ? (...given: Given) => Promise<Value>
  : Call;

/** Calls of a contract as the page makes them: an outcome's value, or its problem thrown. */
type Answers<Contract, Name extends keyof Contract> = {readonly [Each in Name]: Answer<Contract[Each]>};

/** The storage's calls; those of its contract that need no other shape here are as they are there. */
export interface StoragePort extends Answers<
  StorageContract,
  | 'status'
  | 'files'
  | 'file'
  | 'readText'
  | 'listTexts'
  | 'sniff'
  | 'unpackedFile'
  | 'discardUnpacked'
  | 'passphraseBits'
> {
  /** Called when a call finds that the user has cleared the site's data. */
  onCleared(listener: () => void): void;
  /** Asks the browser to keep this site's storage when the disk runs short; to be called on a user's gesture. Whether it will. */
  persist(): Promise<boolean>;
  addFile(name: string, data: Blob, onProgress?: (bytes: number) => void): Promise<StoredFile>;
  removeFile(name: string): Promise<void>;
  writeText(path: string, text: string): Promise<void>;
  removeText(path: string): Promise<void>;
  plainText(name: string, options: ReadOptions, onProgress?: (bytes: number) => void): Promise<File>;
  readArrow(
    name: string,
    options: ReadOptions,
    onBatch: (ipc: Uint8Array, done: number, total: number) => Promise<void>,
    call?: Call,
  ): Promise<readonly Reject[]>;
  readParquetFile(name: string, file: File, onBatch: (ipc: Uint8Array) => Promise<void>, call?: Call): Promise<void>;
  unpack(zip: File, onProgress?: OnProgress, call?: Call): Promise<UnpackedZip>;
  openParquet(compression: ParquetCompression, encrypt?: Encryption): Promise<FileSink>;
  openBytes(encrypt?: Encryption): Promise<FileSink>;
  exportWorkspace(onProgress?: OnProgress, call?: ExportCall): Promise<File>;
  importWorkspace(
    zip: File,
    options: ImportOptions,
    onProgress?: OnProgress,
    call?: Call,
  ): Promise<readonly ImportedItem[]>;
  /** What is in an encrypted file, until `removeExport` of its name or the next start. */
  decrypt(file: Blob, name: string, secret: string, onProgress?: OnProgress, call?: Call): Promise<File>;
  removeExport(name: string): Promise<void>;
}

/** The lake's calls as in its contract; a worker that dies in the middle of one is started anew, and the call rejects with `STORAGE_RESTARTED`. */
export type LakePort = Answers<
  LakeContract,
  Exclude<keyof LakeContract, 'readFile' | 'exportTable' | 'importTable'>
> & {
  readFile(reader: number, file: number, onBatch: (ipc: Uint8Array) => Promise<void>, call?: Call): Promise<void>;
  exportTable(name: string, onProgress: OnProgress, call?: ExportCall): Promise<File>;
  importTable(name: string, source: File | readonly FileAt[], onProgress: OnProgress, call?: Call): Promise<TableEntry>;
  /** Called with a table's name after a commit, in this tab or another, or after it was renamed, removed or imported. Returns the way to stop listening. */
  onChange(listener: (table: string) => void): () => void;
};

/** One statement of a transaction; `data` is what a COPY from '/dev/blob' reads, and is moved. A failure is the Problem `POSTGRES` with PostgreSQL's SQLSTATE; its line is the statement's. */
export type PostgresRun = (statement: Sql, data?: Uint8Array) => Promise<PostgresAnswer>;

/** PostgreSQL, which starts with the first call. Calls queue up. */
export interface PostgresPort {
  /** All that `work` runs, or nothing of it. With `readOnly` PostgreSQL refuses to write, and nothing of the session stays. */
  transaction<T>(work: (run: PostgresRun) => Promise<T>, call?: Call & {readonly readOnly?: boolean}): Promise<T>;
  status(): Promise<PostgresInfo>;
  /** Whether a call has started it: to look costs nothing then. */
  isStarted(): boolean;
  /** The database as SQL that PostgreSQL 14 and later load with `psql -f`. */
  dump(call?: Call): Promise<Blob>;
  /** Runs a dump as one transaction; gives the number of its statements. */
  load(script: Blob, call?: Call): Promise<number>;
  /** Lets the database go, for another tab to open; the next call opens it again. */
  close(): Promise<void>;
}

/** Which tab may change the workspace: of all that have it open, one owns it. */
export interface Ownership {
  readonly isOwner: boolean;
  /** Called when another tab takes over: from then on this one may not write. Returns the way to stop listening. */
  onLost(listener: () => void): () => void;
  /** `save` runs when another tab asks for the workspace, before this one gives it up. */
  onAsked(save: () => Promise<void>): void;
  /**
   * Makes this tab the owner, once the one before has saved; one that doesn't answer loses it after a few seconds. What this tab has loaded may
   * be older than what is stored: load it anew then.
   */
  takeOver(): Promise<void>;
}

/** SQLite, which is loaded when a database is first opened. */
export interface SqlitePort {
  /** Opens a file to read by handle. An abort ends the database too. */
  open(file: File, call?: Call): Promise<OpenSqlite>;
}

export interface OpenSqlite {
  readonly tables: readonly SqliteTable[];
  /** `onBatch` is awaited; the first batch that isn't of rejects comes also when there are no rows. */
  read(table: string, options: SqliteRead, onBatch: (batch: SqliteBatch) => Promise<void>, call?: Call): Promise<void>;
  close(): void;
}

/** Keeps one text at once: while a page is being closed there is no time for anything else. */
export interface LastWords {
  read(): string | null;
  /** With null the text is forgotten. */
  write(text: string | null): void;
}

export interface Ports {
  readonly engine: EnginePort;
  readonly compute: ComputePort;
  readonly storage: StoragePort;
  readonly lake: LakePort;
  readonly postgres: PostgresPort;
  /** Another PostgreSQL, in memory, which is gone when it is closed: for what may not reach the user's own. */
  readonly throwAwayPostgres: () => PostgresPort;
  readonly sqlite: SqlitePort;
}
