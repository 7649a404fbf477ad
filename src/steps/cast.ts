import {unwrap} from '../lib/problem.ts';
import {list} from '../lib/text.ts';
import {p, type Values} from '../params/index.ts';
import {castColumn, castFailed} from '../pyspark/cast.ts';
import {assign, col, py} from '../pyspark/py.ts';
import {castSql, type CastSql, type CastTarget} from '../sql/cast.ts';
import {numberedRows, unusedName} from '../sql/rows.ts';
import {withColumns} from '../sql/select.ts';
import {id, join, lit, sql, type Sql} from '../sql/sql.ts';
import {firstValues, stopIf} from '../sql/stop.ts';
import type {Column} from '../sql/types.ts';
import {checkColumns, checkSome, columnNamed, findColumn, inputOf} from './checks.ts';
import {defineStep, type Input, type Program, type SparkContext, type StepProblem} from './define.ts';

const params = {
  columns: p.map(
    'column',
    {
      to: p.text({label: 'Type', help: 'string, boolean, int, bigint, double, decimal(10,2), date or timestamp.', placeholder: 'timestamp'}),
      format: p.texts({label: 'Format', help: "Spark patterns such as yyyy-MM-dd'T'HH:mm:ss, tried in order.", default: []}),
      epoch: p.choice(['none', 's', 'ms', 'us'], {label: 'Counts since 1970', help: 'Seconds, milliseconds or microseconds.', default: 'none'}),
      decimal: p.choice(['.', ','], {label: 'Decimal mark', default: '.'}),
    },
    {label: 'Columns', help: 'Column: type.', short: 'to'},
  ),
  on_failure: p.choice(['null', 'reject', 'stop'], {label: 'When a value can’t be cast', default: 'null'}),
};
type CastValues = Values<typeof params>;

interface Casting {
  readonly column: Column;
  readonly target: CastTarget;
}

const castings = (values: CastValues, input: Pick<Input, 'columns'>): Casting[] =>
  Object.entries(values.columns).map(([name, {to, format, epoch, decimal}]) => ({
    column: columnNamed(name, input.columns),
    target: {to, formats: epoch === 'none' ? format : [`epoch_${epoch}`], decimal},
  }));

const described = ({to, formats}: CastTarget): string => (formats.length === 0 ? to : `${to} (${formats.join(' or ')})`);

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
  return [...checkSome(names, 'columns', 'No column is named.', 'Write column: type.'), ...checkColumns(names, input, 'columns'), ...failing];
}

/** A cast beside its column, under a name of its own, so that what failed can be told from what was missing. */
interface Tried extends Casting, CastSql {
  readonly name: Sql;
}

function toSql(values: CastValues, input: Input): Program {
  const tried = castings(values, input).map(({column, target}): Tried => ({
    column,
    target,
    ...unwrap(castSql(column, target)),
    name: id(unusedName(`${column.name} cast`, input.columns)),
  }));
  if (values.on_failure === 'null') return {kind: 'sql', sql: sql`SELECT ${replaced(input, tried, ({value}) => value)}\nFROM ${input.relation}`};
  if (values.on_failure === 'stop')
    return {
      kind: 'sql',
      sql: sql`SELECT ${replaced(input, tried, ({value}) => value)}\nFROM ${input.relation}\nWHERE ${join(
        tried.map((one) => stop(input, one)),
        '\n  AND ',
      )}`,
    };
  const from = sql`FROM (\n  SELECT *, ${join(tried.map(({value, name}) => sql`${value} AS ${name}`))}\n  FROM ${input.relation}\n)`;
  const helpers = tried.map(({name}) => name);
  const failed = ({name, source}: Tried): Sql => sql`${name} IS NULL AND ${source} IS NOT NULL`;
  const reasons = tried.map((one) => sql`CASE WHEN ${failed(one)} THEN ${lit(`${one.column.name} is no ${described(one.target)}`)} END`);
  const [column, value, reason] = newNames(input.columns, ['column', 'value', 'reason']);
  return {
    kind: 'sql',
    sql: sql`SELECT ${replaced(input, tried, ({name}) => name, helpers)}\n${from}\nWHERE ${join(
      tried.map(({name, source}) => sql`(${name} IS NOT NULL OR ${source} IS NULL)`),
      ' AND ',
    )}`,
    rejects: sql`SELECT * EXCLUDE (${join(helpers)}),
  CASE ${join(
    tried.map((one) => sql`WHEN ${failed(one)} THEN ${lit(one.column.name)}`),
    ' ',
  )} END AS ${column},
  CASE ${join(
    tried.map((one) => sql`WHEN ${failed(one)} THEN ${id(one.column.name)}::VARCHAR`),
    ' ',
  )} END AS ${value},
  concat_ws('; ', ${join(reasons)}) AS ${reason}
${from}
WHERE ${join(
      tried.map((one) => sql`(${failed(one)})`),
      ' OR ',
    )}`,
  };
}

const newNames = (columns: readonly Column[], names: readonly [string, string, string]): readonly [Sql, Sql, Sql] => {
  const unused = (name: string): Sql => id(unusedName(name, columns));
  return [unused(names[0]), unused(names[1]), unused(names[2])];
};

const replaced = (input: Input, tried: readonly Tried[], value: (one: Tried) => Sql, helpers: readonly Sql[] = []): Sql =>
  withColumns(
    tried.map(({column}) => column),
    tried.map((one) => ({name: one.column.name, value: value(one)})),
    helpers,
  );

function stop(input: Input, {column, target, value, source}: Tried): Sql {
  const rows = numberedRows(input.relation, input.columns);
  return stopIf({
    code: 'CAST_FAILED',
    column: column.name,
    when: sql`(SELECT ${id(column.name)}::VARCHAR AS found, ${rows.row} AS place FROM ${rows.from} WHERE ${value} IS NULL AND ${source} IS NOT NULL)`,
    message: [sql`count(*)`, sql`if(count(*) = 1, ' value', ' values')`, lit(` of ${column.name} can’t be read as ${described(target)}: `), firstValues(sql`found`, sql`place`)],
  });
}

function toPySpark(values: CastValues, {target, frames: [frame = 'df'], inputs: [input]}: SparkContext): string[] {
  const all = castings(values, {columns: input?.columns ?? []});
  const ansi = values.on_failure === 'stop';
  const notes = [
    ...(ansi ? ['# In ANSI mode (the default of Spark 4) a value that can’t be cast stops the job.', "spark.conf.set('spark.sql.ansi.enabled', 'true')"] : []),
    ...(all.some((one) => one.target.formats.some((format) => format.includes('E')))
      ? ['# Spark 3 and later read names of days only with the parser they had before.', "spark.conf.set('spark.sql.legacy.timeParserPolicy', 'LEGACY')"]
      : []),
  ];
  const helper = (one: Casting): string => `${one.column.name} cast`;
  const added = (name: (one: Casting) => string): string[] => all.map((one) => `withColumn(${py(name(one))}, ${castColumn(one.column, one.target, ansi)})`);
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
    ...assign(target, 'tried', ['filter(~failed)', ...all.map((one) => `withColumn(${py(one.column.name)}, ${col(helper(one))})`), drop]),
    ...assign(`${target}_rejects`, 'tried', ['filter(failed)', drop]),
  ];
}

export const cast = defineStep({
  kind: 'cast',
  version: 1,
  group: 'shape',
  title: 'Cast types',
  sentence: ({columns}) => `Cast ${list(Object.entries(columns).map(([name, {to}]) => `${name} to ${to}`)) || 'columns'}`,
  lesson: {
    what: 'Turns values into another type: text into numbers and times, milliseconds since 1970 into timestamps, times into text. Patterns are Spark’s: `yyyy-MM-dd HH:mm:ss`, `SSS` for milliseconds, `XXX` for an offset such as +02:00, literal text in quotes; several are tried in order. Times are kept in UTC, and rows in their order.',
    why: 'A timestamp that is still text has to be parsed by every query that asks for an hour, and `"9"` is greater than `"10"`. Do it once, near the source, and every step after it is right and fast.',
    without:
      'Sums fail or, worse, text is compared letter by letter. Mind what happens to values that don’t fit: Spark’s classic cast makes them NULL and says nothing, Spark 4 stops; here you choose, and `reject` keeps them in NAME_rejects with the reason. DuckDB alone would round 12.7 to 13 as an int; Spark cuts it to 12, and so does this step.',
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
      params: {columns: {sent: {to: 'timestamp', epoch: 'ms'}, received: {to: 'timestamp', format: ["yyyy-MM-dd'T'HH:mm:ss[.SSS]XXX", 'dd/MM/yyyy HH:mm']}}},
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
        columns: {sensor_id: 'VARCHAR', temperature: 'VARCHAR', count: 'VARCHAR', column: 'VARCHAR', value: 'VARCHAR', reason: 'VARCHAR'},
        rows: [
          ['s-2', 'warm', '4', 'temperature', 'warm', 'temperature is no double'],
          ['s-4', '1.234', '2.5', 'temperature', '1.234', 'temperature is no double; count is no int'],
        ],
      },
    },
    {
      name: 'numbers, truth values and times to text',
      params: {columns: {whole: 'int', exact: 'decimal(6,1)', on: 'boolean', at: {to: 'string', format: 'dd.MM.yyyy HH:mm'}}},
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
