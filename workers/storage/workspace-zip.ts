import {problemOf, ProblemError, type Problem} from '../../src/lib/problem.ts';
import type {OnProgress} from '../contract/files.ts';
import type {Encryption, ImportedItem, ImportOptions} from '../contract/storage.ts';
import type {TablePlace} from '../lake/catalogue.ts';
import type {Tables} from '../lake/tables.ts';
import {addTable, copyFiles, isHidden, shownFiles, tableFiles} from '../lake/zip.ts';
import {createExport} from '../files/exports.ts';
import {withRoom} from '../files/room.ts';
import {decodeName, encodeName, fill, type Store} from '../files/store.ts';
import type {Workspace} from './workspace.ts';
import {crc32Of, readZip, writeZip, type ZipEntry} from '../shared/zip.ts';
import {randomUUID} from '../../src/lib/uuid.ts';

/** Where the workspace's parts are. */
interface Parts {
  readonly store: Store;
  readonly workspace: Workspace;
  readonly tables: Tables;
}

/** Says that a zip is a workspace, and how it is laid out: `notebooks/`, `state/` (last runs), `files/`, and in `lake/` each table as a Delta table's folder. */
const manifest = 'lakebook.json';
const layout = 1;
const textFolders = ['notebooks', 'state'] as const;
/** What the page finds beside a notebook that came with a workspace: it asks before that uses files and tables. */
const foreign = new TextEncoder().encode(JSON.stringify({from: 'workspace'}));

/** The notebooks with their last runs, the files and the lake's tables as one zip, whose tables Delta readers open once unpacked. */
export async function exportWorkspace(
  {store, workspace, tables}: Parts,
  onProgress: OnProgress,
  encrypt?: Encryption,
): Promise<File> {
  const texts = await Promise.all(
    (await textPaths(store)).map(async (path) => ({path, file: await store.read(textFile(path))})),
  );
  const files = await workspace.files();
  const lake = await Promise.all((await tables.catalogue.all()).map((place) => tableParts(tables, place)));
  const total = [
    ...texts.map(({file}) => file?.size ?? 0),
    ...files.map(({bytes}) => bytes),
    ...lake.flatMap((table) => table.files.map(({bytes}) => bytes)),
  ].reduce((a, b) => a + b, 0);
  const sink = await createExport(store, encrypt);
  try {
    return await withRoom(store, 'the zip of the workspace', total, async () => {
      const zip = await writeZip(sink);
      let done = 0;
      const onBytes = (bytes: number): void => onProgress(done + bytes, total);
      const finish = (bytes: number): void => {
        done += bytes;
        onProgress(done, total);
      };
      await zip.add(manifest, new Blob([JSON.stringify({format: layout})]), {modified: Date.now(), packed: false});
      for (const {path, file} of texts) {
        if (file !== null) await zip.add(zipPath(path), file, {modified: file.lastModified, packed: false});
        finish(file?.size ?? 0);
      }
      for (const {name, addedAt, bytes} of files) {
        const {file} = await workspace.read(name);
        await zip.add(`files/${encodePart(name)}`, file, {modified: addedAt, packed: isPacked(name), onBytes});
        finish(bytes);
      }
      for (const table of lake) {
        const release = await tables.use(table);
        try {
          await addTable(zip, store, table, `lake/${encodePart(table.name)}`, onBytes);
        } finally {
          release();
        }
        finish(table.files.reduce((sum, {bytes}) => sum + bytes, 0));
      }
      return zip.close();
    });
  } catch (thrown) {
    await sink.discard();
    throw thrown;
  }
}

/** A table's files and times; of one that can't be read, every file as it is: a copy leaves nothing out. */
async function tableParts(tables: Tables, place: TablePlace) {
  const {store} = tables;
  try {
    const {commits} = await tables.snapshot(place);
    return {...place, files: await tableFiles(store, place.root), commits};
  } catch {
    return {...place, files: await shownFiles(store, place.root), commits: {firstVersion: 0, times: []}};
  }
}

/**
 * Brings what is in a workspace's zip into this one. What is here with the same content stays; of what is here with another content
 * under the same name, `replace` decides. Throws `NOT_A_WORKSPACE` for another zip, before anything is changed.
 */
export async function importWorkspace(
  parts: Parts,
  zip: File,
  {replace}: ImportOptions,
  onProgress: OnProgress,
): Promise<readonly ImportedItem[]> {
  const entries = await workspaceEntries(zip);
  const total = entries.reduce((sum, {bytes}) => sum + bytes, 0);
  let done = 0;
  const items: ImportedItem[] = [];
  const finish = (item: ImportedItem | undefined, bytes: number): void => {
    if (item !== undefined) items.push(item);
    done += bytes;
    onProgress(done, total);
  };
  const inFolder = (folder: string): readonly ZipEntry[] => entries.filter(({path}) => path.startsWith(`${folder}/`));
  const states = new Map(inFolder('state').map((entry) => [entry.path, entry]));
  for (const entry of inFolder('notebooks')) finish(await importNotebook(parts, entry, states, replace), entry.bytes);
  finish(
    undefined,
    [...states.values()].reduce((sum, {bytes}) => sum + bytes, 0),
  );
  for (const entry of inFolder('files')) finish(await importFile(parts, entry, replace), entry.bytes);
  for (const [name, files] of byTable(inFolder('lake'))) {
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    finish(await importTable(parts, name, files, replace, (written) => onProgress(done + written, total)), bytes);
  }
  return items;
}

/** The entries of a workspace's zip, with their paths from where its manifest is: it may have been unpacked and packed again as a folder. */
async function workspaceEntries(zip: File): Promise<readonly ZipEntry[]> {
  const {name} = zip;
  const entries = (await readZip(zip, name)).filter(({path}) => !isHidden(path));
  const entry = entries.find(({path}) => path === manifest || path.endsWith(`/${manifest}`));
  if (entry === undefined) throw new ProblemError(notWorkspace(name));
  if ((await formatOf(entry)) !== layout) throw new ProblemError(newerWorkspace(name));
  const root = entry.path.slice(0, -manifest.length);
  return entries
    .filter(({path}) => path.startsWith(root))
    .map((each) => ({...each, path: each.path.slice(root.length)}));
}

async function formatOf(entry: ZipEntry): Promise<unknown> {
  const text = await textOf(entry);
  try {
    // The cast: whoever asks looks at it.
    return (JSON.parse(text) as {readonly format?: unknown} | null)?.format;
  } catch {
    return undefined;
  }
}

async function importNotebook(
  {store}: Parts,
  entry: ZipEntry,
  states: ReadonlyMap<string, ZipEntry>,
  replace: boolean,
): Promise<ImportedItem> {
  const path = storedPath(entry.path);
  const name = path.replace(/^notebooks\/|\.md$/g, '');
  const here = await store.read(textFile(path));
  const outcome = await decide(here, entry, replace);
  if (outcome === 'added' || outcome === 'replaced') {
    await fill(await store.create(textFile(`trust/${name}.json`)), [foreign]);
    // A webhook was typed for the text that was there before.
    await store.remove(textFile(`alerts/${name}.json`));
    await put(store, textFile(path), entry);
    const state = `state/${name}.json`;
    const ran = states.get(zipPath(state));
    if (ran === undefined) await store.remove(textFile(state));
    else await put(store, textFile(state), ran);
  }
  return {kind: 'notebook', name, outcome};
}

async function importFile({store, workspace}: Parts, entry: ZipEntry, replace: boolean): Promise<ImportedItem> {
  const name = decodePart(entry.path.slice('files/'.length));
  const isHere = (await workspace.files()).some((file) => file.name === name);
  const outcome = await decide(isHere ? (await workspace.read(name)).file : null, entry, replace);
  if (outcome === 'added' || outcome === 'replaced') {
    // By way of a file of its own: the workspace looks at a file's ends before it takes it.
    const draft = `exports/${randomUUID()}`;
    try {
      await workspace.add(name, await put(store, draft, entry), () => undefined);
    } finally {
      await store.remove(draft);
    }
  }
  return {kind: 'file', name, outcome};
}

async function importTable(
  {store, tables}: Parts,
  name: string,
  files: readonly ZipEntry[],
  replace: boolean,
  onProgress: OnProgress,
): Promise<ImportedItem> {
  const found = await tables.catalogue.find(name);
  const earlier = found !== undefined && (await tables.catalogue.hasLog(found.root)) ? found : undefined;
  if (earlier !== undefined && (await isSameLog(store, earlier, files))) return {kind: 'table', name, outcome: 'same'};
  if (earlier !== undefined && !replace) return {kind: 'table', name, outcome: 'kept'};
  try {
    await tables.bringBack(name, (root) => copyFiles(files, store, root, `the table ${name}`, onProgress), earlier);
  } catch (thrown) {
    const {code, message, hint} = problemOf(thrown);
    // A table that could not be read where it came from must not keep the rest from coming.
    if (!code.startsWith('DELTA_')) throw thrown;
    return {kind: 'table', name, outcome: 'refused', problem: {code, message, ...(hint === undefined ? {} : {hint})}};
  }
  return {kind: 'table', name, outcome: earlier === undefined ? 'added' : 'replaced'};
}

/** Whether a table's commits are those among `files`: data files are never changed. */
async function isSameLog(store: Store, {root}: TablePlace, files: readonly ZipEntry[]): Promise<boolean> {
  const commits = new Map(files.filter(({path}) => isCommit(path)).map((file) => [file.path, file]));
  const here = (await store.list(`${root}/_delta_log`)).map((name) => `_delta_log/${name}`).filter(isCommit);
  if (here.length !== commits.size) return false;
  for (const path of here) {
    const [file, entry] = [await store.read(`${root}/${path}`), commits.get(path)];
    if (file === null || entry === undefined || !(await isSame(file, entry))) return false;
  }
  return true;
}

const isCommit = (path: string): boolean => /^_delta_log\/\d{20}\.json$/.test(path);

/** The files of each table, with their paths from its folder. */
function byTable(entries: readonly ZipEntry[]): ReadonlyMap<string, readonly ZipEntry[]> {
  const found = new Map<string, ZipEntry[]>();
  for (const entry of entries) {
    const [, folder = '', path = ''] = /^lake\/([^/]+)\/(.+)$/s.exec(entry.path) ?? [];
    if (path === '') continue;
    const name = decodePart(folder);
    found.set(name, [...(found.get(name) ?? []), {...entry, path}]);
  }
  return found;
}

/** What becomes of an entry, given the file that is here under its name. */
async function decide(here: Blob | null, entry: ZipEntry, replace: boolean): Promise<ImportedItem['outcome']> {
  if (here === null) return 'added';
  if (await isSame(here, entry)) return 'same';
  return replace ? 'replaced' : 'kept';
}

const isSame = async (here: Blob, {bytes, crc32}: ZipEntry): Promise<boolean> =>
  here.size === bytes && (await crc32Of(here)) === crc32;

const put = async (store: Store, path: string, entry: ZipEntry): Promise<File> =>
  withRoom(store, path, entry.bytes, async () => fill(await store.create(path), entry.chunks()));

async function textOf(entry: ZipEntry): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of entry.chunks()) text += decoder.decode(chunk, {stream: true});
  return text + decoder.decode();
}

const textFile = (path: string): string => `texts/${encodeName(path)}`;

/** Of the texts that are kept, those that go with the workspace. */
async function textPaths(store: Store): Promise<readonly string[]> {
  return (await store.list('texts'))
    .map(decodeName)
    .filter((path) => textFolders.some((folder) => path.startsWith(`${folder}/`)));
}

/** Parquet, spreadsheets, zips and whatever is gzipped don't get smaller. */
const isPacked = (name: string): boolean => /\.(parquet|gz|zip|xlsx|zst|bz2|xz)$/i.test(name);

const zipPath = (path: string): string => path.split('/').map(encodePart).join('/');
const storedPath = (path: string): string => path.split('/').map(decodePart).join('/');

/** A name as one part of a zip's path that every file system takes; most stay as they are. */
const encodePart = (name: string): string =>
  name.replace(/[%/\\:*?"<>|\0-\x1f]|^\.+|\.+$/g, (odd) =>
    [...odd].map((letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const notWorkspace = (file: string): Problem => ({
  code: 'NOT_A_WORKSPACE',
  message: `${file} is not a workspace that was exported here: it has no ${manifest}.`,
  hint: 'To import one table, use the lake panel; drop single files onto the page.',
  where: {file},
});

const newerWorkspace = (file: string): Problem => ({
  code: 'WORKSPACE_TOO_NEW',
  message: `${file} was exported by a version that lays workspaces out in another way.`,
  hint: 'Reload the page to get the latest version, and import it again.',
  where: {file},
});
