import {createOwnLocks} from './locks.ts';
import {splitPath, type Room, type Store} from './store.ts';

/** Where the browser gives no private file system: files live as long as the page. `files` are there from the start, by path. */
export function createMemoryStore(files = new Map<string, File>()): Store {
  const below = (folder: string): readonly (readonly [path: string, file: File])[] =>
    [...files]
      .filter(([path]) => path.startsWith(`${folder}/`))
      .map(([path, file]) => [path.slice(folder.length + 1), file]);
  return {
    kind: 'memory',
    locks: createOwnLocks(),
    read: async (path) => files.get(path) ?? null,
    async create(path) {
      const parts: Uint8Array<ArrayBuffer>[] = [];
      return {
        async write(bytes) {
          parts.push(bytes.slice());
        },
        async close() {
          const file = new File(parts, splitPath(path)[1], {lastModified: Date.now()});
          files.set(path, file);
          return file;
        },
        async discard() {
          parts.length = 0;
        },
      };
    },
    async remove(path) {
      files.delete(path);
    },
    async removeFolder(folder) {
      for (const [path] of below(folder)) files.delete(`${folder}/${path}`);
    },
    list: async (folder) => below(folder).flatMap(([path]) => (path.includes('/') ? [] : [path])),
    folders: async (folder) => [
      ...new Set(below(folder).flatMap(([path]) => (path.includes('/') ? [path.slice(0, path.indexOf('/'))] : []))),
    ],
    walk: async (folder) =>
      below(folder).map(([path, file]) => ({path, bytes: file.size, modified: file.lastModified})),
    async room(): Promise<Room> {
      const usage = [...files.values()].reduce((sum, file) => sum + file.size, 0);
      // In Node there is no navigator.
      const estimate = await (globalThis.navigator as Navigator | undefined)?.storage
        ?.estimate()
        .catch(() => undefined);
      return {usage, quota: estimate?.quota ?? Number.MAX_SAFE_INTEGER, persisted: false, wasCleared: false};
    },
    stored: async ({usage}) => usage,
  };
}
