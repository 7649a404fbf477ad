/**
 * What others do to a table before it comes back: `from` a table that the browser wrote (a copy of it), or from nothing.
 * Then the browser reads every version, and appends `append`: that is read again where it was written, or is refused
 * with a code and the feature's name.
 *
 * @typedef {object} Continued
 * @property {string} name
 * @property {string} [from] a table of tables.mjs
 * @property {unknown[]} steps
 * @property {string} append a query for the browser
 * @property {string} [refused] the feature that keeps the browser from writing
 * @property {string} [unreadable] the feature that keeps the browser from reading
 * @property {string} [code] with what error class, when it isn't that of features
 */

const row =
  "SELECT 1000::BIGINT AS id, 'browser' AS sensor, 1.5::DOUBLE AS temperature, TIMESTAMP '2024-05-01 00:00:00.000001' AS moment";
const plain = 'SELECT 3::BIGINT AS id';
const merge =
  "MERGE INTO {table} t USING (SELECT 4L AS id, 'M' AS sensor, 7D AS temperature, TIMESTAMP '2024-04-02 00:00:00' AS moment UNION ALL SELECT 11L, NULL, NULL, NULL) s ON t.id = s.id WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *";
const insert =
  "INSERT INTO {table} VALUES (10L, 'S', CAST('NaN' AS DOUBLE), TIMESTAMP '2024-04-01 00:00:00.123456'), (12L, NULL, -0.0D, NULL)";

/** With a property and two rows in one file. @param {string} properties */
const made = (properties) => [
  `CREATE TABLE {table} (id BIGINT, name STRING) USING DELTA TBLPROPERTIES (${properties})`,
  "INSERT INTO {table} SELECT /*+ COALESCE(1) */ * FROM VALUES (1L, 'a'), (2L, 'b')",
];

/** @type {Continued[]} */
export const bySpark = [
  {
    name: 'readings_by_spark',
    from: 'readings',
    steps: [
      insert,
      'OPTIMIZE {table}',
      "UPDATE {table} SET temperature = temperature + 1 WHERE sensor = 'A'",
      'DELETE FROM {table} WHERE id = 2',
      'checkpoint',
      merge,
      'RESTORE TABLE {table} TO VERSION AS OF 3',
      'DELETE FROM {table}',
    ],
    append: row,
  },
  {
    name: 'deletion_vectors',
    from: 'readings',
    steps: [
      "ALTER TABLE {table} SET TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')",
      'DELETE FROM {table} WHERE id = 2',
      "UPDATE {table} SET sensor = 'updated' WHERE id = 3",
      'checkpoint',
      'DELETE FROM {table} WHERE id = 4',
      merge,
      'RESTORE TABLE {table} TO VERSION AS OF 3',
      'DELETE FROM {table} WHERE id >= 4',
      'REORG TABLE {table} APPLY (PURGE)',
    ],
    append: row,
  },
  {
    name: 'labels_by_spark',
    from: 'by_day_and_label',
    steps: [
      "INSERT INTO {table} VALUES (300L, DATE '2024-03-02', 'ünï 𝄞/ %20', 3D), (301L, DATE '2024-03-02', 'a b', 4D), (302L, NULL, '', 5D)",
      "DELETE FROM {table} WHERE label = '50%'",
      'OPTIMIZE {table}',
      "UPDATE {table} SET label = 'it''s: new' WHERE label IS NULL",
    ],
    append: "SELECT 1000::BIGINT AS id, DATE '2024-03-02' AS day, 'a b' AS label, 0.5::DOUBLE AS value",
  },
  {
    name: 'constrained_by_spark',
    from: 'constrained',
    steps: [
      "INSERT INTO {table} VALUES (10L, 1.5D, 'B')",
      'UPDATE {table} SET temperature = 99 WHERE id = 1',
      'ALTER TABLE {table} DROP CONSTRAINT cool',
    ],
    append: "SELECT 1000::BIGINT AS id, 100::DOUBLE AS temperature, 'A' AS sensor",
  },
  {
    name: 'names_by_spark',
    from: 'spaced_names',
    steps: [
      "INSERT INTO {table} (`Sensor id`, `the place`, `part of`) VALUES (10L, named_struct('in hall', 'B', 'a,b;c', named_struct('x=y', 5)), 'p q')",
      'DELETE FROM {table} WHERE `Sensor id` = 1',
      'OPTIMIZE {table}',
      'ALTER TABLE {table} RENAME COLUMN `a new one` TO `an old one`',
      'ALTER TABLE {table} DROP COLUMN `map of`',
    ],
    append: `SELECT 1000::BIGINT AS "Sensor id", 'x' AS "an old one", 'p q' AS "part of"`,
  },
  {
    name: 'types_by_spark',
    steps: [
      `CREATE TABLE {table} (id INT, b BOOLEAN, i8 TINYINT, i16 SMALLINT, i64 BIGINT, f FLOAT, d DOUBLE, d5 DECIMAL(5,2), d18 DECIMAL(18,9), d38 DECIMAL(38,18), s STRING, x BINARY, day DATE, t TIMESTAMP, n TIMESTAMP_NTZ,
        l ARRAY<INT>, ll ARRAY<ARRAY<STRING>>, st STRUCT<a: BIGINT, b: STRUCT<c: STRING, t: TIMESTAMP>>, ls ARRAY<STRUCT<a: DECIMAL(5,2), d: ARRAY<DATE>>>, m MAP<STRING, DOUBLE>, mi MAP<INT, STRUCT<n: BIGINT>>) USING DELTA`,
      `INSERT INTO {table} VALUES
        (1, false, -128Y, -32768S, -9223372036854775808L, CAST('-3.4028234e38' AS FLOAT), -1.7976931348623157e308D, -999.99, -999999999.999999999, -99999999999999999999.999999999999999999BD, '', X'', DATE '0001-01-01', TIMESTAMP '0001-01-01 00:00:00', TIMESTAMP_NTZ '0001-01-01 00:00:00',
          array(), array(array(), NULL, array('a', NULL)), named_struct('a', 1L, 'b', named_struct('c', NULL, 't', TIMESTAMP '2024-02-29 12:34:56.789012')), array(named_struct('a', 1.25, 'd', array(DATE '2024-01-01', NULL)), NULL), map('', -0.5D, 'b', NULL), map(-1, named_struct('n', 1L), 2, NULL)),
        (2, true, 127Y, 32767S, 9223372036854775807L, CAST('NaN' AS FLOAT), CAST('Infinity' AS DOUBLE), 999.99, 0.000000001, 99999999999999999999.999999999999999999BD, 'ünïcödé 𝄞 "quotes"', X'00FF80', DATE '9999-12-31', TIMESTAMP '9999-12-31 23:59:59.999999', TIMESTAMP_NTZ '9999-12-31 23:59:59.999999',
          array(-2147483648, NULL, 2147483647), array(), named_struct('a', NULL, 'b', NULL), array(), map(), map()),
        (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`,
      "INSERT INTO {table} (id, d, f, t, n) VALUES (4, -0.0D, CAST('-Infinity' AS FLOAT), TIMESTAMP '1969-12-31 23:59:59.999999', TIMESTAMP_NTZ '1883-11-18 12:03:58')",
      'checkpoint',
    ],
    append: 'SELECT 1000::INTEGER AS id, 1::DOUBLE AS d',
  },
  {
    name: 'mapped_by_id',
    steps: [
      ...made("'delta.columnMapping.mode' = 'id'"),
      'ALTER TABLE {table} RENAME COLUMN name TO `the name`',
      "INSERT INTO {table} VALUES (3L, 'c')",
      'ALTER TABLE {table} DROP COLUMN `the name`',
      'ALTER TABLE {table} ADD COLUMN name STRING',
      "INSERT INTO {table} VALUES (4L, 'd')",
    ],
    append: plain,
  },
  {
    name: 'v2_checkpoints',
    steps: [
      ...made("'delta.checkpointPolicy' = 'v2', 'delta.enableDeletionVectors' = 'true'"),
      'checkpoint',
      'DELETE FROM {table} WHERE id = 1',
      'checkpoint',
      "INSERT INTO {table} VALUES (4L, 'd')",
    ],
    append: plain,
  },
  {
    name: 'partitioned_by_time',
    steps: [
      'CREATE TABLE {table} (id BIGINT, t TIMESTAMP, d DECIMAL(6,2), b BOOLEAN, x BINARY) USING DELTA PARTITIONED BY (t, d, b, x)',
      "INSERT INTO {table} VALUES (1L, TIMESTAMP '2024-03-01 10:00:00.000001', 1.50, true, X'2f'), (2L, TIMESTAMP '2024-03-01 10:00:00', NULL, false, X'61'), (3L, NULL, -0.01, NULL, NULL)",
    ],
    append:
      "SELECT 4::BIGINT AS id, TIMESTAMP '2024-03-01 10:00:00.5' AS t, 0.1::DECIMAL(6,2) AS d, true AS b, NULL::BLOB AS x",
  },
  {
    name: 'commit_times',
    steps: made("'delta.enableInCommitTimestamps' = 'true'"),
    append: plain,
    refused: 'inCommitTimestamp',
  },
  {
    name: 'change_feed',
    steps: [...made("'delta.enableChangeDataFeed' = 'true'"), 'DELETE FROM {table} WHERE id = 1'],
    append: plain,
    refused: 'changeDataFeed',
  },
  {
    name: 'defaults',
    steps: [
      "CREATE TABLE {table} (id BIGINT, name STRING DEFAULT 'x') USING DELTA TBLPROPERTIES ('delta.feature.allowColumnDefaults' = 'supported')",
      'INSERT INTO {table} (id) VALUES (1L)',
    ],
    append: plain,
    refused: 'allowColumnDefaults',
  },
  {
    name: 'widened',
    steps: [
      "CREATE TABLE {table} (id SMALLINT) USING DELTA TBLPROPERTIES ('delta.enableTypeWidening' = 'true')",
      'INSERT INTO {table} VALUES (1S)',
      'ALTER TABLE {table} ALTER COLUMN id TYPE INT',
      'INSERT INTO {table} VALUES (70000)',
    ],
    append: plain,
    unreadable: 'typeWidening',
  },
  {
    name: 'variants',
    steps: [
      'CREATE TABLE {table} (id BIGINT, v VARIANT) USING DELTA',
      'INSERT INTO {table} SELECT 1L, parse_json(\'{"a": 1}\')',
    ],
    append: plain,
    unreadable: 'variant',
    code: 'DELTA_UNSUPPORTED_DATA_TYPES',
  },
];

const rsRows =
  "SELECT 10::BIGINT AS id, 'R' AS sensor, 'NaN'::DOUBLE AS temperature, TIMESTAMPTZ '2024-04-01 00:00:00.123456Z' AS moment UNION ALL SELECT 12, NULL, -0.0, NULL";

/** @type {Continued[]} */
export const byDeltaRs = [
  {
    name: 'readings_by_delta_rs',
    from: 'readings',
    steps: [
      {do: 'append', sql: rsRows},
      {do: 'optimize'},
      {do: 'delete', where: 'id = 2'},
      {do: 'update', set: {temperature: 'temperature + 1'}, where: "sensor = 'A'"},
      {do: 'checkpoint'},
      {
        do: 'merge',
        sql: "SELECT 4::BIGINT AS id, 'M' AS sensor, 7::DOUBLE AS temperature, TIMESTAMPTZ '2024-04-02 00:00:00Z' AS moment UNION ALL SELECT 11, NULL, NULL, NULL",
        on: 't.id = s.id',
      },
      {do: 'restore', version: 3},
      {do: 'append', sql: rsRows},
    ],
    append: row,
  },
  {
    name: 'labels_by_delta_rs',
    from: 'by_day_and_label',
    steps: [
      {
        do: 'append',
        sql: "SELECT 300::BIGINT AS id, DATE '2024-03-02' AS day, 'ünï 𝄞/ %20' AS label, 3::DOUBLE AS value UNION ALL SELECT 301, DATE '2024-03-02', 'a b', 4 UNION ALL SELECT 302, NULL, NULL, 5",
      },
      {do: 'delete', where: "label = '50%'"},
      {do: 'optimize'},
    ],
    append: "SELECT 1000::BIGINT AS id, DATE '2024-03-02' AS day, 'a b' AS label, 0.5::DOUBLE AS value",
  },
  {
    name: 'constrained_by_delta_rs',
    from: 'constrained',
    steps: [
      {do: 'append', sql: "SELECT 10::BIGINT AS id, 1.5::DOUBLE AS temperature, 'B' AS sensor"},
      {do: 'delete', where: 'id = 1'},
    ],
    append: "SELECT 1000::BIGINT AS id, 99::DOUBLE AS temperature, 'A' AS sensor",
  },
  {
    name: 'types_by_delta_rs',
    steps: [
      {
        do: 'append',
        sql: `SELECT 1::INTEGER AS id, true AS b, '-128'::TINYINT AS i8, 32767::SMALLINT AS i16, (-9223372036854775808)::BIGINT AS i64, '1.4e-45'::FLOAT AS f, '-Infinity'::DOUBLE AS d, -999.99::DECIMAL(5,2) AS d5, 99999999999999999999.999999999999999999::DECIMAL(38,18) AS d38,
          'ünïcödé 𝄞' AS s, '\\x00\\xFF'::BLOB AS x, DATE '0001-01-01' AS day, TIMESTAMPTZ '9999-12-31 23:59:59.999999Z' AS t, TIMESTAMP '0001-01-01 00:00:00' AS n, [1, NULL] AS l, [[], NULL, ['a']] AS ll,
          {'a': 1, 'b': {'c': NULL::VARCHAR}} AS st, MAP {'k': 1.5::DOUBLE, 'n': NULL} AS m
          UNION ALL SELECT 2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL`,
      },
      {do: 'checkpoint'},
    ],
    append: 'SELECT 1000::INTEGER AS id, 1::DOUBLE AS d',
  },
];
