import {ProblemError, type Problem} from '../../lib/problem.ts';
import {closest, list} from '../../lib/text.ts';
import type {Ports} from '../../ports/index.ts';
import type {Destination, Incoming, ReadSo} from '../define.ts';
import {finish} from '../shared/columns.ts';
import {tableName} from './attach.ts';
import type {Into, OpenDatabase, OpensDatabase, SourceTable} from './define.ts';

/** Reads a table of a database file, which `open` opens. */
export async function readDatabase(
  open: OpensDatabase,
  ports: Ports,
  {file, options}: Incoming,
  to: Destination,
): Promise<ReadSo> {
  const read = await withDatabase(ports, file, open, to, async (database) => {
    const chosen = to.choose?.(database.tables);
    const table = tableOf(file, database.tables, options.table ?? chosen);
    return {table: table.path, hasRejects: await database.read(table, {...to, types: options.types})};
  });
  await finish(ports, file, options, to);
  return read;
}

/** Has a database open while `use` runs, and no longer. */
async function withDatabase<T>(
  ports: Ports,
  file: string,
  open: OpensDatabase,
  call: Pick<Into, 'onProgress' | 'signal'>,
  use: (database: OpenDatabase) => Promise<T>,
): Promise<T> {
  const database = await open(ports, file, call);
  try {
    return await use(database);
  } finally {
    await database.close();
  }
}

/** The table that a load means; the only one when it names none. */
export function tableOf(file: string, tables: readonly SourceTable[], wanted: string | undefined): SourceTable {
  const names = tables.map(({name}) => name);
  const shown = `${list(names.slice(0, 8))}${names.length > 8 ? ' …' : ''}`;
  const [only] = tables;
  if (only === undefined) throw new ProblemError(noTables(file));
  if (wanted === undefined) {
    if (tables.length === 1) return only;
    throw new ProblemError({
      code: 'TABLE_NOT_CHOSEN',
      message: `${file} holds ${tables.length} tables, and which of them to load isn’t said.`,
      hint: `Say it with table: there is ${shown}.`,
      where: {file, param: 'table'},
    });
  }
  const alike = tables.filter(({name}) => name.toLowerCase() === wanted.toLowerCase());
  // As it may be written too: with the first schema, and without quotes where no other table is called so.
  const written = tables.filter(
    ({name, path}) => path.join('.') === wanted || (path.at(-1) === wanted && name === tableName([wanted], '')),
  );
  const found = tables.find(({name}) => name === wanted) ?? [alike, written].find(({length}) => length === 1)?.[0];
  if (found !== undefined) return found;
  const near = closest(wanted, names);
  throw new ProblemError({
    code: 'TABLE_NOT_FOUND',
    message: `${file} has no table ${wanted}.`,
    hint: near === undefined ? `There is ${shown}.` : `Did you mean ${near}?`,
    where: {file, param: 'table'},
  });
}

const noTables = (file: string): Problem => ({
  code: 'NO_TABLES',
  message: `${file} is a database without any table.`,
  hint: 'Its tables may still be in the log that lay beside it (.wal, -wal): close the program that has it open, and copy the file again.',
  where: {file},
});
