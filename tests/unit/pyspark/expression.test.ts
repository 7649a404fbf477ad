import {expect, test} from 'vitest';
import {sparkCondition} from '../../../src/pyspark/expression.ts';
import {toSparkType} from '../../../src/pyspark/types.ts';

test.each<[duckdb: string, spark: string]>([
  ["temperature > 28 AND sensor_id = 's-1'", "temperature > 28 AND sensor_id = 's-1'"],
  ['"room temperature" * 1.8 + 32', '`room temperature` * 1.8 + 32'],
  ["name = 'it''s \\ here'", "name = 'it\\'s \\\\ here'"],
  ['n // 2', 'n  div  2'],
  ['reading::INTEGER', 'CAST(reading AS INT)'],
  ['(a + b)::double', 'CAST((a + b) AS DOUBLE)'],
  ["'2024-02-01'::DATE", "CAST('2024-02-01' AS DATE)"],
  ['x::int::decimal(10,2)', 'CAST(CAST(x AS INT) AS DECIMAL(10,2))'],
  ["regexp_matches(id, '^s-[0-9]+$')", "regexp_like(id, '^s-[0-9]+$')"],
  ['a /* why */ + b -- because', 'a + b'],
])('the condition %s of a table is kept as %s', (duckdb, spark) => {
  const {text, notes} = sparkCondition(duckdb);
  expect(text.replace(/ +/g, ' ')).toBe(spark.replace(/ +/g, ' '));
  expect(notes).toEqual([]);
});

test.each([
  ['log(x)', /base 10/],
  ['list_transform(xs, x -> x + 1)', /list_transform/],
  ['a ^ 2', /\^/],
  ['xs[1]', /\[/],
])('%s means something else in Spark, and is no condition of a table', (duckdb, note) => {
  expect(sparkCondition(duckdb).notes.join('\n')).toMatch(note);
});

test.each([
  ['BIGINT', 'bigint'],
  ['DECIMAL(10,2)', 'decimal(10,2)'],
  ['TIMESTAMP WITH TIME ZONE', 'timestamp'],
  ['HUGEINT', 'decimal(38,0)'],
  ['DOUBLE[]', 'array<double>'],
  ['STRUCT(a BIGINT, "b c" VARCHAR[])[]', 'array<struct<`a`:bigint,`b c`:array<string>>>'],
  ['MAP(VARCHAR, DECIMAL(4,1))', 'map<string,decimal(4,1)>'],
  ['TIME', 'string'],
])('%s is Spark’s %s', (duckdb, spark) => {
  expect(toSparkType(duckdb)).toBe(spark);
});
