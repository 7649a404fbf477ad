import {ProblemError, type Problem} from '../../src/lib/problem.ts';
import type {Encoding, ReadOptions, Sniffed} from '../contract/storage.ts';
import {chunkBytes, readChunks, take} from '../shared/bytes.ts';
import {
  codecFor,
  createDecoder,
  createUtf8Check,
  decodeChunks,
  encodingOf,
  wrongEncoding,
  type Codec,
  type Utf8Verdict,
} from './encoding.ts';
import {gunzip, isGzip} from './gzip.ts';
import {withRoom} from '../files/room.ts';
import {binaryFormat, binaryNamed, emptyFile, headBytes, refuseMisnamed, refuseOthers, textFormat} from './sniff.ts';
import {fill} from '../files/store.ts';
import type {Entry, Workspace} from './workspace.ts';

/** A stored file and how it is read. */
export interface Opened extends Sniffed {
  readonly entry: Entry;
  readonly file: File;
  readonly codec: Codec;
  /** The encoding that its bytes look like, whatever was chosen. */
  readonly suggestion: Encoding;
}

/**
 * Looks at a file's first and last bytes, inside gzip too, and says how it would be read; extensions say nothing.
 * Throws what can be known to be wrong: `EMPTY_FILE`, `FORMAT_UNSUPPORTED`, `NOT_TEXT`, `NOT_PARQUET`, `PARQUET_TRUNCATED`, `PARQUET_ENCRYPTED`, `NOT_DATABASE`, `DATABASE_TRUNCATED`, `DATABASE_ENCRYPTED`,
 * `GZIP_TRUNCATED`.
 */
export async function openFile(workspace: Workspace, name: string, options: ReadOptions): Promise<Opened> {
  const {entry, file} = await workspace.read(name);
  const outer = new Uint8Array(await file.slice(0, headBytes).arrayBuffer());
  if (outer.length === 0) throw new ProblemError(emptyFile(name));
  const gzip = isGzip(outer);
  const start = gzip ? await take(gunzip(file.slice(0, chunkBytes), name), headBytes) : outer;
  const base = {entry, file, gzip};
  const found = binaryFormat(start);
  if (found !== undefined) {
    if (!gzip) await found.check(start, file, name);
    return {...base, ...binary, format: found.name};
  }
  refuseOthers(start, name);
  const wanted = binaryNamed(options.format);
  if (wanted !== undefined)
    throw new ProblemError(wanted.program === undefined ? notParquet(name) : notDatabase(name, wanted.title));
  const verdict = gzip ? checkStart(start) : entry.utf8;
  const codec = codecFor(options.encoding, start, verdict);
  const suggestion = encodingOf(codecFor(undefined, start, verdict));
  // Not strict: the head is for looking at, and may end within a character.
  const head = createDecoder(codec, false).decode(start, false);
  if (options.format === undefined) refuseMisnamed(name, head);
  const text = textFormat(head, name);
  return {...base, format: options.format ?? text, encoding: encodingOf(codec), codec, suggestion, head};
}

/** The verdict on a first part, which may end within a character. */
function checkStart(start: Uint8Array): Utf8Verdict {
  const check = createUtf8Check();
  const whole = start.length < headBytes ? start : start.subarray(0, start.findLastIndex((byte) => byte < 0x80) + 1);
  check.push(whole);
  return check.end();
}

/** What has no text says of it. */
const binary = {encoding: 'utf-8', codec: 'utf-8', suggestion: 'utf-8', head: ''} as const;

const notDatabase = (file: string, title: string): Problem => ({
  code: 'NOT_DATABASE',
  message: `${file} is no ${title}.`,
  hint: 'Let the format be found out, or check that this is the file that was meant.',
  where: {file},
});

const notParquet = (file: string) => ({
  code: 'NOT_PARQUET',
  message: `${file} is no Parquet file: it doesn’t start with the four letters PAR1.`,
  hint: 'Let the format be found out, or choose CSV or JSON.',
  where: {file},
});

/** How much text is decoded at a time: few enough records that a batch of them is near its size. */
const textBytes = 1 << 20;

/** The bytes of a file without gzip. */
const contents = ({file, gzip, entry}: Opened, onRead?: (bytes: number) => void): AsyncGenerator<Uint8Array> =>
  gzip ? gunzip(file, entry.name, onRead) : readChunks(file, onRead, textBytes);

/** The text of a file, piece by piece; throws `WRONG_ENCODING` or `GZIP_TRUNCATED` where it ends. */
export async function* textChunks(opened: Opened, onRead?: (bytes: number) => void): AsyncGenerator<string> {
  for await (const {text} of decoded(opened, onRead)) if (text !== '') yield text;
}

/** The same as UTF-8. */
async function* utf8Chunks(opened: Opened, onRead: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  for await (const {bytes, text} of decoded(opened, onRead))
    yield opened.codec === 'utf-8' ? bytes : encoder.encode(text);
}

function decoded(opened: Opened, onRead?: (bytes: number) => void): ReturnType<typeof decodeChunks> {
  let first = true;
  const reopen = (): AsyncGenerator<Uint8Array> => {
    // Only the first reading reports progress; a second looks for the line of a wrong byte.
    const chunks = contents(opened, first ? onRead : undefined);
    first = false;
    return chunks;
  };
  return decodeChunks(reopen, opened.codec, opened.entry.name, opened.suggestion);
}

/** Makes derived copies, each once even when several callers want it at the same time. */
export class Derived {
  readonly #making = new Map<string, Promise<File>>();

  constructor(private readonly workspace: Workspace) {}

  /** The file as UTF-8 text without gzip: the stored file itself when it is that already, else a copy. Parquet is no text. */
  async plainText(name: string, options: ReadOptions, onRead: (bytes: number) => void): Promise<File> {
    const opened = await openFile(this.workspace, name, options);
    const found = binaryNamed(opened.format);
    if (found !== undefined) {
      const is = found.program === undefined ? 'Parquet file' : found.title;
      throw new ProblemError({
        code: 'NOT_TEXT',
        message: `${name} is a ${is}, not text.`,
        hint: 'Let the format be found out.',
        where: {file: name},
      });
    }
    if (opened.codec !== 'utf-8' || opened.gzip)
      return this.#copy(opened, opened.codec, () => utf8Chunks(opened, onRead));
    if (opened.entry.utf8 !== 'valid' || opened.suggestion !== 'utf-8')
      throw new ProblemError(await wrongEncoding(contents(opened), 'utf-8', name, opened.suggestion));
    return opened.file;
  }

  /** A file that is read by position, as Parquet is, without gzip. */
  async unpacked(opened: Opened): Promise<File> {
    return opened.gzip ? this.#copy(opened, 'unpacked', () => contents(opened)) : opened.file;
  }

  async #copy(opened: Opened, what: string, chunks: () => AsyncIterable<Uint8Array>): Promise<File> {
    const {store} = this.workspace;
    const path = `derived/${opened.entry.fingerprint}-${what}`;
    const existing = await store.read(path);
    if (existing !== null) return existing;
    const making =
      this.#making.get(path) ??
      withRoom(store, `${opened.entry.name} as plain text`, undefined, async () =>
        fill(await store.create(path), chunks()),
      );
    this.#making.set(path, making);
    try {
      return await making;
    } finally {
      this.#making.delete(path);
    }
  }
}
