import {expect, test} from 'vitest';
import {readParams} from '../../../../src/params/index.ts';
import {py} from '../../../../src/pyspark/py.ts';
import {fileSource} from '../../../../src/sources/index.ts';
import {load} from '../../../../src/steps/load.ts';

/** The lines that read a file's table with these columns. */
function linesOf(
  format: 'duckdb' | 'sqlite' | 'postgres',
  table: readonly string[],
  columns: Readonly<Record<string, string>>,
  schema: Readonly<Record<string, string>> = {},
): string {
  const read = readParams(load.params, {file: `plant.${format}`, schema});
  const program = read.ok ? load.toSql(read.value, []) : undefined;
  if (program?.kind !== 'read') throw new Error('load reads files');
  const found = [{format, table, encoding: 'utf-8', isWhole: false, csv: undefined}] as const;
  const lines = fileSource(format).toPySpark({
    files: program.files,
    options: program.options,
    target: 'rows',
    file: py,
    found,
    columns: Object.entries(columns).map(([name, type]) => ({name, type})),
  });
  return 'notExportable' in lines ? lines.notExportable : lines.join('\n');
}

test('a table of SQLite comes to Spark as text where SQLite has no such type, without the rows that don’t fit', () => {
  const lines = linesOf('sqlite', ['odd "table'], {
    id: 'BIGINT',
    taken: 'TIMESTAMP',
    is_ok: 'BOOLEAN',
    raw: 'BLOB',
    'a.b': 'VARCHAR',
  });
  expect(lines).toContain(
    ".option('customSchema', '`id` bigint, `taken` string, `is_ok` string, `raw` string, `a.b` string')",
  );
  expect(lines).toContain(`FROM "odd ""table" WHERE ("id" IS NULL OR typeof("id") = \\'integer\\')`);
  for (const column of [
    "'id'",
    "F.col('taken').cast('timestamp').alias('taken')",
    "F.col('is_ok').cast('boolean').alias('is_ok')",
    "F.unhex(F.col('raw')).alias('raw')",
    "'`a.b`'",
  ])
    expect(lines).toContain(column);
});

test('a table of DuckDB comes to Spark with every digit, time and field', () => {
  const lines = linesOf('duckdb', ['main', 'readings'], {
    id: 'BIGINT',
    total: 'HUGEINT',
    seen: 'TIMESTAMP WITH TIME ZONE',
    found: 'STRUCT(a INTEGER[])',
    state: "ENUM('a')",
  });
  expect(lines).toContain('FROM "main"."readings"');
  for (const column of [
    "F.col('total').cast('decimal(38,0)').alias('total')",
    "F.timestamp_micros(F.col('seen')).alias('seen')",
    "F.from_json(F.col('found'), 'struct<`a`:array<int>>').alias('found')",
    "'state'",
  ])
    expect(lines).toContain(column);
});

test('a schema of DuckDB’s that is called as its file is asked for with both', () => {
  expect(linesOf('duckdb', ['Plant', 'sensors'], {id: 'INTEGER'})).toContain('FROM "plant"."Plant"."sensors"');
  expect(linesOf('duckdb', ['planet', 'sensors'], {id: 'INTEGER'})).toContain('FROM "planet"."sensors"');
});

test('SQLite’s texts are times where the page reads one, and whole numbers are doubles where none of their digits gets lost', () => {
  const lines = linesOf(
    'sqlite',
    ['readings'],
    {at: 'TIMESTAMP', value: 'DOUBLE', price: 'DECIMAL(10,2)'},
    {price: 'decimal(10,2)'},
  );
  const [, pattern = ''] = /F\.col\('at'\)\.isNull\(\) \| F\.col\('at'\)\.rlike\('(.*)'\)/.exec(lines) ?? [];
  const time = new RegExp(pattern.replaceAll('\\\\', '\\'));
  for (const text of ['2024-02-29', ' 2024-02-29T12:34', '2024-02-29 23:59:59.123456000 -0330', '2024-02-29 12:34:56Z'])
    expect(text).toMatch(time);
  for (const text of [
    '2024-02-29 24:00',
    '2024-02-29 12:60',
    '2024-02-29 12:00:00.1234567',
    '2024-02-29 12:00+15:00',
    '2024-02-29 noon',
    'now',
  ])
    expect(text).not.toMatch(time);
  expect(lines).toContain(`typeof("value") = \\'integer\\' AND CAST("value" AS REAL) = "value"`);
  expect(lines).toContain("F.expr('try_cast(trim(`price`) AS decimal(10,2))').alias('price')");
});

test('columns of a dump that the schema names are cast, those that fail to NULL', () => {
  const lines = linesOf(
    'postgres',
    ['public', 'readings'],
    {id: 'VARCHAR', price: 'DECIMAL(18,3)', Value: 'DECIMAL(10,2)'},
    {id: 'string', value: 'decimal(10,2)'},
  );
  expect(lines).toContain(`{'price': 'decimal(18,3)'})`);
  expect(lines).toContain(".withColumn('id', F.col('id').try_cast('string'))");
  expect(lines).toContain(".withColumn('Value', F.col('Value').try_cast('decimal(10,2)'))");
});
