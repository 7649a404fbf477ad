import {splitPath, type Sink, type Store} from './store.ts';

/** What only workers have, and TypeScript's DOM library doesn't list. */
interface SyncAccessHandle {
  write(bytes: Uint8Array, options: {at: number}): number;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}
interface OpfsFileHandle extends FileSystemFileHandle {
  createSyncAccessHandle(): Promise<SyncAccessHandle>;
  move(folder: FileSystemDirectoryHandle, name: string): Promise<void>;
}

/** Folder of unfinished files: whatever is in it when the store opens was left by a page that ended. */
const unfinished = 'unfinished';

/**
 * The browser's private file system, in a worker. A file is written under a temporary name through a synchronous access
 * handle and moved once it is whole. Rejects where the browser gives none (private windows).
 */
export async function openOpfsStore(): Promise<Store> {
  const root = await (await navigator.storage.getDirectory()).getDirectoryHandle('lakebook', {create: true});
  const folder = (name: string): Promise<FileSystemDirectoryHandle> => root.getDirectoryHandle(name, {create: true});

  async function list(name: string): Promise<readonly string[]> {
    const names: string[] = [];
    for await (const key of (await folder(name)).keys()) names.push(key);
    return names;
  }

  async function remove(path: string): Promise<void> {
    const [parent, name] = splitPath(path);
    await (await folder(parent)).removeEntry(name).catch((thrown: unknown) => {
      if (!isNamed(thrown, 'NotFoundError')) throw thrown;
    });
  }

  async function create(path: string): Promise<Sink> {
    const temporary = crypto.randomUUID();
    // The cast: every browser with `createSyncAccessHandle` has `move` in OPFS.
    const handle = (await (await folder(unfinished)).getFileHandle(temporary, {create: true})) as OpfsFileHandle;
    const access = await handle.createSyncAccessHandle();
    let at = 0;
    return {
      async write(bytes) {
        const written = access.write(bytes, {at});
        at += written;
        if (written < bytes.length) throw new DOMException('The disk took only a part.', 'QuotaExceededError');
      },
      async close() {
        access.flush();
        access.close();
        const [parent, name] = splitPath(path);
        await handle.move(await folder(parent), name);
        return handle.getFile();
      },
      async discard() {
        access.close();
        await remove(`${unfinished}/${temporary}`);
      },
    };
  }

  // Another tab may be writing there: what is locked stays.
  for (const name of await list(unfinished)) await remove(`${unfinished}/${name}`).catch(() => undefined);

  return {
    kind: 'opfs',
    async read(path) {
      const [parent, name] = splitPath(path);
      try {
        return await (await (await folder(parent)).getFileHandle(name)).getFile();
      } catch (thrown) {
        if (isNamed(thrown, 'NotFoundError')) return null;
        throw thrown;
      }
    },
    create,
    remove,
    list,
    async room() {
      const [{usage = 0, quota = 0}, persisted] = await Promise.all([navigator.storage.estimate(), navigator.storage.persisted()]);
      return {usage, quota, persisted};
    },
  };
}

const isNamed = (thrown: unknown, name: string): boolean => thrown instanceof DOMException && thrown.name === name;
