import {Message, MessageHeader} from 'apache-arrow';
import {joinBytes} from '../lib/bytes.ts';
import {invariant} from '../lib/invariant.ts';

/** One Arrow IPC stream taken apart, nothing copied. */
export interface ArrowParts {
  /** The stream as it came. */
  readonly whole: Uint8Array;
  readonly schema: Uint8Array;
  /** The messages after the schema, without the end of the stream. */
  readonly batches: Uint8Array;
  readonly rows: number;
  /** Whether its batches may follow those of another stream of the same schema: dictionaries would be mixed up. */
  readonly joins: boolean;
}

const continuation = 0xffffffff;
const endOfStream = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);

/** Finds the messages of an IPC stream (https://arrow.apache.org/docs/format/Columnar.html#encapsulated-message-format). */
export function takeApart(whole: Uint8Array): ArrowParts {
  const view = new DataView(whole.buffer, whole.byteOffset, whole.byteLength);
  let [at, start, rows] = [0, 0, 0];
  let joins = true;
  while (at + 8 <= whole.length) {
    invariant(view.getUint32(at, true) === continuation, 'an Arrow message starts with its mark');
    const length = view.getInt32(at + 4, true);
    if (length === 0) break;
    const message = Message.decode(whole.subarray(at + 8, at + 8 + length));
    at += 8 + length + message.bodyLength;
    if (message.headerType === MessageHeader.Schema) start = at;
    else if (message.isRecordBatch()) rows += message.header().length;
    else joins = false;
  }
  return {whole, schema: whole.subarray(0, start), batches: whole.subarray(start, at), rows, joins};
}

/** One stream of several with the same schema. */
export function joined(streams: readonly ArrowParts[]): Uint8Array {
  const [first] = streams;
  invariant(first !== undefined, 'there is a stream to join');
  if (streams.length === 1) return first.whole;
  return joinBytes([first.schema, ...streams.map((stream) => stream.batches), endOfStream]);
}
