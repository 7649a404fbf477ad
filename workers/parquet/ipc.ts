import {RecordBatchStreamWriter, type Schema} from 'apache-arrow';
import {concat} from '../shared/bytes.ts';

/** The end-of-stream marker: a continuation mark and a length of zero. */
const endBytes = 8;

/** Joins Arrow IPC streams of one schema into one stream: all but the first lose their schema message, all but the last their end. */
export function joinStreams(streams: readonly Uint8Array[]): Uint8Array {
  const last = streams.length - 1;
  return concat(
    streams.map((ipc, i) =>
      ipc.subarray(i === 0 ? 0 : schemaEnd(ipc), i === last ? ipc.length : ipc.length - endBytes),
    ),
  );
}

/** A stream of a schema and no rows. */
export function emptyStream(schema: Schema): Uint8Array {
  const writer = new RecordBatchStreamWriter();
  writer.reset(undefined, schema);
  return writer.finish().toUint8Array(true);
}

/**
 * Gives streams another schema of the same layout (other names, nullability, zones): its message goes before the batches,
 * whose bytes stay as they are.
 */
export function relabel(schema: Schema): (ipc: Uint8Array) => Uint8Array {
  const empty = emptyStream(schema);
  const message = empty.subarray(0, schemaEnd(empty));
  return (ipc) => concat([message, ipc.subarray(schemaEnd(ipc))]);
}

/** A message without a body takes a mark, the length of what follows, and that. */
const schemaEnd = (ipc: Uint8Array): number => endBytes + new DataView(ipc.buffer, ipc.byteOffset).getUint32(4, true);

const fileMagic = 'ARROW1\0\0';

/** DuckDB-WASM gives whole results as an Arrow IPC file, which is a stream after eight bytes, with a footer behind its end. */
export function asStream(ipc: Uint8Array): Uint8Array {
  const starts = String.fromCharCode(...ipc.subarray(0, fileMagic.length));
  return starts === fileMagic ? ipc.subarray(fileMagic.length) : ipc;
}
