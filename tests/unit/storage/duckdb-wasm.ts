import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';
import type * as DuckDb from '@duckdb/duckdb-wasm/blocking';

/** A connection of DuckDB-WASM in Node: the very build that the page has, so that what it takes from Arrow is known. */
export interface WasmDuckDb {
  insert(table: string, ipc: Uint8Array): void;
  /** A query's rows as Arrow, as DuckDB-WASM gives them: an IPC file. */
  query(sql: string): Uint8Array;
  /** Column → type. */
  types(table: string): Record<string, string>;
  /** Rows with every value as DuckDB's text. */
  rows(table: string): Record<string, string | null>[];
}

const require = createRequire(import.meta.url);
const wasm = require.resolve('@duckdb/duckdb-wasm/dist/duckdb-eh.wasm');

// The cast: the package has no types for its build for Node, which is the blocking one.
const duckdb = require(join(dirname(wasm), 'duckdb-node-blocking.cjs')) as typeof DuckDb;
const bundle = {mainModule: wasm, mainWorker: ''};
const database = await duckdb.createDuckDB({mvp: bundle, eh: bundle}, new duckdb.VoidLogger(), duckdb.NODE_RUNTIME);
await database.instantiate();

export function openDuckDb(): WasmDuckDb {
  database.reset();
  database.open({});
  const connection = database.connect();
  connection.query('SET autoload_known_extensions = false');
  const created = new Set<string>();
  // The cast: every column was cast to text.
  const textRows = (sql: string): Record<string, string | null>[] =>
    connection
      .query(sql)
      .toArray()
      .map((row) => (row as {toJSON(): Record<string, string | null>}).toJSON());
  return {
    insert(table, ipc) {
      connection.insertArrowFromIPCStream(ipc, {name: table, create: !created.has(table)});
      created.add(table);
    },
    query: (sql) => database.runQuery(connection['_conn'], sql).slice(),
    types: (table) =>
      created.has(table)
        ? Object.fromEntries(
            textRows(`SELECT column_name, column_type FROM (DESCRIBE "${table}")`).map(({column_name, column_type}) => [
              column_name ?? '',
              column_type ?? '',
            ]),
          )
        : {},
    rows: (table) => (created.has(table) ? textRows(`SELECT COLUMNS(*)::VARCHAR FROM "${table}"`) : []),
  };
}
