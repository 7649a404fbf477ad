import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {realData} from '../../tools/real-data.ts';
import {root} from '../../tools/setup.mjs';
import {openPage} from '../handover/page.ts';

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
  const tables = ['bronze_readings', 'silver_readings', 'quality_history', 'gold_features'];
  beforeEach(async () => {
    page = await openPage(filesOf('compressors.csv', 'compressor-metadata.csv', 'maintenance-log.json'));
  });

  test('it says what its text says, and a second run writes nothing', async () => {
    const ran = await page.run(text);
    expect(failures(ran)).toEqual([]);
    expect(rows(ran, 'raw', 'bronze', 'typed', 'valid', 'once', 'silver', 'gold', 'hourly')).toEqual([10_180, 10_180, 10_177, 10_145, 10_046, 10_046, 10_046, 1680]);
    expect(ran.report.find(({name}) => name === 'raw')?.rejected).toBe(4);
    expect((await ran.contentOf('quarantined')).rows.map(([rule, readings]) => [rule, readings])).toEqual([['known compressor', '18'], ['not in the future', '14']]); // prettier-ignore
    expect((await ran.contentOf('quality')).rows.map((row) => row[8])).toEqual(Array<string>(27).fill('true'));
    expect((await ran.contentOf('alerts')).rows.map((row) => [row[1], row[2], row[6]])).toContainEqual(['COMP-007', 'vibration_mms', 'critical']);
    expect(rows(ran, 'alerts')).toEqual([6]);
    expect((await ran.contentOf('worst')).rows.map(([id]) => id)).toEqual(['COMP-003', 'COMP-007']);
    expect((await ran.contentOf('last_visits')).rows.map(([id, , notes]) => [id, notes])).toEqual(['COMP-003', 'COMP-007'].map((id) => [id, 'Slight noise at the bearings. Watch the vibration.']));
    expect(await versions(...tables)).toEqual([0, 0, 0, 0]);
    expect(failures(await page.run(text))).toEqual([]);
    expect(await versions(...tables)).toEqual([0, 0, 0, 0]);
  });

  test('what a broken sensor said is emptied, what the bearings said is not', async () => {
    const {contentOf} = await page.run(text);
    const {columns, rows: silver} = await contentOf('silver');
    const [id, vibration, temperature] = ['compressor_id', 'vibration_mms', 'discharge_temp_f'].map((name) => columns.findIndex((column) => column.name === name));
    const highest = (index: number | undefined, ...ids: string[]): number => Math.max(...silver.filter((row) => ids.includes(row[id ?? 0] ?? '')).map((row) => Number(row[index ?? 0] ?? 0)));
    expect([highest(vibration, 'COMP-003', 'COMP-007'), highest(temperature, 'COMP-003', 'COMP-007')]).toEqual([9.3, 272.3]);
    expect(silver.filter((row) => [row[vibration ?? 0], row[temperature ?? 0]].some((value) => value === '99.9' || value === '999.9'))).toEqual([]);
  });

  test('each layer can be run alone from the one before', async () => {
    await page.run(layerOf(text, 'Bronze'));
    const silver = await page.run(layerOf(text, 'Silver'));
    const gold = await page.run(layerOf(text, 'Gold'));
    expect([silver, gold].flatMap(failures)).toEqual([]);
    expect(rows(silver, 'bronze_rows', 'silver')).toEqual([10_180, 10_046]);
    expect(rows(gold, 'silver_rows', 'gold_rows')).toEqual([10_046, 10_046]);
  });

  test('the same file under another name is another delivery in bronze, and nothing new in silver', async () => {
    page.close();
    page = await openPage({...filesOf('compressors.csv', 'compressor-metadata.csv', 'maintenance-log.json'), 'again.csv': readFileSync(join(samples, 'compressors.csv'))});
    await page.run(text);
    const again = await page.run(text.replace('file: compressors.csv', 'file: again.csv'));
    expect(failures(again)).toEqual([]);
    expect(rows(again, 'bronze_rows', 'silver')).toEqual([20_360, 10_046]);
    expect(await versions('bronze_readings')).toEqual([1]);
  });

  test('gold lies in a folder a day', async () => {
    await page.run(text);
    expect((await page.lake.table('gold_features')).partitionColumns).toEqual(['date']);
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
