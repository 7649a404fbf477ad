import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {DuckDBInstance, type DuckDBConnection} from '@duckdb/node-api';
import {tableFromIPC} from 'apache-arrow';
import {parquetReadObjects} from 'hyparquet';
import {compressors} from 'hyparquet-compressors';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {lit} from '../../src/sql/sql.ts';
import {launch, type App} from './harness.ts';

const query = `SELECT 9007199254740993::BIGINT AS big, '12345678901234.56'::DECIMAL(18, 2) AS price, '170141183460469231731687303715884105'::HUGEINT AS huge,
  TIMESTAMP '2024-02-29 12:34:56.789012' AS at, DATE '1969-12-31' AS day, true AS flag, 'nan'::DOUBLE AS ratio,
  'a "quoted", text' || chr(10) || 'ü 漢 🦆' AS words, [1, NULL, 3]::INTEGER[] AS list, {'x': 1::INTEGER, 'y': 'it''s'} AS pair
UNION ALL SELECT -9223372036854775808, -0.01, -1, TIMESTAMP '1900-01-01 00:00:00.000001', DATE '9999-12-31', false, -0.1, '', [], {'x': NULL, 'y': ''}
UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL`;

let app: App;
let native: DuckDBConnection;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lakebook-export-'));
  native = await (await DuckDBInstance.create()).connect();
  app = await launch();
  await app.open(
    `\`\`\`sql typed\n${query}\n\`\`\`\n\n\`\`\`sql none\nFROM typed WHERE false\n\`\`\`\n\n\`\`\`sql many\nSELECT i, 'text ' || i AS t FROM range(300000) r(i)\n\`\`\`\n`,
  );
  const report = await app.run();
  expect(report.cells.flatMap((cell) => cell.error ?? [])).toEqual([]);
});
afterAll(async () => {
  await app.close();
  await rm(folder, {recursive: true});
});

/** Every value as text. */
const texts = async (sql: string): Promise<unknown> =>
  (await native.runAndReadAll(`SELECT COLUMNS(*)::VARCHAR FROM (${sql}\n)`)).getRowsJS();
const types = async (sql: string): Promise<unknown[]> =>
  (await native.runAndReadAll(`SELECT column_type FROM (DESCRIBE ${sql})`)).getRowsJS().flat();

async function exported(
  cell: string,
  format: 'parquet' | 'csv' | 'json' | 'arrow',
  options?: Record<string, unknown>,
): Promise<{path: string; bytes: Buffer}> {
  const bytes = await app.export(cell, format, options);
  const path = join(folder, `${cell}.${format}`);
  await writeFile(path, bytes);
  return {path, bytes};
}

test.each(['snappy', 'zstd'])('Parquet in %s reads back exactly', async (compression) => {
  const {path, bytes} = await exported('typed', 'parquet', {compression});
  expect(await texts(`FROM read_parquet('${path}')`)).toEqual(await texts(query));
  expect(await types(`FROM read_parquet('${path}')`)).toEqual(
    (await types(query)).map((type) => (type === 'HUGEINT' ? 'DECIMAL(38,0)' : type)),
  );

  const file = Uint8Array.from(bytes).buffer;
  const [first, second, third] = await parquetReadObjects({file, compressors, utf8: false});
  expect(first).toMatchObject({
    big: 9007199254740993n,
    flag: true,
    ratio: NaN,
    words: 'a "quoted", text\nü 漢 🦆',
    list: [1, null, 3],
    pair: {x: 1, y: "it's"},
  });
  expect(first?.['day']).toEqual(new Date('1969-12-31'));
  expect(second).toMatchObject({
    big: -9223372036854775808n,
    flag: false,
    ratio: -0.1,
    words: '',
    list: [],
    pair: {x: null, y: ''},
  });
  expect(Object.values(third ?? {}).map((value: unknown) => value ?? null)).toEqual(
    Array.from({length: 10}, () => null),
  );
});

test('CSV reads back exactly; NULL is empty and the empty text is quoted', async () => {
  const {path} = await exported('typed', 'csv');
  const plain = `SELECT * REPLACE (list::VARCHAR AS list, pair::VARCHAR AS pair) FROM (${query}\n)`;
  expect(
    await texts(
      `FROM read_csv('${path}', header = true, all_varchar = true, allow_quoted_nulls = false, quote = '"', escape = '"', delim = ',')`,
    ),
  ).toEqual(await texts(plain));
});

test('JSON reads back exactly; NaN is null, as JSON has none', async () => {
  const {path, bytes} = await exported('typed', 'json');
  expect(bytes.toString().split('\n')).toHaveLength(4);
  // The cast: DESCRIBE gives text.
  const described = (
    await native.runAndReadAll(`SELECT column_name, column_type FROM (DESCRIBE ${query})`)
  ).getRowsJS() as string[][];
  const columns = described.map(([name = '', type = '']) => `${lit(name)}: ${lit(type)}`);
  const read = `FROM read_json('${path}', format = 'newline_delimited', columns = {${columns.join(', ')}})`;
  expect(await texts(read)).toEqual(
    await texts(`SELECT * REPLACE (CASE WHEN NOT isnan(ratio) THEN ratio END AS ratio) FROM (${query}\n)`),
  );
});

test('Arrow reads back exactly', async () => {
  const table = tableFromIPC((await exported('typed', 'arrow')).bytes);
  expect(table.schema.fields.map((field) => field.name)).toEqual([
    'big',
    'price',
    'huge',
    'at',
    'day',
    'flag',
    'ratio',
    'words',
    'list',
    'pair',
  ]);
  const column = (name: string): unknown[] => [...(table.getChild(name) ?? [])];
  expect(column('big')).toEqual([9007199254740993n, -9223372036854775808n, null]);
  expect(column('price').map(String)).toEqual(['1234567890123456', '-1', 'null']);
  expect(column('huge').map(String)).toEqual(['170141183460469231731687303715884105', '-1', 'null']);
  // Read one by one, Arrow rounds timestamps to milliseconds.
  const micros: unknown = table.getChild('at')?.data[0]?.values;
  expect(micros instanceof BigInt64Array && [...micros.subarray(0, 2)]).toEqual([
    1709210096789012n,
    -2208988799999999n,
  ]);
  expect(column('day')).toEqual([Date.UTC(1969, 11, 31), Date.UTC(9999, 11, 31), null]);
  expect(column('flag')).toEqual([true, false, null]);
  expect(column('ratio')).toEqual([NaN, -0.1, null]);
  expect(column('words')).toEqual(['a "quoted", text\nü 漢 🦆', '', null]);
  expect(JSON.stringify(column('list'))).toBe('[[1,null,3],[],null]');
  expect(JSON.stringify(column('pair'))).toBe(`[{"x":1,"y":"it's"},{"x":null,"y":""},null]`);
});

test('Arrow of no rows keeps the columns, and of many batches every row', async () => {
  const none = tableFromIPC((await exported('none', 'arrow')).bytes);
  expect([none.numRows, none.schema.fields.length]).toEqual([0, 10]);
  const many = tableFromIPC((await exported('many', 'arrow')).bytes);
  expect(many.batches.length).toBeGreaterThan(1);
  expect(many.numRows).toBe(300_000);
  expect([0, 150_000, 299_999].map((i) => many.get(i)?.toJSON())).toEqual(
    [0, 150_000, 299_999].map((i) => ({i: BigInt(i), t: `text ${i}`})),
  );
});
