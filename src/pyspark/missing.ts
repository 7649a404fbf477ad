import {isFloat, type Column} from '../sql/types.ts';
import {col, pyName} from './py.ts';

/** The column's value, NULL where it is NaN, as `present` in SQL. */
export const present = (column: Column): string =>
  isFloat(column.type) ? `F.when(~F.isnan(${pyName(column.name)}), ${col(column.name)})` : col(column.name);

/** The column's value, NULL where it is NaN (the largest of all numbers in Spark) or infinite. */
export const finite = (column: Column): string =>
  isFloat(column.type) ? `F.when(F.abs(${pyName(column.name)}) < float('inf'), ${col(column.name)})` : col(column.name);

/** A value as a double: the mean of decimals would be a decimal in Spark, rounded. */
export const asDouble = (value: string, column: Column): string =>
  column.type.startsWith('DECIMAL') ? `${value}.cast('double')` : value;
