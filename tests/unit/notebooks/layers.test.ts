import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterEach, describe, expect, test} from 'vitest';
import {realData} from '../../tools/real-data.ts';
import {root} from '../../tools/setup.mjs';
import {difference, openPage, type Content} from '../handover/page.ts';

const samples = join(root, 'public/samples');
const textOf = (name: string): string => readFileSync(join(root, 'notebooks', `${name}.md`), 'utf8');
const filesOf = (...names: string[]): Record<string, Uint8Array> =>
  Object.fromEntries(readdirSync(samples).flatMap((name) => (names.includes(name) ? [[name, readFileSync(join(samples, name))]] : [])));
/** What stands under a heading and its lower ones, behind the notebook's front matter. */
const layerOf = (text: string, heading: string): string => {
  const front = /^---\n[\s\S]*?\n---\n/.exec(text)?.[0] ?? '';
  const start = text.indexOf(`\n## ${heading}`);
  return `${front}${text.slice(start, text.indexOf('\n## ', start + 1))}`;
};
/** The notebook with other parameters. */
const withParams = (text: string, params: Readonly<Record<string, string | number>>): string => text.replace(/^params: .*$/m, `params: ${JSON.stringify(params)}`);

let page: Awaited<ReturnType<typeof openPage>>;
type Ran = Awaited<ReturnType<typeof page.run>>;
const failures = ({report}: Ran): unknown[][] => report.filter(({status}) => status !== 'ok' && status !== 'cached').map(({name, status, error}) => [name, status, error]);
const rows = ({report}: Ran, ...names: string[]): (number | null | undefined)[] => names.map((name) => report.find((cell) => cell.name === name)?.rowsOut);
const versions = async (...tables: string[]): Promise<number[]> => Promise.all(tables.map(async (table) => (await page.lake.table(table)).version));
afterEach(() => page.close());

describe('Compressors: bronze, silver, gold', () => {
  const text = textOf('compressors-bronze-silver-gold');
  const files = filesOf('compressors.csv', 'compressor-metadata.csv', 'maintenance-log.json');
  const tables = ['bronze_readings', 'silver_readings', 'quality_history', 'gold_features'];
  const read = async ({contentOf}: Ran, name: string): Promise<readonly (readonly (string | null)[])[]> => (await contentOf(name)).rows;
  /** Gold in the order of its keys, without where a reading came from. */
  const goldOf = async ({contentOf}: Ran): Promise<Content> => {
    const {columns, rows} = await contentOf('gold_rows');
    const source = columns.findIndex(({name}) => name === 'source_file');
    const keys = columns.flatMap(({name}, i) => (name === 'compressor_id' || name === 'timestamp' ? [i] : []));
    const keyOf = (row: Content['rows'][number]): string => keys.map((i) => row[i]).join(' ');
    const without = <T>(values: readonly T[]): T[] => values.filter((_, i) => i !== source);
    return {columns: without(columns), rows: rows.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)).map(without)};
  };
  /** What PostgreSQL has. */
  const served =
    '\n```psql served\nSELECT (SELECT count(*) FROM sensor_readings_agg) AS hours, (SELECT count(*) FROM alert_history) AS alerts, (SELECT count(*) FROM data_quality_metrics) AS checks\n```\n';
  let once: Content;

  test('it says what its text says, and a second run writes nothing', async () => {
    page = await openPage(files);
    const ran = await page.run(text + served);
    once = await goldOf(ran);
    expect(failures(ran)).toEqual([]);
    expect(rows(ran, 'raw', 'bronze', 'typed', 'valid', 'once', 'silver', 'gold', 'hourly')).toEqual([10_180, 10_180, 10_177, 10_145, 10_046, 10_046, 10_046, 1680]);
    expect(ran.report.find(({name}) => name === 'raw')?.rejected).toBe(4);
    expect((await read(ran, 'quarantined')).map(([rule, readings]) => [rule, readings])).toEqual([['known compressor', '18'], ['not in the future', '14']]); // prettier-ignore
    expect((await read(ran, 'quality')).map((row) => row[8])).toEqual(Array<string>(27).fill('true'));
    expect((await read(ran, 'alerts')).map((row) => [row[1], row[2], row[6]])).toContainEqual(['COMP-007', 'vibration_mms', 'critical']);
    expect(rows(ran, 'alerts')).toEqual([6]);
    expect((await read(ran, 'worst')).map(([id]) => id)).toEqual(['COMP-003', 'COMP-007']);
    expect((await read(ran, 'last_visits')).map(([id, , notes]) => [id, notes])).toEqual(['COMP-003', 'COMP-007'].map((id) => [id, 'Slight noise at the bearings. Watch the vibration.']));
    // What a broken sensor said is emptied, what the bearings said is not.
    const {columns, rows: silver} = await ran.contentOf('silver');
    const [id, vibration, temperature] = ['compressor_id', 'vibration_mms', 'discharge_temp_f'].map((name) => columns.findIndex((column) => column.name === name));
    const highest = (index: number | undefined, ...ids: string[]): number => Math.max(...silver.filter((row) => ids.includes(row[id ?? 0] ?? '')).map((row) => Number(row[index ?? 0] ?? 0)));
    expect([highest(vibration, 'COMP-003', 'COMP-007'), highest(temperature, 'COMP-003', 'COMP-007')]).toEqual([9.3, 272.3]);
    expect(silver.filter((row) => [row[vibration ?? 0], row[temperature ?? 0]].some((value) => value === '99.9' || value === '999.9'))).toEqual([]);
    // PostgreSQL has what the cells above have, and answers with it.
    const latest = await read(ran, 'latest');
    expect(latest.map((row) => row[2])).toEqual(Array<string>(10).fill('2024-01-07 23:00:00'));
    expect([latest[2], latest[6]]).toEqual([['COMP-003', 'Lone Star', '2024-01-07 23:00:00', '9.30', '259.0'], ['COMP-007', 'Lone Star', '2024-01-07 23:00:00', '9.12', '252.3']]); // prettier-ignore
    expect((await read(ran, 'still_open')).map((row) => row.slice(0, 4))).toEqual([
      ['COMP-003', 'vibration_mms', 'critical', '2024-01-05 01:10:00'],
      ['COMP-007', 'vibration_mms', 'critical', '2024-01-05 02:30:00'],
      ['COMP-003', 'discharge_temp_f', 'critical', '2024-01-06 06:20:00'],
      ['COMP-007', 'discharge_temp_f', 'critical', '2024-01-06 07:30:00'],
    ]);
    expect(await read(ran, 'scores')).toEqual([
      ['accuracy', '4', '4', '100.0'],
      ['completeness', '15', '15', '100.0'],
      ['consistency', '4', '4', '100.0'],
      ['freshness', '1', '1', '100.0'],
      ['uniqueness', '1', '1', '100.0'],
      ['validity', '2', '2', '100.0'],
    ]);
    expect(await read(ran, 'served')).toEqual([['1680', '6', '27']]);
    expect((await page.lake.table('gold_features')).partitionColumns).toEqual(['date']);
    expect(await versions(...tables)).toEqual([0, 0, 0, 0]);
    const again = await page.run(text + served);
    expect(failures(again)).toEqual([]);
    expect(await versions(...tables)).toEqual([0, 0, 0, 0]);
    expect(await read(again, 'served')).toEqual([['1680', '6', '27']]);
  });

  test('each layer can be run alone from the one before', async () => {
    page = await openPage(files);
    await page.run(layerOf(text, 'Bronze'));
    const silver = await page.run(layerOf(text, 'Silver'));
    const gold = await page.run(layerOf(text, 'Gold'));
    expect([silver, gold].flatMap(failures)).toEqual([]);
    expect(rows(silver, 'bronze_rows', 'silver')).toEqual([10_180, 10_046]);
    expect(rows(gold, 'silver_rows', 'gold_rows')).toEqual([10_046, 10_046]);
  });

  test('two deliveries, the second with later days and readings that come late, give the gold of a single one', async () => {
    const [header = '', ...lines] = new TextDecoder().decode(files['compressors.csv']).trimEnd().split('\n');
    const isLate = (line: string): boolean => /,2024-01-0[67]T|^COMP-00[47],2024-01-03T1[0-4]/.test(line);
    const csv = (chosen: readonly string[]): string => [header, ...chosen, ''].join('\n');
    const second = csv(lines.filter(isLate));
    page = await openPage({...files, 'compressors.csv': csv(lines.filter((line) => !isLate(line))), 'second.csv': second, 'copy.csv': second});
    const deliver = async (file: string): Promise<Ran> => {
      const ran = await page.run(text.replace('file: compressors.csv', `file: ${file}`) + served);
      expect(failures(ran)).toEqual([]);
      return ran;
    };
    const [first] = rows(await deliver('compressors.csv'), 'gold_rows');
    expect(first).toBeLessThan(10_046 - 2800);
    expect(rows(await deliver('compressors.csv'), 'gold_rows')).toEqual([first]);
    expect(await versions('bronze_readings', 'gold_features')).toEqual([0, 0]);
    const both = await deliver('second.csv');
    expect(difference(await goldOf(both), once)).toBeUndefined();
    expect(rows(both, 'gold_rows', 'hourly')).toEqual([10_046, 1680]);
    expect(await read(both, 'served')).toEqual([['1680', '6', '27']]);
    const [newest] = await page.lake.history('gold_features');
    expect(newest?.info).toMatchObject({operation: 'MERGE', operationMetrics: {numTargetRowsInserted: String(10_046 - (first ?? 0)), numTargetRowsUpdated: String(first)}});
    // The same under another name is another delivery in bronze, and nothing new in silver and gold.
    const copied = await deliver('copy.csv');
    expect(rows(copied, 'bronze_rows', 'silver', 'gold_rows')).toEqual([10_180 + (rows(copied, 'bronze')[0] ?? 0), 10_046, 10_046]);
    expect(difference(await goldOf(copied), once)).toBeUndefined();
  });
});

describe('Your own sensors', () => {
  const text = textOf('your-own-sensors');

  test('it says what its text says of the five rooms, and a second run writes nothing', async () => {
    page = await openPage(filesOf('sensors.csv'));
    const ran = await page.run(text);
    expect(failures(ran)).toEqual([]);
    expect(rows(ran, 'raw', 'typed', 'once', 'gold_rows')).toEqual([10_258, 10_250, 10_080, 10_080]);
    const beyond = (await ran.contentOf('beyond')).rows.map(([id, status, readings]) => [id, status, readings]);
    expect(beyond).toContainEqual(['TH-103', 'warning', '104']);
    await page.run(text);
    expect(await versions('own_bronze', 'own_gold')).toEqual([0, 0]);
  });

  test('another file comes to the first, and no reading is in gold twice', async () => {
    page = await openPage({...filesOf('sensors.csv'), 'other.csv': 'id,at,a,b\nX-1,2024-03-10 00:00:00,1,2\n'});
    await page.run(text);
    const ran = await page.run(withParams(text, {file: 'other.csv', sensor: 'id', time: 'at', value: 'a', second: 'b', now: '2024-03-18', deviations: 4, warning: 28, critical: 29}));
    expect(failures(ran)).toEqual([]);
    expect(rows(ran, 'once', 'gold_rows')).toEqual([10_081, 10_081]);
  });

  test('columns may have the names that another file gives them', async () => {
    const csv = "at;machine;\"bearing °C\";it's\n2024-01-01 00:00:00;m 1;60,5;1\n";
    page = await openPage({'other.csv': csv.replace('60,5', '60.5')});
    const ran = await page.run(
      withParams(text, {file: 'other.csv', sensor: 'machine', time: 'at', value: 'bearing °C', second: "it's", now: '2024-01-02', deviations: 4, warning: 60, critical: 70}),
    );
    expect(failures(ran)).toEqual([]);
    expect((await ran.contentOf('beyond')).rows).toEqual([['m 1', 'warning', '1', '2024-01-01 00:00:00', '60.5']]);
  });

  const metro = realData('metropt/metropt3_first_1000.csv');
  test.skipIf(metro.missing)('a metro’s compressor, in one file without a name for it', async () => {
    page = await openPage({'metropt.csv': readFileSync(metro.path)});
    const params = {file: 'metropt.csv', sensor: 'filename', time: 'timestamp', value: 'Oil_temperature', second: 'Motor_current', now: '2020-03-01', deviations: 4, warning: 60, critical: 65};
    const ran = await page.run(withParams(text, params));
    expect(failures(ran)).toEqual([]);
    expect(rows(ran, 'raw', 'once', 'sensors', 'gold_rows')).toEqual([1000, 1000, 1, 1000]);
    expect((await ran.contentOf('sensors')).rows[0]?.slice(0, 2)).toEqual(['metropt.csv', '1000']);
    const {rows: hourly} = await ran.contentOf('hourly');
    expect(hourly.length).toBeGreaterThan(1);
    expect(hourly.every((row) => Number(row[2]) > 40 && Number(row[2]) < 90)).toBe(true);
  });
});
