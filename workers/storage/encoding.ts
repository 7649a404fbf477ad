import {ProblemError, type Problem} from '../../src/lib/problem.ts';
import {count} from '../../src/lib/text.ts';
import type {Encoding} from '../contract/storage.ts';

/** An encoding with its byte order. */
export type Codec = 'utf-8' | 'utf-16le' | 'utf-16be' | 'latin-1' | 'windows-1252';

export interface Decoder {
  /** Throws a TypeError on bytes that the encoding doesn't allow. A byte order mark is left out. */
  decode(bytes: Uint8Array, last: boolean): string;
}

/** `strict: false` gives U+FFFD for what the encoding doesn't allow. */
export function createDecoder(codec: Codec, strict = true): Decoder {
  if (codec === 'latin-1') return latin1;
  const decoder = new TextDecoder(codec, {fatal: strict});
  return {decode: (bytes, last) => decoder.decode(bytes, {stream: !last})};
}

/** Byte n is character n. TextDecoder's `latin1` is windows-1252, so bytes are widened and read as UTF-16. */
const latin1: Decoder = {decode: (bytes) => new TextDecoder('utf-16le').decode(new Uint16Array(bytes))};

/** How text starts: which encoding it says or shows it has. Undefined when only the whole file tells (UTF-8 or an 8-bit one). */
export function wideCodec(bytes: Uint8Array): Codec | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  // In UTF-16 most characters of a table (digits, delimiters, newlines) have a zero byte, always on the same side.
  const zeros = [0, 0];
  const sample = bytes.subarray(0, 4096);
  for (const [i, byte] of sample.entries()) if (byte === 0) zeros[i % 2] = (zeros[i % 2] ?? 0) + 1;
  const [even = 0, odd = 0] = zeros;
  const pairs = Math.floor(sample.length / 2);
  if (pairs < 2) return undefined;
  if (odd > pairs * 0.4 && even < pairs * 0.05) return 'utf-16le';
  if (even > pairs * 0.4 && odd < pairs * 0.05) return 'utf-16be';
  return undefined;
}

/** What a check of bytes as UTF-8 found. `mixed`: valid characters beyond ASCII come before the first invalid byte, so UTF-8 was meant. */
export type Utf8Verdict = 'valid' | 'mixed' | 'invalid';

/** Checks bytes as UTF-8 while they pass by. */
export function createUtf8Check(): {push(bytes: Uint8Array): void; end(): Utf8Verdict} {
  const decoder = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});
  let beyondAscii = false;
  let verdict: Utf8Verdict = 'valid';
  const check = (bytes: Uint8Array, stream: boolean): void => {
    if (verdict !== 'valid') return;
    try {
      if (decoder.decode(bytes, {stream}).length < bytes.length) beyondAscii = true;
    } catch {
      verdict = beyondAscii || beyondAsciiFirst(bytes) ? 'mixed' : 'invalid';
    }
  };
  return {
    push: (bytes) => check(bytes, true),
    end() {
      check(new Uint8Array(), false);
      return verdict;
    },
  };
}

/** Whether a valid character beyond ASCII comes before the first invalid one. */
function beyondAsciiFirst(bytes: Uint8Array): boolean {
  const text = new TextDecoder('utf-8', {ignoreBOM: true}).decode(bytes);
  return /[^\0-\x7f]/.exec(text)?.[0] !== '\ufffd';
}

/** The codec for what a reader chose, or for what was found when they chose nothing. */
export function codecFor(encoding: Encoding | undefined, start: Uint8Array, verdict: Utf8Verdict): Codec {
  if (encoding === 'utf-16') return wideCodec(start) ?? 'utf-16le';
  return encoding ?? wideCodec(start) ?? (verdict === 'invalid' ? 'windows-1252' : 'utf-8');
}

export const encodingOf = (codec: Codec): Encoding => (codec === 'utf-16le' || codec === 'utf-16be' ? 'utf-16' : codec);

/** Bytes and the text they are, piece by piece; throws `WRONG_ENCODING` with the line where they stop being `codec`. `reopen` reads them again to find it. */
export async function* decodeChunks(
  reopen: () => AsyncIterable<Uint8Array>,
  codec: Codec,
  file: string,
  suggestion: Encoding,
): AsyncGenerator<{readonly bytes: Uint8Array; readonly text: string}> {
  const decoder = createDecoder(codec);
  const decode = async (bytes: Uint8Array, last: boolean): Promise<string> => {
    try {
      return decoder.decode(bytes, last);
    } catch (thrown) {
      throw new ProblemError(await wrongEncoding(reopen(), codec, file, suggestion), {cause: thrown});
    }
  };
  for await (const bytes of reopen()) yield {bytes, text: await decode(bytes, false)};
  yield {bytes: new Uint8Array(), text: await decode(new Uint8Array(), true)};
}

/** The problem of bytes that aren't `codec`, with the line of the first one. */
export async function wrongEncoding(
  chunks: AsyncIterable<Uint8Array>,
  codec: Codec,
  file: string,
  suggestion: Encoding,
): Promise<Problem> {
  const line = await firstInvalidLine(chunks, codec);
  const better = suggestion === encodingOf(codec) ? 'windows-1252' : suggestion;
  return {
    code: 'WRONG_ENCODING',
    message: `${file} isn’t ${labels[encodingOf(codec)]} throughout: line ${count(line)} has bytes that ${labels[encodingOf(codec)]} doesn’t allow.`,
    where: {file, line},
    hint: `Choose ${labels[better]} as the encoding, or save the file as UTF-8.`,
  };
}

const labels: Readonly<Record<Encoding, string>> = {
  'utf-8': 'UTF-8',
  'utf-16': 'UTF-16',
  'latin-1': 'Latin-1',
  'windows-1252': 'Windows-1252',
};

async function firstInvalidLine(chunks: AsyncIterable<Uint8Array>, codec: Codec): Promise<number> {
  const decoder = createDecoder(codec, false);
  let line = 1;
  for await (const chunk of chunks) {
    const text = decoder.decode(chunk, false);
    const bad = text.indexOf('\ufffd');
    line += newlines(bad === -1 ? text : text.slice(0, bad));
    if (bad !== -1) break;
  }
  return line;
}

function newlines(text: string): number {
  let found = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) found++;
  return found;
}
