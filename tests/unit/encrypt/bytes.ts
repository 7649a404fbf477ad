import {joinBytes} from '../../../src/lib/bytes.ts';
import {problemOf, type Problem} from '../../../src/lib/problem.ts';
import type {Encryption} from '../../../src/encrypt/define.ts';
import {decrypted, encrypting} from '../../../src/encrypt/index.ts';

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** All that a stream or a generator gives, as a blob. */
export async function gather(chunks: AsyncIterable<Uint8Array>): Promise<Blob> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return new Blob([joinBytes(parts)]);
}

/** Writes pieces to what encrypts, one after the other, and gathers what comes out. */
export async function encrypt(pieces: readonly Uint8Array[], how: Encryption, by = encrypting(how)): Promise<Blob> {
  const {writable, readable} = await by;
  const out = gather(readable);
  const writer = writable.getWriter();
  for (const piece of pieces) await writer.write(piece);
  await writer.close();
  return out;
}

export const decrypt = (file: Blob, secret: string): Promise<Blob> =>
  gather(decrypted(file, 'a.bin', secret, () => undefined));

/** The problem that a decryption ends with, and how many bytes it gave before. */
export async function refusal(file: Blob, secret: string): Promise<Problem & {given: number}> {
  let given = 0;
  try {
    for await (const chunk of decrypted(file, 'a.bin', secret, () => undefined)) given += chunk.length;
  } catch (thrown) {
    return {...problemOf(thrown), given};
  }
  throw new Error('It was not refused.');
}

/** A byte changed. */
export async function tampered(file: Blob, at: number): Promise<Blob> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const index = at < 0 ? bytes.length + at : at;
  // Another letter of base64 stays one.
  bytes[index] = bytes[index] === 65 ? 66 : 65;
  return new Blob([bytes]);
}
