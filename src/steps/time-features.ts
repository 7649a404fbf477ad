import {list} from '../lib/text.ts';
import {p} from '../params/index.ts';
import {assignColumns} from '../pyspark/groups.ts';
import {assign, pyName} from '../pyspark/py.ts';
import {withColumns} from '../sql/select.ts';
import {id, sql, type Sql} from '../sql/sql.ts';
import {checkFamily, checkNames, checkSome, columnNamed, inputOf} from './checks.ts';
import {defineStep} from './define.ts';

/** A feature of a time as SQL over a TIMESTAMP and as PySpark over a column's name. */
interface Feature {
  readonly sql: (time: Sql) => Sql;
  readonly spark: (name: string) => string;
}

const part = (sqlName: Sql, sparkName: string): Feature => ({
  sql: (time) => sql`${sqlName}(${time})::INTEGER`,
  spark: (name) => `F.${sparkName}(${name})`,
});
const hourAngle = (time: Sql): Sql => sql`2 * pi() * hour(${time}) / 24`;
const hourAngleSpark = (name: string): string => `2 * F.pi() * F.hour(${name}) / 24`;

const features = {
  hour_of_day: part(sql`hour`, 'hour'),
  // DuckDB counts from 0 = Sunday.
  day_of_week: {sql: (time) => sql`dayofweek(${time})::INTEGER + 1`, spark: (name) => `F.dayofweek(${name})`},
  is_weekend: {sql: (time) => sql`dayofweek(${time}) IN (0, 6)`, spark: (name) => `F.dayofweek(${name}).isin(1, 7)`},
  day_of_month: part(sql`day`, 'dayofmonth'),
  day_of_year: part(sql`dayofyear`, 'dayofyear'),
  week_of_year: part(sql`weekofyear`, 'weekofyear'),
  month: part(sql`month`, 'month'),
  quarter: part(sql`quarter`, 'quarter'),
  year: part(sql`year`, 'year'),
  minute_of_hour: part(sql`minute`, 'minute'),
  hour_sin: {sql: (time) => sql`sin(${hourAngle(time)})`, spark: (name) => `F.sin(${hourAngleSpark(name)})`},
  hour_cos: {sql: (time) => sql`cos(${hourAngle(time)})`, spark: (name) => `F.cos(${hourAngleSpark(name)})`},
} satisfies Record<string, Feature>;

const names = [
  'hour_of_day',
  'day_of_week',
  'is_weekend',
  'day_of_month',
  'day_of_year',
  'week_of_year',
  'month',
  'quarter',
  'year',
  'minute_of_hour',
  'hour_sin',
  'hour_cos',
] as const;

export const timeFeatures = defineStep({
  kind: 'time_features',
  version: 1,
  group: 'features',
  title: 'Time features',
  sentence: ({time, features: wanted}) => `Add ${list(wanted) || '…'} of ${time || '…'}`,
  lesson: {
    what: 'Takes a timestamp apart into numbers that a model or a GROUP BY can use. Names and numbers are those of Spark’s functions: hour, dayofweek (1 is Sunday, 7 is Saturday), dayofmonth, dayofyear, weekofyear (ISO 8601: weeks start on Monday, and the first has the year’s first Thursday), month, quarter, year, minute. is_weekend is Saturday or Sunday. hour_sin and hour_cos put the hour on a circle. Rows stay in their order.',
    why: 'Machines follow people: load rises at seven in the morning and falls at the weekend. A model that knows the hour and the day does not mistake Monday morning for a fault. On the circle 23:00 is as close to 00:00 as 01:00 is, while as plain numbers 23 and 0 are farthest apart.',
    without:
      'A daily cycle looks like drift, and thresholds get set so wide that real faults fit in. Times are read as UTC, as in the whole notebook: if the plant’s day is meant, add its offset in a derive step before, or an evening shift lands on the next day. Mind that other tools count weekdays otherwise: DuckDB’s dayofweek has Sunday as 0, pandas has Monday as 0.',
  },
  input: 'one',
  effect: 'same',
  params: {
    time: p.column({label: 'Time column', types: 'time'}),
    features: p.choices(names, {label: 'Features', default: ['hour_of_day', 'day_of_week', 'is_weekend']}),
  },
  check: ({time, features: wanted}, inputs) => {
    const input = inputOf(inputs);
    return [
      ...checkFamily([time], input, 'time', 'time', 'This step'),
      ...checkSome(wanted, 'features', 'No feature is named.', 'Name one or more, such as hour_of_day.'),
      ...checkNames([...input.columns.map(({name}) => name), ...wanted], 'features'),
    ];
  },
  toSql: ({time, features: wanted}, inputs) => {
    const input = inputOf(inputs);
    const {name, type} = columnNamed(time, input.columns);
    const at = type === 'TIMESTAMP' ? id(name) : sql`${id(name)}::TIMESTAMP`;
    return {
      kind: 'sql',
      sql: sql`SELECT ${withColumns(
        input.columns,
        wanted.map((feature) => ({name: feature, value: features[feature].sql(at)})),
      )} FROM ${input.relation}`,
      assigned: wanted,
    };
  },
  toPySpark: ({time, features: wanted}, {target, frames: [frame = 'df'], inputs: [input]}) => {
    const {name} = columnNamed(time, input?.columns ?? []);
    return assign(target, frame, [
      assignColumns(wanted.map((feature): [string, string] => [feature, features[feature].spark(pyName(name))])),
    ]);
  },
  examples: [
    {
      name: 'hour, weekday and weekend: Saturday is 7, Sunday is 1',
      params: {time: 'timestamp'},
      input: {
        columns: {timestamp: 'TIMESTAMP', vibration_mms: 'DOUBLE'},
        rows: [
          ['2024-02-02 23:59:59.999999', 2.5],
          ['2024-02-03 00:00:00', 2.6],
          ['2024-02-04 07:30:00', null],
          ['2024-02-05 12:00:00', 3.1],
          [null, 3.2],
        ],
      },
      expect: {
        columns: {
          timestamp: 'TIMESTAMP',
          vibration_mms: 'DOUBLE',
          hour_of_day: 'INTEGER',
          day_of_week: 'INTEGER',
          is_weekend: 'BOOLEAN',
        },
        rows: [
          ['2024-02-02 23:59:59.999999', 2.5, 23, 6, false],
          ['2024-02-03 00:00:00', 2.6, 0, 7, true],
          ['2024-02-04 07:30:00', null, 7, 1, true],
          ['2024-02-05 12:00:00', 3.1, 12, 2, false],
          [null, 3.2, null, null, null],
        ],
      },
    },
    {
      name: 'every feature, at the turn of a year, before 1970 and on a leap day',
      params: {time: 'timestamp', features: [...names]},
      input: {
        columns: {timestamp: 'TIMESTAMP'},
        rows: [['2024-12-30 06:15:00'], ['1969-12-31 18:59:59'], ['2024-02-29 12:00:00'], ['2021-01-03 00:00:00']],
      },
      expect: {
        columns: {
          timestamp: 'TIMESTAMP',
          ...Object.fromEntries(
            names.map((name) => [
              name,
              name === 'is_weekend' ? 'BOOLEAN' : name === 'hour_sin' || name === 'hour_cos' ? 'DOUBLE' : 'INTEGER',
            ]),
          ),
        },
        rows: [
          ['2024-12-30 06:15:00', 6, 2, false, 30, 365, 1, 12, 4, 2024, 15, 1, 6.123233995736766e-17],
          ['1969-12-31 18:59:59', 18, 4, false, 31, 365, 1, 12, 4, 1969, 59, -1, -1.8369701987210297e-16],
          ['2024-02-29 12:00:00', 12, 5, false, 29, 60, 9, 2, 1, 2024, 0, 1.2246467991473532e-16, -1],
          ['2021-01-03 00:00:00', 0, 1, true, 3, 3, 53, 1, 1, 2021, 0, 0, 1],
        ],
      },
    },
    {
      name: 'a date is its midnight; the column’s name is odd',
      params: {time: 'Read. at', features: ['hour_of_day', 'month', 'week_of_year']},
      input: {columns: {'read. at': 'DATE'}, rows: [['2024-01-01'], [null]]},
      expect: {
        columns: {'read. at': 'DATE', hour_of_day: 'INTEGER', month: 'INTEGER', week_of_year: 'INTEGER'},
        rows: [
          ['2024-01-01', 0, 1, 1],
          [null, null, null, null],
        ],
      },
    },
    {
      name: 'an empty table',
      params: {time: 'timestamp', features: ['quarter']},
      input: {columns: {timestamp: 'TIMESTAMP'}, rows: []},
      expect: {columns: {timestamp: 'TIMESTAMP', quarter: 'INTEGER'}, rows: []},
    },
  ],
});
