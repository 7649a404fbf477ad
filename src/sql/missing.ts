import {id, sql, typeName, type Sql} from './sql.ts';
import {isFloat, isWhole, type Column} from './types.ts';

/** The column's value, NULL where it is missing: NaN counts as missing in the cleaning steps, as in Spark's. */
export const present = (column: Column, name: Sql = id(column.name)): Sql =>
  isFloat(column.type) ? sql`nullif(${name}, 'NaN')` : name;

/** True where the value is there; never NULL. */
export const isPresent = (column: Column, name: Sql = id(column.name)): Sql =>
  sql`${present(column, name)} IS NOT NULL`;

/** ` FILTER (WHERE …)` that leaves NaN and infinities out of an aggregate of a floating-point column. */
export const finiteOnly = (column: Column): Sql =>
  isFloat(column.type) ? sql` FILTER (WHERE isfinite(${id(column.name)}))` : sql``;

/** A number that stands in for a column's value, in its type: whole numbers lose the fraction, as in Spark; DuckDB's cast would round. */
export const standIn = (column: Column, value: Sql): Sql =>
  isWhole(column.type) ? sql`trunc(${value})::${typeName(column.type)}` : sql`(${value})::${typeName(column.type)}`;
