import {list} from '../lib/text.ts';
import {p, type Values} from '../params/index.ts';
import {call, py} from '../pyspark/py.ts';
import {createTable, names, postgresType, upsert} from '../sql/postgres.ts';
import {join, quotedId, sql, type Sql} from '../sql/sql.ts';
import {checkColumns, checkNames, columnNamed, inputOf} from './checks.ts';
import {defineStep, type Input} from './define.ts';
import type {PostgresWrite} from '../tables/define.ts';

const params = {
  table: p.text({
    label: 'Table',
    help: 'A table of PostgreSQL. One that isn’t there is made.',
    placeholder: 'sensor_readings_agg',
  }),
  keys: p.columns({
    label: 'Keys',
    help: 'The primary key: rows that are there are updated, the others inserted. Without keys, the rows replace the table’s.',
    default: [],
  }),
  indexes: p.columns({
    label: 'Indexes',
    help: 'An index of each of these columns, which makes searching by it quick.',
    default: [],
  }),
  merge_schema: p.flag({
    label: 'Add new columns to the table',
    help: 'Otherwise rows with other columns are refused.',
    default: false,
  }),
  overwrite_schema: p.flag({label: 'Make the table anew', help: 'Its rows, columns and keys go.', default: false}),
};

const writeOf = (values: Values<typeof params>): PostgresWrite => ({
  table: values.table,
  keys: values.keys,
  indexes: values.indexes,
  mergeSchema: values.merge_schema,
  overwriteSchema: values.overwrite_schema,
});

/** What PostgreSQL is told, but for the rows, which go by COPY. */
function shown({table, keys, indexes, overwriteSchema}: PostgresWrite, {columns}: Input): Sql {
  const given = columns.map(({name}) => name);
  const inTable = (wanted: readonly string[]): string[] => wanted.map((name) => columnNamed(name, columns).name);
  const create = createTable(quotedId(table), columns, inTable(keys));
  const isUpsert = keys.length > 0 && !overwriteSchema;
  return join(
    [
      ...(overwriteSchema
        ? [sql`DROP TABLE IF EXISTS ${quotedId(table)}`, create]
        : [sql`-- unless it is there\n${create}`]),
      ...(isUpsert
        ? [
            sql`CREATE TEMP TABLE lakebook_rows AS SELECT ${names(given)} FROM ${quotedId(table)} WITH NO DATA`,
            sql`COPY lakebook_rows FROM STDIN WITH (FORMAT csv)`,
            upsert(quotedId(table), sql`lakebook_rows`, given, inTable(keys)),
          ]
        : [
            ...(overwriteSchema ? [] : [sql`TRUNCATE ${quotedId(table)}`]),
            sql`COPY ${quotedId(table)} FROM STDIN WITH (FORMAT csv)`,
          ]),
      ...inTable(indexes).map((name) => sql`CREATE INDEX ON ${quotedId(table)} (${quotedId(name)})`),
    ],
    ';\n',
  );
}

export const postgres = defineStep({
  kind: 'postgres',
  version: 1,
  group: 'keep',
  title: 'Write to PostgreSQL',
  sentence: ({table, keys}) =>
    keys.length > 0
      ? `Write to the PostgreSQL table ${table}, updating on ${list(keys)}`
      : `Replace the rows of the PostgreSQL table ${table}`,
  lesson: {
    what: 'Writes the rows to a table of a PostgreSQL database that runs in this page, and hands them on as they are. With keys it is an upsert: INSERT … ON CONFLICT DO UPDATE. A psql cell queries the tables; the database leaves as a dump that psql loads into any PostgreSQL server.',
    why: 'A lake keeps everything and is read by engines that scan. Dashboards and applications ask for a few rows many times a second: that is what a relational database with keys and indexes is for, so the last layer is served from one.',
    without:
      'Appending on every run would give each row as often as the pipeline ran; deleting first would leave readers an empty table in between. A primary key and an upsert in one transaction make a rerun harmless.',
  },
  input: 'one',
  effect: 'same',
  params,
  touches: ({table}) => [{kind: 'postgres-write', name: table, param: 'table'}],
  check(values, inputs) {
    const input = inputOf(inputs);
    return [
      ...(values.table === '' || values.table.includes('\0')
        ? [
            {
              code: 'PARAM',
              message: 'The table has no name that PostgreSQL takes.',
              hint: 'Give it one, such as sensor_readings_agg.',
              param: 'table',
            },
          ]
        : []),
      ...checkColumns(values.keys, input, 'keys'),
      ...checkNames(values.keys, 'keys'),
      ...checkColumns(values.indexes, input, 'indexes'),
    ];
  },
  toSql(values, inputs) {
    const input = inputOf(inputs);
    const write = writeOf(values);
    return {
      kind: 'through',
      postgres: {...write, indexes: write.indexes.map((name) => columnNamed(name, input.columns).name)},
      shown: shown(write, input),
    };
  },
  // The job brings the function along: Spark writes a table beside it by JDBC, and one transaction puts that into the table.
  toPySpark(values, {target, frames, inputs}) {
    const input = inputOf(inputs);
    const {table, keys, indexes, mergeSchema, overwriteSchema} = writeOf(values);
    const frame = frames[0] ?? target;
    if (input.columns.length === 0)
      return {
        notExportable: `The columns of ${input.name} aren’t known, since it has not run.`,
        instead: 'Run the notebook, then export it again.',
      };
    const named = (wanted: readonly string[]): string =>
      `(${wanted.map((name) => `${py(columnNamed(name, input.columns).name)},`).join(' ')})`;
    const types = Object.fromEntries(input.columns.map(({name, type}) => [name, postgresType(type)]));
    const options = [
      ...(keys.length > 0 ? [`keys=${named(keys)}`] : []),
      ...(indexes.length > 0 ? [`indexes=${named(indexes)}`] : []),
      ...(mergeSchema ? ['merge_schema=True'] : []),
      ...(overwriteSchema ? ['overwrite_schema=True'] : []),
    ];
    return [`${target} = ${call('write_postgres', [frame, py(table), py(types), ...options])}`];
  },
  examples: [
    {
      name: 'hourly figures, updated when the notebook runs again',
      params: {table: 'sensor_readings_agg', keys: ['sensor_id', 'hour'], indexes: ['hour']},
      input: {
        columns: {sensor_id: 'VARCHAR', hour: 'TIMESTAMP', temperature_avg: 'DOUBLE', readings: 'BIGINT'},
        rows: [
          ['COMP-001', '2024-02-01 00:00:00', 21.4, 6],
          ['COMP-001', '2024-02-01 01:00:00', null, 0],
          ['COMP-002', '2024-02-01 00:00:00', 'NaN', 6],
        ],
      },
      expect: {
        columns: {sensor_id: 'VARCHAR', hour: 'TIMESTAMP', temperature_avg: 'DOUBLE', readings: 'BIGINT'},
        rows: [
          ['COMP-001', '2024-02-01 00:00:00', 21.4, 6],
          ['COMP-001', '2024-02-01 01:00:00', null, 0],
          ['COMP-002', '2024-02-01 00:00:00', 'NaN', 6],
        ],
      },
    },
    {
      name: 'without keys the rows replace the table’s',
      params: {table: 'latest'},
      input: {
        columns: {sensor_id: 'VARCHAR', alive: 'BOOLEAN', share: 'DECIMAL(5,2)', day: 'DATE'},
        rows: [
          ['a', true, '12.30', '2024-02-29'],
          ['a', null, null, null],
        ],
      },
      expect: {
        columns: {sensor_id: 'VARCHAR', alive: 'BOOLEAN', share: 'DECIMAL(5,2)', day: 'DATE'},
        rows: [
          ['a', true, '12.30', '2024-02-29'],
          ['a', null, null, null],
        ],
      },
    },
    {
      name: 'no rows make a table all the same',
      params: {table: 'alert_history', keys: ['id']},
      input: {columns: {id: 'INTEGER', message: 'VARCHAR'}, rows: []},
      expect: {columns: {id: 'INTEGER', message: 'VARCHAR'}, rows: []},
    },
    {
      name: 'names that need quotes, and an empty text that is not NULL',
      params: {table: 'Order "1"', keys: ['user']},
      input: {
        columns: {user: 'VARCHAR', 'größe in cm': 'DOUBLE', select: 'VARCHAR'},
        rows: [
          ["o'brien", 1.5, ''],
          ['x,"y"', 'Infinity', null],
        ],
      },
      expect: {
        columns: {user: 'VARCHAR', 'größe in cm': 'DOUBLE', select: 'VARCHAR'},
        rows: [
          ["o'brien", 1.5, ''],
          ['x,"y"', 'Infinity', null],
        ],
      },
    },
  ],
});
