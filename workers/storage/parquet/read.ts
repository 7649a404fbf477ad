import {DataType, RecordBatchReader, type Field, type Schema} from 'apache-arrow';
import type {ParquetFile} from 'parquet-wasm/esm';
import {ProblemError, type Problem} from '../../../src/lib/problem.ts';
import {list, plural} from '../../../src/lib/text.ts';
import {joinStreams} from './ipc.ts';
import {readFooter, withoutSchemaHint, type Footer} from './footer.ts';
import {withPanics, type ParquetModule} from './module.ts';
import {recastRead} from './recast.ts';

/** Rows in a batch; smaller row groups are put together. */
const batchRows = 50_000;

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
  const opened = await orDamaged(name, () => open(parquet, file, name));
  const {source, footer, schemaIpc} = opened;
  const {schema} = RecordBatchReader.from(schemaIpc).open();
  const recast = recastRead(
    schema,
    footer.leaves.map(({kind}) => kind),
  );
  let pending: Uint8Array[] = [];
  let pendingRows = 0;
  let done = 0;
  const flush = async (): Promise<void> => {
    const ipc = joinStreams(pending);
    pending = [];
    pendingRows = 0;
    await onBatch(recast?.(ipc) ?? ipc, done, footer.rows);
  };
  const reader = (await orDamaged(name, () => source.stream({batchSize: batchRows}))).getReader();
  try {
    for (;;) {
      check();
      // The cast: the stream's type doesn't name what it gives.
      const next = (await orDamaged(name, () => reader.read())) as ReadableStreamReadResult<{numRows: number; intoIPCStream(): Uint8Array}>;
      if (next.done) break;
      const {numRows} = next.value;
      pending.push(next.value.intoIPCStream());
      pendingRows += numRows;
      done += numRows;
      if (pendingRows >= batchRows) await flush();
    }
    if (pendingRows > 0) await flush();
    else if (done === 0) await onBatch(recast?.(schemaIpc) ?? schemaIpc, 0, 0);
    source.free();
  } catch (thrown) {
    // Not waited for: after a panic nothing answers.
    void reader.cancel().catch(() => undefined);
    throw thrown;
  }
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
  const intervals = footer.leaves.filter(({kind}) => kind === 'interval').map((leaf) => leaf.name);
  if (intervals.length > 0) throw new ProblemError(hasIntervals(name, intervals));
  const source = await parquet.ParquetFile.fromFile(file);
  const schemaIpc = source.schema().intoIPCStream();
  if (isReadable(schemaIpc)) return {source, footer, schemaIpc};
  // Types that only newer Arrow libraries know (large lists, small decimals) are hints of the writer: without them the plain type is read.
  source.free();
  const plain = await parquet.ParquetFile.fromFile(await withoutSchemaHint(file));
  return {source: plain, footer, schemaIpc: plain.schema().intoIPCStream()};
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

async function orDamaged<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await withPanics(work());
  } catch (thrown) {
    if (thrown instanceof ProblemError) throw thrown;
    const reason = thrown instanceof WebAssembly.RuntimeError ? 'its pages don’t decode' : thrown instanceof Error ? thrown.message.replace(/^(Error: )+/, '') : String(thrown);
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

const noColumns = (file: string): Problem => ({code: 'NO_COLUMNS', message: `${file} is a Parquet file without columns.`, hint: 'Check how it was written.', where: {file}});

const hasIntervals = (file: string, columns: readonly string[]): Problem => ({
  code: 'TYPE_UNSUPPORTED',
  message: `${file} has ${plural(columns.length, 'column')} of type INTERVAL (${list(columns)}), whose months would be lost on reading.`,
  hint: 'Write the file again with the interval as a number of seconds or as text.',
  where: {file},
});
