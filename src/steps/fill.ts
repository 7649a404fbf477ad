import {list} from '../lib/text.ts';
import {p, type Values} from '../params/index.ts';
import {agg, assignColumns, inOrder, perGroup, type Made} from '../pyspark/groups.ts';
import {asDouble, finite, present as sparkPresent} from '../pyspark/missing.ts';
import {assign, col, py, pyNames} from '../pyspark/py.ts';
import {toSparkType} from '../pyspark/types.ts';
import {finiteOnly, isPresent, present, standIn} from '../sql/missing.ts';
import {numberedRows, unusedName} from '../sql/rows.ts';
import {withColumns} from '../sql/select.ts';
import {id, join, lit, sql, type Sql} from '../sql/sql.ts';
import {isNumber, isTime, isWhole, type Column} from '../sql/types.ts';
import {checkColumns, checkFamily, checkSome, columnNamed, columnsNamed, inputOf, numberOf} from './checks.ts';
import {defineStep, type Input, type SparkContext, type StepProblem} from './define.ts';

const methods = ['mean', 'median', 'mode', 'constant', 'forward', 'linear'] as const;
type Method = (typeof methods)[number];

const alongRows = (method: Method): boolean => method === 'forward' || method === 'linear';
const words: Readonly<Record<Method, string>> = {
  mean: 'the mean',
  median: 'the median',
  mode: 'the most frequent value',
  constant: '',
  forward: 'the last value before',
  linear: 'a straight line between neighbours',
};

const params = {
  columns: p.columns({label: 'Columns'}),
  method: p.choice(methods, {label: 'With', help: 'Spark’s Imputer calls it strategy.', default: 'mean'}),
  value: p.text({label: 'Value', default: '', when: {param: 'method', is: ['constant']}}),
  by: p.columns({label: 'Per', help: 'Only values of the same group count.', default: []}),
  order_by: p.column({
    label: 'Order by',
    help: 'What “before” means; the order of the rows when left out.',
    default: '',
    when: {param: 'method', is: ['forward', 'linear']},
  }),
};
type FillValues = Values<typeof params>;

export const fill = defineStep({
  kind: 'fill',
  version: 2,
  group: 'clean',
  title: 'Fill missing values',
  sentence: ({columns, method, value, by}) =>
    `Fill ${columns.length > 0 ? list(columns) : '…'} with ${method === 'constant' ? value || '…' : words[method]}${by.length > 0 ? ` per ${list(by)}` : ''}`,
  lesson: {
    what: 'Each missing value (NULL or NaN) gets a guess: the column’s mean, median or most frequent value, which is Spark’s Imputer; a constant, which is fillna; the last value before it; or a straight line between its neighbours in time. “By” makes the guess from the same sensor only. The column keeps its type, so the mean of whole numbers loses its fraction, as the Imputer’s does.',
    why: 'K-means and regressions take no row with a hole in it, and a time series with gaps is hard to compare. For a short gap a neighbour or a line is close to the truth; for scattered gaps the mean changes least.',
    without:
      'Rows with a hole are silently passed over, so two columns are summarised over different rows. But a filled value is a guess that no longer looks like one, and it makes readings look steadier than they were. Put this after the step that drops duplicates and outliers: the mean is taken from what this step receives.',
  },
  input: 'one',
  effect: 'same',
  params,
  check: (values, inputs) => {
    const input = inputOf(inputs);
    const {columns, method, by, order_by} = values;
    const numeric = method === 'mean' || method === 'median' || method === 'linear';
    return [
      ...checkSome(columns, 'columns', 'No column is named to fill.', 'Name the columns whose gaps should be filled.'),
      ...(numeric
        ? checkFamily(columns, input, 'columns', 'number', `The ${method} method`)
        : checkColumns(columns, input, 'columns')),
      ...checkColumns(by, input, 'by'),
      ...checkOrder(order_by, method, input),
      ...checkConstant(values, input),
    ];
  },
  toSql: ({columns, method, value, by, order_by}, inputs) => {
    const input = inputOf(inputs);
    const filled = columnsNamed(columns, input.columns);
    const groups = columnsNamed(by, input.columns);
    if (method === 'constant') {
      const assignments = filled.map((column) => ({
        name: column.name,
        value: sql`coalesce(${present(column)}, ${standIn(column, lit(isWhole(column.type) ? numberOf(value) : value))})`,
      }));
      return {
        kind: 'sql',
        sql: sql`SELECT ${withColumns(input.columns, assignments)} FROM ${input.relation}`,
        assigned: filled.map(({name}) => name),
      };
    }
    return {
      kind: 'sql',
      sql: alongRows(method)
        ? fromNeighbours(input, filled, groups, method, order_by)
        : fromGuesses(input, filled, groups, method),
      assigned: filled.map(({name}) => name),
    };
  },
  toPySpark,
  examples: [
    {
      name: 'with the mean, NaN is missing too',
      params: {columns: ['temperature']},
      input: {
        columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE'},
        rows: [
          ['a', 20],
          ['a', null],
          ['b', 30],
          ['b', 'NaN'],
        ],
      },
      expect: {
        columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE'},
        rows: [
          ['a', 20],
          ['a', 25],
          ['b', 30],
          ['b', 25],
        ],
      },
    },
    {
      name: 'per sensor, a group without a value stays empty',
      params: {columns: ['temperature'], by: ['sensor_id']},
      input: {
        columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE'},
        rows: [
          ['b', null],
          ['a', 20],
          [null, 7],
          ['a', null],
          [null, null],
          ['a', 22],
        ],
      },
      expect: {
        columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE'},
        rows: [
          ['b', null],
          ['a', 20],
          [null, 7],
          ['a', 21],
          [null, 7],
          ['a', 22],
        ],
      },
    },
    {
      name: 'the most frequent value, the smallest among equals; whole numbers stay whole',
      params: {columns: ['status', 'level'], method: 'mode'},
      input: {
        columns: {status: 'VARCHAR', level: 'INTEGER'},
        rows: [
          ['ok', 2],
          ['hot', 1],
          [null, null],
          ['hot', 2],
          ['ok', 1],
        ],
      },
      expect: {
        columns: {status: 'VARCHAR', level: 'INTEGER'},
        rows: [
          ['ok', 2],
          ['hot', 1],
          ['hot', 1],
          ['hot', 2],
          ['ok', 1],
        ],
      },
    },
    {
      name: 'the last value before, by time',
      params: {columns: ['status'], method: 'forward', order_by: 'read_at', by: ['sensor_id']},
      input: {
        columns: {sensor_id: 'VARCHAR', read_at: 'INTEGER', status: 'VARCHAR'},
        rows: [
          ['a', 3, null],
          ['a', 1, null],
          ['a', 2, 'on'],
          ['b', 4, null],
        ],
      },
      expect: {
        columns: {sensor_id: 'VARCHAR', read_at: 'INTEGER', status: 'VARCHAR'},
        rows: [
          ['a', 3, 'on'],
          ['a', 1, null],
          ['a', 2, 'on'],
          ['b', 4, null],
        ],
      },
    },
    {
      name: 'a straight line in time, nothing beyond the ends',
      params: {columns: ['temperature'], method: 'linear', order_by: 'read_at'},
      input: {
        columns: {read_at: 'TIMESTAMP', temperature: 'DOUBLE'},
        rows: [
          ['2024-02-01 00:00:00', null],
          ['2024-02-01 01:00:00', 10],
          ['2024-02-01 02:00:00', null],
          ['2024-02-01 05:00:00', 18],
          ['2024-02-01 06:00:00', null],
        ],
      },
      expect: {
        columns: {read_at: 'TIMESTAMP', temperature: 'DOUBLE'},
        rows: [
          ['2024-02-01 00:00:00', null],
          ['2024-02-01 01:00:00', 10],
          ['2024-02-01 02:00:00', 12],
          ['2024-02-01 05:00:00', 18],
          ['2024-02-01 06:00:00', null],
        ],
      },
    },
    {
      name: 'whole numbers lose the fraction, as with Spark’s Imputer; decimals keep their digits',
      params: {columns: ['level', 'price'], by: ['active']},
      input: {
        columns: {active: 'BOOLEAN', level: 'INTEGER', price: 'DECIMAL(10,2)'},
        rows: [
          [true, 1, '1.00'],
          [true, 2, '1.10'],
          [true, null, null],
          [false, -1, null],
          [false, -2, '7.25'],
          [false, null, null],
        ],
      },
      expect: {
        columns: {active: 'BOOLEAN', level: 'INTEGER', price: 'DECIMAL(10,2)'},
        rows: [
          [true, 1, '1.00'],
          [true, 2, '1.10'],
          [true, 1, '1.05'],
          [false, -1, '7.25'],
          [false, -2, '7.25'],
          [false, -1, '7.25'],
        ],
      },
    },
    {
      name: 'a constant',
      params: {columns: ['humidity'], method: 'constant', value: 0},
      input: {columns: {humidity: 'DOUBLE'}, rows: [[null], [44.5]]},
      expect: {columns: {humidity: 'DOUBLE'}, rows: [[0], [44.5]]},
    },
  ],
});

function checkOrder(orderBy: string, method: Method, input: Input): StepProblem[] {
  if (orderBy === '' || !alongRows(method)) return [];
  const found = checkColumns([orderBy], input, 'order_by');
  if (found.length > 0 || method === 'forward') return found;
  const {name, type} = columnNamed(orderBy, input.columns);
  if (isNumber(type) || isTime(type)) return [];
  return [
    {
      code: 'COLUMN_TYPE',
      message: `A straight line needs times or numbers to run along, and ${name} is ${type}.`,
      hint: 'Cast it to a timestamp first.',
      param: 'order_by',
      column: name,
    },
  ];
}

function checkConstant(
  {columns, method, value}: {columns: readonly string[]; method: Method; value: string},
  input: Input,
): StepProblem[] {
  if (method !== 'constant') return [];
  if (value === '')
    return [
      {code: 'PARAM', message: 'There is no value to fill with.', hint: 'Give value, such as 0.', param: 'value'},
    ];
  return columnsNamed(columns, input.columns)
    .filter((column) => isNumber(column.type) && (value.trim() === '' || Number.isNaN(Number(value))))
    .map((column) => ({
      code: 'PARAM',
      message: `${column.name} holds numbers, and “${value}” is none.`,
      hint: 'Give a number.',
      param: 'value',
      column: column.name,
    }));
}

/** A mean or median in the column's own type; whole numbers lose the fraction, as with Spark's Imputer. */
function guess(column: Column, method: Method): Sql {
  const value =
    method === 'mean'
      ? sql`avg(${present(column)})${finiteOnly(column)}`
      : sql`median(${present(column)})${finiteOnly(column)}`;
  return standIn(column, value);
}

function fromGuesses(input: Input, filled: readonly Column[], groups: readonly Column[], method: Method): Sql {
  const keys = groups.map((column) => id(column.name));
  const guesses = filled.map((_, i) => id(unusedName(`guess_${i + 1}`, input.columns)));
  const assignments = filled.map((column, i) => ({
    name: column.name,
    value: sql`coalesce(${present(column, sql`r.${id(column.name)}`)}, ${guesses[i] ?? sql`NULL`})`,
  }));
  const {from, row, added} = numberedRows(input);
  const selected = withColumns(input.columns, assignments, added, sql`r.*`);
  // A join may emit rows out of turn; sorting what is sorted already costs next to nothing.
  const order = keys.length === 0 ? sql`` : sql` ORDER BY r.${row}`;
  const grouped = keys.length === 0 ? sql`` : sql` GROUP BY ${join(keys)}`;
  const match = (table: Sql): Sql =>
    keys.length === 0
      ? sql`CROSS JOIN ${table}`
      : sql`LEFT JOIN ${table} ON ${join(
          keys.map((key) => sql`r.${key} IS NOT DISTINCT FROM ${table}.${key}`),
          ' AND ',
        )}`;
  if (method !== 'mode') {
    const values = filled.map((column, i) => sql`${guess(column, method)} AS ${guesses[i] ?? sql`guess`}`);
    const table = id(unusedName('guesses', [input]));
    return sql`WITH ${table} AS (SELECT ${join([...keys, ...values])} FROM ${input.relation}${grouped}) SELECT ${selected} FROM ${from} r ${match(table)}${order}`;
  }
  const modes = (i: number): Sql => id(unusedName(`modes_${i + 1}`, [input]));
  const tables = filled.map((column, i) => {
    const counted = sql`SELECT ${join([...keys, sql`${id(column.name)} AS mode_value`, sql`count(*) AS mode_count`])} FROM ${input.relation} WHERE ${isPresent(column)} GROUP BY ALL`;
    return sql`${modes(i)} AS (SELECT ${join([...keys, sql`first(mode_value ORDER BY mode_count DESC, mode_value) AS ${guesses[i] ?? sql`guess`}`])} FROM (${counted})${grouped})`;
  });
  return sql`WITH ${join(tables)} SELECT ${selected} FROM ${from} r ${join(
    filled.map((_, i) => match(modes(i))),
    ' ',
  )}${order}`;
}

function fromNeighbours(
  input: Input,
  filled: readonly Column[],
  groups: readonly Column[],
  method: Method,
  orderBy: string,
): Sql {
  const {from, row, all} = numberedRows(input);
  const partition = groups.length === 0 ? sql`` : sql`PARTITION BY ${join(groups.map((column) => id(column.name)))} `;
  const ordering = orderBy === '' ? row : sql`${id(columnNamed(orderBy, input.columns).name)}, ${row}`;
  const before = sql`(${partition}ORDER BY ${ordering} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)`;
  const after = sql`(${partition}ORDER BY ${ordering} ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)`;
  const last = (value: Sql): Sql => sql`last_value(${value} IGNORE NULLS) OVER ${before}`;
  const next = (value: Sql): Sql => sql`first_value(${value} IGNORE NULLS) OVER ${after}`;
  const order = orderBy === '' ? undefined : columnNamed(orderBy, input.columns);
  const place =
    order === undefined
      ? sql`${row}::DOUBLE`
      : isTime(order.type)
        ? sql`epoch_us(${id(order.name)}::TIMESTAMP)`
        : sql`${id(order.name)}::DOUBLE`;
  const assignments = filled.map((column) => {
    const value = present(column);
    if (method === 'forward') return {name: column.name, value: last(value)};
    const at = sql`CASE WHEN ${isPresent(column)} THEN ${place} END`;
    const line = sql`${last(value)} + (${next(value)} - ${last(value)}) * ((${place} - ${last(at)})::DOUBLE / nullif(${next(at)} - ${last(at)}, 0))`;
    return {name: column.name, value: sql`coalesce(${value}, ${standIn(column, line)})`};
  });
  return sql`SELECT ${withColumns(input.columns, assignments, [], all)} FROM ${from} ORDER BY ${row}`;
}

/** What the same guess is in Spark, in the column's own type. */
const sparkGuess: Readonly<Record<'mean' | 'median' | 'mode', (column: Column) => string>> = {
  mean: (column) => `F.avg(${asDouble(finite(column), column)})`,
  median: (column) => `F.median(${finite(column)})`,
  // True: the smallest among equals.
  mode: (column) => `F.mode(${sparkPresent(column)}, True)`,
};

function toPySpark(
  {columns, method, value, by, order_by}: FillValues,
  {target, frames: [frame = 'df'], inputs: [input]}: SparkContext,
): string[] {
  const known = input?.columns ?? [];
  const filled = columnsNamed(columns, known);
  const groupedBy = columnsNamed(by, known);
  const filledWith = (guessed: (column: Column, i: number) => string): Made =>
    filled.map((column, i) => [column.name, `F.coalesce(${sparkPresent(column)}, ${guessed(column, i)})`]);
  if (method === 'constant')
    return assign(target, frame, [
      assignColumns(
        filledWith((column) => `F.lit(${sparkConstant(value, column)}).cast(${py(toSparkType(column.type))})`),
      ),
    ]);
  if (method === 'forward' || method === 'linear')
    return sparkNeighbours(
      method,
      filled,
      groupedBy,
      order_by === '' ? undefined : columnNamed(order_by, known),
      known,
      target,
      frame,
    );
  const {group, beside, added} = perGroup(groupedBy, known);
  const guesses = filled.map((_, i) => unusedName(`_guess_${i + 1}`, known));
  const made = filled.map((column, i): [string, string] => [
    guesses[i] ?? '',
    `${sparkGuess[method](column)}${method === 'mode' ? '' : `.cast(${py(toSparkType(column.type))})`}`,
  ]);
  return [
    ...assign('_guesses', frame, [...group, agg(made)]),
    ...assign(target, frame, [
      beside('_guesses'),
      assignColumns(filledWith((_, i) => col(guesses[i] ?? ''))),
      `drop(${pyNames([...added, ...guesses])})`,
    ]),
  ];
}

const sparkConstant = (value: string, column: Column): string =>
  py(isNumber(column.type) && !column.type.startsWith('DECIMAL') ? numberOf(value) : value);

function sparkNeighbours(
  method: 'forward' | 'linear',
  filled: readonly Column[],
  by: readonly Column[],
  orderBy: Column | undefined,
  columns: readonly Column[],
  target: string,
  frame: string,
): string[] {
  const partition = `Window.partitionBy(${by.length > 0 ? pyNames(by.map(({name}) => name)) : 'F.lit(0)'})`;
  const isTimeOrder = orderBy !== undefined && isTime(orderBy.type);
  const before = (what: string): string => `F.last(${what}, ignorenulls=True).over(_before)`;
  const after = (what: string): string => `F.first(${what}, ignorenulls=True).over(_after)`;
  const row = unusedName('_row', columns);
  const order = orderBy === undefined ? col(row) : `${col(orderBy.name)}.asc_nulls_last(), ${col(row)}`;
  const place =
    orderBy === undefined
      ? `${col(row)}.cast('double')`
      : isTimeOrder
        ? `F.unix_micros(${col(orderBy.name)}.cast('timestamp'))`
        : `${col(orderBy.name)}.cast('double')`;
  // The line between two neighbours has many parts: they get names.
  const parts = filled.flatMap((column, i) => {
    const n = i + 1;
    return [
      `_value_${n} = ${sparkPresent(column)}`,
      `_at_${n} = F.when(_value_${n}.isNotNull(), ${place})`,
      `_last_${n}, _last_at_${n} = ${before(`_value_${n}`)}, ${before(`_at_${n}`)}`,
      `_next_${n}, _next_at_${n} = ${after(`_value_${n}`)}, ${after(`_at_${n}`)}`,
      `_share_${n} = (${place} - _last_at_${n}) / F.nullif(_next_at_${n} - _last_at_${n}, F.lit(0))`,
    ];
  });
  const line = (column: Column, n: number): string =>
    `F.coalesce(_value_${n}, (_last_${n} + (_next_${n} - _last_${n}) * _share_${n}).cast(${py(toSparkType(column.type))}))`;
  const made = filled.map((column, i): [string, string] => [
    column.name,
    method === 'forward' ? before(sparkPresent(column)) : line(column, i + 1),
  ]);
  return [
    `_before = ${partition}.orderBy(${order}).rowsBetween(Window.unboundedPreceding, Window.currentRow)`,
    ...(method === 'linear'
      ? [`_after = ${partition}.orderBy(${order}).rowsBetween(Window.currentRow, Window.unboundedFollowing)`, ...parts]
      : []),
    ...inOrder(target, frame, columns, () => [assignColumns(made)]),
  ];
}
