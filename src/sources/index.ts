import type {Sql} from '../sql/sql.ts';
import {csv} from './csv.ts';
import type {FileSource, FolderSource, FoundFile, LoadOptions, Source} from './define.ts';
import {delta} from './delta.ts';
import {duckdb} from './duckdb.ts';
import {json} from './json.ts';
import {parquet} from './parquet.ts';
import {postgresDump} from './postgres-dump.ts';
import {hasEnding, type FileFormat} from './signatures.ts';
import {sqlite} from './sqlite.ts';

/** Every format that data comes in, in the order of the load form. */
export const sources = [csv, json, parquet, duckdb, sqlite, postgresDump, delta] as const;

const all: readonly Source[] = sources;
const ofFiles: readonly FileSource[] = all.filter((source) => source.kind === 'file');

/** The formats that a load reads. */
export const fileFormats = sources.flatMap((source) => (source.kind === 'file' ? [source.name] : []));

/** Folders that hold a Delta table. */
export const deltaTable: FolderSource = delta;

/** A format by its name. */
export function sourceNamed(name: string): Source {
  const found = all.find((source) => source.name === name);
  if (found === undefined) throw new Error(`There is no format ${name}.`);
  return found;
}

/** A format of files by the name that a load or a worker gives it. */
export function fileSource(name: FileFormat): FileSource {
  const found = sourceNamed(name);
  if (found.kind !== 'file') throw new Error(`${name} is no format of files.`);
  return found;
}

/** What the ending of a file's name says it is; undefined for one that no format claims. */
function claimedBy(file: string): FileSource | undefined {
  const name = file.replace(/\.gz$/i, '');
  return ofFiles.find(({endings}) => hasEnding(name, endings));
}

/** The format of the files that a load reads: as it was found, as the user said, or as their names say. */
export function sourceOf(
  files: readonly string[],
  {format}: Pick<LoadOptions, 'format'>,
  found?: Pick<FoundFile, 'format'>,
): FileSource {
  const named = found?.format ?? format;
  return named === undefined ? (claimedBy(files[0] ?? '') ?? csv) : fileSource(named);
}

/** What the SQL face of a load prints. */
export const shownRead = (files: readonly string[], options: LoadOptions): Sql =>
  sourceOf(files, options).shown(files, options);
