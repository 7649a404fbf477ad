import {toSparkType} from '../../pyspark/types.ts';
import {isPresent, present} from '../../sql/missing.ts';
import {double, id, join, lit, sql, type Sql} from '../../sql/sql.ts';
import {isFloat, isNested, isNumber, isText, isTime, isWhole, type Column} from '../../sql/types.ts';
import type {Proposer} from '../define.ts';
import {timestampSql} from '../moment.ts';

/** What one pass over the rows tells of a column. */
interface Found {
  readonly column: Column;
  readonly missing: number;
  /** Estimated. */
  readonly distinct: number;
  /** Of finite numbers: the ends, and the quartiles. */
  readonly range: {readonly min: number; readonly max: number; readonly q1: number; readonly q3: number} | undefined;
}

const finite = (column: Column): Sql =>
  isFloat(column.type)
    ? sql`CASE WHEN isfinite(${id(column.name)}) THEN ${id(column.name)}::DOUBLE END`
    : sql`${id(column.name)}::DOUBLE`;

const spans = [
  '1s',
  '5s',
  '10s',
  '30s',
  '1m',
  '2m',
  '5m',
  '10m',
  '15m',
  '30m',
  '1h',
  '2h',
  '6h',
  '12h',
  '1d',
  '2d',
  '7d',
  '30d',
] as const;
const units: Readonly<Record<string, number>> = {s: 1, m: 60, h: 3600, d: 86_400};
const secondsOf = (span: string): number => Number.parseInt(span) * (units[span.slice(-1)] ?? 1);

/** Rows in which pairs may repeat and still be meant as a key: good data has a few, and the check is to find them. */
const nearlyAll = 0.95;

const tidy = (value: number): number => Number(value.toPrecision(12));

/** A range that leaves a tenth of its width on both sides, in round numbers. Values far beyond the quartiles don’t widen it. */
function rangeOf({column, range}: Found): {readonly min: number; readonly max: number} | undefined {
  if (range === undefined) return undefined;
  const reach = 3 * (range.q3 - range.q1);
  const [low, high] =
    reach > 0 ? [Math.max(range.min, range.q1 - reach), Math.min(range.max, range.q3 + reach)] : [range.min, range.max];
  const span = high - low || Math.abs(high) || 1;
  const step = isWhole(column.type)
    ? Math.max(1, 10 ** (Math.floor(Math.log10(span)) - 1))
    : 10 ** (Math.floor(Math.log10(span)) - 1);
  const min = Math.floor((low - span / 10) / step) * step;
  const max = Math.ceil((high + span / 10) / step) * step;
  return {min: tidy(low >= 0 ? Math.max(0, min) : min), max: tidy(max)};
}

/** Expectations that these rows meet, with some room: columns and types, missing values, ranges, the key, and how often a time comes. */
export const proposeQuality: Proposer = async (ask, {relation, columns}, today) => {
  const one = async (query: Sql): Promise<number[]> =>
    ((await ask(query))[0] ?? []).map((value) => (value === null ? NaN : Number(value)));
  const aggregates = columns.flatMap((column) => [
    sql`count(*) - count(${present(column)})`,
    isNested(column.type) ? sql`0` : sql`approx_count_distinct(${id(column.name)})`,
    ...(isNumber(column.type)
      ? [
          sql`min(${finite(column)})`,
          sql`max(${finite(column)})`,
          sql`approx_quantile(${finite(column)}, 0.25)`,
          sql`approx_quantile(${finite(column)}, 0.75)`,
        ]
      : [sql`NULL`, sql`NULL`, sql`NULL`, sql`NULL`]),
  ]);
  const [rows = 0, ...values] = await one(sql`SELECT count(*), ${join(aggregates)} FROM ${relation}`);
  const found = columns.map((column, i): Found => {
    const [missing = 0, distinct = 0, min = NaN, max = NaN, q1 = NaN, q3 = NaN] = values.slice(i * 6, i * 6 + 6);
    return {column, missing, distinct, range: Number.isNaN(min) ? undefined : {min, max, q1, q3}};
  });

  const time = found
    .filter(({column, missing}) => isTime(column.type) && missing < rows)
    .sort(
      (a, b) => Number(a.column.type === 'DATE') - Number(b.column.type === 'DATE') || a.missing - b.missing,
    )[0]?.column;
  const named = ({column}: Found): boolean =>
    /(^|_)(id|key|sensor|device|unit|machine|serial|code|name)($|_)|id$/i.test(column.name);
  const labels = found
    .filter(({column}) => isText(column.type) || isWhole(column.type))
    .sort((a, b) => Number(named(b)) - Number(named(a)));
  const keys = rows === 0 ? [] : await keysOf();
  const [by] = keys.length === 2 ? keys : [];

  async function keysOf(): Promise<Column[]> {
    // The estimate may be some percent off, so those near enough are counted.
    for (const {column, missing} of labels
      .filter(({missing, distinct}) => missing === 0 && distinct > rows * 0.8)
      .filter((one) => isText(one.column.type) || named(one))) {
      const [distinct] = await one(sql`SELECT count(DISTINCT ${id(column.name)}) FROM ${relation}`);
      if (distinct === rows && missing === 0) return [column];
    }
    if (time === undefined) return [];
    for (const {column} of labels
      .filter((one) => one.distinct > 0 && one.distinct <= rows / 2 && (isText(one.column.type) || named(one)))
      .slice(0, 4)) {
      const both = sql`${isPresent(column)} AND ${isPresent(time)}`;
      const [pairs = 0] = await one(
        sql`SELECT count(*) FROM (SELECT 1 FROM ${relation} WHERE ${both} GROUP BY ${id(column.name)}, ${id(time.name)})`,
      );
      if (pairs >= rows * nearlyAll) return [column, time];
    }
    return [];
  }

  const fresh = time === undefined ? {} : await freshness(time, by);
  async function freshness(of: Column, per: Column | undefined): Promise<Record<string, unknown>> {
    const at = timestampSql(of);
    // The rhythm of twenty sensors is that of all.
    const few =
      per === undefined
        ? sql``
        : sql` AND ${id(per.name)} IN (SELECT ${id(per.name)} FROM ${relation} WHERE ${isPresent(per)} GROUP BY ALL ORDER BY ALL LIMIT 20)`;
    const partition = per === undefined ? sql`` : sql`PARTITION BY ${id(per.name)} `;
    const gaps = sql`SELECT epoch_us(${at}) - lag(epoch_us(${at})) OVER (${partition}ORDER BY ${at}) AS gap FROM ${relation} WHERE isfinite(${at})${few}`;
    const [gap = NaN] = await one(sql`SELECT quantile_cont(gap, 0.95) / ${double(1e6)} FROM (${gaps}) WHERE gap > 0`);
    const [newest = NaN] = await one(
      sql`SELECT max(epoch_us(${at})) FILTER (WHERE isfinite(${at}) AND epoch_us(${at}) <= ${lit(today.getTime() * 1000)}) / ${double(1000)} FROM ${relation}`,
    );
    const span = Number.isNaN(gap)
      ? undefined
      : (spans.find((known) => secondsOf(known) >= gap * 1.5) ?? `${Math.ceil((gap * 1.5) / 86_400)}d`);
    const isOld = today.getTime() - newest > secondsOf(span ?? '15m') * 1000;
    return {
      freshness: span,
      by: per === undefined ? undefined : [per.name],
      // Rows of another day would fail at once: they are measured against their own newest time.
      now: isOld ? new Date(Math.ceil(newest / 1000) * 1000).toISOString().slice(0, 19).replace('T', ' ') : undefined,
    };
  }

  const missing = found.flatMap(({column, missing}): [string, number][] => {
    const limit = rows === 0 ? NaN : Math.min(100, Math.ceil((missing / rows) * 150));
    return limit === 0 || limit > 5 ? [[column.name, limit]] : [];
  });
  const ranges = found.flatMap((one): [string, {min: number; max: number}][] => {
    const range = keys.includes(one.column) ? undefined : rangeOf(one);
    return range === undefined ? [] : [[one.column.name, range]];
  });
  const orNothing = (entries: readonly [string, unknown][]): Record<string, unknown> | undefined =>
    entries.length === 0 ? undefined : Object.fromEntries(entries);
  return {
    time: time?.name,
    freshness: undefined,
    by: undefined,
    now: undefined,
    ...fresh,
    schema: orNothing(columns.map(({name, type}): [string, string] => [name, toSparkType(type).replaceAll('`', '')])),
    missing: orNothing(missing),
    ranges: orNothing(ranges),
    keys: keys.length === 0 ? undefined : keys.map(({name}) => name),
  };
};
