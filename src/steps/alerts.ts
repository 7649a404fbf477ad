import {list} from '../lib/text.ts';
import {p, type Duration, type Values} from '../params/index.ts';
import {agg} from '../pyspark/groups.ts';
import {present as sparkPresent} from '../pyspark/missing.ts';
import {assign, call, col, py} from '../pyspark/py.ts';
import {isPresent} from '../sql/missing.ts';
import {unusedName} from '../sql/rows.ts';
import {double, id, join, lit, sql, type Sql} from '../sql/sql.ts';
import {isText, type Column} from '../sql/types.ts';
import {checkColumns, checkFamily, checkSome, columnNamed, columnsNamed, inputOf, isWritable} from './checks.ts';
import {defineStep, type Input, type StepProblem} from './define.ts';
import {limitFields, noLimit} from './limits.ts';

const fields = {
  ...limitFields,
  clear: p.optionalNumber({
    label: 'Clear',
    help: 'The alert ends when the value is back at this level or better: hysteresis. The limit itself when left out.',
  }),
};
const params = {
  by: p.columns({label: 'Per', help: 'The columns that name a sensor: each is watched by itself.', default: []}),
  time: p.column({label: 'Time column', types: 'time'}),
  rules: p.map('column', fields, {label: 'Limits', help: 'Column → warning and critical.'}),
  readings: p.number({
    label: 'Readings beyond the limit',
    help: 'How many raise an alert: the 3 in “3 of 5”.',
    default: 1,
    min: 1,
    max: 1000,
    integer: true,
  }),
  out_of: p.optionalNumber({
    label: 'Out of',
    help: 'Among how many readings in a row: the 5 in “3 of 5”. The same number when left out.',
    min: 1,
    max: 1000,
    integer: true,
  }),
  cooldown: p.duration({
    label: 'Cooldown',
    help: 'What begins sooner than this after an alert has ended belongs to it: 30m, 4h.',
    default: undefined,
  }),
};
type AlertsValues = Values<typeof params>;

/** The limits of one column, and what they look like on the side where trouble is. */
interface Watched {
  readonly column: Column;
  readonly warning: number | undefined;
  readonly critical: number | undefined;
  /** The limit that raises: the less severe one. */
  readonly limit: number;
  readonly clear: number;
  readonly above: boolean;
}

const limitOf = ({warning, critical}: AlertsValues['rules'][string]): number => warning ?? critical ?? NaN;

const watchedOf = ({rules}: AlertsValues, columns: readonly Column[]): Watched[] =>
  Object.entries(rules).map(([name, rule]) => ({
    column: columnNamed(name, columns),
    warning: rule.warning,
    critical: rule.critical,
    limit: limitOf(rule),
    clear: rule.clear ?? limitOf(rule),
    above: rule.direction === 'above',
  }));

/** As a float 0.1 is another number than as a double. */
const asOf = (column: Column, limit: number): number => (column.type === 'FLOAT' ? Math.fround(limit) : limit);

function checkRule(name: string, rule: AlertsValues['rules'][string]): StepProblem[] {
  const {warning, critical, clear, direction} = rule;
  const problem = (message: string, hint: string): StepProblem => ({
    code: 'THRESHOLD',
    message,
    hint,
    param: `rules.${name}`,
    column: name,
  });
  const worse = (a: number, b: number): boolean => (direction === 'above' ? a > b : a < b);
  const missing = noLimit(name, rule);
  if (missing !== undefined) return [problem(missing.message, missing.hint)];
  if (warning !== undefined && critical !== undefined && !worse(critical, warning))
    return [
      problem(
        `With direction ${direction}, critical (${critical}) has to be ${direction} warning (${warning}).`,
        direction === 'above'
          ? 'If small values are the bad ones, write direction: below.'
          : 'If large values are the bad ones, write direction: above.',
      ),
    ];
  if (clear !== undefined && worse(clear, limitOf(rule)))
    return [
      problem(
        `${name} would clear at ${clear}, which is ${direction} its limit ${limitOf(rule)}.`,
        `Give a level that is ${direction === 'above' ? 'below' : 'above'} the limit.`,
      ),
    ];
  return [];
}

function check(values: AlertsValues, input: Input): StepProblem[] {
  const {by, time, rules, readings, out_of} = values;
  return [
    ...checkSome(Object.keys(rules), 'rules', 'No limit is given.', 'Write column: {warning: 4.5, critical: 7.1}.'),
    ...checkFamily(Object.keys(rules), input, 'rules', 'number', 'An alert'),
    ...checkFamily([time], input, 'time', 'time', 'The time of a reading'),
    ...checkColumns(by, input, 'by'),
    ...columnsNamed(by, input.columns)
      .filter(({type}) => !isWritable(type))
      .map((column) => ({
        code: 'COLUMN_TYPE',
        message: `A sensor is named by text or whole numbers, and ${column.name} is ${column.type}.`,
        hint: `Cast ${column.name} to string before.`,
        param: 'by',
        column: column.name,
      })),
    ...Object.entries(rules).flatMap(([name, rule]) => checkRule(name, rule)),
    ...(out_of !== undefined && out_of < readings
      ? [
          {
            code: 'PARAM',
            message: `${readings} of ${out_of} readings can’t be.`,
            hint: 'Make out_of at least as large as readings.',
            param: 'out_of',
          },
        ]
      : []),
  ];
}

/** The text that a sensor goes by. */
function sensorSql(by: readonly Column[]): Sql {
  const texts = by.map(({name, type}) => (isText(type) ? id(name) : sql`${id(name)}::VARCHAR`));
  if (texts.length < 2) return texts[0] ?? sql`NULL::VARCHAR`;
  return join(
    texts.map((text) => sql`coalesce(${text}, 'NULL')`),
    " || ' / ' || ",
  );
}

/** The common table expressions that find the alerts of one column, and a query of them. */
function alertsSql(
  watched: Watched,
  values: AlertsValues,
  input: Input,
  suffix: string,
): {readonly ctes: readonly Sql[]; readonly alerts: Sql} {
  const {column, above, critical, warning} = watched;
  const {readings, out_of = readings, cooldown} = values;
  const named = (name: string): Sql => id(unusedName(`${name}${suffix}`, [input]));
  const [busy, near, kept, marked] = [named('busy'), named('near'), named('kept'), named('marked')];
  const [signalled, states, spells] = [named('signalled'), named('states'), named('spells')];
  const [paused, numbered, joined] = [named('paused'), named('numbered'), named('joined')];
  const time = columnNamed(values.time, input.columns);
  const limit = double(asOf(column, watched.limit));
  const clear = double(asOf(column, watched.clear));
  const sensor = sensorSql(columnsNamed(values.by, input.columns));
  const worst = above ? sql`max` : sql`min`;
  const beyond = above ? sql`>` : sql`<`;
  const read = sql`SELECT ${sensor} AS sensor, ${time.type === 'TIMESTAMP' ? id(time.name) : sql`${id(time.name)}::TIMESTAMP`} AS time, ${column.type === 'DOUBLE' ? id(column.name) : sql`${id(column.name)}::DOUBLE`} AS value FROM ${input.relation} WHERE ${id(time.name)} IS NOT NULL AND ${isPresent(column)}`;
  const ctes = [
    // Most sensors are never in trouble: those are not sorted.
    sql`${busy} AS (SELECT sensor FROM (${read}) WHERE value ${beyond} ${limit} GROUP BY sensor HAVING count(*) >= ${lit(readings)})`,
    sql`${near} AS (SELECT r.sensor, time, dense_rank() OVER in_time AS n, value FROM (${read}) r SEMI JOIN ${busy} b ON r.sensor IS NOT DISTINCT FROM b.sensor
  WINDOW in_time AS (PARTITION BY r.sensor ORDER BY time), before AS (PARTITION BY r.sensor ORDER BY time GROUPS ${lit(out_of)} PRECEDING)
  QUALIFY ${worst}(value) OVER before ${beyond} ${clear})`,
    sql`${kept} AS (SELECT sensor, time, n, ${worst}(value) AS value, ${worst}(value) ${beyond} ${limit} AS past FROM ${near} GROUP BY sensor, time, n)`,
    sql`${marked} AS (SELECT *, lag(n, ${lit(readings - 1)}) OVER past_ones AS first_n, lag(time, ${lit(readings - 1)}) OVER past_ones AS since, row_number() OVER past_ones AS nth,
  ${worst}(value) OVER last_ones AS peak FROM ${kept}
  WINDOW past_ones AS (PARTITION BY sensor, past ORDER BY time), last_ones AS (PARTITION BY sensor, past ORDER BY time ROWS ${lit(readings - 1)} PRECEDING))`,
    sql`${signalled} AS (SELECT *, CASE WHEN last_value(CASE WHEN past THEN first_n END IGNORE NULLS) OVER in_time > n - ${lit(out_of)} THEN 1 WHEN value ${above ? sql`<=` : sql`>=`} ${clear} THEN 0 END AS signal
  FROM ${marked} WINDOW in_time AS (PARTITION BY sensor ORDER BY time))`,
    sql`${states} AS (SELECT *, last_value(signal IGNORE NULLS) OVER (PARTITION BY sensor ORDER BY time) AS state,
  min(time) FILTER (WHERE signal = 0) OVER (PARTITION BY sensor ORDER BY time ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS cleared_at FROM ${signalled})`,
    sql`${spells} AS (SELECT sensor, min(time) AS timestamp, arg_min(value, time) AS value, min(since) AS since, cleared_at, ${worst}(peak) AS peak_value, max(nth) - min(nth) + ${lit(readings)} AS readings, max(nth) AS last_nth
  FROM ${states} WHERE past AND state = 1 GROUP BY sensor, cleared_at)`,
  ];
  if (cooldown !== undefined) {
    // Readings that raised it again may be among those of the spell before.
    ctes.push(
      sql`${paused} AS (SELECT *, coalesce(epoch_us(timestamp) - epoch_us(lag(cleared_at) OVER in_time) >= ${lit(cooldown.microseconds)}, true) AS fresh, last_nth - lag(last_nth) OVER in_time AS since_last
  FROM ${spells} WINDOW in_time AS (PARTITION BY sensor ORDER BY timestamp))`,
      sql`${numbered} AS (SELECT *, CASE WHEN fresh THEN readings ELSE least(readings, since_last) END AS counted, count(*) FILTER (WHERE fresh) OVER (PARTITION BY sensor ORDER BY timestamp) AS alert FROM ${paused})`,
      sql`${joined} AS (SELECT sensor, min(timestamp) AS timestamp, arg_min(value, timestamp) AS value, arg_min(since, timestamp) AS since,
  CASE WHEN count(*) = count(cleared_at) THEN max(cleared_at) END AS cleared_at, ${worst}(peak_value) AS peak_value, sum(counted)::BIGINT AS readings FROM ${numbered} GROUP BY sensor, alert)`,
    );
  }
  const byWorst = <T extends Sql>(yes: T, no: T): Sql =>
    sql`CASE WHEN peak_value ${beyond} ${double(asOf(column, critical ?? 0))} THEN ${yes} ELSE ${no} END`;
  const both = critical !== undefined && warning !== undefined;
  const threshold = both ? byWorst(double(critical), double(warning)) : double(watched.limit);
  const severity = both
    ? byWorst(lit('critical'), lit('warning'))
    : lit(critical === undefined ? 'warning' : 'critical');
  return {
    ctes,
    alerts: sql`SELECT timestamp, sensor, ${lit(column.name)} AS metric, value, peak_value, ${threshold} AS threshold, ${severity} AS severity, since, cleared_at, readings FROM ${cooldown === undefined ? spells : joined}`,
  };
}

/** The name of a frame in the Python of one column. */
type Named = (name: string) => string;

/** Lines of Python that find the alerts of one column: the last frame has them. */
function alertsSpark(
  watched: Watched,
  values: AlertsValues,
  frame: string,
  columns: readonly Column[],
  named: Named,
): string[] {
  const {column, above, critical, warning} = watched;
  const {readings, out_of = readings, cooldown} = values;
  const worst = above ? 'F.max' : 'F.min';
  const beyond = above ? '>' : '<';
  const before = (name: string): string =>
    readings === 1 ? col(name) : `F.lag('${name}', ${readings - 1}).over(_past_ones)`;
  const both = critical !== undefined && warning !== undefined;
  const byWorst = (yes: string, no: string): string =>
    `F.when(F.col('peak_value') ${beyond} ${py(asOf(column, critical ?? 0))}, ${yes}).otherwise(${no})`;
  const threshold = both ? byWorst(sparkDouble(critical), sparkDouble(warning)) : sparkDouble(watched.limit);
  const severity = both
    ? byWorst("F.lit('critical')", "F.lit('warning')")
    : `F.lit('${critical === undefined ? 'warning' : 'critical'}')`;
  const spells = assign(named('spells'), named('states'), [
    "where(F.col('past') & (F.col('state') == 1))",
    "groupBy('sensor', 'cleared_at')",
    agg([
      ['timestamp', "F.min('time')"],
      ['value', "F.min_by('value', 'time')"],
      ['since', "F.min('since')"],
      ['peak_value', `${worst}('peak')`],
      ['readings', `(F.max('nth') - F.min('nth') + ${readings}).cast('bigint')`],
      ['last_nth', "F.max('nth')"],
    ]),
  ]);
  const joined = [
    "_in_order = Window.partitionBy('sensor').orderBy('timestamp')",
    "_pause = F.unix_micros('timestamp') - F.unix_micros(F.lag('cleared_at').over(_in_order))",
    "_since_last = F.col('last_nth') - F.lag('last_nth').over(_in_order)",
    ...assign(named('joined'), named('spells'), [
      `withColumns({'fresh': F.coalesce(_pause >= ${cooldown?.microseconds ?? 0}, F.lit(True)), 'since_last': _since_last})`,
      "withColumn('counted', F.when(F.col('fresh'), F.col('readings')).otherwise(F.least('readings', 'since_last')))",
      "withColumn('alert', F.sum(F.col('fresh').cast('int')).over(_in_order))",
      "groupBy('sensor', 'alert')",
      agg([
        ['value', "F.min_by('value', 'timestamp')"],
        ['since', "F.min_by('since', 'timestamp')"],
        ['cleared_at', "F.when(F.count('*') == F.count('cleared_at'), F.max('cleared_at'))"],
        ['peak_value', `${worst}('peak_value')`],
        ['readings', "F.sum('counted')"],
        ['timestamp', "F.min('timestamp')"],
      ]),
    ]),
  ];
  return [
    ...assign(named('readings'), frame, [
      call('select', [
        `${sensorSpark(columnsNamed(values.by, columns))}.alias('sensor')`,
        `${col(columnNamed(values.time, columns).name)}.cast('timestamp').alias('time')`,
        `${sparkPresent(column)}.cast('double').alias('value')`,
      ]),
      "dropna(subset=['time', 'value'])",
      "groupBy('sensor', 'time')",
      `agg(${worst}('value').alias('value'))`,
      `withColumn('past', F.col('value') ${beyond} ${py(asOf(column, watched.limit))})`,
    ]),
    "_in_time = Window.partitionBy('sensor').orderBy('time')",
    "_past_ones = Window.partitionBy('sensor', 'past').orderBy('time')",
    `_count = F.sum(F.col('past').cast('int')).over(_in_time.rowsBetween(${1 - out_of}, 0))`,
    `_back = F.col('value') ${above ? '<=' : '>='} ${py(asOf(column, watched.clear))}`,
    ...assign(named('signalled'), named('readings'), [
      `withColumn('signal', F.when(_count >= ${readings}, 1).when(_back, 0))`,
      call('withColumns', [
        `{'since': ${before('time')}, 'nth': F.row_number().over(_past_ones), 'peak': ${worst}('value').over(_past_ones.rowsBetween(${1 - readings}, 0))}`,
      ]),
    ]),
    ...assign(named('states'), named('signalled'), [
      "withColumn('state', F.last('signal', ignorenulls=True).over(_in_time.rowsBetween(Window.unboundedPreceding, 0)))",
      "withColumn('cleared_at', F.min(F.when(F.col('signal') == 0, F.col('time'))).over(_in_time.rowsBetween(1, Window.unboundedFollowing)))",
    ]),
    ...spells,
    ...(cooldown === undefined ? [] : joined),
    ...assign(named('alerts'), named(cooldown === undefined ? 'spells' : 'joined'), [
      call('select', [
        "'timestamp'",
        "'sensor'",
        `F.lit(${py(column.name)}).alias('metric')`,
        "'value'",
        "'peak_value'",
        `${threshold}.alias('threshold')`,
        `${severity}.alias('severity')`,
        "'since'",
        "'cleared_at'",
        "'readings'",
      ]),
    ]),
  ];
}

/** A number that is a double in Spark, too, whatever it is written like. */
const sparkDouble = (value: number): string => `F.lit(${/^-?\d+$/.test(py(value)) ? `${py(value)}.0` : py(value)})`;

function sensorSpark(by: readonly Column[]): string {
  const texts = by.map(({name, type}) => (isText(type) ? col(name) : `${col(name)}.cast('string')`));
  if (texts.length < 2) return texts[0] ?? "F.lit(None).cast('string')";
  return `F.concat_ws(' / ', ${texts.map((text) => `F.coalesce(${text}, F.lit('NULL'))`).join(', ')})`;
}

const ruleInWords = (name: string, rule: AlertsValues['rules'][string]): string => {
  const {warning, critical, direction} = rule;
  const said =
    warning === undefined || critical === undefined
      ? `${warning ?? critical ?? '…'}`
      : `${warning} (critical: ${critical})`;
  return `${name} is ${direction} ${said}`;
};

const howOften = (readings: number, outOf: number, cooldown: Duration | undefined): string =>
  [
    ...(outOf > 1 ? [` in ${readings} of ${outOf} readings`] : []),
    ...(cooldown === undefined ? [] : [`, cooldown ${cooldown.text}`]),
  ].join('');

const result = {
  timestamp: 'TIMESTAMP',
  sensor: 'VARCHAR',
  metric: 'VARCHAR',
  value: 'DOUBLE',
  peak_value: 'DOUBLE',
  threshold: 'DOUBLE',
  severity: 'VARCHAR',
  since: 'TIMESTAMP',
  cleared_at: 'TIMESTAMP',
  readings: 'BIGINT',
  id: 'VARCHAR',
};

export const alerts = defineStep({
  kind: 'alerts',
  version: 1,
  group: 'alert',
  title: 'Alert',
  sentence: ({by, rules, readings, out_of = readings, cooldown}) => {
    const what = Object.entries(rules).map(([name, rule]) => ruleInWords(name, rule));
    return `Alert when ${what.join(' or ') || '…'}${howOften(readings, out_of, cooldown)}${by.length > 0 ? `, per ${list(by)}` : ''}`;
  },
  lesson: {
    what: 'A row for each alert, the oldest first: which sensor, which metric, the value that raised it, since when, until when (`cleared_at` is NULL while it is open), the worst value, and the severity that came to with its limit in `threshold`. An alert is raised when enough of a sensor’s last readings are beyond the limit (`readings: 3`, `out_of: 5` is CloudWatch’s “3 out of 5 datapoints”). It clears at the first reading that is back at the `clear` level when there are no longer enough of them; between the two levels it stays as it is, which is hysteresis. What begins sooner than the `cooldown` after an alert has cleared belongs to that alert. A value exactly at the limit is still within.',
    why: 'Somebody has to come when a bearing fails, and nobody comes any more when the pager has cried wolf. One reading beyond a limit may be a spike, so several are asked for; a value that wavers around its limit would ring at each crossing, so it has to go well back before it counts as over; and trouble that comes and goes is one piece of trouble.',
    without:
      'A filter gives a row for each reading beyond the limit: three hundred for one bearing, and none says when it began or whether it is over. A missing value (NULL or NaN) is no reading: it raises nothing and clears nothing, so a sensor that falls silent leaves its alert open; watch for silence with the freshness check of `quality`. Two readings of the same time count as one, the worse of them. Readings may come in any order. In another run the same alert has the same `id`, since that is made of sensor, metric and time.',
  },
  input: 'one',
  effect: 'new',
  isAlert: true,
  params,
  check: (values, inputs) => check(values, inputOf(inputs)),
  toSql: (values, inputs) => {
    const input = inputOf(inputs);
    const watched = watchedOf(values, input.columns);
    const found = watched.map((one, i) => alertsSql(one, values, input, watched.length === 1 ? '' : `_${i + 1}`));
    const all = join(
      found.map(({alerts}) => alerts),
      '\nUNION ALL ',
    );
    return {
      kind: 'sql',
      sql: sql`WITH ${join(
        found.flatMap(({ctes}) => ctes),
        ',\n',
      )}\nSELECT *, left(md5(concat_ws('|', epoch_us(timestamp), metric, sensor)), 16) AS id FROM (${all})\nORDER BY timestamp, sensor, metric`,
    };
  },
  toPySpark: (values, {target, frames: [frame = 'df'], inputs: [input]}) => {
    const columns = input?.columns ?? [];
    const watched = watchedOf(values, columns);
    const namedAs = (i: number): Named => (watched.length === 1 ? (name) => `_${name}` : (name) => `_${name}_${i + 1}`);
    const frames = watched.map((_, i) => namedAs(i)('alerts'));
    return [
      ...watched.flatMap((one, i) => alertsSpark(one, values, frame, columns, namedAs(i))),
      ...assign(target, frames[0] ?? frame, [
        ...frames.slice(1).map((other) => `unionByName(${other})`),
        "withColumn('id', F.substring(F.md5(F.concat_ws('|', F.unix_micros('timestamp').cast('string'), 'metric', 'sensor')), 1, 16))",
        "orderBy('timestamp', F.col('sensor').asc_nulls_last(), 'metric')",
      ]),
    ];
  },
  examples: [
    {
      name: 'three of five readings raise an alert, and it clears when they are no longer three',
      params: {
        by: ['sensor_id'],
        time: 'read_at',
        rules: {vibration: {warning: 4.5, critical: 7.1}},
        readings: 3,
        out_of: 5,
      },
      input: {
        columns: {sensor_id: 'VARCHAR', read_at: 'TIMESTAMP', vibration: 'DOUBLE'},
        rows: [
          ['a', '2024-02-01 00:00:00', 5],
          ['a', '2024-02-01 00:10:00', 3],
          ['a', '2024-02-01 00:20:00', 4.6],
          ['a', '2024-02-01 00:30:00', 4.7],
          ['a', '2024-02-01 00:40:00', 8],
          ['a', '2024-02-01 00:50:00', 3],
          ['a', '2024-02-01 01:00:00', 3],
          ['a', '2024-02-01 01:10:00', 3],
          ['b', '2024-02-01 00:00:00', 9],
          ['b', '2024-02-01 00:10:00', 3],
        ],
      },
      expect: {
        columns: result,
        rows: [
          [
            '2024-02-01 00:30:00',
            'a',
            'vibration',
            4.7,
            8,
            7.1,
            'critical',
            '2024-02-01 00:00:00',
            '2024-02-01 01:10:00',
            4,
            '42072fd83ae32068',
          ],
        ],
      },
    },
    {
      name: 'hysteresis: between the limit and the clear level it stays as it is',
      params: {by: ['sensor_id'], time: 'read_at', rules: {temperature: {critical: 200, clear: 190}}},
      input: {
        columns: {sensor_id: 'INTEGER', read_at: 'TIMESTAMP', temperature: 'INTEGER'},
        rows: [
          [7, '2024-02-01 00:00:00', 195],
          [7, '2024-02-01 01:00:00', 201],
          [7, '2024-02-01 02:00:00', 195],
          [7, '2024-02-01 03:00:00', 205],
          [7, '2024-02-01 04:00:00', 200],
          [7, '2024-02-01 05:00:00', 190],
          [7, '2024-02-01 06:00:00', 195],
          [7, '2024-02-01 07:00:00', 202],
        ],
      },
      expect: {
        columns: result,
        rows: [
          [
            '2024-02-01 01:00:00',
            '7',
            'temperature',
            201,
            205,
            200,
            'critical',
            '2024-02-01 01:00:00',
            '2024-02-01 05:00:00',
            2,
            '4980ca096908e1b6',
          ],
          [
            '2024-02-01 07:00:00',
            '7',
            'temperature',
            202,
            202,
            200,
            'critical',
            '2024-02-01 07:00:00',
            null,
            1,
            '58389909f1d87acf',
          ],
        ],
      },
    },
    {
      name: 'what begins within the cooldown belongs to the alert before',
      params: {
        by: ['sensor_id'],
        time: 'read_at',
        rules: {pressure: {warning: 40, critical: 30, direction: 'below'}},
        cooldown: '1h',
      },
      input: {
        columns: {sensor_id: 'VARCHAR', read_at: 'TIMESTAMP', pressure: 'DOUBLE'},
        rows: [
          ['a', '2024-02-01 00:00:00', 39],
          ['a', '2024-02-01 00:10:00', 50],
          ['a', '2024-02-01 00:30:00', 29],
          ['a', '2024-02-01 00:40:00', 40],
          ['a', '2024-02-01 01:40:00', 35],
          ['a', '2024-02-01 01:50:00', 45],
        ],
      },
      expect: {
        columns: result,
        rows: [
          [
            '2024-02-01 00:00:00',
            'a',
            'pressure',
            39,
            29,
            30,
            'critical',
            '2024-02-01 00:00:00',
            '2024-02-01 00:40:00',
            2,
            '9d1b80fe80a56dc7',
          ],
          [
            '2024-02-01 01:40:00',
            'a',
            'pressure',
            35,
            35,
            40,
            'warning',
            '2024-02-01 01:40:00',
            '2024-02-01 01:50:00',
            1,
            '3bfea4f479a7caed',
          ],
        ],
      },
    },
    {
      name: 'readings in any order, missing ones, two of one time, and no name for the sensor',
      params: {by: ['sensor_id'], time: 'read_at', rules: {level: {warning: 10}}, readings: 2},
      input: {
        columns: {sensor_id: 'VARCHAR', read_at: 'TIMESTAMP', level: 'DOUBLE'},
        rows: [
          ['a', '2024-02-01 03:00:00', 11],
          ['a', '2024-02-01 01:00:00', 12],
          ['a', '2024-02-01 01:00:00', 12],
          ['a', '2024-02-01 02:00:00', 'NaN'],
          ['a', '2024-02-01 04:00:00', null],
          [null, '2024-02-01 02:00:00', 'Infinity'],
          [null, '2024-02-01 01:00:00', 15],
          [null, '2024-02-01 03:00:00', 5],
          [null, null, 99],
          ['once', '2024-02-01 01:00:00', 90],
          ['once', '2024-02-01 01:00:00', 91],
        ],
      },
      expect: {
        columns: result,
        rows: [
          [
            '2024-02-01 02:00:00',
            null,
            'level',
            'Infinity',
            'Infinity',
            10,
            'warning',
            '2024-02-01 01:00:00',
            '2024-02-01 03:00:00',
            2,
            'fb242c6f6c396480',
          ],
          [
            '2024-02-01 03:00:00',
            'a',
            'level',
            11,
            12,
            10,
            'warning',
            '2024-02-01 01:00:00',
            null,
            2,
            '7d663352d3933885',
          ],
        ],
      },
    },
    {
      name: 'two metrics, a sensor by two columns, days as times, a price at its limit',
      params: {
        by: ['site', 'unit'],
        time: 'day',
        rules: {price: {critical: 1.1}, level: {warning: 3, direction: 'below'}},
      },
      input: {
        columns: {site: 'VARCHAR', unit: 'INTEGER', day: 'DATE', price: 'DECIMAL(10,2)', level: 'INTEGER'},
        rows: [
          ['north', 1, '2024-02-01', '1.10', 3],
          ['north', 1, '2024-02-02', '1.11', 2],
          ['north', null, '2024-02-02', '1.12', 9],
          ['north', null, '2024-02-03', '1.00', 9],
        ],
      },
      expect: {
        columns: result,
        rows: [
          [
            '2024-02-02 00:00:00',
            'north / 1',
            'level',
            2,
            2,
            3,
            'warning',
            '2024-02-02 00:00:00',
            null,
            1,
            '82b0217bd582c72f',
          ],
          [
            '2024-02-02 00:00:00',
            'north / 1',
            'price',
            1.11,
            1.11,
            1.1,
            'critical',
            '2024-02-02 00:00:00',
            null,
            1,
            '31d15172a5c0197b',
          ],
          [
            '2024-02-02 00:00:00',
            'north / NULL',
            'price',
            1.12,
            1.12,
            1.1,
            'critical',
            '2024-02-02 00:00:00',
            '2024-02-03 00:00:00',
            1,
            'c6d75c5d7f67c144',
          ],
        ],
      },
    },
    {
      name: 'nothing is beyond its limit: no alerts',
      params: {time: 'read_at', rules: {level: {warning: 10}, voltage: {critical: 5}}},
      input: {
        columns: {read_at: 'TIMESTAMP', level: 'DOUBLE', voltage: 'FLOAT'},
        rows: [
          ['2024-02-01 00:00:00', 10, null],
          ['2024-02-01 01:00:00', 10, null],
        ],
      },
      expect: {columns: result, rows: []},
    },
    {
      name: 'an empty table',
      params: {
        by: ['sensor_id'],
        time: 'read_at',
        rules: {level: {warning: 10}},
        readings: 2,
        out_of: 3,
        cooldown: '1h',
      },
      input: {columns: {sensor_id: 'VARCHAR', read_at: 'TIMESTAMP', level: 'DOUBLE'}, rows: []},
      expect: {columns: result, rows: []},
    },
  ],
});
