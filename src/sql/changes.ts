import {numberedRows, unusedName} from './rows.ts';
import {id, join, sql, type Sql} from './sql.ts';
import type {Column} from './types.ts';

/** How one column fared from a step's input to its output. */
export interface ColumnChange {
  readonly name: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Columns of the input and the output paired by name without case, in the output's order, dropped ones last. */
export function columnChanges(input: readonly Column[], output: readonly Column[]): ColumnChange[] {
  const same = (a: Column) => (b: Column) => a.name.toLowerCase() === b.name.toLowerCase();
  return [
    ...output.map((column) => ({name: column.name, before: input.find(same(column))?.type, after: column.type})),
    ...input
      .filter((column) => !output.some(same(column)))
      .map((column) => ({name: column.name, before: column.type, after: undefined})),
  ];
}

const kept = (changes: readonly ColumnChange[]): ColumnChange[] =>
  changes.filter((change) => change.before !== undefined && change.after !== undefined);

// A cast rewrites every value; what matters is which ones it lost or made.
const differs = (change: ColumnChange): Sql =>
  change.before === change.after
    ? sql`b.${id(change.name)} IS DISTINCT FROM a.${id(change.name)}`
    : sql`(a.${id(change.name)} IS NULL) <> (b.${id(change.name)} IS NULL)`;

/** For a step that keeps rows and order: the rows in which a kept column changed, `row` (from 1), then each such column before and after. */
export function changedRows(input: Sql, output: Sql, changes: readonly ColumnChange[], key: readonly string[]): Sql {
  const compared = kept(changes);
  if (compared.length === 0) return sql`SELECT 0 AS "row" WHERE false`;
  const context = key.map((name) => ({value: sql`b.${id(name)}`, name}));
  const pairs = compared
    .filter((change) => !key.includes(change.name))
    .flatMap(({name}) => [
      {value: sql`a.${id(name)}`, name: `${name} before`},
      {value: sql`b.${id(name)}`, name: `${name} after`},
    ]);
  const shown = [...context, ...pairs];
  // The input may have a column called rowid that is not among these, so its rows are counted.
  const row = id(unusedName('row', [...shown, ...compared]));
  const before = sql`(SELECT row_number() OVER () AS ${row}, ${join(compared.map(({name}) => id(name)))} FROM ${input})`;
  return sql`SELECT a.${row}, ${join(shown.map(({value, name}) => sql`${value} AS ${id(name)}`))} FROM ${before} a POSITIONAL JOIN ${output} b WHERE ${join(compared.map(differs), ' OR ')}`;
}

/** One row: how many rows changed in any kept column (`changed`), then how many values in each (`changed_1` …, in the order of the kept columns). */
export function changedCounts(input: Sql, output: Sql, changes: readonly ColumnChange[]): Sql {
  const compared = kept(changes);
  if (compared.length === 0) return sql`SELECT 0 AS changed`;
  const each = compared.map(
    (change, i) => sql`count(*) FILTER (WHERE ${differs(change)}) AS ${id(`changed_${i + 1}`)}`,
  );
  return sql`SELECT count(*) FILTER (WHERE ${join(compared.map(differs), ' OR ')}) AS changed, ${join(each)} FROM ${input} a POSITIONAL JOIN ${output} b`;
}

/** For a step that keeps some of the rows unchanged: the rows it removed, duplicates counted, `row` (from 1) first, in the input's order. */
export function removedRows(input: Sql, output: Sql, changes: readonly ColumnChange[]): Sql {
  const compared = kept(changes);
  const columns = join(compared.map((change) => id(change.name)));
  const {from, row: place} = numberedRows({
    relation: input,
    columns: changes.filter((change) => change.before !== undefined),
  });
  const [row, nth, copies] = [
    id(unusedName('row', compared)),
    id(unusedName('nth', compared)),
    id(unusedName('copies', compared)),
  ];
  // Among equal rows any may be the one that stayed: the first are taken to have.
  return sql`WITH numbered AS (SELECT ${place} + 1 AS ${row}, ${columns}, row_number() OVER (PARTITION BY ${columns} ORDER BY ${place}) AS ${nth} FROM ${from}),
stayed AS (SELECT ${columns}, count(*) AS ${copies} FROM ${output} GROUP BY ALL)
SELECT n.* EXCLUDE (${nth}) FROM numbered n
LEFT JOIN stayed s ON ${join(
    compared.map((change) => sql`n.${id(change.name)} IS NOT DISTINCT FROM s.${id(change.name)}`),
    ' AND ',
  )}
WHERE n.${nth} > coalesce(s.${copies}, 0) ORDER BY n.${row}`;
}
