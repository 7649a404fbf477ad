import {isDeepStrictEqual} from 'node:util';
import {firstLine} from '../tools/total.mjs';

/** Counts checks and says each in a line. */
export class Checks {
  passed = 0;
  failed = 0;
  /** What failed, a line each. @type {string[]} */
  failures = [];

  /** @param {string} name @param {() => unknown} work passes when it doesn't throw; a text it gives is a note @param {boolean} quiet says what failed alone */
  async check(name, work, quiet = false) {
    try {
      const note = await work();
      this.passed++;
      if (!quiet) console.log(`✓ ${name}${typeof note === 'string' ? ` (${note})` : ''}`);
    } catch (error) {
      this.failed++;
      const message = error instanceof Error ? error.message : String(error);
      this.failures.push(`${name}: ${firstLine(message)}`);
      console.log(`✗ ${name}\n    ${message.split('\n').slice(0, 8).join('\n    ')}`);
    }
  }
}

/** @param {number} versions */
export const counted = (versions) => (versions === 1 ? '1 version' : `${versions} versions`);

/** @param {string} what @param {unknown} found @param {unknown} expected */
export function same(what, found, expected) {
  if (!isDeepStrictEqual(found, expected))
    throw new Error(`${what}: found ${shown(found)}, expected ${shown(expected)}`);
}

/**
 * Throws unless both have the same columns in the same order and the same rows in any.
 * @param {string} what
 * @param {{columns: string[], rows: unknown[][]}} found
 * @param {{columns: string[], rows: unknown[][]}} expected
 */
export function sameRows(what, found, expected) {
  same(`${what}, columns`, found.columns, expected.columns);
  const sorted = (/** @type {unknown[][]} */ rows) => rows.map((row) => JSON.stringify(row, inOrder)).sort();
  const [left, right] = [sorted(found.rows), sorted(expected.rows)];
  if (isDeepStrictEqual(left, right)) return;
  const at = left.findIndex((row, index) => row !== right[index]);
  const index = at === -1 ? left.length : at;
  if (left.length !== right.length)
    throw new Error(
      `${what}: ${left.length} rows, expected ${right.length}; the first that differs is ${left[index]}, expected ${right[index]}`,
    );
  const [mine, its] = [left[index], right[index]].map((row) => JSON.parse(row));
  const column = mine.findIndex(
    (/** @type {unknown} */ value, /** @type {number} */ i) => !isDeepStrictEqual(value, its[i]),
  );
  throw new Error(
    `${what}, column ${found.columns[column]}: found ${shown(mine[column])}, expected ${shown(its[column])}`,
  );
}

/** The keys of structs and maps have no order. @param {string} _ @param {unknown} value */
function inOrder(_, value) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** @param {unknown} value */
const shown = (value) => {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 600 ? `${text.slice(0, 600)}…` : text;
};

/** A Delta type as Spark's JSON has it, in a line: `struct<a:long,b:array<string>>`. @param {any} type @returns {string} */
export function typeText(type) {
  if (typeof type === 'string') return type;
  if (type.type === 'struct')
    return `struct<${type.fields.map((/** @type {any} */ field) => `${field.name}:${typeText(field.type)}`).join(',')}>`;
  if (type.type === 'array') return `array<${typeText(type.elementType)}>`;
  return `map<${typeText(type.keyType)},${typeText(type.valueType)}>`;
}

/** The fields of a schema as engines should agree on them: what column mapping adds is each reader's own. @param {any} schema */
export const fieldsOf = (schema) =>
  schema.fields.map((/** @type {any} */ {name, type, nullable, metadata}) => ({
    name,
    type: typeText(type),
    nullable,
    ...(metadata?.comment !== undefined && {comment: metadata.comment}),
  }));

const duckTypes = /** @type {Record<string, string>} */ ({
  string: 'VARCHAR',
  long: 'BIGINT',
  integer: 'INTEGER',
  short: 'SMALLINT',
  byte: 'TINYINT',
  float: 'FLOAT',
  double: 'DOUBLE',
  boolean: 'BOOLEAN',
  binary: 'BLOB',
  date: 'DATE',
  timestamp: 'TIMESTAMP WITH TIME ZONE',
  timestamp_ntz: 'TIMESTAMP',
});

/** The type that DuckDB's Delta extension gives a column, without the quotes that some names of fields need. @param {any} type @returns {string} */
export function duckTypeText(type) {
  if (typeof type === 'string') return duckTypes[type] ?? type.toUpperCase();
  if (type.type === 'array') return `${duckTypeText(type.elementType)}[]`;
  if (type.type === 'map') return `MAP(${duckTypeText(type.keyType)}, ${duckTypeText(type.valueType)})`;
  return `STRUCT(${type.fields.map((/** @type {any} */ field) => `${field.name} ${duckTypeText(field.type)}`).join(', ')})`;
}
