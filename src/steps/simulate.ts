import {count, plural} from '../lib/text.ts';
import {p, type Values} from '../params/index.ts';
import {join, lit, sql, type Sql} from '../sql/sql.ts';
import {defineStep, type ExampleTable, type StepProblem} from './define.ts';

const rate = (label: string, help: string, byDefault: number) => p.number({label, help, default: byDefault, min: 0, max: 1});

const params = {
  preset: p.choice(['sensors'], {label: 'What', default: 'sensors'}),
  sensors: p.number({label: 'Sensors', default: 5, min: 1, max: 8999, integer: true}),
  days: p.number({label: 'Days', default: 7, min: 0}),
  interval: p.duration({label: 'Interval', help: 'How often each sensor reads: 10s, 1m, 10m, 1h.', default: {text: '10m', microseconds: 6e8, words: '10 minutes'}}),
  seed: p.number({label: 'Seed', help: 'The same seed gives the same rows; another gives others.', default: 1, integer: true}),
  start: p.text({label: 'Start', help: 'The first reading, in UTC.', default: '2024-01-01', placeholder: '2024-01-01T00:00:00'}),
  null_rate: rate('Missing values', 'The share of rows in which one value is NULL.', 0.02),
  duplicate_rate: rate('Duplicates', 'The share of readings that are sent twice.', 0.01),
  outlier_rate: rate('Faults', 'The share of readings that say 85 °C or −127 °C, as a DS18B20 does when it fails.', 0.002),
  malformed_rate: rate('Malformed ids', 'The share of rows whose sensor_id doesn’t match SNS- and four digits.', 0.002),
};
type SimulateValues = Values<typeof params>;

const most = 50_000_000;

/** Milliseconds since 1970 of a date or a time in UTC; NaN when the text is neither. */
function startOf(text: string): number {
  const match = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?))?Z?$/.exec(text.trim());
  return match === null ? NaN : Date.parse(`${match[1] ?? ''}T${match[2] ?? '00:00'}Z`);
}

const millisecondsOf = ({interval}: SimulateValues): number => (interval?.microseconds ?? 6e8) / 1000;
const ticksOf = (values: SimulateValues): number => Math.ceil((values.days * 86_400_000) / millisecondsOf(values));
const readingsOf = (values: SimulateValues): number => ticksOf(values) * values.sensors;
const ratesOf = ({null_rate, outlier_rate, malformed_rate, duplicate_rate}: SimulateValues): readonly number[] => [null_rate, outlier_rate, malformed_rate, duplicate_rate];

function check(values: SimulateValues): StepProblem[] {
  const problems: StepProblem[] = [];
  const add = (param: string, message: string, hint: string): void => void problems.push({code: 'PARAM', message, hint, param});
  if (Number.isNaN(startOf(values.start))) add('start', `start is ${values.start}, which is no date.`, 'Write 2024-01-01 or 2024-01-01T06:30:00.');
  if (!Number.isInteger(millisecondsOf(values))) add('interval', 'The interval is no whole number of milliseconds, and the time is counted in them.', 'Write 1ms or more.');
  if (readingsOf(values) > most)
    add('days', `That would be ${count(readingsOf(values))} readings.`, `Take fewer days or sensors, or a longer interval: ${count(most)} are the most.`);
  if (ratesOf(values).reduce((sum, share) => sum + share) > 1) add('null_rate', 'The shares of damaged rows add up to more than all rows.', 'Make them smaller.');
  return problems;
}

/** What DuckDB and Spark spell differently. */
interface Dialect {
  /** Hexadecimal digits of `h` as a BIGINT. */
  readonly hex: (from: number, digits: number) => Sql;
  /** A row twice where the condition holds: an item of the SELECT list. */
  readonly twice: (condition: Sql) => Sql;
}

const duckdb: Dialect = {
  hex: (from, digits) => sql`CAST('0x' || substr(h, ${lit(from)}, ${lit(digits)}) AS BIGINT)`,
  twice: (condition) => sql`unnest(CASE WHEN ${condition} THEN [1, 2] ELSE [1] END)`,
};
const spark: Dialect = {
  hex: (from, digits) => sql`CAST(conv(substr(h, ${lit(from)}, ${lit(digits)}), 16, 10) AS BIGINT)`,
  twice: (condition) => sql`explode(CASE WHEN ${condition} THEN array(1, 2) ELSE array(1) END)`,
};

/** The `n`th 13 bits of a 52-bit number: a whole number below 8192, exact as a DOUBLE. */
const bits = (name: Sql, n: number): Sql => (n === 0 ? sql`${name} % 8192` : sql`floor(${name} / ${lit(8192 ** n)}) % 8192`);

/** Noise of mean 0 and standard deviation 1: three uniform numbers of −1 to 1 have variance 1 in sum. */
const noise = (name: Sql): Sql =>
  sql`((${join(
    [0, 1, 2].map((n) => bits(name, n)),
    ' + ',
  )}) / 4096e0 - 3)`;

/** Rows from MD5, which every engine computes alike, so that a seed gives the same rows in the browser and on a cluster. */
function simulated(values: SimulateValues, {hex, twice}: Dialect): Sql {
  const sensors = lit(values.sensors);
  // Each reading has one number below 16⁶ that decides what happens to it, if anything.
  const bounds = ratesOf(values).map((_, i, rates) => Math.round(rates.slice(0, i + 1).reduce((sum, share) => sum + share) * 16 ** 6));
  const [nulls = 0, outliers = 0, malformed = 0, duplicates = 0] = bounds;
  const between = (from: number, to: number): Sql => sql`event >= ${lit(from)} AND event < ${lit(to)}`;
  const inOut = (inside: Sql, outside: Sql): Sql => sql`CASE WHEN sensor % 3 = 2 THEN ${outside} ELSE ${inside} END`;
  const missing = (n: number, value: Sql): Sql => (values.null_rate === 0 ? value : sql`CASE WHEN event < ${lit(nulls)} AND a % 3 = ${lit(n)} THEN NULL ELSE ${value} END`);
  const badId = sql`CASE a % 3 WHEN 0 THEN lower(id) WHEN 1 THEN concat(id, ' ') ELSE substr(id, 1, 7) END`;
  const measured = sql`round(temperature, 2)`;
  const temperature = values.outlier_rate === 0 ? measured : sql`CASE WHEN ${between(nulls, outliers)} THEN CASE WHEN a % 2 = 0 THEN 85e0 ELSE -127e0 END ELSE ${measured} END`;
  const result = sql`SELECT
  ${values.malformed_rate === 0 ? sql`id` : sql`CASE WHEN ${between(outliers, malformed)} THEN ${badId} ELSE id END`} AS sensor_id,
  epoch_ms,
  ${missing(0, temperature)} AS temperature,
  ${missing(1, sql`round(least(greatest(humidity, 0e0), 100e0), 1)`)} AS humidity,
  ${missing(2, sql`round(pressure, 1)`)} AS pressure`;
  const from = values.duplicate_rate === 0 ? sql`signals` : sql`(SELECT *, ${twice(between(malformed, duplicates))} AS copy FROM signals) AS sent`;
  return sql`WITH readings AS (
  SELECT i % ${sensors} AS sensor, ${lit(startOf(values.start))} + CAST(floor(i / ${sensors}) AS BIGINT) * ${lit(millisecondsOf(values))} AS epoch_ms, md5(concat(${lit(`${values.seed}-`)}, i)) AS h
  FROM range(0, ${lit(readingsOf(values))}) AS numbers(i)
), chances AS (
  SELECT sensor, epoch_ms, sin(2e0 * pi() * (epoch_ms % 86400000 / 864e5 - 0.375e0)) AS warmth,
    ${hex(1, 13)} AS a, ${hex(14, 13)} AS b, ${hex(27, 6)} AS event
  FROM readings
), signals AS (
  SELECT concat('SNS-', 1001 + sensor) AS id, epoch_ms, a, event,
    ${inOut(sql`21e0 + 0.4e0 * (sensor % 5) + 1.5e0 * warmth`, sql`9e0 + 5e0 * warmth`)} + 0.3e0 * ${noise(sql`a`)} AS temperature,
    ${inOut(sql`45e0 - 3e0 * warmth`, sql`75e0 - 12e0 * warmth`)} + 1.2e0 * ${noise(sql`b`)} AS humidity,
    ${inOut(sql`1013e0`, sql`998e0`)} + 6e0 * sin(2e0 * pi() * (epoch_ms % 432000000 / 4320e5))
      + 0.3e0 * ((${bits(sql`a`, 3)} + ${bits(sql`b`, 3)}) / 4096e0 - 2) AS pressure
  FROM chances
)
${result}
FROM ${from}`;
}

const nothing: ExampleTable = {columns: {}, rows: []};
const columns = {sensor_id: 'VARCHAR', epoch_ms: 'BIGINT', temperature: 'DOUBLE', humidity: 'DOUBLE', pressure: 'DOUBLE'};

export const simulate = defineStep({
  kind: 'simulate',
  version: 1,
  group: 'load',
  title: 'Simulate',
  sentence: (values) => `Simulate ${plural(values.sensors, 'sensor')} over ${plural(values.days, 'day')}, a reading every ${values.interval?.text ?? '10m'}`,
  lesson: {
    what: 'Makes readings of temperature (°C), humidity (%) and pressure (hPa) with the time as epoch milliseconds, in order of time and then of sensor. Every third sensor stands outside, on a hill; days are warm in the afternoon. A chosen share of rows is damaged: a missing value, a reading sent twice, a fault of 85 or −127 °C, an id that no sensor has.',
    why: 'With made-up data you know the truth. You have put one per cent of duplicates in, so you can count whether one per cent came out, and you can ask for five million rows before your own sensors have sent them. The seed decides everything: the same seed gives the same rows today, tomorrow and in Spark.',
    without:
      'A pipeline is tried on ten tidy rows, and meets its first NULL, its first duplicate and its first million on the day it goes live. Mind what this is not: real sensors fail in bursts, drift and go silent, and here each row is damaged by a die of its own.',
  },
  input: 'none',
  effect: 'new',
  params,
  check: (values) => check(values),
  toSql: (values) => ({kind: 'sql', sql: simulated(values, duckdb)}),
  toPySpark: (values, {target}) => [`${target} = spark.sql("""`, ...simulated(values, spark).split('\n'), '""")'],
  examples: [
    {
      name: 'three sensors, the third outside, and nothing damaged',
      params: {sensors: 3, days: 1, interval: '6h', null_rate: 0, duplicate_rate: 0, outlier_rate: 0, malformed_rate: 0},
      input: nothing,
      expect: {
        columns,
        rows: [
          ['SNS-1001', 1704067200000, 19.33, 45.6, 1009.7],
          ['SNS-1002', 1704067200000, 20.39, 47.9, 1009.6],
          ['SNS-1003', 1704067200000, 5.25, 84.5, 994.7],
          ['SNS-1001', 1704088800000, 20.66, 48.1, 1007.9],
          ['SNS-1002', 1704088800000, 20.55, 47.5, 1008.2],
          ['SNS-1003', 1704088800000, 5.28, 84.4, 992.8],
          ['SNS-1001', 1704110400000, 21.97, 43.2, 1007.4],
          ['SNS-1002', 1704110400000, 21.99, 41.6, 1007],
          ['SNS-1003', 1704110400000, 12.52, 67.5, 992.3],
          ['SNS-1001', 1704132000000, 22.2, 42.5, 1006.6],
          ['SNS-1002', 1704132000000, 22.7, 43.1, 1007.2],
          ['SNS-1003', 1704132000000, 12.27, 68.2, 992],
        ],
      },
    },
    {
      name: 'every row damaged in one of the four ways',
      params: {sensors: 2, days: 1, interval: '6h', null_rate: 0.25, duplicate_rate: 0.25, outlier_rate: 0.25, malformed_rate: 0.25},
      input: nothing,
      expect: {
        columns,
        rows: [
          ['SNS-100', 1704067200000, 19.33, 45.6, 1009.7],
          ['SNS-1002', 1704067200000, 20.39, 47.9, 1009.6],
          ['SNS-1002', 1704067200000, 20.39, 47.9, 1009.6],
          ['SNS-1001', 1704088800000, 19.73, 48.1, 1008.4],
          ['SNS-1001', 1704088800000, 19.73, 48.1, 1008.4],
          ['SNS-1002', 1704088800000, 21.06, 48.1, 1007.9],
          ['SNS-1002', 1704088800000, 21.06, 48.1, 1007.9],
          ['sns-1001', 1704110400000, 22.27, 43.2, 1007.4],
          ['sns-1002', 1704110400000, 22.28, 43.8, 1006.9],
          ['SNS-1001', 1704132000000, 21.97, 43.2, null],
          ['SNS-1002', 1704132000000, -127, 41.6, 1006.7],
        ],
      },
    },
    {
      name: 'no time, no readings',
      params: {days: 0},
      input: nothing,
      expect: {columns, rows: []},
    },
  ],
});
