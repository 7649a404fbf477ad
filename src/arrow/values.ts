import {DataType, type Vector, type Data, type Field, type Table} from 'apache-arrow';
import {parseDuckType, type DuckType} from '../lib/duckdb-type.ts';
import type {Row, Value} from '../lib/value.ts';
import type {Column} from '../sql/types.ts';
import {dateText, timestampText, timeText} from './iso.ts';

export {tableFromIPC} from 'apache-arrow';

/**
 * One exact value of a column that DuckDB gave as Arrow:
 * TINYINT to INTEGER, FLOAT and DOUBLE are numbers, NaN and infinities included; BIGINT and wider are bigint; DECIMAL is its
 * text with all its digits (`12.30`); DATE is `2024-02-29`, TIME `12:34:56.5`, every TIMESTAMP `2024-02-29T12:34:56.789012`
 * (UTC, as many digits of the fraction as are not zero), TIMESTAMP WITH TIME ZONE the same with a `Z`; infinite ones are
 * `infinity` and `-infinity`; INTERVAL, BIT, TIME WITH TIME ZONE and VARIANT are DuckDB's own text; BLOB is its bytes; ENUM
 * and UUID are text; lists are arrays, structs and maps objects, a union is its member's value.
 * `duckdbType` is the column's type as DESCRIBE gives it: it tells apart what Arrow writes the same way.
 */
export function cellValue(column: Vector, index: number, duckdbType?: string): Value {
  return readerOf(column, duckdbType === undefined ? undefined : parseDuckType(duckdbType))(index);
}

/** All rows of a table as exact values; `columns` are its columns as DESCRIBE gives them. */
export function tableRows(table: Table, columns: readonly Column[]): Row[] {
  const readers = columns.map((column, i) => {
    const vector = table.getChildAt(i);
    return vector === null ? () => null : readerOf(vector, parseDuckType(column.type));
  });
  return Array.from({length: table.numRows}, (_, row) => readers.map((read) => read(row)));
}

function readerOf(vector: Vector, type: DuckType | undefined): (index: number) => Value {
  let chunk = 0;
  let start = 0;
  return (index) => {
    // Rows are mostly read in order, so the chunk of the last one is where to begin.
    if (index < start) [chunk, start] = [0, 0];
    for (;;) {
      const data: Data<DataType> | undefined = vector.data[chunk];
      if (data === undefined) return null;
      if (index < start + data.length) return valueAt(data, index - start, type);
      start += data.length;
      chunk++;
    }
  };
}

const integers = new Set(['HUGEINT', 'UHUGEINT', 'BIGNUM']);
const leafName = (type: DuckType | undefined): string => (type?.kind === 'leaf' ? type.name : '');
const utf8 = new TextDecoder();

/** A column's arrays. Arrow's own declarations say `any` for a column whose type is only known when it is there. */
interface Buffers {
  readonly values: unknown;
  readonly valueOffsets: ArrayLike<number>;
  readonly typeIds: ArrayLike<number>;
}

function valueAt(data: Data<DataType>, i: number, hint: DuckType | undefined): Value {
  if (!data.getValid(i)) return null;
  const {type} = data;
  const buffers: Buffers = data;
  const {values, valueOffsets, typeIds} = buffers;
  const offset = (k: number): number => valueOffsets[k] ?? 0;
  // Arrow says which kind of array `values` is by the type just asked for.
  if (DataType.isInt(type)) return (values as ArrayLike<number | bigint>)[i] ?? null;
  if (DataType.isFloat(type)) return (values as ArrayLike<number>)[i] ?? null;
  if (DataType.isBool(type))
    return (((values as Uint8Array)[(data.offset + i) >> 3] ?? 0) & (1 << ((data.offset + i) & 7))) !== 0;
  if (DataType.isUtf8(type))
    return textValue(utf8.decode((values as Uint8Array).subarray(offset(i), offset(i + 1))), leafName(hint));
  if (DataType.isBinary(type)) return (values as Uint8Array).slice(offset(i), offset(i + 1));
  if (DataType.isDecimal(type))
    return decimalValue((values as Uint32Array).subarray(4 * i, 4 * i + 4), type.scale, hint);
  if (DataType.isDate(type)) return dayText((values as Int32Array)[i] ?? 0);
  if (DataType.isTime(type)) return timeText((values as BigInt64Array)[i] ?? 0n, 3 * type.unit);
  if (DataType.isTimestamp(type)) {
    const text = timestampText((values as BigInt64Array)[i] ?? 0n, 3 * type.unit);
    return type.timezone == null || text.endsWith('infinity') ? text : `${text}Z`;
  }
  if (DataType.isInterval(type)) return intervalText((values as Int32Array).subarray(4 * i, 4 * i + 4));
  if (DataType.isDictionary(type))
    return data.dictionary === undefined
      ? null
      : cellValue(data.dictionary, Number((values as ArrayLike<number | bigint>)[i]));
  if (DataType.isList(type)) return listValue(data, offset(i), offset(i + 1), hint);
  if (DataType.isFixedSizeList(type)) return listValue(data, i * type.listSize, (i + 1) * type.listSize, hint);
  if (DataType.isStruct(type)) return structValue(data, type.children, i, hint);
  if (DataType.isMap(type)) return mapValue(childAt(data, 0), offset(i), offset(i + 1), hint);
  if (DataType.isUnion(type)) {
    const child = type.typeIdToChildIndex[typeIds[i] ?? 0] ?? 0;
    return valueAt(
      childAt(data, child),
      DataType.isDenseUnion(type) ? offset(i) : i,
      hint?.kind === 'union' ? hint.fields[child]?.type : undefined,
    );
  }
  throw new Error(`DuckDB gave an Arrow type that is not read here: ${type.typeId}`);
}

function childAt(data: Data<DataType>, i: number): Data<DataType> {
  const child: Data<DataType> | undefined = data.children[i];
  if (child === undefined) throw new Error('An Arrow column without its children');
  return child;
}

const textValue = (text: string, type: string): Value => (integers.has(type) ? BigInt(text) : text);

const dayText = (days: number): string =>
  days === 2_147_483_647 ? 'infinity' : days === -2_147_483_647 ? '-infinity' : dateText(days);

/** HUGEINT arrives as DECIMAL(38,0). */
function decimalValue(words: Uint32Array, scale: number, hint: DuckType | undefined): Value {
  const unsigned = words.reduceRight((sum, word) => (sum << 32n) | BigInt(word), 0n);
  const value = BigInt.asIntN(128, unsigned);
  if (scale === 0 && !leafName(hint).startsWith('DECIMAL')) return value;
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0');
  const point = digits.length - scale;
  return `${value < 0n ? '-' : ''}${digits.slice(0, point)}${scale === 0 ? '' : `.${digits.slice(point)}`}`;
}

/** DuckDB's text for an interval of months, days and nanoseconds: `1 year 2 months 3 days 04:05:06.789`. */
function intervalText([months = 0, days = 0, low = 0, high = 0]: Int32Array): string {
  const micros = ((BigInt(high) << 32n) | BigInt(low >>> 0)) / 1000n;
  const part = (n: number, unit: string): string[] => (n === 0 ? [] : [`${n} ${unit}${n === 1 ? '' : 's'}`]);
  const date = [...part(Math.trunc(months / 12), 'year'), ...part(months % 12, 'month'), ...part(days, 'day')];
  if (micros === 0n && date.length > 0) return date.join(' ');
  return [...date, `${micros < 0n ? '-' : ''}${timeText(micros < 0n ? -micros : micros, 6)}`].join(' ');
}

function listValue(data: Data<DataType>, start: number, end: number, hint: DuckType | undefined): Value {
  const child = childAt(data, 0);
  return Array.from({length: end - start}, (_, k) =>
    valueAt(child, start + k, hint?.kind === 'list' ? hint.child : undefined),
  );
}

function structValue(data: Data<DataType>, fields: readonly Field[], i: number, hint: DuckType | undefined): Value {
  return Object.fromEntries(
    fields.map(({name}, k) => [
      name,
      valueAt(childAt(data, k), i, hint?.kind === 'struct' ? hint.fields[k]?.type : undefined),
    ]),
  );
}

/** An object of the entries from `start` to `end`; a key that isn't text is named by its text. */
function mapValue(entries: Data<DataType>, start: number, end: number, hint: DuckType | undefined): Value {
  const [keyType, valueType] = hint?.kind === 'map' ? [hint.key, hint.value] : [];
  const [keys, values] = [childAt(entries, 0), childAt(entries, 1)];
  return Object.fromEntries(
    Array.from({length: end - start}, (_, k) => [
      formatValue(valueAt(keys, start + k, keyType)),
      valueAt(values, start + k, valueType),
    ]),
  );
}

/** A value as text for the eye; `duckdbType` FLOAT gives the shortest digits that mean the same float. Missing is `NULL`. */
export function formatValue(value: Value, duckdbType?: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' && duckdbType === 'FLOAT') return floatText(value);
  return nestedText(value);
}

function nestedText(value: Value): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value !== 'object') return Object.is(value, -0) ? '-0' : String(value);
  if (value instanceof Uint8Array) return Array.from(value, byteText).join('');
  if (isList(value)) return `[${value.map(nestedText).join(', ')}]`;
  return `{${Object.entries(value)
    .map(([name, inner]) => `${name}: ${nestedText(inner)}`)
    .join(', ')}}`;
}

const isList = (value: Value): value is readonly Value[] => Array.isArray(value);

/** Printable ASCII as it is, any other byte as `\xAA`: DuckDB's text for a BLOB. */
const byteText = (byte: number): string =>
  byte >= 32 && byte <= 126 && !'\\\'"'.includes(String.fromCharCode(byte))
    ? String.fromCharCode(byte)
    : `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`;

function floatText(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return nestedText(short);
  }
  return nestedText(value);
}
