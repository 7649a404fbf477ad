import type {FileSink} from '../../../src/lake/file-store.ts';
import type {DeltaType, StructField, StructType} from '../../../src/lake/schema.ts';

/** A file that is written to memory. */
export function memorySink(name = 'part-00000.parquet'): FileSink {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  return {
    write: async (bytes) => void parts.push(bytes.slice()),
    close: async () => new File(parts, name),
    discard: async () => void parts.splice(0),
  };
}

export const column = (name: string, type: DeltaType, more: Partial<StructField> = {}): StructField => ({
  name,
  type,
  nullable: true,
  metadata: {},
  ...more,
});
export const struct = (...fields: StructField[]): StructType => ({type: 'struct', fields});
export const array = (elementType: DeltaType, containsNull = true): DeltaType => ({
  type: 'array',
  elementType,
  containsNull,
});
export const map = (keyType: DeltaType, valueType: DeltaType, valueContainsNull = true): DeltaType => ({
  type: 'map',
  keyType,
  valueType,
  valueContainsNull,
});
/** What a column has under column mapping. */
export const mapped = (id: number, physicalName: string): Pick<StructField, 'metadata'> => ({
  metadata: {'delta.columnMapping.id': id, 'delta.columnMapping.physicalName': physicalName},
});
