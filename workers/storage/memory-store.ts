import {splitPath, type Room, type Store} from './store.ts';

/** Where the browser gives no private file system: files live as long as the page. */
export function createMemoryStore(): Store {
  const files = new Map<string, File>();
  return {
    kind: 'memory',
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
    list: async (folder) => [...files.keys()].filter((path) => splitPath(path)[0] === folder).map((path) => splitPath(path)[1]),
    async room(): Promise<Room> {
      const usage = [...files.values()].reduce((sum, file) => sum + file.size, 0);
      // In Node there is no navigator.
      const estimate = await (globalThis.navigator as Navigator | undefined)?.storage?.estimate().catch(() => undefined);
      return {usage, quota: estimate?.quota ?? Number.MAX_SAFE_INTEGER, persisted: false};
    },
  };
}
