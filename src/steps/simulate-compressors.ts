import {id, join, lit, sql, type Sql} from '../sql/sql.ts';

/** What DuckDB and Spark spell differently. */
export interface Dialect {
  /** Hexadecimal digits of `h` as a BIGINT. */
  readonly hex: (from: number, digits: number) => Sql;
  /** A row twice where the condition holds: an item of the SELECT list. */
  readonly twice: (condition: Sql) => Sql;
  /** Milliseconds since 1970 as a text: 2024-01-01T00:00:00. */
  readonly isoText: (milliseconds: Sql) => Sql;
}

/** How many compressors, over which time, and what happens to their readings. Shares are of all rows, one after the other. */
export interface Fleet {
  readonly units: number;
  /** Places of the failing ones: 2 is COMP-003. */
  readonly failing: readonly number[];
  readonly seed: number;
  /** Milliseconds since 1970. */
  readonly start: number;
  readonly ticks: number;
  readonly interval: number;
  readonly nulls: number;
  readonly outliers: number;
  readonly malformed: number;
  readonly future: number;
  readonly duplicates: number;
}

/** The `n`th 13 bits of a 52-bit number: a whole number below 8192, exact as a DOUBLE. */
export const bits = (name: Sql, n: number): Sql =>
  n === 0 ? sql`${name} % 8192` : sql`floor(${name} / ${lit(8192 ** n)}) % 8192`;

/** A number of 0 to 16⁶ for each share so far: an event below it, and not below the one before, is what the share is of. */
export const boundsOf = (shares: readonly number[]): number[] =>
  shares.map((_, i) => Math.round(shares.slice(0, i + 1).reduce((sum, share) => sum + share) * 16 ** 6));

/** Rounded by the same arithmetic in every engine; their own round() differs in ties. Values are not negative. */
const rounded = (value: Sql, digits: number): Sql =>
  sql`floor((${value}) * 1e${lit(digits)} + 0.5e0) / 1e${lit(digits)}`;

const compressorId = sql`concat(CASE WHEN unit < 9 THEN 'COMP-00' WHEN unit < 99 THEN 'COMP-0' ELSE 'COMP-' END, unit + 1)`;
/** Days since it was installed, at the first reading. */
const age = sql`400 + (unit + 5) * 977 % 3650`;
/** Engines stand still for a tenth of the time. */
const hoursRun = (days: Sql): Sql => sql`21.6e0 * (${days})`;
const turn = (name: Sql, period: number): Sql => sql`2e0 * pi() * (${name} % ${lit(period)} / ${lit(period)}e0)`;
const day = 86_400_000;
/** A clock that counts the weeks of GPS in ten bits, and has gone round once. */
const rollover = 1024 * 7 * day;

const measured = [
  'vibration_mms',
  'discharge_temp_f',
  'suction_pressure_psi',
  'discharge_pressure_psi',
  'horsepower',
  'gas_flow_mcfd',
] as const;
/** What a broken sensor says, by its column. */
const faults: Readonly<Partial<Record<(typeof measured)[number], Sql>>> = {
  vibration_mms: sql`99.9e0`,
  discharge_temp_f: sql`999.9e0`,
  suction_pressure_psi: sql`0e0`,
};

const uniform = (name: Sql, n: number): Sql => sql`(${bits(name, n)} / 4096e0 - 1)`;

/** Readings in order of time and then of compressor. A failing one wears with the square of the time: after half of it, a quarter. */
export function readings(fleet: Fleet, {hex, twice, isoText}: Dialect): Sql {
  const units = lit(fleet.units);
  const [nulls = 0, outliers = 0, malformed = 0, future = 0, duplicates = 0] = boundsOf([
    fleet.nulls,
    fleet.outliers,
    fleet.malformed,
    fleet.future,
    fleet.duplicates,
  ]);
  const between = (from: number, to: number): Sql => sql`event >= ${lit(from)} AND event < ${lit(to)}`;
  const unless = (share: number, condition: Sql, damaged: Sql, value: Sql): Sql =>
    share === 0 ? value : sql`CASE WHEN ${condition} THEN ${damaged} ELSE ${value} END`;
  const damage = (name: (typeof measured)[number], i: number): Sql => {
    const fault = faults[name];
    const place = Object.keys(faults).indexOf(name);
    const faulty =
      fault === undefined
        ? id(name)
        : unless(fleet.outliers, sql`${between(nulls, outliers)} AND a % 3 = ${lit(place)}`, fault, id(name));
    return sql`${unless(fleet.nulls, sql`event < ${lit(nulls)} AND a % ${lit(measured.length)} = ${lit(i)}`, sql`NULL`, faulty)} AS ${id(name)}`;
  };
  const sentId = unless(
    fleet.malformed,
    sql`${between(outliers, malformed)} AND a % 4 < 3`,
    sql`CASE a % 4 WHEN 0 THEN lower(id) WHEN 1 THEN concat(id, ' ') ELSE substr(id, 1, 5) END`,
    sql`id`,
  );
  const time = unless(fleet.future, between(malformed, future), sql`epoch_ms + ${lit(rollover)}`, sql`epoch_ms`);
  const sentTime = unless(
    fleet.malformed,
    sql`${between(outliers, malformed)} AND a % 4 = 3`,
    sql`substr(${isoText(sql`epoch_ms`)}, 1, 13)`,
    isoText(time),
  );
  const wear =
    fleet.failing.length === 0
      ? sql`0e0`
      : sql`CASE WHEN unit IN (${join(fleet.failing.map(lit))}) THEN (tick / ${lit(fleet.ticks)}e0) * (tick / ${lit(fleet.ticks)}e0) ELSE 0e0 END`;
  const from =
    fleet.duplicates === 0
      ? sql`signals`
      : sql`(SELECT *, ${twice(between(future, duplicates))} AS copy FROM signals) AS sent`;
  return sql`WITH readings AS (
  SELECT i % ${units} AS unit, CAST(floor(i / ${units}) AS BIGINT) AS tick, md5(concat(${lit(`${fleet.seed}-`)}, i)) AS h
  FROM range(0, ${lit(fleet.units * fleet.ticks)}) AS numbers(i)
), chances AS (
  SELECT unit, tick, ${lit(fleet.start)} + tick * ${lit(fleet.interval)} AS epoch_ms, ${hex(1, 13)} AS a, ${hex(14, 13)} AS b, ${hex(27, 6)} AS event
  FROM readings
), states AS (
  SELECT *, sin(${turn(sql`epoch_ms`, day)} - 0.75e0 * pi()) AS warmth,
    0.8e0 + 0.1e0 * sin(${turn(sql`epoch_ms`, day)} - 0.5e0 * pi()) + 0.05e0 * sin(${turn(sql`epoch_ms`, day / 3)} + unit) AS load,
    ${wear} AS wear
  FROM chances
), signals AS (
  SELECT ${compressorId} AS id, epoch_ms, a, event,
    ${rounded(sql`2e0 + 0.15e0 * (unit % 5) + 2e0 * (load - 0.8e0) + 7e0 * wear + 0.2e0 * (${uniform(sql`a`, 0)} + ${uniform(sql`a`, 1)})`, 2)} AS vibration_mms,
    ${rounded(sql`190e0 + 2e0 * (unit % 4) + 6e0 * warmth + 60e0 * (load - 0.8e0) + 70e0 * wear + 1.5e0 * (${uniform(sql`a`, 2)} + ${uniform(sql`a`, 3)})`, 1)} AS discharge_temp_f,
    ${rounded(sql`80e0 + 2e0 * (unit % 3) - 60e0 * (load - 0.8e0) + 1.5e0 * ${uniform(sql`b`, 0)}`, 1)} AS suction_pressure_psi,
    ${rounded(sql`1000e0 + 300e0 * (load - 0.8e0) - 40e0 * wear + 6e0 * ${uniform(sql`b`, 1)}`, 1)} AS discharge_pressure_psi,
    ${rounded(sql`1400e0 * load + 90e0 * wear + 12e0 * ${uniform(sql`b`, 2)}`, 0)} AS horsepower,
    ${rounded(sql`8800e0 * load * (1e0 - 0.08e0 * wear) + 60e0 * ${uniform(sql`b`, 3)}`, 0)} AS gas_flow_mcfd,
    ${rounded(sql`${hoursRun(age)} + tick * ${lit(fleet.interval)} / 36e5`, 1)} AS runtime_hours
  FROM states
)
SELECT
  ${sentId} AS compressor_id,
  ${sentTime} AS timestamp,
  ${join(measured.map(damage), ',\n  ')},
  runtime_hours
FROM ${from}`;
}

const chosen = (number: Sql, texts: readonly string[]): Sql =>
  sql`CASE ${number} % ${lit(texts.length)} ${join(
    texts.slice(1).map((text, i) => sql`WHEN ${lit(i + 1)} THEN ${lit(text)}`),
    ' ',
  )} ELSE ${lit(texts[0] ?? '')} END`;

const sites = ['Mesa Verde', 'Red Bluff', 'Lone Star', 'Caprock'];
const locations = ['Midland, Texas', 'Carlsbad, New Mexico', 'Odessa, Texas', 'Lubbock, Texas'];

const dateOf = (milliseconds: number): Sql => sql`DATE ${lit(new Date(milliseconds).toISOString().slice(0, 10))}`;

/** One row for each compressor. */
export const metadata = ({units, start}: Fleet): Sql => sql`WITH fleet AS (
  SELECT unit, CAST(${age} AS INT) AS age
  FROM range(0, ${lit(units)}) AS numbers(unit)
)
SELECT
  ${compressorId} AS compressor_id,
  ${chosen(sql`unit`, ['RC-1400', 'RC-1400 S', 'RC-1500'])} AS model,
  ${dateOf(start)} - age AS install_date,
  ${chosen(sql`unit`, sites)} AS site,
  ${chosen(sql`unit`, locations)} AS location
FROM fleet`;

const visits = 6;

/** Six visits to each compressor in the half year before the first reading, in order of time: at the last, somebody heard the bearings of the failing ones. */
export function maintenance({units, failing, seed, start}: Fleet, {hex}: Dialect): Sql {
  const heard =
    failing.length === 0 ? undefined : sql`visit = ${lit(visits - 1)} AND unit IN (${join(failing.map(lit))})`;
  const unlessHeard = (found: string, value: Sql): Sql =>
    heard === undefined ? value : sql`CASE WHEN ${heard} THEN ${lit(found)} ELSE ${value} END`;
  const work = sql`CAST(floor(a / 28) AS BIGINT)`;
  return sql`WITH slots AS (
  SELECT i % ${lit(units)} AS unit, CAST(floor(i / ${lit(units)}) AS BIGINT) AS visit, md5(concat(${lit(`${seed}-visit-`)}, i)) AS h
  FROM range(0, ${lit(units * visits)}) AS numbers(i)
), visits AS (
  SELECT unit, visit, ${hex(1, 13)} AS a, CAST((${lit(visits - 1)} - visit) * 30 + 1 + ${hex(1, 13)} % 28 AS INT) AS days_before
  FROM slots
)
SELECT
  ${compressorId} AS compressor_id,
  ${dateOf(start)} - days_before AS performed_on,
  ${unlessHeard('inspection', chosen(work, ['inspection', 'oil change', 'filter change', 'valve replacement', 'lubrication']))} AS work,
  concat('T-', 11 + CAST(floor(a / 1000) AS BIGINT) % 5) AS technician,
  ${rounded(hoursRun(sql`${age} - days_before`), 1)} AS runtime_hours,
  ${unlessHeard('Slight noise at the bearings. Watch the vibration.', chosen(work, ['Nothing found.', 'Oil sample sent in.', 'Filter was due.', 'Second stage, worn seat.', 'All points greased.']))} AS notes
FROM visits
ORDER BY performed_on, compressor_id`;
}
