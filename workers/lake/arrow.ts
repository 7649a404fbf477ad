import {
  Binary,
  Bool,
  DataType,
  DateDay,
  Decimal,
  Field,
  Float32,
  Float64,
  Int16,
  Int32,
  Int64,
  Int8,
  List,
  Map_,
  Struct,
  TimestampMicrosecond,
  Utf8,
} from 'apache-arrow';
import {ProblemError} from '../../src/lib/problem.ts';
import {
  fieldId,
  physicalName,
  type ArrayType,
  type DeltaType,
  type MapType,
  type StructField,
} from '../../src/lake/schema.ts';

/** Where Arrow keeps what becomes a column's field id in Parquet. */
export const fieldIdKey = 'PARQUET:field_id';

/** A Delta column as Parquet is to have it: physical name, field id, REQUIRED where it is not nullable; structs of structs likewise. */
export function arrowField(field: StructField): Field<DataType> {
  const id = fieldId(field);
  return new Field(
    physicalName(field),
    arrowType(field.type, field.name),
    field.nullable,
    id === undefined ? null : new Map([[fieldIdKey, String(id)]]),
  );
}

const primitives: Readonly<Record<string, () => DataType>> = {
  string: () => new Utf8(),
  long: () => new Int64(),
  integer: () => new Int32(),
  short: () => new Int16(),
  byte: () => new Int8(),
  float: () => new Float32(),
  double: () => new Float64(),
  boolean: () => new Bool(),
  binary: () => new Binary(),
  date: () => new DateDay(),
  timestamp: () => new TimestampMicrosecond('UTC'),
  timestamp_ntz: () => new TimestampMicrosecond(),
};

function arrowType(type: DeltaType, column: string): DataType {
  if (typeof type !== 'string')
    return type.type === 'struct'
      ? new Struct(type.fields.map(arrowField))
      : type.type === 'array'
        ? listType(type, column)
        : mapType(type, column);
  const [, precision, scale] = /^decimal\((\d+),\s*(\d+)\)$/.exec(type) ?? [];
  if (precision !== undefined) return new Decimal(Number(scale), Number(precision));
  const primitive = primitives[type];
  if (primitive !== undefined) return primitive();
  throw new ProblemError({
    code: 'TYPE_UNSUPPORTED',
    message: `Column ${column} is of type ${type}, which can’t be written.`,
    hint: 'Cast the column to another type first.',
    where: {column},
  });
}

/** Parquet's own names for a list's and a map's parts. */
const listType = ({elementType, containsNull}: ArrayType, column: string): List =>
  new List(new Field('element', arrowType(elementType, column), containsNull));

function mapType({keyType, valueType, valueContainsNull}: MapType, column: string): DataType {
  const entries = new Struct<{key: DataType; value: DataType}>([
    new Field('key', arrowType(keyType, column), false),
    new Field('value', arrowType(valueType, column), valueContainsNull),
  ]);
  const field = new Field('key_value', entries, false);
  const type = new Map_(field);
  // Arrow's constructor renames the field.
  Object.assign(field, {name: 'key_value'});
  return type;
}

/** Whether values of one type are those of the other byte by byte: names, nullability and zones may differ. */
export function sameLayout(a: DataType, b: DataType): boolean {
  if (a.typeId !== b.typeId) return false;
  if (DataType.isInt(a) && DataType.isInt(b)) return a.bitWidth === b.bitWidth && a.isSigned === b.isSigned;
  if (DataType.isFloat(a) && DataType.isFloat(b)) return a.precision === b.precision;
  if (DataType.isDecimal(a) && DataType.isDecimal(b))
    return a.bitWidth === b.bitWidth && a.scale === b.scale && a.precision <= b.precision;
  if (DataType.isTimestamp(a) && DataType.isTimestamp(b)) return a.unit === b.unit;
  if (DataType.isDate(a) && DataType.isDate(b)) return a.unit === b.unit;
  if (DataType.isDictionary(a) || DataType.isFixedSizeList(a) || DataType.isFixedSizeBinary(a) || DataType.isTime(a))
    return false;
  const [inA, inB] = [childrenOf(a), childrenOf(b)];
  return inA.length === inB.length && inA.every(({type}, i) => inB[i] !== undefined && sameLayout(type, inB[i].type));
}

// The cast: types without children have null there.
const childrenOf = (type: DataType): readonly Field<DataType>[] => (type.children ?? []) as readonly Field<DataType>[];
