import {cancelled, ProblemError} from '../lib/problem.ts';
import type {Value} from '../lib/value.ts';
import {fieldNamed, type DeltaType, type StructField} from '../lake/schema.ts';
import type {FileStats, Ports, WritePlan} from '../ports/index.ts';
import {id, join, sql, type Sql} from '../sql/sql.ts';
import {oneAhead} from './one-ahead.ts';
import {partitionText, partitionValue} from './lake-types.ts';

/** Rows with the table's columns; `relation` stands in FROM. */
export interface RowsToWrite {
  readonly relation: Sql;
  /** Those from the place `start`, counted from 0, to before `end`; the last ones where there is none. Stands in FROM. */
  readonly between: (start: number, end: number | undefined) => Sql;
  readonly rows: number;
  /** Of all of them, where they are known. */
  readonly stats: FileStats | undefined;
}

interface Call {
  readonly signal: AbortSignal | undefined;
}

/** The rows of one data file, in their order. */
interface Part {
  readonly relation: Sql;
  readonly partition: Readonly<Record<string, string | null>>;
  readonly stats: FileStats;
}

// Large enough to be read fast, small enough for a merge to rewrite.
const fileRows = 1_000_000;
// Delta keeps statistics of the first 32 leaf columns (delta.dataSkippingNumIndexedCols).
const indexedLeaves = 32;

/** Writes rows to data files, one for each partition or each million rows, and returns their number. */
export async function writeFiles(
  ports: Pick<Ports, 'engine' | 'lake'>,
  plan: WritePlan,
  rows: RowsToWrite,
  onRows: (done: number) => void,
  call: Call,
): Promise<number> {
  const {engine, lake} = ports;
  const {transaction} = plan;
  const columns = join(plan.columns.map((field) => id(field.name)));
  const parts =
    plan.partitionColumns.length > 0 ? partitions(ports, plan, rows, call) : slices(ports, plan, rows, call);
  const opened = async (): Promise<(Part & {file: number}) | undefined> => {
    const {value: part} = await parts.next();
    return part && {...part, file: await lake.openFile(transaction, part.partition)};
  };
  let [files, done] = [0, 0];
  // While one file is filled, the next is opened and the one before is closed; they are closed in their order, which is that of the log.
  // One failure ends the write and makes the others fail: the user is told the first.
  const failures: unknown[] = [];
  let opening = opened();
  let closing: Promise<unknown> = Promise.resolve();
  try {
    for (let part = await opening; part !== undefined; part = await opening) {
      if (call.signal?.aborted === true) throw new ProblemError(cancelled);
      const {relation, stats, file} = part;
      opening = opened();
      opening.catch((thrown: unknown) => failures.push(thrown));
      // The engine makes the next rows while these are written.
      const {write, settled} = oneAhead((ipc) => lake.writeFile(transaction, file, ipc));
      await engine.stream(sql`SELECT ${columns} FROM ${relation}`, write, call).catch(async (thrown: unknown) => {
        await settled();
        throw thrown;
      });
      await closing;
      closing = settled().then(() => lake.closeFile(transaction, file, stats));
      closing.catch((thrown: unknown) => failures.push(thrown));
      files++;
      onRows((done += stats.rows));
    }
    await closing;
  } catch (thrown) {
    throw failures[0] ?? thrown;
  } finally {
    await Promise.allSettled([opening, closing]);
  }
  return files;
}

async function* slices(
  {engine}: Pick<Ports, 'engine'>,
  {columns}: WritePlan,
  {relation, between, rows, stats}: RowsToWrite,
  call: Call,
): AsyncGenerator<Part, undefined> {
  // The last file takes what would be less than half of another.
  const files = rows === 0 ? 0 : Math.max(1, Math.round(rows / fileRows));
  for (let i = 0; i < files; i++) {
    if (files === 1 && stats !== undefined) {
      yield {relation, partition: {}, stats};
      return;
    }
    const part = files === 1 ? relation : between(i * fileRows, i === files - 1 ? undefined : (i + 1) * fileRows);
    const {rows: found} = await engine.rows(sql`SELECT ${join(statsSql(columns))} FROM ${part}`, call);
    yield {relation: part, partition: {}, stats: statsOf(columns, found[0] ?? [])};
  }
}

/** One part for each combination of partition values, in their order, NULL last. */
async function* partitions(
  {engine}: Pick<Ports, 'engine'>,
  plan: WritePlan,
  {relation}: RowsToWrite,
  call: Call,
): AsyncGenerator<Part, undefined> {
  const fields = plan.partitionColumns.flatMap((name) => fieldNamed(plan.schema, name) ?? []);
  const keys = fields.map((field) => (field.type === 'string' ? sql`nullif(${id(field.name)}, '')` : id(field.name)));
  const texts = fields.map((field, i) => partitionText(keys[i] ?? id(field.name), field.type));
  const grouped = sql`SELECT ${join([...texts, ...statsSql(plan.columns)])} FROM ${relation} GROUP BY ${join(keys)} ORDER BY ${join(keys.map((key) => sql`${key} NULLS LAST`))}`;
  const {rows: found} = await engine.rows(grouped, call);
  for (const row of found) {
    const values = fields.map((_, i) => textOf(row[i]));
    const same = fields.map(
      (field, i) => sql`${keys[i] ?? id(field.name)} IS NOT DISTINCT FROM ${partitionValue(values[i], field.type)}`,
    );
    yield {
      relation: sql`(SELECT * FROM ${relation} WHERE ${join(same, ' AND ')})`,
      partition: Object.fromEntries(fields.map((field, i) => [field.name, values[i] ?? null])),
      stats: statsOf(plan.columns, row.slice(fields.length)),
    };
  }
}

const textOf = (value: Value | undefined): string | null => (typeof value === 'string' ? value : null);

/** Aggregates: a count of the rows, then nulls, least and greatest value of each indexed column. */
export function statsSql(columns: readonly StructField[]): Sql[] {
  const each = indexed(columns).flatMap(({name, type}) => [
    sql`count(*) - count(${id(name)})`,
    bound(sql`min`, name, type),
    bound(sql`max`, name, type),
  ]);
  return [sql`count(*)`, ...each];
}

/** NULL for types without bounds in the log. */
function bound(which: Sql, name: string, type: DeltaType): Sql {
  const value = sql`${which}(${id(name)})`;
  switch (type) {
    case 'float':
    case 'double':
    case 'date':
    case 'timestamp':
    case 'timestamp_ntz':
      return value;
    case 'string':
      // The log keeps 32 characters of a text, and looks at what follows to round its upper bound.
      return sql`left(${value}, 128)`;
    default:
      return typeof type === 'string' && /^(long|integer|short|byte|decimal)/.test(type) ? value : sql`NULL`;
  }
}

/** The statistics from the values of `statsSql`. */
export function statsOf(columns: readonly StructField[], [rows, ...values]: readonly Value[]): FileStats {
  const nulls: Record<string, number> = {};
  const min: Record<string, unknown> = {};
  const max: Record<string, unknown> = {};
  indexed(columns).forEach(({name, type}, i) => {
    nulls[name] = Number(values[3 * i] ?? 0);
    const [least, greatest] = [jsonBound(values[3 * i + 1], type), jsonBound(values[3 * i + 2], type)];
    if (least === undefined || greatest === undefined) return;
    min[name] = least;
    max[name] = greatest;
  });
  return {rows: Number(rows ?? 0), min, max, nulls};
}

function jsonBound(value: Value | undefined, type: DeltaType): unknown {
  if (value === undefined || value === null) return undefined;
  // NaN and the infinities are beyond every other value: where there are any, one of the bounds is.
  if (typeof value === 'number' && !Number.isFinite(value)) return undefined;
  if (type !== 'date' && type !== 'timestamp' && type !== 'timestamp_ntz') return value;
  // Years before 1 and after 9999, and infinity, are spelt in a way of their own.
  const parts = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d:\d\d)(?:\.(\d+))?)?$/.exec(textOf(value) ?? '');
  if (parts === null) return undefined;
  const [, day = '', time = '00:00:00', fraction = ''] = parts;
  return type === 'date'
    ? day
    : `${day}T${time}.${fraction.padEnd(3, '0').slice(0, 3)}${type === 'timestamp' ? 'Z' : ''}`;
}

/** Columns without parts among the first 32 leaves. */
function indexed(columns: readonly StructField[]): StructField[] {
  let leaf = 0;
  return columns.filter(({type}) => {
    const first = leaf;
    leaf += leavesOf(type);
    return first < indexedLeaves && (typeof type === 'string' || type.type !== 'struct');
  });
}

const leavesOf = (type: DeltaType): number =>
  typeof type === 'string' || type.type !== 'struct'
    ? 1
    : type.fields.reduce((sum, field) => sum + leavesOf(field.type), 0);
