import {list, plural} from '../lib/text.ts';
import {p, type Values} from '../params/index.ts';
import {assign} from '../pyspark/py.ts';
import {join, sql} from '../sql/sql.ts';
import {isNumber, isText, isTime, type Column} from '../sql/types.ts';
import {checkSome, findColumn, inputOf} from './checks.ts';
import {defineStep, type Input, type StepProblem} from './define.ts';

const params = {
  with: p.cells({label: 'With', help: 'The tables whose rows come after this one’s, in this order.'}),
  by: p.choice(['name', 'position'], {label: 'Columns belong together by', default: 'name'}),
  allow_missing: p.flag({
    label: 'Fill missing columns with NULL',
    help: 'Spark calls it allowMissingColumns.',
    default: false,
    when: {param: 'by', is: ['name']},
  }),
};

const family = (type: string): string =>
  isNumber(type) ? 'number' : isTime(type) ? 'time' : isText(type) ? 'text' : type;

/** Columns that would have to become text to stand in one: DuckDB would do it without a word. */
function checkTypes(
  pairs: readonly (readonly [Column, Column | undefined])[],
  input: Input,
  other: Input,
): StepProblem[] {
  return pairs.flatMap(([a, b]) =>
    b === undefined || family(a.type) === family(b.type)
      ? []
      : [
          {
            code: 'COLUMN_TYPE',
            message: `${a.name} is ${a.type} in ${input.name}, and ${b.name === a.name ? '' : `${b.name} `}${b.type} in ${other.name}.`,
            hint: 'Put a cast step before the union that gives both the same type.',
            param: 'with',
            column: a.name,
          },
        ],
  );
}

function checkNamed(input: Input, other: Input, allowMissing: boolean): StepProblem[] {
  const lacking = (from: Input, to: Input): StepProblem[] => {
    const names = from.columns
      .filter((column) => findColumn(column.name, to.columns) === undefined)
      .map((column) => column.name);
    return names.length === 0
      ? []
      : [
          {
            code: 'COLUMN_NOT_FOUND',
            message: `${to.name} has no ${list(names)}, and ${from.name} has.`,
            hint: 'Rename or select columns before, or turn on allow_missing to have NULL there.',
            param: 'with',
          },
        ];
  };
  return allowMissing ? [] : [...lacking(input, other), ...lacking(other, input)];
}

function check({with: names, by, allow_missing}: Values<typeof params>, inputs: readonly Input[]): StepProblem[] {
  const input = inputOf(inputs);
  return [
    ...checkSome(names, 'with', 'No other table is named.', 'Name one or more cells above whose rows are to follow.'),
    ...inputs.slice(1).flatMap((other) => {
      if (by === 'name')
        return [
          ...checkNamed(input, other, allow_missing),
          ...checkTypes(
            input.columns.map((column) => [column, findColumn(column.name, other.columns)] as const),
            input,
            other,
          ),
        ];
      if (other.columns.length === input.columns.length)
        return checkTypes(
          input.columns.map((column, i) => [column, other.columns[i]] as const),
          input,
          other,
        );
      return [
        {
          code: 'COLUMN_COUNT',
          message: `${input.name} has ${plural(input.columns.length, 'column')} and ${other.name} has ${plural(other.columns.length, 'column')}, so they can’t be put together by position.`,
          hint: 'Select the same columns before, or go by name.',
          param: 'by',
        },
      ];
    }),
  ];
}

export const union = defineStep({
  kind: 'union',
  version: 1,
  group: 'combine',
  title: 'Union',
  sentence: ({with: names, by}) =>
    `Append the rows of ${list(names) || 'other tables'}${by === 'name' ? '' : ', columns by position'}`,
  lesson: {
    what: 'Puts the rows of several tables under one another: first all of this table, then all of the next. Nothing is sorted and no copy is dropped, so it is SQL’s UNION ALL and Spark’s unionByName. A column belongs to the one of the same name, wherever it stands.',
    why: 'Readings come in parts: a file for each day, a table for each building, last year’s archive beside this year’s stream. Put together they can be asked one question.',
    without:
      'Every question is asked once for each part, and the answers are added up by hand. Beware of position: Spark’s own union goes by it, so two tables with temperature and humidity the other way round give a table that looks fine and in which half of the temperatures are humidities. Choose position only when the names differ and the order is certain.',
  },
  input: 'one',
  effect: 'new',
  touches: ({with: names}) => names.map((name) => ({kind: 'cell', name, param: 'with'})),
  params,
  check,
  toSql: ({by}, inputs) => ({
    kind: 'sql',
    sql: join(
      inputs.map((input) => sql`SELECT * FROM ${input.relation}`),
      by === 'name' ? '\nUNION ALL BY NAME\n' : '\nUNION ALL\n',
    ),
  }),
  toPySpark: ({by, allow_missing}, {target, frames: [frame = 'df', ...others]}) =>
    assign(
      target,
      frame,
      others.map((other) =>
        by === 'position'
          ? `union(${other})`
          : `unionByName(${other}${allow_missing ? ', allowMissingColumns=True' : ''})`,
      ),
    ),
  examples: [
    {
      name: 'by name, wherever the columns stand',
      params: {with: ['tuesday', 'wednesday']},
      input: {
        columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE', humidity: 'DOUBLE'},
        rows: [
          ['s-2', 21.5, 40],
          ['s-1', 20, null],
        ],
      },
      others: {
        tuesday: {
          columns: {humidity: 'DOUBLE', Temperature: 'DOUBLE', sensor_id: 'VARCHAR'},
          rows: [
            [41, 22, 's-1'],
            ['NaN', 21, 's-0'],
          ],
        },
        wednesday: {
          columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE', humidity: 'DOUBLE'},
          rows: [['s-2', 21.5, 40]],
        },
      },
      expect: {
        columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE', humidity: 'DOUBLE'},
        rows: [
          ['s-2', 21.5, 40],
          ['s-1', 20, null],
          ['s-1', 22, 41],
          ['s-0', 21, 'NaN'],
          ['s-2', 21.5, 40],
        ],
      },
    },
    {
      name: 'a column that only one of them has',
      params: {with: ['outdoors'], allow_missing: true},
      input: {columns: {sensor_id: 'VARCHAR', temperature: 'INTEGER'}, rows: [['s-1', 20]]},
      others: {
        outdoors: {columns: {sensor_id: 'VARCHAR', wind: 'DOUBLE', temperature: 'DOUBLE'}, rows: [['s-7', 3.5, 8.25]]},
      },
      expect: {
        columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE', wind: 'DOUBLE'},
        rows: [
          ['s-1', 20, null],
          ['s-7', 8.25, 3.5],
        ],
      },
    },
    {
      name: 'by position, under the first table’s names',
      params: {with: 'archive', by: 'position'},
      input: {columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE'}, rows: [['s-1', 20]]},
      others: {archive: {columns: {sensor: 'VARCHAR', temp_c: 'DOUBLE'}, rows: [['s-1', 19]]}},
      expect: {
        columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE'},
        rows: [
          ['s-1', 20],
          ['s-1', 19],
        ],
      },
    },
    {
      name: 'an empty table adds nothing',
      params: {with: 'tuesday'},
      input: {columns: {sensor_id: 'VARCHAR'}, rows: [['s-1']]},
      others: {tuesday: {columns: {sensor_id: 'VARCHAR'}, rows: []}},
      expect: {columns: {sensor_id: 'VARCHAR'}, rows: [['s-1']]},
    },
  ],
});
