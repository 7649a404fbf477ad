import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import {problemOf, ProblemError} from '../../../../src/lib/problem.ts';
import {compareVersions} from '../../../../src/tables/lake-diff.ts';
import {readLakeTable} from '../../../../src/tables/lake-read.ts';
import type {LakePort} from '../../../../src/ports/index.ts';
import {startStack, type Stack} from './stack.ts';

let stack: Stack;
let table = '';
let tables = 0;
beforeAll(async () => {
  stack = await startStack();
});
beforeEach(() => {
  table = `r${++tables}`;
});
afterAll(() => stack.close());

const tablesLeft = () =>
  stack.texts(`SELECT table_name FROM duckdb_tables() WHERE table_name NOT IN ('read_rows', 'written_rows')`);

test('one row of a merge that matches several counts each of them as updated', async () => {
  await stack.write(`SELECT * FROM (VALUES (1, 'a'), (1, 'b'), (2, 'c')) t(k, v)`, {table});
  await stack.write(`SELECT 1 AS k, 'd' AS v`, {table});
  const done = await stack.write(`SELECT * FROM (VALUES (1, 'new'), (9, 'more')) t(k, v)`, {
    table,
    mode: 'merge',
    keys: ['k'],
  });
  expect(done).toMatchObject({rows: 5, filesRemoved: 2});
  const [commit] = await stack.lake.history(table);
  expect(commit?.info.operationMetrics).toMatchObject({
    numSourceRows: '2',
    numTargetRowsUpdated: '3',
    numTargetRowsMatchedUpdated: '3',
    numTargetRowsCopied: '1',
    numTargetRowsInserted: '1',
    numOutputRows: '5',
  });
});

describe('infinite dates and times, which Delta lacks', () => {
  test.each([
    ['DATE', `'infinity'::DATE`],
    ['DATE', `'-infinity'::DATE`],
    ['TIMESTAMP', `'infinity'::TIMESTAMP`],
    ['TIMESTAMPTZ', `'-infinity'::TIMESTAMPTZ`],
    ['TIMESTAMP_NS', `'infinity'::TIMESTAMP_NS`],
    ['STRUCT(a DATE)', `{'a': 'infinity'::DATE}`],
    ['DATE[]', `[NULL, DATE '2024-01-01', 'infinity']`],
    ['STRUCT(b TIMESTAMP[])[]', `[{'b': ['-infinity'::TIMESTAMP]}]`],
    ['MAP(DATE, VARCHAR)', `MAP {'infinity'::DATE: 'x'}`],
    ['MAP(VARCHAR, DATE[])', `MAP {'x': ['infinity'::DATE]}`],
  ])('in %s: %s is refused with its column', async (type, value) => {
    const rows = `SELECT 1 AS k, NULL::${type} AS "my day" UNION ALL SELECT 2, ${value} UNION ALL SELECT 3, ${value}`;
    const problem = await stack.refused(rows, {table});
    expect(problem).toMatchObject({
      code: 'LAKE_INFINITE_DATE',
      where: {column: 'my day'},
      message: expect.stringContaining('2 rows') as string,
    });
    expect((await stack.refused(rows, {table, mode: 'merge', keys: ['k']})).code).toBe('LAKE_INFINITE_DATE');
    expect(await tablesLeft()).toEqual([]);
  });

  test('as texts and numbers they are kept', async () => {
    await stack.write(`SELECT 'infinity' AS s, 'infinity'::DOUBLE AS x, DATE '9999-12-31' AS d`, {table});
    expect((await stack.read({table})).rows).toEqual([['infinity', Infinity, '9999-12-31']]);
  });
});

describe('when closing fails', () => {
  const unclosing = (closed: number[]): LakePort => ({
    ...stack.lake,
    closeRead: async (reader) => {
      closed.push(reader);
      await stack.lake.closeRead(reader);
      throw new ProblemError({code: 'STORAGE_RESTARTED', message: 'The storage was restarted.'});
    },
  });

  test('a comparison is given, both readers are closed, and no table is left', async () => {
    await stack.write('SELECT 1 AS a', {table});
    await stack.write('SELECT 2 AS a', {table});
    const closed: number[] = [];
    const ports = {engine: stack.engine, lake: unclosing(closed)};
    expect(await compareVersions(ports, table, {version: 0}, {version: 1}, [])).toMatchObject({added: {count: 1}});
    expect(closed).toHaveLength(2);
    expect(await tablesLeft()).toEqual([]);
    const failed = compareVersions(ports, table, {version: 0}, {version: 1}, ['nosuch']);
    await expect(failed).rejects.toMatchObject({problem: {code: 'COLUMN_NOT_FOUND'}});
    expect(closed).toHaveLength(4);
    expect(await tablesLeft()).toEqual([]);
  });

  test('a read tells why it failed', async () => {
    await stack.write('SELECT 1 AS a', {table});
    const lake: LakePort = {
      ...unclosing([]),
      readFile: () => Promise.reject(new ProblemError({code: 'GONE', message: 'The file is gone.'})),
    };
    const failed = readLakeTable(
      {engine: stack.engine, lake},
      {table},
      {into: 'read_rows', onProgress: () => undefined},
    );
    expect(
      await failed.then(
        () => undefined,
        (thrown: unknown) => problemOf(thrown).code,
      ),
    ).toBe('GONE');
    const read = await readLakeTable(
      {engine: stack.engine, lake: unclosing([])},
      {table},
      {into: 'read_rows', onProgress: () => undefined},
    );
    expect(read.version).toBe(0);
  });
});
