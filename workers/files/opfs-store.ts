import {ProblemError, type Problem} from '../../src/lib/problem.ts';
import {createOwnLocks, createWebLocks} from './locks.ts';
import {splitPath, unfinished, type Sink, type Store} from './store.ts';
import {randomUUID} from '../../src/lib/uuid.ts';

/** What only workers have, and TypeScript's DOM library doesn't list. */
interface SyncAccessHandle {
  write(bytes: Uint8Array, options: {at: number}): number;
  flush(): void;
  close(): void;
}
interface OpfsFileHandle extends FileSystemFileHandle {
  createSyncAccessHandle(): Promise<SyncAccessHandle>;
  move(folder: FileSystemDirectoryHandle, name: string): Promise<void>;
}

/**
 * The browser's private file system, in a worker. A file is written under a temporary name through a synchronous access
 * handle, flushed, and moved once it is whole. Rejects where the browser gives none (private windows).
 */
export async function openOpfsStore(): Promise<Store> {
  const openRoot = async (): Promise<FileSystemDirectoryHandle> =>
    (await navigator.storage.getDirectory()).getDirectoryHandle('lakebook', {create: true});
  let root = await openRoot();
  let wasCleared = false;
  const create = createWith(FileSystemFileHandle.prototype);

  async function folder(path: string, make: boolean): Promise<FileSystemDirectoryHandle> {
    let found = root;
    for (const name of path.split('/')) found = await found.getDirectoryHandle(name, {create: make});
    return found;
  }

  /** Begins a new workspace where the site's data was cleared; says whether it was. */
  async function renewed(): Promise<boolean> {
    if ((await orNull(root.keys().next())) !== null) return false;
    root = await openRoot();
    wasCleared = true;
    return true;
  }

  async function* entries(path: string): AsyncGenerator<[string, FileSystemHandle]> {
    const found = await orNull(folder(path, false));
    if (found !== null) yield* found.entries();
  }

  async function names(path: string, kind: FileSystemHandleKind): Promise<readonly string[]> {
    const found: string[] = [];
    for await (const [name, handle] of entries(path)) if (handle.kind === kind) found.push(name);
    return found;
  }

  async function removeEntry(path: string, recursive: boolean): Promise<void> {
    const [parent, name] = splitPath(path);
    await orNull(folder(parent, false).then((found) => found.removeEntry(name, {recursive})));
  }

  return {
    kind: 'opfs',
    // Null where the page isn't a secure context.
    locks:
      (navigator.locks as LockManager | undefined) === undefined ? createOwnLocks() : createWebLocks(navigator.locks),
    async read(path) {
      const [parent, name] = splitPath(path);
      return orNull(
        folder(parent, false)
          .then((found) => found.getFileHandle(name))
          .then((handle) => handle.getFile()),
      );
    },
    async create(path) {
      const [parent, name] = splitPath(path);
      try {
        return await create(await folder(parent, true), name, () => folder(unfinished, true));
      } catch (thrown) {
        if (isMissing(thrown) && (await renewed())) throw new ProblemError(cleared, {cause: thrown});
        throw thrown;
      }
    },
    remove: (path) => removeEntry(path, false),
    removeFolder: (path) => removeEntry(path, true),
    list: (path) => names(path, 'file'),
    folders: (path) => names(path, 'directory'),
    async walk(path) {
      const below = async (at: string, prefix: string): Promise<{path: string; handle: FileSystemFileHandle}[]> => {
        const found: {path: string; handle: FileSystemFileHandle}[] = [];
        for await (const [name, handle] of entries(at)) {
          if (handle instanceof FileSystemFileHandle) found.push({path: prefix + name, handle});
          else found.push(...(await below(`${at}/${name}`, `${prefix}${name}/`)));
        }
        return found;
      };
      const files = await Promise.all(
        (await below(path, '')).map(async (found) => {
          // Another tab may remove it meanwhile.
          const file = await orNull(found.handle.getFile());
          return file === null ? [] : [{path: found.path, bytes: file.size, modified: file.lastModified}];
        }),
      );
      return files.flat();
    },
    async room() {
      if (await renewed()) throw new ProblemError(cleared);
      const [{usage = 0, quota = 0}, persisted] = await Promise.all([
        navigator.storage.estimate(),
        navigator.storage.persisted(),
      ]);
      return {usage, quota, persisted, wasCleared};
    },
    async stored({usage}) {
      // Chromium counts room that it sets aside for each file that is held open, and PostgreSQL holds hundreds.
      const {usageDetails}: StorageEstimate & {usageDetails?: {fileSystem?: number}} =
        await navigator.storage.estimate();
      if (usageDetails?.fileSystem === undefined) return usage;
      const held = await bytesBelow(await navigator.storage.getDirectory()).catch(() => Infinity);
      return Math.min(usage, usage - usageDetails.fileSystem + held);
    },
  };
}

async function bytesBelow(folder: FileSystemDirectoryHandle): Promise<number> {
  const sizes: Promise<number>[] = [];
  for await (const handle of folder.values())
    sizes.push(handle instanceof FileSystemFileHandle ? handle.getFile().then(({size}) => size) : bytesBelow(handle));
  return (await Promise.all(sizes)).reduce((a, b) => a + b, 0);
}

type Create = (
  parent: FileSystemDirectoryHandle,
  name: string,
  temporary: () => Promise<FileSystemDirectoryHandle>,
) => Promise<Sink>;

/** The safest way to write that this browser has: a file must never be seen in part. */
function createWith(prototype: FileSystemFileHandle): Create {
  if ('createSyncAccessHandle' in prototype && 'move' in prototype) return createMoved;
  if ('createWritable' in prototype) return createSwapped;
  return () => Promise.reject(new ProblemError(cannotWrite));
}

const createMoved: Create = async (parent, name, temporary) => {
  const folder = await temporary();
  const draft = randomUUID();
  // The cast: `createWith` has looked.
  const handle = (await folder.getFileHandle(draft, {create: true})) as OpfsFileHandle;
  const access = await handle.createSyncAccessHandle();
  let at = 0;
  let isMoved = false;
  return {
    async write(bytes) {
      const written = access.write(bytes, {at});
      at += written;
      if (written < bytes.length) throw new DOMException('The disk took only a part.', 'QuotaExceededError');
    },
    async close() {
      access.flush();
      access.close();
      await handle.move(parent, name);
      isMoved = true;
      return (await parent.getFileHandle(name)).getFile();
    },
    async discard() {
      access.close();
      if (!isMoved) await orNull(folder.removeEntry(draft));
    },
  };
};

/** The browser itself writes to a file beside, and puts it in place when it is closed. */
const createSwapped: Create = async (parent, name) => {
  const isNew = (await orNull(parent.getFileHandle(name))) === null;
  const handle = await parent.getFileHandle(name, {create: true});
  const writable = await handle.createWritable();
  let isWhole = false;
  return {
    // The cast: what is written here never lies in shared memory.
    write: (bytes) => writable.write(bytes as Uint8Array<ArrayBuffer>),
    async close() {
      await writable.close();
      isWhole = true;
      return handle.getFile();
    },
    async discard() {
      if (isWhole) return;
      await writable.abort().catch(() => undefined);
      if (isNew) await orNull(parent.removeEntry(name));
    },
  };
};

/** Null for what isn't there. */
async function orNull<T>(found: Promise<T>): Promise<T | null> {
  try {
    return await found;
  } catch (thrown) {
    if (isMissing(thrown)) return null;
    throw thrown;
  }
}

const isMissing = (thrown: unknown): boolean => thrown instanceof DOMException && thrown.name === 'NotFoundError';

const cleared: Problem = {
  code: 'STORAGE_CLEARED',
  message: 'The data that this browser kept for Lakebook was cleared while the page was open.',
  hint: 'The open notebook is saved again. Results that are shown can be exported; other notebooks, files and tables are gone.',
};

const cannotWrite: Problem = {
  code: 'STORAGE_UNSAFE',
  message: 'This browser can’t write files so that they are never seen in part, so nothing is written.',
  hint: 'Bring the browser up to date: Chrome or Edge 108, Firefox 111, Safari 15.2 or newer.',
};
