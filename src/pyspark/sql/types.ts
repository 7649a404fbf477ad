import {parseDuckType} from '../../lib/duckdb-type.ts';
import {toSparkType} from '../types.ts';

/** What two engines treat alike: the family a DuckDB type belongs to. */
export type Family =
  | 'int'
  | 'decimal'
  | 'float'
  | 'double'
  | 'text'
  | 'bool'
  | 'date'
  | 'timestamp'
  | 'timestamptz'
  | 'interval'
  | 'list'
  | 'struct'
  | 'map'
  | 'null'
  | 'other';

const families: Readonly<Record<string, Family>> = {
  ...Object.fromEntries(
    'TINYINT SMALLINT INTEGER BIGINT HUGEINT UTINYINT USMALLINT UINTEGER UBIGINT UHUGEINT'
      .split(' ')
      .map((name) => [name, 'int' as const]),
  ),
  FLOAT: 'float',
  DOUBLE: 'double',
  VARCHAR: 'text',
  BOOLEAN: 'bool',
  DATE: 'date',
  TIMESTAMP: 'timestamp',
  'TIMESTAMP WITH TIME ZONE': 'timestamptz',
  INTERVAL: 'interval',
  NULL: 'null',
};

/** The family of a type as DESCRIBE prints it; undefined where the type isn’t known. */
export function familyOf(type: string | undefined): Family | undefined {
  if (type === undefined || type === '') return undefined;
  if (type.endsWith(']')) return 'list';
  if (type.startsWith('DECIMAL(')) return 'decimal';
  if (type.startsWith('STRUCT(')) return 'struct';
  if (type.startsWith('MAP(')) return 'map';
  return families[type] ?? 'other';
}

export const isNumeric = (family: Family | undefined): boolean =>
  family === 'int' || family === 'decimal' || family === 'float' || family === 'double';

/** The type of a list’s elements. */
export function elementOf(type: string | undefined): string | undefined {
  return type?.endsWith(']') === true ? type.slice(0, type.lastIndexOf('[')) : undefined;
}

/** The type of a struct’s field. */
export function fieldOf(type: string | undefined, name: string): string | undefined {
  if (type?.startsWith('STRUCT(') !== true) return undefined;
  const parsed = parseDuckType(type);
  const found =
    parsed.kind === 'struct'
      ? parsed.fields.find((field) => field.name.toLowerCase() === name.toLowerCase())?.type
      : undefined;
  return found?.kind === 'leaf' ? found.name : undefined;
}

const ranks = ['TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'HUGEINT'];

/** The type that two have in common, as DuckDB finds it for numbers; undefined where it isn’t known. */
export function common(a: string | undefined, b: string | undefined): string | undefined {
  const [one, other] = [familyOf(a), familyOf(b)];
  if (one === 'null') return b;
  if (other === 'null' || a === b) return a;
  if (one === undefined || other === undefined) return undefined;
  const both = [one, other];
  if (isNumeric(one) && isNumeric(other)) {
    if (both.includes('double')) return 'DOUBLE';
    if (both.includes('float')) return 'FLOAT';
    if (both.includes('decimal')) return 'DECIMAL(38,3)';
    return ranks[Math.max(ranks.indexOf(a ?? ''), ranks.indexOf(b ?? ''))] ?? 'HUGEINT';
  }
  if (both.includes('timestamp') && both.includes('date')) return 'TIMESTAMP';
  // A literal text takes the other’s type.
  if (one === other) return a;
  return undefined;
}

const aliases: Readonly<Record<string, string>> = {
  bool: 'BOOLEAN',
  logical: 'BOOLEAN',
  int1: 'TINYINT',
  int2: 'SMALLINT',
  short: 'SMALLINT',
  int4: 'INTEGER',
  int: 'INTEGER',
  signed: 'INTEGER',
  integral: 'INTEGER',
  int8: 'BIGINT',
  long: 'BIGINT',
  oid: 'BIGINT',
  float4: 'FLOAT',
  real: 'FLOAT',
  float8: 'DOUBLE',
  'double precision': 'DOUBLE',
  varchar: 'VARCHAR',
  text: 'VARCHAR',
  string: 'VARCHAR',
  char: 'VARCHAR',
  bpchar: 'VARCHAR',
  nvarchar: 'VARCHAR',
  datetime: 'TIMESTAMP',
  timestamp_us: 'TIMESTAMP',
  'timestamp without time zone': 'TIMESTAMP',
  timestamptz: 'TIMESTAMP WITH TIME ZONE',
  'timestamp with time zone': 'TIMESTAMP WITH TIME ZONE',
  decimal: 'DECIMAL(18,3)',
  numeric: 'DECIMAL(18,3)',
  dec: 'DECIMAL(18,3)',
  bytea: 'BLOB',
  binary: 'BLOB',
  varbinary: 'BLOB',
};

const castable =
  /^(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT|UTINYINT|USMALLINT|UINTEGER|UBIGINT|FLOAT|DOUBLE|VARCHAR|BOOLEAN|DATE|TIMESTAMP|BLOB|DECIMAL\(\d+,\d+\))$/;

/** A type as it is written after `::`, in DESCRIBE’s spelling; undefined for types that Spark lacks. */
export function castType(written: string): {readonly duck: string; readonly spark: string} | undefined {
  const text = written.trim().replace(/\s+/g, ' ');
  const list = /^(.*)\[\d*\]$/.exec(text);
  if (list !== null) {
    const child = castType(list[1] ?? '');
    return child && {duck: `${child.duck}[]`, spark: `ARRAY<${child.spark}>`};
  }
  const sized = /^(\w+) ?\( ?(\d+)(?: ?, ?(\d+))? ?\)$/.exec(text);
  const word = (sized?.[1] ?? text).toLowerCase();
  let duck = aliases[word] ?? text.toUpperCase();
  if (sized !== null && /^(decimal|numeric|dec)$/.test(word)) duck = `DECIMAL(${sized[2]},${sized[3] ?? '0'})`;
  else if (sized !== null && duck !== 'VARCHAR') return undefined;
  return castable.test(duck) ? {duck, spark: toSparkType(duck).toUpperCase()} : undefined;
}
