/**
 * What the browser writes for the others to read: each step is a write, a restore or a vacuum, and each write and restore
 * a version. `types` are Delta's, by column of the last version.
 *
 * @typedef {import('./browser.mjs').Write | {restore: number} | {vacuum: number}} Step
 * `not` says why an engine doesn't read it.
 *
 * @typedef {{name: string, steps: Step[], types?: Record<string, string>, partitions?: string[], not?: Record<string, string>}} Written
 */

/** Columns of the type matrix: the DuckDB type, Delta's, and values besides NULL, the extremes first. @type {Record<string, [duckdb: string, delta: string, ...values: string[]]>} */
const matrix = {
  flag: ['BOOLEAN', 'boolean', 'false', 'true', 'true'],
  byte: ['TINYINT', 'byte', '-128', '127', '0'],
  short: ['SMALLINT', 'short', '-32768', '32767', '-1'],
  int: ['INTEGER', 'integer', '-2147483648', '2147483647', '1'],
  long: ['BIGINT', 'long', '-9223372036854775808', '9223372036854775807', '9007199254740993'],
  huge: [
    'HUGEINT',
    'decimal(38,0)',
    '-99999999999999999999999999999999999999',
    '99999999999999999999999999999999999999',
    '12',
  ],
  ubyte: ['UTINYINT', 'short', '0', '255', '128'],
  ushort: ['USMALLINT', 'integer', '0', '65535', '32768'],
  uint: ['UINTEGER', 'long', '0', '4294967295', '2147483648'],
  ulong: ['UBIGINT', 'decimal(20,0)', '0', '18446744073709551615', '9223372036854775808'],
  float: ['FLOAT', 'float', "'-3.4028234e38'", "'1.4e-45'", "'NaN'"],
  double: ['DOUBLE', 'double', "'-1.7976931348623157e308'", "'5e-324'", "'NaN'"],
  infinite: ['DOUBLE', 'double', "'-Infinity'", "'Infinity'", "'-0.0'"],
  money: ['DECIMAL(9,2)', 'decimal(9,2)', '-9999999.99', '9999999.99', '0.10'],
  fine: ['DECIMAL(18,9)', 'decimal(18,9)', '-999999999.999999999', '999999999.999999999', '0.000000001'],
  finest: [
    'DECIMAL(38,18)',
    'decimal(38,18)',
    '-99999999999999999999.999999999999999999',
    '99999999999999999999.999999999999999999',
    '-0.000000000000000001',
  ],
  text: [
    'VARCHAR',
    'string',
    "''",
    "'a longer text with ünïcödé, “quotes”, ''apostrophes'', a tab\t, \\ and 𝄞 past every limit of a bound'",
    "' '",
  ],
  bytes: ['BLOB', 'binary', "''::BLOB", "'\\x00\\xFF\\x80'::BLOB", "'abc'::BLOB"],
  day: ['DATE', 'date', "'0001-01-01'", "'9999-12-31'", "'1969-12-31'"],
  moment: [
    'TIMESTAMP',
    'timestamp',
    "'0001-01-01 00:00:00'",
    "'9999-12-31 23:59:59.999999'",
    "'1969-12-31 23:59:59.999999'",
  ],
  second: ['TIMESTAMP_S', 'timestamp', "'1900-01-01 00:00:00'", "'2038-01-19 03:14:08'", "'1970-01-01 00:00:00'"],
  clock: ['TIME', 'string', "'00:00:00'", "'23:59:59.999999'", "'12:00:00'"],
  uuid: [
    'UUID',
    'string',
    "'00000000-0000-0000-0000-000000000000'",
    "'ffffffff-ffff-ffff-ffff-ffffffffffff'",
    "'12345678-9abc-4def-8123-456789abcdef'",
  ],
  span: ['INTERVAL', 'string', "'1 day'", "'-2 months'", "'1.5 seconds'"],
  list: ['INTEGER[]', 'array<integer>', '[]', '[-2147483648, NULL, 2147483647]', '[NULL]'],
  deep: ['VARCHAR[][]', 'array<array<string>>', "[[], NULL, ['a', NULL]]", '[[]]', "[['']]"],
  struct: [
    'STRUCT(a BIGINT, b STRUCT(c VARCHAR, d TIMESTAMP))',
    'struct<a:long,b:struct<c:string,d:timestamp>>',
    "{'a': 1, 'b': {'c': NULL, 'd': TIMESTAMP '2024-02-29 12:34:56.789012'}}",
    "{'a': NULL, 'b': NULL}",
    "{'a': 2, 'b': {'c': 'x', 'd': NULL}}",
  ],
  structs: [
    'STRUCT(a DECIMAL(5,2), b DATE[])[]',
    'array<struct<a:decimal(5,2),b:array<date>>>',
    "[{'a': 1.25, 'b': [DATE '2024-01-01', NULL]}, NULL]",
    '[]',
    "[{'a': NULL, 'b': NULL}]",
  ],
  map: ['MAP(VARCHAR, DOUBLE)', 'map<string,double>', "MAP {'': -0.5, 'b': NULL}", 'MAP {}', "MAP {'x': 1e300}"],
  counts: [
    'MAP(INTEGER, STRUCT(n BIGINT))',
    'map<integer,struct<n:long>>',
    "MAP {-1: {'n': 1}, 2: NULL}",
    'MAP {}',
    "MAP {7: {'n': NULL}}",
  ],
};

/** Rows of the matrix by number; the last is all NULL. @param {readonly number[]} numbers */
const matrixRows = (numbers) =>
  numbers
    .map(
      (number) =>
        `SELECT ${number} AS id, ${Object.entries(matrix)
          .map(([name, [type, , ...values]]) => `CAST(${values[number] ?? 'NULL'} AS ${type}) AS "${name}"`)
          .join(', ')}`,
    )
    .join('\nUNION ALL ');

const reading = (/** @type {string} */ values) =>
  `SELECT id::BIGINT AS id, sensor::VARCHAR AS sensor, temperature::DOUBLE AS temperature, moment::TIMESTAMP AS moment FROM (VALUES ${values}) AS v(id, sensor, temperature, moment)`;
const first = reading(
  "(1, 'A', 20.5, '2024-03-01 00:00:00'), (2, 'B', 21.25, '2024-03-01 00:10:00.000001'), (3, 'A', NULL, NULL)",
);
const second = reading("(4, NULL, -3.5, '2024-03-02 00:00:00'), (5, 'C', 0.1, '2024-03-02 12:00:00')");

const labels = [
  "'a b'",
  "'50%'",
  "'x=y/z'",
  "'ünï 𝄞'",
  "'a:b'",
  "'#?&+'",
  "'it''s'",
  '\'"q"\'',
  "'[1]{2}'",
  "'~^|\\'",
  "' '",
  "'__HIVE_DEFAULT__'",
  "''",
  'NULL',
];

/** @type {Written[]} */
export const written = [
  {
    name: 'types',
    steps: [{rows: matrixRows([0, 1])}, {rows: matrixRows([2, 3])}, {rows: `${matrixRows([3])} LIMIT 0`}],
    types: {id: 'integer', ...Object.fromEntries(Object.entries(matrix).map(([name, [, delta]]) => [name, delta]))},
  },
  {name: 'readings', steps: [{rows: first, comments: {temperature: 'in °C, “calibrated”'}}, {rows: second}]},
  {
    name: 'evolving',
    steps: [
      {rows: first},
      {rows: second},
      {rows: reading("(2, 'B', 99, NULL), (6, 'D', 1e-7, '2024-03-03 00:00:00')"), mode: 'merge', keys: ['id']},
      {rows: "SELECT 7::BIGINT AS id, 42::DOUBLE AS humidity, {'hall': 'A'} AS place", merge_schema: true},
      {rows: "SELECT 8::BIGINT AS id, {'hall': 'B', 'floor': 2} AS place", merge_schema: true},
      {rows: "SELECT 9::BIGINT AS id, 'E' AS sensor", mode: 'overwrite'},
      {restore: 2},
      {rows: `${first} LIMIT 0`},
      {rows: "SELECT 'text now' AS id, DATE '2024-03-05' AS day", mode: 'overwrite', overwrite_schema: true},
      {rows: "SELECT NULL::VARCHAR AS ID, DATE '2024-03-06' AS DAY"},
    ],
  },
  {
    name: 'constrained',
    steps: [
      {
        rows: "SELECT 1::BIGINT AS id, 20.5::DOUBLE AS temperature, 'A' AS sensor",
        not_null: ['id', 'sensor'],
        constraints: {warm: 'temperature > -50', known: "sensor IN ('A', 'B')"},
      },
      {rows: "SELECT 2::BIGINT AS id, -49::DOUBLE AS temperature, 'B' AS sensor"},
      {
        rows: "SELECT 3::BIGINT AS id, 0::DOUBLE AS temperature, 'A' AS sensor",
        constraints: {cool: 'temperature < 100'},
      },
    ],
    types: {id: 'long', temperature: 'double', sensor: 'string'},
  },
  {
    name: 'by_day_and_label',
    steps: [
      {
        rows: `SELECT i::BIGINT AS id, DATE '2024-03-01' + (i % 3)::INTEGER AS day, label, i / 7 AS value FROM (SELECT unnest(range(${labels.length})) AS i, unnest([${labels.join(', ')}]) AS label)`,
        partition_by: ['day', 'label'],
      },
      {
        rows: "SELECT 100::BIGINT AS id, NULL::DATE AS day, 'a b' AS label, 1.5::DOUBLE AS value UNION ALL SELECT 101, DATE '0001-01-01', NULL, NULL",
      },
      {
        rows: "SELECT 0::BIGINT AS id, DATE '2024-03-01' AS day, 'a b' AS label, -1::DOUBLE AS value UNION ALL SELECT 200, DATE '2024-03-09', 'new', 2",
        mode: 'merge',
        keys: ['id'],
      },
    ],
    partitions: ['day', 'label'],
  },
  {
    name: 'by_number_and_time',
    steps: [
      {
        rows: "SELECT i::INTEGER AS id, (i * 1.5)::DECIMAL(6,2) AS amount, i % 2 = 0 AS even, CASE WHEN i < 3 THEN TIMESTAMP '2024-03-01 10:00:00' + INTERVAL (i) SECOND + INTERVAL (i) MICROSECOND END AS moment, 'x' || i AS name FROM range(5) t(i)",
        partition_by: ['amount', 'even', 'moment'],
      },
    ],
    partitions: ['amount', 'even', 'moment'],
  },
  {
    name: 'spaced_names',
    steps: [
      {
        rows: `SELECT 1::BIGINT AS "Sensor id", 20.5::DOUBLE AS "temperature (°C)", {'in hall': 'A', 'a,b;c': {'x=y': 1}} AS "the place", [{'key 1': 'a'}] AS "list of", MAP {'k': {'v v': 1}} AS "map of", 'p q' AS "part of"`,
      },
      {
        rows: `SELECT 2::BIGINT AS "Sensor id", NULL::DOUBLE AS "temperature (°C)", {'in hall': NULL::VARCHAR, 'a,b;c': {'x=y': 2}} AS "the place", NULL::STRUCT("key 1" VARCHAR)[] AS "list of", MAP {'k': NULL::STRUCT("v v" INTEGER)} AS "map of", NULL::VARCHAR AS "part of"`,
      },
      {rows: `SELECT 3::BIGINT AS "Sensor id", 'later' AS "a new one"`, merge_schema: true},
    ],
  },
  {
    name: 'spaced_partition',
    steps: [
      {rows: `SELECT 1::BIGINT AS id, 'p q/r' AS "part of" UNION ALL SELECT 2, NULL`, partition_by: ['part of']},
      {rows: `SELECT 3::BIGINT AS id, 'later' AS "part of"`},
    ],
    partitions: ['part of'],
    not: {
      duckdb:
        'its Delta extension gives NULL for partition columns under column mapping, for files that Spark wrote too',
    },
  },
  {
    name: 'vacuumed',
    steps: [
      {rows: first},
      {rows: second, mode: 'overwrite'},
      {rows: first, mode: 'overwrite'},
      {vacuum: 0},
      {rows: second},
    ],
  },
];
