import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {problemOf, type Problem} from '../../../src/lib/problem.ts';
import {parseNotebook} from '../../../src/notebook/model.ts';
import {plan, type PlannedCell} from '../../../src/notebook/plan.ts';
import {postgresRows, readPostgres} from '../../../src/tables/postgres-read.ts';
import {writePostgres} from '../../../src/tables/postgres-write.ts';
import {Runner} from '../../../src/run/runner.ts';
import type {RanCell} from '../../../src/run/define.ts';
import type {ComputePort, LakePort, PostgresPort, SqlitePort, StoragePort} from '../../../src/ports/index.ts';
import {id, psqlStatement, sql, type Sql} from '../../../src/sql/sql.ts';
import type {PostgresWrite} from '../../../src/tables/define.ts';
import {startNodeEngine, type NodeEngine} from '../engine/node-engine.ts';
import {nodePostgres} from './node-postgres.ts';

let node: NodeEngine;
let postgres: PostgresPort;

beforeAll(async () => {
  node = await startNodeEngine();
  ({postgres} = nodePostgres());
  await postgres.status();
});
afterAll(async () => {
  await postgres.close();
  node.close();
});

// A query of these tests, not of a reader.
const own = (text: string): Sql => psqlStatement(text);
const ask = async (text: string): Promise<(string | null)[][]> =>
  postgresRows(await postgres.transaction((run) => run(own(text))));

async function write(
  query: string,
  options: Partial<PostgresWrite> & {table: string},
): Promise<Readonly<Record<string, number>>> {
  const {engine} = node;
  await engine.execute([own(`CREATE OR REPLACE TABLE given AS ${query}`)]);
  const {columns} = await engine.describeTable('given');
  return writePostgres(
    {engine, postgres},
    {keys: [], indexes: [], mergeSchema: false, overwriteSchema: false, ...options},
    {relation: id('given'), columns},
    {onProgress: () => undefined},
  );
}

const failing = async (work: Promise<unknown>): Promise<Problem> =>
  work.then(
    () => Promise.reject(new Error('it went well')),
    (thrown: unknown) => problemOf(thrown),
  );

const back = async (statement: string) => {
  await readPostgres({engine: node.engine, postgres}, statement, 'back', undefined);
  return node.engine.rows(sql`FROM back`);
};

/** Every type with its hard values: what goes there and back has to be the same, type and value. */
const kinds: readonly (readonly [type: string, postgres: string, values: readonly string[]])[] = [
  ['BOOLEAN', 'boolean', ['true', 'false']],
  ['SMALLINT', 'smallint', ['-32768', '32767']],
  ['INTEGER', 'integer', ['-2147483648']],
  ['BIGINT', 'bigint', ['-9223372036854775808', '9223372036854775807']],
  ['HUGEINT', 'numeric(39,0)', ['170141183460469231731687303715884105727', '-170141183460469231731687303715884105727']],
  ['FLOAT', 'real', ["'NaN'", "'-Infinity'", '0.1', '3.4028235e38', "'-0.0'"]],
  ['DOUBLE', 'double precision', ["'NaN'", "'Infinity'", '0.1', '5e-324', '1.7976931348623157e308', "'-0.0'"]],
  ['DECIMAL(10,2)', 'numeric(10,2)', ['12.30', '-99999999.99']],
  ['DECIMAL(38,37)', 'numeric(38,37)', ['0.0000000000000000000000000000000000001']],
  [
    'VARCHAR',
    'text',
    ["''", "'NULL'", "'\\N'", "'a\"b,c\\d'", "E'line\\nbreak\\r\\ttab'", "'größe 😀'", "'\\.'", "'  '", '\'""\''],
  ],
  ['DATE', 'date', ["'2024-02-29'", "'0044-03-15 (BC)'", "'infinity'", "'-infinity'", "'12024-01-01'"]],
  ['TIME', 'time without time zone', ["'23:59:59.999999'"]],
  [
    'TIMESTAMP',
    'timestamp without time zone',
    [
      "'2024-02-29 12:34:56.789012'",
      "'infinity'",
      "'-infinity'",
      "'0044-03-15 (BC) 01:02:03'",
      "'1969-12-31 23:59:59.999999'",
    ],
  ],
  [
    'TIMESTAMP WITH TIME ZONE',
    'timestamp with time zone',
    ["'2024-03-31 01:30:00.000001+00'", "'infinity'", "'0044-03-15 (BC) 01:02:03+00'"],
  ],
  ['INTERVAL', 'interval', ["INTERVAL '1 year 2 months 3 days 04:05:06.789'", "-INTERVAL '1 month 2 days 3 hours'"]],
  ['UUID', 'uuid', ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"]],
  ['BLOB', 'bytea', ["'\\x00\\xFF\\x5C'::BLOB", "''::BLOB"]],
  ['BIT', 'bit varying', ["'0101011'::BIT"]],
  ['BIGINT[]', 'bigint[]', ['[1, NULL, 3]', '[]']],
  ['VARCHAR[]', 'text[]', ["['a,b', NULL, 'NULL', '', 'q\"u\\e', ' x ']", '[]']],
  ['DOUBLE[]', 'double precision[]', ["['NaN'::DOUBLE, 1.5, NULL]"]],
  ['BOOLEAN[]', 'boolean[]', ['[true, NULL, false]']],
  ['TIMESTAMP[]', 'timestamp without time zone[]', ["['2024-02-29 12:34:56.789012'::TIMESTAMP, NULL]"]],
];

describe('values', () => {
  test.each(kinds)('%s is %s and comes back as it was', async (type, stored, values) => {
    const rows = [...values, 'NULL']
      .map((value, i) => `SELECT ${i} AS n, (${value})::${type} AS v`)
      .join(' UNION ALL ');
    await write(rows, {table: 'kinds', overwriteSchema: true});
    expect(
      await ask(
        `SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'kinds'::regclass AND attname = 'v'`,
      ),
    ).toEqual([[stored]]);
    const found = await back('SELECT n, v FROM kinds ORDER BY n');
    const sent = await node.engine.rows(sql`SELECT n, v FROM given ORDER BY n`);
    expect(found.columns[1]?.type).toBe(sent.columns[1]?.type);
    expect(found.rows).toEqual(sent.rows);
    const [same] = (
      await node.engine.rows(
        sql`SELECT bool_and(back.v::VARCHAR IS NOT DISTINCT FROM given.v::VARCHAR), count(*) FROM given JOIN back USING (n)`,
      )
    ).rows;
    expect(same).toEqual([true, BigInt(values.length + 1)]);
  });

  test('whole numbers that PostgreSQL has no type for are kept by a wider one', async () => {
    await write(
      "SELECT 255::UTINYINT AS a, 65535::USMALLINT AS b, 4294967295::UINTEGER AS c, 18446744073709551615::UBIGINT AS d, 'x'::ENUM('x', 'y') AS e",
      {table: 'unsigned'},
    );
    const {columns, rows} = await back('SELECT * FROM unsigned');
    expect(columns.map(({type}) => type)).toEqual(['SMALLINT', 'INTEGER', 'BIGINT', 'DECIMAL(20,0)', 'VARCHAR']);
    expect(rows).toEqual([[255, 65535, 4294967295n, '18446744073709551615', 'x']]);
  });

  test('what is nested is jsonb, with every value readable', async () => {
    await write(
      `SELECT {'a "b"': 1, 'c': [1.5, NULL, 'NaN'::DOUBLE], 'd': E'x\\ny\\\\z"', 'e': NULL::INTEGER} AS s, MAP {'k''': 2} AS m, [[1, 2], NULL] AS l`,
      {table: 'nested'},
    );
    expect(await ask('SELECT pg_typeof(s), s, m, l FROM nested')).toEqual([
      [
        'jsonb',
        `{"c": [1.5, null, "nan"], "d": "x\\ny\\\\z\\"", "e": null, "a \\"b\\"": 1}`,
        `{"k'": 2}`,
        '[[1, 2], null]',
      ],
    ]);
  });

  test('numeric comes back as a DECIMAL of its digits, a DOUBLE when it holds NaN, a text when it is too long', async () => {
    const {columns, rows} = await back(
      `SELECT 1.50::numeric AS d, 'NaN'::numeric AS n, repeat('9', 50)::numeric AS t, NULL::numeric AS e, 'NaN'::numeric(5,1) AS f`,
    );
    expect(columns.map(({type}) => type)).toEqual(['DECIMAL(38,2)', 'DOUBLE', 'VARCHAR', 'DECIMAL(38,0)', 'DOUBLE']);
    expect(rows[0]).toEqual(['1.50', NaN, '9'.repeat(50), null, NaN]);
  });

  test('arrays of arrays are lists of lists; those of other dimensions in each row, and of texts, are as PostgreSQL writes them', async () => {
    const found = await back(
      `SELECT ARRAY[[1, NULL], [3, 4]] AS a, ARRAY[[[true]], [[false]]] AS b, ARRAY[['x,y', NULL]] AS c, ARRAY[1] AS d, '[0:1]={5,6}'::int[] AS e, '[2:3][0:0]={{7},{8}}'::int[] AS f
UNION ALL SELECT '{}', NULL, '{}', ARRAY[[2]], '{}', '{}'`,
    );
    expect(found.columns.map(({type}) => type)).toEqual([
      'INTEGER[][]',
      'BOOLEAN[][][]',
      'VARCHAR',
      'VARCHAR',
      'INTEGER[]',
      'INTEGER[][]',
    ]);
    expect(found.rows).toEqual([
      [
        [
          [1, null],
          [3, 4],
        ],
        [[[true]], [[false]]],
        '{{"x,y",NULL}}',
        '{1}',
        [5, 6],
        [[7], [8]],
      ],
      [[], null, '{}', '{{2}}', [], []],
    ]);
  });

  test('texts of an array that PostgreSQL writes without quotes are no quotes or brackets of DuckDB’s', async () => {
    const texts = ["it's", "that's", 'a[b', 'c]d', "'x", '(y', 'NULL', 'null', '', 'a\\b"c', 'x=1', '{z}'];
    const listed = `ARRAY[${texts.map((text) => `'${text.replaceAll("'", "''")}'`).join(', ')}, NULL]`;
    expect((await back(`SELECT ${listed} AS a UNION ALL SELECT '{}' UNION ALL SELECT NULL`)).rows).toEqual([
      [[...texts, null]],
      [[]],
      [null],
    ]);
  });

  test('a text with NUL is refused with a sentence, and the table is as it was', async () => {
    await write("SELECT 'kept' AS t", {table: 'nul'});
    const problem = await failing(write("SELECT 'a' || chr(0) AS t", {table: 'nul'}));
    expect(problem).toMatchObject({code: 'POSTGRES', sqlState: '22021'});
    expect(problem.message).toContain('NUL');
    expect(await ask('SELECT * FROM nul')).toEqual([['kept']]);
  });
});

describe('tables', () => {
  test('rows with keys are updated, inserted or left alone', async () => {
    const options = {table: 'agg', keys: ['sensor', 'hour'], indexes: ['hour']};
    expect(await write("SELECT * FROM (VALUES ('a', 1, 1.5), ('b', 1, 2.5)) t(sensor, hour, v)", options)).toEqual({
      rows_written: 2,
      indexes_made: 1,
    });
    expect(
      await write("SELECT * FROM (VALUES ('a', 1, 1.5), ('b', 1, 9.5), ('c', 1, NULL)) t(sensor, hour, v)", options),
    ).toEqual({
      rows_inserted: 1,
      rows_updated: 1,
      rows_unchanged: 1,
    });
    expect(await ask('SELECT * FROM agg ORDER BY 1')).toEqual([
      ['a', '1', '1.5'],
      ['b', '1', '9.5'],
      ['c', '1', null],
    ]);
    expect(await ask(`SELECT indexdef FROM pg_indexes WHERE tablename = 'agg' ORDER BY 1`)).toEqual([
      ['CREATE INDEX agg_hour_idx ON public.agg USING btree (hour)'],
      ['CREATE UNIQUE INDEX agg_pkey ON public.agg USING btree (sensor, hour)'],
    ]);
  });

  test('rows without keys replace the table’s', async () => {
    await write('SELECT 1 AS a UNION ALL SELECT 1', {table: 'plain'});
    await write('SELECT 2 AS a', {table: 'plain'});
    expect(await ask('SELECT * FROM plain')).toEqual([['2']]);
  });

  test('names that need quotes, and other case, are kept as they are', async () => {
    await write(`SELECT 1 AS "User", 2 AS "a ""b""; DROP TABLE plain", 3 AS "größe"`, {
      table: 'Order; "x"',
      keys: ['User'],
      indexes: ['größe'],
    });
    expect(await ask(`SELECT "User", "a ""b""; DROP TABLE plain" FROM "Order; ""x"""`)).toEqual([['1', '2']]);
  });

  test.each(['lakebook_rows', 'pg_language'])(
    '%s is the user’s own table, whatever PostgreSQL has by that name',
    async (table) => {
      await write('SELECT 1 AS id, 1 AS v', {table, keys: ['id'], indexes: ['v']});
      await write('SELECT i AS id, 2 AS v FROM range(1, 3) t(i)', {
        table,
        keys: ['id'],
        indexes: ['v'],
        overwriteSchema: true,
      });
      expect(
        await write('SELECT i AS id, 3 AS v FROM range(2, 4) t(i)', {table, keys: ['id'], indexes: ['v']}),
      ).toMatchObject({rows_inserted: 1, rows_updated: 1});
      expect(await ask(`SELECT id, v FROM public.${table} ORDER BY 1`)).toEqual([
        ['1', '2'],
        ['2', '3'],
        ['3', '3'],
      ]);
    },
  );

  test('a name that PostgreSQL would cut is refused', async () => {
    expect(await failing(write(`SELECT 1 AS "${'ä'.repeat(32)}"`, {table: 't'}))).toMatchObject({
      code: 'POSTGRES_NAME',
    });
    expect(await failing(write('SELECT 1 AS a', {table: 'x'.repeat(64)}))).toMatchObject({
      code: 'POSTGRES_NAME',
      where: {param: 'table'},
    });
  });

  test('a key that is repeated or missing is named', async () => {
    const repeated = await failing(
      write("SELECT * FROM (VALUES ('a', 1), ('a', 2), ('b', 3)) t(sensor, v)", {table: 'k', keys: ['sensor']}),
    );
    expect(repeated).toMatchObject({code: 'POSTGRES_KEY_REPEATED', where: {param: 'keys'}});
    expect(repeated.message).toContain('sensor = a');
    expect(await failing(write('SELECT NULL::VARCHAR AS sensor', {table: 'k', keys: ['sensor']}))).toMatchObject({
      code: 'POSTGRES_KEY_MISSING',
      where: {column: 'sensor'},
    });
  });

  test('columns that changed since are shown one by one; merge_schema adds new ones, overwrite_schema makes the table anew', async () => {
    await write('SELECT 1 AS id, 2.5::DOUBLE AS v', {table: 'changed', keys: ['id']});
    const problem = await failing(write("SELECT 1 AS id, 'x' AS v, true AS more", {table: 'changed', keys: ['id']}));
    expect(problem).toMatchObject({
      code: 'POSTGRES_COLUMNS',
      differences: [
        {column: 'v', table: 'double precision', rows: 'text'},
        {column: 'more', table: null, rows: 'boolean'},
      ],
    });
    await write('SELECT 2 AS id, 3.5::DOUBLE AS v, true AS more', {table: 'changed', keys: ['id'], mergeSchema: true});
    expect(await ask('SELECT * FROM changed ORDER BY id')).toEqual([
      ['1', '2.5', null],
      ['2', '3.5', 't'],
    ]);
    expect(await failing(write('SELECT 3 AS id, 1.5::DOUBLE AS v', {table: 'changed', keys: ['v']}))).toMatchObject({
      code: 'POSTGRES_KEYS',
    });
    await write("SELECT 'x' AS v", {table: 'changed', overwriteSchema: true});
    expect(await ask('SELECT * FROM changed')).toEqual([['x']]);
  });

  test('no rows make a table all the same', async () => {
    await write('SELECT 1 AS a WHERE false', {table: 'empty'});
    expect((await back('SELECT * FROM empty')).columns).toEqual([{name: 'a', type: 'INTEGER'}]);
  });

  test('a view of that name is no table to write', async () => {
    await ask('CREATE VIEW seen AS SELECT 1 AS a');
    expect(await failing(write('SELECT 1 AS a', {table: 'seen'}))).toMatchObject({code: 'POSTGRES_NOT_A_TABLE'});
  });
});

describe('psql', () => {
  test('a mistake is told with PostgreSQL’s SQLSTATE, its hint and the line', async () => {
    await write('SELECT 1 AS temperature', {table: 'told'});
    const problem = await failing(back('SELECT *\nFROM told\nWHERE temprature > 1'));
    expect(problem).toMatchObject({code: 'POSTGRES', sqlState: '42703', where: {line: 3}});
    expect(problem.hint).toContain('temperature');
  });

  test('a cell’s name in the place of a table, and two statements, are told what to do next', async () => {
    expect(await failing(back('SELECT * FROM some_cell'))).toMatchObject({
      sqlState: '42P01',
      hint: expect.stringContaining('a postgres step') as string,
    });
    expect(await failing(back('SELECT 1; SELECT 2'))).toMatchObject({
      sqlState: '42601',
      hint: expect.stringContaining('one statement') as string,
    });
  });

  test.each([
    'DELETE FROM told',
    'DROP TABLE told',
    'SELECT 1; SELECT 2',
    'COMMIT',
    "SELECT set_config('transaction_read_only', 'off', false)",
    "COPY told FROM '/dev/blob'",
  ])('%s changes nothing', async (statement) => {
    await write('SELECT 1 AS temperature', {table: 'told'});
    await back(statement).catch(() => undefined);
    expect(await ask('SELECT * FROM told')).toEqual([['1']]);
    await write('SELECT 2 AS temperature', {table: 'told'});
    expect((await back('SELECT * FROM told')).rows).toEqual([[2]]);
  });

  test.each([
    "COPY told TO '/tmp/evil'",
    '/* /* */ SELECT */ COPY told TO STDOUT',
    "--\rCOPY told TO '/tmp/evil'",
    "; COPY told TO '/tmp/evil'",
    "DO $$ BEGIN COPY told TO '/tmp/evil'; END $$",
  ])('%s writes no file, as it could overwrite the database’s own', async (statement) => {
    await write('SELECT 1 AS temperature', {table: 'told'});
    expect(await failing(back(statement))).toMatchObject({code: 'POSTGRES_NO_ROWS'});
    expect(await ask("SELECT count(*) FROM pg_ls_dir('/tmp') AS name WHERE name = 'evil'")).toEqual([['0']]);
  });

  test('a remark or a parenthesis may come first', async () => {
    expect((await back('-- one\n/* two /* three */ */ (SELECT 1)')).rows).toEqual([[1]]);
  });

  test('what a query sets for the session is gone with it', async () => {
    await back(
      "SELECT set_config('search_path', 'nowhere', false) AS a, set_config('timezone', 'Asia/Tokyo', false) AS b",
    );
    expect(await ask("SELECT current_setting('search_path'), current_setting('timezone')")).toEqual([
      ['public', 'UTC'],
    ]);
  });

  test('two columns of one name are refused with a way on', async () => {
    expect(await failing(back('SELECT 1 AS a, 2 AS "A"'))).toMatchObject({code: 'NAME_TAKEN'});
  });

  test('a dump brings everything back, and leaves the session as it was', async () => {
    await write(`SELECT 1 AS id, E'a\\tb\\\\\\n\\\\.\\n\\\\restrict x' AS t, [1.5, NULL] AS l`, {
      table: 'Dumped T',
      keys: ['id'],
      indexes: ['t'],
    });
    const dump = await postgres.dump();
    const before = await ask('SELECT * FROM "Dumped T"');
    const tables = await ask(`SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`);
    await ask('DROP SCHEMA public CASCADE');
    await ask('CREATE SCHEMA public');
    expect(await postgres.load(dump)).toBeGreaterThan(5);
    expect(await ask(`SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`)).toEqual(tables);
    expect(await ask('SELECT * FROM "Dumped T"')).toEqual(before);
    expect(await failing(postgres.load(dump))).toMatchObject({code: 'POSTGRES', sqlState: '42P07'});
    expect(await ask('SELECT count(*) FROM "Dumped T"')).toEqual([['1']]);
  });
});

test.each(['END', 'COMMIT', 'ROLLBACK', 'ABORT', "PREPARE TRANSACTION 'x'", 'ROLLBACK AND CHAIN'])(
  'of a dump that fails after %s nothing stays',
  async (end) => {
    expect(
      await failing(
        postgres.load(
          new Blob([`CREATE TABLE half (a int);\n${end};\nCREATE TABLE other (a int);\nSELECT nonsense;\n`]),
        ),
      ),
    ).toMatchObject({code: 'POSTGRES'});
    expect(await ask("SELECT count(*) FROM pg_tables WHERE tablename IN ('half', 'other')")).toEqual([['0']]);
  },
);

test('the last statement of a script runs without its semicolon, and one that is cut is told with its line', async () => {
  await postgres.load(new Blob(['CREATE TABLE ended (a int);\nINSERT INTO ended VALUES (1)\n-- done\n']));
  expect(await ask('SELECT a FROM ended')).toEqual([['1']]);
  expect(
    await failing(postgres.load(new Blob(["INSERT INTO ended VALUES (2);\nINSERT INTO ended VALUES (3), ('fo"]))),
  ).toMatchObject({code: 'POSTGRES', where: {line: 2}});
  expect(await ask('SELECT a FROM ended')).toEqual([['1']]);
});

test('functions with their bodies in SQL and rules of several statements hold semicolons; what comes after them is loaded', async () => {
  const dump = `SET check_function_bodies = false;
CREATE TABLE public.lanes (id integer, v double precision, "end" text);
CREATE FUNCTION public.add_lane(a integer, "case" text DEFAULT 'x;y') RETURNS integer
    LANGUAGE sql
    BEGIN ATOMIC
 INSERT INTO lanes (id, "end")
   VALUES (add_lane.a, CASE WHEN (a > 1) THEN 'END;' ELSE "case" END);
 SELECT count(*)::integer AS count FROM lanes; -- END;
END;
CREATE OR REPLACE PROCEDURE public.empty_lanes()
    LANGUAGE sql
    BEGIN ATOMIC
 DELETE FROM lanes;
END;
CREATE FUNCTION public.begin(atomic integer) RETURNS integer LANGUAGE sql AS 'SELECT 1;';
CREATE FUNCTION public.half(a double precision) RETURNS double precision LANGUAGE sql RETURN (a / 2);
CREATE VIEW public.backend AS SELECT CASE WHEN id > 1 THEN 'many' END AS n FROM public.lanes;
CREATE RULE noted AS ON UPDATE TO public.lanes DO ALSO (DELETE FROM public.lanes WHERE id < 0; DELETE FROM public.lanes WHERE id = 0;);
COPY public.lanes (id, v, "end") FROM stdin;
1\t0.5\tbegin atomic; (
2\t\\N\tend;
\\.
`;
  await postgres.load(new Blob([dump]));
  expect(await ask('SELECT id, "end" FROM lanes ORDER BY id')).toEqual([
    ['1', 'begin atomic; ('],
    ['2', 'end;'],
  ]);
  expect(await ask('SELECT add_lane(3), half(3), begin(0)')).toEqual([['3', '1.5', '1']]);
  expect(await ask('SELECT n FROM backend')).toEqual([[null], ['many'], ['many']]);
});

test('a body that has no end is told with the line of its function, and nothing of the dump stays', async () => {
  const dump =
    'CREATE TABLE bodies (a int);\nCREATE FUNCTION cut() RETURNS int BEGIN ATOMIC SELECT 1;\nCOMMIT;\nSELECT nonsense;\n';
  expect(await failing(postgres.load(new Blob([dump])))).toMatchObject({code: 'POSTGRES', where: {line: 2}});
  expect(await ask("SELECT count(*) FROM pg_tables WHERE tablename = 'bodies'")).toEqual([['0']]);
});

describe('cells', () => {
  const fence = (header: string, body: string): string => `\`\`\`${header}\n${body}\n\`\`\`\n\n`;
  const readings = (value: number): string => fence('sql readings', `SELECT 'a' AS sensor, ${value} AS v`);
  const writer = fence('step out = postgres', 'from: readings\ntable: cells\nkeys: [sensor]');
  const reader = fence('psql found', 'SELECT sensor, v + 1 AS w FROM cells');
  const after = fence('sql twice', 'SELECT w * 2 AS x FROM found');
  const planOf = (text: string): PlannedCell[] => plan(parseNotebook(text), new Map());
  let runner: Runner;
  const run = async (text: string, target?: string): Promise<Record<string, string>> => {
    runner.usePlan(planOf(text));
    const report: RanCell[] = await runner.run(target, {mayWrite: true}, new AbortController().signal);
    return Object.fromEntries(report.map(({name, status}) => [name, status]));
  };
  const valueOf = (name: string) =>
    runner.withResult(name, 'look', async (result) => (await node.engine.rows(sql`FROM ${result.relation}`)).rows);

  beforeAll(() => {
    const none = new Proxy({}, {get: () => () => Promise.reject(new Error('not part of these tests'))});
    runner = new Runner({
      engine: node.engine,
      compute: none as ComputePort,
      storage: none as StoragePort,
      lake: none as LakePort,
      postgres,
      throwAwayPostgres: () => none as PostgresPort,
      sqlite: none as SqlitePort,
    });
  });

  test('a psql cell comes after the cells that write its tables, and runs again when they change', async () => {
    const text = (value: number): string => readings(value) + writer + reader + after;
    expect(await run(text(1), 'found')).toEqual({readings: 'ok', out: 'ok', found: 'ok'});
    expect(await valueOf('found')).toEqual([['a', 2]]);
    expect(await run(text(1))).toEqual({readings: 'cached', out: 'cached', found: 'cached', twice: 'ok'});
    expect(await run(text(5))).toEqual({readings: 'ok', out: 'ok', found: 'ok', twice: 'ok'});
    expect(await valueOf('twice')).toEqual([[12]]);
    // The rows of the first edition are no longer in the table.
    expect(await run(text(1))).toEqual({readings: 'cached', out: 'ok', found: 'ok', twice: 'ok'});
    expect(await valueOf('found')).toEqual([['a', 2]]);
  });

  test('what a psql cell read between two cells that write its table is as it was', async () => {
    const second = fence('step over = postgres', 'from: later\ntable: twice_written');
    const text =
      readings(1) +
      fence('step first = postgres', 'from: readings\ntable: twice_written') +
      fence('psql between', 'SELECT v FROM twice_written');
    const all =
      text +
      fence('sql later', "SELECT 'b' AS sensor, 9 AS v") +
      second +
      fence('psql last', 'SELECT v FROM twice_written');
    await run(all);
    expect(await run(all)).toEqual({
      readings: 'cached',
      first: 'cached',
      between: 'cached',
      later: 'cached',
      over: 'cached',
      last: 'cached',
    });
    expect([await valueOf('between'), await valueOf('last')]).toEqual([[[1]], [[9]]]);
  });

  test('rows that are read anew are told from those before by their edition, though the hash is the same', async () => {
    await write('SELECT 1 AS v', {table: 'outside'});
    const text =
      fence('psql looked', 'SELECT v FROM outside') +
      fence('sql onward', 'SELECT * FROM looked') +
      fence('sql beside', 'SELECT 1 AS a');
    await run(text);
    const hashes = planOf(text).map((cell) => (cell.ready ? cell.hash : ''));
    const editions = hashes.map((hash) => runner.edition(hash));
    await write('SELECT 2 AS v', {table: 'outside'});
    expect([...runner.forgetPostgres()]).toEqual(expect.arrayContaining(hashes.slice(0, 2)));
    expect(hashes.map((hash, i) => runner.edition(hash) === editions[i])).toEqual([false, false, true]);
    expect(await run(text)).toEqual({looked: 'ok', onward: 'ok', beside: 'cached'});
    expect(await valueOf('onward')).toEqual([[2]]);
  });

  test('a statement that isn’t one is told on its own line of the notebook', async () => {
    runner.usePlan(planOf(readings(1) + fence('psql wrong', 'SELECT 1\nFORM cells')));
    const [, wrong] = await runner.run(undefined, {mayWrite: true}, new AbortController().signal);
    expect(wrong).toMatchObject({
      status: 'failed',
      error: {code: 'POSTGRES', sqlState: '42601', where: {cell: 'wrong', line: 7}},
    });
  });

  test('looking at a cell whose rows aren’t in PostgreSQL writes nothing', async () => {
    const text = fence('sql other', 'SELECT 7 AS v') + fence('step put = postgres', 'from: other\ntable: looked');
    runner.usePlan(planOf(text));
    const [, put] = await runner.run(undefined, {}, new AbortController().signal);
    expect(put).toMatchObject({status: 'failed', error: {code: 'NOT_RUN'}});
    expect(await ask(`SELECT count(*) FROM pg_tables WHERE tablename = 'looked'`)).toEqual([['0']]);
  });
});
