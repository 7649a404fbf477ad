import type {Row} from '../lib/value.ts';
import {id, join, lit, sql, type Sql} from './sql.ts';
import {isFloat, isNested, isNumber, isTime, type Column} from './types.ts';

/** What a column holds, for the head of a table. */
export interface ColumnProfile {
  readonly name: string;
  readonly type: string;
  readonly rows: number;
  readonly nulls: number;
  /** NaN counts apart from NULL. */
  readonly nans: number;
  /** How many different values there are, null for nested types. */
  readonly distinct: number | null;
  /** Whether `distinct` is counted: texts of few different values are, the rest is estimated (HyperLogLog). */
  readonly distinctExact: boolean;
  /** As DuckDB prints them; of finite numbers only. Null when there is no value. */
  readonly min: string | null;
  readonly max: string | null;
  /** Of finite numbers, null for other types. */
  readonly mean: number | null;
  /** Of numbers and times (milliseconds since 1970, UTC); the last bin includes its end. */
  readonly histogram: readonly Bin[] | undefined;
  /** The most frequent texts or truth values. */
  readonly top: readonly {readonly value: string; readonly count: number}[] | undefined;
  /** Whether histogram and top values are scaled up from a sample of about a million rows. */
  readonly sampled: boolean;
}

export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** Rows that histograms look at: more of them would change no pixel. */
const enough = 1_000_000;
const binCount = 24;
const topCount = 5;
/** Up to this many different texts are counted one by one, however many rows there are. */
const fewNames = 1000;

const isRange = (type: string): boolean => isNumber(type) || isTime(type);
const isName = (type: string): boolean => type === 'VARCHAR' || type === 'BOOLEAN' || type.startsWith('ENUM');
/** Types without an order worth showing. */
const isOpaque = (type: string): boolean => isNested(type) || type === 'BLOB' || type === 'BIT';

/** The column's ordinary values: of floats the finite ones, of times those that are a moment. */
const plain = ({name, type}: Column): Sql =>
  isFloat(type) || isTime(type) ? sql`CASE WHEN isfinite(${id(name)}) THEN ${id(name)} END` : id(name);
const position = (column: Column): Sql =>
  isTime(column.type) ? sql`epoch_us(${id(column.name)}) / 1000` : sql`(${plain(column)})::DOUBLE`;

/**
 * Profiles of columns as one query; `rows` is the table's row count. The result is long, so that no type gets lost on its way: a row
 * is (`place` in `columns`, `fact`, `key` VARCHAR, `amount` DOUBLE). Give wide tables in batches of columns.
 */
function profileSql(relation: Sql, columns: readonly Column[], rows: number): Sql {
  const sampled = rows > enough;
  // Whole blocks of rows are skipped, so a fifth of a table costs a fifth of the time; the seed keeps pictures from flickering.
  const sample = sampled
    ? sql`(FROM ${relation} TABLESAMPLE system(${lit(Math.ceil((enough / rows) * 10_000) / 100)}%) REPEATABLE (42))`
    : relation;
  const totals = columns.flatMap((column, i) => {
    const name = id(column.name);
    const as = (fact: string): Sql => id(`${fact}_${i}`);
    return [
      sql`count(${name})::DOUBLE AS ${as('filled')}`,
      ...(isFloat(column.type) ? [sql`count(*) FILTER (WHERE isnan(${name}))::DOUBLE AS ${as('nans')}`] : []),
      ...(isOpaque(column.type)
        ? []
        : [
            sql`approx_count_distinct(${name})::DOUBLE AS ${as('distinct')}`,
            sql`min(${plain(column)}) AS ${as('min')}`,
            sql`max(${plain(column)}) AS ${as('max')}`,
          ]),
      ...(isNumber(column.type) ? [sql`avg(${plain(column)})::DOUBLE AS ${as('mean')}`] : []),
      ...(isTime(column.type)
        ? [sql`(min(${position(column)})) AS ${as('low')}, (max(${position(column)})) AS ${as('high')}`]
        : []),
    ];
  });
  const facts = columns.map((column, i) => {
    const fact = (name: string, key: Sql, amount: Sql): Sql =>
      sql`{fact: ${lit(name)}, key: ${key}, amount: ${amount}}`;
    const none = sql`NULL::VARCHAR`;
    const of = (name: string): Sql => id(`${name}_${i}`);
    const [low, high] = ends(column, i);
    return sql`SELECT ${lit(i)} AS place, unnest([${join([
      fact('filled', none, of('filled')),
      ...(isFloat(column.type) ? [fact('nans', none, of('nans'))] : []),
      ...(isOpaque(column.type)
        ? []
        : [
            fact('distinct', none, of('distinct')),
            fact('min', sql`${of('min')}::VARCHAR`, isRange(column.type) ? low : sql`NULL::DOUBLE`),
            fact('max', sql`${of('max')}::VARCHAR`, isRange(column.type) ? high : sql`NULL::DOUBLE`),
          ]),
      ...(isNumber(column.type) ? [fact('mean', none, of('mean'))] : []),
    ])}], recursive := true) FROM totals`;
  });
  const pictures = columns.flatMap((column, i) => {
    const [low, high] = ends(column, i);
    if (isRange(column.type)) {
      const bin = sql`CASE WHEN ${high} > ${low} THEN least(${lit(binCount - 1)}, floor((spot - ${low}) / (${high} - ${low}) * ${lit(binCount)})) ELSE 0 END`;
      return [
        sql`SELECT ${lit(i)}, 'bin', bin::INTEGER::VARCHAR, count(*)::DOUBLE FROM (SELECT ${bin} AS bin FROM (SELECT ${position(column)} AS spot FROM ${sample}), totals WHERE spot IS NOT NULL) GROUP BY bin`,
      ];
    }
    if (!isName(column.type)) return [];
    const names = id(`names_${i}`);
    return [
      sql`(SELECT ${lit(i)}, 'top', value::VARCHAR, n::DOUBLE FROM ${names} ORDER BY n DESC, value LIMIT ${lit(topCount)})`,
      sql`SELECT ${lit(i)}, 'names', NULL::VARCHAR, count(*)::DOUBLE FROM ${names}, totals${sampled ? sql` WHERE ${id(`distinct_${i}`)} <= ${lit(fewNames)}` : sql``}`,
    ];
  });
  const names = columns.flatMap((column, i) => {
    if (!isName(column.type)) return [];
    const value = id(column.name);
    const few = id(`distinct_${i}`);
    const counted = (rows: Sql, others: Sql, n: Sql, where: Sql): Sql =>
      sql`SELECT value, ${n} AS n FROM (SELECT ${value} AS value FROM ${rows})${others} WHERE value IS NOT NULL${where} GROUP BY value`;
    const all = sampled
      ? sql`${counted(relation, sql`, totals`, sql`count(*)`, sql` AND ${few} <= ${lit(fewNames)}`)} UNION ALL ${counted(sample, sql`, totals, looked`, sql`round(count(*) * any_value(totals.rows / looked.looked))`, sql` AND ${few} > ${lit(fewNames)}`)}`
      : counted(relation, sql``, sql`count(*)`, sql``);
    return [sql`,\n${id(`names_${i}`)} AS MATERIALIZED (${all})`];
  });
  const looked = sampled ? [sql`SELECT -1, 'looked', NULL::VARCHAR, looked FROM looked`] : [];
  return sql`WITH totals AS MATERIALIZED (SELECT count(*)::DOUBLE AS rows, ${join(totals)} FROM ${relation})${sampled ? sql`,\nlooked AS MATERIALIZED (SELECT count(*)::DOUBLE AS looked FROM ${sample})` : sql``}${join(names, '')}
SELECT -1 AS place, 'rows' AS fact, NULL::VARCHAR AS key, rows AS amount FROM totals
UNION ALL ${join([...looked, ...facts, ...pictures], '\nUNION ALL ')}`;
}

const ends = (column: Column, i: number): readonly [Sql, Sql] =>
  isTime(column.type)
    ? [id(`low_${i}`), id(`high_${i}`)]
    : [sql`${id(`min_${i}`)}::DOUBLE`, sql`${id(`max_${i}`)}::DOUBLE`];

interface Fact {
  readonly place: number;
  readonly fact: string;
  readonly key: string | null;
  readonly amount: number | null;
}

/** The profiles that `profileSql`'s rows tell, in the order of `columns`. */
function readProfiles(columns: readonly Column[], rows: readonly Row[]): readonly ColumnProfile[] {
  const facts = rows.map(([place, fact, key, amount]): Fact => ({
    place: Number(place),
    fact: text(fact) ?? '',
    key: text(key) ?? null,
    amount: amount === null ? null : Number(amount),
  }));
  const about = (place: number) =>
    new Map(facts.flatMap((fact) => (fact.place === place ? [[fact.fact, fact] as const] : [])));
  const table = about(-1);
  const total = table.get('rows')?.amount ?? 0;
  const looked = table.get('looked')?.amount;
  const scale = looked === undefined || looked === null || looked === 0 ? 1 : total / looked;
  return columns.map((column, i) => {
    const own = facts.filter((fact) => fact.place === i);
    const one = about(i);
    const amount = (fact: string): number | null => one.get(fact)?.amount ?? null;
    const names =
      isName(column.type) && (looked === undefined || (amount('distinct') ?? 0) <= fewNames) ? amount('names') : null;
    return {
      name: column.name,
      type: column.type,
      rows: total,
      nulls: total - (amount('filled') ?? 0),
      nans: amount('nans') ?? 0,
      distinct: names ?? amount('distinct'),
      distinctExact: names !== null,
      min: one.get('min')?.key ?? null,
      max: one.get('max')?.key ?? null,
      mean: amount('mean'),
      histogram: isRange(column.type) ? bins(own, amount('min'), amount('max'), scale) : undefined,
      top: isName(column.type)
        ? own.filter(({fact}) => fact === 'top').map(({key, amount: n}) => ({value: key ?? '', count: n ?? 0}))
        : undefined,
      sampled: looked !== undefined,
    };
  });
}

const text = (value: Row[number] | undefined): string | undefined => (typeof value === 'string' ? value : undefined);

function bins(own: readonly Fact[], low: number | null, high: number | null, scale: number): readonly Bin[] {
  if (low === null || high === null) return [];
  const counts = new Map(
    own.flatMap(({fact, key, amount}) => (fact === 'bin' ? [[Number(key), amount ?? 0] as const] : [])),
  );
  if (low === high) return [{from: low, to: high, count: Math.round((counts.get(0) ?? 0) * scale)}];
  const width = (high - low) / binCount;
  return Array.from({length: binCount}, (_, i) => ({
    from: low + i * width,
    to: i === binCount - 1 ? high : low + (i + 1) * width,
    count: Math.round((counts.get(i) ?? 0) * scale),
  }));
}

/** What runs a query and gives its rows exactly. */
interface RowSource {
  rows(query: Sql): Promise<{readonly rows: readonly Row[]}>;
}

/** Columns of a wide table that are best profiled at a time: the query stays short, and other work on the engine's queue waits for one at most. */
export const profiledAtOnce = 16;

/** Profiles of some of a table's columns, in their order. */
export const profileColumns = async (
  engine: RowSource,
  relation: Sql,
  columns: readonly Column[],
  rows: number,
): Promise<readonly ColumnProfile[]> =>
  readProfiles(columns, (await engine.rows(profileSql(relation, columns, rows))).rows);
