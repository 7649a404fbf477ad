import {beforeAll, expect, test} from 'vitest';
import {changedCounts, changedRows, columnChanges, removedRows} from '../../../src/sql/changes.ts';
import {id} from '../../../src/sql/sql.ts';
import {openDatabase, type Database} from '../charts/database.ts';

let database: Database;
beforeAll(async () => {
  database = await openDatabase();
});

/** Two tables of the same columns, from their definition and their values. */
async function tables(columns: string, before: string, after: string) {
  await database.run(`CREATE OR REPLACE TABLE before (${columns})`);
  await database.run(`CREATE OR REPLACE TABLE after (${columns})`);
  await database.run(`INSERT INTO before VALUES ${before}`);
  await database.run(`INSERT INTO after VALUES ${after}`);
  return columnChanges(await database.columns('before'), await database.columns('after'));
}
const [input, output] = [id('before'), id('after')];

test('changed rows: NULL and NaN are values like others', async () => {
  const changes = await tables(
    'v DOUBLE, k INT',
    "(1, 1), (NULL, 2), ('nan', 3), (NULL, 4), ('nan', 5), (6, 6)",
    "(1, 1), (0, 2), ('nan', 3), (NULL, 4), (NULL, 5), (7, 6)",
  );
  expect(await database.objects(changedRows(input, output, changes.slice(0, 1), ['k']))).toEqual([
    {row: 2n, k: 2, 'v before': null, 'v after': 0},
    {row: 5n, k: 5, 'v before': NaN, 'v after': null},
    {row: 6n, k: 6, 'v before': 6, 'v after': 7},
  ]);
  expect(await database.rows(changedCounts(input, output, changes))).toEqual({rows: [[3n, 3n, 0n]]});
});

test('changed rows of a table with columns called row and rowid', async () => {
  const changes = await tables('"row" INT, rowid INT, nth INT', '(7, 70, 1), (8, 80, 1)', '(7, 70, 1), (8, 80, 2)');
  const [, , nth] = changes;
  expect(await database.objects(changedRows(input, output, nth === undefined ? [] : [nth], ['row', 'rowid']))).toEqual([
    {row_2: 2n, row: 8, rowid: 80, 'nth before': 1, 'nth after': 2},
  ]);
  // rowid is data even where it is not among the columns shown.
  expect(await database.objects(changedRows(input, output, nth === undefined ? [] : [nth], []))).toEqual([
    {row: 2n, 'nth before': 1, 'nth after': 2},
  ]);
});

test('removed rows: duplicates are counted, NULL and NaN are values like others', async () => {
  const changes = await tables(
    'v DOUBLE',
    "(NULL), ('nan'), (1), (1), (NULL), ('nan'), (1), (2)",
    "(NULL), ('nan'), (1), (1)",
  );
  expect(await database.rows(removedRows(input, output, changes))).toEqual({rows: [[5n, null], [6n, NaN], [7n, 1], [8n, 2]]}); // prettier-ignore
});

test('removed rows of a table with columns called row, rowid, nth and copies', async () => {
  const changes = await tables(
    '"row" INT, rowid INT, nth INT, copies INT',
    '(9, 5, 1, 1), (8, 4, 2, 0), (9, 5, 1, 1)',
    '(9, 5, 1, 1)',
  );
  expect(await database.objects(removedRows(input, output, changes))).toEqual([
    {row_2: 2n, row: 8, rowid: 4, nth: 2, copies: 0},
    {row_2: 3n, row: 9, rowid: 5, nth: 1, copies: 1},
  ]);
});

test('a rowid column that the step drops is not the place of a row', async () => {
  await tables('rowid INT, v INT', '(50, 1), (40, 2)', '(50, 1)');
  await database.run('ALTER TABLE after DROP rowid');
  const changes = columnChanges(await database.columns('before'), await database.columns('after'));
  expect(await database.objects(removedRows(input, output, changes))).toEqual([{row: 2n, v: 2}]);
});
