import {ProblemError} from '../lib/problem.ts';
import {list} from '../lib/text.ts';
import type {Metadata, Protocol} from './actions.ts';
import {allFields, parseSchema, type StructType} from './schema.ts';

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
  const lacking = reader.filter((feature) => features[feature]?.noRead?.(metadata, schema));
  if (lacking.length > 0) throw unsupported('READ', name, lacking);
  const mode = metadata.configuration['delta.columnMapping.mode']?.toLowerCase() ?? 'none';
  if (reader.includes('columnMapping') && !['none', 'name', 'id'].includes(mode))
    throw unsupported('READ', name, [`columnMapping (mode ${mode})`]);
  if (metadata.format.provider.toLowerCase() !== 'parquet')
    throw unsupported('READ', name, [`data files of format ${metadata.format.provider}`]);
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

const remedies: Readonly<Record<string, string>> = {
  changeDataFeed: 'ALTER TABLE … SET TBLPROPERTIES (delta.enableChangeDataFeed = false)',
  inCommitTimestamp: 'ALTER TABLE … SET TBLPROPERTIES (delta.enableInCommitTimestamps = false)',
};

function unsupported(use: 'READ' | 'WRITE', name: string, lacking: readonly string[]): ProblemError {
  const [only = ''] = lacking;
  const remedy =
    (lacking.length === 1 ? remedies[only] : undefined) ??
    `ALTER TABLE … DROP FEATURE ${lacking.length === 1 && /^[\w-]+$/.test(only) ? only : '…'}`;
  return new ProblemError({
    code: `DELTA_UNSUPPORTED_FEATURES_FOR_${use}`,
    message: `Table ${name} can't be ${use === 'READ' ? 'read' : 'written'} here: it uses ${list(lacking)}.`,
    hint: `Run ${remedy} in Spark and import the table again, or ${use === 'READ' ? 'write its rows to a new table there' : 'read it here and snapshot its rows to a new table'}.`,
    sqlState: '56038',
  });
}
