import {AsyncByteQueue, RecordBatchFileWriter, RecordBatchReader, type Utf8} from 'apache-arrow';
import {exportedAs} from '../encrypt/define.ts';
import {joinBytes} from '../lib/bytes.ts';
import type {Value} from '../lib/value.ts';
import type {Ports} from '../ports/index.ts';
import {csvLines, parquetSelect} from '../sql/export.ts';
import {pageSql} from '../sql/page.ts';
import {sql, type Sql} from '../sql/sql.ts';
import type {ExportFormat, ExportOptions} from './export-format.ts';
import {oneAhead} from '../tables/one-ahead.ts';
import type {Runner} from '../run/runner.ts';
import type {StoredResult} from '../run/define.ts';

const endings: Readonly<Record<ExportFormat, string>> = {parquet: 'parquet', csv: 'csv', json: 'jsonl', arrow: 'arrow'};

/** A cell's rows as a file, written piece by piece in the browser's own storage; a stop or a failure leaves nothing behind. */
export async function exportCell(
  ports: Ports,
  runner: Runner,
  name: string,
  format: ExportFormat,
  {compression = 'snappy', encrypt}: ExportOptions,
  signal?: AbortSignal,
): Promise<File> {
  return runner.withResult(
    name,
    'look',
    async (result) => {
      const sink = await (format === 'parquet'
        ? ports.storage.openParquet(compression, encrypt)
        : ports.storage.openBytes(encrypt));
      const {write, settled} = oneAhead((bytes) => sink.write(bytes));
      try {
        try {
          await writers[format](ports, result, write, signal);
        } finally {
          await settled();
        }
        const file = await sink.close();
        return exportedAs(`${name}.${endings[format]}`, file.type, file, encrypt);
      } catch (thrown) {
        await sink.discard();
        throw thrown;
      }
    },
    signal,
  );
}

type Write = (
  ports: Ports,
  result: StoredResult,
  write: (bytes: Uint8Array) => Promise<void>,
  signal: AbortSignal | undefined,
) => Promise<void>;

const writers: Readonly<Record<ExportFormat, Write>> = {
  parquet: (ports, result, write, signal) =>
    ports.engine.stream(parquetSelect(result.columns, result.relation), write, {signal}),
  csv: async (ports, result, write, signal) => {
    const {header, lines} = csvLines(result.columns, result.relation);
    await write(new TextEncoder().encode(header));
    await ports.engine.stream(lines, (ipc) => write(textBytes(ipc)), {signal});
  },
  json: async (ports, result, write, signal) => {
    const encoder = new TextEncoder();
    // Rows go through JavaScript here, so pages stay small: the page keeps answering.
    const pageRows = Math.max(100, Math.floor(20_000 / Math.max(1, result.columns.length)));
    for (let offset = 0; offset < result.rows; offset += pageRows) {
      const {columns, rows} = await ports.engine.rows(pageSql(result, {offset, limit: pageRows, sort: []}), {signal});
      await write(encoder.encode(rows.map((row) => `${jsonRow(columns, row)}\n`).join('')));
    }
  },
  arrow: async (ports, result, write, signal) => {
    const pieces = new Pieces();
    const writer = new RecordBatchFileWriter().reset(pieces);
    await ports.engine.stream(
      selectAll(result),
      async (ipc) => {
        for (const batch of RecordBatchReader.from(ipc)) writer.write(batch);
        await write(pieces.take());
      },
      {signal},
    );
    writer.finish();
    await write(pieces.take());
  },
};

/** What an Arrow writer wrote, until it is taken: the next batch is asked for when this one lies in the file. */
class Pieces extends AsyncByteQueue {
  #written: Uint8Array[] = [];

  override write(bytes: Uint8Array): void {
    this.#written.push(bytes);
  }

  take(): Uint8Array {
    const whole = joinBytes(this.#written);
    this.#written = [];
    return whole;
  }
}

const selectAll = (result: StoredResult): Sql => sql`FROM ${result.relation}`;

/** The bytes of a one-column text result: Arrow keeps the texts end to end, so they are the file's bytes already. */
function textBytes(ipc: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const batch of RecordBatchReader.from<{line: Utf8}>(ipc)) {
    const data = batch.getChildAt<Utf8>(0)?.data[0];
    if (data === undefined) continue;
    const {valueOffsets} = data;
    parts.push(data.values.subarray(valueOffsets[0], valueOffsets[data.length]));
  }
  return joinBytes(parts);
}

/** One JSON object; integers beyond 2^53 keep every digit, NaN and infinities are null as JSON has none. */
function jsonRow(columns: readonly {name: string}[], row: readonly Value[]): string {
  return `{${columns.map((column, i) => `${JSON.stringify(column.name)}:${json(row[i] ?? null)}`).join(',')}}`;
}

function json(value: Value): string {
  if (value === null || (typeof value === 'number' && !Number.isFinite(value))) return 'null';
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array)
    return JSON.stringify(Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join(''));
  if (isList(value)) return `[${value.map(json).join(',')}]`;
  if (typeof value === 'object')
    return `{${Object.entries(value)
      .map(([name, inner]) => `${JSON.stringify(name)}:${json(inner)}`)
      .join(',')}}`;
  return JSON.stringify(value);
}

const isList = (value: Value): value is readonly Value[] => Array.isArray(value);
