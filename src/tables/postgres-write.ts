import {tableFromIPC, type Data, type Utf8} from 'apache-arrow';
import {joinBytes} from '../lib/bytes.ts';
import {ProblemError, type Difference} from '../lib/problem.ts';
import {list, plural} from '../lib/text.ts';
import type {Value} from '../lib/value.ts';
import type {Ports, PostgresRun, Progress} from '../ports/index.ts';
import {
  copyLines,
  createTable,
  longestName,
  nameBytes,
  names,
  postgresType,
  postgresTypeSql,
  upsert,
} from '../sql/postgres.ts';
import {id, join, lit, quotedId, sql, type Sql} from '../sql/sql.ts';
import type {Column} from '../sql/types.ts';
import type {PostgresWrite} from './define.ts';
import {postgresRows} from './postgres-read.ts';

interface WriteOptions {
  readonly onProgress: (progress: Progress) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Rows go to PostgreSQL in pieces of about so many bytes. */
const piece = 8_000_000;
const staging = 'lakebook_rows';

/** A table of the catalogue, or the temporary one, would be found first under a bare name. */
const placeOf = (table: string): Sql => sql`public.${quotedId(table)}`;

/**
 * Writes rows to a table of PostgreSQL as one transaction: after any failure, or a stop, the table is as it was. With keys, rows that are there
 * are updated and the others inserted; without, they replace the table's rows. Gives the figures to show.
 */
export async function writePostgres(
  ports: Pick<Ports, 'engine' | 'postgres'>,
  write: PostgresWrite,
  input: {readonly relation: Sql; readonly columns: readonly Column[]},
  {onProgress, signal}: WriteOptions,
): Promise<Readonly<Record<string, number>>> {
  const {engine, postgres} = ports;
  const {columns, relation} = input;
  checkLengths(write.table, columns);
  const keys = write.keys.map((key) => columns.find(({name}) => name.toLowerCase() === key.toLowerCase())?.name ?? key);
  const [counted] = (await engine.rows(sql`SELECT count(*) FROM ${relation}`, {signal})).rows;
  const rows = Number(counted?.[0] ?? 0);
  await checkKeys(ports, relation, keys, signal);
  return postgres.transaction(
    async (run) => {
      const found = await tableIn(run, write.table);
      const isNew = found === undefined || write.overwriteSchema;
      if (found !== undefined && !write.overwriteSchema) {
        checkTable(write, columns, keys, found);
        const added = columns.filter((column) => !found.columns.some(({name}) => name === column.name));
        for (const {name, type} of added)
          await run(
            sql`ALTER TABLE ${placeOf(write.table)} ADD COLUMN ${quotedId(name)} ${postgresTypeSql(postgresType(type))}`,
          );
      } else {
        if (found !== undefined) await run(sql`DROP TABLE ${placeOf(write.table)}`);
        await run(createTable(placeOf(write.table), columns, keys));
      }
      const given = columns.map(({name}) => name);
      const isUpsert = keys.length > 0 && !isNew;
      if (isUpsert)
        await run(
          sql`CREATE TEMP TABLE ${id(staging)} ON COMMIT DROP AS SELECT ${names(given)} FROM ${placeOf(write.table)} WITH NO DATA`,
        );
      else if (!isNew) await run(sql`TRUNCATE ${placeOf(write.table)}`);
      const into = isUpsert ? sql`pg_temp.${id(staging)}` : placeOf(write.table);
      const copy = sql`COPY ${into} (${names(given)}) FROM '/dev/blob' WITH (FORMAT csv)`;
      let done = 0;
      await inPieces(ports, copyLines(columns, relation), signal, async (bytes, lines) => {
        await run(copy, bytes);
        done += lines;
        onProgress({done, total: rows, note: `${plural(done, 'row')} sent to PostgreSQL`});
      });
      const facts = isUpsert ? await put(run, write.table, given, keys, rows) : {rows_written: rows};
      const made = await makeIndexes(run, write);
      return {...facts, ...(made === 0 ? {} : {indexes_made: made})};
    },
    {signal},
  );
}

async function put(
  run: PostgresRun,
  table: string,
  given: readonly string[],
  keys: readonly string[],
  rows: number,
): Promise<Record<string, number>> {
  const statement = upsert(placeOf(table), sql`pg_temp.${id(staging)}`, given, keys);
  const answer = await run(
    sql`WITH put AS (${statement} RETURNING xmax = 0 AS inserted) SELECT count(*) FILTER (WHERE inserted), count(*) FILTER (WHERE NOT inserted) FROM put`,
  );
  const [inserted = 0, updated = 0] = (postgresRows(answer)[0] ?? []).map(Number);
  return {rows_inserted: inserted, rows_updated: updated, rows_unchanged: rows - inserted - updated};
}

/** Makes an index of each column that has none of its own. */
async function makeIndexes(run: PostgresRun, {table, indexes}: PostgresWrite): Promise<number> {
  const there = postgresRows(
    await run(
      sql`SELECT a.attname FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0] WHERE n.nspname = 'public' AND c.relname = ${lit(table)} AND i.indnatts = 1 AND i.indpred IS NULL`,
    ),
  ).map(([name]) => name);
  const missing = indexes.filter((name, i) => !there.includes(name) && indexes.indexOf(name) === i);
  for (const name of missing) await run(sql`CREATE INDEX ON ${placeOf(table)} (${quotedId(name)})`);
  return missing.length;
}

/** The rows of a query of one text column, as bytes of many lines at once. */
async function inPieces(
  {engine}: Pick<Ports, 'engine'>,
  lines: Sql,
  signal: AbortSignal | undefined,
  use: (bytes: Uint8Array<ArrayBuffer>, lines: number) => Promise<void>,
): Promise<void> {
  let parts: Uint8Array[] = [];
  let [size, count] = [0, 0];
  const flush = async (): Promise<void> => {
    if (count === 0) return;
    const [bytes, many] = [joinBytes(parts), count];
    [parts, size, count] = [[], 0, 0];
    await use(bytes, many);
  };
  await engine.stream(
    lines,
    async (ipc) => {
      for (const data of tableFromIPC(ipc).getChildAt(0)?.data ?? []) {
        // The cast: `line` is a text column, whose values are the very bytes of the file.
        const {values, valueOffsets, length} = data as Data<Utf8>;
        if (length === 0) continue;
        const bytes = values.subarray(valueOffsets[0], valueOffsets[length]);
        parts.push(bytes);
        size += bytes.length;
        count += length;
      }
      if (size >= piece) await flush();
    },
    {signal},
  );
  await flush();
}

interface FoundTable {
  readonly kind: string;
  readonly columns: readonly Column[];
  readonly keys: readonly string[];
}

/** The table as PostgreSQL has it; undefined when there is none. */
async function tableIn(run: PostgresRun, table: string): Promise<FoundTable | undefined> {
  const columns = postgresRows(
    await run(
      sql`SELECT c.relkind, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), coalesce(array_position(i.indkey::smallint[], a.attnum), -1) FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisprimary WHERE n.nspname = 'public' AND c.relname = ${lit(table)} AND c.relkind <> 'c' ORDER BY a.attnum`,
    ),
  );
  const [first] = columns;
  if (first === undefined) return undefined;
  const keys = columns.filter(([, , , place]) => Number(place) >= 0).sort((a, b) => Number(a[3]) - Number(b[3]));
  return {
    kind: first[0] ?? '',
    columns: columns.flatMap(([, name, type]) => (name == null ? [] : [{name, type: type ?? ''}])),
    keys: keys.map(([, name]) => name ?? ''),
  };
}

function checkTable(
  write: PostgresWrite,
  columns: readonly Column[],
  keys: readonly string[],
  found: FoundTable,
): void {
  const {table} = write;
  if (found.kind !== 'r' && found.kind !== 'p')
    throw new ProblemError({
      code: 'POSTGRES_NOT_A_TABLE',
      message: `${table} is no table in PostgreSQL: something else has that name.`,
      hint: 'Choose another name.',
    });
  const differences = columns.flatMap((column): Difference[] => {
    const type = postgresType(column.type);
    const there = found.columns.find(({name}) => name === column.name);
    if (there === undefined) return write.mergeSchema ? [] : [{column: column.name, table: null, rows: type}];
    return there.type === type ? [] : [{column: column.name, table: there.type, rows: type}];
  });
  if (differences.length > 0) {
    const onlyNew = differences.every((difference) => difference.table === null);
    throw new ProblemError({
      code: 'POSTGRES_COLUMNS',
      message: `The rows don’t fit the PostgreSQL table ${table}: ${list(differences.slice(0, 5).map(({column}) => column))} ${differences.length === 1 ? 'differs' : 'differ'}.`,
      hint: onlyNew
        ? 'Add merge_schema: true to add the new columns to the table, or overwrite_schema: true to make the table anew.'
        : 'Cast the columns to the table’s types, or add overwrite_schema: true to make the table anew.',
      differences,
    });
  }
  if (keys.length !== found.keys.length || keys.some((key, i) => key !== found.keys[i])) {
    const of = (which: readonly string[]): string => (which.length === 0 ? 'none' : list(which));
    throw new ProblemError({
      code: 'POSTGRES_KEYS',
      message: `The primary key of the PostgreSQL table ${table} is ${of(found.keys)}, and this cell’s keys are ${of(keys)}.`,
      hint: 'Name the same keys in the same order, or add overwrite_schema: true to make the table anew.',
      where: {param: 'keys'},
    });
  }
}

function checkLengths(table: string, columns: readonly Column[]): void {
  const long = [table, ...columns.map(({name}) => name)].find((name) => nameBytes(name) > longestName);
  if (long !== undefined)
    throw new ProblemError({
      code: 'POSTGRES_NAME',
      message: `The name ${long.slice(0, 40)}… has ${nameBytes(long)} bytes, and PostgreSQL cuts names at ${longestName}.`,
      hint: long === table ? 'Choose a shorter name for the table.' : 'Put a rename step before it.',
      ...(long === table ? {where: {param: 'table'}} : {where: {column: long}}),
    });
}

/** Keys have to be there, and each once: PostgreSQL would say so only of one row. */
async function checkKeys(
  {engine}: Pick<Ports, 'engine'>,
  relation: Sql,
  keys: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  if (keys.length === 0) return;
  const each = keys.map(id);
  const missing = await engine.rows(
    sql`SELECT ${join(each.map((key) => sql`count(*) - count(${key})`))} FROM ${relation}`,
    {signal},
  );
  const empty = keys.find((_, i) => Number(missing.rows[0]?.[i] ?? 0) > 0);
  if (empty !== undefined)
    throw new ProblemError({
      code: 'POSTGRES_KEY_MISSING',
      message: `${plural(Number(missing.rows[0]?.[keys.indexOf(empty)] ?? 0), 'row')} ${Number(missing.rows[0]?.[keys.indexOf(empty)] ?? 0) === 1 ? 'has' : 'have'} no ${empty}, which is a key: a primary key can’t be NULL.`,
      hint: 'Put a drop_nulls or fill step before it, or choose other keys.',
      where: {param: 'keys', column: empty},
    });
  const repeated = await engine.rows(
    sql`SELECT ${join(each)}, n, count(*) OVER () FROM (SELECT ${join(each)}, count(*) AS n FROM ${relation} GROUP BY ${join(each)} HAVING count(*) > 1) ORDER BY n DESC LIMIT 1`,
    {signal},
  );
  const [row] = repeated.rows;
  if (row === undefined) return;
  const said = keys.map((key, i) => `${key} = ${textOf(row[i])}`);
  const others = Number(row[keys.length + 1]) - 1;
  throw new ProblemError({
    code: 'POSTGRES_KEY_REPEATED',
    message: `${plural(Number(row[keys.length]), 'row')} have the same ${keys.length === 1 ? 'key' : 'keys'}, ${list(said)}${others === 0 ? '' : `, and ${plural(others, 'more key')} ${others === 1 ? 'is' : 'are'} repeated`}: which of them to write isn’t said.`,
    hint: `Put a dedup step on ${list(keys)} before it, or name more keys.`,
    where: {param: 'keys'},
  });
}

const textOf = (value: Value | undefined): string =>
  value === null || value === undefined ? 'NULL' : typeof value === 'object' ? JSON.stringify(value) : String(value);
