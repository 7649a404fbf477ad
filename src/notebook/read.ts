import {isDatabase, type DatabaseFormat} from '../lib/file-format.ts';
import {problemOf, ProblemError, type Problem} from '../lib/problem.ts';
import {closest, count, list} from '../lib/text.ts';
import type {Ports, Progress, Reject, Sniffed} from '../ports/index.ts';
import {rejectedLines, readCsv, readCsvAs, sniffCsv, type Dialect} from '../sql/read-csv.ts';
import {id, join, lit, sql, typeName, type Sql} from '../sql/sql.ts';
import type {LoadOptions} from '../steps/define.ts';
import type {SourceTable} from './databases/index.ts';

export interface Destination {
  /** The engine's tables for the rows and for what could not be read. */
  readonly table: string;
  readonly rejects: string;
  readonly onProgress: (progress: Progress) => void;
  readonly signal: AbortSignal | undefined;
  /** Reads only about so many rows: for previews. */
  readonly limit?: number;
  /** Is told of a database's tables, and chooses one where none is named. */
  readonly choose?: (tables: readonly SourceTable[]) => string | undefined;
}

/** What was found out about a CSV file where the user said nothing. */
export interface Detected extends Dialect {
  readonly decimal: '.' | ',';
}

/** A file of the workspace, and how it was read: as the user said, or as it was found out. */
export interface FileRead {
  readonly file: string;
  readonly format: Sniffed['format'];
  readonly encoding: Sniffed['encoding'];
  readonly gzip: boolean;
  readonly csv: Detected | undefined;
  /** The table of a database that was read, by its schema and name. */
  readonly table: readonly string[] | undefined;
  /** JSON that is one array, or has objects over several lines: it can't be read line by line. */
  readonly isWhole: boolean;
}

export interface FilesRead {
  /** The table of rejected rows (file, line, column_name, raw, reason), or undefined when every row could be read. */
  readonly rejects: string | undefined;
  readonly files: readonly FileRead[];
}

/**
 * Reads files of the workspace into `to.table`: text by handle, JSON and Parquet batch by batch. Several files are put
 * together by column name.
 */
export async function readFiles(
  ports: Ports,
  files: readonly string[],
  options: LoadOptions,
  to: Destination,
): Promise<FilesRead> {
  const {engine} = ports;
  const isAlone = files.length === 1;
  const partOf = (i: number): Destination =>
    isAlone ? to : {...to, table: `${to.table}_part${i}`, rejects: `${to.rejects}_part${i}`};
  const drop = (names: readonly string[]): Promise<void> =>
    engine.execute(names.map((name) => sql`DROP TABLE IF EXISTS ${id(name)}`));
  const temporary = isAlone ? [] : files.flatMap((_, i) => [partOf(i).table, partOf(i).rejects]);
  const sniffing = Promise.all(
    files.map(async (file, i) => ({file, sniffed: await ports.storage.sniff(file, options), to: partOf(i)})),
  );
  const [parts] = await Promise.all([sniffing, drop([to.table, to.rejects, ...temporary])]);
  try {
    const rejects: string[] = [];
    const read: FileRead[] = [];
    for (const part of parts) {
      const {hasRejects, ...file} = await readOne(ports, part.file, part.sniffed, options, part.to);
      if (hasRejects) rejects.push(part.to.rejects);
      read.push(file);
    }
    const tables = parts.map((part) => part.to.table);
    if (!isAlone)
      await engine.execute([gather(tables, to.table), ...(rejects.length === 0 ? [] : [gather(rejects, to.rejects)])], {
        signal: to.signal,
      });
    return {rejects: rejects.length === 0 ? undefined : to.rejects, files: read};
  } catch (thrown) {
    // What went wrong matters more than that this does, too.
    await drop([to.table, to.rejects]).catch(() => undefined);
    throw thrown;
  } finally {
    if (!isAlone) await drop(temporary).catch(() => undefined);
  }
}

/** One table of several by column name. */
const gather = (tables: readonly string[], table: string): Sql =>
  sql`CREATE TABLE ${id(table)} AS ${join(
    tables.map((part) => sql`(FROM ${id(part)})`),
    ' UNION ALL BY NAME ',
  )}`;

/** Reads one file. */
async function readOne(
  ports: Ports,
  file: string,
  sniffed: Sniffed,
  options: LoadOptions,
  to: Destination,
): Promise<FileRead & {hasRejects: boolean}> {
  const {format} = sniffed;
  const read = {
    file,
    format,
    encoding: options.encoding ?? sniffed.encoding,
    gzip: sniffed.gzip,
    isWhole: format === 'json' && isWhole(sniffed.head),
    table: undefined,
  };
  if (isDatabase(format))
    return {...read, csv: undefined, ...(await readDatabaseFile(ports, file, format, options, to))};
  if (options.table !== undefined) throw new ProblemError(noDatabase(file, options.table));
  if (format !== 'csv') return {...read, csv: undefined, hasRejects: await readArrowFile(ports, file, options, to)};
  try {
    return {...read, ...(await readCsvFile(ports, file, sniffed, options, to))};
  } catch (thrown) {
    throw aboutFile(thrown, file, options.encoding ?? sniffed.encoding);
  }
}

/** Whether the first line of a JSON file is no object of its own. */
function isWhole(head: string): boolean {
  const [line = ''] = head.trimStart().split('\n', 1);
  return line.startsWith('[') || !line.trimEnd().endsWith('}');
}

async function readCsvFile(
  ports: Ports,
  file: string,
  sniffed: Sniffed,
  options: LoadOptions,
  to: Destination,
): Promise<{csv: Detected; hasRejects: boolean}> {
  const {engine} = ports;
  const columns = options.filename ? sql`* REPLACE (${lit(file)} AS filename)` : sql`*`;
  const limit = to.limit === undefined ? sql`` : sql` LIMIT ${lit(to.limit)}`;
  // DuckDB adds to these tables with every scan.
  const clear = [sql`DROP TABLE IF EXISTS reject_errors`, sql`DROP TABLE IF EXISTS reject_scans`];
  const {dialect, isTyped} = await withCsv(ports, file, sniffed, options, to, async (csv) => {
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
  file: string,
  sniffed: Sniffed,
  given: LoadOptions,
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
function aboutFile(thrown: unknown, file: string, encoding: string): ProblemError {
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
export async function detectCsv(
  ports: Ports,
  file: string,
  sniffed: Sniffed,
  options: LoadOptions,
  signal: AbortSignal | undefined,
): Promise<Detected> {
  try {
    return await withCsv(ports, file, sniffed, options, {onProgress: () => undefined, signal}, ({detected}) =>
      Promise.resolve(detected),
    );
  } catch (thrown) {
    throw aboutFile(thrown, file, options.encoding ?? sniffed.encoding);
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

async function readDatabaseFile(
  ports: Ports,
  file: string,
  format: DatabaseFormat,
  options: LoadOptions,
  to: Destination,
): Promise<{table: readonly string[]; hasRejects: boolean}> {
  const {tableOf, withDatabase} = await import('./databases/index.ts');
  const read = await withDatabase(ports, file, format, to, async (database) => {
    const chosen = to.choose?.(database.tables);
    const table = tableOf(file, database.tables, options.table ?? chosen);
    return {table: table.path, hasRejects: await database.read(table, {...to, types: options.types})};
  });
  await finish(ports, file, options, to);
  return read;
}

const noDatabase = (file: string, table: string): Problem => ({
  code: 'NOT_DATABASE',
  message: `${file} is no database, so it has no table ${table} to choose.`,
  hint: 'Take table out, or load a database’s file.',
  where: {file, param: 'table'},
});

async function readArrowFile(ports: Ports, file: string, options: LoadOptions, to: Destination): Promise<boolean> {
  const {engine, storage} = ports;
  const enough = new AbortController();
  const signal = to.signal === undefined ? enough.signal : AbortSignal.any([to.signal, enough.signal]);
  let created = false;
  let rejects: readonly Reject[] = [];
  try {
    rejects = await storage.readArrow(
      file,
      options,
      async (ipc, done, total) => {
        await engine.insert(to.table, ipc, !created, {signal: to.signal});
        created = true;
        to.onProgress({done, total});
        if (to.limit !== undefined && done < total) enough.abort();
      },
      {signal},
    );
  } catch (thrown) {
    // A preview has what it wants after the first batch.
    if (!enough.signal.aborted || to.signal?.aborted === true) throw thrown;
  }
  if (!created) throw new ProblemError(noRows(file, rejects));
  await finish(ports, file, options, to);
  if (rejects.length === 0) return false;
  const rows = rejects.map(
    (reject) =>
      sql`(${lit(file)}, ${lit(reject.line)}::BIGINT, ${lit(reject.column)}, ${lit(reject.raw)}, ${lit(reject.reason)})`,
  );
  await engine.execute([
    sql`CREATE TABLE ${id(to.rejects)} AS SELECT * FROM (VALUES ${join(rows)}) AS t(file, line, column_name, raw, reason)`,
  ]);
  return true;
}

/** Columns of the table that `schema` names, with the types it gives them; throws when there is no such column. */
async function checkTypes(
  ports: Ports,
  file: string,
  options: LoadOptions,
  to: Destination,
): Promise<{column: string; type: string}[]> {
  const wanted = Object.entries(options.types);
  if (wanted.length === 0) return [];
  const names = (await ports.engine.describeTable(to.table, {signal: to.signal})).columns.map((column) => column.name);
  return wanted.map(([name, type]) => {
    const column = names.find((known) => known.toLowerCase() === name.toLowerCase());
    if (column !== undefined) return {column, type};
    const near = closest(name, names);
    const hint =
      near === undefined
        ? `Its columns are ${list(names.slice(0, 8))}${names.length > 8 ? ' …' : ''}.`
        : `Did you mean ${near}?`;
    throw new ProblemError({
      code: 'COLUMN_NOT_FOUND',
      message: `${file} has no column ${name}, which schema gives a type.`,
      hint,
      where: {file, column: name},
    });
  });
}

/** JSON, Parquet and databases bring types of their own; `schema` casts the columns it names. */
async function finish(ports: Ports, file: string, options: LoadOptions, to: Destination): Promise<void> {
  if (options.filename)
    await ports.engine.execute([sql`ALTER TABLE ${id(to.table)} ADD COLUMN filename VARCHAR DEFAULT ${lit(file)}`]);
  for (const {column, type} of await checkTypes(ports, file, options, to))
    await ports.engine.execute(
      [
        sql`ALTER TABLE ${id(to.table)} ALTER ${id(column)} TYPE ${typeName(type)} USING TRY_CAST(${id(column)} AS ${typeName(type)})`,
      ],
      {
        signal: to.signal,
      },
    );
}

const noRows = (file: string, rejects: readonly Reject[]): Problem => ({
  code: 'NO_ROWS',
  message: `No record of ${file} could be read.`,
  hint: rejects[0] === undefined ? 'The file holds no records.' : `Line ${rejects[0].line}: ${rejects[0].reason}`,
  where: {file},
});
