import type {DatabaseFormat} from '../lib/file-format.ts';
import {assign, call, col, py, pyName} from '../pyspark/py.ts';
import {toSparkType} from '../pyspark/types.ts';
import {tablePath, type AttachedFormat} from '../sql/attach.ts';
import {join, quotedId, sql, typeName, type Sql} from '../sql/sql.ts';
import type {Column} from '../sql/types.ts';
import type {LoadOptions, NotExportable, SparkContext} from './define.ts';

/** How Spark reads a kind of database: by JDBC, from a file of the machine that the job runs on. */
interface Driver {
  readonly name: string;
  /** Its address at Maven. */
  readonly maven: string;
  readonly url: string;
  readonly options: readonly (readonly [string, string])[];
  /** What is asked for a column, so that Java's driver rounds and shifts nothing. */
  readonly asked: (value: Sql, type: string) => Sql;
  /** What Spark makes of that. */
  readonly given: (column: Column) => string;
}

const drivers: Readonly<Record<AttachedFormat, Driver>> = {
  duckdb: {
    name: 'org.duckdb.DuckDBDriver',
    maven: 'org.duckdb:duckdb_jdbc:1.4.3.0',
    url: 'jdbc:duckdb:',
    options: [['duckdb.read_only', 'true']],
    asked: duckDbAsked,
    given: duckDbGiven,
  },
  sqlite: {
    name: 'org.sqlite.JDBC',
    maven: 'org.xerial:sqlite-jdbc:3.50.3.0',
    url: 'jdbc:sqlite:',
    options: [['open_mode', '1']],
    asked: sqliteAsked,
    given: fromText,
  },
};

/** The driver that a job needs beside Spark, by its address at Maven. */
export const jdbcPackage = (format: AttachedFormat): string => drivers[format].maven;

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

/** SQLite's values have types of their own: each as text, which Spark casts. SQLite's hex of NULL is an empty text. */
function sqliteAsked(value: Sql, type: string): Sql {
  if (type === 'BIGINT' || type === 'DOUBLE' || type === 'VARCHAR') return value;
  return type === 'BLOB' ? sql`CASE WHEN ${value} IS NOT NULL THEN hex(${value}) END` : sql`CAST(${value} AS TEXT)`;
}

/** Where SQLite's value is of its column's type: others are rejects in the page, and Java's driver would make zeros of them. */
function sqliteFits(value: Sql, type: string): Sql {
  const text = sql`typeof(${value}) = 'text' AND date(substr(${value}, 1, 10)) = substr(${value}, 1, 10)`;
  const fits: Readonly<Record<string, Sql>> = {
    BIGINT: sql`typeof(${value}) = 'integer'`,
    DOUBLE: sql`typeof(${value}) IN ('integer', 'real')`,
    BOOLEAN: sql`typeof(${value}) = 'integer' AND ${value} IN (0, 1)`,
    BLOB: sql`typeof(${value}) = 'blob'`,
    DATE: sql`${text} AND length(${value}) = 10`,
    TIMESTAMP: sql`${text} AND datetime(${value}) IS NOT NULL`,
  };
  return sql`(${value} IS NULL OR ${fits[type] ?? sql`typeof(${value}) <> 'blob'`})`;
}

/** DuckDB's column as it was asked for, with the type it has here. */
function duckDbGiven({name, type}: Column): string {
  if (isTime(type)) return `F.timestamp_micros(${col(name)})`;
  if (isNested(type)) return `F.from_json(${col(name)}, ${py(toSparkType(type))})`;
  return fromText({name, type});
}

function fromText({name, type}: Column): string {
  return type === 'BLOB' ? `F.unhex(${col(name)})` : `${col(name)}.cast(${py(toSparkType(type))})`;
}

/** A column of the query by its name, or made what it is here. */
function given(column: Column, {asked, given: made}: Driver): string {
  const {name, type} = column;
  const isAsIs = asked(quotedId(name), type) === quotedId(name) || toSparkType(type) === 'string';
  return isAsIs ? pyName(name) : `${made(column)}.alias(${py(name)})`;
}

/** A table of a database in Spark: by JDBC, with the types that it has here. */
export function databaseInSpark(
  format: DatabaseFormat,
  files: readonly string[],
  options: LoadOptions,
  {target, columns, file = py, found: [found] = []}: SparkContext,
): string[] | NotExportable {
  const [only = ''] = files;
  if (files.length > 1 || /[*?]/.test(only))
    return {notExportable: 'Spark reads databases one by one.', instead: 'Give each file a load of its own, and put them together with union.'};
  if (/\.gz$/i.test(only)) return {notExportable: 'Spark reads no database in gzip.', instead: 'Unpack the file, and load that one.'};
  if (format === 'postgres') return dumpInSpark(only, options, {target, columns, found: found === undefined ? [] : [found]});
  const driver = drivers[format];
  const path = join((found?.table ?? tablePath(options.table)).map(quotedId), '.');
  const known = columns.filter(({name}) => !options.filename || name !== 'filename');
  const cast = new Map(Object.entries(options.types).map(([name, type]) => [name.toLowerCase(), type]));
  const value = (name: string): Sql => {
    const type = cast.get(name.toLowerCase());
    return type === undefined || format === 'sqlite' ? quotedId(name) : sql`TRY_CAST(${quotedId(name)} AS ${typeName(type)})`;
  };
  const query = sql`SELECT ${join(known.map(({name, type}) => sql`${driver.asked(value(name), type)} AS ${quotedId(name)}`))} FROM ${path}`;
  const isSqlite = format === 'sqlite';
  const fitting = isSqlite
    ? sql`${query} WHERE ${join(
        known.map(({name, type}) => sqliteFits(quotedId(name), type)),
        ' AND ',
      )}`
    : query;
  // SQLite's driver knows no types of what is computed.
  const schema = known.map(({name, type}) => `\`${name.replaceAll('`', '``')}\` ${type === 'BIGINT' || type === 'DOUBLE' ? toSparkType(type) : 'string'}`).join(', ');
  const typed = isSqlite && known.length > 0 ? [`option('customSchema', ${py(schema)})`] : [];
  const shown = known.length === 0 ? `option('dbtable', ${py(path)})` : `option('query', ${py(fitting)})`;
  const reads = [
    "format('jdbc')",
    `option('driver', ${py(driver.name)})`,
    `option('url', ${py(driver.url)} + ${file(only)})`,
    ...driver.options.map(([key, set]) => `option(${py(key)}, ${py(set)})`),
  ];
  const named = options.filename ? [`F.lit(${py(only)}).alias('filename')`] : [];
  const select = known.length === 0 ? [] : [call('select', [...known.map((column) => given(column, driver)), ...named])];
  const note = isSqlite ? ['# Rows with a value that isn’t of its column’s declared type are left out: the page has them in NAME_rejects.'] : [];
  return ['# The driver reads a file of the machine that the job runs on.', ...note, ...assign(target, 'spark.read', [...reads, ...typed, shown, 'load()', ...select])];
}

/** A table of a dump in Spark: by JDBC from the database that the dump was loaded into. */
function dumpInSpark(file: string, {table, filename}: LoadOptions, {target, columns, found: [found] = []}: Pick<SparkContext, 'target' | 'columns' | 'found'>): string[] {
  const path = join((found?.table ?? tablePath(table)).map(quotedId), '.');
  const known = columns.filter(({name}) => !filename || name !== 'filename');
  const decimals = Object.fromEntries(known.flatMap(({name, type}) => (type.startsWith('DECIMAL') ? [[name, type.toLowerCase()] as const] : [])));
  return [
    `# Load the dump into the database first, with psql -f ${file.replace(/\s+/g, ' ')}`,
    ...assign(target, `read_postgres(spark, ${py(sql`SELECT * FROM ${path}`)}, ${py(decimals)})`, filename ? [`withColumn('filename', F.lit(${py(file)}))`] : []),
  ];
}
