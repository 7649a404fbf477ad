import {joinBytes} from '../../src/lib/bytes.ts';

/** How much is read or written at a time. */
export const chunkBytes = 4 << 20;

/** A blob's bytes, piece by piece; a blob of any size passes through one piece's memory. */
export async function* readChunks(
  blob: Blob,
  onRead: (bytes: number) => void = () => undefined,
  size = chunkBytes,
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < blob.size; at += size) {
    const chunk = new Uint8Array(await blob.slice(at, at + size).arrayBuffer());
    onRead(Math.min(at + size, blob.size));
    yield chunk;
  }
}

/** Joins small chunks into ones of at least `size` bytes. */
export async function* coalesce(chunks: AsyncIterable<Uint8Array>, size = 1 << 20): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    length += chunk.length;
    if (length < size) continue;
    yield concat(parts);
    parts = [];
    length = 0;
  }
  if (length > 0) yield concat(parts);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  return joinBytes(parts);
}

/** The first bytes of a stream of chunks, at most `size`; the rest isn't read. */
export async function take(chunks: AsyncIterable<Uint8Array>, size: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    parts.push(chunk.subarray(0, size - length));
    length += chunk.length;
    if (length >= size) break;
  }
  return concat(parts);
}

/** Where `needle` first occurs at or after `from`, or −1. */
export function indexOfBytes(bytes: Uint8Array, needle: readonly number[], from = 0): number {
  const [first = 0] = needle;
  for (let at = bytes.indexOf(first, from); at !== -1; at = bytes.indexOf(first, at + 1)) {
    if (needle.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  return -1;
}
