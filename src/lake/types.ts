import type {DuckType} from '../lib/duckdb-type.ts';
import type {DeltaType} from './schema.ts';

/**
 * How `partitionValues` spell a value (“Partition Value Serialization” in the protocol): whole numbers, decimals and floats
 * as digits; booleans `true` and `false`; dates `yyyy-MM-dd`; timestamps `yyyy-MM-dd HH:mm:ss[.ffffff]` in UTC for us, or
 * `yyyy-MM-ddTHH:mm:ss.ffffffZ` by some writers; binary as the text its bytes are; null as null, or as an empty text whatever the type.
 */
export const isNullPartition = (text: string | null | undefined): boolean => text == null || text === '';

const leaves: Readonly<Record<string, {readonly type: DeltaType; readonly cast?: string}>> = {
  VARCHAR: {type: 'string'},
  BIGINT: {type: 'long'},
  INTEGER: {type: 'integer'},
  SMALLINT: {type: 'short'},
  TINYINT: {type: 'byte'},
  FLOAT: {type: 'float'},
  DOUBLE: {type: 'double'},
  BOOLEAN: {type: 'boolean'},
  BLOB: {type: 'binary'},
  DATE: {type: 'date'},
  TIMESTAMP: {type: 'timestamp'},
  'TIMESTAMP WITH TIME ZONE': {type: 'timestamp', cast: 'TIMESTAMP'},
  TIMESTAMP_S: {type: 'timestamp', cast: 'TIMESTAMP'},
  TIMESTAMP_MS: {type: 'timestamp', cast: 'TIMESTAMP'},
  TIMESTAMP_NS: {type: 'timestamp', cast: 'TIMESTAMP'},
  UTINYINT: {type: 'short', cast: 'SMALLINT'},
  USMALLINT: {type: 'integer', cast: 'INTEGER'},
  UINTEGER: {type: 'long', cast: 'BIGINT'},
  UBIGINT: {type: 'decimal(20,0)', cast: 'DECIMAL(20,0)'},
  HUGEINT: {type: 'decimal(38,0)', cast: 'DECIMAL(38,0)'},
  UHUGEINT: {type: 'decimal(38,0)', cast: 'DECIMAL(38,0)'},
  BIGNUM: {type: 'decimal(38,0)', cast: 'DECIMAL(38,0)'},
};

/** The Delta type of a DuckDB type, and the DuckDB type to cast to before writing where Delta has none of its kind (texts for what has no other). */
export function deltaTypeOf(duck: DuckType): {readonly type: DeltaType; readonly cast?: string} {
  switch (duck.kind) {
    case 'leaf': {
      const decimal = /^DECIMAL\((\d+), ?(\d+)\)$/.exec(duck.name);
      if (decimal !== null) return {type: `decimal(${decimal[1] ?? ''},${decimal[2] ?? ''})`};
      return leaves[duck.name] ?? {type: 'string', cast: 'VARCHAR'};
    }
    case 'list': {
      const element = deltaTypeOf(duck.child);
      const type: DeltaType = {type: 'array', elementType: element.type, containsNull: true};
      return element.cast === undefined && duck.size === undefined ? {type} : {type, cast: duckTypeOf(type)};
    }
    case 'map': {
      const [key, value] = [deltaTypeOf(duck.key), deltaTypeOf(duck.value)];
      const type: DeltaType = {type: 'map', keyType: key.type, valueType: value.type, valueContainsNull: true};
      return key.cast === undefined && value.cast === undefined ? {type} : {type, cast: duckTypeOf(type)};
    }
    case 'struct': {
      const parts = duck.fields.map(({name, type}) => ({name, ...deltaTypeOf(type)}));
      const type: DeltaType = {
        type: 'struct',
        fields: parts.map((part) => ({name: part.name, type: part.type, nullable: true, metadata: {}})),
      };
      return parts.every((part) => part.cast === undefined) ? {type} : {type, cast: duckTypeOf(type)};
    }
    case 'union':
      return {type: 'string', cast: 'VARCHAR'};
  }
}

const duckNames: Readonly<Record<string, string>> = {
  string: 'VARCHAR',
  long: 'BIGINT',
  integer: 'INTEGER',
  short: 'SMALLINT',
  byte: 'TINYINT',
  float: 'FLOAT',
  double: 'DOUBLE',
  boolean: 'BOOLEAN',
  binary: 'BLOB',
  date: 'DATE',
  timestamp: 'TIMESTAMP',
  timestamp_ntz: 'TIMESTAMP',
};

/** The DuckDB type that a Delta type is read as, e.g. `STRUCT("a" BIGINT, "b" VARCHAR[])`; both kinds of timestamp are `TIMESTAMP`. */
export function duckTypeOf(type: DeltaType): string {
  if (typeof type === 'string') return duckNames[type] ?? type.toUpperCase().replaceAll(' ', '');
  if (type.type === 'array') return `${duckTypeOf(type.elementType)}[]`;
  if (type.type === 'map') return `MAP(${duckTypeOf(type.keyType)}, ${duckTypeOf(type.valueType)})`;
  return `STRUCT(${type.fields.map((field) => `"${field.name.replaceAll('"', '""')}" ${duckTypeOf(field.type)}`).join(', ')})`;
}

const sparkNames: Readonly<Record<string, string>> = {
  long: 'bigint',
  integer: 'int',
  short: 'smallint',
  byte: 'tinyint',
};

/** A type as Spark prints it, e.g. `struct<a:bigint,b:array<string>>`. */
export function typeName(type: DeltaType): string {
  if (typeof type === 'string') return sparkNames[type] ?? type.replaceAll(' ', '');
  if (type.type === 'array') return `array<${typeName(type.elementType)}>`;
  if (type.type === 'map') return `map<${typeName(type.keyType)},${typeName(type.valueType)}>`;
  return `struct<${type.fields.map((field) => `${field.name}:${typeName(field.type)}`).join(',')}>`;
}
