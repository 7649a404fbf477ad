import type {PGlite} from '@electric-sql/pglite';
import {joinBytes} from '../../src/lib/bytes.ts';
import type {PostgresFailure} from '../contract/postgres.ts';
import {readAnswer, statementMessages, type RawAnswer} from './protocol.ts';

/** A failure of a statement on its way out of a piece of work. */
export class Failed extends Error {
  constructor(readonly failure: PostgresFailure) {
    super(failure.message);
  }
}

/** One statement and its answer, raw. */
export async function ask(pg: PGlite, statement: string, data?: Uint8Array): Promise<RawAnswer> {
  if (statement.includes('\0')) throw new Failed({state: '22021', message: 'a statement can’t hold the character NUL'});
  const parts: Uint8Array[] = [];
  // The cast: a view of the page's bytes has a plain buffer.
  if (data !== undefined) await pg._handleBlob(new Blob([data as Uint8Array<ArrayBuffer>]));
  try {
    // What is handed over is PostgreSQL's own memory, which it uses again.
    await pg.execProtocolRawStream(statementMessages(statement), {
      onRawData: (bytes) => void parts.push(bytes.slice()),
    });
  } finally {
    if (data !== undefined) await pg._cleanupBlob();
  }
  const answer = readAnswer(joinBytes(parts));
  if (answer.failure !== undefined)
    throw new Failed(
      answer.failure.fatal === true && /\bPROGRAM\b/i.test(statement)
        ? {...answer.failure, detail: 'A PROGRAM runs in the server’s operating system, and a browser has none'}
        : answer.failure,
    );
  return answer;
}

/** A query's rows as texts. */
export async function texts(pg: PGlite, query: string): Promise<(string | null)[][]> {
  const {columns, rows} = await ask(pg, query);
  const decoder = new TextDecoder();
  return Array.from({length: rows}, (_, row) =>
    columns.map(({bytes, offsets, valid}) =>
      valid[row] === 1 ? decoder.decode(bytes.subarray(offsets[row], offsets[row + 1])) : null,
    ),
  );
}
