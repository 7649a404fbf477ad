import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import {problemOf} from '../../../../src/lib/problem.ts';
import {sql} from '../../../../src/sql/sql.ts';
import {compareVersions} from '../../../../src/tables/lake-diff.ts';
import {partitionValue} from '../../../../src/tables/lake-types.ts';
import {defaults, startStack, type Stack} from './stack.ts';

let stack: Stack;
let table = '';
let tables = 0;
beforeAll(async () => {
  stack = await startStack();
});
beforeEach(() => {
  table = `t${++tables}`;
});
afterAll(() => stack.close());

const rows = async (at?: {version: number}) => (await stack.read({table, at})).rows;
const nothingLeft = async () =>
  expect(
    await stack.texts(`SELECT table_name FROM duckdb_tables() WHERE table_name NOT IN ('read_rows', 'written_rows')`),
  ).toEqual([]);

/** Every type that DuckDB has and a table can keep, with nulls and extremes, and the type that it comes back in. */
const types: readonly [type: string, values: readonly string[], read?: string][] = [
  ['BOOLEAN', ['true', 'false']],
  ['TINYINT', ['-128', '127', '0']],
  ['SMALLINT', ['-32768', '32767']],
  ['INTEGER', ['-2147483648', '2147483647']],
  ['BIGINT', ['-9223372036854775808', '9223372036854775807', '9007199254740993']],
  ['UTINYINT', ['255'], 'SMALLINT'],
  ['USMALLINT', ['65535'], 'INTEGER'],
  ['UINTEGER', ['4294967295'], 'BIGINT'],
  ['UBIGINT', ['18446744073709551615'], 'DECIMAL(20,0)'],
  ['HUGEINT', ['99999999999999999999999999999999999999', '-1'], 'DECIMAL(38,0)'],
  ['FLOAT', [`'nan'`, `'inf'`, `'-inf'`, '-0.0', '3.4028235e38', '1e-45', '0.1']],
  ['DOUBLE', [`'nan'`, `'inf'`, `'-inf'`, '-0.0', '1.7976931348623157e308', '5e-324', '0.1']],
  ['DECIMAL(5,2)', ['999.99', '-999.99', '0.01']],
  ['DECIMAL(18,4)', ['99999999999999.9999', '-0.0001']],
  ['DECIMAL(38,10)', [`'9999999999999999999999999999.9999999999'`, '-1']],
  ['VARCHAR', [`''`, `'é𝄞'`, `'line\nbreak'`, `repeat('x', 100)`, `'it''s'`]],
  ['BLOB', [`''::BLOB`, `'\\x00\\xff'::BLOB`]],
  ['DATE', [`'0001-01-01'`, `'9999-12-31'`, `'1969-12-31'`, `'1582-10-14'`]],
  ['TIMESTAMP', [`'0001-01-01 00:00:00'`, `'9999-12-31 23:59:59.999999'`, `'1969-12-31 23:59:59.999999'`]],
  ['TIMESTAMP_S', [`'2024-01-01 00:00:00'`], 'TIMESTAMP'],
  ['TIMESTAMP_MS', [`'2024-01-01 00:00:00.123'`], 'TIMESTAMP'],
  ['TIMESTAMP_NS', [`'2024-01-01 00:00:00.123456'`], 'TIMESTAMP'],
  ['TIME', [`'12:34:56.789'`], 'VARCHAR'],
  ['UUID', [`'01234567-89ab-cdef-0123-456789abcdef'`], 'VARCHAR'],
  ['INTERVAL', [`'1 day 2 hours'`], 'VARCHAR'],
  [`ENUM('a', 'b')`, [`'a'`, `'b'`], 'VARCHAR'],
  ['INTEGER[]', ['[1, NULL, 3]', '[]']],
  ['VARCHAR[][]', [`[['a'], NULL, []]`]],
  ['UINTEGER[]', ['[4294967295, NULL]'], 'BIGINT[]'],
  ['STRUCT(a INTEGER, b VARCHAR)', [`{'a': 1, 'b': NULL}`, `{'a': NULL, 'b': 'x'}`]],
  ['STRUCT("a b" STRUCT(c DATE)[])', [`{'a b': [{'c': '2024-01-01'}, NULL]}`]],
  ['MAP(VARCHAR, DOUBLE)', [`MAP {'a': 1.5, 'b': NULL}`, 'MAP {}']],
  ['MAP(INTEGER, STRUCT(x BIGINT[]))', ['MAP {1: {x: [1, NULL]}}']],
];

describe('types', () => {
  test.each(types)('%s goes round exactly', async (type, values, read = type) => {
    const query = [...values, 'NULL']
      .map((value, i) => `SELECT ${i} AS i, CAST(${value} AS ${type}) AS v`)
      .join(' UNION ALL ');
    await stack.write(query, {table});
    const {columns} = await stack.read({table});
    expect(columns.map((column) => column.type)).toEqual(['INTEGER', read]);
    expect(await stack.texts('FROM read_rows')).toEqual(
      await stack.texts(`SELECT i, CAST(v AS ${read}) FROM written_rows`),
    );
  });

  test('names of every kind are kept, nested ones too', async () => {
    await stack.write(`SELECT 1 AS "a b", 2 AS "ä,;{}()=", {'x y': 3} AS "rowid", 4 AS "select"`, {table});
    const found = await stack.read({table});
    expect(found.columns.map(({name, type}) => [name, type])).toEqual([
      ['a b', 'INTEGER'],
      ['ä,;{}()=', 'INTEGER'],
      ['rowid', 'STRUCT("x y" INTEGER)'],
      ['select', 'INTEGER'],
    ]);
    expect(found.rows).toEqual([[1, 2, {'x y': 3}, 4]]);
    await stack.write(`SELECT 5 AS "a b"`, {table});
    expect((await rows())[1]).toEqual([5, null, null, null]);
  });
});

describe('append and overwrite', () => {
  test('each write is a version, in order', async () => {
    expect(await stack.write('SELECT 1 AS a', {table})).toMatchObject({
      version: 0,
      rows: 1,
      filesAdded: 1,
      filesRemoved: 0,
      applied: undefined,
    });
    expect(await stack.write('SELECT 2 AS a', {table})).toMatchObject({version: 1, rows: 1, filesAdded: 1});
    expect(await stack.write('SELECT 3 AS a', {table, mode: 'overwrite'})).toMatchObject({
      version: 2,
      filesAdded: 1,
      filesRemoved: 2,
    });
    expect(await rows()).toEqual([[3]]);
    expect(await rows({version: 1})).toEqual([[1], [2]]);
    expect(await rows({version: 0})).toEqual([[1]]);
    await nothingLeft();
  });

  test('rows that are there already are not written again', async () => {
    await stack.write('SELECT 1 AS a', {table}, {self: 'one'});
    expect(await stack.write('SELECT 1 AS a', {table}, {self: 'one'})).toMatchObject({
      version: 0,
      applied: 0,
      facts: {version: 0, applied: 0},
    });
    expect(await rows()).toEqual([[1]]);
  });

  test('columns are found by name, filled with NULL and cast to the type of the table', async () => {
    await stack.write('SELECT 1::BIGINT AS a, 2.5 AS b', {table});
    await stack.write('SELECT 3.5 AS B, 4::BIGINT AS A', {table});
    await stack.write('SELECT 5::BIGINT AS a', {table});
    expect(await rows()).toEqual([
      [1n, '2.5'],
      [4n, '3.5'],
      [5n, null],
    ]);
  });

  test('merge_schema adds columns, last, also in structs', async () => {
    await stack.write(`SELECT 1 AS a, {'x': 1} AS s`, {table});
    await stack.write(`SELECT {'y': 'new', 'x': 2} AS s, 2 AS a, 'c' AS c`, {table, mergeSchema: true});
    expect(await rows()).toEqual([
      [1, {x: 1, y: null}, null],
      [2, {x: 2, y: 'new'}, 'c'],
    ]);
    expect(await rows({version: 0})).toEqual([[1, {x: 1}]]);
  });

  test('a column too many is refused, and nothing is written', async () => {
    await stack.write('SELECT 1 AS a', {table});
    expect(await stack.refused('SELECT 1 AS a, 2 AS b', {table})).toMatchObject({
      code: 'DELTA_METADATA_MISMATCH',
      sqlState: '42KDG',
      differences: [{column: 'b', table: null}],
    });
    expect((await stack.read({table})).version).toBe(0);
  });

  test('no rows give a table with its columns', async () => {
    await stack.write("SELECT 1 AS a, DATE '2024-01-01' AS d LIMIT 0", {table});
    const found = await stack.read({table});
    expect(found).toMatchObject({version: 0, rows: []});
    expect(found.columns).toEqual([
      {name: 'a', type: 'INTEGER'},
      {name: 'd', type: 'DATE'},
    ]);
  });

  test.each(['i', 'rowid'])(
    'more rows than a file takes go to several, in order, each with bounds of its own; the column is %s',
    async (name) => {
      expect(await stack.write(`SELECT i AS ${name} FROM range(2_400_000) t(i)`, {table})).toMatchObject({
        rows: 2_400_000,
        filesAdded: 2,
      });
      const {reader, files} = await stack.lake.openRead(table);
      await stack.lake.closeRead(reader);
      expect(files.map(({rows: count, bounds}) => [count, bounds[name]])).toEqual([
        [1_000_000, {min: 0, max: 999_999}],
        [1_400_000, {min: 1_000_000, max: 2_399_999}],
      ]);
      const {readLakeTable} = await import('../../../../src/tables/lake-read.ts');
      await readLakeTable(stack, {table}, {into: 'read_rows', onProgress: () => undefined});
      expect(
        await stack.texts(
          `SELECT count(*), count(*) FILTER (place = value) FROM (SELECT row_number() OVER () - 1 AS place, ${name} AS value FROM read_rows)`,
        ),
      ).toEqual([['2400000', '2400000']]);
    },
  );

  test('a stopped write leaves the table as it was', async () => {
    await stack.write('SELECT 1 AS a', {table});
    const {engine, lake} = stack;
    const controller = new AbortController();
    const stopping = {
      ...lake,
      openFile: async (...given: Parameters<typeof lake.openFile>) => {
        controller.abort();
        return lake.openFile(...given);
      },
    };
    const {writeLakeTable} = await import('../../../../src/tables/lake-write.ts');
    const write = {...defaults, table};
    const stopped = writeLakeTable(
      {engine, lake: stopping},
      write,
      {relation: 'written_rows' as never, columns: [{name: 'a', type: 'INTEGER'}]},
      {
        applies: {self: 'stopped', before: []},
        notebook: {path: 'n', cell: 'c'},
        mayWrite: true,
        onProgress: () => undefined,
        signal: controller.signal,
      },
    );
    expect(
      problemOf(
        await stopped.then(
          () => undefined,
          (thrown: unknown) => thrown,
        ),
      ).code,
    ).toBe('CANCELLED');
    expect((await stack.read({table})).version).toBe(0);
    const files = await stack.store.walk(`lake/${table}`);
    expect(files.filter(({path}) => path.endsWith('.parquet'))).toHaveLength(1);
  });
});

describe('partitions', () => {
  test('one file for each combination, values as they were', async () => {
    const query = `SELECT i, CASE WHEN i % 3 = 0 THEN NULL ELSE DATE '2024-01-01' + (i % 3)::INTEGER END AS day, ['a/b', '', 'ü %'][1 + i % 2] AS place FROM range(12) t(i)`;
    expect(await stack.write(query, {table, partitionBy: ['day', 'place']})).toMatchObject({filesAdded: 6});
    await stack.read({table});
    const expected = await stack.texts(`SELECT i, day, nullif(place, '') FROM written_rows ORDER BY i`);
    expect(await stack.texts('FROM read_rows ORDER BY i')).toEqual(expected);
    // Partitions in order, NULL last; rows in theirs.
    expect((await stack.texts('FROM read_rows')).map(([i]) => Number(i))).toEqual(
      [10, 4, 1, 7, 2, 8, 5, 11, 0, 6, 3, 9].sort((x, y) => order(x) - order(y) || x - y),
    );
    function order(i: number): number {
      return (i % 3 === 0 ? 3 : i % 3) * 2 + (i % 2);
    }
  });

  test.each([
    ['BOOLEAN', ['true', 'false']],
    ['INTEGER', ['-1', '2']],
    ['DECIMAL(10,2)', ['-1.50', '2.00']],
    ['DOUBLE', [`'nan'`, `'inf'`, '0.1']],
    ['TIMESTAMP', [`'2024-01-01 00:00:00'`, `'2024-06-01 12:34:56.123456'`]],
    ['VARCHAR', [`'a=b'`, `'été/x'`, `'__HIVE'`, `'a' || chr(0) || '''b'`, `chr(0)`]],
  ])('by %s', async (type, values) => {
    const query = [...values, 'NULL']
      .map((value, i) => `SELECT ${i} AS i, CAST(${value} AS ${type}) AS p`)
      .join(' UNION ALL ');
    await stack.write(query, {table, partitionBy: ['p']});
    await stack.write(query, {table});
    await stack.read({table});
    expect(await stack.texts('FROM read_rows ORDER BY i, p')).toEqual(
      await stack.texts('SELECT * FROM (FROM written_rows UNION ALL FROM written_rows) ORDER BY i, p'),
    );
  });
});

test.each([
  ['2024-01-01T00:30:00+02:00', '2023-12-31 22:30:00'],
  ['2024-01-01 00:30:00.123456-0330', '2024-01-01 04:00:00.123456'],
  ['2024-01-01 00:30:00 +5', '2023-12-31 19:30:00'],
  ['2024-01-01T00:30:00.000000Z', '2024-01-01 00:30:00'],
  ['2024-01-01 00:30:00', '2024-01-01 00:30:00'],
])('a partition of the timestamp %s is %s in UTC', async (text, utc) => {
  const {rows} = await stack.engine.rows(sql`SELECT CAST(${partitionValue(text, 'timestamp')} AS VARCHAR)`);
  expect(rows).toEqual([[utc]]);
});

describe('constraints', () => {
  test('an empty text breaks NOT NULL in a partition column, where the log has one word for both', async () => {
    const write = {table, partitionBy: ['p'], notNull: ['p']};
    await stack.write(`SELECT 1 AS i, 'a' AS p`, write);
    expect(await stack.refused(`SELECT 2 AS i, '' AS p`, {table})).toMatchObject({
      code: 'DELTA_NOT_NULL_CONSTRAINT_VIOLATED',
    });
    expect((await stack.read({table})).rows).toHaveLength(1);
  });

  test('NOT NULL', async () => {
    expect(
      await stack.refused('SELECT * FROM (VALUES (1), (NULL), (NULL)) t(a)', {table, notNull: ['a']}),
    ).toMatchObject({
      code: 'DELTA_NOT_NULL_CONSTRAINT_VIOLATED',
      sqlState: '23502',
      where: {column: 'a'},
    });
    expect((await stack.lake.tables()).some(({name}) => name === table)).toBe(false);
    await stack.write('SELECT 1 AS a, 2 AS b', {table, notNull: ['a']});
    expect(await stack.refused('SELECT NULL::INTEGER AS a', {table})).toMatchObject({
      code: 'DELTA_NOT_NULL_CONSTRAINT_VIOLATED',
    });
    await stack.write('SELECT 3 AS a, NULL::INTEGER AS b', {table});
    expect(await stack.refused('SELECT 4 AS a, 5 AS b', {table, notNull: ['b']})).toMatchObject({
      code: 'DELTA_NEW_NOT_NULL_VIOLATION',
      sqlState: '23512',
    });
    await nothingLeft();
  });

  test('CHECK, and a condition that is NULL is not fulfilled', async () => {
    const constraints = {warm: `"my t" > 10 AND place <> 'it''s'`};
    await stack.write(`SELECT 20 AS "my t", 'x' AS place`, {table, constraints});
    expect(await stack.refused(`SELECT 5 AS "my t", 'y' AS place UNION ALL SELECT 4, 'z'`, {table})).toMatchObject({
      code: 'DELTA_VIOLATE_CONSTRAINT_WITH_VALUES',
      sqlState: '23001',
      message: expect.stringContaining('my t = 5') as string,
    });
    expect((await stack.refused(`SELECT 20 AS "my t", 'it''s' AS place`, {table})).code).toBe(
      'DELTA_VIOLATE_CONSTRAINT_WITH_VALUES',
    );
    expect((await stack.refused(`SELECT NULL::INTEGER AS "my t", 'x' AS place`, {table})).code).toBe(
      'DELTA_VIOLATE_CONSTRAINT_WITH_VALUES',
    );
    expect(
      await stack.refused(`SELECT 30 AS "my t", 'x' AS place`, {table, constraints: {hot: '"my t" > 25'}}),
    ).toMatchObject({
      code: 'DELTA_NEW_CHECK_CONSTRAINT_VIOLATION',
      sqlState: '23512',
    });
    await stack.write(`SELECT 30 AS "my t", 'x' AS place`, {table, constraints: {...constraints, cool: '"my t" < 40'}});
    expect(Object.keys((await stack.lake.table(table)).constraints).sort()).toEqual(['cool', 'warm']);
  });

  test('what can’t be checked is refused with its name', async () => {
    expect(await stack.refused('SELECT 1 AS a', {table, constraints: {odd: 'nosuch(a) > 1'}})).toMatchObject({
      code: 'CONSTRAINT_NOT_CHECKED',
      message: expect.stringContaining('odd') as string,
    });
    expect((await stack.refused('SELECT 1 AS a', {table, constraints: {odd: 'a > 1) OR (true'}})).code).toBe(
      'SQL_UNBALANCED',
    );
  });
});

describe('merge', () => {
  const merge = (query: string, keys = ['k'], more = {}) => stack.write(query, {table, mode: 'merge', keys, ...more});

  test('updates what matches, inserts the rest, rewrites only the files that are touched', async () => {
    for (const start of [0, 10, 20])
      await stack.write(`SELECT i AS k, 'old' AS v FROM range(${start}, ${start + 10}) t(i)`, {table});
    const done = await merge(`SELECT * FROM (VALUES (12::BIGINT, 'new'), (99, 'added'), (NULL, 'nobody')) t(k, v)`);
    expect(done).toMatchObject({version: 3, operation: 'MERGE', filesAdded: 1, filesRemoved: 1, rows: 12});
    await stack.read({table});
    expect(await stack.texts("SELECT k, v FROM read_rows WHERE v <> 'old'")).toEqual([
      ['12', 'new'],
      ['99', 'added'],
      [null, 'nobody'],
    ]);
    expect(await stack.texts('SELECT count(*), count(DISTINCT k) FROM read_rows')).toEqual([['32', '31']]);
    const [commit] = await stack.lake.history(table);
    expect(commit?.info).toMatchObject({
      operation: 'MERGE',
      operationMetrics: {
        numSourceRows: '3',
        numTargetRowsInserted: '2',
        numTargetRowsUpdated: '1',
        numTargetRowsCopied: '9',
        numOutputRows: '12',
        numTargetFilesAdded: '1',
        numTargetFilesRemoved: '1',
      },
    });
    await nothingLeft();
  });

  test('several rows for one are refused, several new ones are not', async () => {
    await stack.write(`SELECT 1 AS k, 'a' AS v`, {table});
    expect(
      await stack.refused(`SELECT * FROM (VALUES (1, 'b'), (1, 'c')) t(k, v)`, {table, mode: 'merge', keys: ['k']}),
    ).toMatchObject({
      code: 'DELTA_MULTIPLE_SOURCE_ROW_MATCHING_TARGET_ROW_IN_MERGE',
      sqlState: '21506',
      message: expect.stringContaining('k = 1') as string,
    });
    await merge(`SELECT * FROM (VALUES (2, 'b'), (2, 'c')) t(k, v)`);
    expect(await rows()).toEqual([
      [1, 'a'],
      [2, 'b'],
      [2, 'c'],
    ]);
  });

  test('columns that the rows lack keep their values; merge_schema adds some', async () => {
    await stack.write(`SELECT 1 AS k, 'a' AS v, 10 AS w UNION ALL SELECT 2, 'b', 20`, {table});
    await merge(`SELECT 1 AS k, 'c' AS v, 'n' AS new UNION ALL SELECT 3, 'd', 'm'`, ['K'], {mergeSchema: true});
    expect(await rows()).toEqual([
      [1, 'c', 10, 'n'],
      [2, 'b', 20, null],
      [3, 'd', null, 'm'],
    ]);
  });

  test('by several keys, one the partition, which an update may not lose', async () => {
    await stack.write(`SELECT i AS k, DATE '2024-01-01' + (i % 3)::INTEGER AS d, 'old' AS v FROM range(9) t(i)`, {
      table,
      partitionBy: ['d'],
    });
    const done = await merge(
      `SELECT 3::BIGINT AS k, DATE '2024-01-01' AS d, 'new' AS v UNION ALL SELECT 3, DATE '2024-01-02', 'other'`,
      ['k', 'd'],
    );
    expect(done).toMatchObject({filesRemoved: 1, filesAdded: 2});
    await stack.read({table});
    expect(await stack.texts(`SELECT k, d, v FROM read_rows WHERE v <> 'old' ORDER BY d`)).toEqual([
      ['3', '2024-01-01', 'new'],
      ['3', '2024-01-02', 'other'],
    ]);
  });

  test('into a table that is not there yet, and one without rows', async () => {
    expect(await merge('SELECT 1 AS k, 2 AS v LIMIT 0')).toMatchObject({version: 0, filesAdded: 0});
    expect(await merge('SELECT 1 AS k, 2 AS v')).toMatchObject({version: 1, filesAdded: 1});
    expect(await merge('SELECT 1 AS k, 3 AS v')).toMatchObject({version: 2, filesAdded: 1, filesRemoved: 1});
    expect(await rows()).toEqual([[1, 3]]);
  });

  test('keys that are missing are named', async () => {
    await stack.write('SELECT 1 AS k', {table});
    expect(await stack.refused('SELECT 1 AS k', {table, mode: 'merge', keys: ['nosuch']})).toMatchObject({
      code: 'COLUMN_NOT_FOUND',
    });
    expect(await stack.refused('SELECT 1 AS k', {table, mode: 'merge', keys: []})).toMatchObject({
      code: 'MERGE_WITHOUT_KEYS',
    });
  });

  test('text, time and decimal keys find their files by bounds', async () => {
    for (const part of [0, 1, 2])
      await stack.write(
        `SELECT repeat('${'abc'.charAt(part)}', 40) || i AS s, TIMESTAMP '2024-01-0${part + 1} 00:00:00.000999' + i * INTERVAL 1 MICROSECOND AS t, (${part} + i / 10)::DECIMAL(20,5) AS d, 'old' AS v FROM range(5) r(i)`,
        {table},
      );
    for (const key of ['s', 't', 'd']) {
      await stack.read({table});
      await stack.engine.execute([
        `CREATE OR REPLACE TABLE picked AS SELECT * REPLACE ('${key}' AS v) FROM read_rows WHERE s LIKE 'b%4'` as never,
      ]);
      expect(await merge('FROM picked', [key])).toMatchObject({filesRemoved: 1, rows: 5});
      await stack.read({table});
      expect(await stack.texts(`SELECT count(*) FROM read_rows WHERE v = '${key}'`)).toEqual([['1']]);
    }
    await stack.engine.execute(['DROP TABLE picked' as never]);
  });
});

describe('two versions compared', () => {
  const compare = (a: number, b: number, keys: readonly string[]) =>
    compareVersions(stack, table, {version: a}, {version: b}, keys);

  test('by key: added, removed and changed rows, with the columns that changed', async () => {
    await stack.write(`SELECT i AS k, i * 10 AS v, 'x' AS w FROM range(5) t(i)`, {table});
    await stack.write(`SELECT i AS k, CASE WHEN i = 2 THEN 99 ELSE i * 10 END AS v, 'x' AS w FROM range(1, 7) t(i)`, {
      table,
      mode: 'overwrite',
    });
    const found = await compare(0, 1, ['K']);
    expect(found).toMatchObject({before: {version: 0, rows: 5}, after: {version: 1, rows: 6}});
    expect(found.removed).toMatchObject({count: 1, rows: [[0n, 0n, 'x']]});
    expect(found.added).toMatchObject({
      count: 2,
      rows: [
        [5n, 50n, 'x'],
        [6n, 60n, 'x'],
      ],
    });
    expect(found.changed).toMatchObject({count: 1, rows: [[2n, 20n, 99n]], perColumn: {v: 1, w: 0}});
    expect(found.changed?.columns.map(({name}) => name)).toEqual(['k', 'v before', 'v after']);
    await nothingLeft();
  });

  test('without keys by whole rows, each copy counted', async () => {
    await stack.write(`SELECT * FROM (VALUES ('a', NULL), ('a', NULL), ('b', MAP {'x': 1})) t(k, m)`, {table});
    await stack.write(`SELECT * FROM (VALUES ('a', NULL), ('b', MAP {'x': 1}), ('b', MAP {'x': 2})) t(k, m)`, {
      table,
      mode: 'overwrite',
    });
    const found = await compare(0, 1, []);
    expect(found.removed).toMatchObject({count: 1, rows: [['a', null]]});
    expect(found.added).toMatchObject({count: 1, rows: [['b', {x: 2}]]});
    expect(found.changed).toBeUndefined();
  });

  test('another schema, and files that both versions have', async () => {
    await stack.write('SELECT 1 AS a, 2 AS b', {table});
    await stack.write(`SELECT 3 AS a, 'c' AS c`, {table, mergeSchema: true});
    const found = await compare(0, 1, ['a']);
    expect(found).toMatchObject({
      before: {rows: 1},
      after: {rows: 2},
      removed: {count: 0},
      changed: {count: 0},
      added: {count: 1, rows: [[3, null, 'c']]},
    });
    expect(found.columns.map(({name, before, after}) => [name, before, after])).toEqual([
      ['a', 'INTEGER', 'INTEGER'],
      ['b', 'INTEGER', 'INTEGER'],
      ['c', undefined, 'VARCHAR'],
    ]);
    await expect(compare(0, 1, ['c'])).rejects.toMatchObject({problem: {code: 'COLUMN_NOT_FOUND'}});
  });
});
