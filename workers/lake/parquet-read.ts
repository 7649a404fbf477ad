import {RecordBatchReader, Schema} from 'apache-arrow';
import type {ColumnMapping} from '../../src/lake/features.ts';
import {parquetReadObjects} from 'hyparquet/src/read.js';
import type {ReadParquetRows} from '../../src/lake/file-store.ts';
import type {StructType} from '../../src/lake/schema.ts';
import {fileBuffer, readFooter, withoutSchemaHint} from '../parquet/footer.ts';
import {held} from '../parquet/held.ts';
import {emptyStream} from '../parquet/ipc.ts';
import type {ParquetModule} from '../parquet/module.ts';
import {orDamaged, refuseIntervals, streamBatches} from '../parquet/read.ts';
import {recaster} from '../parquet/recast.ts';
import {lakeField, matchFields} from './columns.ts';

/**
 * Reads a data file of a Delta table into Arrow IPC streams that DuckDB-WASM takes exactly, batch by batch: of its columns those
 * that `schema` has, under the schema's physical names, nested ones too; in the file's order and of the file's types. A file
 * with none of them gives one column of another name, so that its rows are counted; a file of no rows gives one stream of no rows.
 * `check` is called between batches and throws to stop.
 */
export async function streamLakeFile(
  parquet: ParquetModule,
  file: File,
  {mapping, schema}: {readonly mapping: ColumnMapping; readonly schema: StructType},
  onBatch: (ipc: Uint8Array) => Promise<void>,
  check: () => void,
): Promise<void> {
  const {name} = file;
  const {source, footer, fields} = await orDamaged(name, async () => {
    // Delta goes by Parquet's own types: what its writer had in memory doesn't matter.
    const plain = await held(await withoutSchemaHint(file));
    const source = await parquet.ParquetFile.fromFile(plain);
    return {
      source,
      footer: await readFooter(plain),
      fields: RecordBatchReader.from(source.schema().intoIPCStream()).open().schema.fields,
    };
  });
  const wanted = matchFields(fields, schema, mapping);
  // The library takes a dot as a step into a struct: with one in a name all columns are read, and what isn't wanted is left out here.
  const isProjected = !fields.some((field) => field.name.includes('.'));
  const columns = fields
    .map((field, i) => ({field, i, wanted: wanted[i]}))
    .filter((column) => !isProjected || column.wanted !== undefined);
  refuseIntervals(
    name,
    footer.leaves.filter(({root}) => wanted[root] !== undefined),
  );
  const kinds = columns
    .flatMap(({i}) => footer.leaves.filter(({root}) => root === i).map(({kind}) => kind))
    [Symbol.iterator]();
  const projected = new Schema(columns.map(({field}) => field));
  const recast = recaster(projected, (field, i) => lakeField(field, columns[i]?.wanted, mapping, kinds));
  const names = isProjected ? columns.map(({field}) => field.name) : undefined;
  await streamBatches(
    {source, footer, name, schemaIpc: emptyStream(projected), columns: names, recast},
    onBatch,
    check,
  );
}

/**
 * The rows of a small Parquet file of the log as plain values, as JSON would have them: maps are objects, what is absent is null, dates are
 * `2024-01-31`, timestamps `2024-01-31T12:00:00.123Z`; integers are numbers, bigints only where a number isn't exact.
 */
export const readParquetRows: ReadParquetRows = async (file) => {
  const {compressors} = await import('hyparquet-compressors');
  const rows = await orDamaged(file.name, () =>
    parquetReadObjects({file: fileBuffer(file), compressors, parsers, geoparquet: false}),
  );
  return rows.map((row) => plain(row) as Record<string, unknown>); // The cast: a row is an object, and stays one.
};

const instant = (milliseconds: number): string => new Date(milliseconds).toISOString();

const parsers = {
  timestampFromMilliseconds: (millis: bigint): string => instant(Number(millis)),
  timestampFromMicroseconds: (micros: bigint): string => instant(Math.floor(Number(micros) / 1000)),
  timestampFromNanoseconds: (nanos: bigint): string => instant(Number(nanos / 1_000_000n)),
  dateFromDays: (days: number): string => instant(days * 86_400_000).slice(0, 10),
};

function plain(value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (typeof value !== 'object' || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}
