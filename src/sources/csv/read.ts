import {problemOf, ProblemError} from '../../lib/problem.ts';
import {count} from '../../lib/text.ts';
import type {Ports, Sniffed} from '../../ports/index.ts';
import {id, lit, sql, type Sql} from '../../sql/sql.ts';
import type {Destination, Detected, Dialect, Incoming, LoadOptions, ReadSo} from '../define.ts';
import {checkTypes} from '../shared/columns.ts';
import {rejectedLines, readCsv, readCsvAs, sniffCsv} from './sql.ts';

/** Reads a CSV file by handle; lines that can't be read go to `to.rejects`. */
export async function readCsvFile(ports: Ports, from: Incoming, to: Destination): Promise<ReadSo> {
  try {
    return await read(ports, from, to);
  } catch (thrown) {
    throw aboutFile(thrown, from);
  }
}

async function read(ports: Ports, from: Incoming, to: Destination): Promise<ReadSo> {
  const {engine} = ports;
  const {file, options} = from;
  const columns = options.filename ? sql`* REPLACE (${lit(file)} AS filename)` : sql`*`;
  const limit = to.limit === undefined ? sql`` : sql` LIMIT ${lit(to.limit)}`;
  // DuckDB adds to these tables with every scan.
  const clear = [sql`DROP TABLE IF EXISTS reject_errors`, sql`DROP TABLE IF EXISTS reject_scans`];
  const {dialect, isTyped} = await withCsv(ports, from, to, async (csv) => {
    await engine.execute(
      [...clear, sql`CREATE TABLE ${id(to.table)} AS SELECT ${columns} FROM ${csv.source}${limit}`],
      {signal: to.signal},
    );
    return csv;
  });
  const [{rows}] = await Promise.all([
    engine.describeTable('reject_errors', {signal: to.signal}),
    checkTypes(ports, file, options, to),
  ]);
  const found = isTyped ? dialect.columns : (await engine.describeTable(to.table, {signal: to.signal})).columns;
  const csv = {...dialect, columns: options.filename ? found.filter(({name}) => name !== 'filename') : found};
  if (rows === 0) return {csv, hasRejects: false};
  await engine.execute([sql`CREATE TABLE ${id(to.rejects)} AS ${rejectedLines(file)}`], {signal: to.signal});
  return {csv, hasRejects: true};
}

/** A CSV file that the engine can read, with its options completed by what can be found out; `dialect` is what it is read by. */
interface OpenCsv {
  readonly source: Sql;
  readonly detected: Detected;
  readonly dialect: Detected;
  readonly isTyped: boolean;
}

/** Makes a CSV file readable by the engine while `use` runs, and no longer: SQL of a notebook that may not read it must not find it. */
async function withCsv<T>(
  ports: Ports,
  {file, sniffed, options: given}: Incoming,
  to: Pick<Destination, 'onProgress' | 'signal'>,
  use: (csv: OpenCsv) => Promise<T>,
): Promise<T> {
  const {engine, storage} = ports;
  const options = {...given, encoding: given.encoding ?? sniffed.encoding};
  const plain = await storage.plainText(file, options, (bytes) =>
    to.onProgress({done: bytes, total: 0, note: `${count(Math.round(bytes / 1e6))} MB read`}),
  );
  // Another encoding gives another text, so the name tells them apart.
  const name = registeredName(file, options.encoding);
  await engine.registerFile(name, plain);
  try {
    return await use(await understandCsv(ports, name, sniffed, options, to.signal));
  } finally {
    // An engine that doesn't answer any more is ended, and knows no file then.
    await engine.dropFile(name).catch(() => undefined);
  }
}

async function understandCsv(
  ports: Ports,
  name: string,
  sniffed: Sniffed,
  options: LoadOptions,
  signal: AbortSignal | undefined,
): Promise<OpenCsv> {
  const detected = await detect(ports, name, options, signal);
  // DuckDB takes a file whose beginning has no quotes for one without any, and would misread those further down.
  const unquoted = options.quote === undefined && detected.quote === '' && !sniffed.head.includes('"');
  const dialect = unquoted ? {...detected, quote: '"', escape: '"'} : detected;
  // Numbers with a decimal comma were sniffed as texts: their types are still to be found.
  const isTyped = detected.decimal === (options.decimal ?? '.') && detected.columns.length > 0;
  const source = isTyped
    ? readCsvAs(name, dialect, options)
    : readCsv([name], {
        ...options,
        delimiter: options.delimiter ?? (detected.delimiter || undefined),
        quote: unquoted ? '"' : options.quote,
        decimal: detected.decimal,
      });
  return {source, detected, dialect, isTyped};
}

/** The name a file has in the engine, which looks names up by their beginning and as a pattern: so it has letters, digits, `_`, `-` and `%` only, and an end. */
const registeredName = (file: string, encoding: string): string =>
  `${encoding}/${encodeURIComponent(file).replace(/[.!~*'()]/g, (char) => `%${char.charCodeAt(0).toString(16)}`)}/text`;

/** A problem that the engine found, about the file as the user knows it. */
function aboutFile(thrown: unknown, {file, sniffed, options}: Incoming): ProblemError {
  const encoding = options.encoding ?? sniffed.encoding;
  const problem = problemOf(thrown);
  const {where, ...rest} = problem;
  const ofFile = where?.file === undefined ? {} : {where: {...where, file}};
  return new ProblemError(
    {
      ...rest,
      ...(where === undefined ? {} : {where}),
      ...ofFile,
      message: problem.message.replaceAll(registeredName(file, encoding), file),
    },
    {cause: thrown},
  );
}

/** How a CSV file would be read with these options. */
export async function detectCsv(ports: Ports, from: Incoming, signal: AbortSignal | undefined): Promise<Detected> {
  try {
    return await withCsv(ports, from, {onProgress: () => undefined, signal}, ({detected}) => Promise.resolve(detected));
  } catch (thrown) {
    throw aboutFile(thrown, from);
  }
}

const sniffTable = 'csv_sniffed';

async function detect(
  ports: Ports,
  name: string,
  options: LoadOptions,
  signal: AbortSignal | undefined,
): Promise<Detected> {
  const {engine} = ports;
  // Asking for columns and then for rows would sniff the file twice.
  await engine.execute([sql`CREATE OR REPLACE TEMP TABLE ${id(sniffTable)} AS ${sniffCsv(name, options)}`], {signal});
  const {columns, rows} = await engine.rows(sql`FROM ${id(sniffTable)}`, {signal});
  const found = new Map(columns.map((column, i) => [column.name, rows[0]?.[i] ?? null]));
  const text = (column: string): string => {
    const value = found.get(column);
    return typeof value === 'string' ? value.replace('(empty)', '') : '';
  };
  return {
    delimiter: text('Delimiter'),
    quote: text('Quote'),
    escape: text('Escape'),
    comment: text('Comment'),
    newLine: text('NewLineDelimiter'),
    header: found.get('HasHeader') === true,
    skip: Number(found.get('SkipRows') ?? 0),
    dateFormat: text('DateFormat') || undefined,
    timestampFormat: text('TimestampFormat') || undefined,
    // The cast: sniff_csv gives a list of these.
    columns: (found.get('Columns') ?? []) as Dialect['columns'],
    decimal: options.decimal ?? (await detectDecimal(ports, name, options, text('Delimiter'), signal)),
  };
}

/** A comma is the decimal mark when it isn't the delimiter and texts of the first rows look like `1,5`, and none like `1.5`. */
async function detectDecimal(
  ports: Ports,
  name: string,
  options: LoadOptions,
  delimiter: string,
  signal: AbortSignal | undefined,
): Promise<'.' | ','> {
  if (delimiter === ',') return '.';
  const sample = readCsv([name], {...options, types: {}});
  const matches = (pattern: string): Sql => sql`count(*) FILTER (WHERE regexp_full_match(v, ${lit(pattern)}))`;
  const counted = await ports.engine.rows(
    sql`SELECT ${matches('-?\\d+,\\d+')}, ${matches('-?\\d+\\.\\d+')} FROM (UNPIVOT (SELECT COLUMNS(*)::VARCHAR FROM ${sample} LIMIT 1000) ON COLUMNS(*) INTO NAME n VALUE v)`,
    {signal},
  );
  const [commas = 0, points = 0] = (counted.rows[0] ?? []).map(Number);
  return commas > points ? ',' : '.';
}
