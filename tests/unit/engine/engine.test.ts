import {tableFromArrays, tableFromIPC, tableToIPC} from 'apache-arrow';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {ProblemError, type Problem} from '../../../src/lib/problem.ts';
import {query, sql} from '../../../src/sql/sql.ts';
import {startNodeEngine, type NodeEngine} from './node-engine.ts';

let node: NodeEngine;
beforeAll(async () => {
  node = await startNodeEngine();
});
afterAll(() => node.close());

const problem = async (work: Promise<unknown>): Promise<Problem> => {
  try {
    await work;
  } catch (thrown) {
    if (thrown instanceof ProblemError) return thrown.problem;
    throw thrown;
  }
  throw new Error('no problem');
};
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const rows = async (text: string) => (await node.engine.rows(query(text))).rows;

describe('running', () => {
  test('statements run in order on one connection', async () => {
    await node.engine.execute([sql`CREATE OR REPLACE TABLE a (x INTEGER)`, sql`INSERT INTO a VALUES (1), (2)`]);
    expect(await rows('SELECT sum(x) FROM a')).toEqual([[3n]]);
  });

  test('a table is described as DESCRIBE does it, with its rows counted', async () => {
    const odd = sql`"it's ""odd"" ü"`;
    await node.engine.execute([
      sql`CREATE OR REPLACE TABLE ${odd} ("a b" DECIMAL(10,2), e ENUM('x', 'y'), s STRUCT(q INTEGER[], "r s" VARCHAR), t TIMESTAMP)`,
      sql`INSERT INTO ${odd} SELECT i, 'x', NULL, NULL FROM range(3000) AS r(i)`,
      sql`DELETE FROM ${odd} WHERE "a b" < 1000`,
    ]);
    expect(await node.engine.describeTable('it\'s "odd" ü')).toEqual({
      columns: await node.engine.describe(sql`FROM ${odd}`),
      rows: 2000,
    });
    await node.engine.execute([sql`TRUNCATE ${odd}`]);
    expect((await node.engine.describeTable('it\'s "odd" ü')).rows).toBe(0);
    await node.engine.execute([sql`DROP TABLE ${odd}`]);
  });

  test('more than one statement at once is refused, and none of them runs', async () => {
    await node.engine.execute([sql`CREATE OR REPLACE TABLE safe AS SELECT 1 AS x`]);
    expect(await problem(node.engine.rows(query('SELECT 1 AS a; UPDATE safe SET x = 2')))).toMatchObject({
      message: expect.stringContaining('multiple statements') as string,
    });
    expect(await problem(node.engine.execute([query('CREATE TABLE more AS SELECT 1; DROP TABLE safe')]))).toMatchObject(
      {
        message: expect.stringContaining('multiple statements') as string,
      },
    );
    expect(await rows("SELECT x, ';' AS semicolon FROM safe;")).toEqual([[1, ';']]);
  });

  test('a query that gives no rows still gives its columns', async () => {
    const {columns, rows: none} = await node.engine.rows(sql`SELECT 1 AS x, 'a' AS y WHERE false`);
    expect(columns).toEqual([
      {name: 'x', type: 'INTEGER'},
      {name: 'y', type: 'VARCHAR'},
    ]);
    expect(none).toEqual([]);
  });

  test('comments at the end, equal names and statements that cannot be described are all right', async () => {
    expect(await rows('SELECT 1 AS x, 2 AS x -- end')).toEqual([[1, 2]]);
    expect(await rows("SELECT 'a'::ENUM('a', 'b') AS x, 'b'::ENUM('a', 'b') AS x -- end")).toEqual([['a', 'b']]);
    expect((await rows('EXPLAIN SELECT 1'))[0]?.[0]).toBe('physical_plan');
    expect((await node.engine.rows(sql`SUMMARIZE SELECT 1 AS x`)).columns[0]).toEqual({
      name: 'column_name',
      type: 'VARCHAR',
    });
    expect(await rows('WITH t AS (SELECT 1 AS x) FROM t')).toEqual([[1]]);
    expect(await rows('PIVOT (SELECT 1 AS a, 2 AS b) ON a USING sum(b)')).toEqual([[2n]]);
  });

  test('an ordered query keeps its order when a column is cast on its way', async () => {
    const found = await rows(
      "SELECT i, (i % 2)::VARCHAR::ENUM('0', '1') AS e FROM range(5000) AS t(i) ORDER BY i DESC",
    );
    expect(found.map(([i]) => Number(i))).toEqual(Array.from({length: 5000}, (_, i) => 4999 - i));
    expect(found[1]).toEqual([4998n, '0']);
  });

  test('division by zero is NULL, as is the remainder, and NaN stays what it is', async () => {
    expect(await rows("SELECT 1 / 0, 1.5::DOUBLE / 0, 7 // 0, 7 % 0, 7.5::DOUBLE % 0, 'NaN'::DOUBLE / 2")).toEqual([
      [null, null, null, null, null, NaN],
    ]);
    expect((await problem(rows('SELECT sqrt(x) FROM (SELECT -1::DOUBLE AS x)'))).message).toMatch(
      /square root of a negative number/,
    );
  });

  test('calls made at once queue up', async () => {
    const sums = await Promise.all(
      Array.from({length: 10}, (_, i) => rows(`SELECT sum(x + ${i}) FROM range(10000) AS t(x)`)),
    );
    expect(sums.map(([row]) => Number(row?.[0]))).toEqual(Array.from({length: 10}, (_, i) => 49_995_000 + i * 10_000));
  });
});

describe('streaming', () => {
  test('chunks are streams of their own, and one is read before the next is made', async () => {
    const counts: number[] = [];
    let reading = false;
    await node.engine.stream(sql`SELECT i, i / 7 AS x FROM range(1000000) AS t(i)`, async (ipc) => {
      expect(reading).toBe(false);
      reading = true;
      await pause(5);
      counts.push(tableFromIPC(ipc).numRows);
      reading = false;
    });
    expect(counts.length).toBeGreaterThan(2);
    expect(counts.reduce((sum, n) => sum + n, 0)).toBe(1_000_000);
  });

  test('no rows give one chunk with the schema', async () => {
    const schemas: string[] = [];
    await node.engine.stream(sql`SELECT 1 AS x WHERE false`, async (ipc) => {
      schemas.push(tableFromIPC(ipc).schema.fields.join());
    });
    expect(schemas).toEqual(['x: Int32']);
  });

  test('what the user of the chunks throws ends the stream and comes back as it was', async () => {
    const full = new RangeError('the disk is full');
    await expect(node.engine.stream(sql`FROM range(1000000)`, () => Promise.reject(full))).rejects.toBe(full);
    expect(await rows('SELECT 1')).toEqual([[1]]);
  });
});

describe('columns', () => {
  test('numbers become float64 with NaN for NULL, times microseconds, texts numbers', async () => {
    const {rows: n, columns} = await node.engine.columns(sql`SELECT * FROM (VALUES
      (1::TINYINT, 2.5::DECIMAL(9,2), true, 1e300, TIMESTAMP '1970-01-01 00:00:00.000001', 'b', 'x'),
      (NULL, -1, false, 'nan'::DOUBLE, NULL, NULL, 'x'),
      (3, 0, NULL, 'inf'::DOUBLE, TIMESTAMP '9999-12-31 23:59:59.999999', 'a', 'x'),
      (4, 0, true, -0.5, TIMESTAMP 'infinity', 'b', 'é😀'),
      (5, 0, true, -0.5, TIMESTAMP '0001-01-01', '', '')) AS t(a, b, a_1, "a b", t, s, s_1)`);
    expect(n).toBe(5);
    expect(columns.map(({kind, name, values}) => [kind, name, [...values]])).toEqual([
      ['numbers', 'a', [1, NaN, 3, 4, 5]],
      ['numbers', 'b', [2.5, -1, 0, 0, 0]],
      ['numbers', 'a_1', [1, 0, NaN, 1, 1]],
      ['numbers', 'a b', [1e300, NaN, Infinity, -0.5, -0.5]],
      ['times', 't', [1n, -(2n ** 63n), 253402300799999999n, -(2n ** 63n), -62135596800000000n]],
      ['texts', 's', [0, -1, 1, 0, 2]],
      ['texts', 's_1', [0, 0, 0, 1, 2]],
    ]);
    expect(columns.map((column) => (column.kind === 'texts' ? column.distinct : undefined)).slice(5)).toEqual([3, 3]);
  });

  test('many chunks keep the order of the rows, and equal texts their number', async () => {
    const {rows: n, columns} = await node.engine.columns(
      sql`SELECT i, CASE WHEN i % 7 <> 0 THEN -i END AS j, TIMESTAMP '2024-01-01' + to_microseconds(i) AS t, 'sensor ' || (i * 7919 % 5000) AS s FROM range(300000) AS t(i) ORDER BY i`,
    );
    expect(n).toBe(300_000);
    const [i, j, t, s] = columns.map(({values}) => values);
    const numbers = new Map<number, number>();
    const wrong = Array.from({length: n}, (_, row) => row).filter((row) => {
      const sensor = (row * 7919) % 5000;
      if (!numbers.has(sensor)) numbers.set(sensor, numbers.size);
      return (
        i?.[row] !== row ||
        !Object.is(j?.[row], row % 7 === 0 ? NaN : -row) ||
        t?.[row] !== 1704067200000000n + BigInt(row) ||
        s?.[row] !== numbers.get(sensor)
      );
    });
    expect(wrong).toEqual([]);
  });

  test('no rows', async () => {
    expect(await node.engine.columns(sql`SELECT 1 AS x WHERE false`)).toEqual({
      rows: 0,
      columns: [{kind: 'numbers', name: 'x', values: new Float64Array()}],
    });
  });

  test('a column of another type is named', async () => {
    expect(await problem(node.engine.columns(sql`SELECT 1 AS x, [1] AS list`))).toMatchObject({
      code: 'COLUMN_NOT_NUMERIC',
      where: {column: 'list'},
    });
  });
});

describe('inserting', () => {
  test('Arrow streams create a table and append to it', async () => {
    const ipc = (a: number[], s: (string | null)[]): Uint8Array =>
      tableToIPC(tableFromArrays({a: Float64Array.from(a), s}), 'stream');
    await node.engine.insert('My "T"', ipc([1, 2], ['x', null]), true);
    await node.engine.insert('My "T"', ipc([3], ['é']), false);
    expect(await rows('SELECT * FROM "My ""T"""')).toEqual([
      [1, 'x'],
      [2, null],
      [3, 'é'],
    ]);
    expect(await problem(node.engine.insert('My "T"', ipc([1], ['x']), true))).toMatchObject({code: 'NAME_EXISTS'});
    expect(await problem(node.engine.insert('none', ipc([1], ['x']), false))).toMatchObject({code: 'TABLE_NOT_FOUND'});
  });

  test('kernel columns become a table in their order, missing values NULL', async () => {
    const n = 300_000;
    const cluster = Int32Array.from({length: n}, (_, i) => (i % 3 === 0 ? -2147483648 : i));
    const distance = Float64Array.from({length: n}, (_, i) => (i % 5 === 0 ? NaN : i / 2));
    await node.engine.insertColumns(
      'k',
      [
        {kind: 'numbers', name: 'cluster', values: cluster},
        {kind: 'numbers', name: 'the distance', values: distance},
      ],
      true,
    );
    expect(
      await rows(
        'SELECT count(*), count(cluster), count("the distance"), count(*) FILTER (rowid <> cluster OR rowid / 2 <> "the distance") FROM k',
      ),
    ).toEqual([[300_000n, 200_000n, 240_000n, 0n]]);
    expect(cluster.length, 'the columns were moved').toBe(0);
  });

  test('kernel columns without rows become an empty table', async () => {
    await node.engine.insertColumns(
      'empty',
      [
        {kind: 'numbers', name: 'x', values: new Float64Array()},
        {kind: 'numbers', name: 'i', values: new Int32Array()},
      ],
      true,
    );
    expect(await node.engine.describe(sql`FROM empty`)).toEqual([
      {name: 'x', type: 'DOUBLE'},
      {name: 'i', type: 'INTEGER'},
    ]);
  });

  test('an insert that fails leaves no table and no open transaction', async () => {
    await node.engine.insertColumns('once', [{kind: 'numbers', name: 'x', values: Float64Array.of(1)}], true);
    expect(
      await problem(
        node.engine.insertColumns('once', [{kind: 'numbers', name: 'x', values: Float64Array.of(2)}], true),
      ),
    ).toMatchObject({code: 'NAME_EXISTS'});
    expect(await rows('FROM once')).toEqual([[1]]);
    await node.engine.insertColumns('once', [{kind: 'numbers', name: 'x', values: Float64Array.of(3, 4)}], false);
    expect(await rows('FROM once')).toEqual([[1], [3], [4]]);
  });
});

describe('stopping', () => {
  const endless = sql`SELECT count(*) FROM range(100000000000) AS t(i) WHERE i % 3 = 7`;

  test('a running query stops and the engine goes on, the same one', async () => {
    const abort = new AbortController();
    const running = problem(node.engine.query(endless, {signal: abort.signal}));
    await pause(300);
    abort.abort();
    expect(await running).toMatchObject({code: 'CANCELLED'});
    expect(await rows('SELECT 1')).toEqual([[1]]);
    expect(node.starts()).toBe(1);
  });

  test('a cancelled CREATE TABLE leaves no table', async () => {
    const abort = new AbortController();
    const running = problem(
      node.engine.execute([sql`CREATE TABLE half AS SELECT i FROM range(10000000000) AS t(i)`], {signal: abort.signal}),
    );
    setTimeout(() => abort.abort(), 200);
    expect(await running).toMatchObject({code: 'CANCELLED'});
    expect(await problem(node.engine.rows(sql`FROM half`))).toMatchObject({code: 'TABLE_NOT_FOUND'});
  });

  test('a queued job that is cancelled answers at once and never starts', async () => {
    const [first, second] = [new AbortController(), new AbortController()];
    const running = problem(node.engine.query(endless, {signal: first.signal}));
    const queued = problem(node.engine.execute([sql`CREATE TABLE never AS SELECT 1 AS x`], {signal: second.signal}));
    await pause(100);
    second.abort();
    expect(await queued).toMatchObject({code: 'CANCELLED'});
    first.abort();
    await running;
    expect(await problem(node.engine.rows(sql`FROM never`))).toMatchObject({code: 'TABLE_NOT_FOUND'});
  });

  test('a stream stops between two chunks', async () => {
    const abort = new AbortController();
    let chunks = 0;
    const running = problem(
      node.engine.stream(
        sql`FROM range(100000000)`,
        async () => {
          if (++chunks === 3) abort.abort();
        },
        {signal: abort.signal},
      ),
    );
    expect(await running).toMatchObject({code: 'CANCELLED'});
    // All of them would be some 200.
    expect(chunks).toBeLessThan(50);
  });

  test('an aborted signal never reaches the engine', async () => {
    expect(
      await problem(node.engine.execute([sql`CREATE TABLE never AS SELECT 1`], {signal: AbortSignal.abort()})),
    ).toMatchObject({code: 'CANCELLED'});
    expect(await problem(node.engine.rows(sql`FROM never`))).toMatchObject({code: 'TABLE_NOT_FOUND'});
  });

  test('memory answers while a query runs', async () => {
    await node.engine.execute([
      sql`CREATE OR REPLACE TABLE held AS SELECT i, random() AS r FROM range(500000) AS t(i)`,
    ]);
    const abort = new AbortController();
    const running = problem(node.engine.query(endless, {signal: abort.signal}));
    const {used, limit} = await node.engine.memory();
    abort.abort();
    await running;
    expect(used).toBeGreaterThan(1e6);
    expect(limit).toBeGreaterThan(3e9);
  });
});

describe('settings', () => {
  test('time is UTC whatever the zone of the machine, and rows keep their order', async () => {
    expect(
      await rows(
        "SELECT '2024-01-01 12:00:00+02'::TIMESTAMPTZ::TIMESTAMP, strptime('2024-01-01T12:00:00+0200', '%Y-%m-%dT%H:%M:%S%z'), current_setting('preserve_insertion_order')",
      ),
    ).toEqual([['2024-01-01T10:00:00', '2024-01-01T10:00:00Z', true]]);
  });

  test.each([
    'SET lock_configuration = false',
    'RESET lock_configuration',
    'SET autoload_known_extensions = true',
    "SET memory_limit = '1GB'",
  ])('SQL cannot change them: %s', async (text) => {
    expect(await problem(node.engine.execute([query(text)]))).toMatchObject({code: 'NOT_ALLOWED'});
  });

  test.each([
    ["FROM 'https://example.com/x.csv'", 'ENGINE_OFFLINE'],
    ["FROM read_csv('http://example.com/x.csv')", 'ENGINE_OFFLINE'],
    ["COPY (SELECT 1) TO 's3://bucket/x.csv'", 'ENGINE_OFFLINE'],
    ["FROM read_parquet('x.parquet')", 'EXTENSION_MISSING'],
    ['LOAD httpfs', 'EXTENSION_MISSING'],
    ["SELECT now() AT TIME ZONE 'UTC'", 'EXTENSION_MISSING'],
  ])('nothing is fetched, and the engine goes on: %s', async (text, code) => {
    expect(await problem(node.engine.execute([query(text)]))).toMatchObject({code});
    expect(await rows('SELECT 1')).toEqual([[1]]);
  });
});

describe('ending', () => {
  test('a crash starts a new engine, tells the listeners and rejects what waits', async () => {
    const why: string[] = [];
    const stop = node.engine.onRestart((text) => why.push(text));
    const starts = node.starts();
    const crash = problem(node.engine.execute([sql`SELECT repeat('a', 3000000000)`]));
    const waiting = problem(node.engine.rows(sql`SELECT 1`));
    expect(await crash).toMatchObject({code: 'ENGINE_CRASHED'});
    expect(await waiting).toMatchObject({code: 'ENGINE_RESTARTED'});
    expect(why).toHaveLength(1);
    expect(await rows('SELECT 1')).toEqual([[1]]);
    expect(node.starts()).toBe(starts + 1);
    stop();
  });

  test('a stop that is not answered within 2 s ends the engine', async () => {
    const abort = new AbortController();
    const starts = node.starts();
    // One call on one row: DuckDB looks for a cancel only between rows. A query would be described first.
    const running = problem(
      node.engine.execute([sql`SELECT levenshtein(repeat('a', 200000), repeat('b', 200000))`], {signal: abort.signal}),
    );
    await pause(300);
    const asked = performance.now();
    abort.abort();
    expect(await running).toMatchObject({code: 'CANCELLED'});
    expect(performance.now() - asked).toBeGreaterThan(1900);
    expect(await rows('SELECT 1')).toEqual([[1]]);
    expect(node.starts()).toBe(starts + 1);
  });
});
