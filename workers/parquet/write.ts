import {DataType, RecordBatchReader, type Field, type Schema} from 'apache-arrow';
import type {WriterProperties} from 'parquet-wasm/esm';
import {ProblemError, type Problem} from '../../src/lib/problem.ts';
import {list, plural} from '../../src/lib/text.ts';
import type {ParquetCompression} from '../contract/storage.ts';
import type {Sink} from '../files/store.ts';
import {asStream} from './ipc.ts';
import {withPanics, type ParquetModule} from './module.ts';
import {recastWrite, type Recaster} from './recast.ts';

/** DuckDB's own size: what is encoded of one row group is what the writer holds in memory. */
const rowGroupRows = 122_880;

const codecs = {snappy: 'SNAPPY', zstd: 'ZSTD', gzip: 'GZIP', uncompressed: 'UNCOMPRESSED'} as const satisfies Record<
  ParquetCompression,
  string
>;

/**
 * Writes Arrow IPC streams of one schema as one Parquet file, row group by row group. A file of no rows has its schema.
 * `prepareFor` looks at the schema once and gives what is done to every stream, or throws.
 */
export class ParquetWriter {
  readonly #input = new TransformStream<unknown, unknown>();
  readonly #batches = this.#input.writable.getWriter();
  /** Settles when the file is written, or when writing it failed. */
  readonly #written: Promise<void>;
  #prepare: Recaster | undefined;
  #schema: Uint8Array | undefined;
  #rows = 0;

  constructor(
    private readonly parquet: ParquetModule,
    private readonly sink: Sink,
    private readonly compression: ParquetCompression,
    private readonly prepareFor: (schema: Schema) => Recaster | undefined = prepareExport,
  ) {
    this.#written = this.#pump();
    // Whoever writes or closes next gets the failure.
    this.#written.catch(() => undefined);
  }

  /** Rows written so far. */
  get rows(): number {
    return this.#rows;
  }

  async write(ipc: Uint8Array): Promise<void> {
    const stream = asStream(ipc);
    this.#prepare ??= this.#start(stream);
    const table = this.parquet.Table.fromIPCStream(this.#prepare(stream));
    const batches = table.recordBatches();
    table.free();
    for (const batch of batches) {
      if (batch.numRows === 0) {
        batch.free();
        continue;
      }
      this.#rows += batch.numRows;
      await Promise.race([withPanics(this.#batches.write(batch)), this.#failure()]);
    }
  }

  async close(): Promise<File> {
    if (this.#rows > 0) {
      await withPanics(Promise.all([this.#batches.close(), this.#written]));
    } else {
      if (this.#schema === undefined) throw new ProblemError(noSchema);
      await this.sink.write(
        this.parquet.writeParquet(this.parquet.Table.fromIPCStream(this.#schema), this.#properties()),
      );
    }
    return this.sink.close();
  }

  async discard(): Promise<void> {
    await this.#batches.abort().catch(() => undefined);
    await this.sink.discard();
  }

  #start(ipc: Uint8Array): Recaster {
    const {schema} = RecordBatchReader.from(ipc).open();
    const prepare = this.prepareFor(schema) ?? ((same: Uint8Array) => same);
    this.#schema = prepare(ipc);
    return prepare;
  }

  async #pump(): Promise<void> {
    // The library asks for the first batch before it gives its stream.
    const output = await this.parquet.transformParquetStream(this.#input.readable, this.#properties());
    // The cast: the stream's type doesn't name what it gives.
    const reader = output.getReader() as ReadableStreamDefaultReader<Uint8Array>;
    for (let next = await reader.read(); !next.done; next = await reader.read()) await this.sink.write(next.value);
  }

  /** Rejects when writing has failed, else never settles. */
  #failure(): Promise<never> {
    return this.#written.then(() => new Promise<never>(() => undefined));
  }

  #properties(): WriterProperties {
    const {Compression, WriterPropertiesBuilder} = this.parquet;
    return new WriterPropertiesBuilder()
      .setCompression(Compression[codecs[this.compression]])
      .setMaxRowGroupSize(rowGroupRows)
      .setCreatedBy('Lakebook')
      .build();
  }
}

/** What Parquet can't hold is refused before anything is written. */
function prepareExport(schema: Schema): Recaster | undefined {
  refuse(schema);
  return recastWrite(schema);
}

function refuse(schema: Schema): void {
  const isUnsupported = ({type}: Field<DataType>): boolean =>
    // The cast: types without children have null there.
    DataType.isInterval(type) ||
    DataType.isUnion(type) ||
    DataType.isDuration(type) ||
    ((type.children ?? []) as readonly Field<DataType>[]).some(isUnsupported);
  const columns = schema.fields.filter(isUnsupported).map(({name}) => name);
  if (columns.length > 0) throw new ProblemError(cannotHold(columns));
}

const cannotHold = (columns: readonly string[]): Problem => ({
  code: 'TYPE_UNSUPPORTED',
  message: `Parquet can’t hold ${plural(columns.length, 'column')} of type INTERVAL or UNION: ${list(columns)}.`,
  hint: 'Cast to text or to a number of seconds in a SQL cell first, e.g. SELECT epoch(elapsed) AS seconds.',
});

const noSchema: Problem = {
  code: 'NOTHING_TO_WRITE',
  message: 'There is nothing to write: not even column names arrived.',
  hint: 'Run the cell and export it again.',
};
