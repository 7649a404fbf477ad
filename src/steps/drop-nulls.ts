import {list, plural} from '../lib/text.ts';
import {p} from '../params/index.ts';
import {assign, py, pyNames} from '../pyspark/py.ts';
import {isPresent} from '../sql/missing.ts';
import {join, lit, sql} from '../sql/sql.ts';
import {checkColumns, columnsNamed, inputOf} from './checks.ts';
import {defineStep} from './define.ts';

export const dropNulls = defineStep({
  kind: 'drop_nulls',
  version: 1,
  group: 'clean',
  title: 'Drop nulls',
  sentence: ({columns, how, thresh}) => {
    const where = columns.length > 0 ? list(columns) : 'the columns';
    if (thresh > 0) return `Keep rows with at least ${plural(thresh, 'value')} in ${where}`;
    return `Drop rows where ${how === 'any' ? 'any of ' : 'all of '}${where} ${how === 'any' ? 'is' : 'are'} missing`;
  },
  lesson: {
    what: 'A row goes when a value is missing: Spark’s dropna. How “any” asks for every named column, “all” lets a row stay with a single value, and thresh says how many values there have to be. NULL and NaN are both missing, here as in Spark’s dropna.',
    why: 'Some rows can’t be mended. A reading without its temperature has nothing to say about temperature, and a guess in its place would only look like a measurement.',
    without:
      'SQL’s aggregates pass over NULL but not over NaN: one NaN turns an average into NaN. K-means and regressions stop at the first missing value. But look at what goes: when most rows lack one rarely used column, name the columns that matter.',
  },
  input: 'one',
  effect: 'subset',
  params: {
    columns: p.columns({label: 'Columns', help: 'Spark’s subset; none means every column.', default: []}),
    how: p.choice(['any', 'all'], {label: 'How', default: 'any'}),
    thresh: p.number({
      label: 'At least',
      help: 'Spark’s thresh: keep rows with so many values; 0 leaves it to how.',
      default: 0,
      min: 0,
      integer: true,
    }),
  },
  check: ({columns}, inputs) => checkColumns(columns, inputOf(inputs), 'columns'),
  toSql: ({columns, how, thresh}, inputs) => {
    const input = inputOf(inputs);
    const named = columns.length > 0 ? columnsNamed(columns, input.columns) : input.columns;
    const present = named.map((column) => isPresent(column));
    const keep =
      thresh > 0
        ? sql`${join(
            present.map((one) => sql`(${one})::INTEGER`),
            ' + ',
          )} >= ${lit(thresh)}`
        : join(present, how === 'any' ? ' AND ' : ' OR ');
    return {kind: 'sql', sql: sql`SELECT * FROM ${input.relation} WHERE ${keep}`};
  },
  toPySpark: ({columns, how, thresh}, {target, frames: [frame = 'df'], inputs: [input]}) => {
    const known = input?.columns ?? [];
    // Without a subset Spark takes every name as it stands, and would look for a struct where one has a dot.
    const named =
      columns.length > 0 ? columnsNamed(columns, known) : known.some(({name}) => /[.`]/.test(name)) ? known : [];
    const subset = named.length > 0 ? `, subset=[${pyNames(named.map(({name}) => name))}]` : '';
    return assign(target, frame, [
      thresh > 0 ? `dropna(thresh=${thresh}${subset})` : `dropna(how=${py(how)}${subset})`,
    ]);
  },
  examples: [
    {
      name: 'NULL and NaN are both missing',
      params: {columns: ['temperature']},
      input: {
        columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE'},
        rows: [
          ['a', 20.5],
          ['b', null],
          ['c', 'NaN'],
          [null, 21],
        ],
      },
      expect: {
        columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE'},
        rows: [
          ['a', 20.5],
          [null, 21],
        ],
      },
    },
    {
      name: 'only rows without a single value',
      params: {columns: ['temperature', 'humidity'], how: 'all'},
      input: {
        columns: {temperature: 'DOUBLE', humidity: 'DOUBLE'},
        rows: [
          [1, null],
          [null, null],
          ['NaN', 2],
        ],
      },
      expect: {
        columns: {temperature: 'DOUBLE', humidity: 'DOUBLE'},
        rows: [
          [1, null],
          ['NaN', 2],
        ],
      },
    },
    {
      name: 'at least two values in the row',
      params: {thresh: 2},
      input: {
        columns: {a: 'INTEGER', b: 'DOUBLE', c: 'VARCHAR'},
        rows: [
          [1, 2, null],
          [1, 'NaN', null],
          [null, null, null],
          [1, 2, 'x'],
        ],
      },
      expect: {
        columns: {a: 'INTEGER', b: 'DOUBLE', c: 'VARCHAR'},
        rows: [
          [1, 2, null],
          [1, 2, 'x'],
        ],
      },
    },
  ],
});
