import {DataType, RecordBatchReader, type Field, type Schema} from 'apache-arrow';
import type {ParquetFile} from 'parquet-wasm/esm';
import {ProblemError, type Problem} from '../../src/lib/problem.ts';
import {list, plural} from '../../src/lib/text.ts';
import {joinStreams} from './ipc.ts';
import {readFooter, withoutSchemaHint, type Footer} from './footer.ts';
import {withPanics, type ParquetModule} from './module.ts';
import {recastRead, type Recaster} from './recast.ts';

/** Rows in a batch; smaller row groups are put together. */
const mostRows = 50_000;
/** What a batch's values take at most, as they are encoded. */
const mostBytes = 32 << 20;

/** How many rows of a file are read at a time. */
function batchRowsOf({rows, rowGroups}: Footer): number {
  const bytes = rowGroups.reduce((sum, group) => sum + group.bytes, 0);
  return Math.max(1, Math.min(mostRows, Math.floor((mostBytes * rows) / Math.max(1, bytes))));
}

/** A part of a file for the library to read; it decodes each row group of it whole before it gives the first batch. */
type Part = {readonly rowGroups: number[]; readonly offset?: number; readonly limit?: number};

/** Row group after row group; a large one in slices, so that other writers' files take little memory too. */
function partsOf({rowGroups}: Footer): readonly Part[] {
  const parts: Part[] = [];
  for (const [i, {rows, bytes}] of rowGroups.entries()) {
    const slices = Math.ceil(bytes / mostBytes);
    const last = parts.at(-1);
    if (slices <= 1 && last !== undefined && last.limit === undefined) last.rowGroups.push(i);
    else if (slices <= 1) parts.push({rowGroups: [i]});
    const limit = Math.ceil(rows / slices);
    if (slices > 1) for (let offset = 0; offset < rows; offset += limit) parts.push({rowGroups: [i], offset, limit});
  }
  return parts;
}

/**
 * Reads a Parquet file by handle into Arrow IPC streams that DuckDB-WASM takes, batch by batch; `done` and `total` are rows.
 * A file of no rows gives one stream of its schema. `check` is called between batches and throws to stop.
 */
export async function readParquet(
  parquet: ParquetModule,
  file: Blob,
  name: string,
  onBatch: (ipc: Uint8Array, done: number, total: number) => Promise<void>,
  check: () => void,
): Promise<void> {
  const {source, footer, schemaIpc} = await orDamaged(name, () => open(parquet, file, name));
  const {schema} = RecordBatchReader.from(schemaIpc).open();
  const recast = recastRead(
    schema,
    footer.leaves.map(({kind}) => kind),
  );
  await streamBatches({source, footer, name, schemaIpc, recast}, (ipc, done) => onBatch(ipc, done, footer.rows), check);
}

/** What of an open Parquet file is read, and how. */
export interface BatchSource {
  readonly source: ParquetFile;
  readonly footer: Footer;
  readonly name: string;
  /** A stream of the schema alone, given when the file has no rows. */
  readonly schemaIpc: Uint8Array;
  /** Column names; undefined reads all. */
  readonly columns?: string[] | undefined;
  readonly recast: Recaster | undefined;
}

/** Reads a file's parts one after the other; frees the source when all is read. `check` is called between batches and throws to stop. */
export async function streamBatches(
  {source, footer, name, schemaIpc, columns, recast}: BatchSource,
  onBatch: (ipc: Uint8Array, done: number) => Promise<void>,
  check: () => void,
): Promise<void> {
  const batchRows = batchRowsOf(footer);
  let pending: Uint8Array[] = [];
  let pendingRows = 0;
  let done = 0;
  const flush = async (): Promise<void> => {
    const ipc = joinStreams(pending);
    pending = [];
    pendingRows = 0;
    await onBatch(recast?.(ipc) ?? ipc, done);
  };
  for (const part of partsOf(footer)) {
    const options = {...part, batchSize: batchRows, ...(columns === undefined ? {} : {columns})};
    // The cast: the stream's type doesn't name what it gives.
    const stream = (await orDamaged(name, () => source.stream(options))) as ReadableStream<{
      numRows: number;
      intoIPCStream(): Uint8Array;
    }>;
    const reader = stream.getReader();
    try {
      for (;;) {
        check();
        const next = await orDamaged(name, () => reader.read());
        if (next.done) break;
        const {numRows} = next.value;
        pending.push(next.value.intoIPCStream());
        pendingRows += numRows;
        done += numRows;
        if (pendingRows >= batchRows) await flush();
      }
    } catch (thrown) {
      // Not waited for: after a panic nothing answers.
      void reader.cancel().catch(() => undefined);
      throw thrown;
    }
  }
  if (pendingRows > 0) await flush();
  else if (done === 0) await onBatch(recast?.(schemaIpc) ?? schemaIpc, 0);
  source.free();
}

interface OpenParquet {
  readonly source: ParquetFile;
  readonly footer: Footer;
  readonly schemaIpc: Uint8Array;
}

async function open(parquet: ParquetModule, file: Blob, name: string): Promise<OpenParquet> {
  const footer = await readFooter(file);
  const [first] = footer.leaves;
  if (first === undefined) throw new ProblemError(noColumns(name));
  refuseIntervals(name, footer.leaves);
  const source = await parquet.ParquetFile.fromFile(file);
  const schemaIpc = source.schema().intoIPCStream();
  if (isReadable(schemaIpc)) return {source, footer, schemaIpc};
  // Types that only newer Arrow libraries know (large lists, small decimals) are hints of the writer: without them the plain type is read.
  source.free();
  const plain = await parquet.ParquetFile.fromFile(await withoutSchemaHint(file));
  return {source: plain, footer, schemaIpc: plain.schema().intoIPCStream()};
}

/** Throws `TYPE_UNSUPPORTED` when there are intervals among the columns. */
export function refuseIntervals(file: string, leaves: Footer['leaves']): void {
  const intervals = leaves.filter(({kind}) => kind === 'interval').map(({name}) => name);
  if (intervals.length > 0) throw new ProblemError(hasIntervals(file, intervals));
}

function isReadable(schemaIpc: Uint8Array): boolean {
  let schema: Schema;
  try {
    ({schema} = RecordBatchReader.from(schemaIpc).open());
  } catch {
    return false;
  }
  const isKnown = ({type}: Field<DataType>): boolean => {
    if (DataType.isDecimal(type)) return type.bitWidth >= 128;
    // The cast: types without children have null there.
    return ((type.children ?? []) as readonly Field<DataType>[]).every(isKnown);
  };
  return schema.fields.every(isKnown);
}

/** Runs work of the library on a file; what it throws becomes `PARQUET_DAMAGED` with the file's name. */
export async function orDamaged<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await withPanics(work());
  } catch (thrown) {
    if (thrown instanceof ProblemError) throw thrown;
    const reason =
      thrown instanceof WebAssembly.RuntimeError
        ? 'its pages don’t decode'
        : thrown instanceof Error
          ? thrown.message.replace(/^(Error: )+/, '')
          : String(thrown);
    throw new ProblemError(
      {
        code: 'PARQUET_DAMAGED',
        message: `${file} can’t be read as Parquet: ${reason}.`,
        hint: 'Copy or download the file again; if its source reads it, write it anew with Snappy or Zstandard compression.',
        where: {file},
      },
      {cause: thrown},
    );
  }
}

const noColumns = (file: string): Problem => ({
  code: 'NO_COLUMNS',
  message: `${file} is a Parquet file without columns.`,
  hint: 'Check how it was written.',
  where: {file},
});

const hasIntervals = (file: string, columns: readonly string[]): Problem => ({
  code: 'TYPE_UNSUPPORTED',
  message: `${file} has ${plural(columns.length, 'column')} of type INTERVAL (${list(columns)}), whose months would be lost on reading.`,
  hint: 'Write the file again with the interval as a number of seconds or as text.',
  where: {file},
});
