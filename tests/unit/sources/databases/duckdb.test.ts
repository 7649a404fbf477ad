import {mkdir, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {DuckDBInstance} from '@duckdb/node-api';
import {afterAll, beforeAll, expect, test} from 'vitest';
import type {EnginePort, Ports} from '../../../../src/ports/index.ts';
import type {OpenDatabase} from '../../../../src/sources/databases/define.ts';
import {openDuckDb} from '../../../../src/sources/databases/duckdb.ts';
import {tableOf} from '../../../../src/sources/databases/read.ts';
import {sql, type Sql} from '../../../../src/sql/sql.ts';
import {engineAlone, nativeEngine} from '../../notebook/native-engine.ts';

let folder: string;
let ports: Ports;
let made = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lakebook-duckdb-'));
  ports = await portsWithFiles();
});
afterAll(() => rm(folder, {recursive: true}));

/** The native engine with files: what it is asked to attach lies in the test's folder. */
async function portsWithFiles(): Promise<Ports> {
  const {engine} = await nativeEngine();
  const registered = join(folder, 'registered');
  const withFiles: EnginePort = {
    ...engine,
    // The cast: still the same statement, with the place of its file.
    execute: (statements, call) =>
      engine.execute(
        statements.map((statement) => statement.replace(/^ATTACH '/, `ATTACH '${registered}/`) as Sql),
        call,
      ),
    async registerFile(name, file) {
      await mkdir(dirname(join(registered, name)), {recursive: true});
      await writeFile(join(registered, name), await file.bytes());
    },
    dropFile: (name) => rm(join(registered, name)),
  };
  const alone = engineAlone(withFiles);
  const unpackedFile = async (name: string): Promise<File> => new File([await readFile(join(folder, name))], name);
  return {...alone, storage: {...alone.storage, unpackedFile}};
}

/** A file that DuckDB wrote with these statements, while it had the database attached by a name. */
async function database(file: string, name: string, ...statements: readonly string[]): Promise<string> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  for (const statement of [
    `ATTACH '${join(folder, file)}' AS ${name}`,
    `USE ${name}`,
    ...statements,
    'USE memory',
    `DETACH ${name}`,
  ])
    await connection.run(statement);
  connection.closeSync();
  instance.closeSync();
  return file;
}

const call = {onProgress: () => undefined, signal: undefined};
const open = (file: string): Promise<OpenDatabase> => openDuckDb(ports, file, call);

/** The rows of a table, read as a load reads them. */
async function rowsOf(source: OpenDatabase, name: string): Promise<unknown> {
  const target = `rows_${++made}`;
  await source.read(tableOf('it', source.tables, name), {
    ...call,
    table: target,
    rejects: `${target}_rejects`,
    types: {},
  });
  return (await ports.engine.rows(sql`FROM ${target as Sql}`)).rows;
}

const attached = async (): Promise<unknown> =>
  (
    await ports.engine.rows(sql`SELECT database_name FROM duckdb_databases() WHERE NOT internal ORDER BY 1`)
  ).rows.flat();

const plant = [
  'CREATE TABLE readings AS SELECT 20.5::DOUBLE AS t',
  'CREATE VIEW hot AS SELECT * FROM plant.main.readings',
  'CREATE VIEW warm AS SELECT * FROM plant.readings',
];

test('a view that names its own database by its file’s name is read, and nothing stays attached', async () => {
  const source = await open(await database('plant.duckdb', 'plant', ...plant));
  expect(source.tables.map(({name, rows}) => [name, rows])).toEqual([
    ['hot', undefined],
    ['readings', 1],
    ['warm', undefined],
  ]);
  for (const name of ['hot', 'readings', 'warm']) expect(await rowsOf(source, name)).toEqual([[20.5]]);
  await source.close();
  expect(await attached()).toEqual(['memory']);
});

test('a file that is open twice is read both times, and the first one’s end takes nothing from the second', async () => {
  const [first, second] = [await open('plant.duckdb'), await open('plant.duckdb')];
  expect(await rowsOf(first, 'hot')).toEqual([[20.5]]);
  expect(await rowsOf(second, 'readings')).toEqual([[20.5]]);
  await first.close();
  expect(await rowsOf(second, 'readings')).toEqual([[20.5]]);
  await second.close();
  expect(await attached()).toEqual(['memory']);
});

test('a schema of the file’s own name leaves its views unambiguous', async () => {
  // While it is called site, DuckDB itself would refuse the view.
  const file = await database(
    'site.duckdb',
    'x',
    'CREATE SCHEMA site',
    'CREATE TABLE site.t AS SELECT 7 AS n',
    'CREATE VIEW v AS SELECT * FROM site.t',
  );
  const source = await open(file);
  expect(await rowsOf(source, 'v')).toEqual([[7]]);
  await source.close();
});

test('two files are open at once, where one has a schema that is called like the other', async () => {
  await database(
    'b.duckdb',
    'b',
    'CREATE SCHEMA plant',
    'CREATE TABLE plant.sensors AS SELECT 2 AS n',
    'CREATE VIEW v AS SELECT * FROM plant.sensors',
  );
  for (const files of [
    ['plant.duckdb', 'b.duckdb'],
    ['b.duckdb', 'plant.duckdb'],
  ]) {
    const sources = new Map<string, OpenDatabase>();
    for (const file of files) sources.set(file, await open(file));
    const [b, a] = [sources.get('b.duckdb'), sources.get('plant.duckdb')];
    if (a === undefined || b === undefined) throw new Error('both');
    expect(await rowsOf(b, 'v')).toEqual([[2]]);
    expect(await rowsOf(a, 'readings')).toEqual([[20.5]]);
    await a.close();
    await b.close();
  }
  expect(await attached()).toEqual(['memory']);
});

test('files are read whatever they are called', async () => {
  for (const file of [
    'main.duckdb',
    'memory.duckdb',
    'system.duckdb',
    'temp.duckdb',
    'attached_9.duckdb',
    'Ünï "x".v2.duckdb',
    'pg_catalog.duckdb',
  ]) {
    await database(file, 'x', 'CREATE TABLE t AS SELECT 1 AS n');
    const source = await open(file);
    expect([file, await rowsOf(source, 't')]).toEqual([file, [[1]]]);
    await source.close();
  }
});

test('a name with a dot is quoted, so that of two tables that would be listed alike each can be chosen', async () => {
  const file = await database(
    'dots.duckdb',
    'x',
    'CREATE TABLE "sales.orders" AS SELECT 1 AS n',
    'CREATE SCHEMA sales',
    'CREATE TABLE sales.orders AS SELECT 2 AS n',
    'CREATE TABLE sales."a.b" AS SELECT 3 AS n',
    `CREATE TABLE """c""" AS SELECT 4 AS n`,
    'CREATE TABLE "e.f" AS SELECT 5 AS n',
  );
  const source = await open(file);
  expect(source.tables.map(({name}) => name)).toEqual([
    '"""c"""',
    '"e.f"',
    '"sales.orders"',
    'sales."a.b"',
    'sales.orders',
  ]);
  expect(await rowsOf(source, '"sales.orders"')).toEqual([[1]]);
  expect(await rowsOf(source, 'sales.orders')).toEqual([[2]]);
  expect(await rowsOf(source, 'sales."a.b"')).toEqual([[3]]);
  expect(await rowsOf(source, '"""c"""')).toEqual([[4]]);
  // As a notebook may have it from before names were quoted, or with the first schema.
  for (const name of ['e.f', 'main.e.f', '"E.F"']) expect([name, await rowsOf(source, name)]).toEqual([name, [[5]]]);
  expect(() => tableOf(file, source.tables, 'orders')).toThrow('has no table orders');
  await source.close();
});
