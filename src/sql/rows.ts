import {id, sql, type Sql} from './sql.ts';
import type {Column} from './types.ts';

/** A name like `base` that no column has, compared without case. */
export function unusedName(base: string, columns: readonly Pick<Column, 'name'>[]): string {
  const taken = new Set(columns.map((column) => column.name.toLowerCase()));
  for (let n = 1; ; n++) {
    const name = n === 1 ? base : `${base}_${n}`;
    if (!taken.has(name.toLowerCase())) return name;
  }
}

/** Rows that SQL can read. */
export interface Rows {
  /** What stands in FROM. */
  readonly relation: Sql;
  readonly columns: readonly Pick<Column, 'name'>[];
  /** Where `relation` is no table: the same with a column `row` of the rows' places, from 0. */
  readonly places?: {readonly from: Sql; readonly row: Sql} | undefined;
}

/** Rows that can be told apart and put back in order. */
export interface NumberedRows {
  /** What stands in FROM. */
  readonly from: Sql;
  /** The row's place, from 0. */
  readonly row: Sql;
  /** The table's own columns. */
  readonly all: Sql;
  /** Columns of `from` that are not the table's own. */
  readonly added: readonly Sql[];
}

/** Rows by `rowid`, which every table has. Of what stands in parentheses and tells no places the rows are numbered; so are those of a table with a column of that name. */
export function numberedRows({relation, columns, places}: Rows): NumberedRows {
  if (places !== undefined) return {...places, all: sql`* EXCLUDE (${places.row})`, added: [places.row]};
  if (!relation.startsWith('(') && !columns.some((column) => column.name.toLowerCase() === 'rowid'))
    return {from: relation, row: sql`rowid`, all: sql`*`, added: []};
  const row = id(unusedName('row_number', columns));
  return {
    from: sql`(SELECT *, row_number() OVER () - 1 AS ${row} FROM ${relation})`,
    row,
    all: sql`* EXCLUDE (${row})`,
    added: [row],
  };
}
