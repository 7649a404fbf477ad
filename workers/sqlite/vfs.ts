import type {Sqlite3Static} from '@sqlite.org/sqlite-wasm';

/** Bytes that can be read by position. */
export interface Source {
  readonly size: number;
  readonly read: (start: number, end: number) => Uint8Array;
}

/** Workers have it; the types of the page don't. */
declare class FileReaderSync {
  readAsArrayBuffer(blob: Blob): ArrayBuffer;
}

const blockBytes = 1 << 20;
const keptBlocks = 16;

/** A file of the browser's, in blocks that are kept for a while: pages are small, and each look at a file costs. */
export function fileSource(file: File): Source {
  const reader = new FileReaderSync();
  const blocks = new Map<number, Uint8Array>();
  const block = (number: number): Uint8Array => {
    const kept =
      blocks.get(number) ??
      new Uint8Array(reader.readAsArrayBuffer(file.slice(number * blockBytes, (number + 1) * blockBytes)));
    blocks.delete(number);
    blocks.set(number, kept);
    const [oldest] = blocks.keys();
    if (blocks.size > keptBlocks && oldest !== undefined) blocks.delete(oldest);
    return kept;
  };
  return {
    size: file.size,
    read(start, end) {
      const bytes = new Uint8Array(Math.max(0, Math.min(end, file.size) - start));
      for (let at = 0; at < bytes.length;) {
        const from = (start + at) % blockBytes;
        const part = block(Math.floor((start + at) / blockBytes)).subarray(from, from + bytes.length - at);
        if (part.length === 0) return bytes.subarray(0, at);
        bytes.set(part, at);
        at += part.length;
      }
      return bytes;
    },
  };
}

export const vfsName = 'source';

/** Where the header says how the file is written and read: 2 is a write-ahead log, which isn't there; 1 is none. */
const versions = [18, 19];

/** The members of the library's structs as they are: its own types leave out the `$`. */
type Struct = Record<`$${string}`, unknown> & {readonly pointer: number; dispose(): void};
type StructType = {new (pointer?: number): Struct; readonly structInfo: {readonly sizeof: number}};

/** A file system of SQLite's with one file in it, `source`, that can only be read. */
export function installSource(sqlite: Sqlite3Static, source: Source): void {
  const {capi, wasm} = sqlite;
  // The casts: see `Struct`; the methods are called with numbers and give them.
  const {
    sqlite3_io_methods: IoMethods,
    sqlite3_vfs: Vfs,
    sqlite3_file: OpenFile,
  } = capi as unknown as Record<string, StructType> & {
    sqlite3_io_methods: StructType;
    sqlite3_vfs: StructType;
    sqlite3_file: StructType;
  };
  const install = sqlite.vfs.installVfs as unknown as (
    what: Readonly<Record<'io' | 'vfs', {struct: Struct; name?: string; methods: Readonly<Record<string, Method>>}>>,
  ) => void;
  const io = new IoMethods();
  io.$iVersion = 1;
  const files = new Vfs();
  const found = new Vfs(Number(capi.sqlite3_vfs_find(null)));
  files.$iVersion = 1;
  files.$szOsFile = OpenFile.structInfo.sizeof;
  files.$mxPathname = 512;
  files.$xRandomness = found.$xRandomness;
  files.$xSleep = found.$xSleep;
  files.$xCurrentTime = found.$xCurrentTime;
  found.dispose();
  const opened = new Map<number, Struct>();
  const refuse = (): number => capi.SQLITE_READONLY;
  const fine = (): number => 0;
  const setInt = (at: number): number => {
    wasm.poke32(at, 0);
    return 0;
  };
  install({
    io: {
      struct: io,
      methods: {
        xClose(file) {
          opened.get(file)?.dispose();
          opened.delete(file);
          return 0;
        },
        xRead(_file, into, count, offset) {
          const start = Number(offset);
          try {
            const bytes = source.read(start, start + count);
            const heap = wasm.heap8u();
            heap.set(bytes, into);
            for (const at of versions)
              if (at >= start && at < start + bytes.length && heap[into + at - start] === 2)
                heap[into + at - start] = 1;
            if (bytes.length === count) return 0;
            heap.fill(0, into + bytes.length, into + count);
            return capi.SQLITE_IOERR_SHORT_READ;
          } catch {
            return capi.SQLITE_IOERR_READ;
          }
        },
        xWrite: (_file, _from, _count, _offset) => refuse(),
        xTruncate: (_file, _size) => refuse(),
        xSync: (_file, _flags) => fine(),
        xFileSize(_file, size) {
          new DataView(wasm.heap8u().buffer).setBigInt64(size, BigInt(source.size), true);
          return 0;
        },
        xLock: (_file, _level) => fine(),
        xUnlock: (_file, _level) => fine(),
        xCheckReservedLock: (_file, out) => setInt(out),
        xFileControl: (_file, _what, _argument) => capi.SQLITE_NOTFOUND,
        xSectorSize: (_file) => 4096,
        xDeviceCharacteristics: (_file) => capi.SQLITE_IOCAP_IMMUTABLE,
      },
    },
    vfs: {
      struct: files,
      name: vfsName,
      methods: {
        xOpen(_vfs, _name, file, flags, out) {
          if ((flags & capi.SQLITE_OPEN_MAIN_DB) === 0) return capi.SQLITE_CANTOPEN;
          const made = new OpenFile(file);
          made.$pMethods = io.pointer;
          opened.set(file, made);
          if (out !== 0) wasm.poke32(out, flags);
          return 0;
        },
        xDelete: (_vfs, _name, _sync) => refuse(),
        xAccess: (_vfs, _name, _flags, out) => setInt(out),
        xFullPathname: (_vfs, name, room, out) => (wasm.cstrncpy(out, name, room) < room ? 0 : capi.SQLITE_CANTOPEN),
        xGetLastError: (_vfs, _room, _out) => fine(),
      },
    },
  });
}

/** Pointers and counts are numbers, a place in a file may be a bigint. */
type Method = (a: number, b: number, c: number, d: number, e: number) => number;
