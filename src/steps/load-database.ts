import type {DatabaseFormat} from '../lib/file-format.ts';
import {castColumn} from '../pyspark/cast.ts';
import {assign, call, col, py, pyName} from '../pyspark/py.ts';
import {toSparkType} from '../pyspark/types.ts';
import {databaseName, tablePath, type AttachedFormat} from '../sql/attach.ts';
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

/** A value whose type the user chose: its text, a number's with all of its digits. */
const sqliteText = (value: Sql): Sql =>
  sql`CASE typeof(${value}) WHEN 'real' THEN printf('%!.17g', ${value}) ELSE CAST(${value} AS TEXT) END`;

/** Where SQLite's value is of its column's type: others are rejects in the page, and Java's driver would make zeros of them. */
function sqliteFits(value: Sql, type: string): Sql {
  const isDay = (text: Sql): Sql =>
    sql`typeof(${value}) = 'text' AND date(substr(${text}, 1, 10)) = substr(${text}, 1, 10)`;
  const fits: Readonly<Record<string, Sql>> = {
    BIGINT: sql`typeof(${value}) = 'integer'`,
    DOUBLE: sql`(typeof(${value}) = 'real' OR typeof(${value}) = 'integer' AND CAST(${value} AS REAL) = ${value})`,
    BOOLEAN: sql`typeof(${value}) = 'integer' AND ${value} IN (0, 1)`,
    BLOB: sql`typeof(${value}) = 'blob'`,
    DATE: sql`${isDay(value)} AND length(${value}) = 10`,
    TIMESTAMP: isDay(sql`trim(${value}, char(9, 10, 11, 12, 13, 32))`),
  };
  return sql`(${value} IS NULL OR ${fits[type] ?? sql`typeof(${value}) <> 'blob'`})`;
}

/** What SQLite can't tell of a text that starts with a day: whether a time follows it, as the page reads one. */
const timePattern =
  '^\\s*[0-9]{4}-[0-9]{2}-[0-9]{2}([ T]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6}0*)?)?\\s*(Z|[+-](0[0-9]|1[0-4]):?[0-5][0-9])?)?\\s*$';

/** DuckDB's column as it was asked for, with the type it has here. */
function duckDbGiven({name, type}: Column): string {
  if (isTime(type)) return `F.timestamp_micros(${col(name)})`;
  if (isNested(type)) return `F.from_json(${col(name)}, ${py(toSparkType(type))})`;
  return fromText({name, type});
}

/** A text as another type, where that succeeds. */
const castFromText = ({name, type}: Column): string =>
  castColumn({name, type: 'VARCHAR'}, {to: type, formats: [], decimal: '.'}, false);

function fromText({name, type}: Column): string {
  return type === 'BLOB' ? `F.unhex(${col(name)})` : `${col(name)}.cast(${py(toSparkType(type))})`;
}

/** A column of the query by its name, or made what it is here. */
function given(column: Column, {asked, given: made}: Driver): string {
  const {name, type} = column;
  const isAsIs = asked(quotedId(name), type) === quotedId(name) || toSparkType(type) === 'string';
  return isAsIs ? pyName(name) : `${made(column)}.alias(${py(name)})`;
}

/** DuckDB names a database as its file, and asks which of the two is meant where a schema has the same name. */
function unambiguous(file: string, path: readonly string[]): readonly string[] {
  const database = databaseName(file);
  return path.length > 1 && path[0]?.toLowerCase() === database.toLowerCase() && database !== 'main'
    ? [database, ...path]
    : path;
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
    return {
      notExportable: 'Spark reads databases one by one.',
      instead: 'Give each file a load of its own, and put them together with union.',
    };
  if (/\.gz$/i.test(only))
    return {notExportable: 'Spark reads no database in gzip.', instead: 'Unpack the file, and load that one.'};
  if (format === 'postgres')
    return dumpInSpark(only, options, {target, columns, found: found === undefined ? [] : [found]});
  const driver = drivers[format];
  const names = found?.table ?? tablePath(options.table, format);
  const path = join((format === 'duckdb' ? unambiguous(only, names) : names).map(quotedId), '.');
  const known = columns.filter(({name}) => !options.filename || name !== 'filename');
  const cast = new Map(Object.entries(options.types).map(([name, type]) => [name.toLowerCase(), type]));
  const value = (name: string): Sql => {
    const type = cast.get(name.toLowerCase());
    return type === undefined || format === 'sqlite'
      ? quotedId(name)
      : sql`TRY_CAST(${quotedId(name)} AS ${typeName(type)})`;
  };
  const isChosen = ({name}: Column): boolean => format === 'sqlite' && cast.has(name.toLowerCase());
  const asked = (column: Column): Sql =>
    isChosen(column) ? sqliteText(quotedId(column.name)) : driver.asked(value(column.name), column.type);
  const query = sql`SELECT ${join(known.map((column) => sql`${asked(column)} AS ${quotedId(column.name)}`))} FROM ${path}`;
  const isSqlite = format === 'sqlite';
  const fitting = isSqlite
    ? sql`${query} WHERE ${join(
        known.map((column) => sqliteFits(quotedId(column.name), isChosen(column) ? 'VARCHAR' : column.type)),
        ' AND ',
      )}`
    : query;
  // SQLite's driver knows no types of what is computed.
  const schema = known
    .map(
      ({name, type}) =>
        `\`${name.replaceAll('`', '``')}\` ${!isChosen({name, type}) && (type === 'BIGINT' || type === 'DOUBLE') ? toSparkType(type) : 'string'}`,
    )
    .join(', ');
  const typed = isSqlite && known.length > 0 ? [`option('customSchema', ${py(schema)})`] : [];
  const shown = known.length === 0 ? `option('dbtable', ${py(path)})` : `option('query', ${py(fitting)})`;
  const reads = [
    "format('jdbc')",
    `option('driver', ${py(driver.name)})`,
    `option('url', ${py(driver.url)} + ${file(only)})`,
    ...driver.options.map(([key, set]) => `option(${py(key)}, ${py(set)})`),
  ];
  const named = options.filename ? [`F.lit(${py(only)}).alias('filename')`] : [];
  const times = isSqlite ? known.filter((column) => column.type === 'TIMESTAMP' && !isChosen(column)) : [];
  const timed = times.map(({name}) =>
    call('where', [`${col(name)}.isNull() | ${col(name)}.rlike(${py(timePattern)})`]),
  );
  const select =
    known.length === 0
      ? []
      : [
          call('select', [
            ...known.map((column) =>
              isChosen(column) ? `${castFromText(column)}.alias(${py(column.name)})` : given(column, driver),
            ),
            ...named,
          ]),
        ];
  const note = isSqlite
    ? ['# Rows with a value that isn’t of its column’s declared type are left out: the page has them in NAME_rejects.']
    : [];
  return [
    '# The driver reads a file of the machine that the job runs on.',
    ...note,
    ...assign(target, 'spark.read', [...reads, ...typed, shown, 'load()', ...timed, ...select]),
  ];
}

/** A table of a dump in Spark: by JDBC from the database that the dump was loaded into. */
function dumpInSpark(
  file: string,
  {table, types, filename}: LoadOptions,
  {target, columns, found: [found] = []}: Pick<SparkContext, 'target' | 'columns' | 'found'>,
): string[] {
  const path = join((found?.table ?? tablePath(table, 'postgres')).map(quotedId), '.');
  const known = columns.filter(({name}) => !filename || name !== 'filename');
  const chosen = new Set(Object.keys(types).map((name) => name.toLowerCase()));
  const isChosen = ({name}: Column): boolean => chosen.has(name.toLowerCase());
  const decimals = Object.fromEntries(
    known.flatMap((column) =>
      column.type.startsWith('DECIMAL') && !isChosen(column) ? [[column.name, column.type.toLowerCase()] as const] : [],
    ),
  );
  const cast = known
    .filter(isChosen)
    .map(({name, type}) => `withColumn(${py(name)}, ${col(name)}.try_cast(${py(toSparkType(type))}))`);
  return [
    `# Load the dump into the database first, with psql -f ${file.replace(/\s+/g, ' ')}`,
    ...assign(target, `read_postgres(spark, ${py(sql`SELECT * FROM ${path}`)}, ${py(decimals)})`, [
      ...cast,
      ...(filename ? [`withColumn('filename', F.lit(${py(file)}))`] : []),
    ]),
  ];
}
