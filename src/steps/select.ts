import {list} from '../lib/text.ts';
import {p} from '../params/index.ts';
import {inOrder} from '../pyspark/groups.ts';
import {assign, call, py, pyName} from '../pyspark/py.ts';
import {identifiers, mayReorder, multiplies} from '../sql/lexer.ts';
import {numberedRows} from '../sql/rows.ts';
import {expression, id, join, sql} from '../sql/sql.ts';
import {checkColumns, checkNames, checkSome, columnNamed, columnsNamed, inputOf} from './checks.ts';
import {defineStep} from './define.ts';
import {exprOf, notInSpark} from './spark-expressions.ts';

export const select = defineStep({
  kind: 'select',
  version: 2,
  group: 'shape',
  title: 'Select',
  sentence: ({columns, expressions}) => `Select ${list([...columns, ...Object.keys(expressions)]) || 'columns'}`,
  lesson: {
    what: 'Keeps the columns you name, in that order, and can work out others from them. It is SQL’s SELECT list and Spark’s select; rows stay as they are, in their order.',
    why: 'A sensor table often has forty columns of which a question needs four. Columns that are gone cost no memory and can’t be confused with others, and the reader of your notebook sees what matters.',
    without:
      'Everything is dragged along to the end, joins meet columns of the same name, and an export hands out serial numbers that nobody asked for.',
  },
  input: 'one',
  effect: 'same',
  // unnest gives several rows for one.
  effectOf: ({expressions}) =>
    Object.values(expressions).some((value) => multiplies(value.expression)) ? 'new' : 'same',
  params: {
    columns: p.columns({label: 'Columns', default: []}),
    expressions: p.map(
      'name',
      {expression: p.expression({label: 'Expression'})},
      {label: 'Worked out', help: 'New name: SQL expression.', default: {}, short: 'expression'},
    ),
  },
  check: ({columns, expressions}, inputs) => {
    const names = [...columns, ...Object.keys(expressions)];
    return [
      ...checkSome(names, 'columns', 'No column is named, and a table has at least one.', 'Name the columns to keep.'),
      ...checkColumns(columns, inputOf(inputs), 'columns'),
      ...checkNames(names, 'columns'),
    ];
  },
  toSql: ({columns, expressions}, inputs) => {
    const input = inputOf(inputs);
    const kept = columns.map((name) => id(columnNamed(name, input.columns).name));
    const made = Object.entries(expressions).map(
      ([name, value]) => sql`${expression(value.expression)} AS ${id(name)}`,
    );
    const chosen = join([...kept, ...made]);
    if (!Object.values(expressions).some((value) => mayReorder(value.expression)))
      return {kind: 'sql', sql: sql`SELECT ${chosen} FROM ${input.relation}`};
    const {from, row} = numberedRows(input);
    return {kind: 'sql', sql: sql`SELECT ${chosen} FROM ${from} AS r ORDER BY r.${row}`};
  },
  toPySpark: ({columns, expressions}, context) => {
    const {
      target,
      frames: [frame = 'df'],
    } = context;
    const known = context.inputs[0]?.columns ?? [];
    const made = Object.entries(expressions).map(([name, value]) => ({
      name,
      ...exprOf(value.expression, known, context),
    }));
    const refused = notInSpark(made.flatMap((one) => one.problems));
    if (refused !== undefined) return refused;
    const selected = (beside: readonly string[]): string =>
      call('select', [
        ...columnsNamed(columns, known).map(({name}) => pyName(name)),
        ...made.map(({name, code}) => `${code}.alias(${py(name)})`),
        ...beside,
      ]);
    if (!Object.values(expressions).some((value) => identifiers(value.expression, ['over']).length > 0))
      return assign(target, frame, [selected([])]);
    return inOrder(target, frame, [...known, ...made], (row) => [selected([py(row)])]);
  },
  examples: [
    {
      name: 'columns in another order',
      params: {columns: ['temperature', 'sensor_id']},
      input: {
        columns: {sensor_id: 'VARCHAR', humidity: 'DOUBLE', temperature: 'DOUBLE'},
        rows: [
          ['s-1', 40, 21.5],
          ['s-2', null, null],
        ],
      },
      expect: {
        columns: {temperature: 'DOUBLE', sensor_id: 'VARCHAR'},
        rows: [
          [21.5, 's-1'],
          [null, 's-2'],
        ],
      },
    },
    {
      name: 'an expression beside them',
      params: {columns: ['sensor_id'], expressions: {fahrenheit: 'temperature * 1.8 + 32'}},
      input: {columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE'}, rows: [['s-1', 20]]},
      expect: {columns: {sensor_id: 'VARCHAR', fahrenheit: 'DOUBLE'}, rows: [['s-1', 68]]},
    },
    {
      name: 'a window function leaves the rows in their order',
      params: {columns: ['temperature'], expressions: {before: 'lag(temperature) OVER (ORDER BY minute)'}},
      input: {
        columns: {minute: 'INTEGER', temperature: 'DOUBLE'},
        rows: [
          [3, 23],
          [1, 21],
          [2, 22],
        ],
      },
      expect: {
        columns: {temperature: 'DOUBLE', before: 'DOUBLE'},
        rows: [
          [23, 22],
          [21, null],
          [22, 21],
        ],
      },
    },
  ],
});
