import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import {duckdbExpression, sparkCondition} from '../../../../src/pyspark/expression.ts';
import {startStack, type Stack} from './stack.ts';

let stack: Stack;
let table = '';
let tables = 0;
beforeAll(async () => {
  stack = await startStack();
});
beforeEach(() => {
  table = `c${++tables}`;
});
afterAll(() => stack.close());

const good = `SELECT 's-1' AS id, 5 AS a, 2.5::DOUBLE AS x, TIMESTAMP '2024-03-01 12:00:00' AS t, DATE '2024-03-01' AS d, ['u', 'v'] AS tags, 'it''s "so" \\ 50%' AS "my text", true AS div, '12' AS digits`;
const bad = `SELECT 'q' AS id, -5 AS a, -2.5::DOUBLE AS x, TIMESTAMP '1990-03-01 12:00:00' AS t, DATE '1990-03-01' AS d, ['w'] AS tags, 'none' AS "my text", false AS div, '-12' AS digits`;

/** Fulfilled by the good row alone. */
const accepted: readonly [condition: string, kept: string][] = [
  [`starts_with(id, 's-')`, `startswith(id, 's-')`],
  [`prefix(id, 's-')`, `startswith(id, 's-')`],
  [`ends_with(id, '1')`, `endswith(id, '1')`],
  [`suffix(id, '1')`, `endswith(id, '1')`],
  [`regexp_matches(id, '^s-\\d+$')`, `regexp_like(id, '^s-\\\\d+$')`],
  [`strlen(id) = 3`, `octet_length(id) = 3`],
  [`len(id) = 3`, `length(id) = 3`],
  [`list_contains(tags, 'u')`, `array_contains(tags, 'u')`],
  [`a // 2 = 2`, `a div 2 = 2`],
  [`(a)//2 = 2 AND -a // -2 = 2`, `(a) div 2 = 2 AND -a div -2 = 2`],
  [`div AND a // 2 > 0`, `div AND a div 2 > 0`],
  [`"my text" = 'it''s "so" \\ 50%'`, "`my text` = 'it\\'s \"so\" \\\\ 50%'"],
  [`contains("my text", $$it's$$)`, "contains(`my text`, 'it\\'s')"],
  [`a::BIGINT > 0 AND x::DECIMAL(10,2) > 0`, 'CAST(a AS BIGINT) > 0 AND CAST(x AS DECIMAL(10,2)) > 0'],
  [`digits::INT8 > 0 AND digits::NUMERIC > 0`, 'CAST(digits AS BIGINT) > 0 AND CAST(digits AS DECIMAL(18,3)) > 0'],
  [`t >= DATE '2020-01-01'::TIMESTAMP`, `t >= CAST(DATE '2020-01-01' AS TIMESTAMP)`],
  [
    `CAST(a AS VARCHAR) = '5' AND TRY_CAST(digits AS INTEGER) = 12`,
    `CAST(a AS STRING) = '5' AND TRY_CAST(digits AS INT) = 12`,
  ],
  [`year(d) BETWEEN 2000 AND 2100 AND month(t) = 3`, `year(d) BETWEEN 2000 AND 2100 AND month(t) = 3`],
  [`CASE WHEN a > 0 THEN coalesce(x, 0) ELSE NULL END > 1`, `CASE WHEN a > 0 THEN coalesce(x, 0) ELSE NULL END > 1`],
  [`x > 0 -- it's warm`, `x > 0`],
  [
    `id IN ('s-1', 's-2') AND id IS NOT NULL AND NOT id LIKE 'q%'`,
    `id IN ('s-1', 's-2') AND id IS NOT NULL AND NOT id LIKE 'q%'`,
  ],
];

describe('a CHECK constraint is kept in Spark’s words', () => {
  test.each(accepted)('%s, and is checked in DuckDB’s', async (condition, kept) => {
    await stack.write(good, {table, constraints: {rule: condition}});
    const {rule} = (await stack.lake.table(table)).constraints;
    expect(rule?.replace(/ +/g, ' ')).toBe(kept);
    await stack.write(good, {table});
    expect(await stack.refused(bad, {table})).toMatchObject({code: 'DELTA_VIOLATE_CONSTRAINT_WITH_VALUES'});
    expect((await stack.read({table})).rows).toHaveLength(2);
  });

  test.each([
    ['dayofweek(d) > 0', /Sunday/],
    ['log(x) > 0', /log10\(x\)/],
    [`concat(id, 'a') <> 'b'`, /a \|\| b/],
    ['a ^ 2 > 1', /power\(a, b\)/],
    ['a ** 2 > 1', /power\(a, b\)/],
    [`id ~ 's'`, /regexp_matches/],
    [`tags[1] = 'u'`, /list_contains/],
    ['hash(id) > 0', /md5/],
    [`regexp_replace(id, 's', '') <> ''`, /first match/],
    ['list_transform(tags, lambda y: y) IS NOT NULL', /list_transform/],
    ['a::UTINYINT > 0', /UTINYINT/],
    [`CAST(id AS UUID) IS NOT NULL`, /UUID/],
    [`t::TIMESTAMP WITH TIME ZONE IS NOT NULL`, /TIME ZONE/],
    ['constructor(a) > 0', /constructor/],
  ])('%s is refused: it means something else there', async (condition, note) => {
    const problem = await stack.refused(good, {table, constraints: {rule: condition}});
    expect(problem).toMatchObject({
      code: 'CONSTRAINT_NOT_CHECKED',
      where: {param: 'constraints.rule'},
      hint: expect.stringContaining('derive') as string,
    });
    expect(problem.message).toContain(`rule (${condition})`);
    expect(problem.message).toMatch(note);
    expect((await stack.lake.tables()).some(({name}) => name === table)).toBe(false);
  });
});

test.each([
  ['dayofweek(d) = 1', /Sunday/],
  ['flags ^ 1 > 0', /\^/],
  ['tags[0] = 1', /\[/],
])('%s as Spark wrote it is not checked as something else', (spark, note) => {
  expect(duckdbExpression(spark).notes.join()).toMatch(note);
});

test.each([
  ['`a``b` > 1', '"a`b" > 1'],
  ['s = "it\'s"', "s = 'it''s'"],
  ["s = 'a\\n\\u0041\\\\b\\_\\'c'", "s = 'a\nA\\b\\_''c'"],
  ['a DIV 2 > b div -c', 'a // 2 > b // -c'],
  ['div > 2 AND div', 'div > 2 AND div'],
  ['STARTSWITH(s, "x") OR rlike(s, "y")', `starts_with(s, 'x') OR rlike(s, 'y')`],
])('Spark’s %s is DuckDB’s %s', (spark, duckdb) => {
  expect(duckdbExpression(spark)).toEqual({text: duckdb, notes: []});
});

test('what is kept reads the same after a second round', () => {
  for (const [condition] of accepted) {
    const {text} = sparkCondition(condition);
    expect(sparkCondition(duckdbExpression(text).text).text.replace(/ +/g, ' ')).toBe(text.replace(/ +/g, ' '));
  }
});

test('a condition that fails on a row is named, and one that is broken before it is told first', async () => {
  const constraints = {positive: 'a > 0', whole: 'CAST(id AS INT) > 0'};
  await stack.write(`SELECT 1 AS a, '2' AS id`, {table, constraints, notNull: ['a']});
  expect(await stack.refused(`SELECT 1 AS a, 'x' AS id`, {table})).toMatchObject({
    code: 'CONSTRAINT_NOT_CHECKED',
    message: expect.stringContaining('whole') as string,
  });
  expect(await stack.refused(`SELECT -1 AS a, 'x' AS id`, {table})).toMatchObject({
    code: 'DELTA_VIOLATE_CONSTRAINT_WITH_VALUES',
    message: expect.stringContaining('positive') as string,
  });
  expect(await stack.refused(`SELECT NULL::INTEGER AS a, 'x' AS id`, {table})).toMatchObject({
    code: 'DELTA_NOT_NULL_CONSTRAINT_VIOLATED',
  });
  expect(await stack.refused(`SELECT 1 AS a, '-2' AS id`, {table})).toMatchObject({
    message: expect.stringContaining('whole') as string,
  });
});
