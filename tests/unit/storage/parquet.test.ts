import {realData} from '../../tools/real-data.ts';
import {readdirSync, readFileSync} from 'node:fs';
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {DuckDBInstance, type DuckDBConnection} from '@duckdb/node-api';
import {
  Bool,
  Field,
  Int32,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Table,
  tableFromArrays,
  tableToIPC,
  TimestampSecond,
  vectorFromArray,
} from 'apache-arrow';
import {parquetMetadata, parquetReadObjects} from 'hyparquet';
import {compressors} from 'hyparquet-compressors';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import type {ParquetCompression} from '../../../src/ports/index.ts';
import {openDuckDb} from './duckdb-wasm.ts';
import {memoryStorage} from './memory-storage.ts';
import {problemOf} from './suite.ts';

let native: DuckDBConnection;
let folder: string;
beforeAll(async () => {
  native = await (await DuckDBInstance.create()).connect();
  await native.run("SET TimeZone = 'UTC'");
  folder = await mkdtemp(join(tmpdir(), 'lakebook-parquet-'));
});
afterAll(() => rm(folder, {recursive: true}));

/** The columns and rows that the page's DuckDB gets from a Parquet file. */
async function read(content: Uint8Array<ArrayBuffer>) {
  const storage = memoryStorage();
  await storage.addFile('a.parquet', new Blob([content]));
  const duckdb = openDuckDb();
  let batches = 0;
  await storage.readArrow('a.parquet', {}, async (ipc) => {
    batches++;
    duckdb.insert('t', ipc);
  });
  return {types: duckdb.types('t'), rows: duckdb.rows('t'), batches};
}

async function readNative(
  path: string,
): Promise<{types: Record<string, string>; rows: Record<string, string | null>[]}> {
  const from = `read_parquet('${path}', hive_partitioning = false)`;
  const described = (
    await native.runAndReadAll(`SELECT column_name, column_type FROM (DESCRIBE FROM ${from})`)
  ).getRows();
  // The cast: every column was cast to text.
  const rows = (await native.runAndReadAll(`SELECT COLUMNS(*)::VARCHAR FROM ${from}`)).getRowObjects() as Record<
    string,
    string | null
  >[];
  return {types: Object.fromEntries(described.map(([name, type]) => [String(name), String(type)])), rows};
}

/** A Parquet file as native DuckDB writes it. */
async function nativeParquet(query: string, options: string): Promise<string> {
  const path = join(folder, 'native.parquet');
  await native.run(`COPY (${query}) TO '${path}' (FORMAT parquet, ${options})`);
  return path;
}

/** What native DuckDB writes, and what the page makes of it where that differs. */
const types: readonly (readonly [value: string, type?: string, text?: string])[] = [
  ['true'],
  ['(-128)::TINYINT'],
  ['(-32768)::SMALLINT'],
  ['(-2147483648)::INTEGER'],
  ['(-9223372036854775808)::BIGINT'],
  ['255::UTINYINT'],
  ['65535::USMALLINT'],
  ['4294967295::UINTEGER'],
  ['18446744073709551615::UBIGINT'],
  ['1.5::FLOAT'],
  ["'nan'::DOUBLE"],
  ["'-inf'::DOUBLE"],
  ['1.2::DECIMAL(4,1)'],
  ['-12345678.90::DECIMAL(10,2)'],
  ['-1234567890123456.78::DECIMAL(18,2)'],
  ['-12345678901234567890123456789.123456789::DECIMAL(38,9)'],
  ["'héé 🙂'"],
  ["'\\xAA\\x00'::BLOB"],
  ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::UUID"],
  ["DATE '0001-02-03'"],
  ["TIME '12:34:56.123456'"],
  ["TIMESTAMP '1969-12-31 23:59:59.999999'"],
  ["TIMESTAMP '9999-12-31 00:00:00'"],
  ["'2024-01-01 00:00:01'::TIMESTAMP_S"],
  ["'2024-01-01 00:00:01.123'::TIMESTAMP_MS"],
  ["'2024-01-01 00:00:01.123456789'::TIMESTAMP_NS", 'TIMESTAMP', '2024-01-01 00:00:01.123456'],
  ["'2024-01-01 00:00:01.5+00'::TIMESTAMPTZ", 'TIMESTAMP', '2024-01-01 00:00:01.5'],
  ['[1, NULL, 3]'],
  ['[[1], [], NULL]'],
  ["{a: 1, b: 'x', c: {d: [1.5]}}"],
  ["MAP {'a': 1, 'b': NULL}"],
  [
    "[{day: '2024-01-01 00:00:01.5+00'::TIMESTAMPTZ}]",
    'STRUCT("day" TIMESTAMP)[]',
    "[{'day': '2024-01-01 00:00:01.5'}]",
  ],
  ["'a'::ENUM('a', 'b')"],
  ['NULL::INTEGER'],
];

describe('what DuckDB writes is read', () => {
  test.each(types)('%s', async (value, type, text) => {
    const path = await nativeParquet(
      `SELECT CASE WHEN i % 3 < 2 THEN ${value} END AS v, i FROM range(5) t(i)`,
      'COMPRESSION snappy',
    );
    const expected = await readNative(path);
    const found = await read(new Uint8Array(await readFile(path)));
    expect(found.types['v']).toBe(type ?? expected.types['v']);
    expect(found.rows).toEqual(
      expected.rows.map((row) => (text === undefined || row['v'] === null ? row : {...row, v: text})),
    );
  });

  test.each(['uncompressed', 'snappy', 'gzip', 'zstd', 'brotli', 'lz4', 'lz4_raw'])(
    'compressed with %s, in many row groups',
    async (compression) => {
      const path = await nativeParquet(
        "SELECT i, i / 7 AS d, 'sensor ' || i % 13 AS s FROM range(60000) t(i)",
        `COMPRESSION ${compression}, ROW_GROUP_SIZE 4096`,
      );
      const found = await read(new Uint8Array(await readFile(path)));
      expect(found.rows).toEqual((await readNative(path)).rows);
      // Small row groups are put together.
      expect(found.batches).toBeLessThan(4);
    },
  );

  test('no rows at all, but columns', async () => {
    const path = await nativeParquet(
      "SELECT 1 AS a, '2024-01-01 00:00:00+00'::TIMESTAMPTZ AS at WHERE false",
      'COMPRESSION zstd',
    );
    expect(await read(new Uint8Array(await readFile(path)))).toEqual({
      types: {a: 'INTEGER', at: 'TIMESTAMP'},
      rows: [],
      batches: 1,
    });
  });

  test('intervals are refused by name, as their months would be lost', async () => {
    const storage = memoryStorage();
    await storage.addFile(
      'a.parquet',
      new Blob([await readFile(await nativeParquet('SELECT INTERVAL 1 month AS elapsed', 'COMPRESSION zstd'))]),
    );
    expect(await problemOf(() => storage.readArrow('a.parquet', {}, async () => undefined))).toMatchObject({
      code: 'TYPE_UNSUPPORTED',
      message: expect.stringContaining('elapsed') as string,
    });
  });
});

describe('what other writers write is read', () => {
  const fixture = (name: string): Uint8Array<ArrayBuffer> =>
    new Uint8Array(readFileSync(new URL(`../../fixtures/${name}`, import.meta.url)));

  test('types that DuckDB doesn’t write', async () => {
    const found = await read(fixture('types.parquet'));
    expect(found.types).toEqual({
      half: 'FLOAT',
      small_decimal: 'DECIMAL(5,2)',
      large_decimal: 'DOUBLE',
      nanoseconds: 'TIMESTAMP',
      zoned: 'TIMESTAMP',
      day: 'DATE',
      clock: 'TIME',
      dictionary: 'VARCHAR',
      large_text: 'VARCHAR',
      text_view: 'VARCHAR',
      large_list: 'TIMESTAMP[]',
      fixed_list: 'INTEGER[]',
      map: 'MAP(VARCHAR, TIMESTAMP)',
      struct: 'STRUCT(a TIMESTAMP, b FLOAT[])',
      id: 'UUID',
      json: 'VARCHAR',
      bytes: 'BLOB',
      nothing: 'INTEGER',
    });
    expect(found.rows).toEqual([
      {
        half: '1.5',
        small_decimal: '1.25',
        large_decimal: '-1.2345678901234568e+39',
        nanoseconds: '2024-01-01 00:00:00.123456',
        zoned: '2024-01-01 00:00:00.123',
        day: '2024-01-01',
        clock: '01:02:03.000004',
        dictionary: 'a',
        large_text: 'a',
        text_view: 'a',
        large_list: "['2024-01-01 00:00:00.123456']",
        fixed_list: '[1, 2]',
        map: "{k='2024-01-01 00:00:00.123'}",
        struct: "{'a': '2024-01-01 00:00:00.123456', 'b': [1.5]}",
        id: 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
        json: '{"a":1}',
        bytes: 'abcd',
        nothing: null,
      },
      Object.fromEntries(Object.keys(found.types).map((name) => [name, null])),
      expect.objectContaining({
        half: 'nan',
        small_decimal: '-0.01',
        large_decimal: '0.5',
        nanoseconds: '1969-12-31 23:59:59.999999',
        day: '0001-01-01',
        struct: "{'a': NULL, 'b': NULL}",
        map: '{}',
      }),
    ]);
  });

  test('Spark’s old timestamps, whatever the year', async () => {
    const {types: found, rows} = await read(fixture('int96.parquet'));
    expect(found).toEqual({at: 'TIMESTAMP'});
    expect(rows.map(({at}) => at)).toEqual([
      '2024-01-01 00:00:00.123456',
      null,
      '9999-12-31 23:59:59.999999',
      '0001-01-01 00:00:00',
    ]);
  });

  const {path: golden, missing} = realData('delta-golden');
  test.skipIf(missing)(
    'Parquet that Spark wrote: a file of each folder of the Delta golden tables',
    {timeout: 120_000},
    async () => {
      const files = new Map(
        readdirSync(golden, {recursive: true, encoding: 'utf8'})
          .filter((name) => name.endsWith('.parquet'))
          .map((name) => [dirname(name), name]),
      );
      expect(files.size).toBeGreaterThan(100);
      const duckdb = openDuckDb();
      const storage = memoryStorage();
      const inUtc = (text: string | null): string => text?.replace(/(\d\d:\d\d:\d\d(\.\d+)?)\+00/g, '$1') ?? 'NULL';
      const sorted = (rows: Record<string, string | null>[]): string[] =>
        rows.map((row) => Object.values(row).map(inUtc).join('|')).sort();
      for (const [folderName, file] of files) {
        const path = join(golden, file);
        await storage.addFile(folderName, new Blob([readFileSync(path)]));
        await storage.readArrow(folderName, {}, async (ipc) => duckdb.insert(folderName, ipc));
        expect(sorted(duckdb.rows(folderName)), file).toEqual(sorted((await readNative(path)).rows));
      }
    },
  );
});

describe('what is written is read by others', () => {
  async function write(
    ipcs: readonly Uint8Array[],
    compression: ParquetCompression = 'snappy',
  ): Promise<{path: string; bytes: Uint8Array<ArrayBuffer>}> {
    const sink = await memoryStorage().openParquet(compression);
    for (const ipc of ipcs) await sink.write(ipc);
    const bytes = new Uint8Array(await (await sink.close()).arrayBuffer());
    const path = join(folder, 'written.parquet');
    await writeFile(path, bytes);
    return {path, bytes};
  }

  const readings = (from: number, count: number): Uint8Array =>
    tableToIPC(
      new Table({
        id: vectorFromArray(Array.from({length: count}, (_, i) => BigInt(from + i))),
        temperature: vectorFromArray(
          Array.from({length: count}, (_, i) => ((from + i) % 10 === 0 ? null : (from + i) / 4)),
        ),
        sensor: vectorFromArray(Array.from({length: count}, (_, i) => `S${(from + i) % 7}`)),
      }),
      'stream',
    );

  test.each(['snappy', 'zstd', 'gzip', 'uncompressed'] as const)(
    '%s: native DuckDB and hyparquet agree',
    async (compression) => {
      const {path, bytes} = await write([readings(0, 1000), readings(1000, 1), readings(1001, 2000)], compression);
      const {rows} = await readNative(path);
      const expected = Array.from({length: 3001}, (_, i) => ({
        id: String(i),
        temperature: i % 10 === 0 ? null : (i / 4).toFixed(2).replace(/(\.\d)0$/, '$1'),
        sensor: `S${i % 7}`,
      }));
      expect(rows).toEqual(expected);
      // The cast: rows by name, of whatever types the file has.
      const others = (await parquetReadObjects({file: bytes.buffer, compressors})) as Record<string, unknown>[];
      expect(others.map(({id}) => String(id))).toEqual(expected.map(({id}) => id));
      expect(others.map(({temperature}) => temperature ?? null)).toEqual(
        expected.map(({temperature}) => (temperature === null ? null : Number(temperature))),
      );
      expect(others.map(({sensor}) => sensor)).toEqual(expected.map(({sensor}) => sensor));
    },
  );

  test('row groups have DuckDB’s size', async () => {
    const {bytes} = await write(Array.from({length: 10}, (_, i) => readings(i * 50_000, 50_000)));
    const {row_groups, created_by} = parquetMetadata(bytes.buffer);
    expect(row_groups.map(({num_rows}) => Number(num_rows))).toEqual([122_880, 122_880, 122_880, 122_880, 8_480]);
    expect(created_by).toBe('Lakebook');
  });

  test('no rows: the schema is still there', async () => {
    const empty = tableToIPC(
      new Table(new Schema([new Field('a', new Int32(), true), new Field('at', new TimestampSecond(), true)])),
      'stream',
    );
    const {path} = await write([empty]);
    expect(await readNative(path)).toEqual({types: {a: 'INTEGER', at: 'TIMESTAMP'}, rows: []});
    const some = tableToIPC(tableFromArrays({a: Int32Array.of(1)}), 'stream');
    const none = tableToIPC(new Table(tableFromArrays({a: Int32Array.of(1)}).schema), 'stream');
    expect((await readNative((await write([none, some, none])).path)).rows).toEqual([{a: '1'}]);
  });

  test('any column name', async () => {
    const names = ['a b', 'it"s', 'naïve 温度', 'a.b', '', '%', 'SELECT'];
    const fields = names.map((name) => new Field(name, new Bool(), true));
    const children = names.map(() => makeData({type: new Bool(), length: 1, nullCount: 0, data: Uint8Array.of(1)}));
    const batch = new RecordBatch(
      new Schema(fields),
      makeData({type: new Struct(fields), length: 1, nullCount: 0, children}),
    );
    const {path} = await write([tableToIPC(new Table([batch]), 'stream')]);
    const schema = (await native.runAndReadAll(`SELECT name FROM parquet_schema('${path}') OFFSET 1`)).getRows();
    expect(schema.map(([name]) => name)).toEqual(names);
  });

  test('nothing written at all is told', async () => {
    const sink = await memoryStorage().openParquet('zstd');
    expect(await problemOf(() => sink.close())).toMatchObject({code: 'NOTHING_TO_WRITE'});
  });
});

describe('from the page’s DuckDB to Parquet and back', () => {
  test.each<readonly [value: string, type?: string]>([
    ['12.34::DECIMAL(10,2)'],
    ["TIMESTAMP '1969-12-31 23:59:59.999999'"],
    ["'2024-01-01 00:00:01'::TIMESTAMP_S", 'TIMESTAMP'],
    ["'2024-01-01 00:00:01.123456789'::TIMESTAMP_NS"],
    ["DATE '2024-02-03'"],
    ["TIME '12:34:56.123456'"],
    ['18446744073709551615::UBIGINT'],
    ['(-1)::TINYINT'],
    ["'\\xAA'::BLOB"],
    ['true'],
    ["[{a: [1, NULL], b: MAP {'k': 1.5::DOUBLE}}]"],
    ["'a'::ENUM('a', 'b')", 'VARCHAR'],
    ['[1, 2, 3]::INTEGER[3]', 'INTEGER[]'],
    ['12345678901234567890::HUGEINT', 'DECIMAL(38,0)'],
  ])('%s', async (value, type) => {
    const duckdb = openDuckDb();
    const sink = await memoryStorage().openParquet('zstd');
    await sink.write(duckdb.query(`SELECT ${value} AS v UNION ALL SELECT NULL`));
    const path = join(folder, 'exported.parquet');
    await writeFile(path, new Uint8Array(await (await sink.close()).arrayBuffer()));
    const found = await readNative(path);
    const expected = (
      await native.runAndReadAll(`SELECT typeof(v) AS t, v::VARCHAR AS s FROM (SELECT ${value} AS v)`)
    ).getRows()[0];
    expect(found.types['v']).toBe(type ?? expected?.[0]);
    expect(found.rows.map(({v}) => v).sort()).toEqual([expected?.[1], null].sort());
  });

  test.each(['INTERVAL 1 month', 'union_value(n := 1)'])(
    '%s is refused by name before anything is written',
    async (value) => {
      const sink = await memoryStorage().openParquet('snappy');
      const problem = await problemOf(() => sink.write(openDuckDb().query(`SELECT 1 AS a, ${value} AS odd`)));
      expect(problem).toMatchObject({code: 'TYPE_UNSUPPORTED', message: expect.stringContaining('odd') as string});
      await sink.discard();
    },
  );
});
