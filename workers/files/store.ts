import type {FileSink, FileStore} from '../../src/lake/file-store.ts';
import type {StoreLocks} from './locks.ts';

/** Files by path (`folder/folder/name`). What is read is always whole: a file appears, or replaces the earlier one, when its sink closes. */
export interface Store extends FileStore {
  readonly kind: 'opfs' | 'memory';
  readonly locks: StoreLocks;
  /** The names of the folders right in a folder. */
  folders(folder: string): Promise<readonly string[]>;
  /** Removes a folder with all that is below it; does nothing when there is none. */
  removeFolder(folder: string): Promise<void>;
  /** Rejects with `STORAGE_CLEARED` where it is the first to find that. */
  room(): Promise<Room>;
  /** Bytes of all that the site stores. */
  stored(room: Room): Promise<number>;
}

export type Sink = FileSink;

/** Where files are written that have to be moved once whole: what is in it when the first tab opens was left by a page that ended. */
export const unfinished = 'unfinished';

/** Bytes used and granted by the browser. */
export interface Room {
  readonly usage: number;
  readonly quota: number;
  readonly persisted: boolean;
  /** What was stored is gone since the store was opened: the user cleared the site's data. */
  readonly wasCleared: boolean;
}

/** Splits a path before its last name. */
export function splitPath(path: string): [folder: string, name: string] {
  const slash = path.lastIndexOf('/');
  return [path.slice(0, Math.max(slash, 0)), path.slice(slash + 1)];
}

/** Any text as a name that every file system takes. */
export const encodeName = (name: string): string =>
  encodeURIComponent(name)
    .replace(/\*/g, '%2A')
    .replace(/^\.+/, (dots) => '%2E'.repeat(dots.length));

export const decodeName = (name: string): string => decodeURIComponent(name);

/** Passes chunks on to a sink until they end; on any failure the sink is discarded and the failure thrown on. */
export async function fill(sink: Sink, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<File> {
  try {
    for await (const chunk of chunks) await sink.write(chunk);
    return await sink.close();
  } catch (thrown) {
    await sink.discard();
    throw thrown;
  }
}
