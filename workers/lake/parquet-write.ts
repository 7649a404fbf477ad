import {Schema, Struct} from 'apache-arrow';
import {ProblemError, type Problem} from '../../src/lib/problem.ts';
import type {FileSink} from '../../src/lake/file-store.ts';
import {physicalName, type StructField} from '../../src/lake/schema.ts';
import {readFooter} from '../parquet/footer.ts';
import {emptyStream, relabel} from '../parquet/ipc.ts';
import type {ParquetModule} from '../parquet/module.ts';
import type {Recaster} from '../parquet/recast.ts';
import {ParquetWriter} from '../parquet/write.ts';
import {arrowField, sameLayout} from './arrow.ts';

/**
 * Writes a data file of a Delta table: Arrow IPC streams of `columns` in their order, as DuckDB gives them, become one Parquet file with Snappy
 * whose schema is Delta's. Only the schema message is exchanged; the values stay as they are.
 */
export class LakeFileWriter {
  readonly #schema: Schema;
  readonly #writer: ParquetWriter;
  #bytes = 0;

  constructor(
    parquet: ParquetModule,
    sink: FileSink,
    private readonly columns: readonly StructField[],
  ) {
    this.#schema = new Schema(columns.map(arrowField));
    const counted: FileSink = {
      write: async (bytes) => {
        await sink.write(bytes);
        this.#bytes += bytes.length;
      },
      close: () => sink.close(),
      discard: () => sink.discard(),
    };
    this.#writer = new ParquetWriter(parquet, counted, 'snappy', (schema) => this.#prepare(schema));
  }

  /** Rows written so far. */
  get rows(): number {
    return this.#writer.rows;
  }

  /** Throws `DELTA_NOT_NULL_CONSTRAINT_VIOLATED` for a null where there may be none. */
  async write(ipc: Uint8Array): Promise<void> {
    try {
      await this.#writer.write(ipc);
    } catch (thrown) {
      if (!(thrown instanceof Error && thrown.message.includes('non-nullable'))) throw thrown;
      // The library names a column as the file does, and parts of one not at all.
      const [, name] = /Column '(.*)' is/s.exec(thrown.message) ?? [];
      throw new ProblemError(nullRefused(this.columns.find((column) => physicalName(column) === name)?.name), {
        cause: thrown,
      });
    }
  }

  /** The file on disk, and its rows as its own footer counts them; throws `FILE_INCOMPLETE` when disk and memory disagree. */
  async close(): Promise<{readonly file: File; readonly rows: number}> {
    if (this.rows === 0) await this.write(emptyStream(this.#schema));
    const file = await this.#writer.close();
    const found = file.size === this.#bytes ? await readFooter(file).catch(() => undefined) : undefined;
    if (found?.rows !== this.rows) throw new ProblemError(incomplete(file, this.#bytes, this.rows, found?.rows));
    return {file, rows: found.rows};
  }

  discard(): Promise<void> {
    return this.#writer.discard();
  }

  #prepare(given: Schema): Recaster {
    const [have, want] = [new Struct(given.fields), new Struct(this.#schema.fields)];
    if (!sameLayout(have, want)) throw new ProblemError(notAsDeclared(given, this.#schema));
    return relabel(this.#schema);
  }
}

const incomplete = (file: File, bytes: number, rows: number, found: number | undefined): Problem => ({
  code: 'FILE_INCOMPLETE',
  message: `The data file ${file.name} is not on disk as it was written: ${file.size} of ${bytes} bytes, ${found ?? 'no readable number of'} of ${rows} rows.`,
  hint: 'Nothing was committed. Check the disk’s free space and run the cell again.',
  where: {file: file.name},
});

const nullRefused = (column: string | undefined): Problem => ({
  code: 'DELTA_NOT_NULL_CONSTRAINT_VIOLATED',
  sqlState: '23502',
  message: `There is a null in ${column === undefined ? 'a part of a column' : `column ${column}`}, which is NOT NULL.`,
  hint: 'Fill or drop the rows without a value first; the steps fill and drop_nulls do.',
  ...(column === undefined ? {} : {where: {column}}),
});

const notAsDeclared = (given: Schema, declared: Schema): Problem => ({
  code: 'INTERNAL',
  message: `The rows’ columns (${given.fields.map(String).join(', ')}) are not those that were announced (${declared.fields.map(String).join(', ')}).`,
  hint: 'Cast the columns to plain types in a SQL cell and run it again.',
});
