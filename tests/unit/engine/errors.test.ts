import {afterAll, beforeAll, expect, test} from 'vitest';
import {ProblemError, type Problem} from '../../../src/lib/problem.ts';
import {query} from '../../../src/sql/sql.ts';
import {explain} from '../../../workers/engine/errors.ts';
import {startNodeEngine, type NodeEngine} from './node-engine.ts';

let node: NodeEngine;
beforeAll(async () => {
  node = await startNodeEngine();
  await node.engine.execute([
    query('CREATE TABLE sensors (sensor_id VARCHAR NOT NULL, temperature DOUBLE, taken TIMESTAMP)'),
    query("INSERT INTO sensors VALUES ('COMP-001', 21.5, NULL)"),
  ]);
  await node.file('messy.csv', 'x,y\n1,2\n3,z\n');
  await node.file('latin.csv', Uint8Array.of(0x78, 10, 0xe9, 10));
});
afterAll(() => node.close());

// What a reader writes, and what they are told: code, the sentence, the hint or where.
const cases: readonly (readonly [sql: string, problem: Partial<Problem>])[] = [
  ['FROM sensor', {code: 'TABLE_NOT_FOUND', message: 'There is no table named sensor.', hint: 'Did you mean sensors?'}],
  ['FROM nothing_like_it', {code: 'TABLE_NOT_FOUND', hint: 'Check its name, or run the cell that makes it first.'}],
  ['FROM nowhere.sensors', {code: 'TABLE_NOT_FOUND', message: 'There is no table named nowhere.sensors.'}],
  [
    'SELECT temprature FROM sensors',
    {
      code: 'COLUMN_NOT_FOUND',
      message: 'There is no column named temprature.',
      hint: 'Did you mean temperature?',
      where: {column: 'temprature', line: 1},
    },
  ],
  ['SELECT s.temprature FROM sensors s', {code: 'COLUMN_NOT_FOUND', hint: 'Did you mean temperature?'}],
  [
    'SELECT * FROM sensors WHERE sensor_id = "COMP-001"',
    {
      code: 'COLUMN_NOT_FOUND',
      hint: "Double quotes name a column; a text stands in single quotes: 'COMP-001'.",
      where: {column: 'COMP-001', line: 1},
    },
  ],
  ['SELECT "temprature" FROM sensors', {code: 'COLUMN_NOT_FOUND', hint: 'Did you mean temperature?'}],
  ['SELECT * EXCLUDE (zz) FROM sensors', {code: 'COLUMN_NOT_FOUND', message: 'There is no column named zz.'}],
  ['SELECT x.temperature FROM sensors', {code: 'TABLE_NOT_FOUND', hint: 'It reads sensors.'}],
  [
    'SELECT sensor_id FROM sensors a JOIN sensors b USING (temperature)',
    {code: 'AMBIGUOUS_COLUMN', hint: 'Write a.sensor_id or b.sensor_id.'},
  ],
  [
    'SELECT sensor_id, avg(temperature) FROM sensors',
    {code: 'NOT_GROUPED', hint: 'Add sensor_id to GROUP BY, or write any_value(sensor_id).'},
  ],
  [
    'SELECT\n  *\nFRM sensors',
    {code: 'SYNTAX_ERROR', message: 'The SQL can’t be read at “sensors”.', where: {line: 3}},
  ],
  ['SELECT (1', {code: 'SYNTAX_ERROR', message: 'The SQL ends too early.'}],
  ["SELECT 'abc", {code: 'SYNTAX_ERROR', message: "The SQL can’t be read at “'abc” (unterminated quoted string)."}],
  ['-- nothing', {code: 'SQL_EMPTY'}],
  [
    'SELECT sensor_id::INTEGER FROM sensors',
    {
      code: 'CAST_FAILED',
      message: '“COMP-001” in column sensor_id can’t be read as INTEGER.',
      where: {column: 'sensor_id', line: 1},
    },
  ],
  ['SELECT sensor_id::TIMESTAMP FROM sensors', {code: 'CAST_FAILED', where: {column: 'sensor_id', line: 1}}],
  ["SELECT strptime('x', '%Y')", {code: 'CAST_FAILED', message: '“x” is not written as %Y.'}],
  ['SELECT 9223372036854775807 + 1', {code: 'OUT_OF_RANGE', hint: 'Cast to DOUBLE or HUGEINT before calculating.'}],
  [
    'SELECT sqrt(-1)',
    {code: 'OUT_OF_RANGE', message: 'A value can’t be computed: cannot take square root of a negative number.'},
  ],
  ['SELECT sum(sensor_id) FROM sensors', {code: 'TYPE_MISMATCH', message: 'sum doesn’t work on VARCHAR.'}],
  [
    'SELECT now() - INTERVAL 1 HOUR',
    {code: 'TYPE_MISMATCH', hint: 'Times are UTC here: cast a TIMESTAMP WITH TIME ZONE to TIMESTAMP first.'},
  ],
  ["SELECT lenght('a')", {code: 'FUNCTION_NOT_FOUND', hint: 'Did you mean length?'}],
  [
    "SELECT json_extract('{}', '$.a')",
    {code: 'EXTENSION_MISSING', hint: 'Read JSON files with a load step: objects become structs.'},
  ],
  ['CREATE TABLE sensors (x INTEGER)', {code: 'NAME_EXISTS', message: 'sensors exists already.'}],
  [
    'INSERT INTO sensors VALUES (NULL, 1, NULL)',
    {code: 'CONSTRAINT', message: 'NOT NULL constraint failed: sensors.sensor_id.'},
  ],
  [
    "FROM read_csv('messy.csv', columns = {x: 'INTEGER', y: 'INTEGER'}, header = true, delim = ',', auto_detect = false)",
    {code: 'CSV_ERROR', where: {line: 3, file: 'messy.csv', column: 'y'}},
  ],
  ["FROM read_csv('latin.csv')", {code: 'CSV_ERROR', where: {line: 2, file: 'latin.csv'}}],
  [
    "FROM read_csv('messy.csv', heder = true)",
    {code: 'OPTION_NOT_FOUND', message: 'read_csv has no option named heder.', hint: 'Did you mean header?'},
  ],
  [
    "FROM 'missing.csv'",
    {
      code: 'FILE_NOT_FOUND',
      message: 'There is no file named missing.csv in the workspace.',
      where: {file: 'missing.csv'},
    },
  ],
  ["FROM 'x.parquet'", {code: 'FILE_NOT_READ', where: {file: 'x.parquet'}}],
  ["FROM 'https://example.com/x.parquet'", {code: 'ENGINE_OFFLINE'}],
  [
    "SELECT error('[[NOT_IN_RANGE|temperature]] two lines:\n\n“a”.')",
    {code: 'STOPPED', message: '[[NOT_IN_RANGE|temperature]] two lines:\n\n“a”.'},
  ],
  ["SELECT error('boom')", {code: 'INVALID_INPUT', message: 'Boom.'}],
];

test.each(cases)('%s', async (text, expected) => {
  const sql = query(text);
  const told = await node.engine.rows(sql).then(
    () => undefined,
    (thrown: unknown) => (thrown instanceof ProblemError ? thrown.problem : thrown),
  );
  const executed = await node.engine.execute([sql]).then(
    () => undefined,
    (thrown: unknown) => (thrown instanceof ProblemError ? thrown.problem : thrown),
  );
  expect(told).toMatchObject(expected);
  expect(executed).toMatchObject({...expected, sql});
});

test('memory that runs out is said with its figures, and the engine goes on', () => {
  expect(
    explain(
      new Error(
        'Out of Memory Error: could not allocate block of size 256.0 KiB (3.0 GiB/3.1 GiB used)\nDatabase is launched …',
      ),
      'SELECT 1',
    ),
  ).toEqual({
    code: 'OUT_OF_MEMORY',
    message: 'This needs more memory than the engine has (3.0 GiB/3.1 GiB used).',
    hint: 'Keep fewer columns or rows before this cell, or remove cells whose results you no longer need.',
    sql: 'SELECT 1',
  });
});

test.each([
  'memory access out of bounds',
  'INTERNAL Error: Attempted to access index 3',
  'FATAL Error: database has been invalidated',
  'std::bad_alloc',
])('%s is fatal', (message) => {
  expect(explain(new Error(message))).toMatchObject({code: 'ENGINE_CRASHED', fatal: true});
});

test('errors that arrive as JSON or inside a status code read the same', () => {
  const plain = "Conversion Error: Could not convert string 'x' to INT32";
  const json = JSON.stringify({
    exception_type: 'Conversion',
    exception_message: plain.slice('Conversion Error: '.length),
  });
  const status = `Unexpected StatusCode from duckdb_web_query_fetch_results (1) and with self reported error as${plain}`;
  for (const message of [plain, json, status])
    expect(explain(new Error(message))).toMatchObject({code: 'CAST_FAILED', message: '“x” can’t be read as INTEGER.'});
});
