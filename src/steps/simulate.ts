import {count, plural} from '../lib/text.ts';
import {p, type Values} from '../params/index.ts';
import {join, lit, sql, type Sql} from '../sql/sql.ts';
import {defineStep, type ExampleTable, type StepProblem} from './define.ts';
import {bits, boundsOf, maintenance, metadata, readings, type Dialect, type Fleet} from './simulate-compressors.ts';

const rate = (label: string, help: string, byDefault: number) =>
  p.number({label, help, default: byDefault, min: 0, max: 1});

const ofSensors = {param: 'preset', is: ['sensors']};
const ofCompressors = {param: 'preset', is: ['compressors']};
const failing = ['COMP-003', 'COMP-007'];

const params = {
  preset: p.choice(['sensors', 'compressors'], {label: 'What', default: 'sensors'}),
  table: p.choice(['readings', 'metadata', 'maintenance'], {
    label: 'Table',
    help: 'What they measure, what they are, or what was done to them before.',
    default: 'readings',
    when: ofCompressors,
    later: true,
  }),
  sensors: p.number({label: 'Sensors', default: 5, min: 1, max: 8999, integer: true, when: ofSensors}),
  compressors: p.number({
    label: 'Compressors',
    default: 10,
    min: 1,
    max: 100_000,
    integer: true,
    when: ofCompressors,
    later: true,
  }),
  failing: p.texts({
    label: 'Failing',
    help: 'Compressors whose bearings wear out over the days: vibration and temperature rise.',
    default: failing,
    when: ofCompressors,
    later: true,
  }),
  days: p.number({label: 'Days', default: 7, min: 0}),
  interval: p.duration({
    label: 'Interval',
    help: 'How often each sensor reads: 10s, 1m, 10m, 1h.',
    default: {text: '10m', microseconds: 6e8, words: '10 minutes'},
  }),
  seed: p.number({
    label: 'Seed',
    help: 'The same seed gives the same rows; another gives others.',
    default: 1,
    integer: true,
  }),
  start: p.text({
    label: 'Start',
    help: 'The first reading, in UTC.',
    default: '2024-01-01',
    placeholder: '2024-01-01T00:00:00',
  }),
  null_rate: rate('Missing values', 'The share of rows in which one value is NULL.', 0.02),
  duplicate_rate: rate('Duplicates', 'The share of readings that are sent twice.', 0.01),
  outlier_rate: rate(
    'Faults',
    'The share of readings with what a broken sensor says: 85 °C or −127 °C from a DS18B20, 999.9 °F or 99.9 mm/s from a compressor.',
    0.002,
  ),
  malformed_rate: rate(
    'Malformed rows',
    'The share of rows with an id that nobody has, or, of a compressor, half a time.',
    0.002,
  ),
  future_rate: p.number({
    label: 'Future times',
    help: 'The share of readings by a clock that is 1,024 weeks ahead.',
    default: 0.001,
    min: 0,
    max: 1,
    when: ofCompressors,
    later: true,
  }),
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
const isCompressors = ({preset}: SimulateValues): boolean => preset === 'compressors';
const unitsOf = (values: SimulateValues): number => (isCompressors(values) ? values.compressors : values.sensors);
const readingsOf = (values: SimulateValues): number => ticksOf(values) * unitsOf(values);
const ratesOf = ({
  preset,
  null_rate,
  outlier_rate,
  malformed_rate,
  future_rate,
  duplicate_rate,
}: SimulateValues): readonly number[] =>
  preset === 'sensors'
    ? [null_rate, outlier_rate, malformed_rate, duplicate_rate]
    : [null_rate, outlier_rate, malformed_rate, future_rate, duplicate_rate];

/** The place of a compressor: 2 for COMP-003. */
const placeOf = (id: string): number => {
  const digits = /^COMP-(\d{3,})$/.exec(id.trim())?.[1];
  return digits === undefined ? NaN : Number(digits) - 1;
};

/** Those that are named and there: of the ones by default, a small fleet may have none. */
const failingOf = (values: SimulateValues): number[] =>
  [...new Set(values.failing.map(placeOf))].filter((place) => place >= 0 && place < values.compressors);

const fleetOf = (values: SimulateValues): Fleet => ({
  units: values.compressors,
  failing: failingOf(values),
  seed: values.seed,
  start: startOf(values.start),
  ticks: ticksOf(values),
  interval: millisecondsOf(values),
  nulls: values.null_rate,
  outliers: values.outlier_rate,
  malformed: values.malformed_rate,
  future: values.future_rate,
  duplicates: values.duplicate_rate,
});

function check(values: SimulateValues): StepProblem[] {
  const problems: StepProblem[] = [];
  const add = (param: string, message: string, hint: string): void =>
    void problems.push({code: 'PARAM', message, hint, param});
  if (Number.isNaN(startOf(values.start)))
    add('start', `start is ${values.start}, which is no date.`, 'Write 2024-01-01 or 2024-01-01T06:30:00.');
  if (!Number.isInteger(millisecondsOf(values)))
    add(
      'interval',
      'The interval is no whole number of milliseconds, and the time is counted in them.',
      'Write 1ms or more.',
    );
  if (isCompressors(values) && millisecondsOf(values) % 1000 !== 0)
    add(
      'interval',
      'The interval is no whole number of seconds, and compressors write their time in them.',
      'Write 1s or more.',
    );
  const stranger = values.failing.find(
    (id) => Number.isNaN(placeOf(id)) || (placeOf(id) >= values.compressors && !failing.includes(id)),
  );
  if (isCompressors(values) && stranger !== undefined) {
    const [first, last] = [1, values.compressors].map((n) => `COMP-${String(n).padStart(3, '0')}`);
    add('failing', `There is no compressor ${stranger}.`, `They are called ${first} to ${last}.`);
  }
  if (readingsOf(values) > most)
    add(
      'days',
      `That would be ${count(readingsOf(values))} readings.`,
      `Take fewer days or ${values.preset}, or a longer interval: ${count(most)} are the most.`,
    );
  if (ratesOf(values).reduce((sum, share) => sum + share) > 1)
    add('null_rate', 'The shares of damaged rows add up to more than all rows.', 'Make them smaller.');
  return problems;
}

const duckdb: Dialect = {
  hex: (from, digits) => sql`CAST('0x' || substr(h, ${lit(from)}, ${lit(digits)}) AS BIGINT)`,
  twice: (condition) => sql`unnest(CASE WHEN ${condition} THEN [1, 2] ELSE [1] END)`,
  isoText: (milliseconds) => sql`strftime(make_timestamp((${milliseconds}) * 1000), '%Y-%m-%dT%H:%M:%S')`,
};
const spark: Dialect = {
  hex: (from, digits) => sql`CAST(conv(substr(h, ${lit(from)}, ${lit(digits)}), 16, 10) AS BIGINT)`,
  twice: (condition) => sql`explode(CASE WHEN ${condition} THEN array(1, 2) ELSE array(1) END)`,
  isoText: (milliseconds) => sql`date_format(timestamp_millis(${milliseconds}), "yyyy-MM-dd'T'HH:mm:ss")`,
};

/** Noise of mean 0 and standard deviation 1: three uniform numbers of −1 to 1 have variance 1 in sum. */
const noise = (name: Sql): Sql =>
  sql`((${join(
    [0, 1, 2].map((n) => bits(name, n)),
    ' + ',
  )}) / 4096e0 - 3)`;

/** Rows from MD5, which every engine computes alike, so that a seed gives the same rows in the browser and on a cluster. */
function sensors(values: SimulateValues, {hex, twice}: Dialect): Sql {
  const places = lit(values.sensors);
  // Each reading has one number below 16⁶ that decides what happens to it, if anything.
  const [nulls = 0, outliers = 0, malformed = 0, duplicates = 0] = boundsOf(ratesOf(values));
  const between = (from: number, to: number): Sql => sql`event >= ${lit(from)} AND event < ${lit(to)}`;
  const inOut = (inside: Sql, outside: Sql): Sql => sql`CASE WHEN sensor % 3 = 2 THEN ${outside} ELSE ${inside} END`;
  const missing = (n: number, value: Sql): Sql =>
    values.null_rate === 0
      ? value
      : sql`CASE WHEN event < ${lit(nulls)} AND a % 3 = ${lit(n)} THEN NULL ELSE ${value} END`;
  const badId = sql`CASE a % 3 WHEN 0 THEN lower(id) WHEN 1 THEN concat(id, ' ') ELSE substr(id, 1, 7) END`;
  const measured = sql`round(temperature, 2)`;
  const temperature =
    values.outlier_rate === 0
      ? measured
      : sql`CASE WHEN ${between(nulls, outliers)} THEN CASE WHEN a % 2 = 0 THEN 85e0 ELSE -127e0 END ELSE ${measured} END`;
  const result = sql`SELECT
  ${values.malformed_rate === 0 ? sql`id` : sql`CASE WHEN ${between(outliers, malformed)} THEN ${badId} ELSE id END`} AS sensor_id,
  epoch_ms,
  ${missing(0, temperature)} AS temperature,
  ${missing(1, sql`round(least(greatest(humidity, 0e0), 100e0), 1)`)} AS humidity,
  ${missing(2, sql`round(pressure, 1)`)} AS pressure`;
  const from =
    values.duplicate_rate === 0
      ? sql`signals`
      : sql`(SELECT *, ${twice(between(malformed, duplicates))} AS copy FROM signals) AS sent`;
  return sql`WITH readings AS (
  SELECT i % ${places} AS sensor, ${lit(startOf(values.start))} + CAST(floor(i / ${places}) AS BIGINT) * ${lit(millisecondsOf(values))} AS epoch_ms, md5(concat(${lit(`${values.seed}-`)}, i)) AS h
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

function simulated(values: SimulateValues, dialect: Dialect): Sql {
  if (values.preset === 'sensors') return sensors(values, dialect);
  const fleet = fleetOf(values);
  switch (values.table) {
    case 'readings':
      return readings(fleet, dialect);
    case 'metadata':
      return metadata(fleet);
    case 'maintenance':
      return maintenance(fleet, dialect);
  }
}

function sentence(values: SimulateValues): string {
  const fleet = plural(values.compressors, 'compressor');
  if (isCompressors(values) && values.table !== 'readings')
    return values.table === 'metadata' ? `Simulate the list of ${fleet}` : `Simulate the maintenance log of ${fleet}`;
  const things = isCompressors(values) ? fleet : plural(values.sensors, 'sensor');
  return `Simulate ${things} over ${plural(values.days, 'day')}, a reading every ${values.interval?.text ?? '10m'}`;
}

const nothing: ExampleTable = {columns: {}, rows: []};
const columns = {
  sensor_id: 'VARCHAR',
  epoch_ms: 'BIGINT',
  temperature: 'DOUBLE',
  humidity: 'DOUBLE',
  pressure: 'DOUBLE',
};

const readingColumns = {
  compressor_id: 'VARCHAR',
  timestamp: 'VARCHAR',
  vibration_mms: 'DOUBLE',
  discharge_temp_f: 'DOUBLE',
  suction_pressure_psi: 'DOUBLE',
  discharge_pressure_psi: 'DOUBLE',
  horsepower: 'DOUBLE',
  gas_flow_mcfd: 'DOUBLE',
  runtime_hours: 'DOUBLE',
};
const metadataColumns = {
  compressor_id: 'VARCHAR',
  model: 'VARCHAR',
  install_date: 'DATE',
  site: 'VARCHAR',
  location: 'VARCHAR',
};
const maintenanceColumns = {
  compressor_id: 'VARCHAR',
  performed_on: 'DATE',
  work: 'VARCHAR',
  technician: 'VARCHAR',
  runtime_hours: 'DOUBLE',
  notes: 'VARCHAR',
};

export const simulate = defineStep({
  kind: 'simulate',
  version: 1,
  group: 'load',
  title: 'Simulate',
  sentence,
  lesson: {
    what: '`sensors` makes readings of temperature (°C), humidity (%) and pressure (hPa) with the time as epoch milliseconds, in order of time and then of sensor. Every third sensor stands outside, on a hill; days are warm in the afternoon. A chosen share of rows is damaged: a missing value, a reading sent twice, a fault of 85 or −127 °C, an id that no sensor has. `compressors` makes what ten gas compressors send, COMP-001 to COMP-010, every ten minutes: vibration (mm/s), discharge temperature (°F), suction and discharge pressure (psi), horsepower, gas flow (thousand cubic feet a day) and the hours run, with the time as text. They work hardest at noon and run hottest in the afternoon. In those that fail, vibration and temperature climb from day to day, slowly at first. `metadata` is the list of them by id, `maintenance` what was done to them in the half year before, by day and id.',
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
      params: {
        sensors: 3,
        days: 1,
        interval: '6h',
        null_rate: 0,
        duplicate_rate: 0,
        outlier_rate: 0,
        malformed_rate: 0,
      },
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
      params: {
        sensors: 2,
        days: 1,
        interval: '6h',
        null_rate: 0.25,
        duplicate_rate: 0.25,
        outlier_rate: 0.25,
        malformed_rate: 0.25,
      },
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
    {
      name: 'three compressors, one of which fails within the day',
      params: {
        preset: 'compressors',
        compressors: 3,
        days: 1,
        interval: '6h',
        failing: ['COMP-002'],
        null_rate: 0,
        duplicate_rate: 0,
        outlier_rate: 0,
        malformed_rate: 0,
        future_rate: 0,
      },
      input: nothing,
      expect: {
        columns: readingColumns,
        rows: [
          ['COMP-001', '2024-01-01T00:00:00', 1.47, 180.4, 84.7, 964.7, 986, 6159, 35316],
          ['COMP-002', '2024-01-01T00:00:00', 1.93, 186.6, 86.8, 984.5, 1033, 6515, 56419.2],
          ['COMP-003', '2024-01-01T00:00:00', 1.9, 187.9, 86.8, 989.1, 1046, 6593, 77522.4],
          ['COMP-001', '2024-01-01T06:00:00', 2.23, 182.6, 83.3, 988.1, 1051, 6608, 35322],
          ['COMP-002', '2024-01-01T06:00:00', 2.52, 190.8, 84.1, 990.1, 1086, 6821, 56425.2],
          ['COMP-003', '2024-01-01T06:00:00', 2.3, 189.1, 82.2, 1008.3, 1158, 7201, 77528.4],
          ['COMP-001', '2024-01-01T12:00:00', 2.06, 200.2, 74.3, 1031.2, 1258, 7977, 35328],
          ['COMP-002', '2024-01-01T12:00:00', 3.71, 216.8, 78.3, 1007.4, 1213, 7354, 56431.2],
          ['COMP-003', '2024-01-01T12:00:00', 2.42, 202.3, 81.7, 1021.6, 1188, 7480, 77534.4],
          ['COMP-001', '2024-01-01T18:00:00', 2.13, 196.8, 77.2, 1018.2, 1179, 7443, 35334],
          ['COMP-002', '2024-01-01T18:00:00', 6.16, 239.4, 81.2, 983.1, 1210, 6945, 56437.2],
          ['COMP-003', '2024-01-01T18:00:00', 2.16, 197.7, 86.1, 994.9, 1098, 6806, 77540.4],
        ],
      },
    },
    {
      name: 'every reading of a compressor damaged in one of the five ways',
      params: {
        preset: 'compressors',
        compressors: 4,
        days: 1,
        interval: '6h',
        null_rate: 0.2,
        duplicate_rate: 0.2,
        outlier_rate: 0.2,
        malformed_rate: 0.2,
        future_rate: 0.2,
      },
      input: nothing,
      expect: {
        columns: readingColumns,
        rows: [
          ['COMP-001', '2043-08-17T00:00:00', 1.47, 180.4, 84.7, 964.7, 986, 6159, 35316],
          ['COMP-002', '2024-01-01T00:00:00', 1.93, 186.6, 86.8, 984.5, 1033, 6515, 56419.2],
          ['COMP-002', '2024-01-01T00:00:00', 1.93, 186.6, 86.8, 984.5, 1033, 6515, 56419.2],
          ['COMP-003', '2024-01-01T00:00:00', 1.9, 187.9, 86.8, 989.1, 1046, 6593, 77522.4],
          ['COMP-003', '2024-01-01T00:00:00', 1.9, 187.9, 86.8, 989.1, 1046, 6593, 77522.4],
          ['COMP-004', '2024-01-01T00:00:00', 2.6, 186, 85.9, 975.2, 991, 6230, 19785.6],
          ['COMP-004', '2024-01-01T00:00:00', 2.6, 186, 85.9, 975.2, 991, 6230, 19785.6],
          ['COMP-001', '2043-08-17T06:00:00', 1.89, 183.1, 83.5, 985.7, 1048, 6652, 35322],
          ['COMP-002', '2043-08-17T06:00:00', 2.05, 184.3, 83.1, 994, 1091, 6780, 56425.2],
          ['COMP-003', '2024-01-01T06:00:00', 2.64, 195.3, 83.1, 1004.9, 1153, null, 77528.4],
          ['COMP-004 ', '2024-01-01T06:00:00', 2.25, 194.3, 76.8, 1014.8, 1179, 7431, 19791.6],
          ['COMP-001', '2024-01-01T12:00:00', 2.21, 201, 75, 1035.2, 1251, 7881, 35328],
          ['COMP-001', '2024-01-01T12:00:00', 2.21, 201, 75, 1035.2, 1251, 7881, 35328],
          ['comp-002', '2024-01-01T12:00:00', 2.29, 199.3, 78.7, 1020.5, 1190, 7513, 56431.2],
          ['COMP-003', '2024-01-01T12:00:00', 4.18, 999.9, 81.5, 1003.8, 1220, 7364, 77534.4],
          ['COMP-004', '2024-01-01T12:00:00', 2.54, 999.9, 75.3, 1029, 1257, 7807, 19797.6],
          ['COMP-001', '2024-01-01T18:00:00', 2.34, 197.4, 78.2, 1014.6, null, 7484, 35334],
          ['COMP-002', '2024-01-01T18', 2.15, 197.1, 79, 1008.7, 1167, 7296, 56437.2],
          ['COMP-003', '2024-01-01T18:00:00', 6.18, 238, 86, 970.3, 1142, 6578, 77540.4],
          ['COMP-003', '2024-01-01T18:00:00', 6.18, 238, 86, 970.3, 1142, 6578, 77540.4],
          ['COMP-004', '2024-01-01T18:00:00', 2.25, 197.9, 84.2, 990.4, null, 6632, 19803.6],
        ],
      },
    },
    {
      name: 'what the compressors are',
      params: {preset: 'compressors', table: 'metadata', compressors: 4},
      input: nothing,
      expect: {
        columns: metadataColumns,
        rows: [
          ['COMP-001', 'RC-1400', '2019-07-11', 'Mesa Verde', 'Midland, Texas'],
          ['COMP-002', 'RC-1400 S', '2016-11-06', 'Red Bluff', 'Carlsbad, New Mexico'],
          ['COMP-003', 'RC-1500', '2014-03-05', 'Lone Star', 'Odessa, Texas'],
          ['COMP-004', 'RC-1400', '2021-06-29', 'Caprock', 'Lubbock, Texas'],
        ],
      },
    },
    {
      name: 'what was done to them before, and what was heard',
      params: {preset: 'compressors', table: 'maintenance', compressors: 2, failing: ['COMP-002']},
      input: nothing,
      expect: {
        columns: maintenanceColumns,
        rows: [
          ['COMP-002', '2023-07-10', 'inspection', 'T-13', 52639.2, 'Nothing found.'],
          ['COMP-001', '2023-07-26', 'valve replacement', 'T-12', 31881.6, 'Second stage, worn seat.'],
          ['COMP-001', '2023-08-18', 'lubrication', 'T-12', 32378.4, 'All points greased.'],
          ['COMP-002', '2023-08-23', 'filter change', 'T-13', 53589.6, 'Filter was due.'],
          ['COMP-001', '2023-09-07', 'oil change', 'T-12', 32810.4, 'Oil sample sent in.'],
          ['COMP-002', '2023-09-08', 'valve replacement', 'T-14', 53935.2, 'Second stage, worn seat.'],
          ['COMP-002', '2023-10-15', 'filter change', 'T-11', 54734.4, 'Filter was due.'],
          ['COMP-001', '2023-10-24', 'valve replacement', 'T-12', 33825.6, 'Second stage, worn seat.'],
          ['COMP-002', '2023-11-05', 'filter change', 'T-14', 55188, 'Filter was due.'],
          ['COMP-001', '2023-11-22', 'inspection', 'T-11', 34452, 'Nothing found.'],
          [
            'COMP-002',
            '2023-12-09',
            'inspection',
            'T-12',
            55922.4,
            'Slight noise at the bearings. Watch the vibration.',
          ],
          ['COMP-001', '2023-12-13', 'oil change', 'T-11', 34905.6, 'Oil sample sent in.'],
        ],
      },
    },
    {
      name: 'a compressor that was never started',
      params: {preset: 'compressors', compressors: 1, days: 0, failing: []},
      input: nothing,
      expect: {
        columns: readingColumns,
        rows: [],
      },
    },
  ],
});
