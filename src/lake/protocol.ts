import type {Metadata, Protocol} from './actions.ts';
import {featuresOf} from './features.ts';
import {allFields, type DeltaType, type StructType} from './schema.ts';

/** What a writer of a version below 7 has to know for a feature; a feature without such a version needs to be listed. */
const writerVersions: Readonly<Record<string, number>> = {
  appendOnly: 2,
  invariants: 2,
  checkConstraints: 3,
  columnMapping: 5,
};
const readerVersions: Readonly<Record<string, number>> = {columnMapping: 2};
/** Features that readers must know too. */
const readerFeatures = new Set([
  'columnMapping',
  'timestampNtz',
  'deletionVectors',
  'v2Checkpoint',
  'vacuumProtocolCheck',
  'typeWidening',
]);

/**
 * The features that a table of this metadata uses, of those that we write. Every table that lists none has appendOnly and
 * invariants; one that lists its features has only what it uses, so that a plain append raises nothing.
 */
export function featuresInUse(
  {configuration}: Pick<Metadata, 'configuration'>,
  schema: StructType,
  current: Protocol | undefined,
): string[] {
  const used =
    (current?.minWriterVersion ?? 0) < 7 ? ['appendOnly', 'invariants'] : hasNotNull(schema) ? ['invariants'] : [];
  if (Object.keys(configuration).some((key) => key.startsWith('delta.constraints.'))) used.push('checkConstraints');
  if ((configuration['delta.columnMapping.mode'] ?? 'none') !== 'none') used.push('columnMapping');
  if (usesTimestampNtz(schema)) used.push('timestampNtz');
  return used;
}

/** The lowest protocol from `current` on that supports these features; `current` itself when it does. */
export function raiseProtocol(current: Protocol | undefined, features: readonly string[]): Protocol {
  const base = current ?? {minReaderVersion: 1, minWriterVersion: 1};
  const has = featuresOf(base);
  const writer = features.filter((feature) => !has.writer.includes(feature));
  const reader = features.filter((feature) => readerFeatures.has(feature) && !has.reader.includes(feature));
  if (current !== undefined && writer.length === 0 && reader.length === 0) return current;
  const listed = base.minWriterVersion >= 7 || features.some((feature) => writerVersions[feature] === undefined);
  if (!listed)
    return {
      minReaderVersion: Math.max(base.minReaderVersion, ...reader.map((feature) => readerVersions[feature] ?? 1)),
      minWriterVersion: Math.max(base.minWriterVersion, ...writer.map((feature) => writerVersions[feature] ?? 1)),
    };
  const readsListed = base.minReaderVersion >= 3 || reader.some((feature) => readerVersions[feature] === undefined);
  return {
    minReaderVersion: readsListed
      ? 3
      : Math.max(base.minReaderVersion, ...reader.map((feature) => readerVersions[feature] ?? 1)),
    minWriterVersion: 7,
    ...(readsListed ? {readerFeatures: [...has.reader, ...reader]} : {}),
    writerFeatures: [...has.writer, ...writer],
  };
}

/** The lowest protocol that supports what either does: a restored table keeps the features it had since. */
export function mergeProtocols(a: Protocol, b: Protocol): Protocol {
  if (a.minWriterVersion < 7 && b.minWriterVersion < 7)
    return {
      minReaderVersion: Math.max(a.minReaderVersion, b.minReaderVersion),
      minWriterVersion: Math.max(a.minWriterVersion, b.minWriterVersion),
    };
  const [left, right] = [featuresOf(a), featuresOf(b)];
  const minReaderVersion = Math.max(a.minReaderVersion, b.minReaderVersion);
  return {
    minReaderVersion,
    minWriterVersion: 7,
    ...(minReaderVersion >= 3 ? {readerFeatures: [...new Set([...left.reader, ...right.reader])]} : {}),
    writerFeatures: [...new Set([...left.writer, ...right.writer])],
  };
}

function hasNotNull(schema: StructType): boolean {
  for (const {field} of allFields(schema)) if (!field.nullable) return true;
  return false;
}

function usesTimestampNtz(type: DeltaType): boolean {
  if (typeof type === 'string') return type === 'timestamp_ntz';
  if (type.type === 'array') return usesTimestampNtz(type.elementType);
  if (type.type === 'map') return usesTimestampNtz(type.keyType) || usesTimestampNtz(type.valueType);
  return type.fields.some((field) => usesTimestampNtz(field.type));
}
