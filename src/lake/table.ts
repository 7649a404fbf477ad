import type {Add} from './actions.ts';
import {isRecord} from './log.ts';
import {pathInTable} from './paths.ts';
import {fieldNamed, physicalName, type StructField, type StructType} from './schema.ts';
import {storePath, type Snapshot} from './snapshot.ts';
import {isNullPartition} from './types.ts';

/** A version as its catalogue shows it; rows are undefined where the log doesn't count them. `latest` must be the latest version. */
export const entryOf = (latest: Snapshot) => ({
  ...countsOf(latest),
  origins: latest.commits.origins,
  times: latest.commits.times,
  firstVersion: latest.commits.firstVersion,
});

/** A version with its columns, constraints and data files, whose rows are those not deleted. */
export function versionOf(snapshot: Snapshot) {
  const {schema, metadata, protocol, home} = snapshot;
  const partitions = partitionFields(snapshot);
  const dataFiles = Array.from(snapshot.files.values(), (add) => {
    const {rows, deleted} = rowsOf(add);
    return {
      path: pathInTable(add.path, home) ?? add.path,
      bytes: add.size,
      rows: rows === undefined ? undefined : rows - deleted,
      partition: partitionOf(add, partitions),
    };
  });
  return {
    ...countsOf(snapshot),
    schema,
    partitionColumns: partitions.map(({name}) => name),
    protocol,
    metadata,
    constraints: constraintsOf(snapshot),
    dataFiles,
  };
}

/**
 * How to read a version's files: `path` is the path in the store, `rows` those in the file, the `deleted` ones among them. A
 * bound is left out when it isn't exact in JSON (whole numbers beyond 2^53, long decimals). Writers cut upper bounds of
 * timestamps to the millisecond, so the largest value may be up to 1 ms later.
 */
export function readPlanOf(snapshot: Snapshot) {
  const partitions = partitionFields(snapshot);
  return Array.from(snapshot.files.values(), (add) => ({
    path: storePath(snapshot, add.path),
    bytes: add.size,
    ...rowsOf(add),
    partition: partitionOf(add, partitions),
    bounds: boundsOf(add, snapshot.schema),
  }));
}

/** The CHECK constraints of a table, by name. */
export const constraintsOf = ({metadata}: Pick<Snapshot, 'metadata'>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(metadata.configuration).flatMap(([key, value]) =>
      key.startsWith('delta.constraints.') ? [[key.slice('delta.constraints.'.length), value]] : [],
    ),
  );

/** What a file's `stats` say, or nothing when it has none that can be read. */
function statsOf(add: Add): Readonly<Record<string, unknown>> {
  try {
    const stats: unknown = JSON.parse(add.stats ?? '{}');
    return isRecord(stats) ? stats : {};
  } catch {
    return {};
  }
}

/** The rows in a file as far as its statistics count them, and how many of them its deletion vector deletes. */
export function rowsOf(add: Add): {readonly rows: number | undefined; readonly deleted: number} {
  const rows = statsOf(add)['numRecords'];
  return {rows: typeof rows === 'number' ? rows : undefined, deleted: add.deletionVector?.cardinality ?? 0};
}

/** The sum, or undefined when any is. */
export const total = (counts: readonly (number | undefined)[]): number | undefined =>
  counts.reduce((sum, each) => (sum === undefined || each === undefined ? undefined : sum + each), 0);

function countsOf(snapshot: Snapshot) {
  const adds = [...snapshot.files.values()];
  const counts = adds.map((add) => {
    const {rows, deleted} = rowsOf(add);
    return rows === undefined ? undefined : rows - deleted;
  });
  return {
    name: snapshot.name,
    id: snapshot.metadata.id,
    version: snapshot.version,
    modified: snapshot.timestamp,
    rows: total(counts),
    files: adds.length,
    bytes: adds.reduce((sum, add) => sum + add.size, 0),
  };
}

/** The fields of the partition columns; a name that the schema lacks stands for a text. */
const partitionFields = ({schema, metadata}: Snapshot): readonly StructField[] =>
  metadata.partitionColumns.map(
    (name) => fieldNamed(schema, name) ?? {name, type: 'string', nullable: true, metadata: {}},
  );

function partitionOf(add: Add, fields: readonly StructField[]): Readonly<Record<string, string | null>> {
  return Object.fromEntries(
    fields.map((field) => {
      const text = add.partitionValues[physicalName(field)];
      return [field.name, text === undefined || isNullPartition(text) ? null : text];
    }),
  );
}

function boundsOf(
  add: Add,
  schema: StructType,
): Readonly<Record<string, {readonly min: unknown; readonly max: unknown}>> {
  const {minValues, maxValues} = statsOf(add);
  if (!isRecord(minValues) || !isRecord(maxValues)) return {};
  return Object.fromEntries(
    schema.fields.flatMap((field) => {
      const [min, max] = [minValues[physicalName(field)], maxValues[physicalName(field)]];
      return isBound(field, min) && isBound(field, max) ? [[field.name, {min, max}] as const] : [];
    }),
  );
}

function isBound({type}: StructField, value: unknown): boolean {
  if (typeof value !== 'number') return typeof value === 'string' || typeof value === 'boolean';
  if (type === 'double' || type === 'float') return true;
  // 15 digits are the most that a JSON number carries exactly.
  return typeof type === 'string' && type.startsWith('decimal')
    ? String(value).replace(/\D/g, '').length <= 15
    : Number.isSafeInteger(value);
}
