import {problemOf, ProblemError} from '../../lib/problem.ts';
import type {Row} from '../../lib/value.ts';
import type {Ports} from '../../ports/index.ts';
import {databaseName, tableName} from './attach.ts';
import {id, join, lit, sql, type Sql} from '../../sql/sql.ts';
import type {Column} from '../../sql/types.ts';
import type {Into, OpenDatabase, SourceTable} from './define.ts';

let opened = 0;

/** A file that is attached: its views may name their database, which DuckDB calls like its file. */
interface Attached {
  /** Nothing else's: one file may be open twice, and DuckDB attaches each name once. */
  readonly own: string;
  readonly path: string;
  /** The one that it has now. */
  name: string;
  schemas: readonly string[];
}

const attachments = new Set<Attached>();

const attach = ({path, name}: Attached): Sql => sql`ATTACH ${lit(path)} AS ${id(name)} (READ_ONLY, TYPE duckdb)`;

/** What is asked for afterwards finds it by its new name: the engine takes one thing after the other. */
function rename(engine: Ports['engine'], database: Attached, name: string): Promise<void> {
  const detach = sql`DETACH ${id(database.name)}`;
  database.name = name;
  return engine.execute([detach, attach(database)]);
}

/** Calls a database as its file is called, where that name can't be taken for another database's or for a schema's: `plant.readings` may mean either. */
async function nameLikeFile(
  engine: Ports['engine'],
  database: Attached,
  file: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const {rows} = await engine.rows(sql`SELECT lower(database_name), lower(schema_name) FROM duckdb_schemas()`, {
    signal,
  });
  const pairs = rows.map((row) => row.map(text));
  database.schemas = pairs.flatMap(([owner, schema = '']) => (owner === database.name ? [schema] : []));
  const others = [...attachments].filter((other) => other !== database);
  const clashing = others.filter((other) => database.schemas.includes(other.name.toLowerCase()));
  const taken = new Set([...pairs.flat(), ...others.flatMap(({name, schemas}) => [name.toLowerCase(), ...schemas])]);
  const name = databaseName(file);
  const renamed = clashing.map((other) => rename(engine, other, other.own));
  if (!/^(attached_\d+)?$/i.test(name) && !taken.has(name.toLowerCase())) renamed.push(rename(engine, database, name));
  await Promise.all(renamed);
}

/** A DuckDB file, attached to the engine read-only: it reads the blocks that it needs from the stored file. */
export async function openDuckDb(
  ports: Ports,
  file: string,
  {signal}: Pick<Into, 'onProgress' | 'signal'>,
): Promise<OpenDatabase> {
  const {engine, storage} = ports;
  const own = `attached_${++opened}`;
  const database: Attached = {own, path: `${own}/duckdb`, name: own, schemas: []};
  const close = async (): Promise<void> => {
    attachments.delete(database);
    // An engine that was started anew has none of it.
    await engine.execute([sql`DETACH ${id(database.name)}`]).catch(problemOf);
    await engine.dropFile(database.path).catch(problemOf);
  };
  await engine.registerFile(database.path, await storage.unpackedFile(file));
  try {
    await engine.execute([attach(database)], {signal});
    attachments.add(database);
    await nameLikeFile(engine, database, file, signal);
    const tables = await tablesIn(ports, database, signal);
    return {
      tables,
      async read({path: [schema = '', name = '']}, {table, signal, limit}) {
        const rows = sql`FROM ${id(database.name)}.${id(schema)}.${id(name)}${limit === undefined ? sql`` : sql` LIMIT ${lit(limit)}`}`;
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

async function tablesIn(
  {engine}: Ports,
  database: Attached,
  signal: AbortSignal | undefined,
): Promise<readonly SourceTable[]> {
  const {name: attachedAs} = database;
  const {rows} = await engine.rows(
    sql`SELECT t.schema_name, t.name, t.kind, c.column_name, c.data_type FROM (
  SELECT schema_name, table_name AS name, 'table' AS kind FROM duckdb_tables() WHERE database_name = ${lit(attachedAs)} AND NOT internal AND NOT temporary
  UNION ALL SELECT schema_name, view_name, 'view' FROM duckdb_views() WHERE database_name = ${lit(attachedAs)} AND NOT internal AND NOT temporary
) t LEFT JOIN duckdb_columns() c ON c.database_name = ${lit(attachedAs)} AND c.schema_name = t.schema_name AND c.table_name = t.name
ORDER BY t.schema_name <> 'main', t.schema_name, t.name, c.column_index`,
    {signal},
  );
  const found = new Map<string, {path: [string, string]; kind: SourceTable['kind']; columns: Column[]}>();
  for (const row of rows) {
    const [schema = '', name = '', kind = '', column = '', type = ''] = row.map(text);
    const key = JSON.stringify([schema, name]);
    const table = found.get(key) ?? {path: [schema, name], kind: kind === 'view' ? 'view' : 'table', columns: []};
    found.set(key, table);
    if (column !== '') table.columns.push({name: column, type});
  }
  const tables = [...found.values()];
  const counts = await countsOf(
    {engine},
    database,
    tables.filter(({kind}) => kind === 'table').map(({path}) => path),
    signal,
  );
  return tables.map((table) => ({...table, name: tableName(table.path, 'main'), rows: counts.get(table.path)}));
}

/** Rows by table: DuckDB knows them without reading any. A database that is damaged where it keeps them says so when it is read. */
async function countsOf(
  {engine}: Pick<Ports, 'engine'>,
  {name}: Attached,
  tables: readonly (readonly [string, string])[],
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<readonly string[], number>> {
  if (tables.length === 0) return new Map();
  const count = sql`SELECT ${join(tables.map(([schema, table]) => sql`(SELECT count(*) FROM ${id(name)}.${id(schema)}.${id(table)})`))}`;
  const [row = []] = await engine.rows(count, {signal}).then(
    (found) => found.rows,
    (): readonly Row[] => [],
  );
  return new Map(tables.flatMap((table, i) => (row[i] === undefined ? [] : [[table, Number(row[i])] as const])));
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
