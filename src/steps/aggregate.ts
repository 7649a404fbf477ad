import {list} from '../lib/text.ts';
import {p, type Duration} from '../params/index.ts';
import {agg} from '../pyspark/groups.ts';
import {asDouble, present as sparkPresent} from '../pyspark/missing.ts';
import {assign, call, col, py, pyName} from '../pyspark/py.ts';
import {finiteOnly, isPresent, present} from '../sql/missing.ts';
import {numberedRows, unusedName} from '../sql/rows.ts';
import {double, id, join, lit, sql, type Sql} from '../sql/sql.ts';
import {isFloat, type Column} from '../sql/types.ts';
import {checkColumns, checkFamily, checkNames, columnNamed, columnsNamed, inputOf} from './checks.ts';
import {defineStep} from './define.ts';

/** A statistic as SQL over the present values of a column, and as PySpark over `value`, where `row` is the column of the row's place. */
interface Statistic {
  /** It needs numbers; the others take any column. */
  readonly numeric: boolean;
  readonly sql: (column: Column, row: Sql) => Sql;
  readonly spark: (value: string, column: Column, row: string) => string;
}

/** DuckDB would give a decimal's median two digits, too, and a float's few. */
const wide = (column: Column): Sql =>
  /^(FLOAT|DECIMAL)/.test(column.type) ? sql`${present(column)}::DOUBLE` : present(column);

const quantile = (fraction: number): Statistic => ({
  numeric: true,
  sql: (column) => sql`quantile_cont(${wide(column)}, ${double(fraction)})`,
  spark: (value) => `F.percentile(${value}, ${fraction})`,
});

const named =
  (name: Sql): Statistic['sql'] =>
  (column) =>
    sql`${name}(${present(column)})`;

/** DuckDB's stddev stops at an infinity; Spark's gives NaN, and so does this. */
const deviation: Statistic['sql'] = (column) => {
  const finite = sql`stddev_samp(${present(column)})${finiteOnly(column)}`;
  return isFloat(column.type)
    ? sql`CASE WHEN bool_or(isinf(${id(column.name)})) THEN 'NaN'::DOUBLE ELSE ${finite} END`
    : finite;
};

const statistics = {
  avg: {numeric: true, sql: named(sql`avg`), spark: (value, column) => `F.avg(${asDouble(value, column)})`},
  min: {numeric: false, sql: named(sql`min`), spark: (value) => `F.min(${value})`},
  max: {numeric: false, sql: named(sql`max`), spark: (value) => `F.max(${value})`},
  stddev: {numeric: true, sql: deviation, spark: (value) => `F.stddev(${value})`},
  count: {numeric: false, sql: named(sql`count`), spark: (value) => `F.count(${value})`},
  sum: {numeric: true, sql: named(sql`sum`), spark: (value) => `F.sum(${value})`},
  median: {numeric: true, sql: (column) => sql`median(${wide(column)})`, spark: (value) => `F.median(${value})`},
  p05: quantile(0.05),
  p25: quantile(0.25),
  p75: quantile(0.75),
  p95: quantile(0.95),
  first: {
    numeric: false,
    sql: (column, row) => sql`arg_min(${id(column.name)}, ${row}) FILTER (WHERE ${isPresent(column)})`,
    spark: (value, _column, row) => `F.min_by(${value}, F.when(${value}.isNotNull(), ${col(row)}))`,
  },
  last: {
    numeric: false,
    sql: (column, row) => sql`arg_max(${id(column.name)}, ${row}) FILTER (WHERE ${isPresent(column)})`,
    spark: (value, _column, row) => `F.max_by(${value}, F.when(${value}.isNotNull(), ${col(row)}))`,
  },
} satisfies Record<string, Statistic>;

const names = [
  'avg',
  'min',
  'max',
  'stddev',
  'count',
  'sum',
  'median',
  'p05',
  'p25',
  'p75',
  'p95',
  'first',
  'last',
] as const;

// date_trunc's units; longer spans are counted from 1970 here, and months have no length.
const units: Readonly<Record<number, string>> = {
  1_000_000: 'second',
  60_000_000: 'minute',
  3_600_000_000: 'hour',
  86_400_000_000: 'day',
};

/** The start of the span that a time is in. Spark's window() would leave out the rows without a time. */
function sparkBucket(name: string, every: Duration): string {
  const unit = units[every.microseconds];
  if (unit !== undefined) return `F.date_trunc(${py(unit)}, ${pyName(name)})`;
  const micros = `F.unix_micros(${col(name)}.cast('timestamp'))`;
  return `F.timestamp_micros(${micros} - F.pmod(${micros}, F.lit(${every.microseconds})))`;
}

export const aggregate = defineStep({
  kind: 'aggregate',
  version: 2,
  group: 'summarise',
  title: 'Aggregate',
  sentence: ({keys, time, metrics}) => {
    const what = Object.entries(metrics).map(([column, {statistics: wanted}]) => `${list(wanted)} of ${column}`);
    const per = [
      ...keys,
      ...(time === undefined ? [] : [`${time.every?.words.replace(/^1 (\w+)s$/, '$1') ?? 'span'} of ${time.column}`]),
    ];
    return `${what.length > 0 ? what.join('; ') : 'Count rows'}${per.length > 0 ? ` per ${list(per)}` : ''}`.replace(
      /^./,
      (first) => first.toUpperCase(),
    );
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
      {
        column: p.column({label: 'Time column', types: 'time'}),
        every: p.duration({label: 'Every', help: '15m, 1h, 1d'}),
      },
      {label: 'Time bucket', help: 'One row for each span of time.'},
    ),
    metrics: p.map(
      'column',
      {statistics: p.choices(names, {label: 'Statistics'})},
      {
        label: 'Metrics',
        help: 'Column → statistics; the result has COLUMN_STATISTIC. Without any, rows are counted.',
        default: {},
        short: 'statistics',
      },
    ),
  },
  check: ({keys, time, metrics}, inputs) => {
    const input = inputOf(inputs);
    const columns = Object.keys(metrics);
    const numeric = columns.filter(
      (column) => metrics[column]?.statistics.some((name) => statistics[name].numeric) === true,
    );
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
      ...checkNames(
        [
          ...grouped,
          ...columns.flatMap((column) => (metrics[column]?.statistics ?? []).map((name) => `${column}_${name}`)),
        ],
        'metrics',
      ),
    ];
  },
  toSql: ({keys, time, metrics}, inputs) => {
    const input = inputOf(inputs);
    const wanted = Object.entries(metrics);
    const ordered = wanted.some(([, metric]) => metric.statistics.some((name) => name === 'first' || name === 'last'));
    const {from, row} = ordered ? numberedRows(input) : {from: input.relation, row: sql`rowid`};
    const groups = columnsNamed(keys, input.columns).map((column) => id(column.name));
    if (time?.every !== undefined) {
      const {name, type} = columnNamed(time.column, input.columns);
      const at = type === 'TIMESTAMP' ? id(name) : sql`${id(name)}::TIMESTAMP`;
      groups.push(
        sql`time_bucket(to_microseconds(${lit(time.every.microseconds)}), ${at}, TIMESTAMP '1970-01-01') AS ${id(name)}`,
      );
    }
    const values = wanted.flatMap(([name, metric]) => {
      const column = columnNamed(name, input.columns);
      return metric.statistics.map(
        (statistic) => sql`${statistics[statistic].sql(column, row)} AS ${id(`${column.name}_${statistic}`)}`,
      );
    });
    const selected = [...groups, ...(values.length > 0 ? values : [sql`count(*) AS count`])];
    const places = join(groups.map((_, i) => lit(i + 1)));
    return {
      kind: 'sql',
      sql: sql`SELECT ${join(selected)} FROM ${from}${groups.length === 0 ? sql`` : sql` GROUP BY ${places} ORDER BY ${places}`}`,
    };
  },
  toPySpark: ({keys, time, metrics}, {target, frames: [frame = 'df'], inputs: [input]}) => {
    const columns = input?.columns ?? [];
    const row = unusedName('_row', columns);
    const wanted = Object.entries(metrics);
    const ordered = wanted.some(([, metric]) => metric.statistics.some((name) => name === 'first' || name === 'last'));
    const names = columnsNamed(keys, columns).map(({name}) => name);
    const groups = names.map(col);
    if (time?.every !== undefined) {
      const {name} = columnNamed(time.column, columns);
      groups.push(`${sparkBucket(name, time.every)}.alias(${py(name)})`);
      names.push(name);
    }
    const aggregates = wanted.flatMap(([name, metric]) => {
      const column = columnNamed(name, columns);
      return metric.statistics.map((statistic): [string, string] => [
        `${column.name}_${statistic}`,
        statistics[statistic].spark(sparkPresent(column), column, row),
      ]);
    });
    return assign(target, frame, [
      ...(ordered ? [`withColumn(${py(row)}, F.monotonically_increasing_id())`] : []),
      call('groupBy', groups),
      agg(aggregates.length > 0 ? aggregates : [['count', "F.count('*')"]]),
      ...(names.length > 0 ? [`orderBy(${names.map((name) => `${col(name)}.asc_nulls_last()`).join(', ')})`] : []),
    ]);
  },
  examples: [
    {
      name: 'hourly statistics per sensor',
      params: {
        keys: ['sensor_id'],
        time: {column: 'read_at', every: '1h'},
        metrics: {temperature: ['avg', 'max', 'min', 'stddev', 'count']},
      },
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
        columns: {
          sensor_id: 'VARCHAR',
          status_first: 'VARCHAR',
          status_last: 'VARCHAR',
          temperature_median: 'DOUBLE',
          temperature_p25: 'DOUBLE',
        },
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
      name: 'rows without a time are a span of their own; the median of prices has all its digits',
      params: {time: {column: 'sold_at', every: '90m'}, metrics: {price: ['median', 'avg', 'sum']}},
      input: {
        columns: {sold_at: 'TIMESTAMP', price: 'DECIMAL(10,2)'},
        rows: [
          ['2024-03-31 01:30:00', '1.00'],
          ['2024-03-31 02:59:59.999999', '1.01'],
          [null, '2.50'],
        ],
      },
      expect: {
        columns: {sold_at: 'TIMESTAMP', price_median: 'DOUBLE', price_avg: 'DOUBLE', price_sum: 'DECIMAL(38,2)'},
        rows: [
          ['2024-03-31 01:30:00', 1.005, 1.005, '2.01'],
          [null, 2.5, 2.5, '2.50'],
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
