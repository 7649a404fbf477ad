import type {Database, Sqlite3Static} from '@sqlite.org/sqlite-wasm';
import {ProblemError} from '../../src/lib/problem.ts';
import type {SqliteBatch, SqliteContract, SqliteRead, SqliteTable} from '../contract/sqlite.ts';
import {outcome} from '../shared/outcome.ts';
import {Column, ipcOf} from './columns.ts';
import {columnReader, compiled, type ReadsValue} from './values.ts';
import {kindOf, kinds, type Kind} from './types.ts';
import {installSource, vfsName, type Source} from './vfs.ts';

const batchRows = 65_536;
const batchBytes = 8 << 20;
/** Counting reads a table whole: up to this size of the file it is no work. */
const countedBytes = 32 << 20;

interface Found extends SqliteTable {
  /** Undefined where a row has no number of its own: views, and tables WITHOUT ROWID. */
  readonly rowid: string | undefined;
}

interface Opened {
  readonly db: Database;
  readonly tables: readonly Found[];
}

/** The SQLite worker's contract; `source` gives a file's bytes. */
export function createSqliteService(
  load: () => Promise<Sqlite3Static>,
  source: (file: File) => Promise<Source>,
): SqliteContract {
  let opened: (Opened & {readonly sqlite: Sqlite3Static}) | undefined;
  return {
    open: (file) =>
      outcome(async () => {
        const [sqlite, bytes] = await Promise.all([load(), source(file)]);
        installSource(sqlite, bytes);
        const db = new sqlite.oo1.DB({filename: 'file:source?immutable=1', flags: 'r', vfs: vfsName});
        opened = explained(() => {
          // What sorts may not spill into files, and what the file defines may call nothing that reaches outside of it.
          db.exec('PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON');
          return {sqlite, db, tables: tablesIn(db, bytes.size)};
        });
        return opened.tables.map(({rowid: _, ...table}) => table);
      }),
    read: (name, options, onBatch) =>
      outcome(async () => {
        const table = opened?.tables.find((one) => one.name === name);
        if (opened === undefined || table === undefined) throw new Error('a table of the database that is open');
        await readTable(opened.sqlite, opened.db, table, options, onBatch);
        return null;
      }),
  };
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** The tables and views that the user made. */
function tablesIn(db: Database, bytes: number): Found[] {
  const listed = db.selectArrays(
    "SELECT name, type, wr FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'view', 'virtual') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
  );
  return listed.map(([given, type, withoutRowid]) => {
    const name = textOf(given);
    const columns = described(db, name);
    const taken = new Set(columns.map((column) => column.name.toLowerCase()));
    const rowid =
      type === 'view' || withoutRowid === 1
        ? undefined
        : ['rowid', '_rowid_', 'oid'].find((alias) => !taken.has(alias));
    return {
      name,
      kind: type === 'view' ? 'view' : 'table',
      columns,
      rows: type === 'view' || bytes > countedBytes ? undefined : countOf(db, name),
      rowid,
    };
  });
}

/** Columns with DuckDB's types, generated ones among them; hidden ones of virtual tables (1) are no rows' values. */
function described(db: Database, table: string): SqliteTable['columns'] {
  try {
    return db
      .selectArrays('SELECT name, type FROM pragma_table_xinfo(?) WHERE hidden <> 1 ORDER BY cid', [table])
      .map(([name, type]) => ({name: textOf(name), type: kindOf(textOf(type)) ?? ''}));
  } catch {
    // A view over what is gone, or a virtual table of a module that isn't here: to read it says what is wrong.
    return [];
  }
}

function countOf(db: Database, table: string): number | undefined {
  try {
    return Number(db.selectValue(`SELECT count(*) FROM ${quoted(table)}`));
  } catch {
    return undefined;
  }
}

/** The type of a column without a declared one, by the kinds of its values. */
function kindByValues(db: Database, table: string, column: string): Kind {
  const found = new Set(db.selectValues(`SELECT DISTINCT typeof(${quoted(column)}) FROM ${quoted(table)}`).map(String));
  found.delete('null');
  if (found.size === 0) return 'VARCHAR';
  const isOnly = (...types: readonly string[]): boolean => [...found].every((type) => types.includes(type));
  if (isOnly('integer')) return 'BIGINT';
  if (isOnly('integer', 'real')) return 'DOUBLE';
  return isOnly('blob') ? 'BLOB' : 'VARCHAR';
}

const isKind = (type: string | undefined): type is Kind => kinds.some((kind) => kind === type);

async function readTable(
  sqlite: Sqlite3Static,
  db: Database,
  table: Found,
  {types, limit}: SqliteRead,
  onBatch: (batch: SqliteBatch) => Promise<void>,
): Promise<void> {
  const run = compiled(sqlite);
  const wanted = new Map(Object.entries(types).map(([name, type]) => [name.toLowerCase(), type]));
  const {columns, readers, statement, total} = explained(() => {
    if (table.columns.length === 0) db.exec(`SELECT * FROM ${quoted(table.name)} LIMIT 0`);
    const columns = table.columns.map(({name, type}) => {
      const chosen = wanted.get(name.toLowerCase());
      // A type that SQLite's values can't become here is cast from their texts.
      const own = isKind(type) ? type : kindByValues(db, table.name, name);
      const kind = chosen === undefined || chosen === own ? own : 'VARCHAR';
      return new Column(name, kind, batchRows);
    });
    const selected = [...columns.map(({name}) => quoted(name)), ...(table.rowid === undefined ? [] : [table.rowid])];
    const statement = db.prepare(
      `SELECT ${selected.join(', ')} FROM ${quoted(table.name)}${limit === undefined ? '' : ` LIMIT ${limit}`}`,
    );
    return {
      columns,
      readers: columns.map((column) => columnReader(sqlite, column)),
      statement,
      total: table.rows ?? aboutRows(db, table),
    };
  });
  const rejects = [
    new Column('line', 'BIGINT', batchRows),
    ...['column_name', 'raw', 'reason'].map((name) => new Column(name, 'VARCHAR', batchRows)),
  ];
  const counted = {rows: 0, rejected: 0, done: 0, batches: 0};
  const send = async (isRejects: boolean): Promise<void> => {
    const rows = isRejects ? counted.rejected : counted.rows;
    counted[isRejects ? 'rejected' : 'rows'] = 0;
    await onBatch({ipc: ipcOf(isRejects ? rejects : columns, rows), isRejects, done: counted.done, total});
  };
  try {
    const pointer = Number(statement.pointer);
    const step = (): boolean => {
      const answer = run.sqlite3_step(pointer);
      if (answer !== sqlite.capi.SQLITE_ROW && answer !== sqlite.capi.SQLITE_DONE) explained(() => db.checkRc(answer));
      return answer === sqlite.capi.SQLITE_ROW;
    };
    const long = columns.filter(({kind}) => kind === 'VARCHAR' || kind === 'BLOB');
    const place = table.rowid === undefined ? undefined : columns.length;
    while (step()) {
      counted.done++;
      const failed = firstMisfit(readers, pointer, counted.rows);
      if (failed === undefined) counted.rows++;
      else {
        const {column, raw, reason} = failed;
        const line = place === undefined ? undefined : run.sqlite3_column_int64(pointer, place);
        putReject(rejects, counted.rejected++, [line, columns[column]?.name ?? '', raw, reason]);
      }
      if (counted.rows === batchRows || long.some((column) => column.bytes(counted.rows) > batchBytes)) {
        counted.batches++;
        await send(false);
      }
      if (counted.rejected === batchRows || rejects.some((column) => column.bytes(counted.rejected) > batchBytes))
        await send(true);
    }
    if (counted.rows > 0 || counted.batches === 0) await send(false);
    if (counted.rejected > 0) await send(true);
  } finally {
    statement.finalize();
  }
}

function firstMisfit(
  readers: readonly ReadsValue[],
  statement: number,
  row: number,
): {column: number; raw: string; reason: string} | undefined {
  for (const [column, read] of readers.entries()) {
    const misfit = read(statement, column, row);
    if (misfit !== undefined) return {column, ...misfit};
  }
  return undefined;
}

const encoder = new TextEncoder();

function putReject(
  [line, ...texts]: readonly Column[],
  row: number,
  [rowid, ...values]: readonly [bigint | undefined, string, string, string],
): void {
  if (line?.content.kind === 'BIGINT') line.content.values[row] = rowid ?? 0n;
  line?.mark(row, rowid !== undefined);
  for (const [i, column] of texts.entries()) {
    if (column.content.kind === 'VARCHAR') column.content.values.set(row, encoder.encode(values[i] ?? ''));
    column.mark(row, true);
  }
}

/** About how many rows there are, by their numbers, which cost nothing to look up. */
function aboutRows(db: Database, {name, rowid}: Found): number {
  if (rowid === undefined) return 0;
  try {
    return Number(
      db.selectValue(
        `SELECT (SELECT max(${rowid}) FROM ${quoted(name)}) - (SELECT min(${rowid}) FROM ${quoted(name)}) + 1`,
      ) ?? 0,
    );
  } catch {
    return 0;
  }
}

/** What SQLite says of a file that it can't read, for people. */
function explained<T>(work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    // The cast: errors of the library have the code of SQLite's.
    const code = (thrown as {resultCode?: number}).resultCode ?? 0;
    const isDamaged = [10, 11, 26].includes(code & 0xff);
    const said = message.replace(/^SQLITE_\w+: sqlite3 result code \d+: /, '').replace(/[.!]$/, '');
    throw new ProblemError(
      isDamaged
        ? {
            code: 'DATABASE_DAMAGED',
            message: `The SQLite database is damaged: ${said}.`,
            hint: 'Copy or download the file again, or mend it with .recover in the sqlite3 shell.',
          }
        : {
            code: 'SQLITE',
            message: `SQLite can’t read it: ${said}.`,
            hint: 'Look at the table in the sqlite3 shell; a view may need a table or a function that isn’t there.',
          },
      {cause: thrown},
    );
  }
}
