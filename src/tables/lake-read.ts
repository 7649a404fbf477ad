import type {At, Ports, Progress, ReadPlan} from '../ports/index.ts';
import {id, sql} from '../sql/sql.ts';
import type {Column} from '../sql/types.ts';
import {createLakeTable, loadFiles, type LoadInto} from './lake-load.ts';

/** A version of a table of the lake: the latest, one by number, or the one of a time (ISO 8601, or milliseconds since 1970). */
export interface VersionToRead {
  readonly table: string;
  readonly at?: {readonly version: number} | {readonly timestamp: string | number} | undefined;
  /** Only its columns are wanted: the table stays empty. */
  readonly schemaOnly?: boolean | undefined;
}

/** Reads a version of a Delta table into a new table of the engine, in the order of the log's files; after a failure there is no such table. */
export async function readLakeTable(
  ports: Pick<Ports, 'engine' | 'lake'>,
  {table, at, schemaOnly}: VersionToRead,
  to: {
    readonly into: string;
    readonly onProgress: (progress: Progress) => void;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<{version: number; columns: readonly Column[]}> {
  const {engine, lake} = ports;
  const {signal, onProgress} = to;
  const plan = await lake.openRead(table, atOf(at));
  try {
    await fillTable(ports, plan, schemaOnly === true ? [] : allFiles(plan), {table: to.into, onProgress, signal});
    return {version: plan.version, columns: await engine.describe(sql`FROM ${id(to.into)}`, {signal})};
  } finally {
    // The user is told why the read failed, not that closing failed too.
    await lake.closeRead(plan.reader).catch(() => undefined);
  }
}

/** Creates a table with the rows of some of a plan's files, or nothing when that fails. */
export async function fillTable(
  ports: Pick<Ports, 'engine' | 'lake'>,
  plan: ReadPlan,
  files: readonly number[],
  into: LoadInto,
): Promise<void> {
  await createLakeTable(ports, plan, into);
  try {
    await loadFiles(ports, plan, files, into);
  } catch (thrown) {
    await ports.engine.execute([sql`DROP TABLE IF EXISTS ${id(into.table)}`]).catch(() => undefined);
    throw thrown;
  }
}

export const allFiles = (plan: ReadPlan): number[] => plan.files.map((_, i) => i);

function atOf(at: VersionToRead['at']): At | undefined {
  if (at === undefined || 'version' in at) return at;
  return {timestamp: typeof at.timestamp === 'string' ? Date.parse(at.timestamp) : at.timestamp};
}
