import type * as ZipLibrary from '@zip.js/zip.js/lib/zip-core-custom.js';
import type {FileEntry} from '@zip.js/zip.js/lib/zip-core-custom.js';
import type {FileSink} from '../../src/lake/file-store.ts';
import {crc32} from '../../src/lib/crc32.ts';
import {ProblemError, type Problem} from '../../src/lib/problem.ts';
import {readChunks} from './bytes.ts';

/** A file in a zip. */
export interface ZipEntry {
  /** With `/` between folders; it never leads out of the zip. */
  readonly path: string;
  readonly bytes: number;
  readonly crc32: number;
  /** Milliseconds since 1970. */
  readonly modified: number;
  /** Its content, checked against its checksum; throws `ZIP_DAMAGED`. */
  readonly chunks: () => AsyncIterable<Uint8Array>;
}

/** The zip library, fetched when it is first needed. Browsers inflate and deflate themselves. */
async function library(): Promise<typeof ZipLibrary> {
  const zip = await import('@zip.js/zip.js/lib/zip-core-custom.js');
  zip.configure({useWebWorkers: false, useCompressionStream: true});
  return zip;
}

/** The files in a zip; only its directory is read. Throws `ZIP_DAMAGED` for what is none, `ZIP_ENCRYPTED`, `ZIP_UNSUPPORTED`, `IMPORT_PATH_UNSAFE`. */
export async function readZip(file: Blob, name: string): Promise<readonly ZipEntry[]> {
  const zip = await library();
  const reader = new zip.ZipReader(new zip.BlobReader(file));
  const entries = await orDamaged(name, () => reader.getEntries({filenameValidation: 'tolerant'}));
  return entries.flatMap((entry) => {
    if (entry.directory) return [];
    if (entry.encrypted) throw new ProblemError(encrypted(name));
    if (entry.compressionMethod !== 0 && entry.compressionMethod !== 8)
      throw new ProblemError(unsupported(name, entry.filename));
    // Windows’ old tools write the wrong slash.
    const path = safePath(entry.filename.replaceAll('\\', '/'), name);
    return [
      {
        path,
        bytes: entry.uncompressedSize,
        crc32: (entry.crc32 ?? 0) >>> 0,
        modified: entry.lastModDate.getTime(),
        chunks: () => contentOf(entry, name),
      },
    ];
  });
}

/** A path without `.` and empty parts; one that would lead out of the folder is refused. */
export function safePath(path: string, what: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (path.startsWith('/') || /^[A-Za-z]:\//.test(path) || parts.includes('..') || path.includes('\0'))
    throw new ProblemError(unsafePath(what, path));
  return parts.join('/');
}

async function* contentOf(entry: FileEntry, name: string): AsyncGenerator<Uint8Array> {
  const {readable, writable} = new TransformStream<Uint8Array, Uint8Array>();
  const done = orDamaged(name, () => entry.getData(writable, {checkCrc32: true}));
  // The library leaves what it writes to open when it fails: whoever reads would wait for ever.
  const failed = done.then(() => new Promise<never>(() => undefined));
  failed.catch(() => undefined);
  const reader = readable.getReader();
  try {
    for (;;) {
      const next = await orDamaged(name, () => Promise.race([reader.read(), failed]));
      if (next.done) break;
      yield next.value;
    }
    await done;
  } finally {
    void reader.cancel().catch(() => undefined);
  }
}

/** Writes a zip to a sink, file after file, in little memory. */
export interface ZipFileWriter {
  /**
   * Adds a file with its time, exact to the millisecond for whoever reads NTFS times, to the second for the rest. `packed` says that its content
   * doesn't get smaller: it is stored as it is. `onBytes` gets what was written of it so far; what it throws ends the zip.
   */
  add(
    path: string,
    content: Blob,
    options: {readonly modified: number; readonly packed: boolean; readonly onBytes?: (bytes: number) => void},
  ): Promise<void>;
  close(): Promise<File>;
}

export async function writeZip(sink: FileSink): Promise<ZipFileWriter> {
  const zip = await library();
  let stopped: {readonly thrown: unknown} | undefined;
  const write = async (chunk: Uint8Array): Promise<void> => {
    if (stopped !== undefined) throw stopped.thrown;
    await sink.write(chunk);
  };
  const writer = new zip.ZipWriter(new WritableStream<Uint8Array>({write}), {
    keepOrder: true,
    extendedTimestamp: true,
    ntfsTimestamp: true,
  });
  return {
    async add(path, content, {modified, packed, onBytes}) {
      // A stored file's checksum stands before it: many programs can't read one whose checksum comes after.
      const stored = packed
        ? {
            passThrough: true,
            compressionMethod: 0,
            level: 0,
            uncompressedSize: content.size,
            crc32: await crc32Of(content),
          }
        : {};
      // The library passes over what is thrown here; the next chunk ends it.
      const onprogress = (bytes: number): undefined => {
        try {
          onBytes?.(bytes);
        } catch (thrown) {
          stopped = {thrown};
        }
      };
      await writer.add(path, new zip.BlobReader(content), {...stored, lastModDate: new Date(modified), onprogress});
    },
    async close() {
      await writer.close(undefined, {preventClose: true});
      return sink.close();
    },
  };
}

/** The checksum of a file's content as zip files have it. */
export async function crc32Of(content: Blob): Promise<number> {
  let crc = 0;
  for await (const chunk of readChunks(content)) crc = crc32(chunk, crc);
  return crc;
}

async function orDamaged<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof ProblemError) throw thrown;
    throw new ProblemError(damaged(name, thrown instanceof Error ? thrown.message : String(thrown)), {cause: thrown});
  }
}

const damaged = (file: string, reason: string): Problem => ({
  code: 'ZIP_DAMAGED',
  message: `${file} can’t be read as a zip: ${reason.replace(/[.\s]+$/, '')}.`,
  hint: 'Copy or download it again, or pack it anew.',
  where: {file},
});

const encrypted = (file: string): Problem => ({
  code: 'ZIP_ENCRYPTED',
  message: `${file} is protected by a password.`,
  hint: 'Pack it again without one.',
  where: {file},
});

const unsupported = (file: string, entry: string): Problem => ({
  code: 'ZIP_UNSUPPORTED',
  message: `${entry} in ${file} is compressed in a way that browsers can’t read.`,
  hint: 'Pack it again with the usual method, Deflate.',
  where: {file},
});

const unsafePath = (what: string, path: string): Problem => ({
  code: 'IMPORT_PATH_UNSAFE',
  message: `${what} has a file whose path leads out of its folder: ${path}. Nothing was imported.`,
  hint: 'Don’t trust this file; pack the table’s folder anew.',
  where: {file: what},
});
