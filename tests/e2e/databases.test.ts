import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import sqlite3InitModule from '@sqlite.org/sqlite-wasm';
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
  for (const type of ['dragenter', 'dragover', 'drop'])
    await app.page.dispatchEvent('body', type, {dataTransfer: data});
}

test('a DuckDB file that is dropped shows its tables; those that are chosen become cells with their rows', async () => {
  const {page} = app;
  await drop('several.duckdb');
  const dialog = page.getByRole('dialog', {name: 'Load several.duckdb'});
  await expect
    .poll(() => dialog.getByRole('group', {name: 'Tables'}).getByRole('listitem').allInnerTexts())
    .toHaveLength(4);
  const tables = (await dialog.getByRole('listitem').allInnerTexts()).map((text) => text.replace(/\s+/g, ' ').trim());
  expect(tables).toEqual([
    'hot view, 2 columns',
    'odd "table 2 columns, 1 row',
    'readings 9 columns, 50 rows',
    'plant.sensors 1 column, 1 row',
  ]);
  expect(await seriousFaults(page)).toEqual([]);
  // The first table is chosen, not a view before it.
  await dialog.getByLabel('Load odd "table').uncheck();
  await dialog.getByLabel('Load readings').check();
  await dialog.getByLabel('Load plant.sensors').check();
  await dialog.getByRole('button', {name: 'Load', exact: true}).click();
  await expect
    .poll(async () => (await app.notebook()).match(/```step (\w+) = load\nfile: several\.duckdb\ntable: [\w.]+/g))
    .toEqual([
      '```step readings = load\nfile: several.duckdb\ntable: readings',
      '```step plant_sensors = load\nfile: several.duckdb\ntable: plant.sensors',
    ]);
  await expect
    .poll(async () => (await app.run()).cells.map(({name, rowsOut}) => [name, rowsOut]))
    .toEqual([
      ['readings', 50],
      ['plant_sensors', 1],
    ]);
  const {rows} = await app.query('SELECT * FROM readings ORDER BY id LIMIT 2');
  const total = 2n ** 127n - 1n;
  expect(rows[1]).toEqual([
    1n,
    '0.125',
    'warning',
    total - 1n,
    '2024-02-01T00:01:00.000001',
    '2024-01-31T22:01:00Z',
    {min: 1n, tags: ['a', null]},
    'x1',
    rows[0]?.[8],
  ]);
  expect(rows[0]?.[7]).toBeNull();
});

test('what was loaded of a database comes back after a reload, and leaves as a script and as a job that open the file', async () => {
  await app.reload();
  expect((await app.run()).cells.map(({status}) => status)).toEqual(
    ['ok', 'ok'].map((status) => expect.stringMatching(`${status}|cached`) as string),
  );
  expect((await app.query('SELECT count(*), sum(temperature) FROM readings')).rows).toEqual([[50n, '153.125']]);
  const script = await app.handover('sql');
  expect(script).toContain("ATTACH IF NOT EXISTS 'several.duckdb' AS several (TYPE duckdb, READ_ONLY);");
  expect(script).toContain('FROM several.plant.sensors');
  const job = await app.handover('pyspark');
  expect(job).toContain('--packages org.duckdb:duckdb_jdbc:');
  expect(job).toContain(`.option('url', 'jdbc:duckdb:' + path('several.duckdb'))`);
});

test('an SQLite file that is dropped shows its tables; rows are the writer’s by value, and those that don’t fit are kept', async () => {
  const {page} = app;
  await app.open('');
  await drop('several.sqlite');
  const dialog = page.getByRole('dialog', {name: 'Load several.sqlite'});
  await expect
    .poll(() => dialog.getByRole('group', {name: 'Tables'}).getByRole('listitem').allInnerTexts())
    .toHaveLength(6);
  const tables = (await dialog.getByRole('listitem').allInnerTexts()).map((text) => text.replace(/\s+/g, ' ').trim());
  expect(tables[4]).toBe('readings 9 columns, 40 rows');
  expect(tables[5]).toBe('warm view, 3 columns');
  expect(await seriousFaults(page)).toEqual([]);
  await dialog.getByLabel('Load empty').uncheck();
  await dialog.getByLabel('Load readings').check();
  await dialog.getByLabel('Load misfits').check();
  await expect.poll(() => dialog.getByText('6 rows can’t be read').count()).toBeGreaterThan(0);
  await dialog.getByRole('button', {name: 'Load', exact: true}).click();
  await expect
    .poll(async () => (await app.run()).cells.map(({name, rowsOut, rejected}) => [name, rowsOut, rejected]))
    .toEqual([
      ['misfits', 2, 6],
      ['readings', 40, 0],
    ]);
  const {rows} = await app.query('SELECT * FROM readings WHERE id IN (2, 4) ORDER BY id');
  expect(rows[0]?.slice(0, 6)).toEqual([2n, 'S2', 0.25, '2024-02-29T10:00:00.5', '2024-02-03', false]);
  expect(rows[1]?.slice(1)).toEqual(Array(8).fill(null));
  expect(
    (await app.query('SELECT line, column_name, raw, reason FROM misfits_rejects ORDER BY line LIMIT 1')).rows,
  ).toEqual([[2n, 'n', 'two', 'a text where an integer belongs']]);
  await app.reload();
  expect((await app.query('SELECT sum(temperature), count(DISTINCT sensor) FROM readings')).rows).toEqual([[102, 3n]]);
  const job = await app.handover('pyspark');
  expect(job).toContain('--packages org.xerial:sqlite-jdbc:');
  expect(await app.handover('sql')).toContain(
    'ATTACH IF NOT EXISTS \'several.sqlite\' AS "several.sqlite" (TYPE sqlite, READ_ONLY);',
  );
});

test('a table of a million rows is read in batches, and a view without an end stops', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lakebook-sqlite-'));
  try {
    const path = join(folder, 'large.sqlite');
    const {oo1, capi} = await sqlite3InitModule();
    const db = new oo1.DB();
    db.exec(`CREATE TABLE readings (id INTEGER PRIMARY KEY, sensor TEXT, value REAL, at TIMESTAMP);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
INSERT INTO readings SELECT i, 'S' || (i % 100), i / 4.0, datetime(1700000000 + i, 'unixepoch') FROM n;
CREATE VIEW endless AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 0`);
    await writeFile(path, capi.sqlite3_js_db_export(db));
    await app.addFileFromDisk('large.sqlite', path);
  } finally {
    await rm(folder, {recursive: true});
  }
  await app.open('```step readings = load\nfile: large.sqlite\ntable: readings\n```\n');
  const [cell] = (await app.run()).cells;
  expect(cell).toMatchObject({status: 'ok', rowsOut: 1_000_000, rejected: 0});
  console.log(`1,000,000 rows of SQLite: ${Math.round(cell?.ms ?? 0)} ms`);
  expect(
    (await app.query('SELECT sum(id)::BIGINT, sum(value), count(DISTINCT sensor), max("at") FROM readings')).rows,
  ).toEqual([[500_000_500_000n, 125_000_125_000, 100n, '2023-11-26T12:00:00']]);
  await app.open('```step endless = load\nfile: large.sqlite\ntable: endless\nschema: {i: bigint}\n```\n');
  const running = app.run();
  await expect.poll(() => app.page.getByRole('button', {name: 'Stop', exact: true}).first().isEnabled()).toBe(true);
  await app.cancel();
  expect((await running).cells[0]?.status).toBe('cancelled');
});

test('a dump of PostgreSQL that is dropped runs in a database of its own, and its tables become cells', async () => {
  const {page} = app;
  await app.open('');
  await drop('plant.sql');
  const dialog = page.getByRole('dialog', {name: 'Load plant.sql'});
  await expect
    .poll(() => dialog.getByRole('group', {name: 'Tables'}).getByRole('listitem').allInnerTexts())
    .toHaveLength(3);
  const tables = (await dialog.getByRole('listitem').allInnerTexts()).map((text) => text.replace(/\s+/g, ' ').trim());
  expect(tables).toEqual([
    'high view, 2 columns',
    'readings 7 columns, 3 rows',
    'archive.Old; readings 1 column, 1 row',
  ]);
  expect(await seriousFaults(page)).toEqual([]);
  await dialog.getByLabel('Load high').uncheck();
  await dialog.getByLabel('Load readings').check();
  await dialog.getByRole('button', {name: 'Load', exact: true}).click();
  await expect
    .poll(async () => (await app.run()).cells.map(({name, rowsOut}) => [name, rowsOut]))
    .toEqual([['readings', 3]]);
  expect((await app.query('SELECT * FROM readings ORDER BY id')).rows).toEqual([
    [1, 'S;1', '0.125', '2024-02-01T00:00:00.000001Z', 'normal', ['a', 'b c', null], '0.250'],
    [2, null, '123456789.125', '2024-01-31T23:00:00Z', 'warning', null, '246913578.250'],
    [3, 'tab\there', null, null, null, [], null],
  ]);
  // The user's own database has none of it.
  expect(await page.evaluate(() => window.lakebook.postgres.tables())).toEqual([]);
  const job = await app.handover('pyspark');
  expect(job).toContain('--packages org.postgresql:postgresql:');
  expect(job).toContain(`read_postgres(spark, 'SELECT * FROM "public"."readings"', {'value': 'decimal(12,3)'`);
  expect(await app.handover('sql')).toContain('is a dump of PostgreSQL’s, which DuckDB doesn’t read.');
});
