import type {StructType} from '../lake/schema.ts';
import {deltaTypeOf} from '../lake/types.ts';
import {parseDuckType} from '../lib/duckdb-type.ts';
import {cancelled, ProblemError} from '../lib/problem.ts';
import {plural} from '../lib/text.ts';
import type {Ports, Progress, WriteIntent, WritePlan} from '../ports/index.ts';
import {numberedRows, type Rows} from '../sql/rows.ts';
import {id, join, lit, sql, type Sql} from '../sql/sql.ts';
import type {Column} from '../sql/types.ts';
import type {LakeWrite} from './define.ts';
import {checkKept, checkRows, lookThrough, sparkConstraint} from './lake-checks.ts';
import {statsOf, statsSql, writeFiles, type RowsToWrite} from './lake-files.ts';
import {mergeRows} from './lake-merge.ts';
import {convert, named, nullOf, typeSql} from './lake-types.ts';

/** The rows to write: a table of the engine. */
export interface WriteInput extends Rows {
  readonly columns: readonly Column[];
}

export interface WriteOptions {
  readonly applies: WriteIntent['applies'];
  readonly notebook: WriteIntent['notebook'];
  /** When false, rows that aren't in the table yet are refused with `NOT_RUN`. */
  readonly mayWrite: boolean;
  readonly onProgress: (progress: Progress) => void;
  readonly signal?: AbortSignal | undefined;
}

/** What a write did. */
export interface LakeWritten {
  readonly version: number;
  /** Undefined when the rows were in the table already. */
  readonly timestamp: number | undefined;
  readonly mode: LakeWrite['mode'];
  readonly operation: 'WRITE' | 'MERGE';
  /** Written to files: in a merge those copied, too. */
  readonly rows: number;
  readonly filesAdded: number;
  readonly filesRemoved: number;
  readonly bytesAdded: number;
  /** The version that brought the rows before: nothing was written now. */
  readonly applied: number | undefined;
  /** The figures to show. */
  readonly facts: Readonly<Record<string, number>>;
}

/**
 * Writes rows to a table of the lake as one commit. Rows that don't fit, break a constraint or can't be merged are refused with
 * Delta's own error; after any failure, or a stop, the table is as it was.
 */
export async function writeLakeTable(
  ports: Pick<Ports, 'engine' | 'lake'>,
  write: LakeWrite,
  input: WriteInput,
  options: WriteOptions,
): Promise<LakeWritten> {
  const {engine, lake} = ports;
  const call = {signal: options.signal};
  const plan = await lake.begin(write.table, intentOf(write, input.columns, options));
  const scratch = `lake_write_${plan.transaction}`;
  try {
    if (plan.applied !== undefined) {
      await lake.abort(plan.transaction);
      return alreadyThere(write, plan.applied);
    }
    if (!options.mayWrite)
      throw new ProblemError({
        code: 'NOT_RUN',
        message: `The rows of ${options.notebook.cell} are not in the table ${write.table} yet.`,
        hint: `Run ${options.notebook.cell} to write them: to look at a cell writes nothing.`,
      });
    if (options.signal?.aborted === true) throw new ProblemError(cancelled);
    const rowsToWrite = rowsOf(
      plan,
      plan.rulesOnly ? {columns: input.columns, relation: sql`(FROM ${input.relation} LIMIT 0)`} : input,
    );
    const {relation, given} = rowsToWrite;
    // In a table that is made now nothing can match: the rows are written as they are.
    const isMerge = write.mode === 'merge' && !plan.rulesOnly && plan.read !== undefined;
    // Most writes are one file of these very rows: then its statistics take no query of their own.
    const seen = await lookThrough(
      ports,
      write.table,
      plan.schema,
      relation,
      isMerge || plan.partitionColumns.length > 0 ? [sql`count(*)`] : statsSql(plan.columns),
      call,
    );
    const merged = isMerge
      ? await mergeRows(ports, write.table, plan, {relation, given, keys: write.keys}, scratch, call)
      : undefined;
    const fresh =
      merged === undefined ? rowsToWrite : sliced({relation: id(merged.table), columns: plan.schema.fields});
    await checkRows(ports, write.table, plan, fresh.relation, call);
    if (write.mode === 'append' || plan.rulesOnly) await checkKept(ports, write.table, plan, `${scratch}_kept`, call);
    const rows = merged?.rows ?? Number(seen[0] ?? 0);
    const stats = seen.length > 1 ? statsOf(plan.columns, seen) : undefined;
    const onRows = (done: number): void =>
      options.onProgress({done, total: rows, note: `${plural(done, 'row')} written`});
    const files = await writeFiles(ports, plan, {...fresh, rows, stats}, onRows, call);
    const metrics =
      merged === undefined
        ? {numFiles: String(files), numOutputRows: String(rows)}
        : {...merged.metrics, numTargetFilesAdded: String(files)};
    const {version, timestamp, filesAdded, filesRemoved, bytesAdded} = await lake.commit(
      plan.transaction,
      merged?.removes ?? [],
      metrics,
    );
    const operation = isMerge ? 'MERGE' : 'WRITE';
    const changed =
      merged === undefined
        ? {rows}
        : {
            rows_updated: Number(merged.metrics['numTargetRowsUpdated'] ?? 0),
            rows_inserted: Number(merged.metrics['numTargetRowsInserted'] ?? 0),
            rows_written: rows,
          };
    const facts = {version, ...changed, files_added: filesAdded, files_removed: filesRemoved, bytes_added: bytesAdded};
    return {
      version,
      timestamp,
      mode: write.mode,
      operation,
      rows,
      filesAdded,
      filesRemoved,
      bytesAdded,
      applied: undefined,
      facts,
    };
  } catch (thrown) {
    // The user is told why the write failed, not that giving up failed too.
    await lake.abort(plan.transaction).catch(() => undefined);
    throw thrown;
  } finally {
    // Only rows beside the table's are put into tables of their own.
    if (plan.applied === undefined && plan.read !== undefined) await dropScratch();
  }

  async function dropScratch(): Promise<void> {
    const names = ['source', 'source_repeated', 'matched', 'result', 'target', 'kept'];
    await engine
      .execute(names.map((name) => sql`DROP TABLE IF EXISTS ${id(`${scratch}_${name}`)}`))
      .catch(() => undefined);
  }
}

const alreadyThere = ({mode}: LakeWrite, version: number): LakeWritten => ({
  version,
  timestamp: undefined,
  mode,
  operation: mode === 'merge' ? 'MERGE' : 'WRITE',
  rows: 0,
  filesAdded: 0,
  filesRemoved: 0,
  bytesAdded: 0,
  applied: version,
  facts: {version, applied: version},
});

function intentOf(write: LakeWrite, columns: readonly Column[], {applies, notebook}: WriteOptions): WriteIntent {
  const schema: StructType = {
    type: 'struct',
    fields: columns.map((column) => ({
      name: column.name,
      type: deltaTypeOf(parseDuckType(column.type)).type,
      nullable: true,
      metadata: {},
    })),
  };
  const {mode, mergeSchema, overwriteSchema, partitionBy, notNull, comments, keys, crashAfter} = write;
  const constraints = Object.fromEntries(
    Object.entries(write.constraints).map(([name, text]) => [name, sparkConstraint(name, text)]),
  );
  return {
    mode,
    schema,
    mergeSchema,
    overwriteSchema,
    partitionBy,
    notNull,
    constraints,
    comments,
    keys,
    applies,
    notebook,
    ...(crashAfter === undefined ? {} : {crashAfter}),
  };
}

/** The rows in the table's columns and types; `given` are those columns that the rows have. */
function rowsOf(plan: WritePlan, input: WriteInput): SlicedRows & {given: ReadonlySet<string>} {
  const given = new Set<string>();
  const selected = plan.schema.fields.map((field) => {
    const source = named(input.columns, field.name);
    if (source === undefined) return sql`${nullOf(field.type)} AS ${id(field.name)}`;
    given.add(field.name);
    const {type, cast} = deltaTypeOf(parseDuckType(source.type));
    const value = cast === undefined ? id(source.name) : sql`CAST(${id(source.name)} AS ${typeSql(type)})`;
    return sql`${convert(value, parseDuckType(cast ?? source.type), field.type, (inner) => inner.name)} AS ${id(field.name)}`;
  });
  return {...sliced(input, join(selected)), given};
}

type SlicedRows = Pick<RowsToWrite, 'relation' | 'between'>;

/** A table's rows, and some of them by their place: LIMIT with OFFSET would have DuckDB copy them first. */
function sliced(rows: Rows, selected?: Sql): SlicedRows {
  const {from, row, all} = numberedRows(rows);
  return {
    relation: selected === undefined ? rows.relation : sql`(SELECT ${selected} FROM ${rows.relation})`,
    between: (start, end) =>
      sql`(SELECT ${selected ?? all} FROM ${from} WHERE ${row} >= ${lit(start)}${end === undefined ? sql`` : sql` AND ${row} < ${lit(end)}`})`,
  };
}
