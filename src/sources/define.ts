import type {FileAt, Ports, Progress, Sniffed} from '../ports/index.ts';
import type {NotExportable} from '../pyspark/py.ts';
import type {Sql} from '../sql/sql.ts';
import type {Column} from '../sql/types.ts';
import type {AttachedFile, Attaching} from './databases/attach.ts';
import type {OpensDatabase, SourceTable} from './databases/define.ts';
import {signatures, type FileFormat, type Signature} from './signatures.ts';

/** How `load` reads its files; undefined means: find out. */
export interface LoadOptions {
  readonly format: FileFormat | undefined;
  /** The table of a database to read; undefined for its only one. */
  readonly table: string | undefined;
  readonly encoding: 'utf-8' | 'utf-16' | 'latin-1' | 'windows-1252' | undefined;
  readonly delimiter: string | undefined;
  readonly quote: string | undefined;
  readonly decimal: '.' | ',' | undefined;
  readonly header: boolean | undefined;
  readonly skip: number | undefined;
  readonly nullStrings: readonly string[];
  /** A Spark pattern, or a strptime format with its “%”. */
  readonly timestampFormat: string | undefined;
  /** Column → DuckDB type; the rest are found out. */
  readonly types: Readonly<Record<string, string>>;
  readonly filename: boolean;
}

/** Parameters of a load that some formats take and others don't. */
export type OwnOption =
  'table' | 'encoding' | 'delimiter' | 'quote' | 'decimal' | 'header' | 'skip' | 'null_strings' | 'timestamp_format';

/** How a CSV file is written, as the sniffer tells it: enough to read it without sniffing again. */
export interface Dialect {
  readonly delimiter: string;
  readonly quote: string;
  readonly escape: string;
  readonly comment: string;
  /** With its backslashes: `\n`, `\r\n` or `\r`. */
  readonly newLine: string;
  readonly header: boolean;
  readonly skip: number;
  /** As strptime writes them. */
  readonly dateFormat: string | undefined;
  readonly timestampFormat: string | undefined;
  readonly columns: readonly {readonly name: string; readonly type: string}[];
}

/** What was found out about a CSV file where the user said nothing. */
export interface Detected extends Dialect {
  readonly decimal: '.' | ',';
}

/** How a file was read where the user said nothing. */
export interface FoundFile {
  readonly format: FileFormat;
  /** The table of a database that was read, by its schema and name. */
  readonly table: readonly string[] | undefined;
  readonly encoding: Sniffed['encoding'];
  /** JSON that is one array, or has objects over several lines: it can't be read line by line. */
  readonly isWhole: boolean;
  readonly csv: Omit<Detected, 'escape' | 'comment' | 'newLine' | 'columns'> | undefined;
}

/** A file of the workspace, and how it was read: as the user said, or as it was found out. */
export interface FileRead extends FoundFile {
  readonly file: string;
  readonly gzip: boolean;
  readonly csv: Detected | undefined;
}

/** A file on its way in. */
export interface Incoming {
  readonly file: string;
  readonly sniffed: Sniffed;
  readonly options: LoadOptions;
}

/** Where its rows go. */
export interface Destination {
  /** The engine's tables for the rows and for what could not be read. */
  readonly table: string;
  readonly rejects: string;
  readonly onProgress: (progress: Progress) => void;
  readonly signal: AbortSignal | undefined;
  /** Reads only about so many rows: for previews. */
  readonly limit?: number;
  /** Is told of a database's tables, and chooses one where none is named. */
  readonly choose?: (tables: readonly SourceTable[]) => string | undefined;
}

/** What reading a file found out, and whether rows of it went to the table of rejects (file, line, column_name, raw, reason). */
export interface ReadSo extends Partial<Pick<FileRead, 'table' | 'isWhole' | 'csv'>> {
  readonly hasRejects: boolean;
}

/** What a load's PySpark is made of. */
export interface SparkLoad {
  readonly files: readonly string[];
  readonly options: LoadOptions;
  /** The variable to assign. */
  readonly target: string;
  /** The result's columns, once known. */
  readonly columns: readonly Column[];
  /** Python for the address of a file by its name in the workspace. */
  readonly file: (name: string) => string;
  /** How the files were read when it last ran. */
  readonly found: readonly FoundFile[];
}

/** What the lines that load files in a script for DuckDB are made of. */
export interface ScriptLoad {
  readonly files: readonly string[];
  readonly options: LoadOptions;
  /** How the files were read when it last ran, and what came of them. */
  readonly found: readonly FileRead[];
  readonly result: {readonly columns: readonly Column[]; readonly rejects: unknown} | undefined;
  /** The names that database files are opened under. */
  readonly databases: ReadonlyMap<string, string>;
}

export interface ScriptRows {
  /** Files of databases that are opened first. */
  readonly attached: readonly AttachedFile[];
  readonly rows: Sql;
  readonly rejects: Sql | undefined;
}

/** Why DuckDB can't read files by itself, and what to do. */
export interface NotInScript {
  readonly why: string;
  readonly instead: string;
}

/** A folder that holds a table, such as a Spark job writes. */
export interface TableFolder {
  readonly name: string;
  /** The folder as it is called where it lies. */
  readonly place: string;
  readonly files: readonly FileAt[];
}

type ReadsFolder = (
  ports: Ports,
  folder: TableFolder,
  into: Pick<Destination, 'table' | 'signal' | 'onProgress'>,
) => Promise<void>;

/** What a job for Spark needs to read a format. */
export interface SparkNeeds {
  /** Packages beside Spark's own, by their addresses at Maven. */
  readonly packages: readonly string[];
  /** A PostgreSQL server that the job reads from. */
  readonly postgres?: boolean;
}

/** A format of files: a load reads them. */
export interface FileSource extends Signature {
  readonly kind: 'file';
  /** As a load's `format` has it. */
  readonly name: FileFormat;
  readonly options: readonly OwnOption[];
  /** Reads a file into `to.table`. */
  read(ports: Ports, from: Incoming, to: Destination): Promise<ReadSo>;
  /** How a file would be read with these options. */
  detect?(ports: Ports, from: Incoming, signal: AbortSignal | undefined): Promise<Detected>;
  /** For a database, what opens it, and a table's schema and name as far as a load's `table` tells them. */
  readonly tables?: {
    open(): Promise<OpensDatabase>;
    path(table: string): readonly string[];
    /** How DuckDB opens the file by itself, where it does. */
    readonly attach?: Attaching;
  };
  /** Reads files that lie together in a folder as one table. */
  readonly readFolder?: ReadsFolder;
  /** What the SQL face of a load prints: only what the user said, over the files by their own names. */
  shown(files: readonly string[], options: LoadOptions): Sql;
  toPySpark(load: SparkLoad): readonly string[] | NotExportable;
  readonly spark: SparkNeeds;
  /** The files as the DuckDB command line reads them: as they were read in the page where that is known, else as the user said. */
  toScript(load: ScriptLoad): ScriptRows | NotInScript;
}

/** A format of folders, or of their zips: they come into the lake. */
export interface FolderSource extends Pick<Signature, 'title'> {
  readonly kind: 'folder';
  readonly name: string;
  /** Whether such a folder is among these, or is all of them. */
  holds(paths: readonly string[]): boolean;
  /** The folders that hold a table each, with the `/` at their end. */
  roots(paths: readonly string[]): readonly string[];
  readonly readFolder: ReadsFolder;
  readonly spark: SparkNeeds;
  /** DuckDB's statements before it can read one, and its rows. */
  readonly script: {readonly before: readonly string[]; readonly rows: (folder: string) => Sql};
}

export type Source = FileSource | FolderSource;

/** A format of files, of which `signatures` says how it is told. */
export const defineFiles = <const Name extends FileFormat>(
  name: Name,
  rest: Omit<FileSource, keyof Signature | 'kind' | 'name'>,
): FileSource & {readonly name: Name} => ({...signatures[name], ...rest, kind: 'file', name});
