import {list} from '../lib/text.ts';
import {p} from '../params/index.ts';
import {assign, col, py} from '../pyspark/py.ts';
import {finiteOnly, isPresent, present} from '../sql/missing.ts';
import {numberedRows} from '../sql/rows.ts';
import {double, id, join, lit, sql, type Sql} from '../sql/sql.ts';
import {isFloat, type Column} from '../sql/types.ts';
import {checkColumns, checkFamily, checkNames, columnNamed, columnsNamed, inputOf} from './checks.ts';
import {defineStep} from './define.ts';

/** A statistic as SQL over the present values of a column, and as PySpark over `value`. */
interface Statistic {
  /** It needs numbers; the others take any column. */
  readonly numeric: boolean;
  readonly sql: (column: Column, row: Sql) => Sql;
  readonly spark: (value: string) => string;
}

const quantile = (fraction: number): Statistic => ({
  numeric: true,
  sql: (column) => sql`quantile_cont(${present(column)}, ${double(fraction)})`,
  spark: (value) => `F.percentile(${value}, ${fraction})`,
});

const named =
  (name: Sql): Statistic['sql'] =>
  (column) =>
    sql`${name}(${present(column)})`;

/** DuckDB's stddev stops at an infinity; Spark's gives NaN, and so does this. */
const deviation: Statistic['sql'] = (column) => {
  const finite = sql`stddev_samp(${present(column)})${finiteOnly(column)}`;
  return isFloat(column.type) ? sql`CASE WHEN bool_or(isinf(${id(column.name)})) THEN 'NaN'::DOUBLE ELSE ${finite} END` : finite;
};

const statistics = {
  avg: {numeric: true, sql: named(sql`avg`), spark: (value) => `F.avg(${value})`},
  min: {numeric: false, sql: named(sql`min`), spark: (value) => `F.min(${value})`},
  max: {numeric: false, sql: named(sql`max`), spark: (value) => `F.max(${value})`},
  stddev: {numeric: true, sql: deviation, spark: (value) => `F.stddev(${value})`},
  count: {numeric: false, sql: named(sql`count`), spark: (value) => `F.count(${value})`},
  sum: {numeric: true, sql: named(sql`sum`), spark: (value) => `F.sum(${value})`},
  median: {numeric: true, sql: named(sql`median`), spark: (value) => `F.median(${value})`},
  p05: quantile(0.05),
  p25: quantile(0.25),
  p75: quantile(0.75),
  p95: quantile(0.95),
  first: {
    numeric: false,
    sql: (column, row) => sql`arg_min(${id(column.name)}, ${row}) FILTER (WHERE ${isPresent(column)})`,
    spark: (value) => `F.min_by(${value}, F.when(${value}.isNotNull(), F.col('_row')))`,
  },
  last: {
    numeric: false,
    sql: (column, row) => sql`arg_max(${id(column.name)}, ${row}) FILTER (WHERE ${isPresent(column)})`,
    spark: (value) => `F.max_by(${value}, F.when(${value}.isNotNull(), F.col('_row')))`,
  },
} satisfies Record<string, Statistic>;

const names = ['avg', 'min', 'max', 'stddev', 'count', 'sum', 'median', 'p05', 'p25', 'p75', 'p95', 'first', 'last'] as const;

export const aggregate = defineStep({
  kind: 'aggregate',
  version: 1,
  group: 'summarise',
  title: 'Aggregate',
  sentence: ({keys, time, metrics}) => {
    const what = Object.entries(metrics).map(([column, {statistics: wanted}]) => `${list(wanted)} of ${column}`);
    const per = [...keys, ...(time === undefined ? [] : [`${time.every?.words.replace(/^1 (\w+)s$/, '$1') ?? 'span'} of ${time.column}`])];
    return `${what.length > 0 ? what.join('; ') : 'Count rows'}${per.length > 0 ? ` per ${list(per)}` : ''}`.replace(/^./, (first) => first.toUpperCase());
  },
  lesson: {
    what: 'Many rows become one for each key and span of time: GROUP BY, and Spark’s groupBy().agg(). A span is a tumbling window: every timestamp belongs to one, named by its start, counted from 1970-01-01 in UTC as Spark’s window() does. stddev is the sample’s, divided by n − 1.',
    why: 'Nobody reads ten thousand readings, but an hour’s average, highest and lowest can be read, charted and compared. In a lakehouse this is how silver becomes gold.',
    without:
      'A chart of raw readings shows noise, and two sensors that report at different rates can’t be compared. Missing values are left out of every statistic here, NaN too; Spark’s avg alone would give NaN, so the generated job turns NaN into NULL first. The stddev of a single reading is NULL: one value has no spread.',
  },
  input: 'one',
  effect: 'new',
  params: {
    keys: p.columns({label: 'Keys', help: 'One row for each of their values.', default: []}),
    time: p.group(
      {column: p.column({label: 'Time column', types: 'time'}), every: p.duration({label: 'Every', help: '15m, 1h, 1d'})},
      {label: 'Time bucket', help: 'One row for each span of time.'},
    ),
    metrics: p.map(
      'column',
      {statistics: p.choices(names, {label: 'Statistics'})},
      {label: 'Metrics', help: 'Column → statistics; the result has COLUMN_STATISTIC. Without any, rows are counted.', default: {}, short: 'statistics'},
    ),
  },
  check: ({keys, time, metrics}, inputs) => {
    const input = inputOf(inputs);
    const columns = Object.keys(metrics);
    const numeric = columns.filter((column) => metrics[column]?.statistics.some((name) => statistics[name].numeric) === true);
    const grouped = [...keys, ...(time === undefined ? [] : [time.column])];
    return [
      ...checkColumns(keys, input, 'keys'),
      ...(time === undefined ? [] : checkFamily([time.column], input, 'time.column', 'time', 'A time bucket')),
      ...checkColumns(
        columns.filter((column) => !numeric.includes(column)),
        input,
        'metrics',
      ),
      ...checkFamily(numeric, input, 'metrics', 'number', 'This statistic'),
      ...checkNames([...grouped, ...columns.flatMap((column) => (metrics[column]?.statistics ?? []).map((name) => `${column}_${name}`))], 'metrics'),
    ];
  },
  toSql: ({keys, time, metrics}, inputs) => {
    const input = inputOf(inputs);
    const wanted = Object.entries(metrics);
    const ordered = wanted.some(([, metric]) => metric.statistics.some((name) => name === 'first' || name === 'last'));
    const {from, row} = ordered ? numberedRows(input.relation, input.columns) : {from: input.relation, row: sql`rowid`};
    const groups = columnsNamed(keys, input.columns).map((column) => id(column.name));
    if (time?.every !== undefined) {
      const {name, type} = columnNamed(time.column, input.columns);
      const at = type === 'TIMESTAMP' ? id(name) : sql`${id(name)}::TIMESTAMP`;
      groups.push(sql`time_bucket(to_microseconds(${lit(time.every.microseconds)}), ${at}, TIMESTAMP '1970-01-01') AS ${id(name)}`);
    }
    const values = wanted.flatMap(([name, metric]) => {
      const column = columnNamed(name, input.columns);
      return metric.statistics.map((statistic) => sql`${statistics[statistic].sql(column, row)} AS ${id(`${column.name}_${statistic}`)}`);
    });
    const selected = [...groups, ...(values.length > 0 ? values : [sql`count(*) AS count`])];
    const places = join(groups.map((_, i) => lit(i + 1)));
    return {kind: 'sql', sql: sql`SELECT ${join(selected)} FROM ${from}${groups.length === 0 ? sql`` : sql` GROUP BY ${places} ORDER BY ${places}`}`};
  },
  toPySpark: ({keys, time, metrics}, {target, frames: [frame = 'df'], inputs}) => {
    const columns = inputs[0]?.columns ?? [];
    const value = (name: string): string => {
      const type = columns.find((column) => column.name.toLowerCase() === name.toLowerCase())?.type ?? 'DOUBLE';
      return isFloat(type) ? `F.when(~F.isnan(${py(name)}), ${col(name)})` : col(name);
    };
    const wanted = Object.entries(metrics);
    const ordered = wanted.some(([, metric]) => metric.statistics.some((name) => name === 'first' || name === 'last'));
    const groups = keys.map(col);
    const order = keys.map((key) => `${col(key)}.asc_nulls_last()`);
    if (time?.every !== undefined) {
      groups.push(`F.window(${py(time.column)}, ${py(time.every.words)})['start'].alias(${py(time.column)})`);
      order.push(`${col(time.column)}.asc_nulls_last()`);
    }
    const aggregates = wanted.flatMap(([name, metric]) => metric.statistics.map((statistic) => `${statistics[statistic].spark(value(name))}.alias(${py(`${name}_${statistic}`)})`));
    const all = aggregates.length > 0 ? aggregates : ["F.count('*').alias('count')"];
    return assign(target, frame, [
      ...(ordered ? ["withColumn('_row', F.monotonically_increasing_id())"] : []),
      `groupBy(${groups.join(', ')})`,
      `agg(\n        ${all.join(',\n        ')},\n    )`,
      ...(order.length > 0 ? [`orderBy(${order.join(', ')})`] : []),
    ]);
  },
  examples: [
    {
      name: 'hourly statistics per sensor',
      params: {keys: ['sensor_id'], time: {column: 'read_at', every: '1h'}, metrics: {temperature: ['avg', 'max', 'min', 'stddev', 'count']}},
      input: {
        columns: {sensor_id: 'VARCHAR', read_at: 'TIMESTAMP', temperature: 'DOUBLE'},
        rows: [
          ['b', '2024-02-01 00:10:00', 5],
          ['a', '2024-02-01 00:50:00', 22],
          ['a', '2024-02-01 00:00:00', 20],
          ['a', '2024-02-01 01:00:00', null],
          ['a', '2024-02-01 00:20:00', 'NaN'],
        ],
      },
      expect: {
        columns: {
          sensor_id: 'VARCHAR',
          read_at: 'TIMESTAMP',
          temperature_avg: 'DOUBLE',
          temperature_max: 'DOUBLE',
          temperature_min: 'DOUBLE',
          temperature_stddev: 'DOUBLE',
          temperature_count: 'BIGINT',
        },
        rows: [
          ['a', '2024-02-01 00:00:00', 21, 22, 20, 1.4142135623730951, 2],
          ['a', '2024-02-01 01:00:00', null, null, null, null, 0],
          ['b', '2024-02-01 00:00:00', 5, 5, 5, null, 1],
        ],
      },
    },
    {
      name: 'without metrics it counts, NULL is a key of its own',
      params: {keys: ['sensor_id']},
      input: {columns: {sensor_id: 'VARCHAR'}, rows: [['b'], [null], ['a'], ['b'], [null]]},
      expect: {
        columns: {sensor_id: 'VARCHAR', count: 'BIGINT'},
        rows: [
          ['a', 1],
          ['b', 2],
          [null, 2],
        ],
      },
    },
    {
      name: 'first and last present value in the order of the rows',
      params: {keys: ['sensor_id'], metrics: {status: ['first', 'last'], temperature: ['median', 'p25']}},
      input: {
        columns: {sensor_id: 'VARCHAR', status: 'VARCHAR', temperature: 'DOUBLE'},
        rows: [
          ['a', null, 1],
          ['a', 'ok', 2],
          ['a', 'hot', 3],
          ['a', null, 'NaN'],
        ],
      },
      expect: {
        columns: {sensor_id: 'VARCHAR', status_first: 'VARCHAR', status_last: 'VARCHAR', temperature_median: 'DOUBLE', temperature_p25: 'DOUBLE'},
        rows: [['a', 'ok', 'hot', 2, 1.5]],
      },
    },
    {
      name: 'buckets before 1970 and of two days',
      params: {time: {column: 'day', every: '2d'}, metrics: {value: ['avg']}},
      input: {
        columns: {day: 'DATE', value: 'DOUBLE'},
        rows: [
          ['1969-12-30', 1],
          ['1969-12-31', 3],
          ['1970-01-01', 10],
        ],
      },
      expect: {
        columns: {day: 'TIMESTAMP', value_avg: 'DOUBLE'},
        rows: [
          ['1969-12-30 00:00:00', 2],
          ['1970-01-01 00:00:00', 10],
        ],
      },
    },
    {
      name: 'an empty table',
      params: {keys: ['sensor_id'], metrics: {temperature: ['avg']}},
      input: {columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE'}, rows: []},
      expect: {columns: {sensor_id: 'VARCHAR', temperature_avg: 'DOUBLE'}, rows: []},
    },
  ],
});
