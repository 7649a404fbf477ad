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
export const holdsTable = ({files}: DroppedFolder): boolean =>
  files.some(({path}) => /(^|\/)_delta_log\/[^/]+$/.test(path));

const directoryBytes = 8_000_000;

/** The names in a zip's directory, which is at its end. */
export async function namesInZip(zip: File): Promise<string[]> {
  const end = new Uint8Array(await zip.slice(Math.max(0, zip.size - directoryBytes)).arrayBuffer());
  // A directory entry: its signature, 42 bytes of figures with the name's length among them, its name.
  return [...new TextDecoder('latin1').decode(end).matchAll(/PK\x01\x02/g)].map(({index}) => {
    const length = (end[index + 28] ?? 0) + 256 * (end[index + 29] ?? 0);
    return new TextDecoder().decode(end.subarray(index + 46, index + 46 + length));
  });
}

/** Whether a zip is an exported workspace: it has the file that says so. */
export const isWorkspaceZip = async (zip: File): Promise<boolean> => (await namesInZip(zip)).includes('lakebook.json');

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
const fileOf = (entry: FileSystemFileEntry): Promise<File> =>
  new Promise((resolve, reject) => entry.file(resolve, reject));

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

function chooseFolder(take: (folder: DroppedFolder) => void): void {
  const input = Object.assign(document.createElement('input'), {type: 'file', webkitdirectory: true});
  input.addEventListener('change', () => {
    const files = [...(input.files ?? [])].map((file): FileAt => ({path: file.webkitRelativePath, file}));
    if (files.length > 0) take({name: files[0]?.path.split('/')[0] ?? '', files});
  });
  input.click();
}

/** Lets the user choose a folder that holds a Delta table. */
export const pickFolder = (page: Page): void =>
  chooseFolder((folder) => void page.takeIn({files: [], folders: [folder]}));

/** Lets the user choose the folder that a Spark run wrote. */
export const pickOutput = (page: Page): void =>
  chooseFolder(({name, files}) => (page.dialog = {kind: 'compare', output: {from: name, files}}));

/** Lets the user choose a notebook, or the zip of a workspace. */
export const pickNotebook = (page: Page): void =>
  page.pickFiles('.md,.markdown,.zip,.age,.fernet,application/zip', false);

/** Lets the user choose the zip of a Delta table or of a workspace. */
export const pickZip = (page: Page): void => page.pickFiles('.zip,.age,.fernet,application/zip', false);
