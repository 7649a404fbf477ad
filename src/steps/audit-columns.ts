import {list} from '../lib/text.ts';
import {p, type Values} from '../params/index.ts';
import {assign, col, py} from '../pyspark/py.ts';
import {withColumns} from '../sql/select.ts';
import {id, sql} from '../sql/sql.ts';
import {isTime, type Column} from '../sql/types.ts';
import {checkColumns, checkSome, columnNamed, findColumn, inputOf} from './checks.ts';
import {defineStep, type Input, type Program, type StepProblem} from './define.ts';
import {checkMoment, momentSpark, momentSql, timestampSql} from './moment.ts';

const params = {
  created_at: p.flag({
    label: 'When the row was first seen',
    help: 'A time that is there already stays.',
    default: true,
  }),
  updated_at: p.flag({label: 'When the row was last changed', default: true}),
  ingested_at: p.flag({label: 'When the row was loaded', default: true}),
  source_file: p.column({
    label: 'File that the row is from',
    help: 'The column that tells it; left out, filename, which a load adds when it is asked to.',
    types: 'text',
    default: '',
  }),
  now: p.text({
    label: 'Time of the run',
    help: 'Left out, the moment at which the rows are made.',
    default: '',
    placeholder: '2024-03-31 12:00:00',
  }),
};
type AuditValues = Values<typeof params>;

const times = ['created_at', 'updated_at', 'ingested_at'] as const;
const chosen = (values: AuditValues): string[] => times.filter((name) => values[name]);

/** The column that source_file is taken from, if there is one. */
const fileColumn = ({source_file}: AuditValues, columns: readonly Column[]): Column | undefined =>
  source_file === '' ? findColumn('filename', columns) : columnNamed(source_file, columns);

function check(values: AuditValues, input: Input): StepProblem[] {
  const {source_file, now} = values;
  const kept = values.created_at ? findColumn('created_at', input.columns) : undefined;
  return [
    ...(fileColumn(values, input.columns) === undefined
      ? checkSome(
          chosen(values),
          'created_at',
          'No column is asked for.',
          'Switch on one of them, or name the column that tells the file.',
        )
      : []),
    ...(source_file === '' ? [] : checkColumns([source_file], input, 'source_file')),
    ...checkMoment(now, 'now'),
    ...(kept === undefined || isTime(kept.type)
      ? []
      : [
          {
            code: 'COLUMN_TYPE',
            message: `created_at is there, and is ${kept.type}.`,
            hint: 'Cast it to timestamp before, or rename it.',
            param: 'created_at',
            column: kept.name,
          },
        ]),
  ];
}

function toSql(values: AuditValues, input: Input): Program {
  const now = momentSql(values.now);
  const created = findColumn('created_at', input.columns);
  const file = fileColumn(values, input.columns);
  const assignments = chosen(values).map((name) => ({
    name,
    value: name === 'created_at' && created !== undefined ? sql`coalesce(${timestampSql(created)}, ${now})` : now,
  }));
  if (file !== undefined) assignments.push({name: 'source_file', value: sql`${id(file.name)}::VARCHAR`});
  return {
    kind: 'sql',
    sql: sql`SELECT ${withColumns(input.columns, assignments)}\nFROM ${input.relation}`,
    assigned: assignments.map(({name}) => name),
  };
}

export const auditColumns = defineStep({
  kind: 'audit_columns',
  version: 1,
  group: 'shape',
  title: 'Audit columns',
  sentence: (values) =>
    `Add ${list([...chosen(values), ...(values.source_file === '' ? [] : [`source_file from ${values.source_file}`])]) || 'source_file'}`,
  lesson: {
    what: 'Adds the columns that say where a row comes from and when: `created_at`, `updated_at` and `ingested_at` with the time of the run, in UTC and the same for all rows, and `source_file` from a column that names the file. A `created_at` that a row has already stays; the other times are set anew. In Spark it is withColumn with current_timestamp() and input_file_name().',
    why: 'A reading says when it was measured, not when it arrived. When a gateway was offline for a day the two differ by a day, and only `ingested_at` tells which reports were made without its rows. `source_file` leads from a strange value back to the line it came from.',
    without:
      'A wrong figure turns up in March, and nobody can say whether the rows came with the February delivery or with the correction. Mind that the time is taken when the rows are made: the result of a cell that hasn’t changed is kept, so running it again doesn’t make all rows look new, and doesn’t write them to a table again. Give `now` when the same times have to come out on every run.',
  },
  input: 'one',
  effect: 'same',
  params,
  runTimes: (values) => (values.now === '' ? chosen(values) : []),
  check: (values, inputs) => check(values, inputOf(inputs)),
  toSql: (values, inputs) => toSql(values, inputOf(inputs)),
  toPySpark: (values, {target, frames: [frame = 'df'], inputs}) => {
    const {columns} = inputOf(inputs);
    const file = fileColumn(values, columns);
    const hasCreated = findColumn('created_at', columns) !== undefined;
    const now = momentSpark(values.now);
    return assign(target, frame, [
      ...chosen(values).map(
        (name) =>
          `withColumn(${py(name)}, ${name === 'created_at' && hasCreated ? `F.coalesce(${col(name)}, ${now})` : now})`,
      ),
      ...(file === undefined ? [] : [`withColumn('source_file', ${col(file.name)})`]),
    ]);
  },
  examples: [
    {
      name: 'times of the run, and the file of each row',
      params: {now: '2024-03-04 12:00:00'},
      input: {
        columns: {sensor_id: 'VARCHAR', filename: 'VARCHAR'},
        rows: [
          ['s-1', 'monday.csv'],
          ['s-2', null],
        ],
      },
      expect: {
        columns: {
          sensor_id: 'VARCHAR',
          filename: 'VARCHAR',
          created_at: 'TIMESTAMP',
          updated_at: 'TIMESTAMP',
          ingested_at: 'TIMESTAMP',
          source_file: 'VARCHAR',
        },
        rows: [
          ['s-1', 'monday.csv', '2024-03-04 12:00:00', '2024-03-04 12:00:00', '2024-03-04 12:00:00', 'monday.csv'],
          ['s-2', null, '2024-03-04 12:00:00', '2024-03-04 12:00:00', '2024-03-04 12:00:00', null],
        ],
      },
    },
    {
      name: 'rows that were there before keep their first time',
      params: {ingested_at: false, now: '2024-03-05T08:30:00+01:00'},
      input: {
        columns: {sensor_id: 'VARCHAR', created_at: 'TIMESTAMP', updated_at: 'TIMESTAMP'},
        rows: [
          ['s-1', '2024-03-04 12:00:00', '2024-03-04 12:00:00'],
          ['s-2', null, null],
        ],
      },
      expect: {
        columns: {sensor_id: 'VARCHAR', created_at: 'TIMESTAMP', updated_at: 'TIMESTAMP'},
        rows: [
          ['s-1', '2024-03-04 12:00:00', '2024-03-05 07:30:00'],
          ['s-2', '2024-03-05 07:30:00', '2024-03-05 07:30:00'],
        ],
      },
    },
    {
      name: 'a file’s name from another column, and no rows',
      params: {created_at: false, updated_at: false, source_file: 'path', now: '2024-03-04'},
      input: {columns: {path: 'VARCHAR'}, rows: []},
      expect: {columns: {path: 'VARCHAR', ingested_at: 'TIMESTAMP', source_file: 'VARCHAR'}, rows: []},
    },
  ],
});
