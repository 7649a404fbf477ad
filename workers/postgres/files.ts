import {OpfsAhpFS, type FileSystemSyncAccessHandle, type OpfsAhpOptions} from '@electric-sql/pglite/opfs-ahp';
import {Failed} from './ask.ts';

/** What only workers have, and TypeScript's DOM library doesn't list. */
interface OpfsFileHandle extends FileSystemFileHandle {
  createSyncAccessHandle(): Promise<FileSystemSyncAccessHandle>;
}

/** PGlite's list of PostgreSQL's files: a line with all of them, then a line for each change. */
const list = 'state.txt';
/** The same list while PGlite writes its own anew. */
const spareList = 'state.spare.txt';

/** Where PGlite keeps the files themselves, under names of its own. */
const data = 'data';

/** How long a worker that was just ended may take to let go of its files, in milliseconds. */
const patience = 8000;

/** WASI's numbers for a full disk and for a quota that is used up: PostgreSQL knows them, says so and goes on. */
const ENOSPC = 51;
const EDQUOT = 19;

/** PostgreSQL's files in the browser's private file system. A worker that ends at any moment leaves a list that can be read. */
class Files extends OpfsAhpFS {
  constructor(
    folder: string,
    private readonly spare: FileSystemSyncAccessHandle,
    options?: OpfsAhpOptions,
  ) {
    super(folder, options);
  }

  override async checkpointState(): Promise<void> {
    // PGlite empties the list before it writes it.
    this.spare.truncate(0);
    this.spare.write(bytesOf(JSON.stringify(this.state)), {at: 0});
    this.spare.flush();
    await super.checkpointState();
    this.spare.truncate(0);
  }

  override writeFile(...given: Parameters<OpfsAhpFS['writeFile']>): void {
    // One statement that makes more files than are held ready for it.
    if (this.state.pool.length === 0) throw refusal(EDQUOT);
    withinQuota(() => super.writeFile(...given));
  }

  override write(...given: Parameters<OpfsAhpFS['write']>): number {
    return withinQuota(() => super.write(...given));
  }

  override truncate(...given: Parameters<OpfsAhpFS['truncate']>): void {
    withinQuota(() => super.truncate(...given));
  }

  override async closeFs(): Promise<void> {
    this.spare.close();
    await super.closeFs();
  }
}

export interface PostgresFiles {
  readonly files: OpfsAhpFS;
  /** To be called once PostgreSQL is up: a first start that doesn't get there is begun anew by the next one. */
  readonly started: () => Promise<void>;
}

/** Opens the files below a folder of `root`; a list that was being written when its worker ended is mended. Nobody else may have them open. */
export async function openFiles(root: FileSystemDirectoryHandle, name: string): Promise<PostgresFiles> {
  // Beside the folder: while that is being removed, it must not be the first to go.
  const mark = `${name}.starting`;
  if (await holds(root, mark)) await onceLetGo(() => removeIfThere(root, name));
  const isFirst = !(await holds(root, name));
  if (isFirst) await root.getFileHandle(mark, {create: true});
  const folder = await root.getDirectoryHandle(name, {create: true});
  if (!isFirst) {
    await mendList(folder);
    await lastWorkerLetGo(await folder.getDirectoryHandle(data, {create: true}));
  }
  return {
    files: new Files(name, await access(folder, spareList)),
    started: async () => {
      if (isFirst) await removeIfThere(root, mark);
    },
  };
}

/** PGlite passes over a file that another worker still has open, and misses it later. */
async function lastWorkerLetGo(folder: FileSystemDirectoryHandle): Promise<void> {
  const names: string[] = [];
  for await (const name of folder.keys()) names.push(name);
  await Promise.all(names.map(async (name) => (await access(folder, name)).close()));
}

/** Tries again while files are open in a worker that is just ending: it lets go of them one after the other, after its locks. */
async function onceLetGo<T>(work: () => Promise<T>): Promise<T> {
  const end = performance.now() + patience;
  for (;;)
    try {
      return await work();
    } catch (thrown) {
      const isOpen = thrown instanceof DOMException && thrown.name === 'NoModificationAllowedError';
      if (!isOpen || performance.now() > end) throw thrown;
      await new Promise((again) => setTimeout(again, 50));
    }
}

async function mendList(folder: FileSystemDirectoryHandle): Promise<void> {
  const text = await read(folder, list);
  const [all = '', ...changes] = text.split('\n');
  // A change whose line is cut off was not made yet.
  const last = changes.at(-1);
  const whole = isJson(all)
    ? [all, ...(last === undefined || isJson(last) ? changes : changes.slice(0, -1))].join('\n')
    : await read(folder, spareList);
  if (whole === text) return;
  if (!isJson(whole.split('\n', 1)[0] ?? ''))
    throw new Failed({state: '', message: 'the list of its files is damaged', fatal: true});
  const handle = await access(folder, list);
  try {
    const bytes = bytesOf(whole);
    handle.write(bytes, {at: 0});
    handle.truncate(bytes.byteLength);
    handle.flush();
  } finally {
    handle.close();
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const bytesOf = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer;

/** Runs what writes: for the browser's refusal to give more room PGlite knows no number. */
function withinQuota<T>(write: () => T): T {
  try {
    return write();
  } catch (thrown) {
    if (thrown instanceof Error && thrown.name === 'QuotaExceededError') throw refusal(ENOSPC);
    throw thrown;
  }
}

const refusal = (code: number): Error => Object.assign(new Error('refused'), {code});

async function access(folder: FileSystemDirectoryHandle, name: string): Promise<FileSystemSyncAccessHandle> {
  // The cast: workers have more of it than TypeScript lists.
  const handle = (await folder.getFileHandle(name, {create: true})) as OpfsFileHandle;
  return onceLetGo(() => handle.createSyncAccessHandle());
}

async function read(folder: FileSystemDirectoryHandle, name: string): Promise<string> {
  const handle = await folder.getFileHandle(name, {create: true});
  return (await handle.getFile()).text();
}

async function holds(folder: FileSystemDirectoryHandle, name: string): Promise<boolean> {
  for await (const each of folder.keys()) if (each === name) return true;
  return false;
}

async function removeIfThere(folder: FileSystemDirectoryHandle, name: string): Promise<void> {
  if (await holds(folder, name)) await folder.removeEntry(name, {recursive: true});
}
