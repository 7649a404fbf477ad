import {list} from '../lib/text.ts';
import {p, type Values} from '../params/index.ts';
import {assign, col, py} from '../pyspark/py.ts';
import type {SparkProblem} from '../pyspark/sql/translate.ts';
import {expression, id, join, lit, sql, typeName, type Sql} from '../sql/sql.ts';
import type {Column} from '../sql/types.ts';
import {checkColumns, checkNames, checkSome, columnNamed, inputOf} from './checks.ts';
import {
  defineStep,
  type Input,
  type NotExportable,
  type Program,
  type SparkContext,
  type StepProblem,
} from './define.ts';
import type {LakeWrite} from '../tables/define.ts';
import {notInSpark} from './spark-expressions.ts';

const params = {
  table: p.table({label: 'Table', help: 'A table of the lake. One that isn’t there is made.'}),
  mode: p.choice(['append', 'overwrite', 'merge'], {label: 'Mode', default: 'append'}),
  keys: p.columns({
    label: 'Keys',
    help: 'Rows that agree in these are updated, the others inserted.',
    default: [],
    when: {param: 'mode', is: ['merge']},
  }),
  merge_schema: p.flag({label: 'Add new columns to the table', help: 'Spark calls it mergeSchema.', default: false}),
  overwrite_schema: p.flag({
    label: 'Replace the table’s columns',
    help: 'Spark calls it overwriteSchema; partitions are replaced, too.',
    default: false,
    when: {param: 'mode', is: ['overwrite']},
  }),
  partition_by: p.columns({
    label: 'Partition by',
    help: 'One folder for each value; left out, a table keeps the partitions it has.',
    default: [],
  }),
  not_null: p.columns({label: 'Never NULL', help: 'Spark calls it NOT NULL.', default: []}),
  constraints: p.map(
    'name',
    {check: p.expression({label: 'Condition'})},
    {
      label: 'Constraints',
      help: 'Name: condition. Only rows for which it is true get into the table, now and later; NULL is not true.',
      default: {},
      short: 'check',
    },
  ),
  comments: p.map(
    'column',
    {comment: p.text({label: 'Comment'})},
    {label: 'Comments', help: 'Column: what it means, its unit.', default: {}, short: 'comment'},
  ),
  crash_after: p.optionalNumber({
    label: 'Crash after step',
    help: 'For lessons: the storage worker dies after step 2, 3, 4, 6 or 7 of the commit. Left out, it lives.',
  }),
};
type SnapshotValues = Values<typeof params>;

const crashSteps = [2, 3, 4, 6, 7] as const;

function writeOf(values: SnapshotValues): LakeWrite {
  const overwriteSchema = values.mode === 'overwrite' && values.overwrite_schema;
  return {
    table: values.table,
    mode: values.mode,
    keys: values.mode === 'merge' ? values.keys : [],
    mergeSchema: values.merge_schema,
    overwriteSchema,
    partitionBy: values.partition_by.length === 0 && !overwriteSchema ? undefined : values.partition_by,
    notNull: values.not_null,
    constraints: Object.fromEntries(
      Object.entries(values.constraints).map(([name, {check: condition}]) => [name, condition]),
    ),
    comments: Object.fromEntries(Object.entries(values.comments).map(([name, {comment}]) => [name, comment])),
    crashAfter: crashSteps.find((step) => step === values.crash_after),
  };
}

function check(values: SnapshotValues, input: Input): StepProblem[] {
  const {keys, partitionBy = [], notNull, comments, crashAfter} = writeOf(values);
  const names = Object.keys(values.constraints);
  const odd = names.find((name) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name));
  return [
    ...(values.mode === 'merge'
      ? checkSome(
          keys,
          'keys',
          'A merge needs to know which columns tell that two rows are the same.',
          'Name the keys, such as sensor_id and timestamp.',
        )
      : []),
    ...checkColumns(keys, input, 'keys'),
    ...checkColumns(partitionBy, input, 'partition_by'),
    ...checkNames(partitionBy, 'partition_by'),
    ...checkColumns(notNull, input, 'not_null'),
    ...checkColumns(Object.keys(comments), input, 'comments'),
    ...(odd === undefined
      ? []
      : [
          {
            code: 'PARAM',
            message: `“${odd}” can’t be the name of a constraint.`,
            hint: 'Write letters, digits and _, with no digit first.',
            param: `constraints.${odd}`,
          },
        ]),
    ...(values.crash_after === undefined || crashAfter !== undefined
      ? []
      : [
          {
            code: 'PARAM',
            message: `There is no crash after step ${values.crash_after}.`,
            hint: 'Choose 2, 3, 4, 6 or 7.',
            param: 'crash_after',
          },
        ]),
  ];
}

/** What does the same to a table of DuckDB’s own in a schema called lake; its tables have no partitions. */
function shown(write: LakeWrite, {relation, columns}: Input): Sql {
  const table = sql`lake.${id(write.table)}`;
  const into = (name: string): Sql => id(columnNamed(name, columns).name);
  const notNull = new Set(write.notNull.map((name) => name.toLowerCase()));
  const constraints = Object.entries(write.constraints);
  const explicit = columns.length > 0 && notNull.size + constraints.length > 0;
  const definitions = [
    ...columns.map(
      (column) =>
        sql`${id(column.name)} ${typeName(column.type)}${notNull.has(column.name.toLowerCase()) ? sql` NOT NULL` : sql``}`,
    ),
    ...constraints.map(([name, condition]) => sql`CONSTRAINT ${id(name)} CHECK (${expression(condition)} IS TRUE)`),
  ];
  const body = explicit ? sql` (\n  ${join(definitions, ',\n  ')}\n)` : sql` AS FROM ${relation} WITH NO DATA`;
  const replaces = write.mode === 'overwrite' && write.overwriteSchema;
  const statements = [
    replaces ? sql`CREATE OR REPLACE TABLE ${table}${body}` : sql`CREATE TABLE IF NOT EXISTS ${table}${body}`,
    ...(write.mergeSchema
      ? columns.map(
          (column) => sql`ALTER TABLE ${table} ADD COLUMN IF NOT EXISTS ${id(column.name)} ${typeName(column.type)}`,
        )
      : []),
    ...(write.mode === 'overwrite' && !replaces ? [sql`TRUNCATE ${table}`] : []),
    write.mode === 'merge'
      ? sql`MERGE INTO ${table} AS target USING ${relation} AS source\n  ON ${join(
          write.keys.map((key) => sql`target.${into(key)} = source.${into(key)}`),
          ' AND ',
        )}\n  WHEN MATCHED THEN UPDATE BY NAME\n  WHEN NOT MATCHED THEN INSERT BY NAME`
      : sql`INSERT INTO ${table} BY NAME FROM ${relation}`,
    ...Object.entries(write.comments).map(
      ([name, comment]) => sql`COMMENT ON COLUMN ${table}.${into(name)} IS ${lit(comment)}`,
    ),
  ];
  return join(statements, ';\n');
}

const quoted = (name: string): string => `\`${name.replaceAll('`', '``')}\``;
const sparkText = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
const run = (statement: string): string => `spark.sql(${py(statement)})`;

/** A chain of calls for what it does; a long one is put in parentheses, one call a line. */
function chain(head: string, calls: readonly string[]): string[] {
  const line = [head, ...calls].join('.');
  return line.length <= 100 ? [line] : ['(', `    ${head}`, ...calls.map((call) => `    .${call}`), ')'];
}

const tableOf = ({table}: LakeWrite): string => `lake.${table}`;

type Rules = readonly (readonly [name: string, condition: string])[];

/** CHECK constraints by name, NOT NULL among them: Delta takes that as such only for a table that has no rows yet. */
function checks(
  {constraints, notNull}: LakeWrite,
  {spark}: SparkContext,
): {readonly problems: readonly SparkProblem[]; readonly all: Rules} {
  const problems: SparkProblem[] = [];
  const conditions = Object.entries(constraints).map(([name, condition]): [string, string] => {
    const {text, notes} = spark.sparkCondition(condition);
    problems.push(
      ...notes.map((message) => ({message, hint: `Write the constraint ${name} with what means the same in both`})),
    );
    return [name, text.trim()];
  });
  const present = notNull.map((name, i): [string, string] => [
    /^\w+$/.test(name) ? `${name}_not_null` : `not_null_${i + 1}`,
    `${quoted(name)} IS NOT NULL`,
  ]);
  return {problems, all: [...present, ...conditions]};
}

/** Names, also of fields within, that Delta takes only where columns are mapped by name; the lake maps them likewise. */
const needsMapping = (columns: readonly Column[]): boolean =>
  columns.some(({name, type}) => /[ ,;{}()\n\t=]/.test(name) || /"[^"]*[ ,;{}()\n\t=][^"]*"/.test(type));

/** The table with its first rows and all its rules, as one commit. */
function created(
  write: LakeWrite,
  frame: string,
  rules: Rules,
  columns: readonly Column[],
  once: readonly string[],
): string[] {
  const partitions = write.partitionBy ?? [];
  return chain(frame, [
    ...Object.entries(write.comments).map(([name, comment]) => `withMetadata(${py(name)}, ${py({comment})})`),
    `writeTo(${py(tableOf(write))})`,
    "using('delta')",
    ...once,
    ...(needsMapping(columns) ? ["tableProperty('delta.columnMapping.mode', 'name')"] : []),
    ...rules.map(([name, condition]) => `tableProperty(${py(`delta.constraints.${name}`)}, ${py(condition)})`),
    ...(partitions.length > 0 ? [`partitionedBy(${partitions.map(col).join(', ')})`] : []),
    write.overwriteSchema ? 'createOrReplace()' : 'create()',
  ]);
}

/** Rules that a table which is there lacks. */
function addedRules(write: LakeWrite, all: Rules): string[] {
  const table = tableOf(write);
  const known =
    all.length === 0 ? [] : [`known = {row['key'] for row in ${run(`SHOW TBLPROPERTIES ${table}`)}.collect()}`];
  return [
    ...known,
    ...all.flatMap(([name, condition]) => [
      `if ${py(`delta.constraints.${name.toLowerCase()}`)} not in known:`,
      `    ${run(`ALTER TABLE ${table} ADD CONSTRAINT ${quoted(name)} CHECK (${condition})`)}`,
    ]),
    ...Object.entries(write.comments).map(([name, comment]) =>
      run(`ALTER TABLE ${table} ALTER COLUMN ${quoted(name)} COMMENT ${sparkText(comment)}`),
    ),
  ];
}

/** The rows to a table that is there. */
function rowsInto(write: LakeWrite, frame: string, once: readonly string[]): string[] {
  const table = tableOf(write);
  if (write.mode === 'merge') {
    const condition = write.keys.map((key) => `target.${quoted(key)} = source.${quoted(key)}`).join(' AND ');
    return chain(`DeltaTable.forName(spark, ${py(table)}).alias('target')`, [
      `merge(${frame}.alias('source'), ${py(condition)})`,
      ...(write.mergeSchema ? ['withSchemaEvolution()'] : []),
      'whenMatchedUpdateAll()',
      'whenNotMatchedInsertAll()',
      'execute()',
    ]);
  }
  return chain(`${frame}.writeTo(${py(table)})`, [
    ...(write.mergeSchema ? ["option('mergeSchema', 'true')"] : []),
    ...once,
    write.mode === 'append' ? 'append()' : 'overwrite(F.lit(True))',
  ]);
}

/** Names the rows of an append, whatever their order, by what stays the same on another run: Delta applies a number of an application once. */
function named(target: string, frame: string, times: readonly string[]): string[] {
  const but = times.length === 0 ? '' : ` if name.lower() not in ${py(times.map((name) => name.toLowerCase()))}`;
  return [
    `# The same rows are appended once: Delta keeps the name of what it applied${times.length === 0 ? '' : ', and the time of a run is no part of it'}.`,
    `names = {f"\`{name.replace('\`', '\`\`')}\`": kind for name, kind in ${frame}.dtypes${but}}`,
    "columns = [F.col(name).cast('string') if '<' in kind else F.col(name) for name, kind in names.items()]",
    "row = F.xxhash64(*columns, *[F.isnull(column) for column in columns]).cast('decimal(20,0)')",
    `applied = ' '.join(map(str, [${py(target)}, *${frame}.agg(F.count('*'), F.sum(row)).first()]))`,
  ];
}

const inBlock = (lines: readonly string[]): string[] => lines.map((line) => `    ${line}`);

function toPySpark(values: SnapshotValues, context: SparkContext): string[] | NotExportable {
  const {
    target,
    frames: [frame = 'df'],
    columns,
  } = context;
  const write = writeOf(values);
  const {problems, all} = checks(write, context);
  const refused = notInSpark(problems);
  if (refused !== undefined) return refused;
  const {isOverwritten = false, times = []} = context.rerun ?? {};
  // What overwrites the table above brings none of these rows back.
  const isOnce = write.mode === 'append' && !isOverwritten;
  const once = isOnce ? ["option('txnAppId', applied)", "option('txnVersion', '0')"] : [];
  const remarks = [
    ...(write.notNull.length > 0
      ? ['# Delta takes NOT NULL only before a table has rows; a CHECK refuses the same ones.']
      : []),
    ...(write.crashAfter === undefined
      ? []
      : ['# The crash of the lesson is left out: it comes after the commit, which counts.']),
  ];
  // A commit counts from its seventh step on: one that dies before leaves nothing.
  if (write.crashAfter !== undefined && write.crashAfter < 7)
    return [
      '# The writer of the lesson dies before its commit counts, so nothing is written here either.',
      ...assign(target, frame, []),
    ];
  const there = rowsInto(write, frame, once);
  // An overwrite leaves none of the rows that a rule would be checked on before.
  const existing =
    write.mode === 'overwrite' ? [...there, ...addedRules(write, all)] : [...addedRules(write, all), ...there];
  return [
    ...(write.mode === 'merge' ? ['from delta.tables import DeltaTable'] : []),
    ...remarks,
    ...(isOnce ? named(target, frame, times) : []),
    ...(write.overwriteSchema
      ? created(write, frame, all, columns, once)
      : [
          `if spark.catalog.tableExists(${py(tableOf(write))}):`,
          ...inBlock(existing),
          'else:',
          ...inBlock(created(write, frame, all, columns, once)),
        ]),
    ...assign(target, frame, []),
  ];
}

export const snapshot = defineStep({
  kind: 'snapshot',
  version: 1,
  group: 'keep',
  title: 'Snapshot',
  sentence: ({table, mode, keys, partition_by, crash_after}) => {
    const crash = crash_after === undefined ? '' : `, and crash after step ${crash_after} of the commit`;
    const name = table === '' ? 'a table of the lake' : `lake.${table}`;
    const partitions = partition_by.length === 0 ? '' : `, partitioned by ${list(partition_by)}`;
    if (mode === 'merge') return `Merge into ${name} on ${list(keys) || 'keys'}${partitions}${crash}`;
    return `${mode === 'append' ? 'Append to' : 'Overwrite'} ${name}${partitions}${crash}`;
  },
  lesson: {
    what: 'Writes the rows to a table of the lake as one commit, and hands them on as they are. `append` adds rows, `overwrite` puts these in the place of all others, `merge` updates the rows that agree in the keys and inserts the rest: SQL’s MERGE INTO. The table is a Delta Lake table, Parquet files and a log beside them, and every commit makes a new version; the older ones stay readable.',
    why: 'A file that is written over is gone, and so is the answer to “what did we know last Tuesday?”. A commit is whole or isn’t there at all, whatever crashes in the middle. And the table defends itself: columns keep their types, `not_null` and `constraints` are checked for every row that ever comes, so that a sensor that says −999 stays outside. A condition has to be true: where it is NULL the row is refused, as Delta does.',
    without:
      'Half a day of readings is in the file when the laptop’s lid falls shut, and nobody can tell which half. Running a notebook twice would also append twice; here a commit remembers what it brought, and the same rows from the same cell aren’t written again; its PySpark says so to Delta with txnAppId and txnVersion. Mind that Spark’s own default mode is errorifexists: it refuses a table that is there. Here it is append, and a table that isn’t there is made.',
  },
  input: 'one',
  effect: 'same',
  params,
  // Rules and comments come to the table without its rows; a crash is no part of them.
  words: 'delta lake table write save append overwrite merge upsert version commit',
  touches: ({crash_after: _c, not_null: _n, constraints: _k, comments: _t, ...rows}) => [
    {kind: 'lake-write', name: rows.table, mode: rows.mode, keys: rows.keys, rows, param: 'table'},
  ],
  check: (values, inputs) => check(values, inputOf(inputs)),
  toSql: (values, inputs): Program => {
    const write = writeOf(values);
    return {kind: 'through', write, shown: shown(write, inputOf(inputs))};
  },
  toPySpark,
  examples: [
    {
      name: 'a new table',
      params: {table: 'readings'},
      input: {
        columns: {sensor_id: 'VARCHAR', at: 'TIMESTAMP', temperature: 'DOUBLE'},
        rows: [
          ['s-1', '2024-03-04 00:00:00', 21.5],
          ['s-2', '2024-03-04 00:00:00', null],
        ],
      },
      expect: {
        columns: {sensor_id: 'VARCHAR', at: 'TIMESTAMP', temperature: 'DOUBLE'},
        rows: [
          ['s-1', '2024-03-04 00:00:00', 21.5],
          ['s-2', '2024-03-04 00:00:00', null],
        ],
      },
    },
    {
      name: 'rows that bring a column along',
      params: {table: 'readings', merge_schema: true},
      lake: {readings: {columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE'}, rows: [['s-1', 21.5]]}},
      input: {columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE', humidity: 'DOUBLE'}, rows: [['s-1', 'NaN', 40]]},
      expect: {columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE', humidity: 'DOUBLE'}, rows: [['s-1', 'NaN', 40]]},
    },
    {
      name: 'the latest state of each sensor, merged on its key',
      params: {table: 'latest', mode: 'merge', keys: ['sensor_id']},
      lake: {
        latest: {
          columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE'},
          rows: [
            ['s-1', 21.5],
            ['s-2', 4],
          ],
        },
      },
      input: {
        columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE'},
        rows: [
          ['s-2', 4.5],
          ['s-3', 30],
        ],
      },
      expect: {
        columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE'},
        rows: [
          ['s-2', 4.5],
          ['s-3', 30],
        ],
      },
    },
    {
      name: 'a table that defends itself, in a folder for each room',
      params: {
        table: 'rooms',
        mode: 'overwrite',
        overwrite_schema: true,
        partition_by: ['room'],
        not_null: ['room'],
        constraints: {possible: 'temperature IS NULL OR temperature BETWEEN -40 AND 60'},
        comments: {temperature: '°C, as the sensor sent it'},
      },
      input: {
        columns: {room: 'VARCHAR', temperature: 'DOUBLE'},
        rows: [
          ['Office', 21.5],
          ['Cold store', null],
        ],
      },
      expect: {
        columns: {room: 'VARCHAR', temperature: 'DOUBLE'},
        rows: [
          ['Office', 21.5],
          ['Cold store', null],
        ],
      },
    },
    {
      name: 'rows in the place of all others, checked on the way in',
      params: {
        table: 'readings',
        mode: 'overwrite',
        not_null: ['sensor_id'],
        constraints: {possible: 'temperature < 60'},
      },
      lake: {readings: {columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE'}, rows: [['s-1', 85]]}},
      input: {columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE'}, rows: [['s-1', 21.5]]},
      expect: {columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE'}, rows: [['s-1', 21.5]]},
    },
    {
      name: 'no rows make a table of its columns alone',
      params: {table: 'empty'},
      input: {columns: {sensor_id: 'VARCHAR'}, rows: []},
      expect: {columns: {sensor_id: 'VARCHAR'}, rows: []},
    },
  ],
});
