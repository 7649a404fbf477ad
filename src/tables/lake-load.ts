import {invariant} from '../lib/invariant.ts';
import {cancelled, ProblemError} from '../lib/problem.ts';
import {physicalName} from '../lake/schema.ts';
import type {Ports, Progress, ReadFile, ReadPlan} from '../ports/index.ts';
import {numberedRows, unusedName} from '../sql/rows.ts';
import {id, join, lit, sql, type Sql} from '../sql/sql.ts';
import type {Column} from '../sql/types.ts';
import {joined, takeApart, type ArrowParts} from './arrow-stream.ts';
import {columnsSql, convert, isSame, named, nullOf, parsed, partitionValue} from './lake-types.ts';

/** Where the rows go: a table of the engine that `createLakeTable` made. */
export interface LoadInto {
  readonly table: string;
  /** A column that says which of the plan's files a row is from; none when undefined. */
  readonly fileColumn?: string | undefined;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal: AbortSignal | undefined;
}

// Enough for an insert to cost more than the way to the engine, little enough to be held twice.
const flushBytes = 8 * 1024 * 1024;
// Files up to this size are read ahead, so many at a time: opening them takes longer than reading.
const smallBytes = 1024 * 1024;
const ahead = 8;

/** Makes the empty table of a plan's columns. */
export async function createLakeTable(
  {engine}: Pick<Ports, 'engine'>,
  plan: ReadPlan,
  {table, fileColumn, signal}: LoadInto,
): Promise<void> {
  const columns = [...columnsSql(plan.schema), ...(fileColumn === undefined ? [] : [sql`${id(fileColumn)} INTEGER`])];
  if (columns.length === 0)
    throw new ProblemError({
      code: 'LAKE_NO_COLUMNS',
      message: 'The table has no columns.',
      hint: 'Write rows to it first.',
    });
  await engine.execute([sql`DROP TABLE IF EXISTS ${id(table)}`, sql`CREATE TABLE ${id(table)} (${join(columns)})`], {
    signal,
  });
}

/** Appends the rows of some of a plan's files, without those that are deleted: files in the order given, rows in the file's. */
export async function loadFiles(
  ports: Pick<Ports, 'engine' | 'lake'>,
  plan: ReadPlan,
  files: readonly number[],
  into: LoadInto,
): Promise<void> {
  const {lake} = ports;
  const loader = new Loader(ports, plan, into);
  const total = files.reduce((sum, file) => sum + (plan.files[file]?.bytes ?? 0), 0);
  let done = 0;
  const early = new Map<number, Promise<Uint8Array[]>>();
  const collect = async (file: number): Promise<Uint8Array[]> => {
    const parts: Uint8Array[] = [];
    await lake.readFile(
      plan.reader,
      file,
      (ipc) => {
        parts.push(ipc);
        return Promise.resolve();
      },
      {signal: into.signal},
    );
    return parts;
  };
  const readAhead = (next: number): void => {
    for (const file of files.slice(next, next + ahead)) {
      if (early.has(file) || (plan.files[file]?.bytes ?? 0) > smallBytes) continue;
      const parts = collect(file);
      // Who waits for it is told; after a failure nobody does.
      parts.catch(() => undefined);
      early.set(file, parts);
    }
  };
  try {
    for (const [i, file] of files.entries()) {
      if (into.signal?.aborted === true) throw new ProblemError(cancelled);
      readAhead(i);
      const entry = plan.files[file];
      invariant(entry !== undefined, 'a file is one of the plan’s');
      const deleted = entry.deleted === 0 ? undefined : await lake.deletedRows(plan.reader, file);
      loader.open(file, entry, deleted);
      const parts = early.get(file);
      if (parts === undefined) await lake.readFile(plan.reader, file, (ipc) => loader.add(ipc), {signal: into.signal});
      else for (const ipc of await parts) await loader.add(ipc);
      early.delete(file);
      done += entry.bytes;
      into.onProgress?.({done, total});
    }
    await loader.flush();
  } finally {
    await loader.close();
  }
}

// What is held in the engine at once of a table that is only looked through.
const groupBytes = 32 * 1024 * 1024;

/** Files in groups small enough to be in the engine at once. */
export function fileGroups(plan: ReadPlan, files: readonly number[]): number[][] {
  const groups: number[][] = [];
  let left = 0;
  for (const file of files) {
    const bytes = plan.files[file]?.bytes ?? 0;
    const group = groups.at(-1);
    if (group === undefined || bytes > left) groups.push([file]);
    else group.push(file);
    left = (group === undefined || bytes > left ? groupBytes : left) - bytes;
  }
  return groups;
}

/** Rows of one file that wait in the staging table. */
interface Segment {
  readonly file: number;
  readonly entry: ReadFile;
  /** The place of its first row in the staging table. */
  readonly start: number;
}

/** How rows of one file schema become the table's. */
interface Shape {
  readonly columns: readonly Column[];
  /** The table's columns in order; undefined for one of the partition. */
  readonly values: readonly (Sql | undefined)[];
  /** The file has the table's very columns. */
  readonly isExact: boolean;
}

/** Gathers streams of one schema until an insert pays, and puts them into the table. */
class Loader {
  readonly #staging: string;
  readonly #deletedTable: string;
  readonly #shapes = new Map<string, Shape>();
  #streams: ArrowParts[] = [];
  #shape = '';
  #bytes = 0;
  #rows = 0;
  #segments: Segment[] = [];
  /** Rows of the staging table that the file's deletion vector deletes. */
  #deleted: number[] = [];
  #current:
    {file: number; entry: ReadFile; deleted: Int32Array | undefined; row: number; nextDeleted: number} | undefined;

  constructor(
    private readonly ports: Pick<Ports, 'engine'>,
    private readonly plan: ReadPlan,
    private readonly into: LoadInto,
  ) {
    this.#staging = `${into.table}_staging`;
    this.#deletedTable = `${into.table}_deleted`;
  }

  /** The rows that come next are this file's. */
  open(file: number, entry: ReadFile, deleted: Int32Array | undefined): void {
    this.#current = {file, entry, deleted, row: 0, nextDeleted: 0};
  }

  async add(ipc: Uint8Array): Promise<void> {
    const stream = takeApart(ipc);
    const current = this.#current;
    invariant(current !== undefined, 'a file is open');
    if (stream.rows === 0) return;
    const shape = latin1.decode(stream.schema);
    if (shape !== this.#shape || !stream.joins) await this.flush();
    this.#shape = shape;
    this.#segments.push({file: current.file, entry: current.entry, start: this.#rows});
    const {deleted} = current;
    while (deleted !== undefined && (deleted[current.nextDeleted] ?? Infinity) < current.row + stream.rows)
      this.#deleted.push((deleted[current.nextDeleted++] ?? 0) - current.row + this.#rows);
    current.row += stream.rows;
    this.#rows += stream.rows;
    this.#bytes += ipc.length;
    this.#streams.push(stream);
    if (this.#bytes >= flushBytes || !stream.joins) await this.flush();
  }

  /** Puts what was gathered into the table. */
  async flush(): Promise<void> {
    if (this.#streams.length === 0) return;
    const {engine} = this.ports;
    const {table, fileColumn, signal} = this.into;
    const [streams, segments, deleted] = [this.#streams, this.#segments, this.#deleted];
    [this.#streams, this.#segments, this.#deleted, this.#bytes, this.#rows] = [[], [], [], 0, 0];
    const ipc = joined(streams);
    const known = this.#shapes.get(this.#shape);
    if (known?.isExact === true && deleted.length === 0 && fileColumn === undefined)
      return engine.insert(table, ipc, false, {signal});
    await engine.insert(this.#staging, ipc, true, {signal});
    const shape = known ?? this.#shapeOf(await engine.describe(sql`FROM ${id(this.#staging)}`, {signal}));
    this.#shapes.set(this.#shape, shape);
    if (deleted.length > 0)
      await engine.insertColumns(
        this.#deletedTable,
        [{kind: 'numbers', name: 'row', values: Int32Array.from(deleted)}],
        true,
        {signal},
      );
    await engine.execute([this.#insert(shape, segments, deleted.length > 0), ...this.#drops()], {signal});
  }

  /** Nothing of it is left in the engine but the rows in the table. */
  async close(): Promise<void> {
    await this.ports.engine.execute(this.#drops()).catch(() => undefined);
  }

  #drops(): Sql[] {
    return [this.#staging, this.#deletedTable].map((table) => sql`DROP TABLE IF EXISTS ${id(table)}`);
  }

  #shapeOf(columns: readonly Column[]): Shape {
    const {schema, partitionColumns} = this.plan;
    const sources = columns.map(parsed);
    const values = schema.fields.map((field) => {
      if (partitionColumns.includes(field.name)) return undefined;
      const source = named(sources, physicalName(field));
      return source === undefined
        ? nullOf(field.type)
        : convert(sql`s.${id(source.name)}`, source.type, field.type, physicalName);
    });
    const isExact =
      sources.length === schema.fields.length &&
      schema.fields.every((field, i) => {
        const source = sources[i];
        return (
          source?.name === physicalName(field) &&
          values[i] !== undefined &&
          isSame(source.type, field.type, physicalName)
        );
      });
    return {columns, values, isExact};
  }

  /** One statement for all segments: what differs between their files comes from a table of them. */
  #insert(shape: Shape, segments: readonly Segment[], hasDeleted: boolean): Sql {
    const {schema} = this.plan;
    const {table, fileColumn} = this.into;
    const ofFile: {name: string; value: (segment: Segment) => Sql}[] = schema.fields.flatMap((field, i) =>
      shape.values[i] === undefined
        ? [{name: field.name, value: ({entry}) => partitionValue(entry.partition[field.name], field.type)}]
        : [],
    );
    if (fileColumn !== undefined)
      ofFile.push({name: fileColumn, value: ({file}) => sql`CAST(${lit(file)} AS INTEGER)`});
    const runs =
      ofFile.length === 0 ? [] : runsOf(segments, (segment) => ofFile.map(({value}) => value(segment)).join());
    const [only] = runs;
    const constant = runs.length === 1 && only !== undefined;
    const fileValue = (i: number): Sql => (constant ? (ofFile[i]?.value(only) ?? sql`NULL`) : sql`f.${id(`v${i}`)}`);
    const names = ofFile.map(({name}) => name);
    const selected = schema.fields.map(
      (field, i) => sql`${shape.values[i] ?? fileValue(names.indexOf(field.name))} AS ${id(field.name)}`,
    );
    if (fileColumn !== undefined) selected.push(sql`${fileValue(names.indexOf(fileColumn))} AS ${id(fileColumn)}`);
    const {from, row} = numberedRows({relation: id(this.#staging), columns: shape.columns});
    const start = id(unusedName('start', shape.columns));
    const given = runs.map(
      (run) => sql`(CAST(${lit(run.start)} AS BIGINT), ${join(ofFile.map(({value}) => value(run)))})`,
    );
    const perFile =
      runs.length > 1
        ? sql` ASOF JOIN (VALUES ${join(given)}) AS f(${join([start, ...ofFile.map((_, i) => id(`v${i}`))])}) ON s.${row} >= f.${start}`
        : sql``;
    const without = hasDeleted ? sql` WHERE s.${row} NOT IN (SELECT "row" FROM ${id(this.#deletedTable)})` : sql``;
    // Joins may lose the order, a plain scan doesn't.
    const order = runs.length > 1 || hasDeleted ? sql` ORDER BY s.${row}` : sql``;
    return sql`INSERT INTO ${id(table)} SELECT ${join(selected)} FROM ${from} s${perFile}${without}${order}`;
  }
}

const latin1 = new TextDecoder('latin1');

/** The first segment of each run with equal values. */
function runsOf(segments: readonly Segment[], keyOf: (segment: Segment) => string): Segment[] {
  let last: string | undefined;
  return segments.filter((segment) => {
    const key = keyOf(segment);
    const isNew = key !== last;
    last = key;
    return isNew;
  });
}
