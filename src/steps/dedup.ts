import {list} from '../lib/text.ts';
import {p} from '../params/index.ts';
import {inOrder} from '../pyspark/groups.ts';
import {assign, call, col, py, pyNames} from '../pyspark/py.ts';
import {numberedRows, unusedName} from '../sql/rows.ts';
import {id, join, sql, type Sql} from '../sql/sql.ts';
import {checkColumns, columnNamed, columnsNamed, inputOf} from './checks.ts';
import {defineStep} from './define.ts';

export const dedup = defineStep({
  kind: 'dedup',
  version: 1,
  group: 'clean',
  title: 'Drop duplicates',
  sentence: ({keys, keep, order_by}) => {
    const which = keys.length > 0 ? `Drop duplicates on ${list(keys)}` : 'Drop duplicate rows';
    return keys.length === 0 ? which : `${which}, keep the ${keep}${order_by === '' ? '' : ` by ${order_by}`}`;
  },
  lesson: {
    what: 'Rows that agree on the keys are one reading, and one of them stays: Spark’s dropDuplicates. Without keys the whole row has to agree. NULL counts as equal to NULL here, as in GROUP BY.',
    why: 'A logger that hears no answer sends its line again, and a gateway that was offline replays its buffer. Delivery is “at least once” almost everywhere, so removing the second copy is the reader’s job.',
    without:
      'A sensor with a bad connection weighs more in every average, counts are too high, and a join on the key multiplies rows. Spark’s own dropDuplicates keeps whichever copy it meets first on the cluster; the generated job numbers the rows, so that it keeps the same one as here.',
  },
  input: 'one',
  effect: 'subset',
  params: {
    keys: p.columns({
      label: 'Keys',
      help: 'Columns that make two rows the same reading; none means the whole row.',
      default: [],
    }),
    keep: p.choice(['first', 'last'], {label: 'Keep', default: 'first'}),
    order_by: p.column({
      label: 'Order by',
      help: 'What first and last mean; the order of the rows when left out. Among equals the earlier row stays.',
      default: '',
    }),
  },
  check: ({keys, order_by}, inputs) => [
    ...checkColumns(keys, inputOf(inputs), 'keys'),
    ...checkColumns(order_by === '' ? [] : [order_by], inputOf(inputs), 'order_by'),
  ],
  toSql: ({keys, keep, order_by}, inputs) => {
    const input = inputOf(inputs);
    const {from, row, all} = numberedRows(input);
    const same = keys.length > 0 ? columnsNamed(keys, input.columns) : input.columns;
    const ends = {
      first: {rowid: sql`min(${row})`, by: sql`arg_min`},
      last: {rowid: sql`max(${row})`, by: sql`arg_max`},
    }[keep];
    // arg_min and arg_max pass over NULL, and a key whose order is NULL throughout still keeps a row.
    const kept: Sql =
      order_by === ''
        ? ends.rowid
        : sql`coalesce(${ends.by}(${row}, ${id(columnNamed(order_by, input.columns).name)}), min(${row}))`;
    return {
      kind: 'sql',
      sql: sql`SELECT ${all} FROM ${from} WHERE ${row} IN (SELECT ${kept} FROM ${from} GROUP BY ${join(same.map((column) => id(column.name)))})`,
    };
  },
  toPySpark: ({keys, keep, order_by}, {target, frames: [frame = 'df'], inputs: [input]}) => {
    const columns = input?.columns ?? [];
    const same = keys.length > 0 ? columnsNamed(keys, columns) : columns;
    if (same.length === 0) return assign(target, frame, ['dropDuplicates()']);
    const nth = unusedName('_nth', columns);
    return inOrder(target, frame, columns, (row) => {
      const byRow = `${col(row)}${order_by === '' && keep === 'last' ? '.desc()' : ''}`;
      const order =
        order_by === ''
          ? [byRow]
          : [`${col(columnNamed(order_by, columns).name)}.${keep === 'first' ? 'asc' : 'desc'}_nulls_last()`, byRow];
      return [
        call('withColumn', [
          py(nth),
          `F.row_number().over(Window.partitionBy(${pyNames(same.map(({name}) => name))}).orderBy(${order.join(', ')}))`,
        ]),
        `where(${col(nth)} == 1)`,
        `drop(${py(nth)})`,
      ];
    });
  },
  examples: [
    {
      name: 'whole rows, NULL equal to NULL',
      params: {},
      input: {
        columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE'},
        rows: [
          ['a', 20.5],
          ['b', null],
          ['a', 20.5],
          ['b', null],
          ['a', 20.6],
        ],
      },
      expect: {
        columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE'},
        rows: [
          ['a', 20.5],
          ['b', null],
          ['a', 20.6],
        ],
      },
    },
    {
      name: 'keeps the first row of each key',
      params: {keys: ['sensor_id', 'read_at']},
      input: {
        columns: {sensor_id: 'VARCHAR', read_at: 'INTEGER', temperature: 'DOUBLE'},
        rows: [
          ['b', 1, 9],
          ['a', 1, 20.54],
          ['a', 1, 20.5],
          ['a', 2, 21],
          ['b', 1, 8],
        ],
      },
      expect: {
        columns: {sensor_id: 'VARCHAR', read_at: 'INTEGER', temperature: 'DOUBLE'},
        rows: [
          ['b', 1, 9],
          ['a', 1, 20.54],
          ['a', 2, 21],
        ],
      },
    },
    {
      name: 'keeps the latest by event time, the earlier row among equals',
      params: {keys: ['sensor_id'], keep: 'last', order_by: 'read_at'},
      input: {
        columns: {sensor_id: 'VARCHAR', read_at: 'TIMESTAMP', temperature: 'DOUBLE'},
        rows: [
          ['a', '2024-02-01 02:00:00', 1],
          ['a', '2024-02-01 01:00:00', 2],
          ['a', '2024-02-01 02:00:00', 3],
          ['b', null, 4],
          ['b', null, 5],
        ],
      },
      expect: {
        columns: {sensor_id: 'VARCHAR', read_at: 'TIMESTAMP', temperature: 'DOUBLE'},
        rows: [
          ['a', '2024-02-01 02:00:00', 1],
          ['b', null, 4],
        ],
      },
    },
    {
      name: 'texts are equal letter by letter: case, blanks and accents in two letters make another one',
      params: {keys: ['sensor_id']},
      input: {
        columns: {sensor_id: 'VARCHAR', n: 'INTEGER'},
        rows: [
          ['é', 1],
          ['e\u0301', 2],
          ['É', 3],
          ['é ', 4],
          ['é', 5],
          ['', 6],
          [null, 7],
        ],
      },
      expect: {
        columns: {sensor_id: 'VARCHAR', n: 'INTEGER'},
        rows: [
          ['é', 1],
          ['e\u0301', 2],
          ['É', 3],
          ['é ', 4],
          ['', 6],
          [null, 7],
        ],
      },
    },
    {
      name: 'no rows',
      params: {keys: ['sensor_id']},
      input: {columns: {sensor_id: 'VARCHAR'}, rows: []},
      expect: {columns: {sensor_id: 'VARCHAR'}, rows: []},
    },
  ],
});
