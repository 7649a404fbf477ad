import {commitName, commitPath, listLog, parseCommit} from '../../src/lake/log.ts';
import type {Action} from '../../src/lake/actions.ts';
import {readCheckpoint} from '../../src/lake/checkpoint.ts';
import type {FoundFile} from '../../src/lake/file-store.ts';
import {deletionVectorPath, hasHiddenPart, homeOf, isAbsolute, pathInTable} from '../../src/lake/paths.ts';
import type {CommitTimes} from '../../src/lake/travel.ts';
import {ProblemError, type Problem} from '../../src/lib/problem.ts';
import {list} from '../../src/lib/text.ts';
import type {FileAt} from '../contract/files.ts';
import type {OnProgress} from '../contract/files.ts';
import type {Encryption} from '../contract/storage.ts';
import {coalesce, readChunks} from '../shared/bytes.ts';
import {createExport} from '../files/exports.ts';
import {requireRoom, withRoom} from '../files/room.ts';
import {fill, type Store} from '../files/store.ts';
import {readZip, safePath, writeZip, type ZipFileWriter} from '../shared/zip.ts';
import {readParquetRows} from './parquet-read.ts';

/** When a table's versions were committed. */
type Times = Pick<CommitTimes, 'firstVersion' | 'times'>;

/**
 * The table in the folder `root` as a zip with one folder, `name`, that Delta readers open once unpacked: its whole log, and of its data files
 * those that some version needs. A commit's file has the commit's time; within one second Delta tells the order by the version.
 */
export async function exportTable(
  store: Store,
  root: string,
  commits: Times,
  name: string,
  onProgress: OnProgress,
  encrypt?: Encryption,
): Promise<File> {
  const files = await tableFiles(store, root);
  const total = files.reduce((sum, {bytes}) => sum + bytes, 0);
  const sink = await createExport(store, encrypt);
  try {
    return await withRoom(store, `the zip of ${name}`, total, async () => {
      const zip = await writeZip(sink);
      await addTable(zip, store, {root, files, commits}, name, (bytes) => onProgress(bytes, total));
      return zip.close();
    });
  } catch (thrown) {
    await sink.discard();
    throw thrown;
  }
}

/** Adds a table's files to a zip, below `folder`. */
export async function addTable(
  zip: ZipFileWriter,
  store: Store,
  {root, files, commits}: {readonly root: string; readonly files: readonly FoundFile[]; readonly commits: Times},
  folder: string,
  onBytes: (bytes: number) => void,
): Promise<void> {
  let done = 0;
  for (const {path, bytes, modified} of files) {
    const file = await store.read(`${root}/${path}`);
    if (file === null) throw new ProblemError(gone(path));
    const time = timeOf(path, commits) ?? modified;
    await zip.add(`${folder}/${path}`, file, {
      modified: time,
      packed: !path.endsWith('.json'),
      onBytes: (written) => onBytes(done + written),
    });
    done += bytes;
    onBytes(done);
  }
}

function timeOf(path: string, {firstVersion, times}: Times): number | undefined {
  const [, version] = /^_delta_log\/(\d{20})\.json$/.exec(path) ?? [];
  return version === undefined ? undefined : times[Number(version) - firstVersion];
}

/** The files of a table that go with it, the log first: all of the log, and what its commits and checkpoints name. */
export async function tableFiles(store: Store, root: string): Promise<readonly FoundFile[]> {
  const all = await shownFiles(store, root);
  const inLog = all.filter(({path}) => path.startsWith('_delta_log/'));
  const data = all.filter(({path}) => !path.startsWith('_delta_log/'));
  const needed = await neededPaths(store, root, new Set(data.map(({path}) => path)));
  return [...inLog.sort((a, b) => (a.path < b.path ? -1 : 1)), ...data.filter(({path}) => needed.has(path))];
}

/** Every file of a table's folder but hidden ones. */
export const shownFiles = async (store: Store, root: string): Promise<readonly FoundFile[]> =>
  (await store.walk(root)).filter(({path}) => !isHidden(path));

async function neededPaths(store: Store, root: string, found: ReadonlySet<string>): Promise<ReadonlySet<string>> {
  const log = await listLog(store, root);
  const named = new Set<string>();
  const take = (actions: readonly Action[]): void =>
    actions.forEach((action) => pathsOf(action).forEach((path) => named.add(path)));
  for (const version of log.commits) {
    const file = await store.read(commitPath(root, version));
    if (file !== null) take(parseCommit(await file.text(), commitName(version)));
  }
  for (const checkpoint of log.checkpoints) take(await readCheckpoint({store, readParquetRows}, root, checkpoint));
  const homes = [...named].filter(isAbsolute).map((path) => homeOf(path, found));
  const home = homes.find((each) => each !== undefined);
  return new Set([...named].map((path) => pathInTable(path, home)).filter((path) => path !== undefined));
}

/** The paths of an action's files, as the log has them. */
function pathsOf({add, other}: Action): readonly string[] {
  // The cast: of change data only the path is of interest, and it is looked at.
  const cdc = (other?.['cdc'] as {readonly path?: unknown} | undefined)?.path;
  const vector = add?.deletionVector === undefined ? undefined : deletionVectorPath(add.deletionVector);
  return [add?.path, vector, cdc].filter((path) => typeof path === 'string');
}

/** A file to copy, from a zip or a folder. */
interface SourceFile {
  readonly path: string;
  readonly bytes: number;
  readonly chunks: () => AsyncIterable<Uint8Array>;
}

/**
 * Copies a table that was written elsewhere, wherever in a zip or a folder it is, into the folder `root` of the store; nothing is left there when
 * that fails. Throws `DELTA_TABLE_NOT_FOUND`, `IMPORT_SEVERAL_TABLES` or `IMPORT_PATH_UNSAFE`.
 */
export async function copyTable(
  source: File | readonly FileAt[],
  store: Store,
  root: string,
  onProgress: OnProgress,
): Promise<void> {
  const isZip = source instanceof File;
  const what = isZip ? source.name : 'the folder';
  const given = isZip
    ? await readZip(source, what)
    : source.map(({path, file}): SourceFile => ({
        path: safePath(path, what),
        bytes: file.size,
        chunks: () => readChunks(file),
      }));
  await copyFiles(filesOfTable(given, what), store, root, what, onProgress);
}

/** Copies files into a folder of the store; on any failure the folder goes. */
export async function copyFiles(
  files: readonly SourceFile[],
  store: Store,
  root: string,
  what: string,
  onProgress: OnProgress,
): Promise<void> {
  const total = files.reduce((sum, {bytes}) => sum + bytes, 0);
  await requireRoom(store, total, what);
  let done = 0;
  const counted = async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of coalesce(chunks)) {
      yield chunk;
      done += chunk.length;
      onProgress(done, total);
    }
  };
  try {
    for (const {path, chunks} of files)
      await withRoom(store, what, total, async () => fill(await store.create(`${root}/${path}`), counted(chunks())));
  } catch (thrown) {
    await store.removeFolder(root);
    throw thrown;
  }
}

/** The files of the one table among the given ones, with their paths from its folder. */
function filesOfTable(given: readonly SourceFile[], what: string): readonly SourceFile[] {
  const files = given.filter(({path}) => !isHidden(path));
  const roots = [
    ...new Set(files.flatMap(({path}) => /^(.*\/|)_delta_log\/\d{20}\.(?:json|checkpoint\..*)$/.exec(path)?.[1] ?? [])),
  ];
  const [root, ...others] = roots;
  if (root === undefined) throw new ProblemError(noTable(what));
  if (others.length > 0) throw new ProblemError(severalTables(what, roots));
  return files.filter(({path}) => path.startsWith(root)).map((file) => ({...file, path: file.path.slice(root.length)}));
}

/** Hadoop's checksums, what desktops leave in folders, and files that were never finished. */
export const isHidden = (path: string): boolean => hasHiddenPart(path, /^(?:\.|__MACOSX$)/);

const gone = (path: string): Problem => ({
  code: 'DELTA_FILE_NOT_FOUND_DETAILED',
  message: `The file ${path} of the table went away while it was exported.`,
  hint: 'A vacuum may have deleted it. Export the table again.',
  where: {file: path},
});

const noTable = (what: string): Problem => ({
  code: 'DELTA_TABLE_NOT_FOUND',
  message: `There is no Delta table in ${what}: no folder _delta_log with a commit.`,
  hint: 'Choose the folder that holds _delta_log, or a zip of it.',
  where: {file: what},
  sqlState: '42P01',
});

const severalTables = (what: string, roots: readonly string[]): Problem => ({
  code: 'IMPORT_SEVERAL_TABLES',
  message: `There are several Delta tables in ${what}: ${list(roots.map((root) => (root === '' ? 'the folder itself' : root.replace(/\/$/, ''))))}.`,
  hint: 'Import them one by one: choose one table’s folder, or a zip of it.',
  where: {file: what},
});
