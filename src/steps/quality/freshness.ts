import {list} from '../../lib/text.ts';
import {p} from '../../params/index.ts';
import {agg} from '../../pyspark/groups.ts';
import {assign, call, col, py} from '../../pyspark/py.ts';
import {unusedName} from '../../sql/rows.ts';
import {double, id, join, lit, sql} from '../../sql/sql.ts';
import {counted, type Check} from './check.ts';
import {defineDimension, type Asked, type Picked, type Query, type Rows} from './define.ts';
import {broken} from './schema.ts';

const defaultSpan = {text: '15m', microseconds: 9e8};

export const freshness = defineDimension({
  name: 'freshness',
  about: 'how old the newest time is that is not in the future',
  params: {
    freshness: p.duration({
      label: 'Fresh within',
      help: 'How old the newest time may be; 15m when left out.',
      default: undefined,
    }),
  },
  sentence: ({time, freshness: span}, isWanted) =>
    time === '' || !isWanted ? [] : [`fresh within ${(span ?? defaultSpan).text}`],
  needsTime: ({freshness: span, by}) => (span !== undefined || by.length > 0 ? 'Freshness needs' : undefined),
  ask: (values, rows): Asked => {
    if (values.time === '') return {checks: []};
    const {column, isThere, usable, by} = rows.time;
    const span = values.freshness ?? defaultSpan;
    const check = {
      name: 'freshness',
      column: column.name,
      unit: 'minutes',
      threshold: span.microseconds / 6e7,
      expected: `at most ${span.text} old${by.length === 0 ? '' : `, for each ${list(by.map(({name}) => name))}`}`,
    } as const satisfies Partial<Check>;
    if (!isThere) return {checks: [broken(check, values.time, rows.columns)]};
    return {
      checks: [
        {
          ...check,
          observed: counted('age'),
          // A table without rows has none that is stale; it fails all the same.
          failing: by.length > 0 ? counted('stale') : {sql: sql`least(stale, rows)`, spark: "F.least('stale', 'rows')"},
          checked:
            by.length > 0
              ? counted('sources')
              : {sql: sql`nullif(least(sources, rows), 0)`, spark: "F.nullif(F.least('sources', 'rows'), F.lit(0))"},
          found: {
            sql: sql`strftime(oldest, '%Y-%m-%d %H:%M:%S')`,
            spark: "F.date_format('oldest', 'yyyy-MM-dd HH:mm:ss')",
          },
        },
      ],
      totals: by.length > 0 ? {} : {newest: {sql: sql`max(${usable.sql})`, spark: `F.max(${usable.spark})`}},
      base: fresh(rows, span.microseconds),
      beside: ages(rows),
      picked: stale(rows),
    };
  },
});

/** The newest time of all rows, or of each source. */
function fresh({time: {usable, by}, now}: Rows, limit: number): Omit<Query, 'name'> {
  const isStale = sql`newest IS NULL OR epoch_us(${now.sql}) - epoch_us(newest) > ${lit(limit)}`;
  const keys = by.map((column, i) => sql`${id(column.name)} AS ${id(`by_${i + 1}`)}`);
  const grouped = call(
    'groupBy',
    by.map((column, i) => `${col(column.name)}.alias(${py(`by_${i + 1}`)})`),
  );
  return {
    sql: (relation) =>
      by.length === 0
        ? sql`fresh AS MATERIALIZED (SELECT newest, ${isStale} AS is_stale FROM totals)`
        : sql`fresh AS MATERIALIZED (\n  SELECT *, ${isStale} AS is_stale\n  FROM (SELECT ${join([...keys, sql`max(${usable.sql}) AS newest`])} FROM ${relation} GROUP BY ALL)\n)`,
    spark: (frame) =>
      assign('_fresh', by.length === 0 ? '_totals' : frame, [
        ...(by.length === 0 ? [`select('newest')`] : [grouped, agg([['newest', `F.max(${usable.spark})`]])]),
        `withColumn('is_stale', F.col('newest').isNull() | (F.unix_micros(_now) - F.unix_micros('newest') > ${limit}))`,
      ]),
  };
}

const ages = ({now}: Rows): Query => ({
  name: 'ages',
  sql: () =>
    sql`ages AS (\n  SELECT CASE WHEN count(newest) = count(*) THEN min(newest) END AS oldest,\n    (epoch_us(${now.sql}) - epoch_us(oldest)) / ${double(6e7)} AS age,\n    count(*) FILTER (WHERE is_stale) AS stale,\n    nullif(count(*), 0) AS sources\n  FROM fresh\n)`,
  spark: () =>
    assign('_ages', '_fresh', [
      agg([
        ['oldest', "F.when(F.count('newest') == F.count('*'), F.min('newest'))"],
        ['stale', "F.count_if('is_stale')"],
        ['sources', "F.nullif(F.count('*'), F.lit(0))"],
      ]),
      `withColumn('age', (F.unix_micros(_now) - F.unix_micros('oldest')) / 60000000.0)`,
    ]),
});

/** The newest row of each source whose newest time is too old. */
function stale({columns, time: {usable, by}}: Rows): Picked {
  const free = (base: string): string => unusedName(base, columns);
  return {
    reason:
      by.length === 0
        ? 'the newest row is too old'
        : `the newest row of its ${list(by.map(({name}) => name))} is too old`,
    sql: ({rows, row, said}) => {
      const sources = by.map((_, i) => id(free(`by_${i + 1}`)));
      const newest = id(free('newest'));
      const renamed = by.map((_, i) => sql`${id(`by_${i + 1}`)} AS ${sources[i] ?? sql``}`);
      const same = [
        ...by.map((column, i) => sql`${id(column.name)} IS NOT DISTINCT FROM ${sources[i] ?? sql``}`),
        sql`${usable.sql} IS NOT DISTINCT FROM ${newest}`,
      ];
      const found = sql`SELECT * EXCLUDE (${join([...sources, newest])}), ${said}
  FROM ${rows}
  JOIN (SELECT ${join([...renamed, sql`newest AS ${newest}`])} FROM fresh WHERE is_stale) ON ${join(same, ' AND ')}`;
      // Of no rows at all, DuckDB 1.5 numbers one.
      return by.length === 0
        ? sql`(${found}\n  ORDER BY ${row} LIMIT 1)`
        : sql`${found}\n  QUALIFY row_number() OVER (PARTITION BY ${join(sources)} ORDER BY ${row}) = 1`;
    },
    spark: ({frame, row, said}) => {
      const sources = by.map((_, i) => free(`_by_${i + 1}`));
      const [newest, first] = [free('_newest'), free('_first')];
      const renamed = [
        ...by.map((_, i) => `F.col(${py(`by_${i + 1}`)}).alias(${py(sources[i] ?? '')})`),
        `F.col('newest').alias(${py(newest)})`,
      ];
      const same = [
        ...by.map((column, i) => `${col(column.name)}.eqNullSafe(${col(sources[i] ?? '')})`),
        `${usable.spark}.eqNullSafe(${col(newest)})`,
      ];
      const partition = by.length === 0 ? 'F.lit(0)' : sources.map((name) => py(name)).join(', ');
      return {
        name: '_stale',
        lines: assign('_stale', frame, [
          `join(F.broadcast(_fresh.where('is_stale').select(${renamed.join(', ')})), ${same.join(' & ')})`,
          `withColumn(${py(first)}, F.row_number().over(Window.partitionBy(${partition}).orderBy(${py(row)})))`,
          `where(F.col(${py(first)}) == 1)`,
          `select(${[...columns.map(({name}) => col(name)), py(row)].join(', ')}, ${said})`,
        ]),
      };
    },
  };
}
