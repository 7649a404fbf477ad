import {chunksOf} from '../../src/lib/bytes.ts';
import {ProblemError} from '../../src/lib/problem.ts';
import {count} from '../../src/lib/text.ts';
import {coalesce, readChunks} from '../shared/bytes.ts';

export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/**
 * What is inside a gzip file, piece by piece. Several members one after the other (`cat a.gz b.gz`, Firehose, bgzip) give
 * their contents joined, as RFC 1952 asks. Throws `GZIP_TRUNCATED` with the number of bytes that could be read.
 */
export async function* gunzip(
  blob: Blob,
  file: string,
  onRead: (bytes: number) => void = () => undefined,
): AsyncGenerator<Uint8Array> {
  const starts = await memberStarts(blob);
  let read = 0;
  for (const [i, start] of starts.entries()) {
    const end = starts[i + 1] ?? blob.size;
    try {
      const member = inflate(
        blob.slice(start, end),
        (bytes) => onRead(start + bytes),
        (bytes) => (read += bytes),
      );
      yield* coalesce(member);
    } catch (thrown) {
      if (thrown instanceof ProblemError) throw thrown;
      throw new ProblemError(
        {
          code: 'GZIP_TRUNCATED',
          message: `${file} is cut short or damaged: ${count(read)} bytes could be unpacked, then the gzip data ends or no longer adds up.`,
          hint: 'Copy or download the file again; if the source itself is damaged, unpack what is left of it with a tool such as gzrecover.',
          where: {file},
        },
        {cause: thrown},
      );
    }
  }
}

async function* inflate(
  member: Blob,
  onRead: (bytes: number) => void,
  onUnpacked: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  let at = 0;
  const counted = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      onRead((at += chunk.length));
      controller.enqueue(chunk);
    },
  });
  for await (const chunk of chunksOf(
    member.stream().pipeThrough(counted).pipeThrough(new DecompressionStream('gzip')),
  )) {
    onUnpacked(chunk.length);
    yield chunk;
  }
}

/**
 * Where the members of a gzip file start. DecompressionStream refuses what follows the first one and doesn't say where it
 * starts, so headers are looked for: magic, deflate, flags, extra flags and system that writers set. The ten bytes occur
 * by chance once in a thousand gigabytes.
 */
async function memberStarts(blob: Blob): Promise<readonly number[]> {
  const starts = [0];
  let at = 0;
  let tail = new Uint8Array();
  for await (const chunk of readChunks(blob)) {
    const bytes = new Uint8Array(tail.length + chunk.length);
    bytes.set(tail);
    bytes.set(chunk, tail.length);
    const base = at - tail.length;
    for (let i = bytes.indexOf(0x1f); i !== -1; i = bytes.indexOf(0x1f, i + 1)) {
      if (base + i > 0 && isHeader(bytes, i)) starts.push(base + i);
    }
    at += chunk.length;
    tail = bytes.slice(-9);
  }
  return starts;
}

function isHeader(bytes: Uint8Array, at: number): boolean {
  if (bytes[at + 1] !== 0x8b || bytes[at + 2] !== 8 || at + 10 > bytes.length) return false;
  const flags = bytes[at + 3] ?? 255;
  const extra = bytes[at + 8] ?? 255;
  const system = bytes[at + 9] ?? 254;
  return [0, 1, 4, 8].includes(flags) && [0, 2, 4].includes(extra) && (system <= 13 || system === 255);
}
