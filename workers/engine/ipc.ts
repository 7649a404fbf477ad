import {
  Bool,
  Field,
  Float64,
  Int32,
  makeData,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  TimestampMicrosecond,
  Utf8,
  type Data,
} from 'apache-arrow';
import {joinBytes} from '../../src/lib/bytes.ts';
import {nullInt, nullTime} from '../../src/lib/nulls.ts';
import type {KernelColumn} from '../contract/engine.ts';

// The end-of-stream marker of the Arrow IPC format: a continuation and a length of zero.
const endOfStream = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);

/** A schema message and record batch messages as one complete IPC stream. */
export function ipcStream(schema: Uint8Array, batches: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return joinBytes([schema, ...batches, endOfStream]);
}

/** Rows `start` to `end` of equally long columns as an IPC stream; what a `KernelColumn` calls missing is NULL. */
export function columnsIpc(columns: readonly KernelColumn[], start: number, end: number): Uint8Array {
  const children = columns.map((column) => dataOf(column, start, end));
  const fields = columns.map(({name}, i) => new Field(name, children[i]?.type ?? new Int32(), true));
  const rows = makeData({type: new Struct(fields), length: end - start, nullCount: 0, children});
  const writer = new RecordBatchStreamWriter();
  writer.write(new RecordBatch(new Schema(fields), rows));
  writer.finish();
  return writer.toUint8Array(true);
}

function dataOf(column: KernelColumn, start: number, end: number): Data {
  switch (column.kind) {
    case 'numbers': {
      const data = column.values.subarray(start, end);
      return data instanceof Int32Array
        ? makeData({type: new Int32(), data, ...nullsOf(data, nullInt)})
        : makeData({type: new Float64(), data, ...nansOf(data)});
    }
    case 'times': {
      const data = column.values.subarray(start, end);
      return makeData({type: new TimestampMicrosecond(), data, ...nullsOf(data, nullTime)});
    }
    case 'booleans': {
      const values = column.values.subarray(start, end);
      const data = new Uint8Array(Math.ceil(values.length / 8));
      for (let i = 0; i < values.length; i++) if (values[i] === 1) setBit(data, i);
      return makeData({type: new Bool(), length: values.length, data, ...nullsOf(values, -1)});
    }
    case 'texts': {
      const places = column.values.subarray(start, end);
      return makeData({
        type: new Utf8(),
        length: places.length,
        ...textsOf(places, column.words),
        ...nullsOf(places, -1),
      });
    }
  }
}

/** The texts at these places, one behind the other. */
function textsOf(places: Int32Array, words: readonly string[]): {valueOffsets: Int32Array; data: Uint8Array} {
  const encoder = new TextEncoder();
  const encoded = words.map((word) => encoder.encode(word));
  const valueOffsets = new Int32Array(places.length + 1);
  let end = 0;
  for (let i = 0; i < places.length; i++) valueOffsets[i + 1] = end += encoded[places[i] ?? -1]?.length ?? 0;
  const data = new Uint8Array(end);
  for (let i = 0; i < places.length; i++) data.set(encoded[places[i] ?? -1] ?? [], valueOffsets[i]);
  return {valueOffsets, data};
}

interface Nulls {
  readonly nullCount: number;
  /** The values that are there; without one, all are. */
  readonly nullBitmap?: Uint8Array;
}

function nullsOf(values: Int32Array | Int8Array | BigInt64Array, missing: number | bigint): Nulls {
  const nullBitmap = new Uint8Array(Math.ceil(values.length / 8));
  let nullCount = 0;
  for (let i = 0; i < values.length; i++) {
    if (values[i] === missing) nullCount++;
    else setBit(nullBitmap, i);
  }
  return nullCount === 0 ? {nullCount} : {nullCount, nullBitmap};
}

/** In a loop of its own, so that the one for floats stays fast. */
function nansOf(values: Float64Array): Nulls {
  const nullBitmap = new Uint8Array(Math.ceil(values.length / 8));
  let nullCount = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    // Only NaN is unequal to itself.
    if (value !== value) nullCount++;
    else setBit(nullBitmap, i);
  }
  return nullCount === 0 ? {nullCount} : {nullCount, nullBitmap};
}

function setBit(bitmap: Uint8Array, i: number): void {
  bitmap[i >> 3] = (bitmap[i >> 3] ?? 0) | (1 << (i & 7));
}
