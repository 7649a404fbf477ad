import {beforeAll, describe, expect, test} from 'vitest';
import {pageSql, type PageOptions} from '../../../src/sql/page.ts';
import type {Rows} from '../../../src/sql/rows.ts';
import {id, sql} from '../../../src/sql/sql.ts';
import {openDatabase, type Database} from '../charts/database.ts';

let database: Database;
beforeAll(async () => {
  database = await openDatabase();
  await database.run(
    `CREATE TABLE t AS SELECT i::INT AS i, CASE WHEN i % 5 = 0 THEN NULL WHEN i % 5 = 1 THEN 'nan'::DOUBLE ELSE i % 3 END AS v, 'x "' || (i % 2) AS "a ""b""" FROM range(1000) r(i)`,
  );
});
const named = (table: string, columns: readonly string[] = []): Rows => ({
  relation: id(table),
  columns: columns.map((name) => ({name})),
});
const page = async (rows: Rows, options: PageOptions) => (await database.rows(pageSql(rows, options))).rows;

describe('text', () => {
  test('unsorted pages skip by offset', () => {
    expect(pageSql(named('t'), {offset: 4_900_000, limit: 200, sort: []})).toBe(
      'SELECT * FROM t LIMIT 200 OFFSET 4900000',
    );
  });

  test('sorted pages order row numbers first and fetch only their own rows', () => {
    expect(
      pageSql(named('t'), {
        offset: 0,
        limit: 200,
        sort: [
          {column: 'a "b"', direction: 'desc'},
          {column: 'v', direction: 'asc'},
        ],
      }),
    ).toBe(
      'SELECT * FROM t WHERE rowid IN (SELECT rowid FROM t ORDER BY "a ""b""" DESC NULLS LAST, v ASC NULLS LAST, rowid LIMIT 200 OFFSET 0) ORDER BY "a ""b""" DESC NULLS LAST, v ASC NULLS LAST, rowid',
    );
  });
});

test.each([
  ['asc', []],
  ['asc', [{column: 'v', direction: 'asc'}]],
  ['desc', [{column: 'v', direction: 'desc'}]],
  ['both', [{column: 'a "b"', direction: 'desc'}, {column: 'v', direction: 'asc'}]], // prettier-ignore
] as const)('pages put together are the whole table once, ties in its own order (%s)', async (_name, sort) => {
  const whole = await page(named('t'), {offset: 0, limit: 1000, sort});
  const parts = [];
  for (let offset = 0; offset < 1000; offset += 70) parts.push(...(await page(named('t'), {offset, limit: 70, sort})));
  expect(parts).toEqual(whole);
  expect(new Set(whole.map(([i]) => i)).size).toBe(1000);
});

test('NULL comes last either way, NaN above every number', async () => {
  const ends = async (direction: 'asc' | 'desc') => {
    const rows = await page(named('t'), {offset: 0, limit: 1000, sort: [{column: 'v', direction}]});
    return [rows[0]?.[1], rows.at(-1)?.[1]];
  };
  expect(await ends('asc')).toEqual([0, null]);
  expect(await ends('desc')).toEqual([NaN, null]);
});

test('a column of its own called rowid changes nothing', async () => {
  await database.run('CREATE TABLE r AS SELECT 7 AS rowid, i % 2 AS v, i::INT AS i FROM range(10) r(i)');
  const rows = await page(named('r', ['rowid', 'v', 'i']), {
    offset: 4,
    limit: 3,
    sort: [{column: 'v', direction: 'asc'}],
  });
  expect(rows.map(([, , i]) => i)).toEqual([8, 1, 3]);
  expect(rows[0]).toHaveLength(3);
});

test('rows that tell their places in a column of their own are paged by them', async () => {
  const sideBySide: Rows = {
    relation: sql`(SELECT a.i, b.v FROM t AS a POSITIONAL JOIN t AS b)`,
    columns: [{name: 'i'}, {name: 'v'}],
    places: {from: sql`(SELECT a.i, b.v, a.rowid AS place FROM t AS a POSITIONAL JOIN t AS b)`, row: id('place')},
  };
  expect(await page(sideBySide, {offset: 1, limit: 2, sort: [{column: 'v', direction: 'desc'}]})).toEqual([
    [6, NaN],
    [11, NaN],
  ]);
});

test('past the end there are no rows', async () => {
  expect(await page(named('t'), {offset: 1000, limit: 10, sort: []})).toEqual([]);
});
