import {isDatabase, type DatabaseFormat, type FileFormat} from '../lib/file-format.ts';
import {attached, attachedNames, tablePath} from './attach.ts';
import {parsePattern} from './datetime.ts';
import {id, join, lit, quotedId, sql, typeName, type Sql} from './sql.ts';

/** How `load` reads its files; undefined means: find out. */
export interface LoadOptions {
  readonly format: FileFormat | undefined;
  /** The table of a database to read; undefined for its only one. */
  readonly table: string | undefined;
  readonly encoding: 'utf-8' | 'utf-16' | 'latin-1' | 'windows-1252' | undefined;
  readonly delimiter: string | undefined;
  readonly quote: string | undefined;
  readonly decimal: '.' | ',' | undefined;
  readonly header: boolean | undefined;
  readonly skip: number | undefined;
  readonly nullStrings: readonly string[];
  /** A Spark pattern, or a strptime format with its “%”. */
  readonly timestampFormat: string | undefined;
  /** Column → DuckDB type; the rest are found out. */
  readonly types: Readonly<Record<string, string>>;
  readonly filename: boolean;
}

type Argument = readonly [name: string, value: Sql | undefined];

const written = (args: readonly Argument[]): Sql[] =>
  args.flatMap(([name, value]) => (value === undefined ? [] : [sql`${id(name)} = ${value}`]));

const said = (value: string | number | boolean | undefined): Sql | undefined =>
  value === undefined ? undefined : lit(value);

const listed = (texts: readonly string[]): Sql => sql`[${join(texts.map(lit))}]`;

/** Column names and types as read_csv takes them: `{'temperature': 'DOUBLE'}`. */
const typed = (types: Readonly<Record<string, string>>): Sql | undefined => {
  const pairs = Object.entries(types).map(([name, type]) => sql`${lit(name)}: ${lit(typeName(type))}`);
  return pairs.length === 0 ? undefined : sql`{${join(pairs)}}`;
};

/** The strptime format for a Spark pattern; what has a “%” is one already, as the sniffer finds it. Undefined when read_csv can't read times in this way. */
export function csvTimeFormat(pattern: string): string | undefined {
  if (pattern.includes('%')) return pattern;
  const parsed = parsePattern(pattern);
  // read_csv takes one format, and its %z refuses a Z.
  const usable = parsed.ok && parsed.value.formats.length === 1 && !parsed.value.zoned && parsed.value.year;
  return usable ? parsed.value.formats[0] : undefined;
}

/** What the user said about how the text is written. */
const dialect = (options: LoadOptions): Argument[] => [
  ['delim', said(options.delimiter)],
  ['quote', said(options.quote)],
  ['decimal_separator', said(options.decimal)],
  ['header', said(options.header)],
  ['skip', said(options.skip)],
  ['nullstr', options.nullStrings.length === 0 ? undefined : listed(options.nullStrings)],
  ['timestampformat', said(options.timestampFormat === undefined ? undefined : csvTimeFormat(options.timestampFormat))],
];

/** How a file lies where it is read: packed or not (undefined: as its name says), and in UTF-8 unless it says otherwise. */
export interface Stored {
  readonly compression: 'none' | 'gzip' | undefined;
  readonly encoding?: 'utf-16' | 'latin-1' | undefined;
}

// Files are registered unpacked and in UTF-8, under names that may still end in .gz.
const registered: Stored = {compression: 'none'};

const storedAs = ({compression, encoding}: Stored): Argument[] => [
  ['compression', said(compression)],
  ['encoding', said(encoding)],
];

/**
 * `read_csv(…)` over registered UTF-8 files, to stand in FROM. Lines that don't fit go to `reject_errors`, all of them,
 * instead of stopping the read; short lines are among them, never padded. Several files have the columns of the first,
 * by place: DuckDB keeps no rejects when it reads by name.
 */
export const readCsv = (names: readonly string[], options: LoadOptions, stored = registered): Sql =>
  sql`read_csv(${join([
    listed(names),
    ...written([
      ...dialect(options),
      ['types', typed(options.types)],
      ['filename', options.filename ? sql`true` : undefined],
      ...storedAs(stored),
      ['null_padding', sql`false`],
      ['store_rejects', sql`true`],
      ['rejects_limit', sql`0`],
    ]),
  ])})`;

/** How a CSV file is written, as the sniffer tells it: enough to read it without sniffing again. */
export interface Dialect {
  readonly delimiter: string;
  readonly quote: string;
  readonly escape: string;
  readonly comment: string;
  /** With its backslashes: `\n`, `\r\n` or `\r`. */
  readonly newLine: string;
  readonly header: boolean;
  readonly skip: number;
  readonly dateFormat: string | undefined;
  readonly timestampFormat: string | undefined;
  readonly columns: readonly {readonly name: string; readonly type: string}[];
}

/** `readCsv` of one file whose dialect is known; `options.types` go before the sniffer's. */
export function readCsvAs(name: string, found: Dialect, options: LoadOptions, stored = registered): Sql {
  const types = new Map(Object.entries(options.types).map(([column, type]) => [column.toLowerCase(), type]));
  const columns = Object.fromEntries(
    found.columns.map((column) => [column.name, types.get(column.name.toLowerCase()) ?? column.type]),
  );
  return sql`read_csv(${join([
    lit(name),
    ...written([
      ['auto_detect', sql`false`],
      ['columns', typed(columns)],
      ['delim', lit(found.delimiter)],
      ['quote', lit(found.quote)],
      ['escape', lit(found.escape)],
      ['comment', lit(found.comment)],
      ['new_line', lit(found.newLine)],
      ['header', lit(found.header)],
      ['skip', lit(found.skip)],
      ['dateformat', said(found.dateFormat)],
      ['timestampformat', said(found.timestampFormat)],
      ['decimal_separator', said(options.decimal)],
      ['nullstr', options.nullStrings.length === 0 ? undefined : listed(options.nullStrings)],
      ['filename', options.filename ? sql`true` : undefined],
      ...storedAs(stored),
      ['null_padding', sql`false`],
      ['store_rejects', sql`true`],
      ['rejects_limit', sql`0`],
    ]),
  ])})`;
}

/** `FROM sniff_csv(…)`: one row that says how DuckDB would read the file. Types are left out: one that fails would hide the delimiter. */
export const sniffCsv = (name: string, options: LoadOptions): Sql =>
  sql`FROM sniff_csv(${join([lit(name), ...written([...dialect(options), ...storedAs(registered), ['null_padding', sql`false`], ['ignore_errors', sql`true`]])])})`;

/** The lines that the last `readCsv` refused, one row each, as `NAME_rejects` has them: file, line, column_name, raw, reason. */
export const rejectedLines = (
  file: string,
  errors = sql`reject_errors`,
): Sql => sql`SELECT ${lit(file)} AS file, line::BIGINT AS line, arg_min(column_name, column_idx) AS column_name, any_value(csv_line) AS raw,
  string_agg(error_message, ' · ' ORDER BY column_idx) AS reason
FROM (
  FROM ${errors}
  QUALIFY error_type <> 'MISSING COLUMNS' OR row_number() OVER (PARTITION BY line, error_type ORDER BY column_idx) = 1
)
GROUP BY line
ORDER BY line`;

/** What the SQL face of a load prints: only what the user said, over the files by their own names. */
export function shownRead(files: readonly string[], options: LoadOptions): Sql {
  const [only] = files;
  const names = files.length === 1 && only !== undefined ? lit(only) : listed(files);
  const format = options.format ?? formatOf(files);
  if (isDatabase(format)) return shownDatabases(files, format, options);
  const ofCsv: Argument[] =
    format === 'csv'
      ? [
          ...dialect(options),
          ['types', typed(options.types)],
          ['encoding', said(options.encoding)],
          ['ignore_errors', sql`true`],
        ]
      : [];
  const args: Argument[] = [
    ...ofCsv,
    ['filename', options.filename ? sql`true` : undefined],
    ['union_by_name', files.length > 1 ? sql`true` : undefined],
  ];
  return sql`SELECT * FROM ${id(`read_${format}`)}(${join([names, ...written(args)])})`;
}

function shownDatabases(files: readonly string[], format: DatabaseFormat, {table, filename}: LoadOptions): Sql {
  if (format === 'postgres')
    return sql`-- in PostgreSQL, once psql -f has loaded the file\nSELECT * FROM ${join(tablePath(table, format).map(quotedId), '.')}`;
  const tables = files.map((file) => ({file, format, path: tablePath(table, format)}));
  const names = attachedNames(tables);
  const parts = tables.map((one) => ({file: one.file, ...attached(one, names.get(one.file) ?? one.file)}));
  const rows = parts.map(
    ({file, relation}) => sql`SELECT *${filename ? sql`, ${lit(file)} AS filename` : sql``} FROM ${relation}`,
  );
  return sql`${join(
    parts.map(({attach}) => sql`${attach};\n`),
    '',
  )}${join(rows, '\nUNION ALL BY NAME\n')}`;
}

/** What the ending of a file's name says it is. */
export function formatOf(files: readonly string[]): FileFormat {
  const name = (files[0] ?? '').toLowerCase().replace(/\.gz$/, '');
  if (/\.(duckdb|ddb)$/.test(name)) return 'duckdb';
  if (/\.(sqlite3?|db3?)$/.test(name)) return 'sqlite';
  if (/\.sql$/.test(name)) return 'postgres';
  if (/\.(parquet|pq)$/.test(name)) return 'parquet';
  return /\.(json|ndjson|jsonl)$/.test(name) ? 'json' : 'csv';
}
