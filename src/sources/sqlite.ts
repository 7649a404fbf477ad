import {sql, type Sql} from '../sql/sql.ts';
import {databaseInSpark, fromText, notInSpark, type Driver} from './databases/jdbc.ts';
import {attachedInScript, readTable, shownAttached, tableIn, type AttachedTables} from './databases/tables.ts';
import {defineFiles} from './define.ts';

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

const driver: Driver = {
  name: 'org.sqlite.JDBC',
  url: 'jdbc:sqlite:',
  options: [['open_mode', '1']],
  path: (_, table) => table,
  asked: sqliteAsked,
  given: fromText,
  loose: {text: sqliteText, fits: sqliteFits},
};

const tables = {
  open: async () => (await import('./databases/sqlite.ts')).openSqlite,
  // SQLite has no schemas: a dot is a part of a table's name.
  path: (table) => [table],
  attach: {type: 'sqlite', isNamedByFile: false},
} as const satisfies AttachedTables;

export const sqlite = defineFiles('sqlite', {
  options: ['table'],
  tables,
  read: (...given) => readTable(tables, ...given),
  shown: (files, options) => shownAttached(tables, files, options),
  toPySpark: (load) => notInSpark(load) ?? databaseInSpark(load, tableIn(tables, load.options, load.found[0]), driver),
  spark: {packages: ['org.xerial:sqlite-jdbc:3.50.3.0']},
  toScript: (load) => attachedInScript(tables, load),
});
