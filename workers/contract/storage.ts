import type {Encryption} from '../../src/encrypt/define.ts';
import type {FileFormat} from '../../src/sources/signatures.ts';
import type {Problem} from '../../src/lib/problem.ts';
import type {Outcome} from './outcome.ts';
import type {FileAt, OnProgress} from './files.ts';

export type {Encryption} from '../../src/encrypt/define.ts';

/** The storage worker: the browser's private file system (OPFS), text encodings, gzip, JSON and Parquet. */
export interface StorageContract {
  /** What is in the workspace, and how much room is left. `kind` is `memory` where the browser gives no OPFS (private windows). */
  status(): Promise<StorageStatus>;

  /** Copies a file into the workspace by streaming; one of the same name is replaced only once the copy is whole. */
  addFile(name: string, data: Blob, onProgress: (bytes: number) => void): Promise<Outcome<StoredFile>>;
  files(): Promise<readonly StoredFile[]>;
  removeFile(name: string): Promise<Outcome<null>>;
  /** The stored file itself, to read by handle. */
  file(name: string): Promise<Outcome<File>>;

  /** Small texts kept by path: notebooks, session state. Written to a temporary file and moved, never half. */
  readText(path: string): Promise<Outcome<string | null>>;
  writeText(path: string, text: string): Promise<Outcome<null>>;
  removeText(path: string): Promise<Outcome<null>>;
  listTexts(folder: string): Promise<readonly string[]>;

  /** Looks at a file's first bytes and says how it would be read. */
  sniff(name: string, options: ReadOptions): Promise<Outcome<Sniffed>>;
  /**
   * The file as UTF-8 text without gzip, to read by handle: the stored file itself when it is that already, else a
   * derived copy in OPFS made once per fingerprint and options.
   */
  plainText(name: string, options: ReadOptions, onProgress: (bytes: number) => void): Promise<Outcome<File>>;
  /** The stored file without gzip, to read by position. */
  unpackedFile(name: string): Promise<Outcome<File>>;
  /** Reads JSON or Parquet into Arrow IPC streams, batch by batch; `onBatch` is awaited. JSON records that can't be read come back as rejects. */
  readArrow(
    job: number,
    name: string,
    options: ReadOptions,
    onBatch: (ipc: Uint8Array, done: number, total: number) => Promise<void>,
  ): Promise<Outcome<readonly Reject[]>>;
  /** Reads a Parquet file that is not in the workspace, where it is, as `readArrow` does; `name` is what problems call it. */
  readParquetFile(
    job: number,
    name: string,
    file: File,
    onBatch: (ipc: Uint8Array) => Promise<void>,
  ): Promise<Outcome<null>>;
  /** Unpacks a zip into temporary files, which go with `discardUnpacked` or when the next page starts. */
  unpack(zip: File, onProgress: OnProgress, job?: number): Promise<Outcome<UnpackedZip>>;
  discardUnpacked(unpacked: number): Promise<void>;

  /** Opens a Parquet file to write; batches are IPC streams of one schema. With `encrypt` its plain bytes are never stored, here as in the other exports. */
  openParquet(compression: ParquetCompression, encrypt?: Encryption): Promise<Outcome<number>>;
  writeParquet(writer: number, ipc: Uint8Array): Promise<Outcome<null>>;
  /** The finished file; `closeParquet` with `discard` throws away what was written. */
  closeParquet(writer: number, discard: boolean): Promise<Outcome<File | null>>;
  /** Gathers bytes (CSV, JSON lines, Arrow) into a file in OPFS, so that an export of any size passes through little memory. */
  openBytes(encrypt?: Encryption): Promise<Outcome<number>>;
  writeBytes(writer: number, bytes: Uint8Array): Promise<Outcome<null>>;
  closeBytes(writer: number, discard: boolean): Promise<Outcome<File | null>>;

  /** Notebooks, files and the lake's tables as one zip. `job` is a number to stop it by. */
  exportWorkspace(onProgress: OnProgress, job?: number, encrypt?: Encryption): Promise<Outcome<File>>;
  /** Brings an exported workspace in: what is here stays, but for what has another content under the same name where `replace` says so. */
  importWorkspace(
    zip: File,
    options: ImportOptions,
    onProgress: OnProgress,
    job?: number,
  ): Promise<Outcome<readonly ImportedItem[]>>;

  /** What is in an encrypted file, as a file that lies here until `removeExport` or the next start. `secret` is its passphrase, its key or an age identity. */
  decrypt(file: Blob, name: string, secret: string, onProgress: OnProgress, job?: number): Promise<Outcome<File>>;
  /** Removes an exported or decrypted file by its own name. */
  removeExport(name: string): Promise<Outcome<null>>;
  /** About how many bits it takes to guess a passphrase. */
  passphraseBits(passphrase: string): Promise<number>;

  cancel(job: number): Promise<void>;
}

export interface UnpackedZip {
  /** What `discardUnpacked` takes. */
  readonly unpacked: number;
  readonly files: readonly FileAt[];
}

export interface ImportOptions {
  /** What is here with another content under the same name is replaced; otherwise it is kept, and told. */
  readonly replace: boolean;
}

/** What became of a part of an imported workspace: `same` was here already, `kept` is here with another content, `refused` is a table that can't be read. */
export interface ImportedItem {
  readonly kind: 'notebook' | 'file' | 'table';
  readonly name: string;
  readonly outcome: 'added' | 'same' | 'replaced' | 'kept' | 'refused';
  readonly problem?: Pick<Problem, 'code' | 'message' | 'hint'>;
}

export type ParquetCompression = 'snappy' | 'zstd' | 'gzip' | 'uncompressed';

export interface StorageStatus {
  readonly kind: 'opfs' | 'memory';
  readonly usage: number;
  readonly quota: number;
  readonly persisted: boolean;
  /** The user cleared the site's data while this page had it open. */
  readonly wasCleared: boolean;
}

export interface StoredFile {
  readonly name: string;
  readonly bytes: number;
  /** Changes whenever the file's content may have changed. */
  readonly fingerprint: string;
  readonly addedAt: number;
}

export type Encoding = 'utf-8' | 'utf-16' | 'latin-1' | 'windows-1252';

/** `auto` and undefined mean: find out. Everything a reader can set in the import preview. */
export interface ReadOptions {
  readonly format?: FileFormat | undefined;
  readonly encoding?: Encoding | undefined;
}

export interface Sniffed {
  readonly format: FileFormat;
  readonly encoding: Encoding;
  readonly gzip: boolean;
  /** The first lines as text, empty for Parquet and databases. */
  readonly head: string;
}

/** A record that could not be read, kept with its place and reason. */
export interface Reject {
  readonly line: number;
  readonly column: string | null;
  readonly raw: string;
  readonly reason: string;
}
