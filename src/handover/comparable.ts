import {parseDuckType, type DuckType} from '../lib/duckdb-type.ts';
import type {Difference} from '../lib/problem.ts';
import {double, id, join, lit, sql, typeName, type Sql} from '../sql/sql.ts';
import {isFloat, type Column} from '../sql/types.ts';

/** Two floating-point values are equal when they differ by at most this share of the larger one, or by `absoluteTolerance`. */
export const relativeTolerance = 1e-9;
export const absoluteTolerance = 1e-12;
// Below it, the absolute tolerance is the wider one.
const smallest = absoluteTolerance / relativeTolerance;

/** A column that both sides have, and how its values are compared. */
export interface Paired {
  readonly here: Column;
  readonly there: Column;
  /** The DuckDB type that the values of both sides are cast to. */
  readonly type: string;
  /** `close` values are equal within the tolerances: floating point, or something nested that holds it. */
  readonly kind: 'exact' | 'float' | 'close';
}

export interface PairedColumns {
  readonly pairs: readonly Paired[];
  /** Columns that one side lacks (null there), or that have types of other kinds. */
  readonly differences: readonly Difference[];
  /** The columns are the same, in another order. */
  readonly reordered: boolean;
}

/**
 * Pairs columns by name: as it is spelt, else without case. Widths don't count: an INTEGER, a BIGINT and a DECIMAL without fraction may hold
 * the same values; a number and a text can't.
 */
export function pairColumns(here: readonly Column[], there: readonly Column[]): PairedColumns {
  const pairs: Paired[] = [];
  const differences: Difference[] = [];
  for (const column of here) {
    const lower = column.name.toLowerCase();
    const other = there.find(({name}) => name === column.name) ?? there.find(({name}) => name.toLowerCase() === lower);
    if (other === undefined) differences.push({column: column.name, table: column.type, rows: null});
    else {
      const common = commonType(parseDuckType(column.type), parseDuckType(other.type));
      if (!common.isSame) differences.push({column: column.name, table: column.type, rows: other.type});
      pairs.push({here: column, there: other, type: common.type, kind: kindOf(common.type)});
    }
  }
  const taken = new Set(pairs.map((pair) => pair.there));
  for (const column of there)
    if (!taken.has(column)) differences.push({column: column.name, table: null, rows: column.type});
  const places = pairs.map((pair) => there.indexOf(pair.there));
  return {pairs, differences, reordered: places.some((place, i) => i > 0 && place < (places[i - 1] ?? -1))};
}

const kindOf = (type: string): Paired['kind'] =>
  isFloat(type) ? 'float' : holdsFloat(parseDuckType(type)) ? 'close' : 'exact';

function holdsFloat(type: DuckType): boolean {
  if (type.kind === 'leaf') return isFloat(type.name);
  if (type.kind === 'list') return holdsFloat(type.child);
  if (type.kind === 'map') return holdsFloat(type.key) || holdsFloat(type.value);
  return type.fields.some((field) => holdsFloat(field.type));
}

interface Common {
  readonly type: string;
  /** The types are of one kind. */
  readonly isSame: boolean;
}

const asText: Common = {type: 'VARCHAR', isSame: false};

function commonType(a: DuckType, b: DuckType): Common {
  if (a.kind === 'leaf' && b.kind === 'leaf') return commonLeaf(a.name, b.name);
  if (a.kind === 'list' && b.kind === 'list')
    return within([commonType(a.child, b.child)], ([child = '']) => `${child}[]`);
  if (a.kind === 'map' && b.kind === 'map')
    return within(
      [commonType(a.key, b.key), commonType(a.value, b.value)],
      ([key = '', value = '']) => `MAP(${key}, ${value})`,
    );
  if (
    a.kind === 'struct' &&
    b.kind === 'struct' &&
    a.fields.map(({name}) => name).join('\0') === b.fields.map(({name}) => name).join('\0')
  ) {
    const fields = a.fields.map((field, i) => commonType(field.type, b.fields[i]?.type ?? field.type));
    return within(
      fields,
      (types) =>
        `STRUCT(${a.fields.map(({name}, i) => `"${name.replaceAll('"', '""')}" ${types[i] ?? ''}`).join(', ')})`,
    );
  }
  return asText;
}

/** A nested type of parts that are each of one kind. Numbers that only texts can hold together are too wide for a cast inside. */
const within = (parts: readonly Common[], of: (types: readonly string[]) => string): Common =>
  parts.every(({isSame, type}) => isSame && type !== numberText)
    ? {type: of(parts.map(({type}) => type)), isSame: true}
    : asText;

/** Exact numbers that no DECIMAL of 38 digits can hold together are compared as texts without trailing zeros. */
const numberText = 'NUMERIC TEXT';

function commonLeaf(a: string, b: string): Common {
  if (a === b) return {type: isFloat(a) ? 'DOUBLE' : a, isSame: true};
  const [x, y] = [digitsOf(a), digitsOf(b)];
  if (x !== undefined && y !== undefined) {
    const scale = Math.max(x.scale, y.scale);
    const width = Math.max(x.whole, y.whole) + scale;
    if (scale === 0 && !a.startsWith('DECIMAL') && !b.startsWith('DECIMAL'))
      return {type: width <= 19 ? 'BIGINT' : 'HUGEINT', isSame: true};
    return {type: width <= 38 ? `DECIMAL(${width},${scale})` : numberText, isSame: true};
  }
  const floats = [a, b].filter(isFloat).length;
  if (floats === 2 || (floats === 1 && (x ?? y) !== undefined)) return {type: 'DOUBLE', isSame: floats === 2};
  if (a.startsWith('TIMESTAMP') && b.startsWith('TIMESTAMP')) return {type: 'TIMESTAMP', isSame: true};
  if (isText(a) && isText(b)) return {type: 'VARCHAR', isSame: true};
  return asText;
}

const isText = (type: string): boolean => /^(VARCHAR|JSON|UUID|ENUM\(.*\))$/s.test(type);

const wholeDigits: Readonly<Record<string, number>> = {
  TINYINT: 3,
  SMALLINT: 5,
  INTEGER: 10,
  BIGINT: 19,
  HUGEINT: 39,
  UTINYINT: 3,
  USMALLINT: 5,
  UINTEGER: 10,
  UBIGINT: 20,
};

/** Digits before and after the point of an exact number; undefined for any other type. */
function digitsOf(type: string): {whole: number; scale: number} | undefined {
  const [, width, scale] = /^DECIMAL\((\d+),\s*(\d+)\)$/.exec(type) ?? [];
  if (width !== undefined && scale !== undefined) return {whole: Number(width) - Number(scale), scale: Number(scale)};
  const whole = wholeDigits[type];
  return whole === undefined ? undefined : {whole, scale: 0};
}

/** A value of one side as both sides have it: of the pair's type; of a map the entries by key. */
export function valueOf(value: Sql, own: string, {type}: Paired): Sql {
  if (type === numberText) {
    const text = sql`CAST(${value} AS VARCHAR)`;
    return sql`CASE WHEN contains(${text}, '.') THEN rtrim(rtrim(${text}, '0'), '.') ELSE ${text} END`;
  }
  const cast = own === type ? value : sql`CAST(${value} AS ${typeName(type)})`;
  return type.startsWith('MAP(') ? sql`list_sort(map_entries(${cast}))` : cast;
}

/** Whether two values of a pair are equal, within the tolerances where they hold floating point. */
export function isClose(a: Sql, b: Sql, {type, kind}: Paired): Sql {
  if (kind === 'exact') return sql`${a} IS NOT DISTINCT FROM ${b}`;
  const parsed = parseDuckType(type);
  return close(a, b, parsed.kind === 'map' ? {kind: 'list', child: entryOf(parsed), size: undefined} : parsed, 1);
}

const entryOf = ({key, value}: Extract<DuckType, {kind: 'map'}>): DuckType => ({
  kind: 'struct',
  fields: [
    {name: 'key', type: key},
    {name: 'value', type: value},
  ],
});

function close(a: Sql, b: Sql, type: DuckType, depth: number): Sql {
  if (!holdsFloat(type)) return sql`${a} IS NOT DISTINCT FROM ${b}`;
  switch (type.kind) {
    case 'leaf': {
      const limit = sql`greatest(${double(absoluteTolerance)}, ${double(relativeTolerance)} * greatest(abs(${a}), abs(${b})))`;
      return sql`(${a} IS NOT DISTINCT FROM ${b} OR coalesce(isfinite(${a}) AND isfinite(${b}) AND abs(${a} - ${b}) <= ${limit}, false))`;
    }
    case 'list': {
      const at = id(`i${depth}`);
      const apart = sql`list_filter(range(1, len(${a}) + 1), lambda ${at}: NOT ${close(sql`${a}[${at}]`, sql`${b}[${at}]`, type.child, depth + 1)})`;
      return sql`coalesce(len(${a}) = len(${b}) AND len(${apart}) = 0, ${a} IS NULL AND ${b} IS NULL)`;
    }
    case 'map':
      return close(
        sql`map_entries(${a})`,
        sql`map_entries(${b})`,
        {kind: 'list', child: entryOf(type), size: undefined},
        depth,
      );
    case 'struct':
    case 'union': {
      const fields = type.fields.map(({name, type: inner}) =>
        close(sql`struct_extract(${a}, ${lit(name)})`, sql`struct_extract(${b}, ${lit(name)})`, inner, depth),
      );
      return sql`((${a} IS NULL) = (${b} IS NULL) AND (${a} IS NULL OR (${join(fields, ' AND ')})))`;
    }
  }
}

// Ten tolerances wide: values within one of each other lie in one step or in neighbours.
const stepsPerUnit = 0.1 / relativeTolerance;

/**
 * The step of a scale that a DOUBLE lies on: logarithmic, and even near zero, as the tolerances are. `shift` (0 to 1) moves the scale, so that
 * neighbours come to lie on one step. NULL, NaN and the infinities have steps of their own.
 */
export function stepOf(value: Sql, shift: number): Sql {
  const even = sql`${value} * ${double(stepsPerUnit / smallest)}`;
  const logarithmic = sql`sign(${value}) * ${double(stepsPerUnit)} * (ln(abs(${value})) + ${double(1 - Math.log(smallest))})`;
  return sql`CASE WHEN ${value} IS NULL THEN -4000000000000000000 WHEN isnan(${value}) THEN -3000000000000000000 WHEN isinf(${value}) THEN 2000000000000000000 * CAST(sign(${value}) AS BIGINT) ELSE CAST(floor(${double(shift)} + CASE WHEN abs(${value}) < ${double(smallest)} THEN ${even} ELSE ${logarithmic} END) AS BIGINT) END`;
}
