import {list} from '../lib/text.ts';
import {p} from '../params/index.ts';
import {assign, call, col, py} from '../pyspark/py.ts';
import {id, join, sql} from '../sql/sql.ts';
import {checkColumns, checkNames, checkSome, columnNamed, findColumn, inputOf} from './checks.ts';
import {defineStep} from './define.ts';

export const rename = defineStep({
  kind: 'rename',
  version: 1,
  group: 'shape',
  title: 'Rename',
  sentence: ({columns}) =>
    `Rename ${list(Object.entries(columns).map(([name, {to}]) => `${name} to ${to}`)) || 'columns'}`,
  lesson: {
    what: 'Gives columns other names. Values, order of columns and order of rows stay. In Spark it is withColumnsRenamed.',
    why: 'Sources name things as they like: `Temp(C)`, `T1`, `timestamp` for milliseconds. A name that says what is inside, in one style for all tables, saves quotes in every query and lets tables be joined and united by name.',
    without:
      'Every later step carries the odd name, and `union` by name takes `temp` and `temperature` for two different things. Spark passes over a name that isn’t there without a word; here that is an error, for it is nearly always a slip.',
  },
  input: 'one',
  effect: 'same',
  params: {
    columns: p.map(
      'column',
      {to: p.text({label: 'New name'})},
      {label: 'Names', help: 'Old name: new name.', short: 'to'},
    ),
  },
  check: ({columns}, inputs) => {
    const input = inputOf(inputs);
    const to = new Map(Object.entries(columns).map(([name, target]) => [name.toLowerCase(), target.to]));
    return [
      ...checkSome(Object.keys(columns), 'columns', 'No column is named.', 'Write old_name: new_name.'),
      ...checkColumns(Object.keys(columns), input, 'columns'),
      ...checkNames(
        input.columns.map((column) => to.get(column.name.toLowerCase()) ?? column.name),
        'columns',
      ),
    ];
  },
  toSql: ({columns}, inputs) => {
    const input = inputOf(inputs);
    const renamed = Object.entries(columns).map(
      ([name, {to}]) => sql`${id(columnNamed(name, input.columns).name)} AS ${id(to)}`,
    );
    return {kind: 'sql', sql: sql`SELECT * RENAME (${join(renamed)}) FROM ${input.relation}`};
  },
  toPySpark: ({columns}, {target, frames: [frame = 'df'], inputs: [input]}) => {
    const known = input?.columns ?? [];
    const renamed = new Map(Object.entries(columns).map(([name, {to}]) => [columnNamed(name, known).name, to]));
    // Spark renames one after another, so a name that is still taken would be met twice.
    const taken = [...renamed].some(
      ([name, to]) => to.toLowerCase() !== name.toLowerCase() && findColumn(to, known) !== undefined,
    );
    if (!taken) return assign(target, frame, [`withColumnsRenamed(${py(Object.fromEntries(renamed))})`]);
    const selected = known.map(({name}) =>
      renamed.has(name) ? `${col(name)}.alias(${py(renamed.get(name) ?? name)})` : col(name),
    );
    return assign(target, frame, [call('select', selected)]);
  },
  examples: [
    {
      name: 'names that say what is inside',
      params: {columns: {T1: 'temperature', 'rel. humidity': 'humidity'}},
      input: {columns: {id: 'INTEGER', T1: 'DOUBLE', 'rel. humidity': 'DOUBLE'}, rows: [[1, 21.5, null]]},
      expect: {columns: {id: 'INTEGER', temperature: 'DOUBLE', humidity: 'DOUBLE'}, rows: [[1, 21.5, null]]},
    },
    {
      name: 'two names change places',
      params: {columns: {a: 'b', B: 'a'}},
      input: {columns: {a: 'INTEGER', b: 'INTEGER'}, rows: [[1, 2]]},
      expect: {columns: {b: 'INTEGER', a: 'INTEGER'}, rows: [[1, 2]]},
    },
  ],
});
