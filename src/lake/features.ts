import {ProblemError} from '../lib/problem.ts';
import {list} from '../lib/text.ts';
import type {Metadata, Protocol} from './actions.ts';
import {allFields, parseSchema, type DeltaType, type StructType} from './schema.ts';

type InUse = (metadata: Metadata, schema: StructType) => boolean;

const always: InUse = () => true;
const never: InUse = () => false;
const whenSet =
  (property: string): InUse =>
  ({configuration}) =>
    configuration[property]?.toLowerCase() === 'true';
const whenColumnsHave =
  (key: RegExp): InUse =>
  (_, schema) => {
    for (const {field} of allFields(schema))
      if (Object.keys(field.metadata).some((name) => key.test(name))) return true;
    return false;
  };

/** Table features, and when a table that has one can't be read, or written. A feature may be listed without being used (“Active Features” in the protocol). */
const features: Readonly<Record<string, {readonly noRead?: InUse; readonly noWrite: InUse}>> = {
  appendOnly: {noWrite: never},
  invariants: {noWrite: whenColumnsHave(/^delta\.invariants$/)},
  checkConstraints: {noWrite: never},
  changeDataFeed: {noWrite: whenSet('delta.enableChangeDataFeed')},
  generatedColumns: {noWrite: whenColumnsHave(/^delta\.generationExpression$/)},
  columnMapping: {noRead: never, noWrite: never},
  identityColumns: {noWrite: whenColumnsHave(/^delta\.identity\./)},
  allowColumnDefaults: {noWrite: whenColumnsHave(/^CURRENT_DEFAULT$/)},
  deletionVectors: {noRead: never, noWrite: never},
  timestampNtz: {noRead: never, noWrite: never},
  v2Checkpoint: {noRead: never, noWrite: never},
  vacuumProtocolCheck: {noRead: never, noWrite: never},
  domainMetadata: {noWrite: never},
  checkpointProtection: {noWrite: never},
  inCommitTimestamp: {noWrite: whenSet('delta.enableInCommitTimestamps')},
  typeWidening: {noRead: whenColumnsHave(/^delta\.typeChanges$/), noWrite: never},
  'typeWidening-preview': {noRead: whenColumnsHave(/^delta\.typeChanges$/), noWrite: never},
  // A column of type variant is refused with the schema.
  variantType: {noRead: never, noWrite: never},
  'variantType-preview': {noRead: never, noWrite: never},
};

/** The features that a table has: listed, or implied by its versions (“Supported Features” in the protocol). */
export function featuresOf(protocol: Protocol): {
  readonly reader: readonly string[];
  readonly writer: readonly string[];
} {
  const {minReaderVersion: reads, minWriterVersion: writes} = protocol;
  const implied = [
    ...(writes >= 2 ? ['appendOnly', 'invariants'] : []),
    ...(writes >= 3 ? ['checkConstraints'] : []),
    ...(writes >= 4 ? ['changeDataFeed', 'generatedColumns'] : []),
    ...(writes >= 5 ? ['columnMapping'] : []),
    ...(writes >= 6 ? ['identityColumns'] : []),
  ];
  return {
    reader: reads >= 3 ? (protocol.readerFeatures ?? []) : reads === 2 ? ['columnMapping'] : [],
    writer: writes >= 7 ? (protocol.writerFeatures ?? []) : implied,
  };
}

/** How a data file's columns are found: by the schema's names, by its physical names, or by its field ids. */
export type ColumnMapping = 'none' | 'name' | 'id';

/** How columns are found in data files. A mode that the protocol has no column mapping for means nothing. */
export function mappingMode(protocol: Protocol, metadata: Metadata): ColumnMapping {
  const mode = metadata.configuration['delta.columnMapping.mode']?.toLowerCase();
  return (mode === 'name' || mode === 'id') && featuresOf(protocol).reader.includes('columnMapping') ? mode : 'none';
}

/** Throws a `ProblemError` that names the features of the table `name` that this reader lacks. */
export function checkReadable(protocol: Protocol, metadata: Metadata, name: string): void {
  checkVersions(protocol, name);
  const {reader} = featuresOf(protocol);
  // Features that are unknown come first: the schema may have types that only they allow.
  const unknown = reader.filter((feature) => features[feature]?.noRead === undefined);
  if (unknown.length > 0) throw unsupported('READ', name, unknown);
  const schema = parseSchema(metadata.schemaString);
  const twin = twinOf(schema);
  if (twin !== undefined)
    throw new ProblemError({
      code: 'DELTA_DUPLICATE_COLUMNS_FOUND',
      message: `Table ${name} has columns whose names differ by case only: ${twin.join(' and ')}.`,
      hint: 'Neither Spark nor DuckDB can tell them apart. Rename one of them where the table came from, and import it again.',
      sqlState: '42711',
    });
  const lacking = reader.filter((feature) => features[feature]?.noRead?.(metadata, schema));
  if (lacking.length > 0) throw unsupported('READ', name, lacking);
  const mode = metadata.configuration['delta.columnMapping.mode']?.toLowerCase() ?? 'none';
  if (reader.includes('columnMapping') && !['none', 'name', 'id'].includes(mode))
    throw unsupported('READ', name, [`columnMapping (mode ${mode})`]);
  if (metadata.format.provider.toLowerCase() !== 'parquet')
    throw unsupported('READ', name, [`data files of format ${metadata.format.provider}`]);
}

/** Two columns, or fields of one struct, whose names differ by case only. */
function twinOf({fields}: StructType): readonly [string, string] | undefined {
  const seen = new Map<string, string>();
  for (const {name, type} of fields) {
    const other = seen.get(name.toLowerCase());
    if (other !== undefined) return [other, name];
    seen.set(name.toLowerCase(), name);
    const inside = structIn(type);
    const twin = inside && twinOf(inside);
    if (twin !== undefined) return twin;
  }
  return undefined;
}

function structIn(type: DeltaType): StructType | undefined {
  if (typeof type === 'string') return undefined;
  if (type.type === 'array') return structIn(type.elementType);
  return type.type === 'map' ? structIn(type.valueType) : type;
}

/** Throws a `ProblemError` that names the features of the table `name` that keep this writer from continuing it. */
export function checkWritable(protocol: Protocol, metadata: Metadata, name: string): void {
  checkReadable(protocol, metadata, name);
  const schema = parseSchema(metadata.schemaString);
  const lacking = featuresOf(protocol).writer.filter((feature) =>
    (features[feature]?.noWrite ?? always)(metadata, schema),
  );
  if (lacking.length > 0) throw unsupported('WRITE', name, lacking);
}

/** Throws a `ProblemError` for versions of the protocol that are not known here. */
export function checkVersions(protocol: Protocol, name: string): void {
  const {minReaderVersion: reads, minWriterVersion: writes} = protocol;
  if (reads >= 1 && reads <= 3 && writes >= 1 && writes <= 7) return;
  throw new ProblemError({
    code: 'DELTA_INVALID_PROTOCOL_VERSION',
    message: `Table ${name} needs a reader of version ${reads} and a writer of version ${writes}; the versions known here go to 3 and 7.`,
    hint: 'Write its rows to a new table with default properties where it came from, and import that one.',
    sqlState: 'KD004',
  });
}

/** What Spark's `ALTER TABLE … DROP FEATURE` knows (docs.delta.io, “Drop Delta table features”); of the rest a table never gets rid. */
const droppable = new Set(['typeWidening', 'typeWidening-preview', 'columnMapping', 'deletionVectors', 'v2Checkpoint']);

const remedies: Readonly<Record<string, string>> = {
  changeDataFeed: 'ALTER TABLE … SET TBLPROPERTIES (delta.enableChangeDataFeed = false)',
  inCommitTimestamp: 'ALTER TABLE … SET TBLPROPERTIES (delta.enableInCommitTimestamps = false)',
};

function unsupported(use: 'READ' | 'WRITE', name: string, lacking: readonly string[]): ProblemError {
  const [only = ''] = lacking;
  const remedy =
    lacking.length > 1
      ? undefined
      : (remedies[only] ?? (droppable.has(only) ? `ALTER TABLE … DROP FEATURE ${only}` : undefined));
  const byCopy =
    use === 'READ'
      ? 'write its rows to a new table there (CREATE TABLE … AS SELECT …)'
      : 'read it here and snapshot its rows to a new table';
  return new ProblemError({
    code: `DELTA_UNSUPPORTED_FEATURES_FOR_${use}`,
    message: `Table ${name} can't be ${use === 'READ' ? 'read' : 'written'} here: it uses ${list(lacking)}.`,
    hint:
      remedy !== undefined
        ? `Run ${remedy} in Spark and import the table again, or ${byCopy}.`
        : use === 'READ'
          ? 'Spark can’t take that from a table: write its rows to a new one there (CREATE TABLE … AS SELECT …), and import that.'
          : 'Spark can’t take that from a table: read it here and snapshot its rows to a new one.',
    sqlState: '56038',
  });
}
