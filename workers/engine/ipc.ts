import {Field, Float64, Int32, makeData, RecordBatch, RecordBatchReader, RecordBatchStreamWriter, Schema, Struct} from 'apache-arrow';
import {joinBytes} from '../../src/lib/bytes.ts';
import type {KernelColumn} from '../contract/engine.ts';

// The end-of-stream marker of the Arrow IPC format: a continuation and a length of zero.
const endOfStream = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);

/** A schema message and record batch messages as one complete IPC stream. */
export function ipcStream(schema: Uint8Array, batches: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return joinBytes([schema, ...batches, endOfStream]);
}

/** The rows of an IPC stream whose columns are all float64, row-major; NULL becomes NaN. */
export function rowMajor(ipc: Uint8Array): Float64Array<ArrayBuffer> {
  const batches = [...RecordBatchReader.from(ipc)];
  const columns = batches[0]?.numCols ?? 0;
  const values = new Float64Array(batches.reduce((sum, batch) => sum + batch.numRows, 0) * columns);
  let start = 0;
  for (const batch of batches) {
    batch.data.children.forEach((data, column) => {
      // The caller's query casts every column to DOUBLE.
      const source = data.values as Float64Array;
      for (let row = 0, at = start + column; row < batch.numRows; row++, at += columns) values[at] = source[row] ?? NaN;
      if (data.nullCount > 0) for (let row = 0; row < batch.numRows; row++) if (!data.getValid(row)) values[start + row * columns + column] = NaN;
    });
    start += batch.numRows * columns;
  }
  return values;
}

const missingInt = -2147483648;

/** Rows `start` to `end` of equally long columns as an IPC stream; what a `KernelColumn` calls missing is NULL. */
export function columnsIpc(columns: readonly KernelColumn[], start: number, end: number): Uint8Array {
  const fields = columns.map(({name, values}) => new Field(name, values instanceof Int32Array ? new Int32() : new Float64(), true));
  const children = columns.map(({values}) => {
    const data = values.subarray(start, end);
    const nulls = nullsOf(data);
    return data instanceof Int32Array ? makeData({type: new Int32(), data, ...nulls}) : makeData({type: new Float64(), data, ...nulls});
  });
  const rows = makeData({type: new Struct(fields), length: end - start, nullCount: 0, children});
  const writer = new RecordBatchStreamWriter();
  writer.write(new RecordBatch(new Schema(fields), rows));
  writer.finish();
  return writer.toUint8Array(true);
}

function nullsOf(values: Int32Array | Float64Array): {nullCount: number; nullBitmap?: Uint8Array} {
  const missing = values instanceof Int32Array ? (value: number) => value === missingInt : Number.isNaN;
  const valid = new Uint8Array(Math.ceil(values.length / 8)).fill(0xff);
  let nullCount = 0;
  values.forEach((value, i) => {
    if (!missing(value)) return;
    nullCount++;
    valid[i >> 3] = (valid[i >> 3] ?? 0) & ~(1 << (i & 7));
  });
  return nullCount === 0 ? {nullCount} : {nullCount, nullBitmap: valid};
}
