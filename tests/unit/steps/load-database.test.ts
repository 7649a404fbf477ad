import {expect, test} from 'vitest';
import {databaseInSpark} from '../../../src/steps/load-database.ts';
import {load} from '../../../src/steps/load.ts';
import {readParams} from '../../../src/params/index.ts';

/** The lines that read a file's table with these columns. */
function linesOf(format: 'duckdb' | 'sqlite', table: readonly string[], columns: Readonly<Record<string, string>>): string {
  const read = readParams(load.params, {file: `plant.${format}`});
  const program = read.ok ? load.toSql(read.value, []) : undefined;
  if (program?.kind !== 'read') throw new Error('load reads files');
  const found = [{format, table, encoding: 'utf-8', isWhole: false, csv: undefined}] as const;
  const none = {ok: () => ''} as never;
  const context = {target: 'rows', frames: [], inputs: [], spark: none, found, columns: Object.entries(columns).map(([name, type]) => ({name, type}))};
  const lines = databaseInSpark(format, program.files, program.options, context);
  return 'notExportable' in lines ? lines.notExportable : lines.join('\n');
}

test('a table of SQLite comes to Spark as text where SQLite has no such type, without the rows that don’t fit', () => {
  const lines = linesOf('sqlite', ['odd "table'], {id: 'BIGINT', taken: 'TIMESTAMP', is_ok: 'BOOLEAN', raw: 'BLOB', 'a.b': 'VARCHAR'});
  expect(lines).toContain(".option('customSchema', '`id` bigint, `taken` string, `is_ok` string, `raw` string, `a.b` string')");
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
  const lines = linesOf('duckdb', ['main', 'readings'], {id: 'BIGINT', total: 'HUGEINT', seen: 'TIMESTAMP WITH TIME ZONE', found: 'STRUCT(a INTEGER[])', state: "ENUM('a')"});
  expect(lines).toContain('FROM "main"."readings"');
  for (const column of [
    "F.col('total').cast('decimal(38,0)').alias('total')",
    "F.timestamp_micros(F.col('seen')).alias('seen')",
    "F.from_json(F.col('found'), 'struct<`a`:array<int>>').alias('found')",
    "'state'",
  ])
    expect(lines).toContain(column);
});
