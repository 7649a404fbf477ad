/**
 * One exact value of a cell, as every part of the app holds it: BIGINT and wider integers are bigint, DECIMAL, dates,
 * times and intervals are text, DOUBLE is a number (NaN and infinities included), lists are arrays, structs and maps objects.
 */
export type Value =
  null | boolean | number | bigint | string | Uint8Array | readonly Value[] | {readonly [field: string]: Value};

/** A row's values in the order of its columns. */
export type Row = readonly Value[];
