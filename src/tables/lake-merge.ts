import {multipleSourceRows} from '../lake/errors.ts';
import {fieldNamed, type DeltaType, type StructField} from '../lake/schema.ts';
import {duckTypeOf} from '../lake/types.ts';
import {parseDuckType} from '../lib/duckdb-type.ts';
import {ProblemError} from '../lib/problem.ts';
import {list} from '../lib/text.ts';
import type {Ports, ReadFile, ReadPlan, WritePlan} from '../ports/index.ts';
import {numberedRows, unusedName} from '../sql/rows.ts';
import {id, join, lit, sql, type Sql} from '../sql/sql.ts';
import {KeptRows} from './lake-checks.ts';
import {createLakeTable, fileGroups, loadFiles} from './lake-load.ts';
import {allFiles} from './lake-read.ts';
import {columnsSql, convert, nullOf, partitionValue, typeSql} from './lake-types.ts';

/** The new rows of a merge: by logical name in the table's types. */
export interface MergeSource {
  readonly relation: Sql;
  /** The columns that the rows bring; matched rows keep their own values in the others. */
  readonly given: ReadonlySet<string>;
  readonly keys: readonly string[];
}

export interface Merged {
  /** The table in the engine with the rows to write. */
  readonly table: string;
  /** How many these are. */
  readonly rows: number;
  /** Files that they replace, as indexes of the plan's. */
  readonly removes: readonly number[];
  readonly metrics: Readonly<Record<string, string>>;
}

interface Call {
  readonly signal: AbortSignal | undefined;
}

/**
 * What Delta's MERGE with WHEN MATCHED UPDATE ALL and WHEN NOT MATCHED INSERT ALL makes of a table: the rows of the files that
 * hold a match, updated and in their order, then those that matched nothing. NULL keys match nothing. Tables of the engine
 * that it makes have names that begin with `scratch`.
 */
export async function mergeRows(
  ports: Pick<Ports, 'engine' | 'lake'>,
  table: string,
  plan: WritePlan,
  source: MergeSource,
  scratch: string,
  call: Call,
): Promise<Merged> {
  const {engine} = ports;
  const {read, schema} = plan;
  const keys = keyFields(table, plan, source);
  const row = unusedName('row', schema.fields);
  const [given, matched, result] = [`${scratch}_source`, `${scratch}_matched`, `${scratch}_result`];
  await engine.execute(
    [
      sql`CREATE TABLE ${id(given)} AS SELECT *, row_number() OVER () AS ${id(row)} FROM ${source.relation}`,
      sql`CREATE TABLE ${id(matched)} (${id(row)} BIGINT)`,
      sql`CREATE TABLE ${id(result)} (${join(columnsSql(schema))})`,
    ],
    call,
  );
  const {removes, updated} = await rewrite();
  const rewritten = await count(result);
  const columns = join(schema.fields.map((field) => id(field.name)));
  await engine.execute(
    [
      sql`INSERT INTO ${id(result)} SELECT ${columns} FROM ${id(given)} WHERE ${id(row)} NOT IN (FROM ${id(matched)}) ORDER BY ${id(row)}`,
    ],
    call,
  );
  const [all, rows] = [await count(given), await count(result)];
  return {
    table: result,
    rows,
    removes,
    metrics: {
      numSourceRows: String(all),
      numTargetRowsInserted: String(rows - rewritten),
      numTargetRowsUpdated: String(updated),
      numTargetRowsMatchedUpdated: String(updated),
      numTargetRowsDeleted: '0',
      numTargetRowsCopied: String(rewritten - updated),
      numOutputRows: String(rows),
      numTargetFilesRemoved: String(removes.length),
    },
  };

  async function count(name: string): Promise<number> {
    const {rows: counted} = await engine.rows(sql`SELECT count(*) FROM ${id(name)}`, call);
    return Number(counted[0]?.[0] ?? 0);
  }

  /** Puts the rows of the files that hold a match into the result, and says which files these are and how many of their rows match. */
  async function rewrite(): Promise<{removes: number[]; updated: number}> {
    if (read === undefined) return {removes: [], updated: 0};
    const kept = new KeptRows(ports, table, plan);
    const candidates = kept.isFree ? await candidateFiles(ports, read, keys, given, call) : allFiles(read);
    const fileColumn = unusedName('file', [...read.schema.fields, {name: row}]);
    const touched: number[] = [];
    let updated = 0;
    await refuseDuplicates(ports, table, keys, given, undefined, call);
    for (const group of fileGroups(read, candidates)) {
      const target = `${scratch}_target`;
      const into = {table: target, fileColumn, ...call};
      await createLakeTable(ports, read, into);
      await loadFiles(ports, read, group, into);
      await refuseDuplicates(ports, table, keys, given, target, call);
      const matches = sql`SELECT * FROM ${id(target)} t SEMI JOIN ${id(given)} s ON ${onKeys(keys)}`;
      const {rows: found} = await engine.rows(
        sql`SELECT ${id(fileColumn)}, count(*) FROM (${matches}) GROUP BY ALL ORDER BY 1`,
        call,
      );
      const files = found.map(([file]) => Number(file));
      const chosen = files.length === 0 ? sql`false` : sql`${id(fileColumn)} IN (${join(files.map(lit))})`;
      if (!kept.isFree) await kept.add(sql`(SELECT * FROM ${id(target)} WHERE NOT (${chosen}))`, call);
      if (files.length === 0) continue;
      touched.push(...files);
      updated += found.reduce((sum, [, rows]) => sum + Number(rows), 0);
      const {from, row: place} = numberedRows({
        relation: id(target),
        columns: [...read.schema.fields, {name: fileColumn}],
      });
      const values = schema.fields.map((field) => sql`${merged(field, read)} AS ${id(field.name)}`);
      await engine.execute(
        [
          sql`INSERT INTO ${id(result)} SELECT ${join(values)} FROM ${from} t LEFT JOIN ${id(given)} s ON ${onKeys(keys)} WHERE t.${chosen} ORDER BY t.${place}`,
          sql`INSERT INTO ${id(matched)} SELECT s.${id(row)} FROM ${id(given)} s SEMI JOIN ${id(target)} t ON ${onKeys(keys)}`,
        ],
        call,
      );
    }
    kept.finish();
    return {removes: touched.sort((a, b) => a - b), updated};
  }

  /** A column's value in a row of the table that is there before. */
  function merged(field: StructField, before: ReadPlan): Sql {
    const own = fieldNamed(before.schema, field.name);
    const value =
      own === undefined
        ? nullOf(field.type)
        : convert(sql`t.${id(own.name)}`, parseDuckType(duckTypeOf(own.type)), field.type, (inner) => inner.name);
    return source.given.has(field.name)
      ? sql`CASE WHEN s.${id(row)} IS NOT NULL THEN s.${id(field.name)} ELSE ${value} END`
      : value;
  }
}

const onKeys = (keys: readonly StructField[]): Sql =>
  join(
    keys.map((key) => sql`t.${id(key.name)} = s.${id(key.name)}`),
    ' AND ',
  );

/** The keys as columns of the table; refused when the table or the rows lack one. */
function keyFields(table: string, {schema, read}: WritePlan, {keys, given}: MergeSource): StructField[] {
  const hint = `Both have ${list(schema.fields.filter((field) => given.has(field.name) && fieldNamed(read?.schema ?? schema, field.name) !== undefined).map(({name}) => name))}.`;
  if (keys.length === 0)
    throw new ProblemError({
      code: 'MERGE_WITHOUT_KEYS',
      message: 'A merge has to know by which columns rows match.',
      hint: 'Name them in keys.',
      where: {param: 'keys'},
    });
  return keys.map((name) => {
    const field = fieldNamed(schema, name);
    const where = {param: 'keys', column: name};
    if (field === undefined || !given.has(field.name))
      throw new ProblemError({
        code: 'COLUMN_NOT_FOUND',
        message: `The rows have no column ${name} to merge by.`,
        hint,
        where,
      });
    if (read !== undefined && fieldNamed(read.schema, name) === undefined)
      throw new ProblemError({
        code: 'COLUMN_NOT_FOUND',
        message: `Table ${table} has no column ${name} to merge by.`,
        hint,
        where,
      });
    return field;
  });
}

/** Throws when several of the new rows match one row of `target`; without a target it only gathers which keys come more than once. */
async function refuseDuplicates(
  {engine}: Pick<Ports, 'engine'>,
  table: string,
  keys: readonly StructField[],
  given: string,
  target: string | undefined,
  call: Call,
): Promise<void> {
  const repeated = id(`${given}_repeated`);
  const names = join(keys.map((key) => id(key.name)));
  if (target === undefined)
    return engine.execute(
      [sql`CREATE TABLE ${repeated} AS SELECT ${names} FROM ${id(given)} GROUP BY ${names} HAVING count(*) > 1`],
      call,
    );
  const texts = keys.map((key) => sql`${lit(`${key.name} = `)} || CAST(t.${id(key.name)} AS VARCHAR)`);
  const {rows} = await engine.rows(
    sql`SELECT [${join(texts)}] FROM ${id(target)} t SEMI JOIN ${repeated} s ON ${onKeys(keys)} LIMIT 1`,
    call,
  );
  const [first] = rows;
  if (first === undefined) return;
  // The cast: the one value is a list of texts.
  const example = list(first[0] as readonly string[]);
  throw new ProblemError(
    multipleSourceRows(
      table,
      keys.map((key) => key.name),
      example,
    ),
  );
}

/** Files that may hold a match, by their partition and the bounds that the log has. */
async function candidateFiles(
  {engine}: Pick<Ports, 'engine'>,
  read: ReadPlan,
  keys: readonly StructField[],
  given: string,
  call: Call,
): Promise<number[]> {
  if (read.files.length === 0) return [];
  const partitioned = (key: StructField): boolean =>
    read.partitionColumns.some((name) => name.toLowerCase() === key.name.toLowerCase());
  const rows = read.files.map(
    (file, i) => sql`(${lit(i)}, ${join(keys.flatMap((key) => boundsOf(file, key, partitioned(key))))})`,
  );
  const names = join([sql`i`, ...keys.flatMap((_, k) => [id(`lo${k}`), id(`hi${k}`)])]);
  const within = keys.map((key, k) => {
    const [lo, hi, column] = [sql`f.${id(`lo${k}`)}`, sql`f.${id(`hi${k}`)}`, id(key.name)];
    if (partitioned(key)) return sql`${lo} IN (SELECT ${column} FROM ${id(given)} WHERE ${column} IS NOT NULL)`;
    return sql`(${lo} IS NULL OR ${hi} IS NULL OR (${lo} <= (SELECT max(${column}) FROM ${id(given)}) AND ${hi} >= (SELECT min(${column}) FROM ${id(given)})))`;
  });
  const {rows: found} = await engine.rows(
    sql`SELECT i FROM (VALUES ${join(rows)}) AS f(${names}) WHERE ${join(within, ' AND ')} ORDER BY i`,
    call,
  );
  return found.map(([i]) => Number(i));
}

/** The least and the greatest value that a file can have in a key, NULL when nothing is known. */
function boundsOf(file: ReadFile, {name, type}: StructField, isPartition: boolean): [Sql, Sql] {
  const own = <T>(record: Readonly<Record<string, T>>): T | undefined =>
    record[name] ?? Object.entries(record).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
  if (isPartition) {
    const value = partitionValue(own(file.partition), type);
    return [value, value];
  }
  const bounds = own(file.bounds);
  const [min, max] = [boundText(bounds?.min, type), boundText(bounds?.max, type)];
  if (min === undefined || max === undefined) return [nullOf(type), nullOf(type)];
  const cast = (text: string): Sql => sql`CAST(${lit(text)} AS ${typeSql(type)})`;
  // Writers cut timestamps to milliseconds.
  return [
    cast(min),
    type === 'timestamp' || type === 'timestamp_ntz' ? sql`${cast(max)} + INTERVAL 1 MILLISECOND` : cast(max),
  ];
}

function boundText(value: unknown, type: DeltaType): string | undefined {
  if (typeof type !== 'string' || (typeof value !== 'string' && typeof value !== 'number')) return undefined;
  const text = String(value);
  if (type === 'string' || type === 'date') return text;
  if (type === 'timestamp' || type === 'timestamp_ntz') {
    const time = Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
    return Number.isNaN(time) ? undefined : new Date(time).toISOString();
  }
  // Of floats, NaN may be beyond the bounds.
  return /^(long|integer|short|byte|decimal.*)$/.test(type) && /^-?\d+(\.\d+)?$/.test(text) ? text : undefined;
}
