import {list} from '../lib/text.ts';
import {p} from '../params/index.ts';
import {assignColumns, inOrder} from '../pyspark/groups.ts';
import {present as sparkPresent} from '../pyspark/missing.ts';
import {col, pyNames} from '../pyspark/py.ts';
import {present} from '../sql/missing.ts';
import {numberedRows, unusedName} from '../sql/rows.ts';
import {double, id, join, sql} from '../sql/sql.ts';
import {checkColumns, checkFamily, checkNames, checkSome, columnNamed, columnsNamed, inputOf} from './checks.ts';
import {defineStep} from './define.ts';

const microsecondsAnHour = 3.6e9;
const rateOf = (name: string): string => `${name}_rate_per_hour`;

export const rateOfChange = defineStep({
  kind: 'rate_of_change',
  version: 1,
  group: 'features',
  title: 'Rate of change',
  sentence: ({columns, by, time}) =>
    `Rate of change per hour of ${list(columns) || '…'} by ${time || '…'}${by.length > 0 ? ` per ${list(by)}` : ''}`,
  lesson: {
    what: 'How fast a value rises or falls: its difference from the reading before, divided by the hours between the two. The reading before is SQL’s and Spark’s lag() over each sensor’s readings in the order of time. The new column is COLUMN_rate_per_hour. Rows stay in their order.',
    why: 'A discharge temperature of 210 °F is fine after a warm start and alarming when it was 190 an hour ago. Bearings announce themselves by the slope long before the value passes a limit. Dividing by the time makes readings comparable whether they come every minute or every hour.',
    without:
      'A plain difference grows with every gap: ten degrees over a lost day look like ten degrees in ten minutes. There is no rate for a sensor’s first reading, for one at the very time of the one before (nothing can be divided by no time), for a row without a time, and where this value or the one before is missing: lag() looks at the reading before, not at the last one that has a value; fill first if you want that. After a clock that jumped ahead, the rates of the readings behind it are too small: look for future times before.',
  },
  input: 'one',
  effect: 'same',
  params: {
    columns: p.columns({label: 'Columns', types: 'number'}),
    time: p.column({label: 'Time column', types: 'time'}),
    by: p.columns({label: 'Per', help: 'Each sensor has a line of readings of its own.', default: []}),
  },
  check: ({columns, time, by}, inputs) => {
    const input = inputOf(inputs);
    return [
      ...checkSome(columns, 'columns', 'No column is named.', 'Name columns of numbers.'),
      ...checkFamily(columns, input, 'columns', 'number', 'A rate of change'),
      ...checkFamily([time], input, 'time', 'time', 'This step'),
      ...checkColumns(by, input, 'by'),
      ...checkNames(
        [
          ...input.columns.map(({name}) => name),
          ...columns.map((name) => rateOf(columnNamed(name, input.columns).name)),
        ],
        'columns',
      ),
    ];
  },
  toSql: ({columns, time, by}, inputs) => {
    const input = inputOf(inputs);
    const {from, row} = numberedRows(input);
    const keys = columnsNamed(by, input.columns).map((column) => id(column.name));
    const partition = keys.length === 0 ? sql`` : sql`PARTITION BY ${join(keys)} `;
    const at = columnNamed(time, input.columns);
    const over = sql`OVER (${partition}ORDER BY ${id(at.name)}, ${row})`;
    const micros = sql`epoch_us(${at.type === 'TIMESTAMP' ? id(at.name) : sql`${id(at.name)}::TIMESTAMP`})`;
    const hours = sql`((${micros} - lag(${micros}) ${over}) / ${double(microsecondsAnHour)})`;
    const rates = columnsNamed(columns, input.columns).map((column) => {
      const value = sql`${present(column)}::DOUBLE`;
      return sql`(${value} - lag(${value}) ${over}) / nullif(${hours}, 0) AS ${id(rateOf(column.name))}`;
    });
    // Only the new columns are put back in order, and then beside the rows: to sort whole rows takes twice as long.
    return {
      kind: 'sql',
      sql: sql`SELECT * FROM ${input.relation} POSITIONAL JOIN (SELECT ${join(rates)} FROM ${from} ORDER BY ${row})`,
      assigned: columnsNamed(columns, input.columns).map(({name}) => rateOf(name)),
    };
  },
  toPySpark: ({columns, time, by}, {target, frames: [frame = 'df'], inputs: [input]}) => {
    const known = input?.columns ?? [];
    const keys = columnsNamed(by, known).map(({name}) => name);
    const at = columnNamed(time, known).name;
    const values = columnsNamed(columns, known);
    const row = unusedName('_row', known);
    const micros = `F.unix_micros(${col(at)}.cast('timestamp'))`;
    const rates = values.map((column): [string, string] => {
      const value = `${sparkPresent(column)}.cast('double')`;
      return [rateOf(column.name), `(${value} - F.lag(${value}).over(_before)) / _hours`];
    });
    return [
      `_before = Window.partitionBy(${keys.length > 0 ? pyNames(keys) : 'F.lit(0)'}).orderBy(${col(at)}.asc_nulls_last(), ${col(row)})`,
      `_hours = F.nullif((${micros} - F.lag(${micros}).over(_before)) / ${microsecondsAnHour}, F.lit(0.0))`,
      ...inOrder(target, frame, known, () => [assignColumns(rates)]),
    ];
  },
  examples: [
    {
      name: 'per compressor in the order of time, whatever the order of the rows',
      params: {columns: ['discharge_temp_f'], time: 'timestamp', by: ['compressor_id']},
      input: {
        columns: {compressor_id: 'VARCHAR', timestamp: 'TIMESTAMP', discharge_temp_f: 'DOUBLE'},
        rows: [
          ['COMP-001', '2024-02-01 00:10:00', 201],
          ['COMP-002', '2024-02-01 00:00:00', 190],
          ['COMP-001', '2024-02-01 00:00:00', 200],
          ['COMP-001', '2024-02-01 03:10:00', 198],
          ['COMP-002', '2024-02-01 00:30:00', 190],
        ],
      },
      expect: {
        columns: {
          compressor_id: 'VARCHAR',
          timestamp: 'TIMESTAMP',
          discharge_temp_f: 'DOUBLE',
          discharge_temp_f_rate_per_hour: 'DOUBLE',
        },
        rows: [
          ['COMP-001', '2024-02-01 00:10:00', 201, 6],
          ['COMP-002', '2024-02-01 00:00:00', 190, null],
          ['COMP-001', '2024-02-01 00:00:00', 200, null],
          ['COMP-001', '2024-02-01 03:10:00', 198, -1],
          ['COMP-002', '2024-02-01 00:30:00', 190, 0],
        ],
      },
    },
    {
      name: 'no rate beside a missing value, at the same time, or without a time',
      params: {columns: ['level'], time: 'read_at'},
      input: {
        columns: {read_at: 'TIMESTAMP', level: 'DOUBLE'},
        rows: [
          ['2024-02-01 00:00:00', 1],
          ['2024-02-01 01:00:00', null],
          ['2024-02-01 02:00:00', 3],
          ['2024-02-01 03:00:00', 'NaN'],
          ['2024-02-01 04:00:00', 4],
          ['2024-02-01 04:00:00', 6],
          ['2024-02-01 05:00:00', 9],
          [null, 10],
          [null, 11],
        ],
      },
      expect: {
        columns: {read_at: 'TIMESTAMP', level: 'DOUBLE', level_rate_per_hour: 'DOUBLE'},
        rows: [
          ['2024-02-01 00:00:00', 1, null],
          ['2024-02-01 01:00:00', null, null],
          ['2024-02-01 02:00:00', 3, null],
          ['2024-02-01 03:00:00', 'NaN', null],
          ['2024-02-01 04:00:00', 4, null],
          ['2024-02-01 04:00:00', 6, null],
          ['2024-02-01 05:00:00', 9, 3],
          [null, 10, null],
          [null, 11, null],
        ],
      },
    },
    {
      name: 'a clock that jumps back, dates, whole numbers and prices; missing keys are one group',
      params: {columns: ['counter', 'price'], time: 'day', by: ['site', 'line']},
      input: {
        columns: {site: 'VARCHAR', line: 'INTEGER', day: 'DATE', counter: 'BIGINT', price: 'DECIMAL(10,2)'},
        rows: [
          [null, 1, '2024-02-03', 72, '0.24'],
          [null, 1, '2024-02-02', 24, '0.48'],
          ['a', null, '2024-02-02', 1, '1.00'],
          ['a', null, '2024-03-03', 721, '1.00'],
        ],
      },
      expect: {
        columns: {
          site: 'VARCHAR',
          line: 'INTEGER',
          day: 'DATE',
          counter: 'BIGINT',
          price: 'DECIMAL(10,2)',
          counter_rate_per_hour: 'DOUBLE',
          price_rate_per_hour: 'DOUBLE',
        },
        rows: [
          [null, 1, '2024-02-03', 72, '0.24', 2, -0.01],
          [null, 1, '2024-02-02', 24, '0.48', null, null],
          ['a', null, '2024-02-02', 1, '1.00', null, null],
          ['a', null, '2024-03-03', 721, '1.00', 1, 0],
        ],
      },
    },
    {
      name: 'an empty table',
      params: {columns: ['level'], time: 'read_at'},
      input: {columns: {read_at: 'TIMESTAMP', level: 'DOUBLE'}, rows: []},
      expect: {columns: {read_at: 'TIMESTAMP', level: 'DOUBLE', level_rate_per_hour: 'DOUBLE'}, rows: []},
    },
  ],
});
