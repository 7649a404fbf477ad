import {parseDuckType, type DuckType} from '../../src/lib/duckdb-type.ts';
import type {Column} from '../contract/engine.ts';

// Arrow has no such type or less range, or duckdb-wasm sends it damaged: an enum streams without its dictionary, UHUGEINT
// and INTERVAL overflow, TIME WITH TIME ZONE loses its offset, BIT and BIGNUM are internal bytes, VARIANT is an error.
const lossy = /^(UHUGEINT|BIGNUM|TIME WITH TIME ZONE|INTERVAL|VARIANT|BIT(\(\d+\))?|ENUM\(.*\))$/s;

/**
 * The query in a form whose rows Arrow holds whole: columns that it would damage are cast to text, also inside lists, structs
 * and maps. A query that needs none of that stays as it is.
 */
export function exactQuery(sql: string, columns: readonly Column[]): string {
  const casts = columns.map(({type}) => exactType(parseDuckType(type)));
  if (casts.every((cast) => cast === undefined)) return sql;
  // Names of our own, because a query may give two columns the same one.
  const selected = columns.map(
    ({name}, i) => `${casts[i] === undefined ? `c${i}` : `CAST(c${i} AS ${casts[i]})`} AS ${quoted(name)}`,
  );
  return `SELECT ${selected.join(', ')} FROM (${sql}\n) AS t(${columns.map((_, i) => `c${i}`).join(', ')})`;
}

/** A name as SQL has it between quotes. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** The type to cast to before a value of `type` leaves DuckDB, or undefined when Arrow holds it whole. */
function exactType(type: DuckType): string | undefined {
  switch (type.kind) {
    case 'leaf':
      return lossy.test(type.name) ? 'VARCHAR' : undefined;
    case 'list': {
      const child = exactType(type.child);
      return child === undefined ? undefined : `${child}[${type.size ?? ''}]`;
    }
    case 'union':
      // Unions of other members than the column's can't be cast to.
      return type.fields.some((field) => exactType(field.type) !== undefined) ? 'VARCHAR' : undefined;
    case 'struct': {
      const fields = type.fields.map((field) => exactType(field.type));
      if (fields.every((field) => field === undefined)) return undefined;
      return `STRUCT(${type.fields.map((field, i) => `${quoted(field.name)} ${fields[i] ?? typeText(field.type)}`).join(', ')})`;
    }
    case 'map': {
      const [key, value] = [exactType(type.key), exactType(type.value)];
      return key === undefined && value === undefined
        ? undefined
        : `MAP(${key ?? typeText(type.key)}, ${value ?? typeText(type.value)})`;
    }
  }
}

function typeText(type: DuckType): string {
  switch (type.kind) {
    case 'leaf':
      return type.name;
    case 'list':
      return `${typeText(type.child)}[${type.size ?? ''}]`;
    case 'map':
      return `MAP(${typeText(type.key)}, ${typeText(type.value)})`;
    case 'struct':
    case 'union':
      return `${type.kind.toUpperCase()}(${type.fields.map((field) => `${quoted(field.name)} ${typeText(field.type)}`).join(', ')})`;
  }
}
