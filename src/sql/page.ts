import {numberedRows, type Rows} from './rows.ts';
import {id, join, lit, sql, type Sql} from './sql.ts';

/** One key of an order. NULL comes last either way; DuckDB puts NaN above every number. */
export interface Sort {
  readonly column: string;
  readonly direction: 'asc' | 'desc';
}

export interface PageOptions {
  readonly offset: number;
  readonly limit: number;
  /** The most important key first. */
  readonly sort: readonly Sort[];
}

const order = (sort: readonly Sort[], row: Sql): Sql =>
  join([
    ...sort.map(({column, direction}) => sql`${id(column)} ${direction === 'asc' ? sql`ASC` : sql`DESC`} NULLS LAST`),
    row,
  ]);

/**
 * Rows `offset` to `offset + limit` of a table's. Unsorted they come in the table's own order, which DuckDB finds without reading
 * what lies before; sorted, ties keep that order, and only the page's own rows are fetched whole.
 */
export function pageSql(rows: Rows, {offset, limit, sort}: PageOptions): Sql {
  const page = sql`LIMIT ${lit(limit)} OFFSET ${lit(offset)}`;
  if (sort.length === 0) return sql`SELECT * FROM ${rows.relation} ${page}`;
  const {from, row, all} = numberedRows(rows);
  const by = order(sort, row);
  return sql`SELECT ${all} FROM ${from} WHERE ${row} IN (SELECT ${row} FROM ${from} ORDER BY ${by} ${page}) ORDER BY ${by}`;
}
