import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join as path} from 'node:path';
import {DuckDBInstance, type DuckDBConnection} from '@duckdb/node-api';
import {afterAll, beforeAll, beforeEach, expect, test} from 'vitest';
import {csvTimeFormat, readCsv, rejectedLines, sniffCsv} from '../../../../src/sources/csv/sql.ts';
import type {LoadOptions} from '../../../../src/sources/define.ts';
import {shownRead} from '../../../../src/sources/index.ts';
import {sql} from '../../../../src/sql/sql.ts';

const nothingSaid: LoadOptions = {
  format: undefined,
  table: undefined,
  encoding: undefined,
  delimiter: undefined,
  quote: undefined,
  decimal: undefined,
  header: undefined,
  skip: undefined,
  nullStrings: [],
  timestampFormat: undefined,
  types: {},
  filename: false,
};

let folder: string;
let connection: DuckDBConnection;
beforeAll(() => void (folder = mkdtempSync(path(tmpdir(), 'read-csv-'))));
afterAll(() => rmSync(folder, {recursive: true}));
beforeEach(async () => void (connection = await (await DuckDBInstance.create(':memory:', {threads: '1'})).connect()));

async function table(query: string) {
  const reader = await connection.runAndReadAll(query);
  return {
    columns: reader.columnNames().map((name, i) => `${name} ${String(reader.columnType(i))}`),
    rows: reader.getRowsJson(),
  };
}

async function read(text: string, said: Partial<LoadOptions> = {}, name = 'readings.csv') {
  const file = path(folder, name);
  writeFileSync(file, text);
  const options = {...nothingSaid, ...said};
  const [sniffed] = (await connection.runAndReadAll(sniffCsv(file, options))).getRowObjectsJson();
  const {columns, rows} = await table(sql`FROM ${readCsv([file], options)}`);
  return {sniffed, columns, rows, rejects: await table(rejectedLines('readings.csv'))};
}

test('a line that does not fit is one reject, whatever is wrong with it', async () => {
  const {rows, rejects} = await read('id,at,v\na,2024-03-04,1\nb,soon\nc,soon,x\nd,2024-03-05,2,3\n', {
    types: {at: 'TIMESTAMP', v: 'INTEGER'},
    header: true,
  });
  expect(rows).toEqual([['a', '2024-03-04 00:00:00', 1]]);
  expect(rejects).toEqual({
    columns: ['file VARCHAR', 'line BIGINT', 'column_name VARCHAR', 'raw VARCHAR', 'reason VARCHAR'],
    rows: [
      [
        'readings.csv',
        '3',
        'at',
        'b,soon',
        `Error when converting column "at". Could not convert string "soon" to 'TIMESTAMP' · Expected Number of Columns: 3 Found: 2`,
      ],
      [
        'readings.csv',
        '4',
        'at',
        'c,soon,x',
        `Error when converting column "at". Could not convert string "soon" to 'TIMESTAMP' · Error when converting column "v". Could not convert string "x" to 'INTEGER'`,
      ],
      ['readings.csv', '5', null, 'd,2024-03-05,2,3', 'Expected Number of Columns: 3 Found: 4'],
    ],
  });
});

test('short lines are rejected, never padded', async () => {
  const {rows, rejects} = await read('id,v,w\na,1,2\nb,1\nc\n');
  expect(rows).toEqual([['a', '1', '2']]);
  expect(rejects.rows.map(([, line, column, raw]) => [line, column, raw])).toEqual([
    ['3', 'w', 'b,1'],
    ['4', 'v', 'c'],
  ]);
});

test('semicolons and decimal commas', async () => {
  const {sniffed, columns, rows} = await read('id;v\na;1,5\nb;-2,25\n', {delimiter: ';', decimal: ','});
  expect(sniffed).toMatchObject({Delimiter: ';', HasHeader: true, SkipRows: 0});
  expect(columns).toEqual(['id VARCHAR', 'v DOUBLE']);
  expect(rows).toEqual([
    ['a', 1.5],
    ['b', -2.25],
  ]);
});

test('no header, and one that could pass for data', async () => {
  expect((await read('a,b\nc,d\n', {header: false})).rows).toHaveLength(2);
  const named = await read('a,b\nc,d\n', {header: true});
  expect(named.columns).toEqual(['a VARCHAR', 'b VARCHAR']);
  expect(named.rows).toEqual([['c', 'd']]);
});

test('lines to skip, texts for “no value”, a Spark pattern', async () => {
  const {sniffed, columns, rows} = await read(
    'logger 7\nversion 2\nid,at,v\na,04.03.2024 10:00,1\nb,05.03.2024 11:30,n/a\nc,-,3\n',
    {
      skip: 2,
      nullStrings: ['n/a', '-'],
      timestampFormat: 'dd.MM.yyyy HH:mm',
    },
  );
  expect(sniffed).toMatchObject({SkipRows: 2, TimestampFormat: '%d.%m.%Y %H:%M'});
  expect(columns).toEqual(['id VARCHAR', 'at TIMESTAMP', 'v BIGINT']);
  expect(rows).toEqual([
    ['a', '2024-03-04 10:00:00', '1'],
    ['b', '2024-03-05 11:30:00', null],
    ['c', null, '3'],
  ]);
});

test('another quote, and names that hold quotes', async () => {
  const {rows} = await read("id,it's\na,'x,y'\nb,'z'\n", {quote: "'", types: {"it's": 'VARCHAR'}});
  expect(rows).toEqual([
    ['a', 'x,y'],
    ['b', 'z'],
  ]);
});

test('a file that was unpacked keeps its name', async () => {
  expect((await read('id,v\na,1\n', {filename: true}, 'readings.csv.gz')).rows).toEqual([
    ['a', '1', path(folder, 'readings.csv.gz')],
  ]);
});

test('types name columns without case; a file with a header only is an empty table', async () => {
  const {columns, rows} = await read('id,V\n', {types: {v: 'DOUBLE'}, header: true});
  expect(columns).toEqual(['id VARCHAR', 'V DOUBLE']);
  expect(rows).toEqual([]);
});

test('which patterns read_csv can take', () => {
  expect(csvTimeFormat("yyyy-MM-dd'T'HH:mm:ss.SSS")).toBe('%Y-%m-%dT%H:%M:%S.%f');
  expect(csvTimeFormat('%d/%m/%Y')).toBe('%d/%m/%Y');
  expect(csvTimeFormat("yyyy-MM-dd'T'HH:mm:ssXXX")).toBeUndefined();
  expect(csvTimeFormat('yyyy-MM-dd[ HH:mm]')).toBeUndefined();
  expect(csvTimeFormat('HH:mm')).toBeUndefined();
});

test('what is shown says only what was said', () => {
  expect(shownRead(['a.csv'], nothingSaid)).toBe("SELECT * FROM read_csv('a.csv', ignore_errors = true)");
  expect(shownRead(['a.csv.gz', 'b.csv.gz'], {...nothingSaid, delimiter: ';', types: {v: 'DOUBLE'}})).toBe(
    "SELECT * FROM read_csv(['a.csv.gz', 'b.csv.gz'], delim = ';', types = {'v': 'DOUBLE'}, ignore_errors = true, union_by_name = true)",
  );
  expect(shownRead(['a.parquet'], nothingSaid)).toBe("SELECT * FROM read_parquet('a.parquet')");
  expect(shownRead(['a.jsonl.gz'], {...nothingSaid, filename: true})).toBe(
    "SELECT * FROM read_json('a.jsonl.gz', filename = true)",
  );
});
