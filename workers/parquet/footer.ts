import type {AsyncBuffer} from 'hyparquet';
import {parquetMetadataAsync} from 'hyparquet/src/metadata.js';
import {indexOfBytes} from '../shared/bytes.ts';

/** What Parquet says about a column that Arrow's types don't. */
export type LeafKind = 'int96' | 'uuid' | 'interval' | 'other';

export interface Footer {
  readonly rows: number;
  /** `bytes` are those of its values as they are encoded, before compression. */
  readonly rowGroups: readonly {readonly rows: number; readonly bytes: number}[];
  /** The columns without children, in the file's order, which is Arrow's too; `root` is the number of the column that they are part of. */
  readonly leaves: readonly {readonly name: string; readonly kind: LeafKind; readonly root: number}[];
}

/** A file as hyparquet reads it, piece by piece. */
export const fileBuffer = (file: Blob): AsyncBuffer => ({
  byteLength: file.size,
  slice: (start, end) => file.slice(start, end).arrayBuffer(),
});

/** Reads what is at the end of a Parquet file. */
export async function readFooter(file: Blob): Promise<Footer> {
  const {num_rows, schema, row_groups} = await parquetMetadataAsync(fileBuffer(file), {geoparquet: false});
  const roots = rootsOf(schema.map(({num_children = 0}) => num_children));
  const leaves = schema.flatMap(({name, type, converted_type, logical_type}, i) =>
    type === undefined ? [] : [{name, kind: kindOf(type, converted_type, logical_type?.type), root: roots[i] ?? 0}],
  );
  const rowGroups = row_groups.map((group) => ({rows: Number(group.num_rows), bytes: Number(group.total_byte_size)}));
  return {rows: Number(num_rows), rowGroups, leaves};
}

/** The schema is flattened, depth first, below one element that holds all columns: which column each element is part of, from how many children each has. */
function rootsOf(children: readonly number[]): number[] {
  let root = -1;
  let open = 0;
  return children.map((count, i) => {
    if (i === 0) return root;
    if (open === 0) {
      root++;
      open = 1;
    }
    open += count - 1;
    return root;
  });
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
