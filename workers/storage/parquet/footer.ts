import {parquetMetadataAsync} from 'hyparquet/src/metadata.js';
import {indexOfBytes} from '../bytes.ts';

/** What Parquet says about a column that Arrow's types don't. */
export type LeafKind = 'int96' | 'uuid' | 'interval' | 'other';

export interface Footer {
  readonly rows: number;
  /** The columns without children, in the file's order, which is Arrow's too. */
  readonly leaves: readonly {readonly name: string; readonly kind: LeafKind}[];
}

/** Reads what is at the end of a Parquet file. */
export async function readFooter(file: Blob): Promise<Footer> {
  const buffer = {byteLength: file.size, slice: (start: number, end?: number) => file.slice(start, end).arrayBuffer()};
  const {num_rows, schema} = await parquetMetadataAsync(buffer, {geoparquet: false});
  const leaves = schema
    .filter(({type}) => type !== undefined)
    .map(({name, type, converted_type, logical_type}) => ({name, kind: kindOf(type, converted_type, logical_type?.type)}));
  return {rows: Number(num_rows), leaves};
}

function kindOf(type: string | undefined, converted: string | undefined, logical: string | undefined): LeafKind {
  if (type === 'INT96') return 'int96';
  if (logical === 'UUID') return 'uuid';
  return converted === 'INTERVAL' ? 'interval' : 'other';
}

const schemaHint = [...'ARROW:schema'].map((letter) => letter.charCodeAt(0));

/**
 * The same file without the Arrow schema that its writer left in the footer: readers then take plain types for the
 * columns. One letter of the entry's key is changed, so no offset moves and nothing is copied but the footer.
 */
export async function withoutSchemaHint(file: Blob): Promise<Blob> {
  const tail = new DataView(await file.slice(-8).arrayBuffer());
  const start = file.size - 8 - tail.getUint32(0, true);
  const footer = new Uint8Array(await file.slice(start).arrayBuffer());
  const at = indexOfBytes(footer, schemaHint);
  if (at === -1) return file;
  footer[at] = 0x61;
  return new Blob([file.slice(0, start), footer]);
}
