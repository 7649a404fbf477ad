import {tableFromIPC} from 'apache-arrow';
import {expect, test} from 'vitest';
import {problemOf} from '../../../src/lib/problem.ts';
import {readFixture} from '../../fixtures/expectations.ts';
import {dayOf, kindOf, timeOf} from '../../../workers/sqlite/types.ts';
import {nodeSqlite} from './node-sqlite.ts';

const several = () => nodeSqlite().open(new File([readFixture('several.sqlite')], 'several.sqlite'));

/** A table's rows and rejects, as plain values. */
async function read(
  table: string,
  types: Readonly<Record<string, string>> = {},
): Promise<{types: string[]; rows: unknown[][]; rejects: unknown[][]}> {
  const database = await several();
  const found = {types: [] as string[], rows: [] as unknown[][], rejects: [] as unknown[][]};
  await database.read(table, {types, limit: undefined}, async ({ipc, isRejects}) => {
    const batch = tableFromIPC(ipc);
    if (!isRejects) found.types = batch.schema.fields.map(({type}) => String(type));
    const rows = Array.from({length: batch.numRows}, (_, row) =>
      batch.schema.fields.map((_, column): unknown => batch.getChildAt(column)?.get(row)),
    );
    found[isRejects ? 'rejects' : 'rows'].push(...rows);
  });
  database.close();
  return found;
}

test('a database in WAL mode shows its tables and views with their columns and rows', async () => {
  const {tables} = await several();
  expect(tables.map(({name, kind, rows}) => [name, kind, rows])).toEqual([
    ['empty', 'table', 0],
    ['misfits', 'table', 8],
    ['odd "table', 'table', 2],
    ['pairs', 'table', 3],
    ['readings', 'table', 40],
    ['warm', 'view', undefined],
  ]);
  expect(tables[4]?.columns.map(({name, type}) => `${name} ${type}`)).toEqual([
    'id BIGINT',
    'sensor VARCHAR',
    'temperature DOUBLE',
    'taken TIMESTAMP',
    'day DATE',
    'is_ok BOOLEAN',
    'raw BLOB',
    'price DOUBLE',
    'twice DOUBLE',
  ]);
});

test('a column whose type is chosen comes as text, to be cast, unless it is its own', async () => {
  const {rows, rejects} = await read('misfits', {n: 'DOUBLE'});
  expect(rows.map((row) => row[1])).toContain('two');
  expect(rejects.filter(([, column]) => column === 'n')).toEqual([]);
  expect((await read('misfits', {n: 'BIGINT'})).rejects).toEqual((await read('misfits')).rejects);
});

test('values that don’t fit their column’s type are rejects, with the row’s number, the value and the reason', async () => {
  const {rows, rejects} = await read('misfits');
  expect(rows.map(([id]) => id)).toEqual([1n, 8n]);
  expect(rows[1]?.[1]).toBe(9223372036854775807n);
  expect(rejects).toEqual([
    [2n, 'n', 'two', 'a text where an integer belongs'],
    [3n, 'x', 'warm', 'a text where a number belongs'],
    [4n, 'd', '2023-02-29', 'no date such as 2024-02-29'],
    [5n, 'n', '5.5', 'a real number where an integer belongs'],
    [6n, 'd', '1706745600', 'an integer where a date such as 2024-02-29 belongs'],
    [7n, 't', 'ff', 'a blob where a text belongs'],
  ]);
});

test('a type of the user’s goes before the declared one', async () => {
  const {rows, rejects} = await read('misfits', {n: 'VARCHAR', X: 'VARCHAR', d: 'VARCHAR', t: 'VARCHAR'});
  expect(rows.map((row) => row.slice(1, 4))).toContainEqual(['5.5', '5.0', '2024-02-29']);
  expect(rejects.map(([id]) => id)).toEqual([7n]);
});

test('a table WITHOUT ROWID, one whose column is called rowid and one without declared types are read', async () => {
  expect(await read('pairs')).toMatchObject({
    rows: [
      ['x', 1n],
      ['x', 2n],
    ],
    rejects: [[null, 'b', 'none', 'a text where an integer belongs']],
  });
  expect(await read('odd "table')).toMatchObject({
    types: ['Int64', 'Float64', 'Utf8'],
    rows: [
      [1n, 2, 'own'],
      [2n, 2.5, null],
    ],
  });
  expect(await read('empty')).toMatchObject({types: ['Int64', 'Utf8'], rows: []});
  expect((await read('warm')).rows[0]).toEqual([32n, 4, 39.2]);
});

test('a view over what is gone says so', async () => {
  const database = await nodeSqlite().open(new File([readFixture('broken-view.sqlite')], 'broken-view.sqlite'));
  const problem = await database
    .read('v', {types: {}, limit: undefined}, () => Promise.resolve())
    .then(() => undefined, problemOf);
  expect(problem).toMatchObject({code: 'SQLITE', message: expect.stringContaining('no such table: main.t') as string});
});

test.each([
  ['BIGINT', 'UNSIGNED BIG INT'],
  ['VARCHAR', 'NVARCHAR(100)'],
  ['DOUBLE', 'DECIMAL(10,5)'],
  ['TIMESTAMP', 'datetime'],
  ['BOOLEAN', 'bool'],
  ['VARCHAR', 'STRING'],
  [undefined, ''],
])('%s stands for %j', (kind, declared) => {
  expect(kindOf(declared)).toBe(kind);
});

test('dates and times are exact, and what is none is none', () => {
  expect(dayOf('2024-02-29')).toBe(19_782);
  expect(['2023-02-29', '2024-13-01', '2024-2-9', ''].map(dayOf)).toEqual([undefined, undefined, undefined, undefined]);
  expect(timeOf('1969-12-31 23:59:59.999999')).toBe(-1n);
  expect(timeOf('2024-02-29T12:00:00.5+02:00')).toBe(1_709_200_800_500_000n);
  expect(timeOf('2024-02-29')).toBe(1_709_164_800_000_000n);
  expect(['2024-02-29 25:00', '12:00:00', '2024-02-29 12:00:00.1234567', '2024-02-29 12:00+15:00'].map(timeOf)).toEqual(
    [undefined, undefined, undefined, undefined],
  );
});
