import {timeOf} from '../lib/time.ts';
import {p, type Values} from '../params/index.ts';
import {assign, py} from '../pyspark/py.ts';
import {id, lit, sql, type Sql} from '../sql/sql.ts';
import {defineStep, type StepProblem} from './define.ts';
import type {LakeRead} from '../tables/define.ts';

const params = {
  table: p.table({label: 'Table', help: 'A table of the lake.'}),
  version: p.optionalNumber({
    label: 'Version',
    help: 'As the table’s history counts them, from 0. Left out, the latest one.',
    min: 0,
    integer: true,
  }),
  timestamp: p.text({
    label: 'As of',
    help: 'What was the latest version at this time, in UTC.',
    default: '',
    placeholder: '2024-03-31 12:00:00',
  }),
};
type ReadValues = Values<typeof params>;

function readOf({table, version, timestamp}: ReadValues): LakeRead {
  if (version !== undefined) return {table, at: {version}};
  if (timestamp === '') return {table};
  const time = timeOf(timestamp);
  return {table, at: {timestamp: time === undefined ? timestamp : new Date(time).toISOString()}};
}

function check({version, timestamp}: ReadValues): StepProblem[] {
  if (timestamp === '') return [];
  if (version !== undefined)
    return [
      {
        code: 'PARAM',
        message: 'A version and a time are given, and the table is read as of one of them.',
        hint: 'Take one of the two out.',
        param: 'timestamp',
      },
    ];
  if (timeOf(timestamp) !== undefined) return [];
  return [
    {
      code: 'PARAM',
      message: `“${timestamp}” is no time.`,
      hint: 'Write one such as 2024-03-31 12:00:00, in UTC.',
      param: 'timestamp',
    },
  ];
}

function shown({table, at}: LakeRead): Sql {
  const which =
    at === undefined
      ? sql``
      : 'version' in at
        ? sql` AT (VERSION => ${lit(at.version)})`
        : sql` AT (TIMESTAMP => ${lit(at.timestamp)})`;
  return sql`SELECT * FROM lake.${id(table)}${which}`;
}

export const readTable = defineStep({
  kind: 'read_table',
  version: 1,
  group: 'load',
  title: 'Read a table',
  sentence: ({table, version, timestamp}) =>
    `Read ${table === '' ? 'a table of the lake' : `lake.${table}`}${version !== undefined ? `, version ${version}` : timestamp === '' ? '' : `, as of ${timestamp}`}`,
  lesson: {
    what: 'Reads a table of the lake: its latest version, the one with a number, or the one that was the latest at a time. Spark calls it time travel, with the options `versionAsOf` and `timestampAsOf`; a SQL cell says the same with `FROM lake.readings AT (VERSION => 3)`.',
    why: 'Last month’s report has to come out the same when it is asked for again, though readings were corrected since: read the version it was made from. And when an import went wrong, the version before it is still there to compare with, and to go back to.',
    without:
      'Old states live on as `readings_final_2.csv`, and which of them a figure came from is anybody’s guess. Mind that a time finds the last commit at or before it: one before the first commit is refused, and so is one after the last, as Delta does, since the answer could still change. Versions end where vacuum has deleted their files.',
  },
  input: 'none',
  effect: 'new',
  params,
  words: 'delta lake time travel version as of',
  touches: (values) => [
    {kind: 'lake-read', name: values.table, read: readOf(values), as: `lake.${values.table}`, param: 'table'},
  ],
  check,
  toSql: (values) => ({kind: 'through', shown: shown(readOf(values))}),
  toPySpark: (values, {target}) => {
    const {table, at} = readOf(values);
    const option =
      at === undefined
        ? []
        : 'version' in at
          ? [`option('versionAsOf', ${at.version})`]
          : [`option('timestampAsOf', ${py(at.timestamp)})`];
    return assign(target, 'spark.read', [...option, `table(${py(`lake.${table}`)})`]);
  },
  examples: [
    {
      name: 'the latest version',
      params: {table: 'readings'},
      lake: {
        readings: {
          columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE'},
          rows: [
            ['s-1', 21.5],
            ['s-2', 'NaN'],
            ['s-3', null],
          ],
        },
      },
      input: {columns: {}, rows: []},
      expect: {
        columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE'},
        rows: [
          ['s-1', 21.5],
          ['s-2', 'NaN'],
          ['s-3', null],
        ],
      },
    },
    {
      name: 'a version by its number; names match without case',
      params: {table: 'Readings', version: 0},
      lake: {readings: {columns: {sensor_id: 'VARCHAR', at: 'TIMESTAMP'}, rows: [['s-1', '2024-03-04 00:00:00.123']]}},
      input: {columns: {}, rows: []},
      expect: {columns: {sensor_id: 'VARCHAR', at: 'TIMESTAMP'}, rows: [['s-1', '2024-03-04 00:00:00.123']]},
    },
    {
      name: 'an empty table has its columns',
      params: {table: 'empty'},
      lake: {
        empty: {columns: {sensor_id: 'VARCHAR', level: 'INTEGER', price: 'DECIMAL(10,2)', tags: 'VARCHAR[]'}, rows: []},
      },
      input: {columns: {}, rows: []},
      expect: {columns: {sensor_id: 'VARCHAR', level: 'INTEGER', price: 'DECIMAL(10,2)', tags: 'VARCHAR[]'}, rows: []},
    },
  ],
});
