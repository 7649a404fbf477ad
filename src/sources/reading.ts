import {ProblemError, type Problem} from '../lib/problem.ts';
import type {Ports, Sniffed} from '../ports/index.ts';
import {id, join, sql, type Sql} from '../sql/sql.ts';
import type {Destination, FileRead, LoadOptions} from './define.ts';
import {fileSource} from './index.ts';

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
  const {format, gzip} = sniffed;
  const source = fileSource(format);
  if (source.tables === undefined && options.table !== undefined)
    throw new ProblemError(noDatabase(file, options.table));
  const encoding = options.encoding ?? sniffed.encoding;
  const read = await source.read(ports, {file, sniffed, options}, to);
  return {file, format, encoding, gzip, isWhole: false, table: undefined, csv: undefined, ...read};
}

const noDatabase = (file: string, table: string): Problem => ({
  code: 'NOT_DATABASE',
  message: `${file} is no database, so it has no table ${table} to choose.`,
  hint: 'Take table out, or load a database’s file.',
  where: {file, param: 'table'},
});
