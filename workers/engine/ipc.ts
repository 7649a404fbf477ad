import {Field, Float64, Int32, makeData, RecordBatch, RecordBatchStreamWriter, Schema, Struct} from 'apache-arrow';
import {joinBytes} from '../../src/lib/bytes.ts';
import type {KernelColumn} from '../contract/engine.ts';

// The end-of-stream marker of the Arrow IPC format: a continuation and a length of zero.
const endOfStream = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);

/** A schema message and record batch messages as one complete IPC stream. */
export function ipcStream(schema: Uint8Array, batches: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return joinBytes([schema, ...batches, endOfStream]);
}

const missingInt = -2147483648;

/** Rows `start` to `end` of equally long columns as an IPC stream; what a `KernelColumn` calls missing is NULL. */
export function columnsIpc(columns: readonly KernelColumn[], start: number, end: number): Uint8Array {
  const fields = columns.map(
    ({name, values}) => new Field(name, values instanceof Int32Array ? new Int32() : new Float64(), true),
  );
  const children = columns.map(({values}) => {
    const data = values.subarray(start, end);
    const nulls = nullsOf(data);
    return data instanceof Int32Array
      ? makeData({type: new Int32(), data, ...nulls})
      : makeData({type: new Float64(), data, ...nulls});
  });
  const rows = makeData({type: new Struct(fields), length: end - start, nullCount: 0, children});
  const writer = new RecordBatchStreamWriter();
  writer.write(new RecordBatch(new Schema(fields), rows));
  writer.finish();
  return writer.toUint8Array(true);
}

/** The bitmap of the values that are there; without one, all are. A loop for each kind of array keeps both fast. */
function nullsOf(values: Int32Array | Float64Array): {nullCount: number; nullBitmap?: Uint8Array} {
  const bitmap = new Uint8Array(Math.ceil(values.length / 8));
  const nullCount = values instanceof Int32Array ? markInts(values, bitmap) : markFloats(values, bitmap);
  return nullCount === 0 ? {nullCount} : {nullCount, nullBitmap: bitmap};
}

function markInts(values: Int32Array, bitmap: Uint8Array): number {
  let missing = 0;
  for (let i = 0; i < values.length; i++) {
    if (values[i] === missingInt) missing++;
    else bitmap[i >> 3] = (bitmap[i >> 3] ?? 0) | (1 << (i & 7));
  }
  return missing;
}

function markFloats(values: Float64Array, bitmap: Uint8Array): number {
  let missing = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    // Only NaN is unequal to itself.
    if (value !== value) missing++;
    else bitmap[i >> 3] = (bitmap[i >> 3] ?? 0) | (1 << (i & 7));
  }
  return missing;
}
