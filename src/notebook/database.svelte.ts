import type {Row} from '../lib/value.ts';
import type {Ports, PostgresRun} from '../ports/index.ts';
import {id, quotedId, sql} from '../sql/sql.ts';
import type {Column} from '../sql/types.ts';
import type {ExportWork, Work} from './lake.svelte.ts';

/** A table of the PostgreSQL database. */
export interface DatabaseTable {
  /** Its schema; `public` for those that cells write. */
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly Column[];
  readonly keys: readonly string[];
  readonly rows: number;
  readonly bytes: number;
}

/** The PostgreSQL database as the page sees it. It starts with the first thing that is asked of it. */
export class Database {
  /** Undefined until they were asked for. */
  tables = $state.raw<readonly DatabaseTable[] | undefined>();
  #looked = 0;

  /** `onChange` is told of each table whose rows are others than a cell left there. */
  constructor(
    private readonly ports: Ports,
    private readonly onChange: (table: string) => void,
  ) {}

  /** Reads which tables there are, with their rows counted. */
  async refresh(): Promise<readonly DatabaseTable[]> {
    this.tables = await this.ports.postgres.transaction(tablesIn, {readOnly: true});
    return this.tables;
  }

  /** A query's rows, as exact as a psql cell has them. */
  async query(statement: string): Promise<{columns: readonly Column[]; rows: readonly Row[]}> {
    const {readPostgres} = await import('../tables/postgres-read.ts');
    const into = `postgres_look_${++this.#looked}`;
    try {
      await readPostgres(this.ports, statement, into, undefined);
      return await this.ports.engine.rows(sql`FROM ${id(into)}`);
    } finally {
      await this.ports.engine.execute([sql`DROP TABLE IF EXISTS ${id(into)}`]);
    }
  }

  /** The database as SQL that `psql -f` loads into PostgreSQL 14 or later. */
  async dump(work: ExportWork = {}): Promise<File> {
    const dump = await this.ports.postgres.dump({signal: work.signal});
    const file = new File([dump], 'lakebook.sql', {type: 'application/sql'});
    if (work.encrypt === undefined) return file;
    const {encryptFile} = await import('./encrypted.ts');
    return encryptFile(this.ports, file, work.encrypt);
  }

  /** Runs a dump, all of it or nothing; gives the number of its statements. */
  async load(script: Blob, work: Work = {}): Promise<number> {
    const count = await this.ports.postgres.load(script, {signal: work.signal});
    for (const {name} of await this.refresh()) this.onChange(name);
    return count;
  }

  /** Deletes a table with its rows. */
  async drop(schema: string, table: string): Promise<void> {
    await this.ports.postgres.transaction((run) => run(sql`DROP TABLE ${quotedId(schema)}.${quotedId(table)}`));
    this.onChange(table);
    await this.refresh();
  }
}

async function tablesIn(run: PostgresRun): Promise<DatabaseTable[]> {
  const {postgresRows} = await import('../tables/postgres-read.ts');
  const found = postgresRows(
    await run(
      sql`SELECT n.nspname, c.relname, pg_catalog.pg_total_relation_size(c.oid), a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnum = ANY (i.indkey)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped LEFT JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisprimary
WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND c.relpersistence <> 't' ORDER BY n.nspname, c.relname, a.attnum`,
    ),
  );
  const tables = new Map<string, {schema: string; name: string; bytes: number; columns: Column[]; keys: string[]}>();
  for (const [schema, name, bytes, column, type, isKey] of found) {
    if (schema == null || name == null) continue;
    const key = JSON.stringify([schema, name]);
    const table = tables.get(key) ?? {schema, name, bytes: Number(bytes), columns: [], keys: []};
    tables.set(key, table);
    if (column == null) continue;
    table.columns.push({name: column, type: type ?? ''});
    if (isKey === 't') table.keys.push(column);
  }
  const counted: DatabaseTable[] = [];
  for (const table of tables.values()) {
    const [row] = postgresRows(await run(sql`SELECT count(*) FROM ${quotedId(table.schema)}.${quotedId(table.name)}`));
    counted.push({...table, rows: Number(row?.[0] ?? 0)});
  }
  return counted;
}
