import {id, join, sql, type Sql} from './sql.ts';
import type {Column} from './types.ts';

export interface Assignment {
  readonly name: string;
  readonly value: Sql;
}

/**
 * A select list with all columns, some of them given a new value in their place and others added at the end.
 * `exclude` leaves helper columns out.
 */
export function withColumns(
  columns: readonly Column[],
  assignments: readonly Assignment[],
  exclude: readonly Sql[] = [],
  star: Sql = sql`*`,
): Sql {
  const named = (assignment: Assignment): Column | undefined =>
    columns.find((column) => column.name.toLowerCase() === assignment.name.toLowerCase());
  const replaced = assignments.flatMap((assignment) => {
    const column = named(assignment);
    return column === undefined ? [] : [sql`${assignment.value} AS ${id(column.name)}`];
  });
  const added = assignments
    .filter((assignment) => named(assignment) === undefined)
    .map((assignment) => sql`${assignment.value} AS ${id(assignment.name)}`);
  const all = join(
    [
      star,
      ...(exclude.length > 0 ? [sql`EXCLUDE (${join(exclude)})`] : []),
      ...(replaced.length > 0 ? [sql`REPLACE (${join(replaced)})`] : []),
    ],
    ' ',
  );
  return join([all, ...added]);
}
