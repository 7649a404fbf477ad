import {list} from '../lib/text.ts';
import {p, type Values} from '../params/index.ts';
import {castColumn, castFailed} from '../pyspark/cast.ts';
import {assign, col, py} from '../pyspark/py.ts';
import {castSql} from '../sql/cast.ts';
import {withColumns} from '../sql/select.ts';
import {castRows, rejectsInSpark, tries, type Casting} from './casting.ts';
import {checkColumns, checkSome, columnNamed, findColumn, inputOf} from './checks.ts';
import {defineStep, type Input, type Program, type SparkContext, type StepProblem} from './define.ts';

const params = {
  columns: p.map(
    'column',
    {
      to: p.text({
        label: 'Type',
        help: 'string, boolean, int, bigint, double, decimal(10,2), date or timestamp.',
        placeholder: 'timestamp',
      }),
      format: p.texts({
        label: 'Format',
        help: "Spark patterns such as yyyy-MM-dd'T'HH:mm:ss, tried in order.",
        default: [],
      }),
      epoch: p.choice(['none', 's', 'ms', 'us'], {
        label: 'Counts since 1970',
        help: 'Seconds, milliseconds or microseconds.',
        default: 'none',
      }),
      decimal: p.choice(['.', ','], {label: 'Decimal mark', default: '.'}),
    },
    {label: 'Columns', help: 'Column: type.', short: 'to'},
  ),
  on_failure: p.choice(['null', 'reject', 'stop'], {label: 'When a value can’t be cast', default: 'null'}),
};
type CastValues = Values<typeof params>;

const castings = (values: CastValues, input: Pick<Input, 'columns'>): Casting[] =>
  Object.entries(values.columns).map(([name, {to, format, epoch, decimal}]) => ({
    column: columnNamed(name, input.columns),
    target: {to, formats: epoch === 'none' ? format : [`epoch_${epoch}`], decimal},
  }));

function check(values: CastValues, input: Input): StepProblem[] {
  const names = Object.keys(values.columns);
  const failing = castings(values, input)
    .filter(({column}) => findColumn(column.name, input.columns) !== undefined)
    .flatMap(({column, target}) => {
      const cast = castSql(column, target);
      return cast.ok
        ? []
        : [
            {
              code: cast.error.code,
              message: cast.error.message,
              ...(cast.error.hint === undefined ? {} : {hint: cast.error.hint}),
              param: `columns.${column.name}`,
              column: column.name,
            },
          ];
    });
  return [
    ...checkSome(names, 'columns', 'No column is named.', 'Write column: type.'),
    ...checkColumns(names, input, 'columns'),
    ...failing,
  ];
}

function toSql(values: CastValues, input: Input): Program {
  const tried = tries(castings(values, input), input);
  const columns = tried.map(({column}) => column);
  const program = castRows(tried, values.on_failure, input, (value, helpers) =>
    withColumns(
      columns,
      tried.map((one) => ({name: one.column.name, value: value(one)})),
      helpers,
    ),
  );
  return program.rejects === undefined ? {...program, assigned: columns.map(({name}) => name)} : program;
}

function toPySpark(values: CastValues, {target, frames: [frame = 'df'], inputs: [input]}: SparkContext): string[] {
  const all = castings(values, {columns: input?.columns ?? []});
  const ansi = values.on_failure === 'stop';
  const notes = [
    ...(ansi
      ? [
          '# In ANSI mode (the default of Spark 4) a value that can’t be cast stops the job.',
          "spark.conf.set('spark.sql.ansi.enabled', 'true')",
        ]
      : []),
    ...(all.some((one) => one.target.formats.some((format) => format.includes('E')))
      ? [
          '# Spark 3 and later read names of days only with the parser they had before.',
          "spark.conf.set('spark.sql.legacy.timeParserPolicy', 'LEGACY')",
        ]
      : []),
  ];
  const helper = (one: Casting): string => `${one.column.name} cast`;
  const added = (name: (one: Casting) => string): string[] =>
    all.map((one) => `withColumn(${py(name(one))}, ${castColumn(one.column, one.target, ansi)})`);
  if (values.on_failure !== 'reject')
    return [
      ...notes,
      ...assign(
        target,
        frame,
        added((one) => one.column.name),
      ),
    ];
  const drop = `drop(${all.map((one) => py(helper(one))).join(', ')})`;
  return [
    ...notes,
    ...assign('tried', frame, added(helper)),
    `failed = ${all.map((one) => castFailed(one.column, helper(one))).join(' | ')}`,
    ...assign(target, 'tried', [
      'filter(~failed)',
      ...all.map((one) => `withColumn(${py(one.column.name)}, ${col(helper(one))})`),
      drop,
    ]),
    ...rejectsInSpark(`${target}_rejects`, all, input?.columns ?? [], helper),
  ];
}

export const cast = defineStep({
  kind: 'cast',
  version: 1,
  group: 'shape',
  title: 'Cast types',
  sentence: ({columns}) =>
    `Cast ${list(Object.entries(columns).map(([name, {to}]) => `${name} to ${to}`)) || 'columns'}`,
  lesson: {
    what: 'Turns values into another type: text into numbers and times, milliseconds since 1970 into timestamps, times into text. Patterns are Spark’s: `yyyy-MM-dd HH:mm:ss`, `SSS` for milliseconds, `XXX` for an offset such as +02:00, literal text in quotes; several are tried in order. Times are kept in UTC, and rows in their order.',
    why: 'A timestamp that is still text has to be parsed by every query that asks for an hour, and `"9"` is greater than `"10"`. Do it once, near the source, and every step after it is right and fast.',
    without:
      'Sums fail or, worse, text is compared letter by letter. Mind what happens to values that don’t fit: Spark’s classic cast makes them NULL and says nothing, Spark 4 stops; here you choose, and `reject` keeps them in NAME_rejects with the reason. DuckDB alone would round 12.7 to 13 as an int; Spark cuts it to 12, and so does this step. A number with an exponent as text is written in each engine’s own way: 1e-07 and inf here, 1.0E-7 and Infinity in Spark.',
  },
  input: 'one',
  effect: 'same',
  effectOf: ({on_failure}) => (on_failure === 'reject' ? 'subset' : 'same'),
  params,
  check: (values, inputs) => check(values, inputOf(inputs)),
  toSql: (values, inputs) => toSql(values, inputOf(inputs)),
  toPySpark,
  examples: [
    {
      name: 'text to timestamps by a pattern; what doesn’t fit becomes NULL',
      params: {columns: {timestamp: {to: 'timestamp', format: "yyyy-MM-dd'T'HH:mm:ss"}}},
      input: {
        columns: {timestamp: 'VARCHAR', temperature: 'DOUBLE'},
        rows: [
          ['2024-02-01T10:00:00', 21],
          [' 2024-02-29T23:59:59 ', 22],
          ['2024-02-30T10:00:00', 23],
          ['2024-2-1T10:00:00', 24],
          [null, 25],
        ],
      },
      expect: {
        columns: {timestamp: 'TIMESTAMP', temperature: 'DOUBLE'},
        rows: [
          ['2024-02-01 10:00:00', 21],
          ['2024-02-29 23:59:59', 22],
          [null, 23],
          [null, 24],
          [null, 25],
        ],
      },
    },
    {
      name: 'milliseconds since 1970, and offsets brought to UTC',
      params: {
        columns: {
          sent: {to: 'timestamp', epoch: 'ms'},
          received: {to: 'timestamp', format: ["yyyy-MM-dd'T'HH:mm:ss[.SSS]XXX", 'dd/MM/yyyy HH:mm']},
        },
      },
      input: {
        columns: {sent: 'BIGINT', received: 'VARCHAR'},
        rows: [
          [1706781600123, '2024-02-01T12:00:01+02:00'],
          [-1, '2024-02-01T10:00:01.250Z'],
          [null, '01/02/2024 10:00'],
        ],
      },
      expect: {
        columns: {sent: 'TIMESTAMP', received: 'TIMESTAMP'},
        rows: [
          ['2024-02-01 10:00:00.123', '2024-02-01 10:00:01'],
          ['1969-12-31 23:59:59.999', '2024-02-01 10:00:01.25'],
          [null, '2024-02-01 10:00:00'],
        ],
      },
    },
    {
      name: 'rows that can’t be cast are kept apart; an empty text is missing, not wrong',
      params: {columns: {temperature: {to: 'double', decimal: ','}, count: 'int'}, on_failure: 'reject'},
      input: {
        columns: {sensor_id: 'VARCHAR', temperature: 'VARCHAR', count: 'VARCHAR'},
        rows: [
          ['s-1', '21,5', '3'],
          ['s-2', 'warm', '4'],
          ['s-3', ' ', '5'],
          ['s-4', '1.234', '2.5'],
        ],
      },
      expect: {
        columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE', count: 'INTEGER'},
        rows: [
          ['s-1', 21.5, 3],
          ['s-3', null, 5],
        ],
      },
      rejects: {
        columns: {
          sensor_id: 'VARCHAR',
          temperature: 'VARCHAR',
          count: 'VARCHAR',
          column: 'VARCHAR',
          value: 'VARCHAR',
          reason: 'VARCHAR',
        },
        rows: [
          ['s-2', 'warm', '4', 'temperature', 'warm', 'temperature is no double'],
          ['s-4', '1.234', '2.5', 'temperature', '1.234', 'temperature is no double; count is no int'],
        ],
      },
    },
    {
      name: 'numbers, truth values and times to text',
      params: {
        columns: {whole: 'int', exact: 'decimal(6,1)', on: 'boolean', at: {to: 'string', format: 'dd.MM.yyyy HH:mm'}},
      },
      input: {
        columns: {whole: 'DOUBLE', exact: 'DOUBLE', on: 'VARCHAR', at: 'TIMESTAMP'},
        rows: [
          [12.7, 21.45, 'Yes', '2024-02-01 10:05:00'],
          [-12.7, 1e9, '0', null],
          ['NaN', null, 'maybe', null],
        ],
      },
      expect: {
        columns: {whole: 'INTEGER', exact: 'DECIMAL(6,1)', on: 'BOOLEAN', at: 'VARCHAR'},
        rows: [
          [12, '21.5', true, '01.02.2024 10:05'],
          [-12, null, false, null],
          [null, null, null, null],
        ],
      },
    },
    {
      name: 'stops when something can’t be cast; here all can',
      params: {columns: {temperature: 'double'}, on_failure: 'stop'},
      input: {columns: {temperature: 'VARCHAR'}, rows: [['21.5'], [''], ['1e2']]},
      expect: {columns: {temperature: 'DOUBLE'}, rows: [[21.5], [null], [100]]},
    },
  ],
});
