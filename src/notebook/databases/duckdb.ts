import {problemOf, ProblemError} from '../../lib/problem.ts';
import type {Row} from '../../lib/value.ts';
import type {Ports} from '../../ports/index.ts';
import {id, join, lit, sql, type Sql} from '../../sql/sql.ts';
import type {Column} from '../../sql/types.ts';
import type {Into, OpenDatabase, SourceTable} from './index.ts';

let opened = 0;

/** A DuckDB file, attached to the engine read-only: it reads the blocks that it needs from the stored file. */
export async function openDuckDb(ports: Ports, file: string, {signal}: Pick<Into, 'onProgress' | 'signal'>): Promise<OpenDatabase> {
  const {engine, storage} = ports;
  // One file may be open twice, and DuckDB attaches each name once.
  const name = `attached_${++opened}`;
  const path = `${name}/duckdb`;
  const close = async (): Promise<void> => {
    // An engine that was started anew has none of it.
    await engine.execute([sql`DETACH ${id(name)}`]).catch(problemOf);
    await engine.dropFile(path).catch(problemOf);
  };
  await engine.registerFile(path, await storage.unpackedFile(file));
  try {
    await engine.execute([sql`ATTACH ${lit(path)} AS ${id(name)} (READ_ONLY, TYPE duckdb)`], {signal});
    const found = await tablesIn(ports, name, signal);
    return {
      tables: found.map(({table}) => table),
      async read(wanted, {table, signal, limit}) {
        const source = found.find((one) => one.table === wanted);
        if (source === undefined) throw new Error('a table of this database');
        const rows = sql`FROM ${source.relation}${limit === undefined ? sql`` : sql` LIMIT ${lit(limit)}`}`;
        await engine.execute([sql`CREATE TABLE ${id(table)} AS ${rows}`], {signal}).catch((thrown: unknown) => {
          throw aboutDatabase(thrown, file);
        });
        return false;
      },
      close,
    };
  } catch (thrown) {
    await close();
    throw aboutDatabase(thrown, file);
  }
}

interface Found {
  readonly table: SourceTable;
  readonly relation: Sql;
}

async function tablesIn({engine}: Ports, database: string, signal: AbortSignal | undefined): Promise<readonly Found[]> {
  const {rows} = await engine.rows(
    sql`SELECT t.schema_name, t.name, t.kind, c.column_name, c.data_type FROM (
  SELECT schema_name, table_name AS name, 'table' AS kind FROM duckdb_tables() WHERE database_name = ${lit(database)} AND NOT internal AND NOT temporary
  UNION ALL SELECT schema_name, view_name, 'view' FROM duckdb_views() WHERE database_name = ${lit(database)} AND NOT internal AND NOT temporary
) t LEFT JOIN duckdb_columns() c ON c.database_name = ${lit(database)} AND c.schema_name = t.schema_name AND c.table_name = t.name
ORDER BY t.schema_name <> 'main', t.schema_name, t.name, c.column_index`,
    {signal},
  );
  const tables = new Map<string, {schema: string; name: string; kind: SourceTable['kind']; columns: Column[]}>();
  for (const row of rows) {
    const [schema = '', name = '', kind = '', column = '', type = ''] = row.map(text);
    const key = JSON.stringify([schema, name]);
    const table = tables.get(key) ?? {schema, name, kind: kind === 'view' ? 'view' : 'table', columns: []};
    tables.set(key, table);
    if (column !== '') table.columns.push({name: column, type});
  }
  const found = [...tables.values()].map(({schema, name, kind, columns}) => ({
    relation: sql`${id(database)}.${id(schema)}.${id(name)}`,
    table: {name: schema === 'main' ? name : `${schema}.${name}`, path: [schema, name], kind, columns},
  }));
  const counts = await countsOf(
    {engine},
    found.filter(({table}) => table.kind === 'table').map(({relation}) => relation),
    signal,
  );
  return found.map(({table, relation}) => ({relation, table: {...table, rows: counts.get(relation)}}));
}

/** Rows by relation: DuckDB knows them without reading any. A database that is damaged where it keeps them says so when it is read. */
async function countsOf({engine}: Pick<Ports, 'engine'>, relations: readonly Sql[], signal: AbortSignal | undefined): Promise<ReadonlyMap<Sql, number>> {
  if (relations.length === 0) return new Map();
  const count = sql`SELECT ${join(relations.map((relation) => sql`(SELECT count(*) FROM ${relation})`))}`;
  const [row = []] = await engine.rows(count, {signal}).then(
    (found) => found.rows,
    (): readonly Row[] => [],
  );
  return new Map(relations.flatMap((relation, i) => (row[i] === undefined ? [] : [[relation, Number(row[i])] as const])));
}

const text = (value: Row[number]): string => (typeof value === 'string' ? value : '');

/** What DuckDB says of a file that it can't read, for whoever has the file. */
function aboutDatabase(thrown: unknown, file: string): unknown {
  const {message, code} = problemOf(thrown);
  const newer = /but we can only read versions? (?:between \d+ and )?(\d+)/i.exec(message);
  if (newer !== null)
    return new ProblemError({
      code: 'DATABASE_NEWER',
      message: `${file} was written by a newer DuckDB: its storage version is later than ${newer[1]}, the last that can be read here.`,
      hint: 'Write it with an older DuckDB, or ATTACH a new file there with a STORAGE_VERSION that is older, and COPY FROM DATABASE into it.',
      where: {file},
    });
  if (/corrupt|checksum|not a valid DuckDB|serializ/i.test(message) && code !== 'CANCELLED')
    return new ProblemError(
      {
        code: 'DATABASE_DAMAGED',
        message: `${file} is damaged: a part of it isn’t what DuckDB wrote there.`,
        hint: 'Copy or download the file again. If it was open in DuckDB meanwhile, close it there first.',
        where: {file},
      },
      {cause: thrown},
    );
  return thrown;
}
