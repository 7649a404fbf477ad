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
}

const drivers: Readonly<Record<AttachedFormat, Driver>> = {
  duckdb: {
    name: 'org.duckdb.DuckDBDriver',
    maven: 'org.duckdb:duckdb_jdbc:1.4.3.0',
    url: 'jdbc:duckdb:',
    options: [['duckdb.read_only', 'true']],
    asked: duckDbAsked,
  },
  sqlite: {
    name: 'org.sqlite.JDBC',
    maven: 'org.xerial:sqlite-jdbc:3.50.3.0',
    url: 'jdbc:sqlite:',
    options: [['open_mode', '1']],
    asked: sqliteAsked,
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

/** SQLite's values have types of their own: each as text, which Spark casts. */
function sqliteAsked(value: Sql, type: string): Sql {
  if (type === 'BLOB') return sql`hex(${value})`;
  return type === 'BIGINT' || type === 'DOUBLE' ? value : sql`CAST(${value} AS TEXT)`;
}

/** The column as it was asked for, with the type it has here. */
function given({name, type}: Column): string {
  if (plain.has(type)) return pyName(name);
  const to = toSparkType(type);
  if (to === 'string') return pyName(name);
  const value = isTime(type)
    ? `F.timestamp_micros(${col(name)})`
    : isNested(type)
      ? `F.from_json(${col(name)}, ${py(to)})`
      : type === 'BLOB'
        ? `F.unhex(${col(name)})`
        : `${col(name)}.cast(${py(to)})`;
  return `${value}.alias(${py(name)})`;
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
  const {name: driver, url, options: settings, asked} = drivers[format];
  const path = join((found?.table ?? tablePath(options.table)).map(quotedId), '.');
  const known = columns.filter(({name}) => !options.filename || name !== 'filename');
  const cast = new Map(Object.entries(options.types).map(([name, type]) => [name.toLowerCase(), type]));
  const value = (name: string): Sql => {
    const type = cast.get(name.toLowerCase());
    return type === undefined ? quotedId(name) : sql`TRY_CAST(${quotedId(name)} AS ${typeName(type)})`;
  };
  const query = sql`SELECT ${join(known.map(({name, type}) => sql`${asked(value(name), type)} AS ${quotedId(name)}`))} FROM ${path}`;
  const shown = known.length === 0 ? `option('dbtable', ${py(path)})` : `option('query', ${py(query)})`;
  const reads = [
    "format('jdbc')",
    `option('driver', ${py(driver)})`,
    `option('url', ${py(url)} + ${file(only)})`,
    ...settings.map(([key, set]) => `option(${py(key)}, ${py(set)})`),
  ];
  const named = options.filename ? [`F.lit(${py(only)}).alias('filename')`] : [];
  const select = known.length === 0 ? [] : [call('select', [...known.map(given), ...named])];
  return ['# The driver reads a file of the machine that the job runs on.', ...assign(target, 'spark.read', [...reads, shown, 'load()', ...select])];
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
