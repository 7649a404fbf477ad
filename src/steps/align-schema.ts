import {parseDuckType, type DuckType} from '../lib/duckdb-type.ts';
import {invariant} from '../lib/invariant.ts';
import {fail, ok, unwrap, type Result} from '../lib/problem.ts';
import {p, type Values} from '../params/index.ts';
import {castColumn, castFailed} from '../pyspark/cast.ts';
import {assign, call, col, py} from '../pyspark/py.ts';
import {toSparkType} from '../pyspark/types.ts';
import {castSql, type CastSql} from '../sql/cast.ts';
import {unusedName} from '../sql/rows.ts';
import {id, join, sql, typeName, type Sql} from '../sql/sql.ts';
import {isNested, type Column} from '../sql/types.ts';
import {castRows, rejectsInSpark, type OnFailure, type Tried} from './casting.ts';
import {findColumn, inputOf} from './checks.ts';
import {defineStep, type Input, type Program, type SparkContext, type StepProblem} from './define.ts';

const params = {
  to: p.cell({
    label: 'To the columns of a cell',
    help: 'A cell above whose columns and types these rows should have.',
    default: '',
  }),
  table: p.table({label: 'To the columns of a table', help: 'Or a table of the lake.', default: ''}),
  on_failure: p.choice(['stop', 'null', 'reject'], {label: 'When a value can’t be cast', default: 'stop'}),
};
type AlignValues = Values<typeof params>;

/** A column of the result: where its values come from, undefined when the rows have none. */
interface Aligned {
  readonly target: Column;
  readonly source: Column | undefined;
  /** Whether its values have to be cast. */
  readonly casts: boolean;
}

/** The columns of the target in its order, each with the one that goes there. */
const aligned = (input: Pick<Input, 'columns'>, target: Pick<Input, 'columns'>): Aligned[] =>
  target.columns.map((column) => {
    const source = findColumn(column.name, input.columns);
    return {target: column, source, casts: source !== undefined && source.type !== column.type};
  });

/** A type of DuckDB as SQL; undefined for one that can’t be written outside the table that has it, as an ENUM. */
function typeSql(type: DuckType): Sql | undefined {
  switch (type.kind) {
    case 'leaf':
      return type.name.startsWith('ENUM') ? undefined : typeName(type.name);
    case 'list': {
      const child = typeSql(type.child);
      return child === undefined
        ? undefined
        : sql`${child}${type.size === undefined ? sql`[]` : typeName(`[${type.size}]`)}`;
    }
    case 'map': {
      const [key, value] = [typeSql(type.key), typeSql(type.value)];
      return key === undefined || value === undefined ? undefined : sql`MAP(${key}, ${value})`;
    }
    default: {
      const fields = type.fields.flatMap((field) => {
        const inner = typeSql(field.type);
        return inner === undefined ? [] : [sql`${id(field.name)} ${inner}`];
      });
      return fields.length < type.fields.length
        ? undefined
        : sql`${typeName(type.kind.toUpperCase())}(${join(fields)})`;
    }
  }
}

function castOf(source: Column, target: Column): Result<CastSql> {
  const type = typeSql(parseDuckType(target.type));
  if (type === undefined || isNested(source.type) !== isNested(target.type))
    return target.type === 'VARCHAR'
      ? castSql(source, {to: 'string', formats: [], decimal: '.'})
      : fail({
          code: 'CAST_IMPOSSIBLE',
          message: `${source.name} is ${source.type}, and can’t become ${target.type}.`,
          hint: 'Make the column anew with derive, or align to a table whose types can be cast to.',
        });
  const name = id(source.name);
  // Fields of a struct find one another by name.
  if (isNested(target.type)) return ok({value: sql`TRY_CAST(${name} AS ${type})`, source: name});
  return castSql(source, {to: target.type, formats: [], decimal: '.'});
}

const triesOf = (columns: readonly Aligned[], input: Input): Tried[] =>
  columns.flatMap(({source, target, casts}) =>
    source === undefined || !casts
      ? []
      : [
          {
            column: source,
            target: {to: target.type, formats: [], decimal: '.'},
            ...unwrap(castOf(source, target)),
            name: id(unusedName(`${source.name} cast`, input.columns)),
          },
        ],
  );

/** The table that gives the schema, after the input. */
function targetOf(inputs: readonly Input[]): Input {
  const target = inputs.at(-1);
  invariant(target !== undefined && inputs.length > 1, 'rows are aligned to a second table');
  return target;
}

function check({to, table}: AlignValues, inputs: readonly Input[]): StepProblem[] {
  if (to === '' && table === '')
    return [
      {
        code: 'PARAM',
        message: 'No schema is named to align to.',
        hint: 'Name a cell above as “to”, or a table of the lake as “table”.',
        param: 'to',
      },
    ];
  if (to !== '' && table !== '')
    return [
      {
        code: 'PARAM',
        message: 'A cell and a table are named, and rows are aligned to one of them.',
        hint: 'Take one of the two out.',
        param: 'table',
      },
    ];
  const input = inputOf(inputs);
  const columns = aligned(input, targetOf(inputs));
  const impossible = columns.flatMap(({source, target, casts}) => {
    const cast = source === undefined || !casts ? undefined : castOf(source, target);
    if (cast === undefined || cast.ok) return [];
    const {code, message, hint} = cast.error;
    return [
      {code, message, ...(hint === undefined ? {} : {hint}), param: to === '' ? 'table' : 'to', column: target.name},
    ];
  });
  if (columns.every(({source}) => source === undefined))
    return [
      {
        code: 'COLUMN_NOT_FOUND',
        message: `${input.name} and ${targetOf(inputs).name} have no column in common, so only NULLs would be left.`,
        hint: 'Rename columns before, or align to another table.',
        param: to === '' ? 'table' : 'to',
      },
    ];
  return impossible;
}

function toSql(values: AlignValues, inputs: readonly Input[]): Program {
  const input = inputOf(inputs);
  const columns = aligned(input, targetOf(inputs));
  const tried = triesOf(columns, input);
  return castRows(tried, values.on_failure, input, (value) =>
    // SQL that is shown before the first run knows no columns.
    columns.length === 0
      ? sql`*`
      : join(
          columns.map(({source, target}) => {
            if (source === undefined)
              return sql`NULL::${typeSql(parseDuckType(target.type)) ?? sql`VARCHAR`} AS ${id(target.name)}`;
            const cast = tried.find((one) => one.column === source);
            return source.name === target.name && cast === undefined
              ? id(target.name)
              : sql`${cast === undefined ? id(source.name) : value(cast)} AS ${id(target.name)}`;
          }),
        ),
  );
}

const effectOf = (onFailure: OnFailure): 'same' | 'subset' => (onFailure === 'reject' ? 'subset' : 'same');

function valueInSpark({source, target, casts}: Aligned, strict: boolean): string {
  if (source === undefined) return `F.lit(None).cast(${py(toSparkType(target.type))})`;
  if (!casts) return col(source.name);
  if (!isNested(target.type)) return castColumn(source, {to: target.type, formats: [], decimal: '.'}, strict);
  return `F.expr(${py(nestedCast(`\`${source.name.replaceAll('`', '``')}\``, parseDuckType(source.type), parseDuckType(target.type), strict))})`;
}

/** A value of a nested type as Spark SQL that finds the fields of a struct by name; Spark's own cast goes by their order. */
function nestedCast(value: string, from: DuckType, to: DuckType, strict: boolean, depth = 0): string {
  const type = toSparkType(typeSql(to) ?? 'VARCHAR');
  if (from.kind === 'struct' && to.kind === 'struct') {
    const fields = to.fields.map(({name, type: wanted}) => {
      const field = from.fields.find((other) => other.name.toLowerCase() === name.toLowerCase());
      const inner =
        field === undefined
          ? `cast(NULL AS ${toSparkType(typeSql(wanted) ?? 'VARCHAR')})`
          : nestedCast(`${value}.\`${field.name.replaceAll('`', '``')}\``, field.type, wanted, strict, depth);
      return `'${name.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}', ${inner}`;
    });
    return `if(${value} IS NULL, NULL, named_struct(${fields.join(', ')}))`;
  }
  if (from.kind === 'list' && to.kind === 'list')
    return `transform(${value}, x${depth} -> ${nestedCast(`x${depth}`, from.child, to.child, strict, depth + 1)})`;
  return `${strict ? 'cast' : 'try_cast'}(${value} AS ${type})`;
}

const namedInSpark = (one: Aligned, strict: boolean): string =>
  one.casts || one.source?.name !== one.target.name
    ? `${valueInSpark(one, strict)}.alias(${py(one.target.name)})`
    : valueInSpark(one, strict);

function toPySpark({table, on_failure}: AlignValues, {target, frames, inputs}: SparkContext): string[] {
  const [frame = 'df', ...others] = frames;
  const schema = table === '' ? (others.at(-1) ?? 'other') : `spark.table(${py(`lake.${table}`)})`;
  const known = inputs.length > 1 ? aligned(inputOf(inputs), targetOf(inputs)) : [];
  // Before the first run no columns are known here; Spark knows them.
  if (known.length === 0) return assign(target, frame, [`to(${schema}.schema)`]);
  const strict = on_failure === 'stop';
  const notes = [
    ...(strict && known.some(({casts}) => casts)
      ? [
          '# In ANSI mode (the default of Spark 4) a value that can’t be cast stops the job.',
          "spark.conf.set('spark.sql.ansi.enabled', 'true')",
        ]
      : []),
  ];
  const select = call(
    'select',
    known.map((one) => namedInSpark(one, strict)),
  );
  const failing = on_failure === 'reject' ? known.filter(({casts}) => casts) : [];
  if (failing.length === 0) return [...notes, ...assign(target, frame, [select])];
  const helper = (one: Aligned | undefined): string => `${one?.target.name ?? ''} cast`;
  const added = failing.map((one) => `withColumn(${py(helper(one))}, ${valueInSpark(one, false)})`);
  const chosen = known.map((one) =>
    failing.includes(one) ? `${col(helper(one))}.alias(${py(one.target.name)})` : namedInSpark(one, false),
  );
  return [
    ...notes,
    ...assign('tried', frame, added),
    `failed = ${failing.map((one) => castFailed(one.source ?? one.target, helper(one))).join(' | ')}`,
    ...assign(target, 'tried', ['filter(~failed)', call('select', chosen)]),
    ...rejectsInSpark(
      `${target}_rejects`,
      failing.map((one) => ({
        column: one.source ?? one.target,
        target: {to: one.target.type, formats: [], decimal: '.'},
      })),
      inputOf(inputs).columns,
      ({column}) => helper(failing.find((one) => one.source === column)),
    ),
  ];
}

export const alignSchema = defineStep({
  kind: 'align_schema',
  version: 1,
  group: 'shape',
  title: 'Align the schema',
  sentence: ({to, table}) =>
    `Align to the columns of ${to !== '' ? to : table !== '' ? `lake.${table}` : 'a cell or a table'}`,
  lesson: {
    what: 'Gives the rows exactly the columns of another table, in its order and with its types: what they lack becomes NULL, what has another type is cast, and what the table hasn’t is dropped. Names are compared without case. In Spark you would write one select with a cast for each column, or DataFrame.to(schema).',
    why: 'A table that has grown for a year doesn’t change its columns because one logger got new firmware. Aligned before they are written, new readings fit the table, and the table’s reports go on working.',
    without:
      'An append that doesn’t fit is refused, as Delta does: DELTA_FAILED_TO_MERGE_FIELDS when a type differs, DELTA_METADATA_MISMATCH when a column is new. Merging the schema instead would take in every misspelt column for good. Mind that dropping is silent, so look at What changed; and that a value that can’t be cast stops the cell, as Spark 4 does, unless you choose `null`, or `reject`, which keeps such rows in NAME_rejects.',
  },
  input: 'one',
  effect: 'same',
  effectOf: ({on_failure}) => effectOf(on_failure),
  params,
  touches: ({to, table}) => [
    ...(to === '' ? [] : [{kind: 'cell', name: to, param: 'to'} as const]),
    ...(table === ''
      ? []
      : [
          {
            kind: 'lake-read',
            name: table,
            read: {table, schemaOnly: true},
            as: `lake.${table}`,
            param: 'table',
          } as const,
        ]),
  ],
  check,
  toSql,
  toPySpark,
  examples: [
    {
      name: 'to a table of the lake: cast, filled with NULL, dropped, in order',
      params: {table: 'readings'},
      lake: {
        readings: {
          columns: {sensor_id: 'VARCHAR', at: 'TIMESTAMP', temperature: 'DOUBLE', humidity: 'DOUBLE'},
          rows: [['s-1', '2024-03-04 00:00:00', 21.5, 40]],
        },
      },
      input: {
        columns: {Temperature: 'VARCHAR', at: 'VARCHAR', sensor_id: 'INTEGER', firmware: 'VARCHAR'},
        rows: [
          ['21.25', '2024-03-04T00:10:00', 7, '2.1'],
          [' ', null, 8, '2.1'],
          ['NaN', '2024-03-04T00:20:00+02:00', null, null],
        ],
      },
      expect: {
        columns: {sensor_id: 'VARCHAR', at: 'TIMESTAMP', temperature: 'DOUBLE', humidity: 'DOUBLE'},
        rows: [
          ['7', '2024-03-04 00:10:00', 21.25, null],
          ['8', null, null, null],
          [null, '2024-03-03 22:20:00', 'NaN', null],
        ],
      },
    },
    {
      name: 'to a cell; rows that can’t be cast are kept apart',
      params: {to: 'archive', on_failure: 'reject'},
      input: {
        columns: {temperature: 'VARCHAR', sensor_id: 'VARCHAR'},
        rows: [
          ['21', 's-1'],
          ['warm', 's-2'],
          [null, 's-3'],
        ],
      },
      others: {archive: {columns: {sensor_id: 'VARCHAR', temperature: 'INTEGER', price: 'DECIMAL(10,2)'}, rows: []}},
      expect: {
        columns: {sensor_id: 'VARCHAR', temperature: 'INTEGER', price: 'DECIMAL(10,2)'},
        rows: [
          ['s-1', 21, null],
          ['s-3', null, null],
        ],
      },
      rejects: {
        columns: {temperature: 'VARCHAR', sensor_id: 'VARCHAR', column: 'VARCHAR', value: 'VARCHAR', reason: 'VARCHAR'},
        rows: [['warm', 's-2', 'temperature', 'warm', 'temperature is no INTEGER']],
      },
    },
    {
      name: 'what can’t be cast becomes NULL; fields of a struct by name',
      params: {to: 'wanted', on_failure: null},
      input: {
        columns: {place: 'STRUCT(room VARCHAR, floor VARCHAR)', level: 'DOUBLE'},
        rows: [
          ["{'room': 'Office', 'floor': '2'}", 3e9],
          [null, 12.75],
        ],
      },
      others: {wanted: {columns: {level: 'INTEGER', place: 'STRUCT(floor INTEGER, room VARCHAR)'}, rows: []}},
      expect: {
        columns: {level: 'INTEGER', place: 'STRUCT(floor INTEGER, room VARCHAR)'},
        rows: [
          [null, "{'floor': 2, 'room': 'Office'}"],
          [12, null],
        ],
      },
    },
    {
      name: 'rows that fit already, in another order',
      params: {to: 'archive'},
      input: {columns: {b: 'INTEGER', a: 'VARCHAR'}, rows: []},
      others: {archive: {columns: {a: 'VARCHAR', b: 'INTEGER'}, rows: [['x', 1]]}},
      expect: {columns: {a: 'VARCHAR', b: 'INTEGER'}, rows: []},
    },
  ],
});
