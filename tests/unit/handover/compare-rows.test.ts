import {beforeAll, describe, expect, test} from 'vitest';
import {compareRows, type RowsCompared} from '../../../src/handover/compare-rows.ts';
import type {EnginePort} from '../../../src/ports/index.ts';
import {id, query, sql, type Sql} from '../../../src/sql/sql.ts';
import {nativeEngine} from '../notebook/native-engine.ts';

let engine: EnginePort;
beforeAll(async () => {
  ({engine} = await nativeEngine());
  // As the page's engine is set.
  await engine.execute([sql`SET ieee_floating_point_ops = false`]);
});

let tables = 0;
async function side(text: string): Promise<{relation: Sql; columns: readonly {name: string; type: string}[]}> {
  const table = `side_${++tables}`;
  await engine.execute([sql`CREATE TABLE ${id(table)} AS ${query(text)}`]);
  return {relation: id(table), columns: await engine.describe(sql`FROM ${id(table)}`)};
}
const compare = async (
  here: string,
  there: string,
  clusters?: {column: string; distance: string},
): Promise<RowsCompared> => compareRows(engine, await side(here), await side(there), {clusters});
const values = (columns: string, rows: string): string => `SELECT * FROM (VALUES ${rows}) AS t(${columns})`;

/** Whether nothing differs. */
const isEqual = ({differences, reordered, onlyHere, onlyThere, changed}: RowsCompared): boolean =>
  differences.length === 0 && !reordered && onlyHere.count + onlyThere.count + changed.count === 0;
const counts = ({onlyHere, onlyThere, changed}: RowsCompared): number[] => [
  onlyHere.count,
  onlyThere.count,
  changed.count,
];

describe('equal', () => {
  test.each<[string, string, string]>([
    ['rows in another order', values('a, b', `(1, 'x'), (2, 'y')`), values('a, b', `(2, 'y'), (1, 'x')`)],
    ['no rows at all', `SELECT 1 AS a WHERE false`, `SELECT 1 AS a WHERE false`],
    [
      'NULL and NULL, NaN and NaN, infinities',
      `SELECT NULL::INTEGER AS a, 'nan'::DOUBLE AS b, '-inf'::DOUBLE AS c`,
      `SELECT NULL::INTEGER AS a, 'nan'::DOUBLE AS b, '-inf'::DOUBLE AS c`,
    ],
    ['zero and minus zero', `SELECT 0.0::DOUBLE AS a`, `SELECT -0.0::DOUBLE AS a`],
    [
      'integers of other widths',
      `SELECT 7::HUGEINT AS a, 7::TINYINT AS b, 7::UBIGINT AS c`,
      `SELECT 7::BIGINT AS a, 7::INTEGER AS b, 7::DECIMAL(20,0) AS c`,
    ],
    [
      'decimals of other scales',
      `SELECT 12.5::DECIMAL(10,1) AS a, 7::BIGINT AS b`,
      `SELECT 12.500::DECIMAL(38,3) AS a, 7.00::DECIMAL(18,2) AS b`,
    ],
    [
      'decimals that none of 38 digits holds together',
      `SELECT 120::HUGEINT AS a, 0::HUGEINT AS b, -3.10::DECIMAL(38,2) AS c`,
      `SELECT 120.000::DECIMAL(38,3) AS a, 0.00::DECIMAL(38,2) AS b, -3.1000000000::DECIMAL(38,10) AS c`,
    ],
    [
      'timestamps with a zone and without, in microseconds',
      `SELECT TIMESTAMP '2024-01-31 12:00:00.123456' AS a`,
      `SELECT TIMESTAMP_NS '2024-01-31 12:00:00.123456' AS a`,
    ],
    [
      'nested values of other widths',
      `SELECT [1, NULL]::INTEGER[] AS a, {'x': 1::INTEGER, 'y': 'z'} AS b`,
      `SELECT [1, NULL]::BIGINT[] AS a, {'x': 1::BIGINT, 'y': 'z'} AS b`,
    ],
    ['maps in another order', `SELECT MAP {'a': 1, 'b': 2} AS m`, `SELECT MAP {'b': 2, 'a': 1} AS m`],
    ['an enum and a text', `SELECT 'low'::ENUM('low', 'high') AS a`, `SELECT 'low' AS a`],
    [
      'columns of SQL’s own names',
      `SELECT 1 AS rowid, 2 AS n, 3 AS "c0", 4 AS "a b"`,
      `SELECT 1 AS rowid, 2 AS n, 3 AS "c0", 4 AS "a b"`,
    ],
    ['names that differ in case', `SELECT 1 AS Total`, `SELECT 1 AS total`],
  ])('%s', async (_, here, there) => {
    const found = await compare(here, there);
    expect(found).toMatchObject({differences: [], close: 0});
    expect(isEqual(found)).toBe(true);
  });

  test.each<[string, string]>([
    ['1e300::DOUBLE', '1e300::DOUBLE * (1 + 9e-10)'],
    ['1::DOUBLE', '1::DOUBLE - 9.99e-10'],
    ['-1e-3::DOUBLE', '-1e-3::DOUBLE - 9e-13'],
    ['0::DOUBLE', '9.9e-13::DOUBLE'],
    ['-5e-13::DOUBLE', '4e-13::DOUBLE'],
    ['0.1::DOUBLE + 0.2', '0.3::DOUBLE'],
    ['[1::DOUBLE, NULL]', '[1::DOUBLE + 1e-10, NULL]'],
    [`{'x': 0.3::DOUBLE, 'y': 'a'}`, `{'x': 0.1::DOUBLE + 0.2, 'y': 'a'}`],
    [`MAP {'p': 1::DOUBLE, 'q': 2}`, `MAP {'q': 2::DOUBLE, 'p': 1 + 1e-10}`],
  ])('%s and %s are within the tolerances', async (a, b) => {
    const found = await compare(`SELECT 'k' AS k, ${a} AS v`, `SELECT 'k' AS k, ${b} AS v`);
    expect(isEqual(found)).toBe(true);
    expect(found.close).toBe(1);
  });
});

describe('different', () => {
  test.each<[string, string]>([
    ['1::DOUBLE', '1::DOUBLE + 1.1e-9'],
    ['0::DOUBLE', '1.1e-12::DOUBLE'],
    ['1e308::DOUBLE', '-1e308::DOUBLE'],
    [`'inf'::DOUBLE`, '1e308::DOUBLE'],
    [`'nan'::DOUBLE`, 'NULL::DOUBLE'],
    [`'nan'::DOUBLE`, '0::DOUBLE'],
    ['NULL::DOUBLE', '0::DOUBLE'],
    ['NULL::INTEGER', '0'],
    ['1.10::DECIMAL(4,2)', '1.1000001::DECIMAL(10,7)'],
    [`''`, 'NULL::VARCHAR'],
    [`'a'`, `'a '`],
    [`TIMESTAMP '2024-01-31 12:00:00.123456'`, `TIMESTAMP '2024-01-31 12:00:00.123457'`],
    ['[1::DOUBLE]', '[1::DOUBLE, NULL]'],
    ['[1::DOUBLE, 2]', '[2::DOUBLE, 1]'],
    ['[]::DOUBLE[]', 'NULL::DOUBLE[]'],
    [`MAP {'p': 1::DOUBLE}`, `MAP {'p': 1.1::DOUBLE}`],
    [`{'x': []::INTEGER[]}`, `{'x': NULL::INTEGER[]}`],
    [`{'x': NULL::INTEGER}`, `NULL::STRUCT(x INTEGER)`],
    [`['NULL']`, `[NULL]::VARCHAR[]`],
  ])('%s and %s', async (a, b) => {
    const found = await compare(`SELECT 'k' AS k, ${a} AS v`, `SELECT 'k' AS k, ${b} AS v`);
    expect(found).toMatchObject({differences: [], close: 0});
    expect(counts(found)).toEqual([0, 0, 1]);
    expect(found.changed.perColumn).toEqual({k: 0, v: 1});
    expect(found.changed.columns.map(({name}) => name)).toEqual(['k', 'v here', 'v in Spark']);
  });

  test('rows count as often as they are there', async () => {
    const found = await compare(values('a', '(1), (1), (1), (2)'), values('a', '(1), (2), (2), (3)'));
    expect(found.onlyHere.rows.length + found.changed.count).toBe(2);
    expect(counts(await compare(values('a, b', '(1, 1), (1, 1), (2, 2)'), values('a, b', '(1, 1), (2, 2)')))).toEqual([
      1, 0, 0,
    ]);
  });

  test('a table that lacks rows, has others and changed ones', async () => {
    const here = `SELECT i AS id, 'sensor ' || i % 3 AS sensor, i / 7 AS v FROM range(100) r(i)`;
    const found = await compare(
      here,
      `SELECT id, sensor, CASE WHEN id % 25 = 3 THEN v + 1 ELSE v END AS v FROM (${here}) WHERE id <> 50 UNION ALL SELECT 900, 'sensor 9', 1`,
    );
    expect(counts(found)).toEqual([1, 1, 4]);
    expect(found.onlyHere.rows.map(([key]) => Number(key))).toEqual([50]);
    expect(found.onlyThere.rows.map(([key]) => Number(key))).toEqual([900]);
    expect(found.changed.perColumn).toEqual({id: 0, sensor: 0, v: 4});
    expect(found.changed.rows.map(([key]) => Number(key))).toEqual([3, 28, 53, 78]);
  });

  test('values that are swapped between rows are found row by row', async () => {
    const found = await compare(
      values('id, x, y', `(1, 'a', 5), (2, 'b', 6), (3, 'c', 7)`),
      values('id, x, y', `(1, 'b', 5), (2, 'a', 6), (3, 'c', 7)`),
    );
    expect(counts(found)).toEqual([0, 0, 2]);
    expect(found.changed.perColumn).toEqual({id: 0, x: 2, y: 0});
  });

  test('columns that are missing, more, of another kind or in another order are named', async () => {
    const found = await compare(
      `SELECT 1 AS a, 'x' AS b, 2 AS gone, 1.5::DOUBLE AS f`,
      `SELECT 'x' AS b, '1' AS a, 1.5::DECIMAL(3,1) AS f, true AS new`,
    );
    expect(found.differences).toEqual([
      {column: 'a', table: 'INTEGER', rows: 'VARCHAR'},
      {column: 'gone', table: 'INTEGER', rows: null},
      {column: 'f', table: 'DOUBLE', rows: 'DECIMAL(3,1)'},
      {column: 'new', table: null, rows: 'BOOLEAN'},
    ]);
    expect(found.reordered).toBe(true);
    expect(counts(found)).toEqual([0, 0, 0]);
  });

  test('without a column in common rows are only counted', async () => {
    expect(await compare('SELECT 1 AS a', 'SELECT 1 AS b UNION ALL SELECT 2')).toMatchObject({
      rows: 1,
      rowsThere: 2,
      differences: [{column: 'a'}, {column: 'b'}],
    });
  });

  test('no more than the first hundred rows are given', async () => {
    const found = await compare('SELECT i FROM range(300) r(i)', 'SELECT i FROM range(0) r(i)');
    expect([found.onlyHere.count, found.onlyHere.rows.length]).toEqual([300, 100]);
  });
});

describe('floating point', () => {
  test('each row is equal to one other row: three near ones and two leave one over', async () => {
    const found = await compare(
      values('k, v', `('a', 1.0::DOUBLE), ('a', 1.0), ('a', 1.0)`),
      values('k, v', `('a', 1.0::DOUBLE + 1e-12), ('a', 1.0 - 1e-12)`),
    );
    expect(counts(found)).toEqual([1, 0, 0]);
    expect(found.close).toBe(2);
  });

  test('noise in two columns of 5,000 rows without a key, with a row too many, leaves that row over', async () => {
    const here = `SELECT 's' || i % 4 AS sensor, sin(i) * 10 ** (i % 9 - 4) AS a, cos(i * 3) AS b FROM range(5000) r(i)`;
    const noise = (column: string): string => `${column} * (1 + (hash(${column}) % 1000) * 9e-13)`;
    const found = await compare(
      here,
      `SELECT sensor, ${noise('a')} AS a, ${noise('b')} AS b FROM (${here}) UNION ALL SELECT 's1', 77, 77`,
    );
    expect(counts(found)).toEqual([0, 1, 0]);
    expect(found.close).toBeGreaterThan(4900);
  });

  test('differences just below the tolerance are equal wherever the steps of the scale are', async () => {
    const here = `SELECT exp(i / 50.0) * 1e-9 AS v FROM range(3000) r(i)`;
    expect(counts(await compare(here, `SELECT v + greatest(9e-13, v * 9e-10) AS v FROM (${here})`))).toEqual([0, 0, 0]);
    const found = await compare(here, `SELECT v + greatest(1.1e-12, v * 1.1e-9) AS v FROM (${here}) WHERE v > 1e-6`);
    expect(found.close).toBe(0);
  });
});

describe('clusters', () => {
  const points = (numbers: string): string => `SELECT i AS id, sin(i) AS x, ${numbers} AS cluster FROM range(90) r(i)`;
  test('are equal up to their numbers', async () => {
    const found = await compare(points('(i % 3)::INTEGER'), points('((i + 1) % 3)::INTEGER'), {
      column: 'cluster',
      distance: 'distance',
    });
    expect(isEqual(found)).toBe(true);
    expect(found.renumbered).toEqual([
      [0, 1],
      [1, 2],
      [2, 0],
    ]);
  });
  test('that put a row elsewhere differ in it', async () => {
    const found = await compare(
      points('(i % 3)::INTEGER'),
      points('CASE WHEN i = 44 THEN (i % 3)::INTEGER ELSE ((i + 1) % 3)::INTEGER END'),
      {
        column: 'cluster',
        distance: 'distance',
      },
    );
    expect(counts(found)).toEqual([0, 0, 1]);
    expect(found.changed.rows[0]?.[0]).toBe(44n);
  });
  test('that are two here and one there differ', async () => {
    expect(
      counts(await compare(points('(i % 2)::INTEGER'), points('0'), {column: 'cluster', distance: 'distance'})),
    ).toEqual([0, 0, 45]);
  });
  test('count as numbers in any other table', async () => {
    expect(isEqual(await compare(points('(i % 3)::INTEGER'), points('((i + 1) % 3)::INTEGER')))).toBe(false);
  });
});

test('nothing of a comparison stays in the engine, after a failure neither', async () => {
  const left = async (): Promise<unknown> =>
    (await engine.rows(sql`SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'same_rows_%'`)).rows;
  await compare(values('a, b', '(1, 1.5::DOUBLE), (2, 2)'), values('a, b', '(1, 1.6::DOUBLE), (3, 2)'));
  expect(await left()).toEqual([]);
  const [here, there] = [await side('SELECT 1 AS a'), await side('SELECT 2 AS a')];
  const abort = new AbortController();
  const stopped: EnginePort = {
    ...engine,
    execute: (statements, call) => {
      if (statements.some((statement) => statement.includes('_paired'))) abort.abort();
      return engine.execute(statements, call);
    },
  };
  await expect(compareRows(stopped, here, there, {signal: abort.signal})).rejects.toMatchObject({
    problem: {code: 'CANCELLED'},
  });
  expect(await left()).toEqual([]);
});
