import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {DuckDBInstance} from '@duckdb/node-api';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {parse} from 'yaml';
import {dbtProject} from '../../../src/handover/dbt.ts';
import {handovers} from '../../../src/handover/index.ts';
import {sqlScript} from '../../../src/handover/sql-script.ts';
import {openPage} from './page.ts';

let folder: string;
let page: Awaited<ReturnType<typeof openPage>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lakebook-databases-'));
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const views = [
    'hot AS SELECT * FROM plant.main.readings WHERE t > 20',
    'cold AS SELECT * FROM plant.readings WHERE t <= 20',
  ].map((view) => `CREATE VIEW ${view}`);
  const statements = [
    'USE plant',
    'CREATE TABLE readings AS SELECT unnest([19.5, 20.5, 21.5])::DOUBLE AS t',
    'CREATE SCHEMA sales',
    'CREATE TABLE sales.orders AS SELECT 1 AS n',
    'CREATE TABLE "sales.orders" AS SELECT 2 AS n',
    ...views,
  ];
  for (const statement of [`ATTACH '${folder}/plant.duckdb' AS plant`, ...statements, 'USE memory', 'DETACH plant'])
    await connection.run(statement);
  connection.closeSync();
  page = await openPage({'plant.duckdb': await readFile(join(folder, 'plant.duckdb'))});
});
afterAll(async () => {
  page.close();
  await rm(folder, {recursive: true});
});

const load = (name: string, table: string): string =>
  `\`\`\`step ${name} = load\nfile: plant.duckdb\ntable: ${JSON.stringify(table)}\n\`\`\`\n\n`;

/** Runs a script as the command line does, in a database file of its own beside those that it reads; gives the rows of tables. */
async function runScript(script: string, output: string, tables: readonly string[]): Promise<unknown> {
  const instance = await DuckDBInstance.create(join(folder, output));
  const connection = await instance.connect();
  try {
    // ATTACH looks in the folder that the process runs in.
    await connection.run(script.replace(/^\.bail on\n/, '').replace(/^ATTACH IF NOT EXISTS '/gm, `$&${folder}/`));
    const rows = [];
    for (const table of tables) rows.push((await connection.runAndReadAll(`FROM ${table}`)).getRowsJS());
    return rows;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

test('a notebook that is called like the database it loads leaves for another one; views that name their database are read there', async () => {
  const before = await readFile(join(folder, 'plant.duckdb'));
  const {report, handover} = await page.run(
    load('warm', 'hot') + load('cool', 'cold') + load('orders', 'sales.orders'),
    'lessons/plant.md',
  );
  expect(report.map(({name, status, rowsOut, error}) => [name, status, rowsOut, error?.message])).toEqual([
    ['warm', 'ok', 2, undefined],
    ['cool', 'ok', 1, undefined],
    ['orders', 'ok', 1, undefined],
  ]);
  const command = 'duckdb tables_of_plant.duckdb < plant.sql';
  expect(handovers.find(({target}) => target === 'sql')?.command(handover)).toBe(command);
  const {text, left} = sqlScript(handover);
  expect(left).toEqual([]);
  expect(text).toContain(command);
  expect(await runScript(text, 'tables_of_plant.duckdb', ['warm', 'cool', 'orders'])).toEqual([
    [[20.5], [21.5]],
    [[19.5]],
    [[1]],
  ]);
  const {files} = dbtProject(handover);
  const textOf = (path: string): string => files.find((file) => file.path === path)?.text ?? '';
  expect(parse(textOf('profiles.yml'))).toMatchObject({
    plant: {
      outputs: {
        dev: {
          path: 'tables_of_plant.duckdb',
          attach: [{path: 'plant.duckdb', alias: 'plant', type: 'duckdb', read_only: true}],
        },
      },
    },
  });
  expect(textOf('models/warm.sql')).toContain('FROM plant.main.hot');
  expect(await readFile(join(folder, 'plant.duckdb'))).toEqual(before);
});

test('a notebook of another name keeps its own for its database', async () => {
  const {handover} = await page.run(load('warm', 'hot'), 'rooms.md');
  expect(sqlScript(handover).text).toContain('duckdb rooms.duckdb < rooms.sql');
  expect(dbtProject(handover).files.find(({path}) => path === 'profiles.yml')?.text).toContain('path: rooms.duckdb');
});

test('before it ran, a database is opened by its name too', async () => {
  const {handover} = await page.run(load('warm', 'hot'), 'rooms.md');
  expect(sqlScript({...handover, known: () => undefined}).text).toContain(
    "ATTACH IF NOT EXISTS 'plant.duckdb' AS plant (TYPE duckdb, READ_ONLY);",
  );
});

test('of two tables that are called alike but for quotes each leaves as the one that it is, before a run and after it', async () => {
  const {handover} = await page.run(load('first', 'sales.orders') + load('second', '"sales.orders"'), 'rooms.md');
  for (const known of [handover.known, () => undefined]) {
    const {text} = sqlScript({...handover, known});
    const output = `rooms${known === handover.known ? '' : '2'}.duckdb`;
    expect(await runScript(text, output, ['first', 'second'])).toEqual([[[1]], [[2]]]);
  }
});
