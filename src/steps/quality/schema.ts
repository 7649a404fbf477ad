import {p, type Values} from '../../params/index.ts';
import {py} from '../../pyspark/py.ts';
import {toSparkType} from '../../pyspark/types.ts';
import {duckType} from '../../sql/cast.ts';
import {lit, sql} from '../../sql/sql.ts';
import type {Column} from '../../sql/types.ts';
import {findColumn} from '../checks.ts';
import type {Check} from './check.ts';

/** What consistency expects; other dimensions say that a column isn’t as expected, where the cell would fail. */
export const schemaParams = {
  schema: p.map(
    'column',
    {type: p.text({label: 'Type', placeholder: 'double'})},
    {label: 'Expected columns', help: 'Column: type, as Spark names it.', default: {}, short: 'type'},
  ),
};
type Schema = Values<typeof schemaParams>;

/** A type as Spark prints it. */
export const sparkName = (type: string): string => toSparkType(type).replaceAll('`', '');

/** The type that a notebook names in Spark’s words or DuckDB’s, as Spark prints it; undefined when it is none. */
export function expectedType(text: string): string | undefined {
  const duck = duckType(text);
  if (duck !== undefined) return sparkName(duck);
  const plain = text.replaceAll(/\s+/g, '');
  return /^(array|map|struct)<.+>$/.test(plain) ? plain : undefined;
}

/** Whether a column that the schema names is missing, or of another family than it says: then checks of it fail, and the cell doesn’t. */
export function isUnexpected(name: string, {schema}: Schema, columns: readonly Column[]): boolean {
  const [, expected] = Object.entries(schema).find(([known]) => known.toLowerCase() === name.toLowerCase()) ?? [];
  const column = findColumn(name, columns);
  return expected !== undefined && (column === undefined || sparkName(column.type) !== expectedType(expected.type));
}

/** Whether checks can look at a column, as far as the columns are known. */
export const isUsable = (name: string, values: Schema, columns: readonly Column[]): boolean =>
  columns.length === 0 || !isUnexpected(name, values, columns);

/** Those of these names that a problem is to be told of: what the schema names and isn’t there, or is of another type, fails its checks instead. */
export const notUnexpected = (names: readonly string[], values: Schema, columns: readonly Column[]): string[] =>
  names.filter((name) => !isUnexpected(name, values, columns));

/** A check of a column that isn’t there, or isn’t of the type that the schema expects: it fails, and says what was found. */
export function broken(check: Omit<Check, 'observed'>, name: string, columns: readonly Column[]): Check {
  const column = findColumn(name, columns);
  const text = column === undefined ? 'missing' : sparkName(column.type);
  return {...check, observed: {sql: sql`NULL`, spark: 'None'}, found: {sql: lit(text), spark: py(text)}};
}
