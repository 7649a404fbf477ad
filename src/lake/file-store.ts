/** What the protocol needs of a file system. Paths have `/` between folders, and no leading one; folders come with their first file. */
export interface FileStore {
  /** The file, or null when there is none. */
  read(path: string): Promise<File | null>;
  /** A file that appears at `path`, whole and on disk, when its sink closes; an earlier one is replaced then. */
  create(path: string): Promise<FileSink>;
  /** Does nothing when there is no such file. */
  remove(path: string): Promise<void>;
  /** The names of the files right in a folder; empty when there is no such folder. */
  list(folder: string): Promise<readonly string[]>;
  /** Every file below a folder, with its path from there. */
  walk(folder: string): Promise<readonly FoundFile[]>;
}

export interface FoundFile {
  readonly path: string;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly modified: number;
}

/** A file being written. After `discard` nothing of it is left, and an earlier file of the same path is as it was. */
export interface FileSink {
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<File>;
  discard(): Promise<void>;
}

/** Runs tasks that exclude each other in every tab of this origin: one exclusive holder of a name, or several shared ones. */
export interface Locks {
  exclusive<T>(name: string, task: () => Promise<T>): Promise<T>;
  shared<T>(name: string, task: () => Promise<T>): Promise<T>;
}

/** Reads the few Parquet files that belong to the log (checkpoints, sidecars) as plain objects, nested as in their schema. */
export type ReadParquetRows = (file: File) => Promise<readonly Readonly<Record<string, unknown>>[]>;
