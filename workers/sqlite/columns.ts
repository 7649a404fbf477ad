import {
  Binary,
  Bool,
  DateDay,
  Field,
  Float64,
  Int64,
  makeData,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  TimestampMicrosecond,
  Utf8,
  type Data,
  type DataType,
} from 'apache-arrow';
import type {Kind} from './types.ts';

/** Bytes of texts or blobs one after the other. */
class Bytes {
  offsets: Int32Array;
  data = new Uint8Array(1 << 16);

  constructor(rows: number) {
    this.offsets = new Int32Array(rows + 1);
  }

  set(row: number, value: Uint8Array): void {
    const start = this.offsets[row] ?? 0;
    if (start + value.length > this.data.length) {
      const larger = new Uint8Array(Math.max(start + value.length, this.data.length * 2));
      larger.set(this.data.subarray(0, start));
      this.data = larger;
    }
    this.data.set(value, start);
    this.offsets[row + 1] = start + value.length;
  }
}

type Values =
  | {readonly kind: 'BIGINT' | 'TIMESTAMP'; readonly values: BigInt64Array}
  | {readonly kind: 'DOUBLE'; readonly values: Float64Array}
  | {readonly kind: 'DATE'; readonly values: Int32Array}
  | {readonly kind: 'BOOLEAN'; readonly values: Uint8Array}
  | {readonly kind: 'VARCHAR' | 'BLOB'; readonly values: Bytes};

function valuesOf(kind: Kind, rows: number): Values {
  switch (kind) {
    case 'BIGINT':
    case 'TIMESTAMP':
      return {kind, values: new BigInt64Array(rows)};
    case 'DOUBLE':
      return {kind, values: new Float64Array(rows)};
    case 'DATE':
      return {kind, values: new Int32Array(rows)};
    case 'BOOLEAN':
      return {kind, values: new Uint8Array((rows + 7) >> 3)};
    case 'VARCHAR':
    case 'BLOB':
      return {kind, values: new Bytes(rows)};
  }
}

const types: Readonly<Record<Kind, () => DataType>> = {
  BIGINT: () => new Int64(),
  TIMESTAMP: () => new TimestampMicrosecond(),
  DOUBLE: () => new Float64(),
  DATE: () => new DateDay(),
  BOOLEAN: () => new Bool(),
  VARCHAR: () => new Utf8(),
  BLOB: () => new Binary(),
};

/** One column of a batch; a row that is set again forgets what it held. */
export class Column {
  readonly content: Values;
  readonly #valid: Uint8Array;

  constructor(
    readonly name: string,
    readonly kind: Kind,
    rows: number,
  ) {
    this.content = valuesOf(kind, rows);
    this.#valid = new Uint8Array((rows + 7) >> 3);
  }

  /** How many bytes its texts or blobs have before a row. */
  bytes(row: number): number {
    const {content} = this;
    return content.kind === 'VARCHAR' || content.kind === 'BLOB' ? (content.values.offsets[row] ?? 0) : 0;
  }

  mark(row: number, isThere: boolean): void {
    const bit = 1 << (row & 7);
    const byte = this.#valid[row >> 3] ?? 0;
    this.#valid[row >> 3] = isThere ? byte | bit : byte & ~bit;
    const {content} = this;
    if (!isThere && (content.kind === 'VARCHAR' || content.kind === 'BLOB'))
      content.values.offsets[row + 1] = content.values.offsets[row] ?? 0;
  }

  data(rows: number): Data {
    const {content} = this;
    const nullBitmap = this.#valid.slice(0, (rows + 7) >> 3);
    const type = types[this.kind]();
    let nullCount = 0;
    for (let row = 0; row < rows; row++) if (((nullBitmap[row >> 3] ?? 0) & (1 << (row & 7))) === 0) nullCount++;
    const base = {type, length: rows, nullCount, nullBitmap};
    if (content.values instanceof Bytes) {
      const valueOffsets = content.values.offsets.slice(0, rows + 1);
      // The cast: the type is one with offsets, which the union hides.
      return makeData({
        ...base,
        type: type as Utf8,
        valueOffsets,
        data: content.values.data.slice(0, valueOffsets[rows]),
      });
    }
    const data = content.kind === 'BOOLEAN' ? content.values.slice(0, (rows + 7) >> 3) : content.values.slice(0, rows);
    // The casts: the buffer is of the type's own kind.
    return makeData({...base, type: type as Int64, data: data as BigInt64Array});
  }
}

/** The first rows of columns as one IPC stream. */
export function ipcOf(columns: readonly Column[], rows: number): Uint8Array {
  const schema = new Schema(columns.map(({name, kind}) => new Field(name, types[kind](), true)));
  const children = columns.map((column) => column.data(rows));
  const batch = new RecordBatch(
    schema,
    makeData({type: new Struct(schema.fields), length: rows, nullCount: 0, children}),
  );
  return RecordBatchStreamWriter.writeAll([batch]).toUint8Array(true);
}
