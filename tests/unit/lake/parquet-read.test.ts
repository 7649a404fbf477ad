import {readdirSync, readFileSync} from 'node:fs';
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {basename, join} from 'node:path';
import {DuckDBInstance, type DuckDBConnection} from '@duckdb/node-api';
import {tableFromIPC} from 'apache-arrow';
import * as parquet from 'parquet-wasm/node';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import type {StructType} from '../../../src/lake/schema.ts';
import {readParquetRows, streamLakeFile} from '../../../workers/lake/parquet-read.ts';
import {realData} from '../../tools/real-data.ts';
import {openDuckDb} from '../storage/duckdb-wasm.ts';
import {problemOf} from '../storage/suite.ts';
import {array, column, map, mapped, struct} from './parquet-files.ts';

let native: DuckDBConnection;
let folder: string;
beforeAll(async () => {
  native = await (await DuckDBInstance.create()).connect();
  await native.run("SET TimeZone = 'UTC'");
  folder = await mkdtemp(join(tmpdir(), 'lakebook-lake-'));
});
afterAll(() => rm(folder, {recursive: true}));

/** A Parquet file as native DuckDB writes it. */
async function nativeFile(query: string, options = 'COMPRESSION snappy'): Promise<File> {
  const path = join(folder, 'native.parquet');
  await native.run(`COPY (${query}) TO '${path}' (FORMAT parquet, ${options})`);
  return new File([await readFile(path)], 'part-00000.parquet');
}

/** What the page's DuckDB gets of a data file. */
async function read(
  file: File,
  schema: StructType,
  mapping: 'none' | 'name' | 'id' = 'none',
  duckdb = openDuckDb(),
  table = 't',
) {
  let batches = 0;
  await streamLakeFile(
    parquet,
    file,
    {mapping, schema},
    async (ipc) => {
      batches++;
      duckdb.insert(table, ipc);
    },
    () => undefined,
  );
  return {types: duckdb.types(table), rows: duckdb.rows(table), batches};
}

describe('columns are found', () => {
  test('by name: those of the table alone, also nested, whatever their case', async () => {
    const file = await nativeFile(
      "SELECT 1::BIGINT AS Id, 'x' AS gone, {A: 2, gone: 3, b: 'y'} AS s, [{c: 1, gone: 2}] AS l, MAP {'k': {d: 5, gone: 6}} AS m",
    );
    const schema = struct(
      column('new', 'string'),
      column('l', array(struct(column('c', 'integer')))),
      column('m', map('string', struct(column('d', 'integer')))),
      column('s', struct(column('b', 'string'), column('a', 'integer'), column('new', 'long'))),
      column('id', 'long'),
    );
    expect(await read(file, schema)).toEqual({
      types: {
        id: 'BIGINT',
        s: 'STRUCT(a INTEGER, b VARCHAR)',
        l: 'STRUCT(c INTEGER)[]',
        m: 'MAP(VARCHAR, STRUCT(d INTEGER))',
      },
      rows: [{id: '1', s: "{'a': 2, 'b': y}", l: "[{'c': 1}]", m: "{k={'d': 5}}"}],
      batches: 1,
    });
  });

  test('by physical name', async () => {
    const file = await nativeFile('SELECT 1 AS "col-1", {"col-3": \'x\'} AS "col-2", 2 AS name');
    const schema = struct(
      column('name', 'integer', mapped(1, 'col-1')),
      column('s', struct(column('t', 'string', mapped(3, 'col-3'))), mapped(2, 'col-2')),
    );
    expect(await read(file, schema, 'name')).toMatchObject({
      types: {'col-1': 'INTEGER', 'col-2': 'STRUCT("col-3" VARCHAR)'},
      rows: [{'col-1': '1'}],
    });
  });

  test('by field id, also nested, whatever the names', async () => {
    const file = await nativeFile(
      'SELECT 1 AS a, 2 AS b, {x: 3, y: 4} AS s',
      'FIELD_IDS {a: 2, b: 1, s: {__duckdb_field_id: 5, x: 7, y: 6}}',
    );
    const schema = struct(
      column('a', 'integer', mapped(1, 'a')),
      column('b', 'integer', mapped(2, 'b')),
      column(
        's',
        struct(column('x', 'integer', mapped(6, 'col-6')), column('z', 'integer', mapped(9, 'col-9'))),
        mapped(5, 'col-5'),
      ),
    );
    expect(await read(file, schema, 'id')).toMatchObject({
      types: {b: 'INTEGER', a: 'INTEGER', 'col-5': 'STRUCT("col-6" INTEGER)'},
      rows: [{a: '2', b: '1', 'col-5': "{'col-6': 4}"}],
    });
  });

  test('a name with a dot is one name', async () => {
    const file = await nativeFile('SELECT 1 AS "a.b", {b: 2, c: 3} AS a, 4 AS z');
    expect(await read(file, struct(column('a.b', 'integer'), column('z', 'integer')))).toMatchObject({
      types: {'a.b': 'INTEGER', z: 'INTEGER'},
      rows: [{'a.b': '1', z: '4'}],
    });
    expect(await read(file, struct(column('a', struct(column('b', 'integer')))))).toMatchObject({
      types: {a: 'STRUCT(b INTEGER)'},
      rows: [{a: "{'b': 2}"}],
    });
  });

  test('none of them: its rows are still counted', async () => {
    const file = await nativeFile('SELECT i AS gone, {x: i} AS s FROM range(5) t(i)');
    const found = await read(file, struct(column('_row', 'integer'), column('new', 'integer')));
    expect(Object.keys(found.types)).toEqual(['__row']);
    expect(found.rows).toHaveLength(5);
    const nested = await read(file, struct(column('s', struct(column('new', 'integer')))));
    expect(nested).toMatchObject({types: {s: 'STRUCT(_row BIGINT)'}});
  });

  test('a file of no rows has its columns', async () => {
    const file = await nativeFile("SELECT 1 AS a, TIMESTAMPTZ '2024-01-01 00:00:00+00' AS t, 2 AS gone WHERE false");
    expect(await read(file, struct(column('t', 'timestamp'), column('a', 'integer')))).toEqual({
      types: {a: 'INTEGER', t: 'TIMESTAMP'},
      rows: [],
      batches: 1,
    });
  });
});

test('text that its writer didn’t mark as text is text where the table says so', async () => {
  const file = await nativeFile("SELECT encode('héé') AS s, 'x' AS b");
  expect(await read(file, struct(column('s', 'string'), column('b', 'binary')))).toMatchObject({
    types: {s: 'VARCHAR', b: 'BLOB'},
    rows: [{s: 'héé', b: 'x'}],
  });
});

test('a row group of any size is read in order, a part at a time', {timeout: 60_000}, async () => {
  const file = await nativeFile(
    'SELECT i, hash(i)::DOUBLE AS h FROM range(3000000) t(i)',
    'COMPRESSION uncompressed, ROW_GROUP_SIZE 3000000',
  );
  let next = 0n;
  await streamLakeFile(
    parquet,
    file,
    {mapping: 'none', schema: struct(column('i', 'long'))},
    async (ipc) => {
      // The cast: a BIGINT column.
      for (const value of tableFromIPC(ipc).getChild('i')?.toArray() as BigInt64Array) if (value === next) next++;
    },
    () => undefined,
  );
  expect(next).toBe(3_000_000n);
});

test('reading stops when asked to', async () => {
  const file = await nativeFile('SELECT i FROM range(500000) t(i)');
  let batches = 0;
  const stopped = streamLakeFile(
    parquet,
    file,
    {mapping: 'none', schema: struct(column('i', 'long'))},
    async () => void batches++,
    () => {
      if (batches === 2) throw new Error('enough');
    },
  );
  await expect(stopped).rejects.toThrow('enough');
});

test('a damaged file is told by name', async () => {
  const file = await nativeFile('SELECT 1 AS a');
  expect(
    await problemOf(() => read(new File([file.slice(0, 50)], 'part-7.parquet'), struct(column('a', 'integer')))),
  ).toMatchObject({
    code: 'PARQUET_DAMAGED',
    where: {file: 'part-7.parquet'},
  });
  expect(await problemOf(() => readParquetRows(new File(['x'], 'checkpoint.parquet')))).toMatchObject({
    code: 'PARQUET_DAMAGED',
    where: {file: 'checkpoint.parquet'},
  });
});

describe('rows of a checkpoint', () => {
  test.each(['uncompressed', 'snappy', 'zstd', 'gzip', 'lz4_raw'])(
    'as plain values, compressed with %s',
    async (compression) => {
      const query = `SELECT unnest([
      {path: 'a%20b', partitionValues: MAP {'day': '2024-01-01', 'x': NULL}, size: 7::BIGINT, tags: MAP {}::MAP(VARCHAR, VARCHAR), deletionVector: {"offset": 1}},
      {path: 'c', partitionValues: MAP {}::MAP(VARCHAR, VARCHAR), size: 9007199254740993, tags: NULL, deletionVector: NULL},
      NULL]) AS add, {d: DATE '1969-12-31', t: TIMESTAMP '1969-12-31 23:59:59.999999'} AS stats, ['deletionVectors'] AS features`;
      const stats = {d: '1969-12-31', t: '1969-12-31T23:59:59.999Z'};
      expect(await readParquetRows(await nativeFile(query, `COMPRESSION ${compression}`))).toEqual([
        {
          add: {
            path: 'a%20b',
            partitionValues: {day: '2024-01-01', x: null},
            size: 7,
            tags: {},
            deletionVector: {offset: 1},
          },
          stats,
          features: ['deletionVectors'],
        },
        {
          add: {path: 'c', partitionValues: {}, size: 9007199254740993n, tags: null, deletionVector: null},
          stats,
          features: ['deletionVectors'],
        },
        {add: null, stats, features: ['deletionVectors']},
      ]);
    },
  );
});

describe('what others wrote', () => {
  const {path: golden, missing} = realData('delta-golden');
  const inGolden = (part: (name: string) => boolean): string[] =>
    missing
      ? []
      : readdirSync(golden, {recursive: true, encoding: 'utf8'}).filter(
          (name) => name.endsWith('.parquet') && part(name),
        );
  const open = (name: string): File => new File([readFileSync(join(golden, name))], basename(name));

  test.skipIf(missing)('every data file of the Delta golden tables, without loss', {timeout: 300_000}, async () => {
    const files = inGolden((name) => !name.includes('_delta_log'));
    expect(files.length).toBeGreaterThan(300);
    const duckdb = openDuckDb();
    for (const name of files) {
      const from = `read_parquet('${join(golden, name)}', hive_partitioning = false)`;
      // The cast: every column was cast to text.
      const expected = (
        await native.runAndReadAll(`SELECT COLUMNS(*)::VARCHAR FROM ${from}`)
      ).getRowObjects() as Record<string, string | null>[];
      const described = (
        await native.runAndReadAll(`SELECT column_name, column_type FROM (DESCRIBE FROM ${from})`)
      ).getRows();
      // Nothing but names is asked of this schema: types come from the file.
      const found = await read(
        open(name),
        struct(
          ...described.map(([column_name, type]) => column(String(column_name), type === 'BLOB' ? 'binary' : 'any')),
        ),
        'none',
        duckdb,
        name,
      );
      const inUtc = (text: string | null): string | null =>
        text?.replace(/(\d\d:\d\d:\d\d(\.\d+)?)\+00/g, '$1') ?? null;
      expect(found.rows, name).toEqual(
        expected.map((row) => Object.fromEntries(Object.entries(row).map(([key, text]) => [key, inUtc(text)]))),
      );
    }
  });

  test.skipIf(missing)('every checkpoint of the Delta golden tables', async () => {
    const checkpoints = inGolden((name) => name.includes('_delta_log'));
    expect(checkpoints.length).toBeGreaterThan(10);
    for (const name of checkpoints) {
      const rows = await readParquetRows(open(name));
      const adds = rows.flatMap(({add}) => (add === null || add === undefined ? [] : [add]));
      expect(rows.length, name).toBeGreaterThan(0);
      for (const add of adds)
        expect(add, name).toMatchObject({
          path: expect.any(String) as string,
          partitionValues: expect.any(Object) as object,
          size: expect.any(Number) as number,
        });
    }
  });
});
