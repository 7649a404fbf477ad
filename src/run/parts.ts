import {id, join, sql, type Sql} from '../sql/sql.ts';
import {unusedName, type Rows} from '../sql/rows.ts';
import type {Column} from '../sql/types.ts';

/** A table in the engine with some of a result's columns. All parts of a result have its rows, in one order. */
export interface Part {
  /** The hash of the result that the table was made for. */
  readonly hash: string;
  readonly table: string;
  /** The columns that the result takes from it, at least one. */
  readonly columns: readonly string[];
}

const isNamed =
  (name: string) =>
  (other: string): boolean =>
    other.toLowerCase() === name.toLowerCase();

/** The rows of these parts: of one table as it is, of several side by side. DuckDB reads only the columns that are used, as of one table. */
export function sideBySide(parts: readonly Part[], columns: readonly Column[]): Pick<Rows, 'relation' | 'places'> {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return {relation: id(only.table)};
  const selected = columns.map(({name}) => {
    const part = parts.findIndex((each) => each.columns.some(isNamed(name)));
    return sql`${alias(part)}.${id(name)}`;
  });
  const from = join(
    parts.map(({table}, part) => sql`${id(table)} AS ${alias(part)}`),
    ' POSITIONAL JOIN ',
  );
  const relation = sql`(SELECT ${join(selected)} FROM ${from})`;
  // A column called rowid hides the row's place.
  if (columns.some(({name}) => isNamed('rowid')(name))) return {relation};
  const row = id(unusedName('row_number', columns));
  return {relation, places: {from: sql`(SELECT ${join(selected)}, ${alias(0)}.rowid AS ${row} FROM ${from})`, row}};
}

/** Whether little of the base would be left to see: then its tables aren't worth being kept for it. */
export const replacesMost = (names: readonly string[], {columns}: {readonly columns: readonly Column[]}): boolean =>
  columns.filter(({name}) => !names.some(isNamed(name))).length * 4 < columns.length;

const alias = (part: number): Sql => id(`part_${part + 1}`);

/** A result's parts and columns with those of another table assigned: one of the same name takes the place of the old, the others follow. */
export function assign(
  base: {readonly parts: readonly Part[]; readonly columns: readonly Column[]},
  own: Omit<Part, 'columns'>,
  assigned: readonly Column[],
): {parts: Part[]; columns: Column[]} {
  const replaced = (name: string): Column | undefined => assigned.find((column) => isNamed(name)(column.name));
  const kept = base.parts.map((part) => ({
    ...part,
    columns: part.columns.filter((name) => replaced(name) === undefined),
  }));
  const added = assigned.filter(({name}) => !base.columns.some((column) => isNamed(name)(column.name)));
  return {
    parts: [...kept.filter(({columns}) => columns.length > 0), {...own, columns: assigned.map(({name}) => name)}],
    columns: [...base.columns.map(({name, type}) => ({name, type: replaced(name)?.type ?? type})), ...added],
  };
}
