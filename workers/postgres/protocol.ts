import type {PostgresFailure} from '../contract/postgres.ts';

/** A result column as PostgreSQL announces it: its type by number, with the modifier that numeric(10,2) has. */
export interface RawColumn {
  readonly name: string;
  readonly type: number;
  readonly modifier: number;
  readonly bytes: Uint8Array;
  readonly offsets: Int32Array;
  readonly valid: Uint8Array;
}

export interface RawAnswer {
  readonly columns: readonly RawColumn[];
  readonly rows: number;
  readonly failure: PostgresFailure | undefined;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** One message to PostgreSQL (https://www.postgresql.org/docs/current/protocol-message-formats.html). */
function message(type: string, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(5 + body.length);
  bytes[0] = type.charCodeAt(0);
  new DataView(bytes.buffer).setInt32(1, 4 + body.length);
  bytes.set(body, 5);
  return bytes;
}

/** Parse, bind, describe, execute and sync: the way that takes one statement and no more. */
export function statementMessages(statement: string): Uint8Array {
  const text = encoder.encode(statement);
  const parse = new Uint8Array(text.length + 4);
  parse.set(text, 1);
  const parts = [
    message('P', parse),
    message('B', new Uint8Array(8)),
    message('D', Uint8Array.of('P'.charCodeAt(0), 0)),
    message('E', new Uint8Array(5)),
    message('S', new Uint8Array(0)),
  ];
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Reads all that PostgreSQL answered. Rows are read twice: once to know how much room they take. */
export function readAnswer(bytes: Uint8Array): RawAnswer {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rowsAt: number[] = [];
  let described: readonly Pick<RawColumn, 'name' | 'type' | 'modifier'>[] = [];
  let failure: PostgresFailure | undefined;
  let isComplete = false;
  for (let at = 0; at + 5 <= bytes.length; at += 1 + view.getInt32(at + 1)) {
    const type = String.fromCharCode(view.getUint8(at));
    if (type === 'T') described = columnsAt(bytes, view, at + 5);
    else if (type === 'D') rowsAt.push(at + 7);
    else if (type === 'E') failure ??= failureAt(bytes, at + 5);
    else if (type === 'C' || type === 'I') isComplete = true;
  }
  if (!isComplete) failure ??= brokeDown;
  const sizes = new Float64Array(described.length);
  for (const start of rowsAt)
    forEachField(view, start, described.length, (column, _at, length) => {
      sizes[column] = (sizes[column] ?? 0) + Math.max(0, length);
    });
  const columns = described.map((column, i) => ({
    ...column,
    bytes: new Uint8Array(sizes[i] ?? 0),
    offsets: new Int32Array(rowsAt.length + 1),
    valid: new Uint8Array(rowsAt.length),
  }));
  for (const [row, start] of rowsAt.entries())
    forEachField(view, start, columns.length, (i, at, length) => {
      const column = columns[i];
      if (column === undefined) return;
      const end = column.offsets[row] ?? 0;
      if (length >= 0) {
        column.bytes.set(bytes.subarray(at, at + length), end);
        column.valid[row] = 1;
      }
      column.offsets[row + 1] = end + Math.max(0, length);
    });
  return {columns, rows: rowsAt.length, failure};
}

/** Of a statement that neither ended nor failed nothing is left that could go on. */
const brokeDown: PostgresFailure = {
  state: 'XX000',
  message: 'this statement broke PostgreSQL down',
  hint: 'PostgreSQL starts anew with the next call, and what was committed is there. Leave the statement out.',
  fatal: true,
};

function forEachField(
  view: DataView,
  start: number,
  count: number,
  use: (column: number, at: number, length: number) => void,
): void {
  let at = start;
  for (let i = 0; i < count; i++) {
    const length = view.getInt32(at);
    use(i, at + 4, length);
    at += 4 + Math.max(0, length);
  }
}

function textAt(bytes: Uint8Array, start: number): {text: string; end: number} {
  const end = bytes.indexOf(0, start);
  return {text: decoder.decode(bytes.subarray(start, end)), end: end + 1};
}

function columnsAt(bytes: Uint8Array, view: DataView, start: number): Pick<RawColumn, 'name' | 'type' | 'modifier'>[] {
  let at = start + 2;
  return Array.from({length: view.getInt16(start)}, () => {
    const {text: name, end} = textAt(bytes, at);
    at = end + 18;
    return {name, type: view.getUint32(end + 6), modifier: view.getInt32(end + 12)};
  });
}

function failureAt(bytes: Uint8Array, start: number): PostgresFailure {
  const fields = new Map<string, string>();
  for (let at = start; bytes[at] !== 0;) {
    const {text, end} = textAt(bytes, at + 1);
    fields.set(String.fromCharCode(bytes[at] ?? 0), text);
    at = end;
  }
  const optional = <Key extends string>(key: Key, field: string): Partial<Record<Key, string>> => {
    const value = fields.get(field);
    // The cast: a computed key widens.
    return value === undefined ? {} : ({[key]: value} as Record<Key, string>);
  };
  const position = Number(fields.get('P'));
  return {
    state: fields.get('C') ?? '',
    message: fields.get('M') ?? 'PostgreSQL failed without a reason.',
    ...optional('detail', 'D'),
    ...optional('hint', 'H'),
    ...optional('context', 'W'),
    ...(position > 0 ? {position} : {}),
    ...(/^(?:PANIC|FATAL)$/.test(fields.get('V') ?? '') ? {fatal: true} : {}),
  };
}
