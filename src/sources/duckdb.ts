import {col, py} from '../pyspark/py.ts';
import {toSparkType} from '../pyspark/types.ts';
import {sql, type Sql} from '../sql/sql.ts';
import type {Column} from '../sql/types.ts';
import {databaseName, schemaAndName} from './databases/attach.ts';
import {databaseInSpark, fromText, notInSpark, type Driver} from './databases/jdbc.ts';
import {attachedInScript, readTable, shownAttached, tableIn, type AttachedTables} from './databases/tables.ts';
import {defineFiles} from './define.ts';

const plain = new Set(['BOOLEAN', 'INTEGER', 'BIGINT', 'DOUBLE', 'VARCHAR']);
const isTime = (type: string): boolean => type.startsWith('TIMESTAMP');
const isNested = (type: string): boolean => type.endsWith(']') || /^(STRUCT|MAP)\(/.test(type);

function duckDbAsked(value: Sql, type: string): Sql {
  if (plain.has(type)) return value;
  if (isTime(type)) return sql`epoch_us(${value})`;
  if (isNested(type)) return sql`CAST(to_json(${value}) AS VARCHAR)`;
  if (type === 'BLOB') return sql`hex(${value})`;
  return sql`CAST(${value} AS VARCHAR)`;
}

/** DuckDB's column as it was asked for, with the type it has here. */
function duckDbGiven({name, type}: Column): string {
  if (isTime(type)) return `F.timestamp_micros(${col(name)})`;
  if (isNested(type)) return `F.from_json(${col(name)}, ${py(toSparkType(type))})`;
  return fromText({name, type});
}

/** DuckDB names a database as its file, and asks which of the two is meant where a schema has the same name. */
function unambiguous(file: string, path: readonly string[]): readonly string[] {
  const database = databaseName(file);
  return path.length > 1 && path[0]?.toLowerCase() === database.toLowerCase() && database !== 'main'
    ? [database, ...path]
    : path;
}

const driver: Driver = {
  name: 'org.duckdb.DuckDBDriver',
  url: 'jdbc:duckdb:',
  options: [['duckdb.read_only', 'true']],
  path: unambiguous,
  asked: duckDbAsked,
  given: duckDbGiven,
};

const tables = {
  open: async () => (await import('./databases/duckdb.ts')).openDuckDb,
  path: schemaAndName,
  attach: {type: 'duckdb', isNamedByFile: true},
} as const satisfies AttachedTables;

export const duckdb = defineFiles('duckdb', {
  options: ['table'],
  tables,
  read: (...given) => readTable(tables, ...given),
  shown: (files, options) => shownAttached(tables, files, options),
  toPySpark: (load) => notInSpark(load) ?? databaseInSpark(load, tableIn(tables, load.options, load.found[0]), driver),
  spark: {packages: ['org.duckdb:duckdb_jdbc:1.4.3.0']},
  toScript: (load) => attachedInScript(tables, load),
});
