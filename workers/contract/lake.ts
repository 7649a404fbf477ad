import type {Encryption} from '../../src/encrypt/define.ts';
import type {CommitInfo, Metadata, Protocol} from '../../src/lake/actions.ts';
import type {Committed, CommitStep} from '../../src/lake/commit.ts';
import type {StructField, StructType} from '../../src/lake/schema.ts';
import type {At, Origin} from '../../src/lake/travel.ts';
import type {Vacuumed, VacuumOptions} from '../../src/lake/vacuum.ts';
import type {Intent} from '../../src/lake/write.ts';
import type {Problem} from '../../src/lib/problem.ts';
import type {FileAt, OnProgress} from './files.ts';
import type {Outcome} from './outcome.ts';

export type {At, Committed, Vacuumed};

/**
 * The lake, in the storage worker: Delta tables in the browser's private file system, by name. Names match without case.
 * A table that isn't there is `DELTA_TABLE_NOT_FOUND`, a version `DELTA_VERSION_NOT_FOUND`, a time before the first commit
 * `DELTA_TIMESTAMP_EARLIER_THAN_COMMIT_RETENTION`, after the last `DELTA_TIMESTAMP_GREATER_THAN_COMMIT`.
 */
export interface LakeContract {
  /** The catalogue, by name. A table that can't be read is there too, with its problem. */
  tables(): Promise<Outcome<readonly TableEntry[]>>;
  /** One version of a table; the latest when `at` is absent. */
  table(name: string, at?: At): Promise<Outcome<TableVersion>>;
  /** Every commit, the newest first. */
  history(name: string): Promise<Outcome<readonly Commit[]>>;
  /** A commit's file as it is: one JSON action a line. */
  log(name: string, version: number): Promise<Outcome<string>>;

  /** Opens a version to read. Vacuum waits until `closeRead`. */
  openRead(name: string, at?: At): Promise<Outcome<ReadPlan>>;
  /** Opens the latest version of a Delta table that is not in the lake, where its files are; paths are from the table's folder. Nothing is copied. */
  openFiles(name: string, files: readonly FileAt[]): Promise<Outcome<ReadPlan>>;
  /** A data file's rows as Arrow IPC streams with the file's physical column names, its deleted rows still among them; `onBatch` is awaited. */
  readFile(
    job: number,
    reader: number,
    file: number,
    onBatch: (ipc: Uint8Array) => Promise<void>,
  ): Promise<Outcome<null>>;
  /** Rows of a file that its deletion vector deletes, counted from 0, ascending. */
  deletedRows(reader: number, file: number): Promise<Outcome<Int32Array>>;
  closeRead(reader: number): Promise<void>;

  /** Step 1 of a commit: takes the latest version and holds what is to be written against it. Nothing is on disk after a refusal. */
  begin(name: string, intent: WriteIntent): Promise<Outcome<WritePlan>>;
  /** Step 2: a data file of one partition; `values` are by column name, as texts or null. */
  openFile(transaction: number, values: Readonly<Record<string, string | null>>): Promise<Outcome<number>>;
  /** Rows of `WritePlan.columns` in their order, by logical name. */
  writeFile(transaction: number, file: number, ipc: Uint8Array): Promise<Outcome<null>>;
  /** Steps 2 and 3: the file is on disk, and holds the rows it should. A file of no rows is left out. */
  closeFile(transaction: number, file: number, stats: FileStats): Promise<Outcome<null>>;
  /** Steps 4 to 8. `removes` are indexes of `WritePlan.read.files` that the new files replace (merge). */
  commit(
    transaction: number,
    removes: readonly number[],
    metrics: Readonly<Record<string, string>>,
  ): Promise<Outcome<Committed>>;
  /** Gives up; files written so far go. Does nothing after `commit`. */
  abort(transaction: number): Promise<void>;

  restore(name: string, at: At): Promise<Outcome<Committed>>;
  /** Deletes what no version within `retainHours` needs; with `dryRun` only says what it would delete. */
  vacuum(name: string, options: VacuumOptions): Promise<Outcome<Vacuumed>>;
  rename(name: string, to: string): Promise<Outcome<null>>;
  remove(name: string): Promise<Outcome<null>>;

  /** The table as a zip that Delta readers open once unpacked: commit times are in its entries' times. `job` is a number to stop it by. */
  exportTable(name: string, onProgress: OnProgress, job?: number, encrypt?: Encryption): Promise<Outcome<File>>;
  /** A table written elsewhere: a zip, or the files of a folder with their paths. Refused when it can't be read or the name is taken. */
  importTable(
    name: string,
    source: File | readonly FileAt[],
    onProgress: OnProgress,
    job?: number,
  ): Promise<Outcome<TableEntry>>;
}

export interface TableEntry {
  readonly name: string;
  /** `metaData.id`: another table of the same name has another. */
  readonly id: string;
  readonly version: number;
  /** Milliseconds since 1970 of the latest commit. */
  readonly modified: number;
  readonly rows: number | undefined;
  readonly files: number;
  /** Of the latest version's files. */
  readonly bytes: number;
  /** Commit times by version, monotonic; the first is that of `firstVersion`. */
  readonly times: readonly number[];
  /** The notebook that made each of these versions, null where none did (a restore, an import). */
  readonly origins: readonly (Origin | null)[];
  readonly firstVersion: number;
  readonly problem?: Pick<Problem, 'code' | 'message' | 'hint'>;
}

export interface TableVersion extends Omit<TableEntry, 'times' | 'firstVersion' | 'origins'> {
  readonly schema: StructType;
  readonly partitionColumns: readonly string[];
  readonly protocol: Protocol;
  readonly metadata: Metadata;
  /** CHECK constraints by name. */
  readonly constraints: Readonly<Record<string, string>>;
  readonly dataFiles: readonly {
    readonly path: string;
    readonly bytes: number;
    readonly rows: number | undefined;
    readonly partition: Readonly<Record<string, string | null>>;
  }[];
}

export interface Commit {
  readonly version: number;
  readonly timestamp: number;
  readonly info: CommitInfo;
  readonly filesAdded: number;
  readonly filesRemoved: number;
  readonly bytesAdded: number;
  readonly rowsAdded: number | undefined;
  /** Whether the version can still be opened: its files are there. */
  readonly readable: boolean;
}

/** How to read a version: its schema, and files whose columns are found by physical name. */
export interface ReadPlan {
  readonly reader: number;
  readonly version: number;
  readonly schema: StructType;
  readonly partitionColumns: readonly string[];
  readonly files: readonly ReadFile[];
}

export interface ReadFile {
  readonly path: string;
  readonly bytes: number;
  readonly rows: number | undefined;
  /** By logical column name. */
  readonly partition: Readonly<Record<string, string | null>>;
  readonly deleted: number;
  /** The bounds from the log, by logical name of a top-level column, as the log's JSON has them; absent where it has none. */
  readonly bounds: Readonly<Record<string, {readonly min: unknown; readonly max: unknown}>>;
}

export interface WriteIntent extends Intent {
  /** For lessons: the worker dies right after this step of the commit. */
  readonly crashAfter?: CommitStep;
}

export interface WritePlan {
  readonly transaction: number;
  /** The version that was read, −1 for a new table. */
  readonly version: number;
  /** The rows are in the table already, since this version: there is nothing to do but `abort`. */
  readonly applied?: number;
  /** The rows are in the table already, but comments or constraints are new: only those are to be committed. */
  readonly rulesOnly: boolean;
  /** Columns of the data files in order; partition columns are not among them. */
  readonly columns: readonly StructField[];
  readonly partitionColumns: readonly string[];
  /** What the new rows must fulfil, NOT NULL columns of `schema` besides. */
  readonly constraints: Readonly<Record<string, string>>;
  readonly schema: StructType;
  /** Those of the constraints that are new: rows that the table keeps must fulfil them too. */
  readonly added: {readonly notNull: readonly string[]; readonly constraints: Readonly<Record<string, string>>};
  /** What is there before (append: for new constraints; merge: to find the touched files); open until commit or abort. */
  readonly read: ReadPlan | undefined;
}

/** What the log keeps of a file: bounds as JSON values (numbers, texts; timestamps as `2024-01-31T12:00:00.123Z`), left out where there are none. */
export interface FileStats {
  readonly rows: number;
  readonly min: Readonly<Record<string, unknown>>;
  readonly max: Readonly<Record<string, unknown>>;
  readonly nulls: Readonly<Record<string, number>>;
}
