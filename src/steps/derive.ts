import {list} from '../lib/text.ts';
import {p} from '../params/index.ts';
import {assignColumns, inOrder} from '../pyspark/groups.ts';
import {assign} from '../pyspark/py.ts';
import type {SparkProblem} from '../pyspark/sql/translate.ts';
import {identifiers, mayReorder, multiplies} from '../sql/lexer.ts';
import {numberedRows, unusedName} from '../sql/rows.ts';
import {withColumns, type Assignment} from '../sql/select.ts';
import {expression, id, sql} from '../sql/sql.ts';
import type {Column} from '../sql/types.ts';
import {checkNames, checkSome, columnNamed, findColumn, inputOf} from './checks.ts';
import {defineStep} from './define.ts';
import {exprOf, notInSpark} from './spark-expressions.ts';

/** Assignments in layers: a layer holds those that read none of the names the same layer assigns. */
function layers(columns: Readonly<Record<string, {readonly expression: string}>>): Assignment[][] {
  const found: Assignment[][] = [[]];
  for (const [name, value] of Object.entries(columns)) {
    const last = found.at(-1) ?? [];
    const names = last.map((assignment) => assignment.name);
    const assignment = {name, value: expression(value.expression)};
    if (
      identifiers(value.expression, names).length > 0 ||
      names.some((other) => other.toLowerCase() === name.toLowerCase())
    )
      found.push([assignment]);
    else last.push(assignment);
  }
  return found;
}

const isWindowed = (columns: Readonly<Record<string, {readonly expression: string}>>): boolean =>
  Object.values(columns).some((value) => identifiers(value.expression, ['over']).length > 0);

export const derive = defineStep({
  kind: 'derive',
  version: 2,
  group: 'shape',
  title: 'Derive columns',
  sentence: ({columns}) => `Derive ${list(Object.keys(columns)) || 'columns'}`,
  lesson: {
    what: 'Works out columns from SQL expressions. A new name is added at the end; a name that is there gets the new value in its place. An expression sees the columns above it in the list, as a chain of Spark’s withColumn does.',
    why: 'Fahrenheit from Celsius, the hour of a timestamp, a flag for “too warm”: what later steps need is best written once, under a name, where it can be seen and checked.',
    without:
      'The same formula is typed into five queries, and corrected in four. Division by zero, and the remainder of one, is NULL here and in the hand-over to Spark, where it would be an error; the root of a negative number stops the cell. A DOUBLE as text reads the same in Spark from 0.001 up to ten million; beyond, Spark writes 1.0E7 where 10000000.0 stands here, and NaN for nan, so cast to a DECIMAL first. And Spark reads no number in 1_000 or 0x1F, and makes SS of an upper-case ß.',
  },
  input: 'one',
  effect: 'same',
  effectOf: ({columns}) => (Object.values(columns).some((value) => multiplies(value.expression)) ? 'new' : 'same'),
  params: {
    columns: p.map(
      'name',
      {expression: p.expression({label: 'Expression'})},
      {label: 'Columns', help: 'Name: SQL expression.', short: 'expression'},
    ),
  },
  check: ({columns}) => [
    ...checkSome(Object.keys(columns), 'columns', 'No column is named.', 'Write name: expression.'),
    ...checkNames(Object.keys(columns), 'columns'),
  ],
  toSql: ({columns}, inputs) => {
    const input = inputOf(inputs);
    // Then they are numbered first and put back.
    const ordered = Object.values(columns).some((value) => mayReorder(value.expression));
    const row = id(unusedName('row_number', [...input.columns, ...Object.keys(columns).map((name) => ({name}))]));
    const numbered = numberedRows(input);
    let from = ordered
      ? sql`(SELECT ${numbered.all}, ${numbered.row} AS ${row} FROM ${numbered.from})`
      : input.relation;
    let known: readonly Column[] = input.columns;
    const all = layers(columns);
    all.forEach((layer, i) => {
      const last = i === all.length - 1;
      const selected = sql`SELECT ${withColumns(known, layer, ordered && last ? [row] : [])} FROM ${from}`;
      from = last ? (ordered ? sql`${selected} ORDER BY ${row}` : selected) : sql`(${selected})`;
      known = [
        ...known,
        ...layer.filter(({name}) => findColumn(name, known) === undefined).map(({name}) => ({name, type: ''})),
      ];
    });
    return {
      kind: 'sql',
      sql: from,
      ...(Object.values(columns).some((value) => multiplies(value.expression))
        ? {}
        : {assigned: Object.keys(columns).map((name) => columnNamed(name, input.columns).name)}),
    };
  },
  toPySpark: ({columns}, context) => {
    const {
      target,
      frames: [frame = 'df'],
      inputs: [input],
    } = context;
    // A layer sees the columns of those before it.
    let known: readonly Column[] = input?.columns ?? [];
    const problems: SparkProblem[] = [];
    const calls = layers(columns).map((layer) => {
      const made = layer.map(({name}) => ({
        name: findColumn(name, known)?.name ?? name,
        ...exprOf(columns[name]?.expression ?? '', known, context),
      }));
      problems.push(...made.flatMap((one) => one.problems));
      if (known.length > 0)
        known = [
          ...known.filter(({name}) => made.every((one) => one.name !== name)),
          ...made.map(({name, type}) => ({name, type})),
        ];
      return assignColumns(made.map(({name, code}): [string, string] => [name, code]));
    });
    const rows = isWindowed(columns)
      ? inOrder(
          target,
          frame,
          [...(input?.columns ?? []), ...Object.keys(columns).map((name) => ({name}))],
          () => calls,
        )
      : assign(target, frame, calls);
    return notInSpark(problems) ?? rows;
  },
  examples: [
    {
      name: 'one column built on the other',
      params: {columns: {fahrenheit: 'temperature * 1.8 + 32', hot: 'fahrenheit > 80'}},
      input: {
        columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE'},
        rows: [
          ['s-1', 30],
          ['s-2', 20],
          ['s-3', null],
        ],
      },
      expect: {
        columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE', fahrenheit: 'DOUBLE', hot: 'BOOLEAN'},
        rows: [
          ['s-1', 30, 86, true],
          ['s-2', 20, 68, false],
          ['s-3', null, null, null],
        ],
      },
    },
    {
      name: 'a column replaced in its place',
      params: {columns: {temperature: 'round(temperature)'}},
      input: {columns: {temperature: 'DOUBLE', sensor_id: 'VARCHAR'}, rows: [[21.4, 's-1']]},
      expect: {columns: {temperature: 'DOUBLE', sensor_id: 'VARCHAR'}, rows: [[21, 's-1']]},
    },
    {
      name: 'a window function leaves the rows in their order',
      params: {columns: {before: 'lag(temperature) OVER (PARTITION BY sensor_id ORDER BY minute)'}},
      input: {
        columns: {sensor_id: 'VARCHAR', minute: 'INTEGER', temperature: 'DOUBLE'},
        rows: [
          ['s-2', 2, 22],
          ['s-1', 1, 30],
          ['s-2', 1, 21],
        ],
      },
      expect: {
        columns: {sensor_id: 'VARCHAR', minute: 'INTEGER', temperature: 'DOUBLE', before: 'DOUBLE'},
        rows: [
          ['s-2', 2, 22, 21],
          ['s-1', 1, 30, null],
          ['s-2', 1, 21, null],
        ],
      },
    },
  ],
});
