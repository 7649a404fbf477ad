import {double, id, join, lit, sql, type Sql} from '../sql/sql.ts';
import {isFloat, isNumber, isTime, type Column} from '../sql/types.ts';
import {mostColors, mostFacets, noValue, other} from './reduced.ts';

/** A named part of a WITH clause. */
export interface Cte {
  readonly name: string;
  readonly sql: Sql;
  /** DuckDB would otherwise copy the rows of a part that is read twice into memory. */
  readonly inline?: boolean;
}

export const withCtes = (ctes: readonly Cte[], select: Sql): Sql =>
  sql`WITH ${join(
    ctes.map((cte) => sql`${id(cte.name)} AS ${cte.inline === true ? sql`NOT MATERIALIZED ` : sql``}(${cte.sql})`),
    ',\n',
  )}\n${select}`;

/** A column as a finite DOUBLE, NULL where it is none. Times become milliseconds since 1970, true and false 1 and 0. */
export function asNumber(column: Column): Sql {
  const name = id(column.name);
  if (isFloat(column.type)) return sql`CASE WHEN isfinite(${name}) THEN ${name}::DOUBLE END`;
  if (isTime(column.type)) return sql`epoch_us(${name}) / 1000`;
  return column.type === 'BOOLEAN' ? sql`${name}::TINYINT::DOUBLE` : sql`${name}::DOUBLE`;
}

/** A column as an axis places it: numbers and times as DOUBLE, anything else as text. */
export const asPlace = (column: Column): Sql =>
  isNumber(column.type) || isTime(column.type) ? asNumber(column) : sql`${id(column.name)}::VARCHAR`;

/** A column as the name of a group. Rows without a value are a group too. */
const asGroup = (column: Column): Sql => sql`coalesce(${id(column.name)}::VARCHAR, ${lit(noValue)})`;

/** A column of the source, by the name the rest of the query gives it. */
export interface SourceColumn {
  readonly name: string;
  readonly sql: Sql;
}

export const sourceCte = (relation: Sql, columns: readonly SourceColumn[]): Cte => ({
  name: 'source',
  inline: true,
  sql: sql`SELECT ${join(columns.map((column) => sql`${column.sql} AS ${id(column.name)}`))} FROM ${relation}`,
});

export interface Grouping {
  readonly color: Column | undefined;
  readonly facet: Column | undefined;
}

export const groupColumns = ({color, facet}: Grouping): readonly SourceColumn[] => [
  ...(color === undefined ? [] : [{name: 'color', sql: asGroup(color)}]),
  ...(facet === undefined ? [] : [{name: 'facet', sql: asGroup(facet)}]),
];

/**
 * `rows` is the source with colours beyond the largest `limit` folded into `(other)`, facets beyond the largest 9 left out and
 * rows for which `used` is false left out; `groups` counts the values there were.
 */
export function groupCtes(
  {color, facet}: Grouping,
  columns: readonly string[],
  used: Sql,
  limit = mostColors,
): readonly Cte[] {
  const counted = (name: string, most: number): readonly Cte[] => [
    {
      name: `${name}_counts`,
      sql: sql`SELECT ${id(name)} AS value, count(*) AS n FROM source WHERE ${used} GROUP BY value`,
    },
    {
      name: `${name}_kept`,
      sql: sql`SELECT value FROM ${id(`${name}_counts`)} ORDER BY n DESC, value LIMIT ${lit(most)}`,
    },
  ];
  const countOf = (name: string, there: boolean): Sql =>
    there ? sql`(SELECT count(*) FROM ${id(`${name}_counts`)})::DOUBLE` : sql`NULL::DOUBLE`;
  return [
    ...(color === undefined ? [] : counted('color', limit)),
    ...(facet === undefined ? [] : counted('facet', mostFacets)),
    {
      name: 'groups',
      sql: sql`SELECT ${countOf('color', color !== undefined)} AS color_values, ${countOf('facet', facet !== undefined)} AS facet_values`,
    },
    {
      name: 'rows',
      inline: true,
      sql: sql`SELECT ${join([
        ...columns.map(id),
        color === undefined ? sql`NULL::VARCHAR AS color` : sql`coalesce(color_kept.value, ${lit(other)}) AS color`,
        facet === undefined ? sql`NULL::VARCHAR AS facet` : sql`facet`,
      ])} FROM source${color === undefined ? sql`` : sql` LEFT JOIN color_kept ON source.color = color_kept.value`}${
        facet === undefined ? sql`` : sql` JOIN facet_kept ON source.facet = facet_kept.value`
      } WHERE ${used}`,
    },
  ];
}

/** `extent`: one row about the source, with the range of an axis. */
export const extentCte = (used: Sql, axis: 'x' | 'y' | undefined): Cte => ({
  name: 'extent',
  sql: sql`SELECT count(*)::DOUBLE AS total, count(*) FILTER (WHERE ${used})::DOUBLE AS used${
    axis === undefined
      ? sql``
      : sql`, min(${id(axis)}) FILTER (WHERE ${used}) AS lo, max(${id(axis)}) FILTER (WHERE ${used}) AS hi, approx_count_distinct(${id(axis)}) FILTER (WHERE ${used}) AS places`
  } FROM source`,
});

/** The facts and the points in one result; points may be none. */
export const factsAndPoints = (
  facts: {readonly step?: Sql; readonly xValues?: Sql; readonly from?: Sql},
  order: Sql,
): Sql =>
  sql`SELECT total, used, ${facts.step ?? sql`NULL::DOUBLE`} AS step, color_values, facet_values, ${facts.xValues ?? sql`NULL::DOUBLE`} AS x_values, points.*
FROM extent CROSS JOIN groups${facts.from ?? sql``} LEFT JOIN points ON true
ORDER BY ${order}`;

const second = 1000;
const day = 86_400 * second;
/** Spans of time a reader knows, in milliseconds, and as DuckDB's time_bucket takes them. A month counts as its shortest. */
const spans: readonly (readonly [number, string])[] = [
  ...[1, 10, 100].map((n) => [n, `${n} milliseconds`] as const),
  ...[1, 5, 15, 30].map((n) => [n * second, `${n} seconds`] as const),
  ...[1, 5, 15, 30].map((n) => [n * 60 * second, `${n} minutes`] as const),
  ...[1, 3, 6, 12].map((n) => [n * 3600 * second, `${n} hours`] as const),
  ...[1, 7].map((n) => [n * day, `${n} days`] as const),
  [28 * day, '1 month'],
  [90 * day, '3 months'],
  [365 * day, '1 year'],
  [3652 * day, '10 years'],
];

/** An axis cut into buckets. `start` and `end` are expressions over `rows` and the CTE named `name`; both NULL-safe only for a non-NULL place. */
export interface Buckets {
  readonly name: string;
  readonly ctes: readonly Cte[];
  readonly start: Sql;
  readonly end: (start: Sql) => Sql;
  readonly step: Sql;
}

export interface BucketOptions {
  readonly axis: 'x' | 'y';
  /** The CTE with `lo`, `hi` and `places` of the axis. */
  readonly extent: string;
  readonly column: Column;
  /** About this many buckets, at most half as many more. */
  readonly about: Sql;
  /** With no more different values than this, each is its own bucket. */
  readonly exactUpTo?: number;
  /** Times that come at a steady pace keep it, even where finer buckets would be possible. */
  readonly keepPace?: boolean;
}

/** Buckets at round edges: 1, 2 or 5 times a power of ten for numbers; seconds to decades for times. */
export const buckets = (options: BucketOptions): Buckets =>
  isTime(options.column.type) ? timeBuckets(options) : numberBuckets(options);

function timeBuckets({axis, extent, column, about, exactUpTo, keepPace}: BucketOptions): Buckets {
  const name = `${axis}_step`;
  const x = id(axis);
  const choices = id(`${axis}_spans`);
  const pace = id(`${axis}_pace`);
  const known = column.type === 'DATE' ? spans.filter(([width]) => width >= day) : spans;
  // One moment has no width to divide; an hour (or a day) shows it as something.
  const fits = sql`width * ${about} * 1.5 >= hi - lo AND (hi > lo OR width >= 3600000)${keepPace === true ? sql` AND width >= coalesce(pace, 0)` : sql``}`;
  const gaps = sql`SELECT min(${x} - before) AS gap FROM (SELECT ${x}, lag(${x}) OVER (ORDER BY ${x}) AS before FROM (SELECT DISTINCT ${x} FROM (SELECT ${x} FROM source WHERE ${x} IS NOT NULL LIMIT 100000)))`;
  const ctes: readonly Cte[] = [
    {
      name: `${axis}_spans`,
      sql: sql`SELECT * FROM (VALUES ${join(known.map(([width, words]) => sql`(${double(width)}, INTERVAL ${lit(words)})`))}) AS span(width, every)`,
    },
    ...(keepPace === true
      ? [{name: `${axis}_pace`, sql: sql`SELECT max(width) AS pace FROM ${choices}, (${gaps}) WHERE width <= gap`}]
      : []),
    {
      name,
      sql: sql`SELECT width, every FROM ${choices}, ${id(extent)}${keepPace === true ? sql`, ${pace}` : sql``} ORDER BY coalesce(${fits}, false) DESC, CASE WHEN ${fits} THEN width ELSE -width END LIMIT 1`,
    },
  ];
  const bucket = sql`epoch_us(time_bucket(${id(name)}.every, make_timestamp((${x} * 1000)::BIGINT))) / 1000`;
  const exact = exactUpTo === undefined ? undefined : sql`${id(extent)}.places <= ${lit(exactUpTo)}`;
  return {
    name,
    ctes,
    start: exact === undefined ? bucket : sql`CASE WHEN ${exact} THEN ${x} ELSE ${bucket} END`,
    end: (start) => sql`epoch_us(make_timestamp((${start} * 1000)::BIGINT) + ${id(name)}.every) / 1000`,
    step: exact === undefined ? sql`${id(name)}.width` : sql`CASE WHEN ${exact} THEN NULL ELSE ${id(name)}.width END`,
  };
}

function numberBuckets({axis, extent, column, about, exactUpTo}: BucketOptions): Buckets {
  const name = `${axis}_step`;
  const x = id(axis);
  // Whole numbers get whole bins.
  const smallest = isFloat(column.type) || column.type.startsWith('DECIMAL') ? sql`` : sql`, 1`;
  const round = sql`greatest(coalesce(CASE WHEN raw < 1.4 * p THEN p WHEN raw < 3.2 * p THEN 2 * p WHEN raw < 7.1 * p THEN 5 * p ELSE 10 * p END, 1)${smallest})`;
  const step: Cte = {
    name,
    sql: sql`SELECT ${exactUpTo === undefined ? round : sql`CASE WHEN places > ${lit(exactUpTo)} THEN ${round} END`} AS width FROM (SELECT raw, places, power(10, floor(log10(nullif(raw, 0)))) AS p FROM (SELECT hi / ${about} - lo / ${about} AS raw, places FROM ${id(extent)}))`,
  };
  const width = sql`${id(name)}.width`;
  // Dividing by the rounded inverse keeps edges such as 0.3 exact; the nudge puts 0.3 / 0.1 = 2.9999999999999996 where it belongs.
  const edge = (bin: Sql): Sql =>
    sql`CASE WHEN ${width} < 1 THEN (${bin}) / round(1 / ${width}) ELSE (${bin}) * ${width} END`;
  const start = edge(sql`floor(${x} / ${width} + 1e-9)`);
  return {
    name,
    ctes: [step],
    start: exactUpTo === undefined ? start : sql`coalesce(${start}, ${x})`,
    end: (from) => edge(sql`round(${from} / ${width}) + 1`),
    step: width,
  };
}
