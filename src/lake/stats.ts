import {physicalName, type DeltaType, type StructField} from './schema.ts';

/** What is known of a data file's rows, by logical column name, nested as the columns are; values as JSON has them, numbers beyond its precision as texts or bigints. */
export interface ColumnStats {
  readonly rows: number;
  readonly min: Readonly<Record<string, unknown>>;
  readonly max: Readonly<Record<string, unknown>>;
  readonly nulls: Readonly<Record<string, unknown>>;
}

/** How many characters of a text its bounds keep, as in Spark's Delta. */
const prefixLength = 32;
const lastAscii = '\u007f';
const lastCharacter = '\u{10ffff}';

/** A lower bound of at most 32 characters, 33 where that would cut a surrogate pair in two. */
export function truncateMin(text: string): string {
  if (text.length <= prefixLength) return text;
  const cutsPair =
    /[\ud800-\udbff]/.test(text.charAt(prefixLength - 1)) && /[\udc00-\udfff]/.test(text.charAt(prefixLength));
  return text.slice(0, cutsPair ? prefixLength + 1 : prefixLength);
}

/** An upper bound: the first characters and one that is greater than what was cut off (Delta's `truncateMaxStringAgg`); undefined when there is none so short. */
export function truncateMax(text: string): string | undefined {
  if (text.length <= prefixLength) return text;
  let length = truncateMin(text).length;
  while (length <= 2 * prefixLength) {
    if (length >= text.length) return text;
    if (text.slice(length, length + 2) === lastCharacter) length += 2;
    else return text.slice(0, length) + (text.charAt(length) < lastAscii ? lastAscii : lastCharacter);
  }
  return undefined;
}

/** The `stats` of an add: by physical names, bounds only of the types that Delta keeps bounds for. `columns` are those of the data files. */
export function statsJson(stats: ColumnStats, columns: readonly StructField[]): string {
  const parts = [
    `"numRecords":${stats.rows}`,
    `"minValues":${objectJson(stats.min, columns, (value, type) => boundJson(value, type, truncateMin))}`,
    `"maxValues":${objectJson(stats.max, columns, (value, type) => boundJson(value, type, truncateMax))}`,
    `"nullCount":${objectJson(stats.nulls, columns, (value) => (typeof value === 'number' ? String(value) : undefined))}`,
  ];
  return `{${parts.join(',')}}`;
}

type Leaf = (value: unknown, type: DeltaType) => string | undefined;

function objectJson(values: Readonly<Record<string, unknown>>, fields: readonly StructField[], leaf: Leaf): string {
  const members: string[] = [];
  for (const field of fields) {
    const value = values[field.name];
    if (value == null) continue;
    const isNested = typeof field.type !== 'string' && field.type.type === 'struct' && typeof value === 'object';
    // The cast: an object, looked at above.
    const text = isNested
      ? objectJson(value as Readonly<Record<string, unknown>>, structFields(field.type), leaf)
      : leaf(value, field.type);
    if (text !== undefined && text !== '{}') members.push(`${JSON.stringify(physicalName(field))}:${text}`);
  }
  return `{${members.join(',')}}`;
}

const structFields = (type: DeltaType) => (typeof type !== 'string' && type.type === 'struct' ? type.fields : []);

/** Numbers keep all of their digits: JSON has no limit, only JavaScript's numbers have. */
function boundJson(
  value: unknown,
  type: DeltaType,
  truncate: (text: string) => string | undefined,
): string | undefined {
  if (typeof type !== 'string') return undefined;
  if (type === 'string') {
    const bound = typeof value === 'string' ? truncate(value) : undefined;
    return bound === undefined ? undefined : JSON.stringify(bound);
  }
  if (type === 'date' || type === 'timestamp' || type === 'timestamp_ntz')
    return typeof value === 'string' ? JSON.stringify(value) : undefined;
  if (!/^(long|integer|short|byte|float|double|decimal.*)$/.test(type)) return undefined;
  const text =
    typeof value === 'number'
      ? JSON.stringify(value)
      : typeof value === 'bigint' || typeof value === 'string'
        ? String(value)
        : undefined;
  return text !== undefined && /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text) ? text : undefined;
}
