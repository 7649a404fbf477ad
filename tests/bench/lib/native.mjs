import {DuckDBInstance} from '@duckdb/node-api';

/**
 * Runs the same statements in native DuckDB, on one thread unless said otherwise, each cell as a table of its name.
 * @param {readonly {name: string, sql: string}[]} cells
 * @param {number} [threads]
 * @returns {Promise<{name: string, ms: number}[]>}
 */
export async function runNative(cells, threads = 1) {
  const instance = await DuckDBInstance.create(':memory:', {threads: String(threads)});
  const connection = await instance.connect();
  try {
    const times = [];
    for (const {name, sql} of cells) {
      const start = performance.now();
      await connection.run(`CREATE TABLE "${name}" AS ${sql}`);
      times.push({name, ms: performance.now() - start});
    }
    return times;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
