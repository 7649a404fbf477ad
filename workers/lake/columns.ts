import {Binary, DataType, Field, Utf8} from 'apache-arrow';
import type {ColumnMapping} from '../../src/lake/features.ts';
import {
  physicalName,
  fieldId,
  type DeltaType,
  type MapType,
  type StructField,
  type StructType,
} from '../../src/lake/schema.ts';
import type {LeafKind} from '../parquet/footer.ts';
import {readLeaf, recastNested, type FieldRecast} from '../parquet/recast.ts';
import {fieldIdKey} from './arrow.ts';

/** What a field of a file is to the table. */
export interface Wanted {
  readonly name: string;
  /** Undefined where the table doesn't know the field: it is read as it is. */
  readonly type: DeltaType | {readonly entriesOf: MapType} | undefined;
}

/** For each field of a file what it is to the table; undefined for what isn't wanted. When nothing is, the first field stays under a name of its own, so that rows are counted. */
export function matchFields(
  fields: readonly Field<DataType>[],
  {fields: columns}: StructType,
  mapping: ColumnMapping,
): readonly (Wanted | undefined)[] {
  const byField = new Map<Field<DataType>, Wanted>();
  for (const column of columns) {
    const found = findField(fields, column, mapping);
    if (found !== undefined) byField.set(found, {name: physicalName(column), type: column.type});
  }
  const [first] = fields;
  if (byField.size === 0 && first !== undefined) byField.set(first, {name: unusedName(columns), type: undefined});
  return fields.map((field) => byField.get(field));
}

function findField(
  fields: readonly Field<DataType>[],
  column: StructField,
  mapping: ColumnMapping,
): Field<DataType> | undefined {
  // Files that were there before ids were given have none.
  if (mapping === 'id' && fields.some(({metadata}) => metadata.has(fieldIdKey))) {
    const id = String(fieldId(column));
    return fields.find(({metadata}) => metadata.get(fieldIdKey) === id);
  }
  const name = mapping === 'none' ? column.name : physicalName(column);
  const lower = name.toLowerCase();
  return fields.find((field) => field.name === name) ?? fields.find((field) => field.name.toLowerCase() === lower);
}

function unusedName(columns: readonly StructField[]): string {
  const used = new Set(columns.map((column) => physicalName(column).toLowerCase()));
  let name = '_row';
  while (used.has(name)) name = `_${name}`;
  return name;
}

/** A field of a data file as DuckDB-WASM takes it, under the table's names; undefined leaves it out. `leaves` gives the kinds of its parts without children. */
export function lakeField(
  field: Field<DataType>,
  wanted: Wanted | undefined,
  mapping: ColumnMapping,
  leaves: Iterator<LeafKind>,
): FieldRecast | undefined {
  const children = wanted === undefined ? undefined : childrenOf(field.type, wanted.type, mapping);
  const read =
    recastNested(field, (child, i) =>
      lakeField(child, children === undefined ? {name: child.name, type: undefined} : children[i], mapping, leaves),
    ) ?? readLeaf(field, leaves);
  if (wanted === undefined) return undefined;
  const type = textOrBytes(read.field.type, wanted.type);
  if (type === read.field.type && wanted.name === read.field.name) return read;
  return {
    field: new Field(wanted.name, type, read.field.nullable, read.field.metadata),
    recast: type === read.field.type ? read.recast : {type},
  };
}

/** What the parts of a nested type are to the table; undefined where the table has another type. */
function childrenOf(
  type: DataType,
  wanted: Wanted['type'],
  mapping: ColumnMapping,
): readonly (Wanted | undefined)[] | undefined {
  if (wanted === undefined || typeof wanted === 'string') return undefined;
  const fields = (type.children ?? []) as readonly Field<DataType>[]; // The cast: types without children have null there.
  const named = (types: readonly Wanted['type'][]): readonly Wanted[] =>
    fields.map(({name}, i) => ({name, type: types[i]}));
  if ('entriesOf' in wanted) return named([wanted.entriesOf.keyType, wanted.entriesOf.valueType]);
  if (wanted.type === 'struct') return DataType.isStruct(type) ? matchFields(fields, wanted, mapping) : undefined;
  if (wanted.type === 'array') return DataType.isList(type) ? named([wanted.elementType]) : undefined;
  return DataType.isMap(type) ? named([{entriesOf: wanted}]) : undefined;
}

/** Old writers don't say which bytes are text: the table does. Both have one layout. */
function textOrBytes(type: DataType, wanted: Wanted['type']): DataType {
  if (wanted === 'string' && DataType.isBinary(type)) return new Utf8();
  return wanted === 'binary' && DataType.isUtf8(type) ? new Binary() : type;
}
