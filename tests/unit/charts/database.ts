import {DuckDBInstance} from '@duckdb/node-api';
import type {ChartRow} from '../../../src/charts/reduced.ts';
import type {Row} from '../../../src/lib/value.ts';
import {id} from '../../../src/sql/sql.ts';
import type {Column} from '../../../src/sql/types.ts';

export interface Database {
  run(statement: string): Promise<void>;
  /** Rows as plain objects, as a chart takes them. */
  objects(query: string): Promise<ChartRow[]>;
  rows(query: string): Promise<{readonly rows: readonly Row[]}>;
  columns(relation: string): Promise<Column[]>;
}

/** Native DuckDB on one thread, empty. */
export async function openDatabase(): Promise<Database> {
  const connection = await (await DuckDBInstance.create(':memory:', {threads: '1'})).connect();
  return {
    run: async (statement) => void (await connection.run(statement)),
    // A chart's columns are DOUBLE and VARCHAR.
    objects: async (query) => (await connection.runAndReadAll(query)).getRowObjectsJS() as ChartRow[],
    // The queries here give numbers and texts.
    rows: async (query) => ({rows: (await connection.runAndReadAll(query)).getRowsJS() as Row[]}),
    columns: async (relation) => {
      // DESCRIBE gives texts first.
      const found = (
        await connection.runAndReadAll(`DESCRIBE FROM ${id(relation)}`)
      ).getRowsJS() as unknown as (readonly [string, string])[];
      return found.map(([name, type]) => ({name, type}));
    },
  };
}
