import {allFields, type DeltaType, type StructField, type StructType} from './schema.ts';
import {randomUUID} from '../lib/uuid.ts';

const idKey = 'delta.columnMapping.id';
const nameKey = 'delta.columnMapping.physicalName';

/** Names of a schema, nested ones included, that data files can't have without column mapping. */
export const invalidNames = (schema: StructType): string[] =>
  [...allFields(schema)].filter(({field}) => /[ ,;{}()\n\t=]/.test(field.name)).map(({field}) => field.name);

/**
 * Gives each field that has none yet an id, above `maxId`, and a physical name that no file has used, so that a column can
 * later be renamed, or dropped and added again. Answers the schema and the greatest id.
 */
export function assignMapping(
  schema: StructType,
  maxId: number,
): {readonly schema: StructType; readonly maxId: number} {
  let greatest = maxId;
  for (const {field} of allFields(schema)) {
    const id = field.metadata[idKey];
    if (typeof id === 'number') greatest = Math.max(greatest, id);
  }
  const inStruct = (struct: StructType): StructType => ({...struct, fields: struct.fields.map(inField)});
  const inField = (field: StructField): StructField => {
    const metadata =
      field.metadata[idKey] === undefined
        ? {...field.metadata, [idKey]: ++greatest, [nameKey]: `col-${randomUUID()}`}
        : field.metadata;
    return {...field, metadata, type: inType(field.type)};
  };
  const inType = (type: DeltaType): DeltaType => {
    if (typeof type === 'string') return type;
    if (type.type === 'array') return {...type, elementType: inType(type.elementType)};
    if (type.type === 'map') return {...type, keyType: inType(type.keyType), valueType: inType(type.valueType)};
    return inStruct(type);
  };
  return {schema: inStruct(schema), maxId: greatest};
}
