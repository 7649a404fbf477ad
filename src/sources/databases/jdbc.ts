import {castColumn} from '../../pyspark/cast.ts';
import {assign, call, col, py, pyName, type NotExportable} from '../../pyspark/py.ts';
import {toSparkType} from '../../pyspark/types.ts';
import {join, quotedId, sql, typeName, type Sql} from '../../sql/sql.ts';
import type {Column} from '../../sql/types.ts';
import type {SparkLoad} from '../define.ts';

/** How Spark reads a kind of database: by JDBC, from a file of the machine that the job runs on. */
export interface Driver {
  readonly name: string;
  readonly url: string;
  readonly options: readonly (readonly [string, string])[];
  /** A table of the file by the names that the query needs. */
  path(file: string, table: readonly string[]): readonly string[];
  /** What is asked for a column, so that Java's driver rounds and shifts nothing. */
  asked(value: Sql, type: string): Sql;
  /** What Spark makes of that. */
  given(column: Column): string;
  /** For a database whose values may be of other types than their columns. */
  readonly loose?: {
    /** A value whose type the user chose: its text, a number's with all of its digits. */
    text(value: Sql): Sql;
    /** Where a value is of its column's type: others are rejects in the page, and Java's driver would make zeros of them. */
    fits(value: Sql, type: string): Sql;
  };
}

/** What a loose database can't tell of a text that starts with a day: whether a time follows it, as the page reads one. */
const timePattern =
  '^\\s*[0-9]{4}-[0-9]{2}-[0-9]{2}([ T]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6}0*)?)?\\s*(Z|[+-](0[0-9]|1[0-4]):?[0-5][0-9])?)?\\s*$';

/** A text as another type, where that succeeds. */
const castFromText = ({name, type}: Column): string =>
  castColumn({name, type: 'VARCHAR'}, {to: type, formats: [], decimal: '.'}, false);

/** A text as the type it has here; bytes come as hex. */
export function fromText({name, type}: Column): string {
  return type === 'BLOB' ? `F.unhex(${col(name)})` : `${col(name)}.cast(${py(toSparkType(type))})`;
}

/** A column of the query by its name, or made what it is here. */
function given(column: Column, driver: Driver): string {
  const {name, type} = column;
  const isAsIs = driver.asked(quotedId(name), type) === quotedId(name) || toSparkType(type) === 'string';
  return isAsIs ? pyName(name) : `${driver.given(column)}.alias(${py(name)})`;
}

/** Why files of databases can't go to Spark; undefined when they can. */
export function notInSpark({files}: SparkLoad): NotExportable | undefined {
  const [only = ''] = files;
  if (files.length > 1 || /[*?]/.test(only))
    return {
      notExportable: 'Spark reads databases one by one.',
      instead: 'Give each file a load of its own, and put them together with union.',
    };
  if (/\.gz$/i.test(only))
    return {notExportable: 'Spark reads no database in gzip.', instead: 'Unpack the file, and load that one.'};
  return undefined;
}

/** A table of a database in Spark: by JDBC, with the types that it has here. */
export function databaseInSpark(
  {files: [only = ''], options, target, columns, file}: SparkLoad,
  table: readonly string[],
  driver: Driver,
): string[] {
  const {loose} = driver;
  const path = join(driver.path(only, table).map(quotedId), '.');
  const known = columns.filter(({name}) => !options.filename || name !== 'filename');
  const cast = new Map(Object.entries(options.types).map(([name, type]) => [name.toLowerCase(), type]));
  const value = (name: string): Sql => {
    const type = cast.get(name.toLowerCase());
    return type === undefined || loose !== undefined
      ? quotedId(name)
      : sql`TRY_CAST(${quotedId(name)} AS ${typeName(type)})`;
  };
  const isChosen = ({name}: Column): boolean => loose !== undefined && cast.has(name.toLowerCase());
  const asked = (column: Column): Sql =>
    loose !== undefined && isChosen(column)
      ? loose.text(quotedId(column.name))
      : driver.asked(value(column.name), column.type);
  const query = sql`SELECT ${join(known.map((column) => sql`${asked(column)} AS ${quotedId(column.name)}`))} FROM ${path}`;
  const fitting =
    loose === undefined
      ? query
      : sql`${query} WHERE ${join(
          known.map((column) => loose.fits(quotedId(column.name), isChosen(column) ? 'VARCHAR' : column.type)),
          ' AND ',
        )}`;
  // A loose database's driver knows no types of what is computed.
  const schema = known
    .map(
      ({name, type}) =>
        `\`${name.replaceAll('`', '``')}\` ${!isChosen({name, type}) && (type === 'BIGINT' || type === 'DOUBLE') ? toSparkType(type) : 'string'}`,
    )
    .join(', ');
  const typed = loose !== undefined && known.length > 0 ? [`option('customSchema', ${py(schema)})`] : [];
  const shown = known.length === 0 ? `option('dbtable', ${py(path)})` : `option('query', ${py(fitting)})`;
  const reads = [
    "format('jdbc')",
    `option('driver', ${py(driver.name)})`,
    `option('url', ${py(driver.url)} + ${file(only)})`,
    ...driver.options.map(([key, set]) => `option(${py(key)}, ${py(set)})`),
  ];
  const named = options.filename ? [`F.lit(${py(only)}).alias('filename')`] : [];
  const times = loose !== undefined ? known.filter((column) => column.type === 'TIMESTAMP' && !isChosen(column)) : [];
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
  const note =
    loose !== undefined
      ? [
          '# Rows with a value that isn’t of its column’s declared type are left out: the page has them in NAME_rejects.',
        ]
      : [];
  return [
    '# The driver reads a file of the machine that the job runs on.',
    ...note,
    ...assign(target, 'spark.read', [...reads, ...typed, shown, 'load()', ...timed, ...select]),
  ];
}
