import {unwrap} from '../lib/problem.ts';
import {castFailed} from '../pyspark/cast.ts';
import {assign, call, col, py} from '../pyspark/py.ts';
import {castSql, duckType, type CastSql, type CastTarget} from '../sql/cast.ts';
import {numberedRows, unusedName} from '../sql/rows.ts';
import {id, join, lit, sql, type Sql} from '../sql/sql.ts';
import {firstValues, stopIf} from '../sql/stop.ts';
import type {Column} from '../sql/types.ts';
import type {Input, Program} from './define.ts';

/** A column of the input and what it is cast to. */
export interface Casting {
  readonly column: Column;
  readonly target: CastTarget;
}

/** What happens to a value that can’t be cast. */
export type OnFailure = 'null' | 'reject' | 'stop';

/** A cast beside its column, under a name of its own, so that what failed can be told from what was missing. */
export interface Tried extends Casting, CastSql {
  readonly name: Sql;
}

const described = ({to, formats}: CastTarget): string =>
  formats.length === 0 ? to : `${to} (${formats.join(' or ')})`;

/** The casts in SQL; throws the Problem of one that is impossible, which `check` has told before. */
export const tries = (castings: readonly Casting[], input: Input): Tried[] =>
  castings.map(({column, target}) => ({
    column,
    target,
    ...unwrap(castSql(column, target)),
    name: id(unusedName(`${column.name} cast`, input.columns)),
  }));

/**
 * The rows with their casts, in the input’s order. `select` writes the list of columns: `value` is a cast there, `helpers` are columns of
 * the query’s own that stay out.
 */
export function castRows(
  tried: readonly Tried[],
  onFailure: OnFailure,
  input: Input,
  select: (value: (one: Tried) => Sql, helpers: readonly Sql[]) => Sql,
): Extract<Program, {kind: 'sql'}> {
  const rows = sql`SELECT ${select(({value}) => value, [])}\nFROM ${input.relation}`;
  const [column, value, reason] = newNames(input.columns, ['column', 'value', 'reason']);
  if (tried.length === 0 && onFailure === 'reject') {
    const nothing = join([column, value, reason].map((name) => sql`NULL::VARCHAR AS ${name}`));
    return {kind: 'sql', sql: rows, rejects: sql`SELECT *, ${nothing} FROM ${input.relation} WHERE false`};
  }
  // Everything can be a text.
  const failing = tried.filter(({target}) => duckType(target.to) !== 'VARCHAR');
  if (onFailure === 'null' || tried.length === 0 || (onFailure === 'stop' && failing.length === 0))
    return {kind: 'sql', sql: rows};
  if (onFailure === 'stop')
    return {
      kind: 'sql',
      sql: sql`${rows}\nWHERE ${join(
        failing.map((one) => stop(input, one)),
        '\n  AND ',
      )}`,
    };
  const from = sql`FROM (\n  SELECT *, ${join(tried.map(({value, name}) => sql`${value} AS ${name}`))}\n  FROM ${input.relation}\n)`;
  const helpers = tried.map(({name}) => name);
  const failed = ({name, source}: Tried): Sql => sql`${name} IS NULL AND ${source} IS NOT NULL`;
  const reasons = tried.map(
    (one) => sql`CASE WHEN ${failed(one)} THEN ${lit(`${one.column.name} is no ${described(one.target)}`)} END`,
  );
  return {
    kind: 'sql',
    sql: sql`SELECT ${select(({name}) => name, helpers)}\n${from}\nWHERE ${join(
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

function stop(input: Input, {column, target, value, source}: Tried): Sql {
  const rows = numberedRows(input);
  return stopIf({
    code: 'CAST_FAILED',
    column: column.name,
    when: sql`(SELECT ${id(column.name)}::VARCHAR AS found, ${rows.row} AS place FROM ${rows.from} WHERE ${value} IS NULL AND ${source} IS NOT NULL)`,
    message: [
      sql`count(*)`,
      sql`if(count(*) = 1, ' value', ' values')`,
      lit(` of ${column.name} can’t be read as ${described(target)}: `),
      firstValues(sql`found`, sql`place`),
    ],
  });
}

/** What a cast that rejects gives in PySpark: the rows that failed, with the first column that did, its value, and a reason for each. */
export function rejectsInSpark(
  rejects: string,
  castings: readonly Casting[],
  columns: readonly Column[],
  helper: (one: Casting) => string,
): string[] {
  const failing = castings.filter(({target}) => duckType(target.to) !== 'VARCHAR');
  const [column, value, reason] = (['column', 'value', 'reason'] as const).map((name) => py(unusedName(name, columns)));
  const when = (one: Casting, then: string): string => `F.when(${castFailed(one.column, helper(one))}, ${then})`;
  const first = (then: (one: Casting) => string): string =>
    failing.length === 0
      ? "F.lit(None).cast('string')"
      : `F.coalesce(${failing.map((one) => when(one, then(one))).join(', ')})`;
  return assign(rejects, 'tried', [
    'filter(failed)',
    call('withColumns', [
      `{\n            ${[
        `${column ?? ''}: ${first((one) => `F.lit(${py(one.column.name)})`)}`,
        `${value ?? ''}: ${first((one) => `${col(one.column.name)}.cast('string')`)}`,
        `${reason ?? ''}: F.concat_ws('; ', ${failing.map((one) => when(one, `F.lit(${py(`${one.column.name} is no ${described(one.target)}`)})`)).join(', ')})`,
      ].join(',\n            ')},\n        }`,
    ]),
    `drop(${castings.map((one) => py(helper(one))).join(', ')})`,
  ]);
}
