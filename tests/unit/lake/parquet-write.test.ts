import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {DuckDBInstance, type DuckDBConnection} from '@duckdb/node-api';
import {parquetMetadata} from 'hyparquet';
import * as parquet from 'parquet-wasm/node';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import type {DeltaType, StructField} from '../../../src/lake/schema.ts';
import {LakeFileWriter} from '../../../workers/lake/parquet-write.ts';
import {streamLakeFile} from '../../../workers/lake/parquet-read.ts';
import {openDuckDb} from '../storage/duckdb-wasm.ts';
import {problemOf} from '../storage/suite.ts';
import {array, column, map, mapped, memorySink, struct} from './parquet-files.ts';

let native: DuckDBConnection;
let folder: string;
beforeAll(async () => {
  native = await (await DuckDBInstance.create()).connect();
  await native.run("SET TimeZone = 'UTC'");
  folder = await mkdtemp(join(tmpdir(), 'lakebook-lake-'));
});
afterAll(() => rm(folder, {recursive: true}));

/** Writes the rows of queries as a data file of these columns. */
async function write(columns: readonly StructField[], ...queries: string[]) {
  const duckdb = openDuckDb();
  const writer = new LakeFileWriter(parquet, memorySink(), columns);
  for (const query of queries) await writer.write(duckdb.query(query));
  const {file, rows} = await writer.close();
  const bytes = await file.arrayBuffer();
  const path = join(folder, `${crypto.randomUUID()}.parquet`);
  await writeFile(path, new Uint8Array(bytes));
  const {schema} = parquetMetadata(bytes, {geoparquet: false});
  return {file, rows, path, schema: schema.slice(1)};
}

/** The same rows as native DuckDB has them, and as it reads them back; as texts. */
async function texts(sql: string): Promise<unknown[]> {
  return (await native.runAndReadAll(`SELECT COLUMNS(*)::VARCHAR FROM (${sql})`)).getRowObjects();
}

/** A Delta type, its values as DuckDB's SQL, and what is special about how Parquet has it. */
const types: readonly (readonly [type: DeltaType, values: readonly string[], parquet: object])[] = [
  [
    'string',
    ["''", "'héé 🙂'", "'a' || chr(0) || 'b'", "repeat('x', 70000)"],
    {type: 'BYTE_ARRAY', converted_type: 'UTF8'},
  ],
  ['long', ['(-9223372036854775808)::BIGINT', '9223372036854775807', '0'], {type: 'INT64'}],
  ['integer', ['(-2147483648)::INTEGER', '2147483647'], {type: 'INT32'}],
  ['short', ['(-32768)::SMALLINT', '32767'], {type: 'INT32', converted_type: 'INT_16'}],
  ['byte', ['(-128)::TINYINT', '127'], {type: 'INT32', converted_type: 'INT_8'}],
  ['float', ["'nan'::FLOAT", "'inf'", "'-inf'", "'-0'", "'3.4028235e38'", "'1.4e-45'"], {type: 'FLOAT'}],
  [
    'double',
    ["'nan'::DOUBLE", "'inf'", "'-inf'", "'-0'", "'1.7976931348623157e308'", "'5e-324'", '0.1::DOUBLE'],
    {type: 'DOUBLE'},
  ],
  ['boolean', ['true', 'false'], {type: 'BOOLEAN'}],
  ['binary', ["'\\x00\\xFF'::BLOB", "''::BLOB"], {type: 'BYTE_ARRAY'}],
  [
    'date',
    ["DATE '0001-01-01'", "DATE '9999-12-31'", "DATE '1582-10-10'", "DATE '1969-12-31'"],
    {type: 'INT32', converted_type: 'DATE'},
  ],
  [
    'timestamp',
    [
      "TIMESTAMP '0001-01-01 00:00:00'",
      "TIMESTAMP '9999-12-31 23:59:59.999999'",
      "TIMESTAMP '1969-12-31 23:59:59.999999'",
    ],
    {type: 'INT64', logical_type: {type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS'}},
  ],
  [
    'timestamp_ntz',
    ["TIMESTAMP '0001-01-01 00:00:00'", "TIMESTAMP '9999-12-31 23:59:59.999999'"],
    {type: 'INT64', logical_type: {type: 'TIMESTAMP', isAdjustedToUTC: false, unit: 'MICROS'}},
  ],
  ['decimal(4,1)', ['(-999.9)::DECIMAL(4,1)', '999.9'], {type: 'INT32', precision: 4, scale: 1}],
  [
    'decimal(18,2)',
    ['(-9999999999999999.99)::DECIMAL(18,2)', '9999999999999999.99'],
    {type: 'INT64', precision: 18, scale: 2},
  ],
  [
    'decimal(38,0)',
    ['(-99999999999999999999999999999999999999)::DECIMAL(38,0)', '99999999999999999999999999999999999999'],
    {type: 'FIXED_LEN_BYTE_ARRAY', precision: 38, scale: 0},
  ],
  [
    'decimal(38,38)',
    ["'0.99999999999999999999999999999999999999'::DECIMAL(38,38)"],
    {type: 'FIXED_LEN_BYTE_ARRAY', precision: 38, scale: 38},
  ],
];

describe('every type, with nulls, to its extremes', () => {
  test.each(types)('%s', async (type, values, stored) => {
    const query = `SELECT unnest([${[...values, 'NULL'].join(', ')}]) AS v`;
    const {path, schema, rows, file} = await write([column('v', type)], query);
    expect(rows).toBe(values.length + 1);
    expect(schema).toMatchObject([{name: 'v', repetition_type: 'OPTIONAL', ...stored}]);
    const expected = await texts(query);
    const zoned =
      type === 'timestamp'
        ? expected.map((row) => ({v: (row as {v: string | null}).v === null ? null : `${(row as {v: string}).v}+00`}))
        : expected;
    expect(await texts(`FROM '${path}'`)).toEqual(zoned);
    const duckdb = openDuckDb();
    await streamLakeFile(
      parquet,
      file,
      {mapping: 'none', schema: struct(column('v', type))},
      async (ipc) => duckdb.insert('t', ipc),
      () => undefined,
    );
    expect(duckdb.rows('t')).toEqual(expected);
  });

  const nested: readonly (readonly [name: string, type: DeltaType, value: string])[] = [
    ['array', array('long'), '[1::BIGINT, NULL, 3]'],
    ['empty array', array('string'), '[]::VARCHAR[]'],
    ['array of arrays', array(array('integer')), '[[1], [], NULL, [NULL]]'],
    ['struct', struct(column('a', 'long'), column('b', 'string')), '{a: 1::BIGINT, b: NULL::VARCHAR}'],
    ['struct of nulls', struct(column('a', 'long'), column('t', 'timestamp')), '{a: NULL::BIGINT, t: NULL::TIMESTAMP}'],
    ['map', map('string', 'double'), "MAP {'a': 1.5::DOUBLE, 'b': NULL, '': 'nan'}"],
    ['empty map', map('string', 'double'), 'MAP {}::MAP(VARCHAR, DOUBLE)'],
    [
      'all of them',
      array(struct(column('m', map('integer', array('timestamp'))), column('d', 'decimal(10,2)'))),
      "[{m: MAP {1: [TIMESTAMP '2024-01-01 00:00:00.5', NULL]}, d: 1.25::DECIMAL(10,2)}, NULL, {m: NULL, d: NULL}]",
    ],
  ];
  test.each(nested)('%s', async (_, type, value) => {
    const query = `SELECT CASE WHEN i % 3 < 2 THEN ${value} END AS v, i::BIGINT AS i FROM range(7) t(i)`;
    const columns = [column('v', type), column('i', 'long')];
    const {path, file} = await write(columns, query);
    const expected = await texts(query);
    const plain = (rows: unknown[]): unknown => JSON.parse(JSON.stringify(rows).replace(/(:\d\d(\.\d+)?)\+00/g, '$1'));
    expect(plain(await texts(`FROM '${path}'`))).toEqual(expected);
    const duckdb = openDuckDb();
    await streamLakeFile(
      parquet,
      file,
      {mapping: 'none', schema: struct(...columns)},
      async (ipc) => duckdb.insert('t', ipc),
      () => undefined,
    );
    expect(duckdb.rows('t')).toEqual(expected);
  });
});

describe('the file’s schema is the table’s', () => {
  test('physical names, field ids and REQUIRED, nested ones too', async () => {
    const {schema, file} = await write(
      [
        column('a b', 'long', {nullable: false, ...mapped(1, 'col-1')}),
        column('s', struct(column('x=y', 'string', mapped(3, 'col-3'))), mapped(2, 'col-2')),
        column('l', array('integer', false), mapped(4, 'col-4')),
        column('m', map('string', 'integer'), mapped(5, 'col-5')),
      ],
      'SELECT 1::BIGINT AS "a b", {"x=y": \'t\'} AS s, [1] AS l, MAP {\'k\': 1} AS m',
    );
    expect(schema.map(({name, field_id, repetition_type}) => [name, field_id, repetition_type])).toEqual([
      ['col-1', 1, 'REQUIRED'],
      ['col-2', 2, 'OPTIONAL'],
      ['col-3', 3, 'OPTIONAL'],
      ['col-4', 4, 'OPTIONAL'],
      ['list', undefined, 'REPEATED'],
      ['element', undefined, 'REQUIRED'],
      ['col-5', 5, 'OPTIONAL'],
      ['key_value', undefined, 'REPEATED'],
      ['key', undefined, 'REQUIRED'],
      ['value', undefined, 'OPTIONAL'],
    ]);
    expect(file.size).toBeGreaterThan(0);
  });

  test('compressed with Snappy, row groups of DuckDB’s size, written batch by batch', async () => {
    const {file, rows} = await write(
      [column('i', 'long')],
      ...[0, 1, 2].map((part) => `SELECT ${part * 100_000} + i AS i FROM range(100000) t(i)`),
    );
    const {row_groups, created_by} = parquetMetadata(await file.arrayBuffer());
    expect(rows).toBe(300_000);
    expect(row_groups.map(({num_rows}) => Number(num_rows))).toEqual([122_880, 122_880, 54_240]);
    expect(row_groups[0]?.columns[0]?.meta_data?.codec).toBe('SNAPPY');
    expect(created_by).toBe('Lakebook');
  });

  test('no rows at all: the schema is still there', async () => {
    const {path, rows} = await write([column('a', 'timestamp'), column('b', array('string'))]);
    expect(rows).toBe(0);
    expect(await texts(`SELECT column_name, column_type FROM (DESCRIBE FROM '${path}')`)).toEqual([
      {column_name: 'a', column_type: 'TIMESTAMP WITH TIME ZONE'},
      {column_name: 'b', column_type: 'VARCHAR[]'},
    ]);
  });
});

describe('what must not be written', () => {
  test('a null where the column is NOT NULL', async () => {
    const problem = await problemOf(() =>
      write([column('a', 'long', {nullable: false})], 'SELECT NULL::BIGINT AS a UNION ALL SELECT 1'),
    );
    expect(problem).toMatchObject({code: 'DELTA_NOT_NULL_CONSTRAINT_VIOLATED', where: {column: 'a'}});
  });

  test('rows of other types than announced', async () => {
    expect(await problemOf(() => write([column('a', 'long')], 'SELECT 1::INTEGER AS a'))).toMatchObject({
      code: 'INTERNAL',
    });
    expect(await problemOf(() => write([column('a', 'long')], 'SELECT 1::BIGINT AS a, 2 AS b'))).toMatchObject({
      code: 'INTERNAL',
    });
  });

  test('a type that Delta has and this writer hasn’t', async () => {
    expect(await problemOf(() => write([column('a', 'variant')], 'SELECT 1 AS a'))).toMatchObject({
      code: 'TYPE_UNSUPPORTED',
      where: {column: 'a'},
    });
  });

  test('a file that isn’t on disk as written', async () => {
    const sink = memorySink();
    const writer = new LakeFileWriter(
      parquet,
      {...sink, close: async () => new File([(await sink.close()).slice(0, 100)], 'part.parquet')},
      [column('a', 'integer')],
    );
    await writer.write(openDuckDb().query('SELECT 1 AS a'));
    expect(await problemOf(() => writer.close())).toMatchObject({
      code: 'FILE_INCOMPLETE',
      where: {file: 'part.parquet'},
    });
  });
});
