import {crc32} from '../lib/crc32.ts';
import {ProblemError} from '../lib/problem.ts';
import type {DeletionVector} from './actions.ts';
import type {FileStore} from './file-store.ts';
import {deletionVectorPath, pathInTable} from './paths.ts';
import {z85} from './z85.ts';

/** Of a 64-bit RoaringBitmap in the portable format, the only one the protocol allows. */
const portableMagic = 1681511377;
const nativeMagic = 1681511376;

/** The rows that a deletion vector deletes, counted from 0, ascending. Throws a `ProblemError` when its file is missing or damaged. */
export async function deletedRows(
  store: FileStore,
  root: string,
  vector: DeletionVector,
  home?: string,
): Promise<Int32Array> {
  const log = deletionVectorPath(vector);
  const name = log === undefined ? 'A deletion vector in the log' : `The deletion vector ${log}`;
  try {
    const rows = parseBitmap(
      log === undefined
        ? z85(vector.pathOrInlineDv).subarray(0, vector.sizeInBytes)
        : await readStored(store, root, vector, log, home),
    );
    if (rows.length !== vector.cardinality)
      throw new Error(`it deletes ${rows.length} rows, not ${vector.cardinality}`);
    return rows;
  } catch (cause) {
    if (cause instanceof ProblemError) throw cause;
    const reason =
      cause instanceof RangeError ? 'it ends too early' : cause instanceof Error ? cause.message : String(cause);
    throw broken(`${name} can't be read: ${reason}.`, cause);
  }
}

async function readStored(
  store: FileStore,
  root: string,
  vector: DeletionVector,
  log: string,
  home: string | undefined,
): Promise<Uint8Array> {
  const path = pathInTable(log, home);
  if (path === undefined) throw broken(`The deletion vector ${log} lies outside the table's folder.`);
  const file = await store.read(`${root}/${path}`);
  if (file === null) throw broken(`The deletion vector ${path} is missing.`);
  // The first one in a file comes after the format's version byte.
  const offset = vector.offset ?? 1;
  const head = new DataView(await file.slice(0, 1).arrayBuffer());
  if (head.byteLength !== 1 || head.getUint8(0) !== 1) throw new Error('the file has an unknown version');
  const stored = new DataView(await file.slice(offset, offset + 4 + vector.sizeInBytes + 4).arrayBuffer());
  if (stored.getUint32(0) !== vector.sizeInBytes)
    throw new Error(`it takes ${stored.getUint32(0)} bytes, not ${vector.sizeInBytes}`);
  const bitmap = new Uint8Array(stored.buffer, 4, vector.sizeInBytes);
  if (stored.getUint32(4 + vector.sizeInBytes) !== crc32(bitmap)) throw new Error('its checksum is wrong');
  return bitmap;
}

/** Reads a 64-bit RoaringBitmap after its magic number (“Deletion Vector Format” in the protocol); row numbers must fit 31 bits. */
export function parseBitmap(bytes: Uint8Array): Int32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getInt32(0, true);
  if (magic === nativeMagic) throw new Error('it is in the format that only some early writers had');
  if (magic !== portableMagic) throw new Error('its magic number is wrong');
  const bitmaps = Number(view.getBigUint64(4, true));
  const reader = {view, at: 12};
  const rows: number[] = [];
  for (let index = 0; index < bitmaps; index++) {
    if (u32(reader) !== 0) throw new Error('it deletes rows beyond the first 4,294,967,296');
    readRoaring(reader, rows);
  }
  if ((rows.at(-1) ?? 0) > 0x7fffffff) throw new Error('it deletes rows beyond the first 2,147,483,648');
  return Int32Array.from(rows);
}

interface Reader {
  readonly view: DataView;
  at: number;
}

/** A 32-bit RoaringBitmap (https://github.com/RoaringBitmap/RoaringFormatSpec): containers of 65,536 values each. */
function readRoaring(reader: Reader, rows: number[]): void {
  const cookie = u32(reader);
  const hasRuns = (cookie & 0xffff) === 12347;
  if (!hasRuns && cookie !== 12346) throw new Error('its bitmap has an unknown format');
  const size = hasRuns ? (cookie >>> 16) + 1 : u32(reader);
  const runFlags = reader.at;
  if (hasRuns) reader.at += Math.ceil(size / 8);
  const containers = Array.from({length: size}, () => ({key: u16(reader), cardinality: u16(reader) + 1}));
  // The offsets of the containers, which stand in order anyway; a bitmap of few containers with runs has none.
  if (!hasRuns || size >= 4) reader.at += size * 4;
  for (const [index, {key, cardinality}] of containers.entries()) {
    const base = key * 65536;
    if (hasRuns && (reader.view.getUint8(runFlags + (index >> 3)) & (1 << (index & 7))) !== 0) {
      for (let run = u16(reader); run > 0; run--) {
        const first = u16(reader);
        const last = first + u16(reader);
        for (let value = first; value <= last; value++) rows.push(base + value);
      }
    } else if (cardinality > 4096) {
      for (let word = 0; word < 2048; word++) {
        const bits = u32(reader);
        for (let bit = 0; bit < 32; bit++) if ((bits >>> bit) & 1) rows.push(base + word * 32 + bit);
      }
    } else {
      for (let value = 0; value < cardinality; value++) rows.push(base + u16(reader));
    }
  }
}

function u32(reader: Reader): number {
  reader.at += 4;
  return reader.view.getUint32(reader.at - 4, true);
}

function u16(reader: Reader): number {
  reader.at += 2;
  return reader.view.getUint16(reader.at - 2, true);
}

const broken = (message: string, cause?: unknown) =>
  new ProblemError(
    {
      code: 'DELTA_DELETION_VECTOR_BROKEN',
      message,
      hint: 'Without it deleted rows would come back: take this table from a copy, or open an earlier version.',
    },
    {cause},
  );
