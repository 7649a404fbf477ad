import type {Sqlite3Static} from '@sqlite.org/sqlite-wasm';
import type {Column} from './columns.ts';
import {dayOf, timeOf} from './types.ts';

/** A value that isn't of its column's type: its text, and why not. */
interface Misfit {
  readonly raw: string;
  readonly reason: string;
}

/** Puts a statement's value into a row of a column; gives what is wrong where it can't be there. */
export type ReadsValue = (statement: number, place: number, row: number) => Misfit | undefined;

/** SQLite's functions as they are compiled: those of the library convert every argument, which costs more than the call. */
interface Compiled {
  sqlite3_step(statement: number): number;
  sqlite3_column_type(statement: number, place: number): number;
  sqlite3_column_int64(statement: number, place: number): bigint;
  sqlite3_column_double(statement: number, place: number): number;
  sqlite3_column_text(statement: number, place: number): number;
  sqlite3_column_blob(statement: number, place: number): number;
  sqlite3_column_bytes(statement: number, place: number): number;
}

// The cast: the library gives no types of its exports.
export const compiled = ({wasm}: Sqlite3Static): Compiled => (wasm as unknown as {exports: Compiled}).exports;

const storageClass = ['', 'an integer', 'a real number', 'a text', 'a blob', 'null'];
const [integer, real, textual, blob, none] = [1, 2, 3, 4, 5];
const decoder = new TextDecoder();
const strict = new TextDecoder('utf-8', {fatal: true});

const isUtf8 = (bytes: Uint8Array): boolean => {
  let at = 0;
  while (at < bytes.length && (bytes[at] ?? 0) < 0x80) at++;
  if (at === bytes.length) return true;
  try {
    strict.decode(bytes);
    return true;
  } catch {
    return false;
  }
};

/** How values of SQLite's, each of which has a type of its own, go into a column of one type: as they are, or not at all. */
export function columnReader(sqlite: Sqlite3Static, column: Column): ReadsValue {
  const {wasm} = sqlite;
  const {content} = column;
  const run = compiled(sqlite);
  const bytesOf = (statement: number, place: number, isBlob: boolean): Uint8Array => {
    const start = isBlob ? run.sqlite3_column_blob(statement, place) : run.sqlite3_column_text(statement, place);
    return wasm.heap8u().subarray(start, start + run.sqlite3_column_bytes(statement, place));
  };
  const textOf = (statement: number, place: number): string => decoder.decode(bytesOf(statement, place, false));
  const misfit = (statement: number, place: number, found: number, wanted: string): Misfit => ({
    raw:
      found === blob
        ? [...bytesOf(statement, place, true).subarray(0, 200)]
            .map((byte) => byte.toString(16).padStart(2, '0'))
            .join('')
        : textOf(statement, place),
    reason: `${storageClass[found] ?? 'a value'} where ${wanted} belongs`,
  });
  const put = (statement: number, place: number, row: number, found: number): Misfit | undefined => {
    switch (content.kind) {
      case 'BIGINT':
        if (found !== integer) return misfit(statement, place, found, 'an integer');
        content.values[row] = run.sqlite3_column_int64(statement, place);
        return undefined;
      case 'DOUBLE': {
        if (found !== integer && found !== real) return misfit(statement, place, found, 'a number');
        const value = run.sqlite3_column_double(statement, place);
        if (found === integer && BigInt(value) !== run.sqlite3_column_int64(statement, place))
          return {raw: textOf(statement, place), reason: 'an integer with more digits than a DOUBLE holds'};
        content.values[row] = value;
        return undefined;
      }
      case 'BOOLEAN': {
        const value = run.sqlite3_column_int64(statement, place);
        if (found !== integer || (value !== 0n && value !== 1n)) return misfit(statement, place, found, '0 or 1');
        const bit = 1 << (row & 7);
        content.values[row >> 3] =
          value === 1n ? (content.values[row >> 3] ?? 0) | bit : (content.values[row >> 3] ?? 0) & ~bit;
        return undefined;
      }
      case 'DATE':
      case 'TIMESTAMP': {
        if (found !== textual)
          return misfit(
            statement,
            place,
            found,
            content.kind === 'DATE' ? 'a date such as 2024-02-29' : 'a time such as 2024-02-29 12:00:00',
          );
        const text = textOf(statement, place);
        if (content.kind === 'DATE') {
          const day = dayOf(text);
          if (day === undefined) return {raw: text, reason: 'no date such as 2024-02-29'};
          content.values[row] = day;
          return undefined;
        }
        const time = timeOf(text);
        if (time === undefined) return {raw: text, reason: 'no time such as 2024-02-29 12:00:00.123456'};
        content.values[row] = time;
        return undefined;
      }
      case 'VARCHAR': {
        if (found === blob) return misfit(statement, place, found, 'a text');
        const bytes = bytesOf(statement, place, false);
        if (found === textual && !isUtf8(bytes)) return {raw: decoder.decode(bytes), reason: 'a text that isn’t UTF-8'};
        content.values.set(row, bytes);
        return undefined;
      }
      case 'BLOB':
        if (found !== blob) return misfit(statement, place, found, 'a blob');
        content.values.set(row, bytesOf(statement, place, true));
        return undefined;
    }
  };
  return (statement, place, row) => {
    const found = run.sqlite3_column_type(statement, place);
    const isNull = found === none;
    const wrong = isNull ? undefined : put(statement, place, row, found);
    column.mark(row, !isNull);
    return wrong;
  };
}
