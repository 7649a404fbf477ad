import {parsePattern} from '../../sql/datetime.ts';
import {join, lit, sql, typeName, type Sql} from '../../sql/sql.ts';
import type {Dialect, LoadOptions} from '../define.ts';
import {listed, said, shownCall, written, type Argument, type Stored} from '../shared/sql.ts';

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

/** What the SQL face of a load prints: only what the user said. */
export const shownCsv = (files: readonly string[], options: LoadOptions): Sql =>
  shownCall('read_csv', files, options, [
    ...dialect(options),
    ['types', typed(options.types)],
    ['encoding', said(options.encoding)],
    ['ignore_errors', sql`true`],
  ]);
