import type {DatabaseFormat} from '../../lib/file-format.ts';
import {ProblemError, type Problem} from '../../lib/problem.ts';
import {closest, list} from '../../lib/text.ts';
import type {Ports, Progress} from '../../ports/index.ts';
import {tableName} from '../../sql/attach.ts';
import type {Column} from '../../sql/types.ts';

/** A table or view of a database file. */
export interface SourceTable {
  /** As the `table` of a load names it, which no other table is: with its schema where that isn't the database's own first one. */
  readonly name: string;
  /** Its schema, where it has one, and its own name. */
  readonly path: readonly string[];
  readonly kind: 'table' | 'view';
  /** With DuckDB's types, as its rows will have them; an empty one is found out from the values. */
  readonly columns: readonly Column[];
  /** Undefined where to count them would mean to read them. */
  readonly rows: number | undefined;
}

/** Where a table's rows go. */
export interface Into {
  /** The engine's tables for the rows and for what doesn't fit the columns' types. */
  readonly table: string;
  readonly rejects: string;
  /** Types of the user's, which go before the declared ones where values decide. */
  readonly types: Readonly<Record<string, string>>;
  readonly onProgress: (progress: Progress) => void;
  readonly signal: AbortSignal | undefined;
  /** Reads only about so many rows: for previews. */
  readonly limit?: number;
}

/** A database file that is open. */
export interface OpenDatabase {
  readonly tables: readonly SourceTable[];
  /** Makes `into.table` of a table's rows; says whether rows of it went to `into.rejects` (file, line, column_name, raw, reason). */
  read(table: SourceTable, into: Into): Promise<boolean>;
  close(): Promise<void>;
}

/** Opens a file of the workspace to read, by handle; it is written in one of the formats below. */
export type OpensDatabase = (
  ports: Ports,
  file: string,
  call: Pick<Into, 'onProgress' | 'signal'>,
) => Promise<OpenDatabase>;

/** What opens each kind of database; it loads when a file of its kind is first looked at. */
const formats: Readonly<Record<DatabaseFormat, () => Promise<OpensDatabase>>> = {
  duckdb: async () => (await import('./duckdb.ts')).openDuckDb,
  sqlite: async () => (await import('./sqlite.ts')).openSqlite,
  postgres: async () => (await import('./postgres.ts')).openPostgresDump,
};

/** Has a database open while `use` runs, and no longer. */
export async function withDatabase<T>(
  ports: Ports,
  file: string,
  format: DatabaseFormat,
  call: Pick<Into, 'onProgress' | 'signal'>,
  use: (database: OpenDatabase) => Promise<T>,
): Promise<T> {
  const open = await formats[format]();
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
