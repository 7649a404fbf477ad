import {parquetReadObjects} from 'hyparquet';
import {compressors} from 'hyparquet-compressors';
import type {LakeFiles} from '../../../../src/lake/checkpoint.ts';
import {deletedRows} from '../../../../src/lake/deletion-vector.ts';
import {mappingMode} from '../../../../src/lake/features.ts';
import type {ReadParquetRows} from '../../../../src/lake/file-store.ts';
import {physicalName, type DeltaType, type StructField} from '../../../../src/lake/schema.ts';
import type {Snapshot} from '../../../../src/lake/snapshot.ts';
import {readPlanOf} from '../../../../src/lake/table.ts';

/** A Parquet file's rows as hyparquet reads them, binary columns as bytes. */
export const readParquetRows: ReadParquetRows = async (file) => {
  const buffer = {byteLength: file.size, slice: (start: number, end?: number) => file.slice(start, end).arrayBuffer()};
  return parquetReadObjects({file: buffer, compressors});
};

const readData: ReadParquetRows = async (file) => {
  const buffer = {byteLength: file.size, slice: (start: number, end?: number) => file.slice(start, end).arrayBuffer()};
  return parquetReadObjects({file: buffer, compressors, utf8: false});
};

/** Every row of a snapshot as a text, in order of the texts. */
export async function rowsOfTable(files: LakeFiles, snapshot: Snapshot): Promise<string[]> {
  const isMapped = mappingMode(snapshot.protocol, snapshot.metadata) !== 'none';
  const adds = [...snapshot.files.values()];
  const rows: string[] = [];
  for (const [index, plan] of readPlanOf(snapshot).entries()) {
    const file = await files.store.read(plan.path);
    if (file === null) throw new Error(`${plan.path} is missing.`);
    const vector = adds[index]?.deletionVector;
    const deleted = new Set(
      vector === undefined ? [] : await deletedRows(files.store, snapshot.root, vector, snapshot.home),
    );
    const found = await readData(file);
    if (plan.rows !== undefined && plan.rows !== found.length)
      throw new Error(`${plan.path} has ${found.length} rows, its statistics say ${plan.rows}.`);
    for (const [position, row] of found.entries()) {
      if (deleted.has(position)) continue;
      rows.push(
        textOf(snapshot.schema.fields, (field) =>
          field.name in plan.partition
            ? partitionValue(field.type, plan.partition[field.name])
            : plain(field.type, row[isMapped ? physicalName(field) : field.name], isMapped),
        ),
      );
    }
  }
  return rows.sort();
}

/** The rows of Parquet files that hold a table's logical columns. */
export async function rowsOfFiles(files: LakeFiles, folder: string, snapshot: Snapshot): Promise<string[]> {
  const rows: string[] = [];
  for (const name of await files.store.list(folder)) {
    if (!name.endsWith('.parquet')) continue;
    const file = await files.store.read(`${folder}/${name}`);
    if (file === null) continue;
    for (const row of await readData(file))
      rows.push(textOf(snapshot.schema.fields, (field) => plain(field.type, row[field.name], false)));
  }
  return rows.sort();
}

const textOf = (fields: readonly StructField[], value: (field: StructField) => unknown) =>
  JSON.stringify(Object.fromEntries(fields.map((field) => [field.name, value(field)])));

const decoder = new TextDecoder();

/** A value of a type in one spelling, whatever physical type it came from. */
function plain(type: DeltaType, value: unknown, isMapped: boolean): unknown {
  if (value == null) return null;
  if (typeof type !== 'string') {
    if (type.type === 'array') return (value as unknown[]).map((each) => plain(type.elementType, each, isMapped));
    if (type.type === 'map')
      return Object.entries(value)
        .map(([key, each]) => [key, plain(type.valueType, each, isMapped)])
        .sort();
    const struct = value as Record<string, unknown>;
    return Object.fromEntries(
      type.fields.map((field) => [
        field.name,
        plain(field.type, struct[isMapped ? physicalName(field) : field.name], isMapped),
      ]),
    );
  }
  if (value instanceof Uint8Array) return type === 'string' ? decoder.decode(value) : [...value];
  if (value instanceof Date) return type === 'date' ? value.toISOString().slice(0, 10) : value.toISOString();
  if (type.startsWith('decimal')) return Number(value).toPrecision(12);
  if (typeof value === 'number' || typeof value === 'bigint') return String(Object.is(value, -0) ? '-0' : value);
  return value;
}

function partitionValue(type: DeltaType, text: string | null | undefined): unknown {
  if (text == null) return null;
  if (type === 'boolean') return text === 'true';
  if (type === 'timestamp' || type === 'timestamp_ntz')
    return new Date(`${text.replace(' ', 'T').replace('Z', '')}Z`).toISOString();
  if (type === 'binary') return [...new TextEncoder().encode(text)];
  if (type === 'string' || type === 'date') return text;
  return type === 'long' ? text : plain(type, Number(text), false);
}
