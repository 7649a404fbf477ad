/** Files by path (`folder/name`). What is read is always whole: a file appears, or replaces the earlier one, when its sink closes. */
export interface Store {
  readonly kind: 'opfs' | 'memory';
  read(path: string): Promise<File | null>;
  create(path: string): Promise<Sink>;
  remove(path: string): Promise<void>;
  /** The names in a folder; empty when there is no such folder. */
  list(folder: string): Promise<readonly string[]>;
  room(): Promise<Room>;
}

/** A file being written. After `discard` nothing of it is left, and an earlier file of the same path is as it was. */
export interface Sink {
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<File>;
  discard(): Promise<void>;
}

/** Bytes used and granted by the browser. */
export interface Room {
  readonly usage: number;
  readonly quota: number;
  readonly persisted: boolean;
}

/** Splits `folder/name`; names hold no slash. */
export function splitPath(path: string): [folder: string, name: string] {
  const slash = path.indexOf('/');
  return [path.slice(0, slash), path.slice(slash + 1)];
}

/** Any text as a name that every file system takes. */
export const encodeName = (name: string): string =>
  encodeURIComponent(name)
    .replace(/\*/g, '%2A')
    .replace(/^\.+/, (dots) => '%2E'.repeat(dots.length));

export const decodeName = (name: string): string => decodeURIComponent(name);

/** Passes chunks on to a sink until they end; on any failure the sink is discarded and the failure thrown on. */
export async function fill(sink: Sink, chunks: AsyncIterable<Uint8Array>): Promise<File> {
  try {
    for await (const chunk of chunks) await sink.write(chunk);
    return await sink.close();
  } catch (thrown) {
    await sink.discard();
    throw thrown;
  }
}
