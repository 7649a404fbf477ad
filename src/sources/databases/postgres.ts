import {at, problemOf, ProblemError, type Problem} from '../../lib/problem.ts';
import type {Ports, PostgresPort} from '../../ports/index.ts';
import {psqlStatement, quotedId, sql} from '../../sql/sql.ts';
import {tableName} from './attach.ts';
import {duckTypeOf} from '../../sql/postgres.ts';
import type {Column} from '../../sql/types.ts';
import {postgresRows, readPostgres} from '../../tables/postgres-read.ts';
import type {Into, OpenDatabase, SourceTable} from './define.ts';

/** A dump of PostgreSQL's as SQL, run in a PostgreSQL of its own that is gone afterwards: what it says reaches nothing else. */
export async function openPostgresDump(
  ports: Ports,
  file: string,
  {onProgress, signal}: Pick<Into, 'onProgress' | 'signal'>,
): Promise<OpenDatabase> {
  const {engine, storage} = ports;
  const dump = await storage.plainText(file, {});
  await checkEnd(dump, file);
  const postgres = ports.throwAwayPostgres();
  const ofDump = (thrown: unknown): never => {
    throw new ProblemError(aboutDump(problemOf(thrown), file), {cause: thrown});
  };
  try {
    onProgress({done: 0, total: 0, note: 'PostgreSQL runs the dump'});
    await postgres.load(dump, {signal}).catch(ofDump);
    const tables = await tablesIn(postgres, signal);
    return {
      tables,
      async read({path}, {table, signal, limit}) {
        const [schema = '', name = ''] = path;
        const rows = sql`SELECT * FROM ${quotedId(schema)}.${quotedId(name)}`;
        await readPostgres(
          {engine, postgres},
          limit === undefined ? rows : psqlStatement(`${rows} LIMIT ${limit}`),
          table,
          signal,
        ).catch(ofDump);
        return false;
      },
      close: () => postgres.close(),
    };
  } catch (thrown) {
    await postgres.close();
    throw thrown;
  }
}

/** pg_dump says at the end that it came to it: what was cut between two statements would go unnoticed. */
async function checkEnd(dump: File, file: string): Promise<void> {
  const [start, end] = await Promise.all([dump.slice(0, 4096).text(), dump.slice(-4096).text()]);
  if (
    /^-- PostgreSQL database (cluster )?dump$/m.test(start) &&
    !/^-- PostgreSQL database (cluster )?dump complete$/m.test(end)
  )
    throw new ProblemError({
      code: 'DATABASE_TRUNCATED',
      message: `${file} starts as a dump of PostgreSQL’s, but its end is missing.`,
      hint: 'Copy or download the file again, or run pg_dump again; it was cut short on its way.',
      where: {file},
    });
}

function aboutDump(problem: Problem, file: string): Problem {
  if (problem.code !== 'POSTGRES') return at(problem, {file});
  const {where, sql: _, ...rest} = problem;
  return {
    ...rest,
    message: `PostgreSQL doesn’t take ${file}${where?.line === undefined ? '' : ` at line ${where.line}`}: ${problem.message}`,
    hint:
      problem.hint ??
      'A dump of pg_dump’s as plain SQL can be read here, without what needs an extension; one of another database can’t.',
    where: {file},
  };
}

async function tablesIn(postgres: PostgresPort, signal: AbortSignal | undefined): Promise<SourceTable[]> {
  const answer = await postgres.transaction(
    (run) =>
      run(
        sql`SELECT n.nspname, c.relname, c.relkind IN ('v', 'm'), a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND c.relpersistence <> 't'
ORDER BY n.nspname <> 'public', n.nspname, c.relname, a.attnum`,
      ),
    {readOnly: true, signal},
  );
  const tables = new Map<string, {path: [string, string]; kind: SourceTable['kind']; columns: Column[]}>();
  for (const [schema, name, isView, column, type] of postgresRows(answer)) {
    if (schema == null || name == null) continue;
    const key = JSON.stringify([schema, name]);
    const table = tables.get(key) ?? {path: [schema, name], kind: isView === 't' ? 'view' : 'table', columns: []};
    tables.set(key, table);
    if (column != null) table.columns.push({name: column, type: duckTypeOf(type ?? '') ?? 'VARCHAR'});
  }
  const found: SourceTable[] = [];
  for (const table of tables.values()) {
    const [schema, name] = table.path;
    const count = sql`SELECT count(*) FROM ${quotedId(schema)}.${quotedId(name)}`;
    const rows =
      table.kind === 'view'
        ? undefined
        : Number(postgresRows(await postgres.transaction((run) => run(count), {readOnly: true, signal}))[0]?.[0]);
    found.push({...table, name: tableName(table.path, 'public'), rows});
  }
  return found;
}
