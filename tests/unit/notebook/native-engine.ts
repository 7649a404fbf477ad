import {DuckDBInstance} from '@duckdb/node-api';
import type {
  ComputePort,
  EnginePort,
  LakePort,
  Ports,
  PostgresPort,
  SqlitePort,
  StoragePort,
} from '../../../src/ports/index.ts';
import {ProblemError} from '../../../src/lib/problem.ts';
import type {Row} from '../../../src/lib/value.ts';
import {id, sql} from '../../../src/sql/sql.ts';
import {columnSetOf} from '../steps/native.ts';

/** Ports for cells that call the engine only: every other one refuses. */
export function engineAlone(engine: EnginePort): Ports {
  const none = new Proxy({}, {get: () => () => Promise.reject(new Error('not part of these tests'))});
  return {
    engine,
    compute: none as ComputePort,
    storage: none as StoragePort,
    lake: none as LakePort,
    postgres: none as PostgresPort,
    throwAwayPostgres: () => none as PostgresPort,
    sqlite: none as SqlitePort,
  };
}

/** The engine port over native DuckDB: the runner's logic without a browser. `statements` are the ones that made tables, in order. */
export async function nativeEngine(): Promise<{
  engine: EnginePort;
  statements: string[];
  restart: () => Promise<void>;
  memory: {used: number; limit: number};
}> {
  const statements: string[] = [];
  const memory = {used: 0, limit: 1e9};
  const listeners = new Set<(why: string) => void>();
  const connect = async () =>
    (await DuckDBInstance.create(':memory:', {threads: '1', ieee_floating_point_ops: 'false'})).connect();
  let connection = await connect();
  const guard = (signal: AbortSignal | undefined): void => {
    if (signal?.aborted === true) throw new ProblemError({code: 'CANCELLED', message: 'Stopped.'});
  };
  const run = async (text: string) => {
    try {
      return await connection.runAndReadAll(text);
    } catch (error) {
      throw new ProblemError({code: 'SQL', message: error instanceof Error ? error.message : String(error), sql: text});
    }
  };
  const unused = (): never => {
    throw new Error('not part of these tests');
  };
  const engine: EnginePort = {
    async execute(sqls, call) {
      for (const statement of sqls) {
        guard(call?.signal);
        if (statement.startsWith('CREATE OR REPLACE TABLE')) statements.push(statement);
        await run(statement);
      }
    },
    async rows(text, call) {
      guard(call?.signal);
      const reader = await run(text);
      const columns = reader.columnNames().map((name, i) => ({name, type: String(reader.columnType(i))}));
      // Rows are plain values here: numbers, bigints, texts.
      return {columns, rows: reader.getRowsJS() as unknown as Row[]};
    },
    async describe(text) {
      const reader = await run(`DESCRIBE ${text}`);
      // DESCRIBE gives text.
      return (reader.getRowsJS() as string[][]).map(([name = '', type = '']) => ({name, type}));
    },
    async describeTable(table) {
      const columns = await engine.describe(sql`FROM ${id(table)}`);
      const reader = await run(sql`SELECT count(*) FROM ${id(table)}`);
      return {columns, rows: Number(reader.getRowsJS()[0]?.[0])};
    },
    columns: (text) => columnSetOf(connection, text),
    async insertColumns(table, columns, create) {
      const literal = (values: Int32Array | Float64Array, i: number): string => {
        const value = values[i] ?? NaN;
        return `${Number.isNaN(value) || value === -2147483648 ? 'NULL' : value}::${values instanceof Int32Array ? 'INTEGER' : 'DOUBLE'}`;
      };
      const rows = Array.from(
        {length: columns[0]?.values.length ?? 0},
        (_, i) =>
          `(${columns.map((column) => (column.kind === 'numbers' ? literal(column.values, i) : unused())).join()})`,
      );
      await run(
        `${create ? `CREATE TABLE ${table} AS` : `INSERT INTO ${table}`} SELECT * FROM (VALUES ${rows.join()}) AS t(${columns.map((column) => id(column.name)).join()})`,
      );
    },
    memory: () => Promise.resolve(memory),
    onRestart(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async query(text) {
      const rows = (await run(text)).getRowObjectsJS();
      // Of a table of Arrow's, what reads it here takes the rows alone.
      return {toArray: () => rows.map((row) => ({toJSON: () => row}))} as unknown as Awaited<
        ReturnType<EnginePort['query']>
      >;
    },
    stream: unused,
    insert: unused,
    registerFile: unused,
    dropFile: unused,
  };
  const restart = async (): Promise<void> => {
    connection = await connect();
    for (const listener of listeners) listener('The engine was started anew.');
  };
  return {engine, statements, restart, memory};
}
