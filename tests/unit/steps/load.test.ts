import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join as path} from 'node:path';
import {expect, test} from 'vitest';
import {readParams} from '../../../src/params/index.ts';
import {readCsv, rejectedLines, sniffCsv} from '../../../src/sources/csv/sql.ts';
import {sql} from '../../../src/sql/sql.ts';
import type {Example} from '../../../src/steps/define.ts';
import {load} from '../../../src/steps/load.ts';
import {contentOf, openDuckDB, tableSql} from './native.ts';

const values = (body: Readonly<Record<string, unknown>>) => {
  const read = readParams(load.params, body);
  if (!read.ok) throw new Error(read.problems.map((problem) => problem.message).join('\n'));
  return read.value;
};

const options = (body: Readonly<Record<string, unknown>>) => {
  const program = load.toSql(values(body), []);
  if (program.kind !== 'read') throw new Error('load reads files');
  return program.options;
};

/** The files of an example on disk while `use` runs; names in queries are turned into paths. */
async function withFiles<T>(
  files: Readonly<Record<string, string>>,
  use: (names: readonly string[]) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(path(tmpdir(), 'lakebook-load-'));
  try {
    const names = Object.entries(files).map(([name, text]) => {
      const file = path(folder, name);
      writeFileSync(file, text);
      return file;
    });
    return await use(names);
  } finally {
    rmSync(folder, {recursive: true});
  }
}

// Several files are read one by one, which the browser's tests do, as they do the file's name in a column.
const csvExamples = load.examples.filter(
  (example) => example.params['filename'] !== true && /^[^,]*\.csv$/.test(Object.keys(example.files ?? {}).join()),
);

test.each(csvExamples.map((example): [string, Example] => [example.name, example]))(
  'read_csv gives %s',
  async (_name, example) => {
    await withFiles(example.files ?? {}, async (files) => {
      const duckdb = await openDuckDB();
      const [name = ''] = Object.keys(example.files ?? {});
      expect(await contentOf(duckdb, sql`SELECT * FROM ${readCsv(files, options(example.params))}`)).toEqual(
        await contentOf(duckdb, tableSql(example.expect)),
      );
      // Looking at the columns and reading the rows were two scans.
      await duckdb.run('DROP TABLE IF EXISTS reject_errors');
      await duckdb.run('DROP TABLE IF EXISTS reject_scans');
      await duckdb.run(`CREATE TABLE loaded AS SELECT * FROM ${readCsv(files, options(example.params))}`);
      if (example.rejects !== undefined)
        expect(await contentOf(duckdb, rejectedLines(name))).toEqual(
          await contentOf(duckdb, tableSql(example.rejects)),
        );
    });
  },
);

test('the sniffer does not jump over the names when lines are ragged', async () => {
  await withFiles({'ragged.csv': 'a,b,c\n1,2,3\n1,2\n1,2,3,4\n1,2,3\n'}, async (files) => {
    const duckdb = await openDuckDB();
    const {columns, rows} = await contentOf(duckdb, sniffCsv(files[0] ?? '', options({file: 'ragged.csv'})));
    const found = Object.fromEntries(columns.map((column, i) => [column.name, rows[0]?.[i]]));
    expect(found).toMatchObject({Delimiter: ',', SkipRows: '0', HasHeader: 'true'});
  });
});

test('types may be Spark’s or DuckDB’s, and an unknown one is named', () => {
  expect(
    options({file: 'a.csv', schema: {a: 'string', b: 'BIGINT', c: 'decimal(10, 2)', d: 'timestamp'}}).types,
  ).toEqual({
    a: 'VARCHAR',
    b: 'BIGINT',
    c: 'DECIMAL(10,2)',
    d: 'TIMESTAMP',
  });
  expect(load.check?.(values({file: 'a.csv', schema: {a: 'strng'}}), [])).toMatchObject([
    {code: 'TYPE_UNKNOWN', param: 'schema.a'},
  ]);
});

test('a time format that read_csv can’t follow is a problem, not a wrong time', () => {
  expect(load.check?.(values({file: 'a.csv', timestamp_format: 'dd/MM/yyyy HH:mm'}), [])).toEqual([]);
  expect(load.check?.(values({file: 'a.csv', timestamp_format: "yyyy-MM-dd'T'HH:mmXXX"}), [])).toMatchObject([
    {code: 'DATETIME_PATTERN'},
  ]);
  expect(load.check?.(values({file: 'a.csv', timestamp_format: 'yyyy-QQ'}), [])).toMatchObject([
    {code: 'DATETIME_PATTERN'},
  ]);
});
