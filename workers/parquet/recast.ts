import {
  Data,
  DataType,
  Field,
  FixedSizeList,
  Float32,
  Float64,
  List,
  makeData,
  Map_,
  RecordBatch,
  RecordBatchReader,
  RecordBatchStreamWriter,
  Precision,
  Schema,
  Struct,
  TimeMicrosecond,
  TimestampMicrosecond,
  TimeUnit,
  type Decimal,
} from 'apache-arrow';
import type {LeafKind} from './footer.ts';
import {relabel} from './ipc.ts';

/** How a column's type and values are changed. */
interface Recast {
  readonly type: DataType;
  /** Absent where the values stay as they are, byte by byte. */
  readonly convert?: (data: Data) => Data;
}

/** Changes every IPC stream of one schema in the same way. */
export type Recaster = (ipc: Uint8Array) => Uint8Array;

/**
 * What DuckDB-WASM refuses or gets wrong in Arrow from Parquet, made right: timestamps become microseconds without a zone
 * (UTC; its zoned type needs an extension), times microseconds, half floats FLOAT, decimals beyond 38 digits DOUBLE; a UUID
 * is marked as one and JSON is plain text. `leaves` are the Parquet kinds of the columns without children, in order. Returns undefined
 * when all is well as it is.
 */
export function recastRead(schema: Schema, leaves: readonly LeafKind[]): Recaster | undefined {
  const next = leaves[Symbol.iterator]();
  return recaster(schema, (field) => readField(field, next));
}

/** What Parquet can't say: timestamps in seconds become microseconds. Undefined when all is well as it is. */
export const recastWrite = (schema: Schema): Recaster | undefined => recaster(schema, writeField);

/** A field as it becomes; `recast` is undefined when at most its name and metadata change. */
export interface FieldRecast {
  readonly field: Field<DataType>;
  readonly recast: Recast | undefined;
}

/** What becomes of a field, the `i`th of its parent; undefined leaves it out. */
export type RecastField = (field: Field<DataType>, i: number) => FieldRecast | undefined;

/** Changes streams of `schema` field by field; undefined when none changes. Where only the schema differs, the batches' bytes are passed on. */
export function recaster(schema: Schema, of: RecastField): Recaster | undefined {
  const all = schema.fields.map(of);
  const columns = all.filter((column) => column !== undefined);
  if (isSame(all, schema.fields)) return undefined;
  const changed = new Schema(columns.map(({field}) => field));
  if (keepsLayout(all)) return relabel(changed);
  return (ipc) => {
    const reader = RecordBatchReader.from(ipc);
    const writer = new RecordBatchStreamWriter();
    writer.reset(undefined, changed);
    for (const batch of reader) {
      const children = converted(batch.data.children, all);
      const data = makeData({type: new Struct(changed.fields), length: batch.numRows, nullCount: 0, children});
      writer.write(new RecordBatch(changed, data));
    }
    return writer.finish().toUint8Array(true);
  };
}

const isSame = (columns: readonly (FieldRecast | undefined)[], fields: readonly Field<DataType>[]): boolean =>
  columns.every((column, i) => column !== undefined && column.recast === undefined && column.field === fields[i]);

const keepsLayout = (columns: readonly (FieldRecast | undefined)[]): boolean =>
  columns.every((column) => column !== undefined && column.recast?.convert === undefined);

/** Children that stay, in their new types. */
const converted = (children: readonly Data[], columns: readonly (FieldRecast | undefined)[]): Data[] =>
  children.flatMap((data, i) => {
    const column = columns[i];
    return column === undefined ? [] : [column.recast?.convert?.(data) ?? retyped(data, column.field.type)];
  });

/** The same values under a type of the same layout, whose parts may have other names. */
const retyped = (data: Data, type: DataType): Data =>
  data.type === type
    ? data
    : data.clone(
        type,
        data.offset,
        data.length,
        data.nullCount,
        data.buffers,
        // The cast: types without children have null there.
        data.children.map((child, i) =>
          retyped(child, ((type.children ?? []) as readonly Field<DataType>[])[i]?.type ?? child.type),
        ),
      );

function readField(field: Field<DataType>, leaves: Iterator<LeafKind>): FieldRecast {
  return recastNested(field, (child) => readField(child, leaves)) ?? readLeaf(field, leaves);
}

/** A field without children as DuckDB-WASM takes it; takes its kind from `leaves`. */
export function readLeaf(field: Field<DataType>, leaves: Iterator<LeafKind>): FieldRecast {
  const next = leaves.next();
  const kind = next.done === true ? 'other' : next.value;
  if (kind === 'uuid')
    return {
      field: new Field(field.name, field.type, field.nullable, new Map([['ARROW:extension:name', 'arrow.uuid']])),
      recast: undefined,
    };
  const isJson = field.metadata.get('ARROW:extension:name') === 'arrow.json';
  return withRecast(isJson ? new Field(field.name, field.type, field.nullable) : field, leafRecast(field.type, kind));
}

function writeField(field: Field<DataType>): FieldRecast {
  const nested = recastNested(field, writeField);
  if (nested !== undefined) return nested;
  const {type} = field;
  const seconds = DataType.isTimestamp(type) && type.unit === TimeUnit.SECOND;
  return withRecast(field, seconds ? micros(new TimestampMicrosecond(type.timezone), perSecond) : undefined);
}

const withRecast = (field: Field<DataType>, recast: Recast | undefined): FieldRecast => ({
  field: recast === undefined ? field : new Field(field.name, recast.type, field.nullable, field.metadata),
  recast,
});

/** A field with children, each as `of` says; undefined for one without. */
export function recastNested(field: Field<DataType>, of: RecastField): FieldRecast | undefined {
  const {type} = field;
  if (!DataType.isStruct(type) && !DataType.isList(type) && !DataType.isFixedSizeList(type) && !DataType.isMap(type))
    return undefined;
  const fields: readonly Field<DataType>[] = type.children;
  const all = fields.map(of);
  if (isSame(all, fields)) return {field, recast: undefined};
  const children = all.filter((child) => child !== undefined);
  const changed = nestedType(
    type,
    children.map((child) => child.field),
  );
  if (keepsLayout(all)) return withRecast(field, {type: changed});
  return withRecast(field, {
    type: changed,
    convert: (data) =>
      data.clone(changed, data.offset, data.length, data.nullCount, data.buffers, converted(data.children, all)),
  });
}

function nestedType(type: DataType, children: Field<DataType>[]): DataType {
  const [only] = children;
  if (DataType.isStruct(type) || only === undefined) return new Struct(children);
  if (DataType.isFixedSizeList(type)) return new FixedSizeList(type.listSize, only);
  // The cast: a map's one child is its struct of keys and values.
  return DataType.isMap(type) ? new Map_(only as Map_['children'][0], type.keysSorted) : new List(only);
}

const perSecond = (value: bigint): bigint => value * 1_000_000n;
const perMilli = (value: bigint): bigint => value * 1000n;
/** Rounds down, also before 1970. */
const fromNanos = (value: bigint): bigint => (value - (((value % 1000n) + 1000n) % 1000n)) / 1000n;

function leafRecast(type: DataType, kind: LeafKind): Recast | undefined {
  if (DataType.isTimestamp(type)) {
    const target = new TimestampMicrosecond();
    if (type.unit === TimeUnit.SECOND) return micros(target, perSecond);
    if (type.unit === TimeUnit.MILLISECOND) return micros(target, perMilli);
    if (type.unit === TimeUnit.NANOSECOND) return kind === 'int96' ? int96Micros(target) : micros(target, fromNanos);
    return type.timezone === null ? undefined : {type: target};
  }
  if (DataType.isTime(type) && type.unit === TimeUnit.NANOSECOND) return micros(new TimeMicrosecond(), fromNanos);
  if (DataType.isFloat(type) && type.precision === Precision.HALF)
    return values(new Float32(), (data) => Float32Array.from(halves(data), (bits) => halfFloat(bits)));
  if (DataType.isDecimal(type) && type.bitWidth === 256) return decimalAsDouble(type);
  return undefined;
}

/** Same validity, new values; the slice makes the values start where the data does. */
function values(type: DataType, convert: (data: Data) => Float32Array | Float64Array | BigInt64Array): Recast {
  return {
    type,
    convert: (data) => new Data(type, 0, data.length, data.nullCount, [undefined, convert(data), data.nullBitmap]),
  };
}

const micros = (type: DataType, scale: (value: bigint) => bigint): Recast =>
  values(type, (data) => longs(data).map(scale));

/** A column's buffer as `count` 64-bit integers, whatever view of it its type has. */
function longs(data: Data, count = data.length): BigInt64Array {
  // The cast: these types keep their values in one typed array.
  const {buffer, byteOffset} = data.values as BigInt64Array<ArrayBuffer>;
  return new BigInt64Array(buffer, byteOffset, count);
}

// The cast: half floats come as their bits.
const halves = (data: Data): Uint16Array => data.values as Uint16Array;

function halfFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** 125⁻¹ modulo 2^61. */
const inverseOf125 = 2_066_035_336_255_469_781n;

/**
 * INT96 comes as nanoseconds that wrap around outside the years 1677 to 2262. Writers (Spark) have microseconds, 1000 n
 * modulo 2^64, and as 1000 = 8 · 125, n modulo 2^61 can be had back, which covers 73,000 years. Nanoseconds that are no
 * multiple of 8 never were microseconds: then the plain values are meant.
 */
const int96Micros = (type: DataType): Recast =>
  values(type, (data) => {
    const nanos = longs(data);
    if (nanos.some((value) => value % 8n !== 0n)) return nanos.map(fromNanos);
    return nanos.map((value) => BigInt.asIntN(61, (value / 8n) * inverseOf125));
  });

function decimalAsDouble(type: Decimal): Recast {
  return values(new Float64(), (data) => {
    const words = longs(data, data.length * 4);
    return Float64Array.from({length: data.length}, (_, i) => {
      const unscaled = [3, 2, 1, 0].reduce(
        (high, word) => (high << 64n) + BigInt.asUintN(64, words[i * 4 + word] ?? 0n),
        0n,
      );
      return Number(`${BigInt.asIntN(256, unscaled)}e-${type.scale}`);
    });
  });
}
