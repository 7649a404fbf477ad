import {afterAll, beforeAll, expect, test} from 'vitest';
import {readFixture} from '../fixtures/expectations.ts';
import {seriousFaults} from './axe.ts';
import {launch, type App} from './harness.ts';

let app: App;
beforeAll(async () => {
  app = await launch();
});
afterAll(() => app.close());

/** Drops a file as a reader does. */
async function drop(name: string): Promise<void> {
  const data = await app.page.evaluateHandle(
    ([file, base64]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))], file));
      return transfer;
    },
    [name, Buffer.from(readFixture(name)).toString('base64')] as const,
  );
  for (const type of ['dragenter', 'dragover', 'drop']) await app.page.dispatchEvent('body', type, {dataTransfer: data});
}

test('a DuckDB file that is dropped shows its tables; those that are chosen become cells with their rows', async () => {
  const {page} = app;
  await drop('several.duckdb');
  const dialog = page.getByRole('dialog', {name: 'Load several.duckdb'});
  await expect.poll(() => dialog.getByRole('group', {name: 'Tables'}).getByRole('listitem').allInnerTexts()).toHaveLength(4);
  const tables = (await dialog.getByRole('listitem').allInnerTexts()).map((text) => text.replace(/\s+/g, ' ').trim());
  expect(tables).toEqual(['hot view, 2 columns', 'odd "table 2 columns, 1 row', 'readings 9 columns, 50 rows', 'plant.sensors 1 column, 1 row']);
  expect(await seriousFaults(page)).toEqual([]);
  await dialog.getByLabel('Load hot').uncheck();
  await dialog.getByLabel('Load readings').check();
  await dialog.getByLabel('Load plant.sensors').check();
  await dialog.getByRole('button', {name: 'Load', exact: true}).click();
  await expect
    .poll(async () => (await app.notebook()).match(/```step (\w+) = load\nfile: several\.duckdb\ntable: [\w.]+/g))
    .toEqual(['```step readings = load\nfile: several.duckdb\ntable: readings', '```step plant_sensors = load\nfile: several.duckdb\ntable: plant.sensors']);
  await expect
    .poll(async () => (await app.run()).cells.map(({name, rowsOut}) => [name, rowsOut]))
    .toEqual([
      ['readings', 50],
      ['plant_sensors', 1],
    ]);
  const {rows} = await app.query('SELECT * FROM readings ORDER BY id LIMIT 2');
  const total = 2n ** 127n - 1n;
  expect(rows[1]).toEqual([1n, '0.125', 'warning', total - 1n, '2024-02-01T00:01:00.000001', '2024-01-31T22:01:00Z', {min: 1n, tags: ['a', null]}, 'x1', rows[0]?.[8]]);
  expect(rows[0]?.[7]).toBeNull();
});

test('what was loaded of a database comes back after a reload, and leaves as a script and as a job that open the file', async () => {
  await app.reload();
  expect((await app.run()).cells.map(({status}) => status)).toEqual(['ok', 'ok'].map((status) => expect.stringMatching(`${status}|cached`) as string));
  expect((await app.query('SELECT count(*), sum(temperature) FROM readings')).rows).toEqual([[50n, '153.125']]);
  const script = await app.handover('sql');
  expect(script).toContain('ATTACH IF NOT EXISTS \'several.duckdb\' AS "several.duckdb" (TYPE duckdb, READ_ONLY);');
  expect(script).toContain('FROM "several.duckdb".plant.sensors');
  const job = await app.handover('pyspark');
  expect(job).toContain('--packages org.duckdb:duckdb_jdbc:');
  expect(job).toContain(`.option('url', 'jdbc:duckdb:' + path('several.duckdb'))`);
});
