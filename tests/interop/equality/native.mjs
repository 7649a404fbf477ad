import {
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBInstance,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
} from '@duckdb/node-api';
import {duckKind} from './rows.mjs';

/** A DuckDB of this machine, in memory. */
export const openDuckDB = async () => (await DuckDBInstance.create(':memory:', {threads: '1'})).connect();

/** @param {string} text */
export const quoted = (text) => `"${text.replaceAll('"', '""')}"`;
/** @param {string} text */
export const literal = (text) => `'${text.replaceAll("'", "''")}'`;

/**
 * Runs a notebook's script as the command line does, in the folder of its files, and gives the tables that are asked for.
 * @param {string} script @param {string} folder @param {readonly string[]} tables
 * @returns {Promise<Record<string, import('./rows.mjs').Table | {error: string}>>}
 */
export async function runScript(script, folder, tables) {
  const connection = await openDuckDB();
  try {
    await connection.run(`SET file_search_path = ${literal(folder)}`);
    // ATTACH looks in the folder that the process runs in, which is one for all.
    await connection.run(
      script
        .replace(/^\.bail on\n/, '')
        .replace(/^ATTACH IF NOT EXISTS '/gm, (start) => `${start}${folder.replaceAll("'", "''")}/`),
    );
    /** @type {Record<string, import('./rows.mjs').Table | {error: string}>} */
    const found = {};
    for (const table of tables)
      found[table] = await rowsOf(connection, `FROM ${quoted(table)}`).catch((/** @type {Error} */ error) => ({
        error: error.message,
      }));
    return found;
  } finally {
    connection.closeSync();
  }
}

/** @param {import('@duckdb/node-api').DuckDBConnection} connection @param {string} query @returns {Promise<import('./rows.mjs').Table>} */
async function rowsOf(connection, query) {
  const reader = await connection.runAndReadAll(query);
  const types = reader.columnTypes().map(String);
  return {
    columns: reader.columnNames().map((name, i) => ({name, kind: duckKind(types[i] ?? '')})),
    rows: reader.getRows().map((row) => row.map(canonical)),
  };
}

/** As in python/canonical.py. @param {unknown} value @returns {unknown} */
function canonical(value) {
  if (value === null || typeof value === 'boolean') return value;
  if (value instanceof DuckDBDateValue) return new Date(value.days * 86_400_000).toISOString().slice(0, 10);
  if (value instanceof DuckDBTimestampValue || value instanceof DuckDBTimestampTZValue) return moment(value.micros);
  if (value instanceof DuckDBBlobValue) return Buffer.from(value.bytes).toString('hex');
  if (value instanceof DuckDBDecimalValue) return String(value);
  if (value instanceof DuckDBListValue) return value.items.map(canonical);
  if (value instanceof DuckDBStructValue)
    return Object.fromEntries(Object.entries(value.entries).map(([name, inner]) => [name, canonical(inner)]));
  if (value instanceof DuckDBMapValue)
    return Object.fromEntries(value.entries.map(({key, value: inner}) => [String(canonical(key)), canonical(inner)]));
  return Object.is(value, -0) ? '-0' : String(value);
}

/** @param {bigint} micros since 1970 */
function moment(micros) {
  const rest = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const text = new Date(Number((micros - rest) / 1000n)).toISOString().slice(0, 19);
  return rest === 0n ? text : `${text}.${String(rest).padStart(6, '0').replace(/0+$/, '')}`;
}
