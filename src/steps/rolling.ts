import {list} from '../lib/text.ts';
import {p, type Duration, type Values} from '../params/index.ts';
import {assignColumns, inOrder} from '../pyspark/groups.ts';
import {finite as sparkFinite} from '../pyspark/missing.ts';
import {col, py, pyNames} from '../pyspark/py.ts';
import {numberedRows, unusedName} from '../sql/rows.ts';
import {withColumns} from '../sql/select.ts';
import {double, id, join, lit, sql, type Sql} from '../sql/sql.ts';
import {isFloat, type Column} from '../sql/types.ts';
import {checkColumns, checkFamily, checkNames, checkSome, columnNamed, columnsNamed, inputOf} from './checks.ts';
import {defineStep, type Input, type SparkContext} from './define.ts';

const microsecondsAnHour = 3.6e9;
const statistics = ['mean', 'std', 'min', 'max', 'slope', 'count'] as const;
type Statistic = (typeof statistics)[number];

const params = {
  columns: p.columns({label: 'Columns', types: 'number'}),
  time: p.column({label: 'Time column', types: 'time'}),
  by: p.columns({label: 'Per', help: 'Each sensor has windows of its own.', default: []}),
  windows: p.durations({
    label: 'Windows',
    help: 'How far back each one looks: 1h, 4h, 1d.',
    default: [hours(1), hours(4), hours(24)],
  }),
  statistics: p.choices(statistics, {label: 'Statistics', default: ['mean', 'std', 'min', 'max', 'slope']}),
};
type RollingValues = Values<typeof params>;

function hours(n: number): Duration {
  return {text: `${n}h`, microseconds: n * microsecondsAnHour, words: `${n} hours`};
}

const windowName = ({text}: Duration): string => text.replace(/\s+/g, '');
const nameOf = (column: string, window: Duration, statistic: Statistic): string =>
  `${column}_${windowName(window)}_${statistic}`;

/** One column of the result. */
interface Wanted {
  readonly name: string;
  readonly column: number;
  readonly window: number;
  readonly statistic: Statistic;
}

/** The new columns, in the order in which the kernel gives them. */
const wantedOf = ({windows, statistics: chosen}: RollingValues, columns: readonly Column[]): readonly Wanted[] =>
  columns.flatMap(({name}, column) =>
    windows.flatMap((window, w) =>
      chosen.map((statistic) => ({name: nameOf(name, window, statistic), column, window: w, statistic})),
    ),
  );

const timestamp = ({name, type}: Column): Sql => (type === 'TIMESTAMP' ? id(name) : sql`${id(name)}::TIMESTAMP`);

/** A key as the text that tells it from every other one; both zeros are one key. */
const keyText = ({name, type}: Column): Sql =>
  type === 'VARCHAR' ? id(name) : isFloat(type) ? sql`(${id(name)} + 0)::VARCHAR` : sql`${id(name)}::VARCHAR`;

export const rolling = defineStep({
  kind: 'rolling',
  version: 1,
  group: 'features',
  title: 'Rolling windows',
  sentence: ({columns, windows, statistics: chosen, by}) =>
    `Rolling ${list(chosen) || '…'} of ${list(columns) || '…'} over ${list(windows.map(windowName)) || '…'}${by.length > 0 ? ` per ${list(by)}` : ''}`,
  lesson: {
    what: 'Gives each reading what its sensor did in the time before it: mean, standard deviation (the sample’s), smallest, largest and slope (of the least-squares line, per hour) of the last 1, 4 and 24 hours, as COLUMN_WINDOW_STATISTIC. It is a window function of SQL and Spark: PARTITION BY the sensor, ORDER BY the time, RANGE BETWEEN INTERVAL … PRECEDING AND CURRENT ROW. Both ends are in, and so are all readings of that very time. Rows stay in their order; without statistics of its own to add, a row keeps NULLs.',
    why: 'A bearing that fails shakes a little more every hour. One reading is noise; the mean of four hours against that of a day, and the slope, show the way it goes days before a limit is passed. RANGE counts time, not rows: a sensor that was off for a day has no readings to look back at, while ROWS would quietly reach into yesterday.',
    without:
      'A model sees single readings and learns noise. Beware of looking ahead: these windows end at the reading itself, so what is computed in training can be computed in the plant. Missing values are passed over: NULL as in SQL, and NaN and infinities too. One value has no standard deviation, and readings of one time no slope. All is worked out as DOUBLE. Lakebook slides a kernel of its own over the sorted readings, which gives what DuckDB’s windows give, many times faster; the hand-over has the windows.',
  },
  input: 'one',
  effect: 'same',
  params,
  check: (values, inputs) => {
    const input = inputOf(inputs);
    const {columns, time, by, windows, statistics: chosen} = values;
    const added = wantedOf(values, columnsNamed(columns, input.columns)).map(({name}) => name);
    return [
      ...checkSome(columns, 'columns', 'No column is named.', 'Name columns of numbers.'),
      ...checkFamily(columns, input, 'columns', 'number', 'A rolling window'),
      ...checkFamily([time], input, 'time', 'time', 'This step'),
      ...checkColumns(by, input, 'by'),
      ...checkSome(windows, 'windows', 'No window is named.', 'Name how far back to look, such as 1h.'),
      ...checkSome(chosen, 'statistics', 'No statistic is named.', 'Name one or more, such as mean.'),
      ...checkNames([...input.columns.map(({name}) => name), ...added], 'columns'),
    ];
  },
  toSql: (values, inputs) => {
    const input = inputOf(inputs);
    const {columns, time, by, windows, statistics: chosen} = values;
    const fetched = [
      sql`${timestamp(columnNamed(time, input.columns))} AS time`,
      ...columnsNamed(by, input.columns).map((column, i) => sql`${keyText(column)} AS ${id(`key_${i + 1}`)}`),
      ...columnsNamed(columns, input.columns).map(({name}) => sql`${id(name)}::DOUBLE AS ${id(name)}`),
    ];
    return {
      kind: 'kernel',
      fn: 'rolling',
      features: sql`SELECT ${join(fetched)} FROM ${input.relation}`,
      args: {
        windows: windows.map((window) => ({name: windowName(window), microseconds: window.microseconds})),
        statistics: chosen,
      },
      gives: 'columns',
      inSql: true,
      shown: windowsSql(values, input),
    };
  },
  toPySpark,
  examples: [
    {
      name: 'the last hour and two hours per compressor, in the order of time',
      params: {
        columns: ['vibration_mms'],
        time: 'timestamp',
        by: ['compressor_id'],
        windows: ['1h', '2h'],
        statistics: ['mean', 'min', 'max', 'slope'],
      },
      input: {
        columns: {compressor_id: 'VARCHAR', timestamp: 'TIMESTAMP', vibration_mms: 'DOUBLE'},
        rows: [
          ['COMP-001', '2024-02-01 02:00:00', 6],
          ['COMP-002', '2024-02-01 00:00:00', 9],
          ['COMP-001', '2024-02-01 00:00:00', 2],
          ['COMP-001', '2024-02-01 01:00:00', 4],
          ['COMP-001', '2024-02-01 04:00:00', 5],
        ],
      },
      expect: {
        columns: {
          compressor_id: 'VARCHAR',
          timestamp: 'TIMESTAMP',
          vibration_mms: 'DOUBLE',
          vibration_mms_1h_mean: 'DOUBLE',
          vibration_mms_1h_min: 'DOUBLE',
          vibration_mms_1h_max: 'DOUBLE',
          vibration_mms_1h_slope: 'DOUBLE',
          vibration_mms_2h_mean: 'DOUBLE',
          vibration_mms_2h_min: 'DOUBLE',
          vibration_mms_2h_max: 'DOUBLE',
          vibration_mms_2h_slope: 'DOUBLE',
        },
        rows: [
          ['COMP-001', '2024-02-01 02:00:00', 6, 5, 4, 6, 2, 4, 2, 6, 2],
          ['COMP-002', '2024-02-01 00:00:00', 9, 9, 9, 9, null, 9, 9, 9, null],
          ['COMP-001', '2024-02-01 00:00:00', 2, 2, 2, 2, null, 2, 2, 2, null],
          ['COMP-001', '2024-02-01 01:00:00', 4, 3, 2, 4, 2, 3, 2, 4, 2],
          ['COMP-001', '2024-02-01 04:00:00', 5, 5, 5, 5, null, 5.5, 5, 6, -0.5],
        ],
      },
    },
    {
      name: 'readings of one time are in each other’s windows; missing values are passed over, and a row without a time has none',
      params: {columns: ['level'], time: 'read_at', windows: ['30m'], statistics: ['mean', 'std', 'count']},
      input: {
        columns: {read_at: 'TIMESTAMP', level: 'DOUBLE'},
        rows: [
          ['2024-02-01 00:00:00', 1],
          ['2024-02-01 00:10:00', 3],
          ['2024-02-01 00:10:00', 5],
          ['2024-02-01 00:40:00', null],
          ['2024-02-01 00:40:00.000001', 'NaN'],
          ['2024-02-01 02:00:00', 'Infinity'],
          [null, 7],
          ['2024-02-01 02:30:00', 8],
        ],
      },
      expect: {
        columns: {
          read_at: 'TIMESTAMP',
          level: 'DOUBLE',
          level_30m_mean: 'DOUBLE',
          level_30m_std: 'DOUBLE',
          level_30m_count: 'INTEGER',
        },
        rows: [
          ['2024-02-01 00:00:00', 1, 1, null, 1],
          ['2024-02-01 00:10:00', 3, 3, 2, 3],
          ['2024-02-01 00:10:00', 5, 3, 2, 3],
          ['2024-02-01 00:40:00', null, 4, 1.4142135623730951, 2],
          ['2024-02-01 00:40:00.000001', 'NaN', null, null, 0],
          ['2024-02-01 02:00:00', 'Infinity', null, null, 0],
          [null, 7, null, null, null],
          ['2024-02-01 02:30:00', 8, 8, null, 1],
        ],
      },
    },
    {
      name: 'dates, whole numbers and prices by two keys, NULL a key of its own; a constant deviates by nothing',
      params: {
        columns: ['counter', 'price'],
        time: 'day',
        by: ['site', 'line'],
        windows: ['1d', '36h'],
        statistics: ['max', 'std'],
      },
      input: {
        columns: {site: 'VARCHAR', line: 'INTEGER', day: 'DATE', counter: 'BIGINT', price: 'DECIMAL(10,2)'},
        rows: [
          [null, 1, '2024-02-02', 7, '0.10'],
          [null, 1, '2024-02-01', 7, '0.10'],
          ['a', 1, '2024-02-02', 1, '1.50'],
          ['a', null, '2024-02-02', 2, '2.50'],
        ],
      },
      expect: {
        columns: {
          site: 'VARCHAR',
          line: 'INTEGER',
          day: 'DATE',
          counter: 'BIGINT',
          price: 'DECIMAL(10,2)',
          counter_1d_max: 'DOUBLE',
          counter_1d_std: 'DOUBLE',
          counter_36h_max: 'DOUBLE',
          counter_36h_std: 'DOUBLE',
          price_1d_max: 'DOUBLE',
          price_1d_std: 'DOUBLE',
          price_36h_max: 'DOUBLE',
          price_36h_std: 'DOUBLE',
        },
        rows: [
          [null, 1, '2024-02-02', 7, '0.10', 7, 0, 7, 0, 0.1, 0, 0.1, 0],
          [null, 1, '2024-02-01', 7, '0.10', 7, null, 7, null, 0.1, null, 0.1, null],
          ['a', 1, '2024-02-02', 1, '1.50', 1, null, 1, null, 1.5, null, 1.5, null],
          ['a', null, '2024-02-02', 2, '2.50', 2, null, 2, null, 2.5, null, 2.5, null],
        ],
      },
    },
    {
      name: 'an empty table with odd names',
      params: {columns: ['rel. humidity'], time: 'Read "at"', windows: ['1.5h'], statistics: ['slope']},
      input: {columns: {'Read "at"': 'TIMESTAMP', 'rel. humidity': 'DOUBLE'}, rows: []},
      expect: {
        columns: {'Read "at"': 'TIMESTAMP', 'rel. humidity': 'DOUBLE', 'rel. humidity_1.5h_slope': 'DOUBLE'},
        rows: [],
      },
    },
  ],
});

/** The same columns by SQL's windows. */
function windowsSql(values: RollingValues, input: Input): Sql {
  const {columns, time, by, windows, statistics: chosen} = values;
  const numbers = columnsNamed(columns, input.columns);
  const at = timestamp(columnNamed(time, input.columns));
  const hours = id(unusedName('hours', input.columns));
  const finite = numbers.map((_, i) => id(unusedName(`finite_${i + 1}`, input.columns)));
  const place = id(unusedName('place', input.columns));
  const {from, row, all} = numberedRows(input);
  const prepared = [
    sql`${row} AS ${place}`,
    // Hours from the middle reading: from 1970 on, or from a clock that was wrong, they would have too few digits left for the seconds.
    ...(chosen.includes('slope')
      ? [
          sql`(epoch_us(${at}) - (SELECT median(epoch_us(${at})) FROM ${input.relation})) / ${double(microsecondsAnHour)} AS ${hours}`,
        ]
      : []),
    ...numbers.map(({name, type}, i) => {
      const present = isFloat(type) ? sql`isfinite(${at}) AND isfinite(${id(name)})` : sql`isfinite(${at})`;
      return sql`CASE WHEN ${present} THEN ${id(name)}::DOUBLE END AS ${finite[i] ?? id('')}`;
    }),
  ];
  const keys = columnsNamed(by, input.columns).map(({name}) => id(name));
  const partition = keys.length === 0 ? sql`` : sql`PARTITION BY ${join(keys)} `;
  // A WINDOW clause would read better, but DuckDB finds its names taken when a script has two such cells.
  const frames = windows.map(
    (window) => sql`(${partition}ORDER BY ${at} RANGE BETWEEN INTERVAL ${lit(window.words)} PRECEDING AND CURRENT ROW)`,
  );
  const value: Readonly<Record<Statistic, (of: Sql, window: Sql) => Sql>> = {
    mean: (of, window) => sql`avg(${of}) OVER ${window}`,
    std: (of, window) => sql`stddev_samp(${of}) OVER ${window}`,
    min: (of, window) => sql`min(${of}) OVER ${window}`,
    max: (of, window) => sql`max(${of}) OVER ${window}`,
    // NaN where all readings are of one time.
    slope: (of, window) => sql`nullif(regr_slope(${of}, ${hours}) OVER ${window}, 'NaN')`,
    count: (of, window) => sql`CASE WHEN isfinite(${at}) THEN count(${of}) OVER ${window} END::INTEGER`,
  };
  const added = wantedOf(values, numbers).map(({name, column, window, statistic}) => ({
    name,
    value: value[statistic](finite[column] ?? id(''), frames[window] ?? sql`()`),
  }));
  const helpers = [place, ...(chosen.includes('slope') ? [hours] : []), ...finite];
  return sql`SELECT ${withColumns(input.columns, added, helpers)} FROM (SELECT ${join([all, ...prepared])} FROM ${from}) ORDER BY ${place}`;
}

function toPySpark(values: RollingValues, {target, frames: [frame = 'df'], inputs: [input]}: SparkContext): string[] {
  const {columns, time, by, windows, statistics: chosen} = values;
  const known = input?.columns ?? [];
  const numbers = columnsNamed(columns, known);
  const partition = `Window.partitionBy(${by.length > 0 ? pyNames(columnsNamed(by, known).map(({name}) => name)) : 'F.lit(0)'})`;
  const micros = unusedName('_micros', known);
  const hoursName = unusedName('_hours', known);
  const finite = numbers.map((_, i) => unusedName(`_finite_${i + 1}`, known));
  const ofValue: Readonly<Record<Statistic, (of: string, window: string) => string>> = {
    mean: (of, window) => `F.avg(${of}).over(${window})`,
    std: (of, window) => `F.stddev(${of}).over(${window})`,
    min: (of, window) => `F.min(${of}).over(${window})`,
    max: (of, window) => `F.max(${of}).over(${window})`,
    slope: (of, window) => `F.regr_slope(${of}, ${py(hoursName)}).over(${window})`,
    count: (of, window) => `F.when(${col(micros)}.isNotNull(), F.count(${of}).over(${window})).cast('int')`,
  };
  const hasSlope = chosen.includes('slope');
  const prepared: [string, string][] = [
    ...(hasSlope
      ? [
          [hoursName, `(${col(micros)} - F.median(${py(micros)}).over(${partition})) / ${microsecondsAnHour}`] as [
            string,
            string,
          ],
        ]
      : []),
    ...numbers.map((column, i): [string, string] => [
      finite[i] ?? '',
      `F.when(${col(micros)}.isNotNull(), ${sparkFinite(column)}.cast('double'))`,
    ]),
  ];
  const made = wantedOf(values, numbers).map(({name, column, window, statistic}): [string, string] => [
    name,
    ofValue[statistic](py(finite[column] ?? ''), `_last_${window + 1}`),
  ]);
  return [
    ...windows.map(
      ({microseconds}, w) => `_last_${w + 1} = ${partition}.orderBy(${py(micros)}).rangeBetween(-${microseconds}, 0)`,
    ),
    ...inOrder(target, frame, known, () => [
      `withColumn(${py(micros)}, F.unix_micros(${col(columnNamed(time, known).name)}.cast('timestamp')))`,
      assignColumns(prepared),
      assignColumns(made),
      `drop(${pyNames([micros, ...(hasSlope ? [hoursName] : []), ...finite])})`,
    ]),
  ];
}
