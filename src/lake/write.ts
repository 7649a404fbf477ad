import {ProblemError} from '../lib/problem.ts';
import type {Add, Metadata, Protocol} from './actions.ts';
import {checkDuplicates, checkNotNullColumns, enforceSchema, newField, usesColumn} from './enforce.ts';
import {
  appendOnly,
  columnNotFound,
  constraintExists,
  invalidColumnNames,
  invalidPartitionType,
  noColumns,
  onlyPartitionColumns,
  partitionColumnNotFound,
  partitioningMismatch,
} from './errors.ts';
import {checkWritable, mappingMode} from './features.ts';
import {assignMapping, invalidNames} from './mapping.ts';
import {featuresInUse, raiseProtocol} from './protocol.ts';
import {fieldNamed, physicalName, schemaString, type StructField, type StructType} from './schema.ts';
import type {Snapshot} from './snapshot.ts';
import {constraintsOf} from './table.ts';
import {typeName} from './types.ts';
import {encodePath, partitionFolder} from './uri.ts';
import {randomUUID} from '../lib/uuid.ts';

/** What is to be written. */
export interface Intent {
  readonly mode: 'append' | 'overwrite' | 'merge';
  /** The rows' schema as Delta types. */
  readonly schema: StructType;
  readonly mergeSchema: boolean;
  readonly overwriteSchema: boolean;
  /** Undefined keeps the table's; for a new table it means none. */
  readonly partitionBy: readonly string[] | undefined;
  /** Columns that get NOT NULL, CHECK constraints by name, comments by column: added to what the table has. */
  readonly notNull: readonly string[];
  readonly constraints: Readonly<Record<string, string>>;
  readonly comments: Readonly<Record<string, string>>;
  /** Keys of a merge, for the commit's record. */
  readonly keys: readonly string[];
  /** What these rows are, and what of the notebook came to the table before them: already applied rows are not written twice. */
  readonly applies: {readonly self: string; readonly before: readonly string[]};
  readonly notebook: {readonly path: string; readonly cell: string};
}

/** A write that was checked against the version it starts from, with what the table is after it. */
export interface PlannedWrite {
  readonly root: string;
  readonly name: string;
  readonly intent: Intent;
  /** Undefined for a new table. */
  readonly snapshot: Snapshot | undefined;
  /** The version it starts from, −1 for a new table. */
  readonly version: number;
  /** The snapshot's own object when nothing of it changes. */
  readonly metadata: Metadata;
  readonly protocol: Protocol;
  readonly schema: StructType;
  /** Columns of the data files. */
  readonly columns: readonly StructField[];
  readonly partitionColumns: readonly string[];
  readonly constraints: Readonly<Record<string, string>>;
  /** New constraints that rows which the table keeps must fulfil as well. */
  readonly added: {readonly notNull: readonly string[]; readonly constraints: Readonly<Record<string, string>>};
  /** Whether what is written depends on rows that are in the table. */
  readonly readsTable: boolean;
}

/** A data file that was written and closed. */
export type WrittenFile = Pick<Add, 'path' | 'partitionValues' | 'size' | 'modificationTime'> & {
  readonly rows: number;
  readonly stats: string;
};

/** What keeps every version readable: Delta's defaults let time travel end after 7 days, and clean the log after 30. */
const defaultProperties = {
  'delta.deletedFileRetentionDuration': 'interval 3650 days',
  'delta.logRetentionDuration': 'interval 3650 days',
};

const constraintKey = 'delta.constraints.';

/** Checks a write against the latest version of its table, or undefined for a new one. Throws Delta's error when it doesn't fit; `now` is in milliseconds since 1970. */
export function planWrite(
  table: {readonly root: string; readonly name: string},
  snapshot: Snapshot | undefined,
  intent: Intent,
  now: number,
): PlannedWrite {
  const {name} = table;
  const {schema: rows} = intent;
  if (rows.fields.length === 0) throw new ProblemError(noColumns(name));
  if (snapshot !== undefined) checkModifiable(snapshot, intent.mode);
  const replaces = snapshot === undefined || (intent.mode === 'overwrite' && intent.overwriteSchema);
  const fitted = replaces
    ? replacedBy(rows)
    : enforceSchema(snapshot.schema, rows, {
        name,
        mergeSchema: intent.mergeSchema,
        constraints: constraintsOf(snapshot),
      });
  const partitionColumns = partitionsOf(name, snapshot, replaces, fitted, intent);
  const annotated = annotate(fitted, intent);
  checkNotNullColumns(name, annotated, rows);

  const kept = keptConfiguration(snapshot, replaces, annotated);
  const constraints = newConstraints(name, kept, intent, replaces);
  const constrained = {
    ...kept,
    ...Object.fromEntries(Object.entries(constraints).map(([key, expression]) => [constraintKey + key, expression])),
  };
  const {schema, configuration} = withMapping(name, snapshot, annotated, constrained);

  const metadata = metadataAfter(snapshot, schema, partitionColumns, configuration, now);
  const protocol = raiseProtocol(snapshot?.protocol, featuresInUse(metadata, schema, snapshot?.protocol));
  const keepsRows = snapshot !== undefined && intent.mode !== 'overwrite';
  const added = {
    notNull: keepsRows
      ? schema.fields
          .filter((field) => !field.nullable && fieldNamed(snapshot.schema, field.name)?.nullable !== false)
          .map((field) => field.name)
      : [],
    constraints: keepsRows ? constraints : {},
  };
  return {
    ...table,
    intent,
    snapshot,
    version: snapshot?.version ?? -1,
    metadata,
    protocol,
    schema,
    columns: schema.fields.filter((field) => !partitionColumns.includes(field.name)),
    partitionColumns,
    constraints: constraintsOf({metadata}),
    added,
    readsTable:
      keepsRows && (intent.mode === 'merge' || added.notNull.length > 0 || Object.keys(added.constraints).length > 0),
  };
}

/** A place for a data file of one partition, whose `values` are by column name; `path` is the log's, `storePath` the store's. */
export function dataFile(plan: PlannedWrite, index: number, values: Readonly<Record<string, string | null>>) {
  const partition = plan.partitionColumns.map(
    (column) => [physicalOf(plan.schema, column), values[column] === '' ? null : (values[column] ?? null)] as const,
  );
  const file = `part-${String(index).padStart(5, '0')}-${randomUUID()}-c000.snappy.parquet`;
  // Physical names say nothing to people, so files of such tables lie side by side.
  const folder = mappingMode(plan.protocol, plan.metadata) === 'none' ? partitionFolder(partition) : '';
  return {
    path: encodePath(folder + file),
    storePath: `${plan.root}/${folder}${file}`,
    partitionValues: Object.fromEntries(partition),
  };
}

const physicalOf = (schema: StructType, column: string) => {
  const field = fieldNamed(schema, column);
  return field === undefined ? column : physicalName(field);
};

/** Throws when a table's features or properties forbid the write. */
export function checkModifiable({protocol, metadata, name}: Snapshot, mode: Intent['mode']): void {
  checkWritable(protocol, metadata, name);
  if (mode !== 'append' && metadata.configuration['delta.appendOnly']?.toLowerCase() === 'true')
    throw new ProblemError(appendOnly(name));
}

function replacedBy(rows: StructType): StructType {
  checkDuplicates(rows);
  return {type: 'struct', fields: rows.fields.map(newField)};
}

function partitionsOf(
  name: string,
  snapshot: Snapshot | undefined,
  replaces: boolean,
  schema: StructType,
  intent: Intent,
): readonly string[] {
  const own = snapshot?.metadata.partitionColumns ?? [];
  const columns = (replaces ? (intent.partitionBy ?? own) : (intent.partitionBy ?? [])).map((column) => {
    const field = fieldNamed(intent.schema, column);
    if (field === undefined)
      throw new ProblemError(
        partitionColumnNotFound(
          column,
          intent.schema.fields.map((each) => each.name),
        ),
      );
    return fieldNamed(schema, column)?.name ?? field.name;
  });
  if (!replaces) {
    if (columns.length > 0 && columns.join('\n') !== own.join('\n'))
      throw new ProblemError(partitioningMismatch(name, columns, own));
    return own;
  }
  for (const column of columns) {
    const type = fieldNamed(schema, column)?.type ?? 'string';
    if (typeof type !== 'string' || type === 'binary')
      throw new ProblemError(invalidPartitionType(column, typeName(type)));
  }
  const distinct = [...new Set(columns)];
  if (distinct.length > 0 && distinct.length === schema.fields.length) throw new ProblemError(onlyPartitionColumns());
  return distinct;
}

/** The schema with the NOT NULL columns and comments that were asked for. */
function annotate(schema: StructType, {notNull, comments}: Intent): StructType {
  const named = (column: string) => {
    const field = fieldNamed(schema, column);
    if (field !== undefined) return field.name;
    throw new ProblemError(
      columnNotFound(
        column,
        schema.fields.map((each) => each.name),
      ),
    );
  };
  const required = new Set(notNull.map(named));
  const commented = new Map(Object.entries(comments).map(([column, comment]) => [named(column), comment]));
  return {
    type: 'struct',
    fields: schema.fields.map((field) => {
      const comment = commented.get(field.name);
      return {
        ...field,
        nullable: field.nullable && !required.has(field.name),
        metadata: comment === undefined ? field.metadata : {...field.metadata, comment},
      };
    }),
  };
}

/** The table's properties; one whose columns are replaced loses the constraints that use columns which are gone. */
function keptConfiguration(
  snapshot: Snapshot | undefined,
  replaces: boolean,
  schema: StructType,
): Readonly<Record<string, string>> {
  if (snapshot === undefined) return defaultProperties;
  const {configuration} = snapshot.metadata;
  if (!replaces) return configuration;
  const gone = snapshot.schema.fields.filter((field) => fieldNamed(schema, field.name) === undefined);
  return Object.fromEntries(
    Object.entries(configuration).filter(
      ([key, value]) => !key.startsWith(constraintKey) || !gone.some((field) => usesColumn(value, field.name)),
    ),
  );
}

/** The constraints that the table doesn't have yet, by lower-case name. */
function newConstraints(
  table: string,
  configuration: Readonly<Record<string, string>>,
  {constraints}: Intent,
  replaces: boolean,
): Record<string, string> {
  const added: Record<string, string> = {};
  for (const [given, expression] of Object.entries(constraints)) {
    const name = given.toLowerCase();
    const existing = added[name] ?? configuration[constraintKey + name];
    if (existing === expression) continue;
    if (existing !== undefined && (!replaces || added[name] !== undefined))
      throw new ProblemError(constraintExists(table, given, existing));
    added[name] = expression;
  }
  return added;
}

function withMapping(
  name: string,
  snapshot: Snapshot | undefined,
  schema: StructType,
  configuration: Readonly<Record<string, string>>,
) {
  const invalid = invalidNames(schema);
  const mode =
    snapshot === undefined ? (invalid.length > 0 ? 'name' : 'none') : mappingMode(snapshot.protocol, snapshot.metadata);
  if (mode === 'none') {
    if (invalid.length > 0) throw new ProblemError(invalidColumnNames(name, invalid));
    return {schema, configuration};
  }
  const mapped = assignMapping(schema, Number(configuration['delta.columnMapping.maxColumnId'] ?? 0));
  return {
    schema: mapped.schema,
    configuration: {
      ...configuration,
      'delta.columnMapping.mode': mode,
      'delta.columnMapping.maxColumnId': String(mapped.maxId),
    },
  };
}

function metadataAfter(
  snapshot: Snapshot | undefined,
  schema: StructType,
  partitionColumns: readonly string[],
  configuration: Readonly<Record<string, string>>,
  now: number,
): Metadata {
  const after = {schemaString: schemaString(schema), partitionColumns, configuration};
  if (snapshot === undefined)
    return {id: randomUUID(), format: {provider: 'parquet', options: {}}, ...after, createdTime: now};
  const {metadata} = snapshot;
  const before = {
    schemaString: schemaString(snapshot.schema),
    partitionColumns: metadata.partitionColumns,
    configuration: metadata.configuration,
  };
  return sameMetadata(before, after) ? metadata : {...metadata, ...after};
}

type Changeable = Pick<Metadata, 'schemaString' | 'partitionColumns' | 'configuration'>;

const sameMetadata = (a: Changeable, b: Changeable): boolean =>
  a.schemaString === b.schemaString &&
  a.partitionColumns.join('\n') === b.partitionColumns.join('\n') &&
  Object.keys(a.configuration).length === Object.keys(b.configuration).length &&
  Object.entries(a.configuration).every(([key, value]) => b.configuration[key] === value);
