/**
 * The same rows given to Spark and to Lakebook: both take them, or both refuse them with the same error class and SQLSTATE.
 * `before` are the rows the table begins with, `rows` those that come; where the dialects differ, `spark` has Spark's spelling.
 *
 * @typedef {object} Mismatch
 * @property {string} name
 * @property {string} schema Spark's columns of the table
 * @property {string | {duckdb: string, spark: string}} before
 * @property {string | {duckdb: string, spark: string}} rows
 * @property {string[]} [notNull]
 * @property {Record<string, string>} [constraints]
 * @property {string[]} [partitionBy] of the table
 * @property {{mode?: 'append' | 'overwrite', merge_schema?: boolean, overwrite_schema?: boolean, partition_by?: string[]}} [write]
 */

const readings = {
  schema: 'id BIGINT, temperature DOUBLE',
  before: 'SELECT CAST(1 AS BIGINT) AS id, CAST(20.5 AS DOUBLE) AS temperature',
};
const plain = 'SELECT CAST(2 AS BIGINT) AS id, CAST(21.5 AS DOUBLE) AS temperature';
const wider = 'SELECT CAST(2 AS BIGINT) AS id, CAST(21.5 AS DOUBLE) AS temperature, CAST(40 AS DOUBLE) AS humidity';

/** @param {string} type @param {string} before @param {string} rows */
const column = (type, before, rows) => ({
  schema: `id BIGINT, c ${type}`,
  before: `SELECT CAST(1 AS BIGINT) AS id, ${before} AS c`,
  rows: `SELECT CAST(2 AS BIGINT) AS id, ${rows} AS c`,
});

const place = {
  schema: 'id BIGINT, place STRUCT<hall: STRING>',
  before: {
    duckdb: "SELECT CAST(1 AS BIGINT) AS id, {'hall': 'A'} AS place",
    spark: "SELECT CAST(1 AS BIGINT) AS id, named_struct('hall', 'A') AS place",
  },
};

/** @type {Mismatch[]} */
export const mismatches = [
  {name: 'an extra column', ...readings, rows: wider},
  {name: 'an extra column with merge_schema', ...readings, rows: wider, write: {merge_schema: true}},
  {name: 'a missing column', ...readings, rows: 'SELECT CAST(2 AS BIGINT) AS id'},
  {name: 'a missing NOT NULL column', ...readings, notNull: ['id'], rows: 'SELECT CAST(21.5 AS DOUBLE) AS temperature'},
  {
    name: 'a null in a NOT NULL column',
    ...readings,
    notNull: ['id'],
    rows: 'SELECT CAST(NULL AS BIGINT) AS id, CAST(21.5 AS DOUBLE) AS temperature',
  },
  {
    name: 'a row against a CHECK',
    ...readings,
    constraints: {warm: 'temperature > 0'},
    rows: 'SELECT CAST(2 AS BIGINT) AS id, CAST(-3 AS DOUBLE) AS temperature',
  },
  {
    name: 'a null under a CHECK',
    ...readings,
    constraints: {warm: 'temperature > 0'},
    rows: 'SELECT CAST(2 AS BIGINT) AS id, CAST(NULL AS DOUBLE) AS temperature',
  },
  {name: 'INT to STRING', ...column('STRING', "'a'", 'CAST(1 AS INT)')},
  {name: 'STRING to INT', ...column('INT', 'CAST(1 AS INT)', "'a'")},
  {name: 'STRING to DATE', ...column('DATE', "DATE '2024-01-01'", "'2024-01-02'")},
  {name: 'DATE to TIMESTAMP', ...column('TIMESTAMP', "TIMESTAMP '2024-01-01 00:00:00'", "DATE '2024-01-02'")},
  {name: 'BOOLEAN to INT', ...column('INT', 'CAST(1 AS INT)', 'true')},
  {name: 'INT to BIGINT', ...column('BIGINT', 'CAST(1 AS BIGINT)', 'CAST(2 AS INT)')},
  {name: 'SMALLINT to INT', ...column('INT', 'CAST(1 AS INT)', 'CAST(2 AS SMALLINT)')},
  {name: 'BIGINT to INT', ...column('INT', 'CAST(1 AS INT)', 'CAST(2 AS BIGINT)')},
  {name: 'INT to SMALLINT', ...column('SMALLINT', 'CAST(1 AS SMALLINT)', 'CAST(2 AS INT)')},
  {name: 'INT to DOUBLE', ...column('DOUBLE', 'CAST(1 AS DOUBLE)', 'CAST(2 AS INT)')},
  {name: 'FLOAT to DOUBLE', ...column('DOUBLE', 'CAST(1 AS DOUBLE)', 'CAST(2 AS FLOAT)')},
  {name: 'DOUBLE to FLOAT', ...column('FLOAT', 'CAST(1 AS FLOAT)', 'CAST(2 AS DOUBLE)')},
  {
    name: 'DECIMAL(12,4) to DECIMAL(10,2)',
    ...column('DECIMAL(10,2)', 'CAST(1 AS DECIMAL(10,2))', 'CAST(2 AS DECIMAL(12,4))'),
  },
  {
    name: 'DECIMAL(8,2) to DECIMAL(10,2)',
    ...column('DECIMAL(10,2)', 'CAST(1 AS DECIMAL(10,2))', 'CAST(2 AS DECIMAL(8,2))'),
  },
  {name: 'INT to STRING with merge_schema', ...column('STRING', "'a'", 'CAST(1 AS INT)'), write: {merge_schema: true}},
  {
    name: 'BIGINT to INT with merge_schema',
    ...column('INT', 'CAST(1 AS INT)', 'CAST(2 AS BIGINT)'),
    write: {merge_schema: true},
  },
  {
    name: 'a nested field too many',
    ...place,
    rows: {
      duckdb: "SELECT CAST(2 AS BIGINT) AS id, {'hall': 'B', 'floor': CAST(1 AS INT)} AS place",
      spark: "SELECT CAST(2 AS BIGINT) AS id, named_struct('hall', 'B', 'floor', CAST(1 AS INT)) AS place",
    },
  },
  {
    name: 'a nested field too many with merge_schema',
    ...place,
    rows: {
      duckdb: "SELECT CAST(2 AS BIGINT) AS id, {'hall': 'B', 'floor': CAST(1 AS INT)} AS place",
      spark: "SELECT CAST(2 AS BIGINT) AS id, named_struct('hall', 'B', 'floor', CAST(1 AS INT)) AS place",
    },
    write: {merge_schema: true},
  },
  {
    name: 'a nested field of another type',
    ...place,
    rows: {
      duckdb: "SELECT CAST(2 AS BIGINT) AS id, {'hall': CAST(1 AS INT)} AS place",
      spark: "SELECT CAST(2 AS BIGINT) AS id, named_struct('hall', CAST(1 AS INT)) AS place",
    },
  },
  {
    name: 'a struct into text',
    ...column('STRING', "'a'", "'b'"),
    rows: {
      duckdb: "SELECT CAST(2 AS BIGINT) AS id, {'hall': 'B'} AS c",
      spark: "SELECT CAST(2 AS BIGINT) AS id, named_struct('hall', 'B') AS c",
    },
  },
  {
    name: 'names in another case',
    ...readings,
    rows: 'SELECT CAST(2 AS BIGINT) AS ID, CAST(21.5 AS DOUBLE) AS Temperature',
  },
  {
    name: 'columns in another order',
    ...readings,
    rows: 'SELECT CAST(21.5 AS DOUBLE) AS temperature, CAST(2 AS BIGINT) AS id',
  },
  {name: 'other partitions', ...readings, partitionBy: ['id'], rows: plain, write: {partition_by: ['temperature']}},
  {name: 'partitions of a table without', ...readings, rows: plain, write: {partition_by: ['id']}},
  {name: 'the table’s own partitions', ...readings, partitionBy: ['id'], rows: plain, write: {partition_by: ['id']}},
  {name: 'an overwrite with an extra column', ...readings, rows: wider, write: {mode: 'overwrite'}},
  {
    name: 'an overwrite with another type',
    ...readings,
    rows: "SELECT CAST(2 AS BIGINT) AS id, 'warm' AS temperature",
    write: {mode: 'overwrite'},
  },
  {
    name: 'an overwrite with another type and overwrite_schema',
    ...readings,
    rows: "SELECT CAST(2 AS BIGINT) AS id, 'warm' AS temperature",
    write: {mode: 'overwrite', overwrite_schema: true},
  },
  {
    name: 'an overwrite with other partitions',
    ...readings,
    partitionBy: ['id'],
    rows: plain,
    write: {mode: 'overwrite', partition_by: ['temperature']},
  },
];

/**
 * Other refusals: a statement for Spark, and what does the same here, on a table of `readings` with two rows in two versions.
 * @type {{name: string, statement: string, write?: import('./browser.mjs').Write, read?: {version?: number, timestamp?: number}}[]}
 */
export const refusals = [
  {
    name: 'a new CHECK that rows violate',
    statement: 'ALTER TABLE {table} ADD CONSTRAINT hot CHECK (temperature > 21)',
    write: {rows: plain, constraints: {hot: 'temperature > 21'}},
  },
  {
    name: 'a MERGE with two rows for one',
    statement:
      'MERGE INTO {table} t USING (SELECT 1L AS id, 1D AS temperature UNION ALL SELECT 1L, 2D) s ON t.id = s.id WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *',
    write: {
      rows: 'SELECT 1::BIGINT AS id, 1::DOUBLE AS temperature UNION ALL SELECT 1, 2',
      mode: 'merge',
      keys: ['id'],
    },
  },
  {name: 'a version that is not there', statement: 'SELECT * FROM {table} VERSION AS OF 7', read: {version: 7}},
  {
    name: 'a time before the table',
    statement: "SELECT * FROM {table} TIMESTAMP AS OF '2001-01-01 00:00:00'",
    read: {timestamp: Date.UTC(2001, 0, 1)},
  },
  {
    name: 'a time after the table',
    statement: "SELECT * FROM {table} TIMESTAMP AS OF '2999-01-01 00:00:00'",
    read: {timestamp: Date.UTC(2999, 0, 1)},
  },
];
export const refusalTable = [readings.before, plain];

/** What Spark does first: the table with its rows. @param {Mismatch} mismatch @returns {string[]} */
export function sparkTable({schema, before, notNull = [], constraints = {}, partitionBy = []}) {
  const partitions = partitionBy.length === 0 ? '' : ` PARTITIONED BY (${partitionBy.join(', ')})`;
  if (notNull.length === 0 && Object.keys(constraints).length === 0)
    return [`CREATE TABLE {table} USING DELTA${partitions} AS ${sparkText(before)}`];
  const columns = notNull.reduce((text, name) => text.replace(new RegExp(`\\b${name} \\w+`), '$& NOT NULL'), schema);
  return [
    `CREATE TABLE {table} (${columns}) USING DELTA${partitions}`,
    ...Object.entries(constraints).map(
      ([name, expression]) => `ALTER TABLE {table} ADD CONSTRAINT ${name} CHECK (${expression})`,
    ),
    `INSERT INTO {table} ${sparkText(before)}`,
  ];
}

/** @param {string | {duckdb: string, spark: string}} query */
export const sparkText = (query) => (typeof query === 'string' ? query : query.spark);
/** @param {string | {duckdb: string, spark: string}} query */
export const duckdbText = (query) => (typeof query === 'string' ? query : query.duckdb);

/** Options of Spark's writer for the parameters of a snapshot cell. @param {Mismatch} mismatch */
export const sparkOptions = ({write = {}}) => ({
  ...(write.merge_schema && {mergeSchema: 'true'}),
  ...(write.overwrite_schema && {overwriteSchema: 'true'}),
});
