import {ProblemError} from '../lib/problem.ts';
import type {Action} from './actions.ts';
import type {FileStore, ReadParquetRows} from './file-store.ts';
import {actionOf, isRecord, logFolder, parseCommit, type Checkpoint} from './log.ts';
import {decodePath, isAbsolute} from './paths.ts';

/** The files a table is in, and how its Parquet checkpoints are read. */
export interface LakeFiles {
  readonly store: FileStore;
  readonly readParquetRows: ReadParquetRows;
}

/** Every action of a checkpoint: a classic one, a multi-part one, or a v2 one (Parquet or JSON) with what its sidecars hold. */
export async function readCheckpoint(files: LakeFiles, root: string, checkpoint: Checkpoint): Promise<Action[]> {
  const actions = (await Promise.all(checkpoint.parts.map((part) => readPart(files, part)))).flat();
  const sidecars = actions.flatMap(({other}) => {
    const sidecar = other?.['sidecar'];
    return isRecord(sidecar) && typeof sidecar['path'] === 'string' ? [sidecar['path']] : [];
  });
  const inSidecars = await Promise.all(sidecars.map((path) => readPart(files, sidecarPath(root, path))));
  return [...actions, ...inSidecars.flat()];
}

/** A sidecar's path is its name in `_sidecars`; an absolute one is taken for the file of that name. */
const sidecarPath = (root: string, path: string) =>
  `${logFolder(root)}/_sidecars/${isAbsolute(path) ? (decodePath(path).split('/').at(-1) ?? '') : decodePath(path)}`;

async function readPart({store, readParquetRows}: LakeFiles, path: string): Promise<Action[]> {
  const name = path.split('/').at(-1) ?? path;
  const file = await store.read(path);
  const isSidecar = path.includes('/_sidecars/');
  if (file === null)
    throw new ProblemError({
      code: 'DELTA_MISSING_PART_FILES',
      message: isSidecar
        ? `The checkpoint names the sidecar ${name}, and _delta_log/_sidecars doesn't have it.`
        : `The checkpoint lacks its file ${name}.`,
      where: {file: name},
      hint: isSidecar
        ? 'Take this table from a copy that has the folder _delta_log/_sidecars with all its files.'
        : 'Take this table from a copy: its earlier commits were cleaned up, so the checkpoint is needed whole.',
      sqlState: '42KD6',
    });
  if (name.endsWith('.json')) return parseCommit(await file.text(), name);
  return (await rowsOf(file, name, readParquetRows)).map((row, index) => {
    const action = actionOf(plainRow(row));
    if (typeof action === 'string') throw broken(name, `row ${index + 1} ${action}`);
    return action;
  });
}

async function rowsOf(file: File, name: string, readParquetRows: ReadParquetRows) {
  try {
    return await readParquetRows(file);
  } catch (cause) {
    throw broken(name, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

/** A row of a Parquet checkpoint as the log's JSON would have it: plain numbers, nothing for a struct that is null, statistics as a text. */
function plainRow(row: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const kinds = Object.entries(row).flatMap(([kind, content]) => {
    // Some readers give a struct of nulls for a null struct.
    if (!isRecord(content) || Object.values(content).every((value) => value == null)) return [];
    const {stats_parsed: parsed, partitionValues_parsed: _, ...fields} = content;
    const stats = fields['stats'] ?? (parsed == null ? undefined : JSON.stringify(plain(parsed)));
    // The cast: a record stays one.
    return [[kind, plain({...fields, stats}) as Readonly<Record<string, unknown>>] as const];
  });
  return Object.fromEntries(kinds);
}

/** Parquet's values as JSON has them: INT64 as numbers, times as ISO texts, nulls left out of statistics. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(plain);
  if (isRecord(value)) return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
  return value;
}

const broken = (name: string, reason: string, cause?: unknown) =>
  new ProblemError(
    {
      code: 'DELTA_CHECKPOINT_MALFORMED',
      message: `The checkpoint ${name} can't be read: ${reason}.`,
      where: {file: name},
      hint: 'Take this table from a copy: the checkpoint was changed or cut off.',
    },
    {cause},
  );
