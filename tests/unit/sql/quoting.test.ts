import fc from 'fast-check';
import {beforeAll, expect, test} from 'vitest';
import type {DuckDBConnection} from '@duckdb/node-api';
import {checkExpression, checkQuery, identifiers, tokens} from '../../../src/sql/lexer.ts';
import {tablesRead, withTablesRenamed} from '../../../src/sql/table-places.ts';
import {double, expression, id, lit, query, sql, typeName} from '../../../src/sql/sql.ts';
import {openDuckDB} from '../steps/native.ts';

let duckdb: DuckDBConnection;
beforeAll(async () => {
  duckdb = await openDuckDB();
});

// DuckDB takes any text but NUL in names and literals.
const text = fc.string({unit: 'binary', maxLength: 40}).filter((value) => !/[\0\p{Cs}]/u.test(value));
const nasty = fc.oneof(
  text,
  fc.string({unit: fc.constantFrom("'", '"', '\\', ';', '--', '/*', '$$', '\n', ' ', 'a', 'é', '雪')}),
);

async function single(query: string): Promise<{name: string | undefined; value: unknown}> {
  const reader = await duckdb.runAndReadAll(query);
  return {name: reader.columnNames()[0], value: reader.getRowsJS()[0]?.[0]};
}

test('any text comes back from a literal as it went in', async () => {
  await fc.assert(
    fc.asyncProperty(nasty, async (value) => {
      expect((await single(sql`SELECT ${lit(value)}`)).value).toBe(value);
    }),
  );
});

test('any name comes back from an identifier as it went in', async () => {
  const names = nasty.filter((name) => name !== '');
  await fc.assert(
    fc.asyncProperty(names, async (name) => {
      expect((await single(sql`SELECT 1 AS ${id(name)}`)).name).toBe(name);
    }),
  );
});

test('every keyword of DuckDB can be the name of a column', async () => {
  const keywords = (await duckdb.runAndReadAll('SELECT keyword_name FROM duckdb_keywords()'))
    .getRowsJS()
    .map(([name]) => name as string); // the cast: names are text
  expect(keywords.length).toBeGreaterThan(400);
  const misread: string[] = [];
  for (const name of keywords) {
    const column = id(name);
    const query = sql`SELECT ${column}, t.${column}, ${column} + 1 AS ${column} FROM (SELECT 7 AS ${column}) AS t WHERE ${column} = 7 AND t.${column} > 0 GROUP BY ${column} ORDER BY ${column}`;
    const reader = await duckdb.runAndReadAll(query).catch(() => undefined);
    if (reader?.columnNames()[0] !== name || reader.getRowsJS()[0]?.[0] !== 7) misread.push(name);
  }
  expect(misread).toEqual([]);
});

test('numbers keep every digit', async () => {
  // Most doubles have an exponent; those a reader writes have none.
  const written = fc
    .tuple(fc.double({noNaN: true, min: -1, max: 1}), fc.integer({min: -5, max: 21}))
    .map(([value, power]) => value * 10 ** power);
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.double(), written), async (value) => {
      // −0 and 0 are one number in SQL.
      const expected = value === 0 ? 0 : value;
      expect((await single(sql`SELECT ${double(value)}`)).value).toEqual(expected);
      expect((await single(sql`SELECT ${lit(value)}::DOUBLE`)).value).toEqual(expected);
    }),
    {numRuns: 1000},
  );
  // A whole number beside a BIGINT is none of the DOUBLEs that both would be the same as.
  expect(
    (
      await single(
        sql`SELECT 9007199254740993 > ${lit(9007199254740992)} AND ${lit(69459907459899830000)} = 69459907459899826176`,
      )
    ).value,
  ).toBe(true);
  await fc.assert(
    fc.asyncProperty(fc.bigInt({min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n}), async (value) => {
      expect((await single(sql`SELECT ${lit(value)}::BIGINT`)).value).toBe(value);
    }),
  );
  expect((await single(sql`SELECT ${lit(Number.NaN)}`)).value).toBeNaN();
  expect((await single(sql`SELECT ${lit(Number.NEGATIVE_INFINITY)}`)).value).toBe(Number.NEGATIVE_INFINITY);
});

test('the lexer reads literals and identifiers as DuckDB does', () => {
  fc.assert(
    fc.property(nasty, nasty, (value, name) => {
      const found = tokens(`${lit(value)} ${sql`${id(`${name} `)}`}`);
      expect(found.ok && found.value.map((token) => [token.type, token.text])).toEqual([
        ['string', value],
        ['identifier', `${name} `],
      ]);
    }),
  );
});

test('an expression that is accepted stays inside its parentheses', async () => {
  const pieces = fc.array(
    fc.constantFrom('1', ' ', ')', '(', "'", '"', '--', '/*', '*/', ';', ',', '+', 'a', '\n', '$$', '[', ']'),
    {maxLength: 12},
  );
  await fc.assert(
    fc.asyncProperty(pieces, async (list) => {
      const written = list.join('');
      if (!checkExpression(written).ok) return;
      // Whatever it means, DuckDB reads the text around it as ours: one statement, ending in our own column.
      const query = sql`SELECT ${expression(written)} AS x, 42 AS mine FROM (SELECT 1 AS a)`;
      const counted = await duckdb.extractStatements(query).catch(() => undefined);
      if (counted === undefined) return;
      expect(counted.count).toBe(1);
      const reader = await duckdb.runAndReadAll(query).catch(() => undefined);
      if (reader !== undefined) expect(reader.columnNames().at(-1)).toBe('mine');
    }),
    {numRuns: 500},
  );
});

test.each([
  ['temperature > 28', true],
  ["name = 'it''s; fine' -- a remark", true],
  ['x); DROP TABLE t; --', false],
  ['x > 1; SELECT 2', false],
  ['(x', false],
  ["'open", false],
  ['', false],
])('expression %j is accepted: %s', (written, accepted) => {
  expect(checkExpression(written).ok).toBe(accepted);
});

test.each([
  ['SELECT 1;', true],
  ['from t', true],
  ['(SELECT 1) UNION ALL (SELECT 2)', true],
  ['SELECT 1; SELECT 2', false],
  ['DROP TABLE t', false],
  ['SUMMARIZE t', true],
  ['WITH x AS (SELECT 1) SELECT * FROM x', true],
  ['WITH RECURSIVE x(a) USING KEY (a) AS MATERIALIZED (SELECT 1), y AS (FROM x) (FROM y)', true],
  ['(WITH x AS (SELECT 1) FROM x) UNION ALL (SELECT 2)', true],
  ['WITH x AS (SELECT 1) DELETE FROM t', false],
  ['WITH x(a) AS (SELECT 1), "delete" AS (FROM x) INSERT INTO t FROM x', false],
  ['WITH x AS (SELECT 1) WITH y AS (SELECT 2) UPDATE t SET a = 1', false],
  ['', false],
])('query %j is accepted: %s', (written, accepted) => {
  expect(checkQuery(written).ok).toBe(accepted);
});

test('a query reads the tables that it names, compared without case, and no column, alias or text of that name', () => {
  const names = ['readings', 'hourly', 'typed', 'raw', 'read', 'select', 'from'];
  const cases: Record<string, string[]> = {
    [`SELECT r.hourly, 'not typed' FROM Readings r -- raw`]: ['readings'],
    [`FROM 'raw' UNION ALL FROM query_table('Typed')`]: ['typed', 'raw'],
    'SELECT raw, hourly AS typed FROM read': ['read'],
    'FROM read AS raw JOIN (typed) t USING (hourly)': ['typed', 'read'],
    'SELECT * FROM read, raw WHERE typed IN (SELECT hourly FROM readings)': ['readings', 'raw', 'read'],
    'SELECT extract(year FROM raw), a IS DISTINCT FROM typed FROM hourly': ['hourly'],
    'WITH x AS (FROM raw) PIVOT x ON typed USING sum(hourly)': ['raw'],
    'SUMMARIZE raw': ['raw'],
    '(FROM raw) UNION (TABLE typed)': ['typed', 'raw'],
    [`SELECT 'raw' FROM range(3) r: hourly`]: [],
    [`FROM r: hourly SELECT r.raw`]: ['hourly'],
    'SELECT * FROM (SELECT * FROM raw)': ['raw'],
    'FROM (FROM raw) JOIN (WITH x AS (FROM typed) FROM x) USING (id)': ['typed', 'raw'],
    'SELECT * FROM (FROM (SELECT select FROM "select"))': ['select'],
    'FROM (VALUES (1)) v, LATERAL (SELECT * FROM hourly)': ['hourly'],
  };
  for (const [query, read] of Object.entries(cases)) expect(tablesRead(query, names), query).toEqual(read);
  expect(identifiers(`typed = 'raw'`, names)).toEqual(['typed']);
});

test.each([
  'SUMMARIZE t -- a remark',
  'DESCRIBE t;',
  'SHOW t',
  '-- a remark\nsummarize SELECT 1 AS a',
  '(SUMMARIZE t)',
  'SELECT 1; -- done',
  "SELECT ';'",
  'WITH x AS (FROM t) FROM x',
])('the query %j makes a table and stands in parentheses', async (text) => {
  await duckdb.run('CREATE OR REPLACE TABLE t AS SELECT 1 AS a; DROP TABLE IF EXISTS made');
  expect(checkQuery(text).ok).toBe(true);
  await duckdb.run(`CREATE TABLE made AS ${query(text)}`);
  expect((await duckdb.runAndReadAll(`FROM (${query(text)}\n)`)).getRowsJS()).toHaveLength(1);
});

test('a type may have fields of any name, and nothing outside of their quotes', async () => {
  await fc.assert(
    fc.asyncProperty(
      nasty.filter((name) => name !== ''),
      async (name) => {
        const type = `STRUCT(${id(name)} DECIMAL(5,2)[], m MAP(VARCHAR, TIMESTAMP))`;
        expect(
          (await single(sql`SELECT typeof(CAST(NULL AS ${typeName(type)})) = typeof(CAST(NULL AS ${typeName(type)}))`))
            .value,
        ).toBe(true);
      },
    ),
  );
  for (const text of ['INTEGER; DROP TABLE t', 'STRUCT("a; b INTEGER)', "VARCHAR')", 'STRUCT("a" INTEGER)"', ''])
    expect(() => typeName(text)).toThrow('Not a type');
});

test('what passes for one query is one statement to DuckDB, whatever quotes and comments it holds', async () => {
  const pieces = [
    "'",
    '"',
    '\\',
    ';',
    '--',
    '/*',
    '*/',
    '$$',
    '$a$',
    '$é$',
    '$1$',
    'E',
    "e'",
    "U&'",
    '\r',
    '\n',
    '\u2028',
    '\u00a0',
    '\u200b',
    '\u1680',
    '😀',
    ' ',
    'x',
    '1',
    '(',
    ')',
    '/',
    '-',
  ];
  const hostile = fc.string({unit: fc.constantFrom(...pieces), maxLength: 25});
  const statements = async (query: string): Promise<number> => {
    try {
      return (await duckdb.extractStatements(query)).count;
    } catch {
      // What DuckDB can't parse does nothing.
      return 0;
    }
  };
  const known = [
    "1 /* it's */ AS a\u00a0$$; SELECT 2; SELECT 3 -- $$",
    "E'\\'' AS a\u3000$$; SELECT 2 -- $$",

    '\u2028$$; SELECT 2 -- $$',
    '😀$$; SELECT 2 -- $$',
    `${'x'.repeat(256)}$$; SELECT 2 -- $$`,
    "E'\\'' AS a; SELECT 2 -- '",
    '1 -- x\r; SELECT 3',
    "$é$ ' $é$ ; SELECT 1 -- '",
    "1 /* /* */ ' */ ; SELECT 2 -- '",
  ];
  for (const rest of known)
    expect(checkQuery(`SELECT ${rest}`).ok && (await statements(query(`SELECT ${rest}`))) > 1).toBe(false);
  await fc.assert(
    fc.asyncProperty(hostile, hostile, async (before, after) => {
      const text = `SELECT 1 ${before}; SELECT 2 ${after}`;
      if (checkQuery(text).ok) expect(await statements(query(text))).toBeLessThan(2);
    }),
    {numRuns: 20000},
  );
});

test('a renamed table is renamed where a query reads it and where it qualifies a column, and columns of that name stay', () => {
  const nameOf = (name: string) => ({raw: 'bronze', raw_rejects: 'bronze_rejects'})[name.toLowerCase()];
  const renamed = (query: string) => withTablesRenamed(query, nameOf);
  expect(renamed('SELECT raw FROM raw_rejects')).toBe('SELECT raw FROM bronze_rejects');
  expect(renamed('SELECT raw.t, raw FROM Raw JOIN x ON raw.id = x.raw')).toBe(
    'SELECT bronze.t, raw FROM bronze JOIN x ON bronze.id = x.raw',
  );
  expect(renamed('SELECT raw.t FROM other AS raw')).toBe('SELECT raw.t FROM other AS raw');
  expect(renamed('SELECT raw.t FROM raw r, raw_rejects raw')).toBe('SELECT raw.t FROM bronze r, bronze_rejects raw');
});
