import {describe, expect, test} from 'vitest';
import {deletedRows, parseBitmap} from '../../../../src/lake/deletion-vector.ts';
import {crc32} from '../../../../src/lib/crc32.ts';
import {z85} from '../../../../src/lake/z85.ts';
import {handMade, problem} from './hand-made.ts';

const u16 = (...values: number[]) => values.flatMap((value) => [value & 255, value >> 8]);
const u32 = (...values: number[]) => values.flatMap((value) => u16(value & 0xffff, value >>> 16));
const magic = 1681511377;
/** One 32-bit bitmap of key 0, in the portable 64-bit format. */
const portable = (bitmap: number[]) => Uint8Array.from([...u32(magic), ...u32(1, 0), ...u32(0), ...bitmap]);
const arrays = (...containers: [key: number, values: number[]][]) =>
  portable([
    ...u32(12346, containers.length),
    ...containers.flatMap(([key, values]) => u16(key, values.length - 1)),
    ...u32(...containers.map(() => 0)),
    ...containers.flatMap(([, values]) => u16(...values)),
  ]);

function stored(bitmap: Uint8Array, offset = 1): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(offset + 4 + bitmap.length + 4));
  view.setUint8(0, 1);
  view.setUint32(offset, bitmap.length);
  new Uint8Array(view.buffer).set(bitmap, offset + 4);
  view.setUint32(offset + 4 + bitmap.length, crc32(bitmap));
  return new Uint8Array(view.buffer);
}

const path = 't/ab/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin';
const onDisk = (bitmap: Uint8Array, cardinality: number, offset?: number) =>
  ({
    storageType: 'u',
    pathOrInlineDv: 'ab^-aqEH.-t@S}K{vb[*k^',
    ...(offset === undefined ? {} : {offset}),
    sizeInBytes: bitmap.length,
    cardinality,
  }) as const;

describe('the rows of a bitmap', () => {
  test("of one in the log, as delta-kernel's tests have it", async () => {
    const inline = {
      storageType: 'i',
      pathOrInlineDv: '^Bg9^0rr910000000000iXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L',
      sizeInBytes: 44,
      cardinality: 6,
    } as const;
    expect([...(await deletedRows(handMade({}).store, 't', inline))]).toEqual([3, 4, 7, 11, 18, 29]);
  });

  test('in arrays', () => {
    expect([...parseBitmap(arrays([0, [1, 65535]], [2, [0, 7]]))]).toEqual([1, 65535, 131072, 131079]);
  });

  test('in a container of bits', () => {
    const bits = Array.from({length: 8192}, (_, index) => (index < 1024 ? 0xff : 0));
    const rows = parseBitmap(portable([...u32(12346, 1), ...u16(1, 8191), ...u32(0), ...bits]));
    expect([rows.length, rows[0], rows.at(-1)]).toEqual([8192, 65536, 65536 + 8191]);
  });

  test('in runs, with offsets only from four containers on', () => {
    const few = portable([...u16(12347, 1), 0b01, ...u16(0, 4, 1, 1), ...u16(2, 10, 2, 100, 1), ...u16(3, 9)]);
    expect([...parseBitmap(few)]).toEqual([10, 11, 12, 100, 101, 65539, 65545]);
    const four = portable([
      ...u16(12347, 3),
      0b1111,
      ...u16(0, 0, 1, 0, 2, 0, 3, 0),
      ...u32(0, 0, 0, 0),
      ...[0, 1, 2, 3].flatMap((value) => u16(1, value, 0)),
    ]);
    expect([...parseBitmap(four)]).toEqual([0, 65537, 131074, 196611]);
  });

  test('of none', () => {
    expect([...parseBitmap(Uint8Array.from([...u32(magic), ...u32(0, 0)]))]).toEqual([]);
  });

  test.each([
    ['another magic number', Uint8Array.from([...u32(5), ...u32(0, 0)]), 'its magic number is wrong'],
    ['the format of early writers', Uint8Array.from([...u32(magic - 1), ...u32(0, 0)]), 'early writers'],
    [
      'rows beyond 32 bits',
      Uint8Array.from([...u32(magic), ...u32(1, 0), ...u32(1), ...u32(12346, 0)]),
      'beyond the first',
    ],
    ['rows beyond 31 bits', arrays([40000, [1]]), 'beyond the first 2,147,483,648'],
    ['an unknown bitmap', portable(u32(99)), 'unknown format'],
  ])('is refused for %s', (_, bytes, message) => {
    expect(() => parseBitmap(bytes)).toThrow(message);
  });
});

describe('a deletion vector in a file', () => {
  const bitmap = arrays([0, [2, 4]]);

  test('is found by its prefix, its id and its offset', async () => {
    expect([...(await deletedRows(handMade({[path]: stored(bitmap)}).store, 't', onDisk(bitmap, 2)))]).toEqual([2, 4]);
    expect([...(await deletedRows(handMade({[path]: stored(bitmap, 45)}).store, 't', onDisk(bitmap, 2, 45)))]).toEqual([
      2, 4,
    ]);
  });

  test('is found by an absolute path in the table', async () => {
    const {store} = handMade({'t/x.bin': stored(bitmap)});
    const vector = {
      storageType: 'p',
      pathOrInlineDv: 's3://bucket/old/x.bin',
      offset: 1,
      sizeInBytes: bitmap.length,
      cardinality: 2,
    } as const;
    expect([...(await deletedRows(store, 't', vector, 's3://bucket/old/'))]).toEqual([2, 4]);
    expect(await problem(deletedRows(store, 't', vector))).toMatchObject({
      message: "The deletion vector s3://bucket/old/x.bin lies outside the table's folder.",
    });
  });

  const damaged = stored(bitmap);
  damaged[20] = (damaged[20] ?? 0) ^ 1;
  const version2 = stored(bitmap);
  version2[0] = 2;
  test.each([
    ['is missing', {}, onDisk(bitmap, 2), 'is missing.'],
    ['was changed', {[path]: damaged}, onDisk(bitmap, 2), 'its checksum is wrong.'],
    ['was cut off', {[path]: stored(bitmap).slice(0, 20)}, onDisk(bitmap, 2), 'it ends too early.'],
    ['has another count', {[path]: stored(bitmap)}, onDisk(bitmap, 3), 'it deletes 2 rows, not 3.'],
    ['has another size', {[path]: stored(bitmap)}, {...onDisk(bitmap, 2), sizeInBytes: 8}, 'bytes, not 8.'],
    ['is of another version', {[path]: version2}, onDisk(bitmap, 2), 'the file has an unknown version.'],
  ])('that %s is refused', async (_, contents, vector, message) => {
    const found = await problem(deletedRows(handMade(contents).store, 't', vector));
    expect(found.code).toBe('DELTA_DELETION_VECTOR_BROKEN');
    expect(found.message).toContain(message);
  });
});

test('Z85 is that of its specification', () => {
  expect([...z85('HelloWorld')]).toEqual([0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b]);
  expect(() => z85('abcd')).toThrow();
  expect(() => z85('abc~d')).toThrow();
  expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
});
