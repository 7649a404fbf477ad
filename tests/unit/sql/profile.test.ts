import {beforeAll, describe, expect, test} from 'vitest';
import {profileColumns, type ColumnProfile} from '../../../src/sql/profile.ts';
import {id} from '../../../src/sql/sql.ts';
import {openDatabase, type Database} from '../charts/database.ts';

let database: Database;
beforeAll(async () => {
  database = await openDatabase();
});

async function profile(select: string): Promise<readonly ColumnProfile[]> {
  await database.run(`CREATE OR REPLACE TABLE t AS ${select}`);
  const {rows} = await database.rows('SELECT count(*) FROM t');
  return profileColumns(database, id('t'), await database.columns('t'), Number(rows[0]?.[0]));
}

describe('a profile equals what SQL says directly', () => {
  test('of numbers: NULL and NaN apart, ends and mean of the finite ones', async () => {
    const [column] = await profile("SELECT unnest([1.5::DOUBLE, 2.5, NULL, 'nan', 'inf', 4.0, 4.0]) AS v");
    expect(column).toMatchObject({
      name: 'v',
      type: 'DOUBLE',
      rows: 7,
      nulls: 1,
      nans: 1,
      min: '1.5',
      max: '4.0',
      mean: 3,
      sampled: false,
      top: undefined,
    });
    expect(column?.histogram?.map(({count}) => count)).toEqual([
      1,
      ...Array<number>(8).fill(0),
      1,
      ...Array<number>(13).fill(0),
      2,
    ]);
    expect(column?.histogram?.at(0)?.from).toBe(1.5);
    expect(column?.histogram?.at(-1)?.to).toBe(4);
  });

  test('of times, dates and decimals', async () => {
    const [time, date, decimal] = await profile(
      "SELECT TIMESTAMP '2024-01-01' + to_hours(i) AS at, DATE '2024-01-01' + i::INT AS day, (i / 4)::DECIMAL(10, 2) AS price FROM range(240) r(i)",
    );
    expect(time).toMatchObject({min: '2024-01-01 00:00:00', max: '2024-01-10 23:00:00', mean: null, nulls: 0});
    expect(time?.histogram?.[0]?.from).toBe(Date.UTC(2024, 0, 1));
    expect(time?.histogram?.reduce((sum, {count}) => sum + count, 0)).toBe(240);
    expect(date).toMatchObject({min: '2024-01-01', max: '2024-08-27'});
    expect(decimal).toMatchObject({min: '0.00', max: '59.75', mean: 29.875});
  });

  test('of texts and truth values: counted exactly, most frequent first', async () => {
    const [text, flag] = await profile(
      "SELECT CASE WHEN i % 10 = 0 THEN NULL ELSE 'k' || (i % 7) END AS k, i % 3 = 0 AS flag FROM range(700) r(i)",
    );
    const direct = (
      await database.rows('SELECT k, count(*)::DOUBLE FROM t WHERE k IS NOT NULL GROUP BY k ORDER BY 2 DESC, 1 LIMIT 5')
    ).rows.map(([value, count]) => ({
      value,
      count,
    }));
    expect(text).toMatchObject({
      nulls: 70,
      distinct: 7,
      distinctExact: true,
      min: 'k0',
      max: 'k6',
      top: direct,
      histogram: undefined,
    });
    expect(flag?.top).toEqual([{value: 'false', count: 466}, {value: 'true', count: 234}]); // prettier-ignore
  });

  test('of one value, of no value, of no rows', async () => {
    const [one, none] = await profile('SELECT 7 AS one, NULL::DOUBLE AS none');
    expect(one?.histogram).toEqual([{from: 7, to: 7, count: 1}]);
    expect(none).toMatchObject({nulls: 1, min: null, max: null, mean: null, distinct: 0, histogram: []});
    expect((await profile("SELECT 1 AS a, 'x' AS b LIMIT 0")).map(({rows, nulls, distinct}) => [rows, nulls, distinct])).toEqual([[0, 0, 0], [0, 0, 0]]); // prettier-ignore
  });

  test('of nested and binary values: only what is missing', async () => {
    const [nested, list, blob] = await profile(
      "SELECT {a: 1} AS s, [1, 2] AS l, 'x'::BLOB AS b UNION ALL SELECT NULL, NULL, NULL",
    );
    for (const column of [nested, list, blob])
      expect(column).toMatchObject({nulls: 1, distinct: null, min: null, histogram: undefined, top: undefined});
  });

  test('of names that the query itself uses, with quotes and spaces, and of very many columns', async () => {
    const names = [
      'rows',
      'totals',
      'min_0',
      'value',
      'spot',
      'bin',
      'fact',
      `a "b" 'c'`,
      'looked',
      ...Array.from({length: 40}, (_, i) => `column ${i}`),
    ];
    const profiles = await profile(
      `SELECT ${names.map((name, i) => `${i % 2 === 0 ? `'v'` : i} AS ${id(name)}`).join()}`,
    );
    expect(profiles.map(({name}) => name)).toEqual(names);
    expect(profiles.every(({nulls, distinct}) => nulls === 0 && distinct === 1)).toBe(true);
  });
});

test('beyond a million rows the picture is of a sample, scaled up; the counts stay whole', async () => {
  const [number, few, many] = await profile(
    "SELECT i AS n, 'k' || (i % 40) AS few, 'k' || (i % 5000) AS many FROM range(1500000) r(i)",
  );
  expect(number).toMatchObject({rows: 1_500_000, nulls: 0, min: '0', max: '1499999', mean: 749_999.5, sampled: true});
  const total = number?.histogram?.reduce((sum, {count}) => sum + count, 0) ?? 0;
  expect(Math.abs(total - 1_500_000)).toBeLessThan(50);
  expect(few).toMatchObject({distinct: 40, distinctExact: true});
  expect(few?.top?.map(({count}) => count)).toEqual(Array(5).fill(37_500));
  expect(many?.distinctExact).toBe(false);
  expect(Math.abs((many?.distinct ?? 0) - 5000)).toBeLessThan(500);
});
