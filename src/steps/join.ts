import {invariant} from '../lib/invariant.ts';
import {list} from '../lib/text.ts';
import {p, type Values} from '../params/index.ts';
import {assign, call, py, pyName} from '../pyspark/py.ts';
import {numberedRows} from '../sql/rows.ts';
import {id, join as joined, sql, type Sql} from '../sql/sql.ts';
import {isNumber, isText, isTime, type Column} from '../sql/types.ts';
import {checkColumns, checkNames, checkSome, columnNamed, columnsNamed, findColumn, inputOf} from './checks.ts';
import {defineStep, type Input, type StepProblem} from './define.ts';

const params = {
  with: p.cell({label: 'With', help: 'The other table.'}),
  on: p.columns({label: 'On', help: 'Columns of both tables that have to be equal.'}),
  how: p.choice(['inner', 'left', 'semi', 'anti'], {
    label: 'How',
    help: 'Spark calls semi and anti left_semi and left_anti.',
    default: 'inner',
  }),
  suffix: p.text({
    label: 'Suffix',
    help: 'Put behind a name of the other table that this one has too.',
    default: '_right',
  }),
};
type JoinValues = Values<typeof params>;

function otherOf(inputs: readonly Input[]): Input {
  const other = inputs[1];
  invariant(other !== undefined, 'a join has a second table');
  return other;
}

/** The other table's columns that the result takes, and their names there. */
function taken(
  {on, suffix}: Pick<JoinValues, 'on' | 'suffix'>,
  left: readonly Column[],
  right: readonly Column[],
): {readonly column: Column; readonly as: string}[] {
  const keys = new Set(on.map((name) => name.toLowerCase()));
  return right
    .filter((column) => !keys.has(column.name.toLowerCase()))
    .map((column) => ({column, as: findColumn(column.name, left) === undefined ? column.name : column.name + suffix}));
}

const keepsOnly = (how: JoinValues['how']): boolean => how === 'semi' || how === 'anti';

/** `key IN (…)`. Several keys are compared as a row, where NULL would equal NULL, so keys with one are left out. */
function isIn(left: readonly Sql[], right: readonly Sql[], relation: Sql): Sql {
  const keys = joined(right);
  if (left.length === 1) return sql`${joined(left)} IN (SELECT ${keys} FROM ${relation})`;
  const whole = joined(
    right.map((key) => sql`${key} IS NOT NULL`),
    ' AND ',
  );
  return sql`(${joined(left)}) IN (SELECT (${keys}) FROM ${relation} WHERE ${whole})`;
}

const family = (type: string): string =>
  isNumber(type) ? 'number' : isTime(type) ? 'time' : isText(type) ? 'text' : type;

/** Keys of two kinds: DuckDB would cast the text of every row, and stop at the first that is no number. */
function checkKeys(on: readonly string[], left: Input, right: Input): StepProblem[] {
  return on.flatMap((name) => {
    const a = findColumn(name, left.columns);
    const b = findColumn(name, right.columns);
    if (a === undefined || b === undefined || family(a.type) === family(b.type)) return [];
    return [
      {
        code: 'COLUMN_TYPE',
        message: `${name} is ${a.type} in ${left.name} and ${b.type} in ${right.name}, so no value of one equals one of the other.`,
        hint: 'Put a cast step before the join that gives both the same type.',
        param: 'on',
        column: name,
      },
    ];
  });
}

const sentences: Readonly<Record<JoinValues['how'], (other: string, on: string) => string>> = {
  inner: (other, on) => `Join with ${other} on ${on}, and keep the rows that have a match`,
  left: (other, on) => `Join with ${other} on ${on}, and keep every row`,
  semi: (other, on) => `Keep the rows that have a match in ${other} on ${on}`,
  anti: (other, on) => `Keep the rows that have no match in ${other} on ${on}`,
};

/** A side of fewer rows is sent whole to every executor, which spares Spark the shuffle of the other. */
const broadcastRows = 100_000;

export const join = defineStep({
  kind: 'join',
  version: 1,
  group: 'combine',
  title: 'Join',
  sentence: ({with: other, on, how}) => sentences[how](other || 'another table', list(on) || 'columns'),
  lesson: {
    what: 'Puts the columns of another table beside the rows that agree on the keys. inner keeps the rows with a match, left keeps all and fills with NULL where there is none. semi and anti add nothing: they keep the rows that have a match, or the rows that have none. Rows stay in this table’s order; Spark promises no order after a join.',
    why: 'A reading knows its sensor, and only the list of sensors knows the room, the floor and the day of the last calibration. In Spark such a short list is sent whole to every machine (a broadcast join), so that the millions of readings need not travel.',
    without:
      'The room is copied into every reading by hand, and wrong after the first move. With a careless join it is worse: inner drops the readings of unlisted sensors without a word, and a sensor listed twice doubles its readings. Look at left first, then ask anti who has no partner. A NULL key matches nothing, not even NULL.',
  },
  input: 'one',
  effect: 'new',
  touches: ({with: other}) => (other === '' ? [] : [{kind: 'cell', name: other, param: 'with'}]),
  effectOf: ({how}) => (keepsOnly(how) ? 'subset' : 'new'),
  params,
  check: (values, inputs) => {
    const input = inputOf(inputs);
    const other = inputs[1];
    const some = checkSome(
      values.on,
      'on',
      'No key is named, so every row would match every other.',
      'Name the columns that both tables share, such as sensor_id.',
    );
    if (other === undefined) return [...some, ...checkColumns(values.on, input, 'on')];
    return [
      ...some,
      ...checkColumns(values.on, input, 'on'),
      ...checkColumns(values.on, other, 'on'),
      ...checkKeys(values.on, input, other),
      ...(keepsOnly(values.how)
        ? []
        : checkNames(
            [
              ...input.columns.map((column) => column.name),
              ...taken(values, input.columns, other.columns).map(({as}) => as),
            ],
            'suffix',
          )),
    ];
  },
  toSql: (values, inputs) => {
    const input = inputOf(inputs);
    const other = otherOf(inputs);
    const leftKeys = columnsNamed(values.on, input.columns).map((column) => id(column.name));
    const rightKeys = values.on.map((name) => id(columnNamed(name, other.columns).name));
    if (keepsOnly(values.how)) {
      const matched = sql`coalesce(${isIn(leftKeys, rightKeys, other.relation)}, false)`;
      // As a value, not as a SEMI JOIN: that one gives the rows in another order when the other table is the larger.
      return {
        kind: 'sql',
        sql: sql`SELECT * FROM ${input.relation} WHERE ${values.how === 'anti' ? sql`NOT ` : sql``}${matched}`,
      };
    }
    const left = numberedRows(input);
    const right = numberedRows(other);
    const others = taken(values, input.columns, other.columns);
    const added = others.map(({column, as}) =>
      as === column.name ? sql`r.${id(as)}` : sql`r.${id(column.name)} AS ${id(as)}`,
    );
    const equal = leftKeys.map((key, i) => sql`l.${key} = r.${rightKeys[i] ?? key}`);
    const kind = values.how === 'left' ? sql`LEFT JOIN` : sql`JOIN`;
    return {
      kind: 'sql',
      sql: sql`SELECT ${joined([sql`l.${left.all}`, ...added])}
FROM ${left.from} AS l ${kind} ${right.from} AS r ON ${joined(equal, ' AND ')}
ORDER BY l.${left.row}, r.${right.row}`,
      ...(values.how === 'left' ? {assigned: others.map(({as}) => as)} : {}),
    };
  },
  toPySpark: (values, {target, frames: [frame = 'df', other = 'other'], inputs, rows}) => {
    const [left, right] = inputs;
    const keys = columnsNamed(values.on, left?.columns ?? []).map(({name}) => name);
    const on = py(keys.length === 1 ? (keys[0] ?? '') : keys);
    const how = py(keepsOnly(values.how) ? `left_${values.how}` : values.how);
    const added =
      left === undefined || right === undefined || keepsOnly(values.how)
        ? []
        : taken(values, left.columns, right.columns);
    const renames = Object.fromEntries(
      added.filter(({column, as}) => column.name !== as).map(({column, as}) => [column.name, as]),
    );
    const renamed = Object.keys(renames).length === 0 ? other : `${other}.withColumnsRenamed(${py(renames)})`;
    const from = (rows?.[1] ?? Infinity) < broadcastRows ? `F.broadcast(${renamed})` : renamed;
    // Spark puts the keys first.
    const isInPlace = left === undefined || keys.every((name, i) => left.columns[i]?.name === name);
    const names = [...(left?.columns ?? []).map((column) => column.name), ...added.map(({as}) => as)];
    return assign(target, frame, [
      `join(${from}, on=${on}, how=${how})`,
      ...(isInPlace ? [] : [call('select', names.map(pyName))]),
    ]);
  },
  examples: [
    {
      name: 'every reading with its room, where there is one',
      params: {with: 'rooms', on: ['sensor_id'], how: 'left'},
      input: {
        columns: {read_at: 'INTEGER', sensor_id: 'VARCHAR', temperature: 'DOUBLE'},
        rows: [
          [1, 's-2', 19.5],
          [1, 's-9', 21],
          [1, null, 22],
          [2, 's-1', 20.5],
        ],
      },
      others: {
        rooms: {
          columns: {sensor_id: 'VARCHAR', room: 'VARCHAR'},
          rows: [
            ['s-1', 'Office'],
            ['s-2', 'Workshop'],
            [null, 'Attic'],
          ],
        },
      },
      expect: {
        columns: {read_at: 'INTEGER', sensor_id: 'VARCHAR', temperature: 'DOUBLE', room: 'VARCHAR'},
        rows: [
          [1, 's-2', 19.5, 'Workshop'],
          [1, 's-9', 21, null],
          [1, null, 22, null],
          [2, 's-1', 20.5, 'Office'],
        ],
      },
    },
    {
      name: 'a sensor that is listed twice doubles its readings',
      params: {with: 'calibrations', on: ['sensor_id'], suffix: '_at_calibration'},
      input: {
        columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE'},
        rows: [
          ['s-2', 19.5],
          ['s-1', 20.5],
          ['s-1', 20.6],
        ],
      },
      others: {
        calibrations: {
          columns: {Sensor_ID: 'VARCHAR', temperature: 'DOUBLE', year: 'INTEGER'},
          rows: [
            ['s-1', 20, 2023],
            ['s-3', 20, 2023],
            ['s-1', 21, 2024],
          ],
        },
      },
      expect: {
        columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE', temperature_at_calibration: 'DOUBLE', year: 'INTEGER'},
        rows: [
          ['s-1', 20.5, 20, 2023],
          ['s-1', 20.5, 21, 2024],
          ['s-1', 20.6, 20, 2023],
          ['s-1', 20.6, 21, 2024],
        ],
      },
    },
    {
      name: 'semi keeps the rows with a match, each once',
      params: {with: 'alarms', on: ['sensor_id', 'day'], how: 'semi'},
      input: {
        columns: {sensor_id: 'VARCHAR', day: 'INTEGER', temperature: 'DOUBLE'},
        rows: [
          ['s-2', 1, 31],
          ['s-1', 1, 20],
          ['s-2', 2, 30],
          ['s-2', null, 29],
        ],
      },
      others: {
        alarms: {
          columns: {day: 'BIGINT', sensor_id: 'VARCHAR'},
          rows: [
            [1, 's-2'],
            [1, 's-2'],
            [null, 's-2'],
          ],
        },
      },
      expect: {columns: {sensor_id: 'VARCHAR', day: 'INTEGER', temperature: 'DOUBLE'}, rows: [['s-2', 1, 31]]},
    },
    {
      name: 'anti keeps the rows without one, NULL keys among them',
      params: {with: 'rooms', on: ['sensor_id'], how: 'anti'},
      input: {
        columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE'},
        rows: [
          ['s-9', 21],
          ['s-1', 20.5],
          [null, 22],
        ],
      },
      others: {rooms: {columns: {sensor_id: 'VARCHAR'}, rows: [['s-1'], [null]]}},
      expect: {
        columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE'},
        rows: [
          ['s-9', 21],
          [null, 22],
        ],
      },
    },
    {
      name: 'the columns stay in their order, wherever the key stands; a key that isn’t a number equals its like',
      params: {with: 'limits', on: ['rel. humidity'], how: 'semi'},
      input: {
        columns: {sensor_id: 'VARCHAR', 'rel. humidity': 'DOUBLE'},
        rows: [
          ['s-1', 'NaN'],
          ['s-2', '-0.0'],
          ['s-3', null],
          ['s-4', 1],
        ],
      },
      others: {limits: {columns: {'rel. humidity': 'DOUBLE'}, rows: [[0], ['NaN'], [null]]}},
      expect: {
        columns: {sensor_id: 'VARCHAR', 'rel. humidity': 'DOUBLE'},
        rows: [
          ['s-1', 'NaN'],
          ['s-2', '-0.0'],
        ],
      },
    },
    {
      name: 'nothing to join with',
      params: {with: 'rooms', on: ['sensor_id'], how: 'left'},
      input: {columns: {sensor_id: 'VARCHAR'}, rows: [['s-1']]},
      others: {rooms: {columns: {sensor_id: 'VARCHAR', room: 'VARCHAR'}, rows: []}},
      expect: {columns: {sensor_id: 'VARCHAR', room: 'VARCHAR'}, rows: [['s-1', null]]},
    },
  ],
});
