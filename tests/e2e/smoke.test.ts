import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {root} from '../tools/setup.mjs';
import {launch, type App} from './harness.ts';

let app: App;
beforeAll(async () => {
  app = await launch();
});
afterAll(() => app.close());

test('the page works below a path of a host that sends no isolation headers', async () => {
  expect(new URL(app.page.url()).pathname).toBe('/some/path/');
  expect(await app.page.evaluate(() => crossOriginIsolated)).toBe(false);
  const {columns, rows} = await app.query('SELECT 42 AS answer, 9007199254740993::BIGINT AS exact');
  expect(columns.map(({name}) => name)).toEqual(['answer', 'exact']);
  expect(rows).toEqual([[42, 9007199254740993n]]);
});

test('a notebook runs from a dropped file to an export', async () => {
  await app.addFile('readings.csv', 'sensor_id,temperature\nA,20.5\nA,20.5\nB,\n');
  const issues = await app.open(
    ['# Readings', '', '```step raw = load', 'file: readings.csv', '```', '', '```step clean = dedup', '```', ''].join(
      '\n',
    ),
  );
  expect(issues).toEqual([]);
  const report = await app.run();
  expect(report.ok).toBe(true);
  expect(report.cells.map(({name, rowsIn, rowsOut}) => [name, rowsIn, rowsOut])).toEqual([
    ['raw', null, 3],
    ['clean', 3, 2],
  ]);
  const csv = (await app.export('clean', 'csv')).toString('utf8');
  expect(csv.trim().split(/\r?\n/)).toHaveLength(3);
});

test('the sample notebook runs', async () => {
  const markdown = await readFile(join(root, 'notebooks/clean-a-sensor-file.md'), 'utf8');
  await app.open(markdown);
  const report = await app.run();
  expect(report.cells.filter((cell) => cell.error)).toEqual([]);
  expect(report.ok).toBe(true);
});

test('nothing is asked for outside of the site', () => {
  expect(app.requests.filter((address) => /^https?:/.test(address) && !address.startsWith(app.url))).toEqual([]);
  expect(app.foreign).toEqual([]);
});
