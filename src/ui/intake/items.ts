import type {FileAt} from '../../ports/index.ts';

/** What the user brings: files by themselves, and folders with all that lies below them. */
export interface Items {
  /** How it comes: from a zip or an encrypted file that was opened, by an address that was typed, in a link … */
  readonly from: 'drop' | 'pick' | 'paste' | 'address' | 'decrypted' | 'link';
  readonly files: readonly File[];
  readonly folders: readonly Folder[];
}

export interface Folder {
  readonly name: string;
  readonly files: readonly FileAt[];
}

/** Files without folders. */
export const filesFrom = (from: Items['from'], files: Iterable<File>): Items => ({
  from,
  files: [...files],
  folders: [],
});

/** Everything a drop carries. The entries have to be taken while the event runs; what is in folders is read after it. */
export function dropped(data: DataTransfer): Promise<Items> {
  const entries = [...data.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  if (!entries.some((entry) => entry.isDirectory))
    return Promise.resolve({from: 'drop', files: [...data.files], folders: []});
  return readEntries(entries);
}

async function readEntries(entries: readonly FileSystemEntry[]): Promise<Items> {
  const files: File[] = [];
  const folders: Folder[] = [];
  for (const entry of entries) {
    if (isFolder(entry)) folders.push({name: entry.name, files: await filesBelow(entry)});
    else if (isFile(entry)) files.push(await fileOf(entry));
  }
  return {from: 'drop', files, folders};
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
