import {describe, expect, it} from 'vitest';
import {isoTime, lakeReads} from '../../../../src/sql/lake.ts';

const read = (query: string) => {
  const found = lakeReads(query);
  if (!found.ok) throw new Error(found.error.code);
  return found.value;
};
const text = (query: string): string => read(query).text;

describe('tables of the lake in a query', () => {
  it.each([
    ['FROM lake.readings', 'FROM "lake.readings" AS readings'],
    ['FROM lake.readings r', 'FROM "lake.readings" r'],
    ['FROM lake.readings AS r WHERE r.x > 1', 'FROM "lake.readings" AS r WHERE r.x > 1'],
    ['FROM r: lake.readings', 'FROM r: "lake.readings"'],
    ['select * from LAKE.Readings where x', 'select * from "lake.readings" AS "Readings" where x'],
    ['FROM "lake"."My table"', 'FROM "lake.my table" AS "My table"'],
    ['FROM lake.readings AT (VERSION => 3)', 'FROM "lake.readings AT (VERSION => 3)" AS readings'],
    ['FROM lake.readings at (version=>3) x', 'FROM "lake.readings AT (VERSION => 3)" x'],
    ['FROM lake.readings VERSION AS OF 3', 'FROM "lake.readings AT (VERSION => 3)" AS readings'],
    ['FROM lake.readings FOR SYSTEM_VERSION AS OF 3', 'FROM "lake.readings AT (VERSION => 3)" AS readings'],
    [
      "FROM lake.readings AT (TIMESTAMP => '2024-01-31 12:00')",
      `FROM "lake.readings AT (TIMESTAMP => '2024-01-31T12:00:00.000Z')" AS readings`,
    ],
    [
      "FROM lake.readings AT (TIMESTAMP => TIMESTAMP '2024-01-31')",
      `FROM "lake.readings AT (TIMESTAMP => '2024-01-31T00:00:00.000Z')" AS readings`,
    ],
    [
      "FROM lake.readings AT (TIMESTAMP => '2024-01-31'::TIMESTAMP)",
      `FROM "lake.readings AT (TIMESTAMP => '2024-01-31T00:00:00.000Z')" AS readings`,
    ],
    [
      "FROM lake.readings TIMESTAMP AS OF '2024-01-31T12:00:00+02:00' r",
      `FROM "lake.readings AT (TIMESTAMP => '2024-01-31T10:00:00.000Z')" r`,
    ],
    [
      'FROM cell, lake.a JOIN lake.b USING (x), lake.c',
      'FROM cell, "lake.a" AS a JOIN "lake.b" AS b USING (x), "lake.c" AS c',
    ],
    [
      'SELECT * FROM (lake.a JOIN lake.b ON a.x = b.x)',
      'SELECT * FROM ("lake.a" AS a JOIN "lake.b" AS b ON a.x = b.x)',
    ],
    ['SELECT (SELECT max(x) FROM lake.a) FROM t', 'SELECT (SELECT max(x) FROM "lake.a" AS a) FROM t'],
    [
      'WITH old AS (FROM lake.a AT (VERSION => 0)) FROM lake.a EXCEPT FROM old',
      'WITH old AS (FROM "lake.a AT (VERSION => 0)" AS a) FROM "lake.a" AS a EXCEPT FROM old',
    ],
    ['SUMMARIZE lake.a', 'SUMMARIZE "lake.a"'],
    ['PIVOT lake.a ON x USING sum(y)', 'PIVOT "lake.a" ON x USING sum(y)'],
    ['SELECT lake.a.x FROM lake.a', 'SELECT a.x FROM "lake.a" AS a'],
    ['FROM /* the table */ lake . a -- here', 'FROM /* the table */ "lake.a" AS a -- here'],
  ])('%s', (query, expected) => expect(text(query)).toBe(expected));

  it.each([
    "SELECT 'FROM lake.readings' FROM t",
    '-- FROM lake.readings\nFROM t',
    'SELECT lake.readings FROM lake',
    'SELECT a, lake.readings FROM lake WHERE lake.x > 1 ORDER BY lake.y, lake.z',
    'SELECT * FROM lake JOIN b ON lake.id = b.id',
    'SELECT extract(year FROM lake.time) FROM lake',
    "SELECT trim(BOTH 'x' FROM lake.name) FROM lake",
    'SELECT a IS NOT DISTINCT FROM lake.b FROM lake',
    'FROM lake SELECT [lake.a, lake.b]',
    'FROM lake, unnest(lake.items)',
    'FROM other.lake.x',
    'FROM lake.function_of_it(3)',
    'FROM t GROUP BY a, lake.b',
    'FROM (VALUES (1, 2), (lake.a, 3))',
  ])('is left alone: %s', (query) => expect(read(query)).toEqual({text: query, reads: []}));

  it('reads one version once', () =>
    expect(
      read('FROM lake.A AT (VERSION => 1) JOIN lake.a VERSION AS OF 1 b USING (x) JOIN lake.a c USING (x)').reads,
    ).toEqual([
      {table: 'a', at: {version: 1}, name: 'lake.a AT (VERSION => 1)'},
      {table: 'a', name: 'lake.a'},
    ]));

  it.each([
    ['FROM lake.a AT (VERSION => x)', 'LAKE_AT_NOT_A_LITERAL'],
    ['FROM lake.a AT (VERSION => 1 + 1)', 'LAKE_AT_NOT_A_LITERAL'],
    ['FROM lake.a AT (VERSION => -1)', 'LAKE_AT_NOT_A_LITERAL'],
    ['FROM lake.a AT (VERSION => 1.5)', 'LAKE_AT_NOT_A_LITERAL'],
    ['FROM lake.a AT (TIMESTAMP => now())', 'LAKE_AT_NOT_A_LITERAL'],
    ['FROM lake.a AT (3)', 'LAKE_AT_NOT_A_LITERAL'],
    ['FROM lake.a AT (VERSION', 'LAKE_AT_NOT_A_LITERAL'],
    ["FROM lake.a TIMESTAMP AS OF 'yesterday'", 'LAKE_AT_NOT_A_TIME'],
    ["FROM lake.a AT (TIMESTAMP => '2024-02-31')", 'LAKE_AT_NOT_A_TIME'],
    ["FROM 'lake", 'SQL_UNFINISHED'],
  ])('%s is %s', (query, code) => {
    const found = lakeReads(query);
    expect(found.ok ? undefined : found.error.code).toBe(code);
  });
});

describe('isoTime', () => {
  it.each([
    ['2024-01-31', '2024-01-31T00:00:00.000Z'],
    ['2024-01-31 12:34', '2024-01-31T12:34:00.000Z'],
    ['2024-01-31 12:34:56.123456', '2024-01-31T12:34:56.123Z'],
    ['2024-01-31T12:34:56Z', '2024-01-31T12:34:56.000Z'],
    ['2024-01-31 23:30:00-01:30', '2024-02-01T01:00:00.000Z'],
    ['2024-01-31 25:00', undefined],
    ['', undefined],
  ])('%s', (given, expected) => expect(isoTime(given)).toBe(expected));
});
