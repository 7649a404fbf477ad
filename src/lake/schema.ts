import {ProblemError, type Place} from '../lib/problem.ts';

/** A Delta schema: Spark's JSON. Primitive types are `string long integer short byte float double decimal(p,s) boolean binary date timestamp timestamp_ntz`. */
export type DeltaType = string | StructType | ArrayType | MapType;

export interface StructType {
  readonly type: 'struct';
  readonly fields: readonly StructField[];
}

export interface StructField {
  readonly name: string;
  readonly type: DeltaType;
  readonly nullable: boolean;
  /** `comment`, `delta.columnMapping.id`, `delta.columnMapping.physicalName` and what else the writer put there. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface ArrayType {
  readonly type: 'array';
  readonly elementType: DeltaType;
  readonly containsNull: boolean;
}

export interface MapType {
  readonly type: 'map';
  readonly keyType: DeltaType;
  readonly valueType: DeltaType;
  readonly valueContainsNull: boolean;
}

const primitive =
  /^(string|long|integer|short|byte|float|double|boolean|binary|date|timestamp|timestamp_ntz|decimal\((\d+), ?(\d+)\))$/;

/** Reads a `schemaString`. Throws a `ProblemError` that names the first column whose type this reader doesn't know. */
export function parseSchema(text: string, where: Place = {}): StructType {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ProblemError(
      {
        code: 'DELTA_SCHEMA_MALFORMED',
        message: "The table's schema is not JSON.",
        where,
        hint: 'The log was changed after it was written: take this table from a copy.',
      },
      {cause},
    );
  }
  const schema = typeOf(value, '');
  if (typeof schema !== 'string' && schema.type === 'struct') return schema;
  throw unknownType('', value);
}

export const schemaString = (schema: StructType): string => JSON.stringify(schema);

/** The name of a column in data files, `partitionValues` and `stats`: another one under column mapping. */
export function physicalName(field: StructField): string {
  const name = field.metadata['delta.columnMapping.physicalName'];
  return typeof name === 'string' ? name : field.name;
}

/** The Parquet field id of a column under column mapping. */
export function fieldId(field: StructField): number | undefined {
  const id = field.metadata['delta.columnMapping.id'];
  return typeof id === 'number' ? id : undefined;
}

/** The field of that name, without case. */
export function fieldNamed(schema: StructType, name: string): StructField | undefined {
  const wanted = name.toLowerCase();
  return schema.fields.find((field) => field.name.toLowerCase() === wanted);
}

/** Every field of a schema, nested ones included, with its path, e.g. `a.element.b`. */
export function* allFields(
  type: DeltaType,
  path = '',
): Generator<{readonly path: string; readonly field: StructField}> {
  if (typeof type === 'string') return;
  if (type.type === 'array') yield* allFields(type.elementType, `${path}.element`);
  else if (type.type === 'map') {
    yield* allFields(type.keyType, `${path}.key`);
    yield* allFields(type.valueType, `${path}.value`);
  } else {
    for (const field of type.fields) {
      const inner = path === '' ? field.name : `${path}.${field.name}`;
      yield {path: inner, field};
      yield* allFields(field.type, inner);
    }
  }
}

function typeOf(value: unknown, path: string): DeltaType {
  if (typeof value === 'string' && primitive.test(value)) return value;
  // The cast: every part is looked at before it is used.
  const {type, fields, elementType, containsNull, keyType, valueType, valueContainsNull} = (
    typeof value === 'object' && value !== null ? value : {}
  ) as Record<string, unknown>;
  if (type === 'struct' && Array.isArray(fields)) return {type, fields: fields.map((field) => fieldOf(field, path))};
  if (type === 'array')
    return {type, elementType: typeOf(elementType, `${path}.element`), containsNull: containsNull !== false};
  if (type === 'map')
    return {
      type,
      keyType: typeOf(keyType, `${path}.key`),
      valueType: typeOf(valueType, `${path}.value`),
      valueContainsNull: valueContainsNull !== false,
    };
  throw unknownType(path, value);
}

function fieldOf(value: unknown, path: string): StructField {
  // The cast: every part is looked at before it is used.
  const {name, type, nullable, metadata} = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  if (typeof name !== 'string') throw unknownType(path, value);
  const inner = path === '' ? name : `${path}.${name}`;
  return {
    name,
    type: typeOf(type, inner),
    nullable: nullable !== false,
    metadata: typeof metadata === 'object' && metadata !== null ? {...metadata} : {},
  };
}

const unknownType = (column: string, value: unknown) =>
  new ProblemError({
    code: 'DELTA_UNSUPPORTED_DATA_TYPES',
    message:
      column === ''
        ? "The table's schema is no struct of columns."
        : `Column ${column} has the type ${JSON.stringify(value)}, which can't be read here.`,
    where: column === '' ? {} : {column},
    hint: 'Write the table without this column where it came from, e.g. cast to STRING, and import it again.',
    sqlState: '0AKDC',
  });
