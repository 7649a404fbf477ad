import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {openPage} from '../handover/page.ts';

/** The steps of a medallion pipeline on one small file of readings. */
const pipeline = (file: string, options = ''): string => `\`\`\`step raw = load
file: ${file}
schema: {sensor_id: string, read_at: timestamp, value: double, level: double}
\`\`\`

\`\`\`step checks = quality
from: raw
time: read_at
freshness: 15m
by: [sensor_id]
now: "2024-02-01 04:00:00"
ranges: {value: {min: -20, max: 50}}
keys: [sensor_id, read_at]
\`\`\`

\`\`\`step once = dedup
from: raw
keys: [sensor_id, read_at]
\`\`\`

\`\`\`step plausible = outliers
columns: [value, level]
by: [sensor_id]
${options === '' ? 'threshold: 4' : options}
action: flag
\`\`\`

\`\`\`step filled = fill
from: once
columns: [value, level]
\`\`\`

\`\`\`step rates = rate_of_change
from: once
columns: [value, level]
by: [sensor_id]
time: read_at
\`\`\`

\`\`\`step rolled = rolling
columns: [value, level]
by: [sensor_id]
time: read_at
windows: [1h, 4h]
\`\`\`

\`\`\`step judged = thresholds
rules: {value: {warning: 30, critical: 40}}
\`\`\`

\`\`\`step timed = time_features
time: read_at
\`\`\`

\`\`\`step hourly = aggregate
from: once
keys: [sensor_id]
time: {column: read_at, every: 1h}
metrics: {value: [avg, stddev, max], level: [avg, count]}
\`\`\`

\`\`\`step gold = snapshot
from: timed
table: gold
mode: overwrite
\`\`\`

\`\`\`step rung = alerts
from: once
by: [sensor_id]
time: read_at
rules: {value: {warning: 30, critical: 40}}
\`\`\`
`;

type Reading = readonly [sensor: string, minute: number, value: number | '', level?: number | ''];
/** Readings as a CSV file; minutes count from midnight. */
const csv = (readings: readonly Reading[]): string =>
  ['sensor_id,read_at,value,level', ...readings.map(([sensor, minute, value, level = 1]) => `${sensor},${new Date(Date.UTC(2024, 1, 1, 0, minute)).toISOString().slice(0, 19)},${value},${level}`)].join(
    '\n',
  );
/** A reading every ten minutes, the last at \`until\`. */
const steady = (sensor: string, value: (i: number) => number | '', until = 240): Reading[] => Array.from({length: until / 10 + 1}, (_, i) => [sensor, 10 * i, value(i)] as const);
const mild = (i: number): number => 20 + (i % 5);

const noTimes = (text: string): string => text.replace(/^schema: .*$/m, 'schema: {sensor_id: string, value: double, level: double}');
const files: Readonly<Record<string, string>> = {
  'good.csv': csv([...steady('a', mild), ...steady('b', mild)]),
  'no-times.csv': 'sensor_id,value,level\na,1,1\nb,2,1',
  'shared.csv': csv([...steady('a', mild), ...steady('a', (i) => 40 + (i % 3))]),
  'stops.csv': csv([...steady('a', mild), ...steady('stopped', mild, 120)]),
  'jumps.csv': csv([...steady('a', mild), ['a', 60 * 24 * 365, 20], ...steady('back', mild), ['back', 60, 21]]),
  'empty-column.csv': csv(steady('a', () => '')),
  'constant.csv': csv(steady('a', () => 20)),
  'one-each.csv': csv(['a', 'b', 'c'].map((sensor) => [sensor, 240, 20] as const)),
  'units.csv': csv(steady('a', (i) => (i % 6 === 5 ? 68 + (i % 5) : mild(i)))),
};

let page: Awaited<ReturnType<typeof openPage>>;
beforeAll(async () => {
  page = await openPage(files);
});
afterAll(() => page.close());

async function run(text: string) {
  const ran = await page.run(text);
  const troubled = ran.report.flatMap(({name, error}) => (error === undefined ? [] : [[name, error.message, error.hint]]));
  const table = async (name: string): Promise<Record<string, string | null>[]> => {
    const {columns, rows} = await ran.contentOf(name);
    return rows.map((row) => Object.fromEntries(columns.map(({name: column}, i) => [column, row[i] ?? null])));
  };
  /** The checks that fail, and how many rows do. */
  const failing = async () => (await table('checks')).flatMap(({check_name, passed, rows_failing}) => (passed === 'false' ? [[check_name, Number(rows_failing)]] : []));
  return {...ran, troubled, table, failing};
}

describe('data that isn’t as it should be', () => {
  test('good readings pass every check, and raise no alert', async () => {
    const {troubled, failing, table} = await run(pipeline('good.csv'));
    expect(troubled).toEqual([]);
    expect(await failing()).toEqual([]);
    expect(await table('rung')).toEqual([]);
  });

  test('without a column of times it says which columns there are', async () => {
    const {troubled} = await run(noTimes(pipeline('no-times.csv')));
    expect(troubled).toEqual([['checks', 'raw has no column called read_at.', 'Its columns are sensor_id, value, level.']]);
  });

  test('two sensors that share an id are seen by the times that come twice', async () => {
    const {troubled, failing, table} = await run(pipeline('shared.csv'));
    expect(troubled).toEqual([]);
    expect(await failing()).toEqual([['unique_key', 50]]);
    const times = (await table('checks_rejects')).map(({read_at}) => read_at);
    expect([times.length, new Set(times).size]).toEqual([50, 25]);
  });

  test('a sensor that stops fails freshness, and the row says which', async () => {
    const {troubled, failing, table} = await run(pipeline('stops.csv'));
    expect(troubled).toEqual([]);
    expect(await failing()).toEqual([['freshness', 1]]);
    expect(await table('checks_rejects')).toMatchObject([{sensor_id: 'stopped', read_at: '2024-02-01 02:00:00'}]);
  });

  test('clocks that jump are seen: forth by a time from the future, back by a time that comes twice', async () => {
    const {troubled, failing, table} = await run(pipeline('jumps.csv'));
    expect(troubled).toEqual([]);
    expect(await failing()).toEqual([
      ['unique_key', 2],
      ['no_future_times', 1],
    ]);
    expect((await table('checks_rejects')).map(({sensor_id, read_at}) => [sensor_id, read_at])).toEqual(
      expect.arrayContaining([
        ['a', '2025-01-31 00:00:00'],
        ['back', '2024-02-01 01:00:00'],
      ]),
    );
    // A gap of a year is no slope of ten minutes.
    expect((await table('rolled')).find(({read_at}) => read_at === '2025-01-31 00:00:00')).toMatchObject({value_4h_mean: '20.0', value_4h_slope: null});
  });

  test('a column without any value fails completeness, and what is made of it is missing, not wrong', async () => {
    const {troubled, failing, table} = await run(pipeline('empty-column.csv'));
    expect(troubled).toEqual([]);
    expect(await failing()).toEqual([['value_missing', 25]]);
    expect((await table('timed'))[3]).toMatchObject({value_rate_per_hour: null, value_1h_mean: null, value_1h_slope: null, value_status: null, level_1h_mean: '1.0'});
    expect((await table('hourly'))[0]).toMatchObject({value_avg: null, value_max: null, level_count: '6'});
    expect((await table('filled'))[0]).toMatchObject({value: null});
    expect((await table('plausible')).filter(({value_outlier}) => value_outlier === 'true')).toEqual([]);
  });

  test('a column that never changes has no outliers, and a deviation of 0', async () => {
    const {troubled, failing, table} = await run(pipeline('constant.csv'));
    expect(troubled).toEqual([]);
    expect(await failing()).toEqual([]);
    expect((await table('timed'))[3]).toMatchObject({value_rate_per_hour: '0.0', value_1h_std: '0.0', value_1h_slope: '0.0', value_status: 'normal'});
    expect((await table('plausible')).filter(({value_outlier, level_outlier}) => value_outlier !== 'false' || level_outlier !== 'false')).toEqual([]);
  });

  test('one reading of each sensor has no rate, no deviation and no slope', async () => {
    const {troubled, failing, table} = await run(pipeline('one-each.csv'));
    expect(troubled).toEqual([]);
    expect(await failing()).toEqual([]);
    expect(await table('timed')).toMatchObject(
      ['a', 'b', 'c'].map((sensor_id) => ({sensor_id, value_rate_per_hour: null, value_1h_mean: '20.0', value_1h_std: null, value_1h_slope: null})),
    );
    expect((await table('hourly'))[0]).toMatchObject({value_avg: '20.0', value_stddev: null});
  });

  test('units that are mixed under one name fail their range, and stand out by the median', async () => {
    const {troubled, failing, table} = await run(pipeline('units.csv', 'method: mad\nthreshold: 3.5'));
    expect(troubled).toEqual([]);
    expect(await failing()).toEqual([['value_range', 4]]);
    expect((await table('plausible')).filter(({value_outlier}) => value_outlier === 'true')).toHaveLength(4);
  });
});
