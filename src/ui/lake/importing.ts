import type {FileAt} from '../../ports/index.ts';
import type {Page} from '../page.svelte.ts';

/** What was dropped or chosen: files by themselves, and folders with all that lies below them. */
export interface Dropped {
  readonly files: readonly File[];
  readonly folders: readonly DroppedFolder[];
}

export interface DroppedFolder {
  readonly name: string;
  readonly files: readonly FileAt[];
}

/** Whether a Delta table lies in a folder, at its top or below. */
export const holdsTable = ({files}: DroppedFolder): boolean => files.some(({path}) => /(^|\/)_delta_log\/[^/]+$/.test(path));

const directoryBytes = 8_000_000;

/** Whether a zip is an exported workspace: its directory, which is at its end, names the file that says so. */
export async function isWorkspaceZip(zip: File): Promise<boolean> {
  const end = await zip.slice(Math.max(0, zip.size - directoryBytes)).arrayBuffer();
  // A directory entry: its signature, 42 bytes of figures, its name.
  return /PK\x01\x02[^]{42}lakebook\.json/.test(new TextDecoder('latin1').decode(end));
}

/** Whether cells can read a table of this name. */
export const isTableName = (name: string): boolean => /^[A-Za-z_]\w*$/.test(name);

/** A name a table may have, made of a file's or a folder's. */
export const tableNameOf = (name: string): string =>
  name
    .replace(/\.zip$/i, '')
    .replace(/[^A-Za-z0-9_]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .replace(/^(?=\d)/, 't_') || 'table';

/** Everything a drop carries. The entries have to be taken while the event runs; what is in folders is read after it. */
export function dropped(data: DataTransfer): Promise<Dropped> {
  const entries = [...data.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  if (!entries.some((entry) => entry.isDirectory)) return Promise.resolve({files: [...data.files], folders: []});
  return readEntries(entries);
}

async function readEntries(entries: readonly FileSystemEntry[]): Promise<Dropped> {
  const files: File[] = [];
  const folders: DroppedFolder[] = [];
  for (const entry of entries) {
    if (isFolder(entry)) folders.push({name: entry.name, files: await filesBelow(entry)});
    else if (isFile(entry)) files.push(await fileOf(entry));
  }
  return {files, folders};
}

const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;
const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;
const fileOf = (entry: FileSystemFileEntry): Promise<File> => new Promise((resolve, reject) => entry.file(resolve, reject));

async function filesBelow(folder: FileSystemDirectoryEntry): Promise<FileAt[]> {
  const found: FileAt[] = [];
  for (const entry of await entriesOf(folder)) {
    if (isFolder(entry)) found.push(...(await filesBelow(entry)));
    else if (isFile(entry)) found.push({path: entry.fullPath.replace(/^\//, ''), file: await fileOf(entry)});
  }
  return found;
}

async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  // A reader gives some entries at a time, and none at the end.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all;
    all.push(...some);
  }
}

/** Lets the reader choose a folder that holds a Delta table. */
export function pickFolder(page: Page): void {
  const input = Object.assign(document.createElement('input'), {type: 'file', webkitdirectory: true});
  input.addEventListener('change', () => {
    const files = [...(input.files ?? [])].map((file): FileAt => ({path: file.webkitRelativePath, file}));
    const name = files[0]?.path.split('/')[0] ?? '';
    if (files.length > 0) void page.takeDropped({files: [], folders: [{name, files}]});
  });
  input.click();
}

/** Lets the reader choose a notebook, or the zip of a workspace. */
export const pickNotebook = (page: Page): void => page.pickFiles('.md,.markdown,.zip,application/zip', false);

/** Lets the reader choose the zip of a Delta table or of a workspace. */
export const pickZip = (page: Page): void => page.pickFiles('.zip,application/zip', false);
