import {DuckDBInstance, type DuckDBConnection} from '@duckdb/node-api';
import type {ColumnSet} from '../../../workers/contract/engine.ts';
import {id, join, lit, sql, typeName, type Sql} from '../../../src/sql/sql.ts';
import type {Column} from '../../../src/sql/types.ts';
import type {ExampleTable, Input} from '../../../src/steps/define.ts';

export async function openDuckDB(): Promise<DuckDBConnection> {
  const connection = await (
    await DuckDBInstance.create(':memory:', {threads: '1', ieee_floating_point_ops: 'false'})
  ).connect();
  // What the browser's build has not, these tests don't use either.
  for (const setting of [
    'SET autoinstall_known_extensions = false',
    'SET autoload_known_extensions = false',
    "SET TimeZone = 'UTC'",
  ])
    await connection.run(setting).catch(() => undefined);
  return connection;
}

/** An example's table as a query. */
export function tableSql({columns, rows}: ExampleTable): Sql {
  const entries = Object.entries(columns);
  const literal = (value: string | number | boolean | null | undefined, type: string): Sql =>
    sql`${lit(value === undefined ? null : typeof value === 'number' ? String(value) : value)}::${typeName(type)}`;
  const select = (row: ExampleTable['rows'][number]): Sql =>
    sql`SELECT ${join(entries.map(([name, type], i) => sql`${literal(row[i], type)} AS ${id(name)}`))}`;
  return rows.length > 0 ? join(rows.map(select), '\nUNION ALL ') : sql`${select([])} WHERE false`;
}

export async function columnsOf(connection: DuckDBConnection, query: Sql): Promise<Column[]> {
  const described = await connection.runAndReadAll(`DESCRIBE ${query}`);
  // The casts: DESCRIBE gives text.
  return described.getRowsJS().map(([name, type]) => ({name: name as string, type: type as string}));
}

/** Makes a table of the rows and gives it as a step's input. */
export async function makeInput(connection: DuckDBConnection, name: string, table: ExampleTable): Promise<Input> {
  await connection.run(`CREATE OR REPLACE TABLE ${id(name)} AS ${tableSql(table)}`);
  return {name, relation: id(name), columns: await columnsOf(connection, sql`FROM ${id(name)}`)};
}

/** Columns with their types and rows as text, in order: equal exactly when the tables are. */
export async function contentOf(
  connection: DuckDBConnection,
  query: Sql,
): Promise<{columns: Column[]; rows: unknown[][]}> {
  const columns = await columnsOf(connection, query);
  const reader = await connection.runAndReadAll(`SELECT COLUMNS(*)::VARCHAR FROM (${query}\n)`);
  return {columns, rows: reader.getRowsJS()};
}

/** A query's columns as the engine gives them to a kernel. */
export async function columnSetOf(connection: DuckDBConnection, query: Sql): Promise<ColumnSet> {
  const described = await columnsOf(connection, query);
  const selected = described.map(({name, type}) => (type === 'TIMESTAMP' ? `epoch_us(${id(name)})` : id(name)));
  const rows = (await connection.runAndReadAll(`SELECT ${selected.join()} FROM (${query})`)).getRowsJS();
  const columns = described.map(({name, type}, c): ColumnSet['columns'][number] => {
    const found = rows.map((row) => row[c] ?? null);
    if (type === 'TIMESTAMP')
      return {
        kind: 'times',
        name,
        values: BigInt64Array.from(found, (time) => (typeof time === 'bigint' ? time : -(2n ** 63n))),
      };
    if (type !== 'VARCHAR')
      return {
        kind: 'numbers',
        name,
        values: Float64Array.from(found, (value) => (value === null ? NaN : Number(value))),
      };
    const numbers = new Map([...new Set(found.filter((text) => text !== null))].map((text, i) => [text, i]));
    return {
      kind: 'texts',
      name,
      values: Int32Array.from(found, (text) => (text === null ? -1 : (numbers.get(text) ?? -1))),
      distinct: numbers.size,
    };
  });
  return {rows: rows.length, columns};
}
