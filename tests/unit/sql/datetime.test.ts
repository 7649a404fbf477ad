import type {DuckDBConnection} from '@duckdb/node-api';
import fc from 'fast-check';
import {beforeAll, describe, expect, test} from 'vitest';
import {formatPattern, parsePattern, readTime} from '../../../src/sql/datetime.ts';
import {join, lit, sql} from '../../../src/sql/sql.ts';
import {unwrap} from '../../../src/lib/problem.ts';
import {openDuckDB} from '../steps/native.ts';

let duckdb: DuckDBConnection;
beforeAll(async () => {
  duckdb = await openDuckDB();
});

/** Texts read by a pattern, together in one column: what one row holds must not change the next. */
async function read(pattern: string, texts: readonly string[]): Promise<(string | null)[]> {
  const rows = join(texts.map((text) => sql`(${lit(text)})`));
  const reader = await duckdb.runAndReadAll(
    sql`SELECT ${readTime(sql`v`, unwrap(parsePattern(pattern)))}::VARCHAR FROM (VALUES ${rows}) t(v)`,
  );
  // The cast: the column is text.
  return reader.getRowsJS().map(([value]) => value as string | null);
}

describe('texts that Spark reads by a pattern', () => {
  test.each<[pattern: string, text: string, time: string]>([
    ["yyyy-MM-dd'T'HH:mm:ss", '2024-02-29T23:59:58', '2024-02-29 23:59:58'],
    ['yyyy-MM-dd HH:mm:ss.SSS', '2024-02-01 10:00:00.123', '2024-02-01 10:00:00.123'],
    ['yyyy-MM-dd HH:mm:ss.SSSSSS', '2024-02-01 10:00:00.5', '2024-02-01 10:00:00.5'],
    ['yyyy-MM-dd HH:mm:ss[.SSS]', '2024-02-01 10:00:00', '2024-02-01 10:00:00'],
    ["yyyy-MM-dd'T'HH:mm:ssXXX", '2024-02-01T10:00:00+05:30', '2024-02-01 04:30:00'],
    ["yyyy-MM-dd'T'HH:mm:ssXXX", '2024-02-01T10:00:00Z', '2024-02-01 10:00:00'],
    ["yyyy-MM-dd'T'HH:mm:ssXX", '2024-02-01T10:00:00-0230', '2024-02-01 12:30:00'],
    ["yyyy-MM-dd'T'HH:mm:ssX", '2024-02-01T10:00:00+02', '2024-02-01 08:00:00'],
    ["yyyy-MM-dd'T'HH:mm:ssx", '2024-02-01T10:00:00+02', '2024-02-01 08:00:00'],
    ['yyyy-MM-dd HH:mm:ss Z', '2024-02-01 10:00:00 -0100', '2024-02-01 11:00:00'],
    ["yyyy-MM-dd'Z'HH:mmXXX", '2024-02-01Z10:00Z', '2024-02-01 10:00:00'],
    ['dd.MM.yyyy HH:mm', '01.02.2024 18:05', '2024-02-01 18:05:00'],
    ['d/M/yyyy', '1/2/2024', '2024-02-01 00:00:00'],
    ['d/M/yyyy', '11/12/2024', '2024-12-11 00:00:00'],
    ['dd/MM/yy', '01/02/75', '2075-02-01 00:00:00'],
    ['dd/MM/yy', '01/02/24', '2024-02-01 00:00:00'],
    ['MM/dd/yyyy hh:mm a', '02/01/2024 12:30 AM', '2024-02-01 00:30:00'],
    ['MM/dd/yyyy h:mm a', '02/01/2024 1:05 PM', '2024-02-01 13:05:00'],
    ['dd MMM yyyy', '01 Feb 2024', '2024-02-01 00:00:00'],
    ['d MMMM yyyy', '1 February 2024', '2024-02-01 00:00:00'],
    ['EEE, dd MMM yyyy', 'Thu, 01 Feb 2024', '2024-02-01 00:00:00'],
    ['yyyyDDD', '2024060', '2024-02-29 00:00:00'],
    ['yyyyMMddHHmmss', '20240201100203', '2024-02-01 10:02:03'],
    ['HH.mm.ss', '18.00.00', '1970-01-01 18:00:00'],
    ["yyyy-MM-dd HH 'o''clock'", "2024-02-01 10 o'clock", '2024-02-01 10:00:00'],
    ["yyyy-MM-dd '100%'", '2024-02-01 100%', '2024-02-01 00:00:00'],
  ])('%s reads %s', async (pattern, text, time) => {
    expect(await read(pattern, [text])).toEqual([time]);
  });
});

test.each<[pattern: string, text: string]>([
  ['yyyy-MM-dd', '2024-02-30'],
  ['yyyy-MM-dd', '2024-2-1'],
  ['yyyy-MM-dd', ''],
  ['yyyy-MM-dd', '2024-02-01 10:00'],
  ['yyyy-MM-dd HH:mm', '2024-02-01 24:30'],
  ['yyyy-MM-dd hh:mm a', '2024-02-01 13:30 PM'],
  ["yyyy-MM-dd'T'HH:mm:ssXXX", '2024-02-01T10:00:00'],
])('%s gives NULL for %j, as Spark does', async (pattern, text) => {
  expect(await read(pattern, [text])).toEqual([null]);
});

test('an offset of one row is not carried on to the next', async () => {
  const texts = [
    '2024-02-01T10:00:00+02:00',
    '2024-02-01T10:00:00Z',
    '2024-02-01T10:00:00-01:00',
    '2024-02-01T10:00:00',
  ];
  expect(await read("yyyy-MM-dd'T'HH:mm:ss[XXX]", texts)).toEqual([
    '2024-02-01 08:00:00',
    '2024-02-01 10:00:00',
    '2024-02-01 11:00:00',
    '2024-02-01 10:00:00',
  ]);
});

test.each<[pattern: string, names: RegExp]>([
  ['yyyy-MM-dd VV', /VV/],
  ['yyyy-ww', /ww/],
  ['QQQ yyyy', /QQQ/],
  ['yyyy-MM-dd HH:mm:ss.SSSSSSSSS', /9 digits/],
  ["yyyy-MM-dd'T", /quote/],
  ['yyyy-MM-dd]', /\]/],
  ['[yyyy', /\[/],
  ['', /empty/],
  ['KK:mm', /KK/],
])('the pattern %j is refused by name', (pattern, names) => {
  const parsed = parsePattern(pattern);
  expect(parsed.ok).toBe(false);
  if (!parsed.ok)
    expect(parsed.error).toMatchObject({code: 'DATETIME_PATTERN', message: expect.stringMatching(names) as string});
});

test('what is written by a pattern is read by it again', async () => {
  const patterns = fc.constantFrom(
    "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX",
    'dd/MM/yyyy hh:mm:ss.SSSSSS a',
    'yyyyDDD HHmmss.SSSSSS',
    'd. MMMM yyyy H:m:s.SSSSSS',
    'EEEE, MMM d yyyy HH:mm:ss.SSSSSS Z',
  );
  const micros = fc.bigInt({min: 0n, max: 4_102_444_800_000_000n});
  await fc.assert(
    fc.asyncProperty(patterns, micros, async (pattern, at) => {
      const written = sql`strftime(make_timestamp(${lit(at)}), ${lit(unwrap(formatPattern(pattern)))})`;
      const reader = await duckdb.runAndReadAll(
        sql`SELECT epoch_us(${readTime(sql`v`, unwrap(parsePattern(pattern)))}) FROM (SELECT ${written} AS v)`,
      );
      expect(reader.getRowsJS()).toEqual([[at]]);
    }),
  );
});

test.each<[pattern: string, text: string]>([
  ["yyyy-MM-dd'T'HH:mm:ss.SSSXXX", '2024-02-01T13:05:06.789Z'],
  ['d.M.yy H:m:s', '1.2.24 13:5:6'],
  ['EEE dd MMM, hh:mm a', 'Thu 01 Feb, 01:05 PM'],
  ['D xxx', '32 +00:00'],
])('a time is written by %s as %s', async (pattern, text) => {
  const reader = await duckdb.runAndReadAll(
    sql`SELECT strftime(TIMESTAMP '2024-02-01 13:05:06.789', ${lit(unwrap(formatPattern(pattern)))})`,
  );
  expect(reader.getRowsJS()).toEqual([[text]]);
});
