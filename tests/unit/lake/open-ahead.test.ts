import {expect, test} from 'vitest';
import {ProblemError} from '../../../src/lib/problem.ts';
import {writeFiles} from '../../../src/tables/lake-files.ts';
import {sql} from '../../../src/sql/sql.ts';
import {Writes} from '../../../workers/lake/writes.ts';
import {intent} from './rows.ts';

/** A promise and what fulfils it. */
function gate(): {promise: Promise<void>; open: () => void} {
  let open = (): void => undefined;
  const promise = new Promise<void>((resolve) => (open = resolve));
  return {promise, open: () => open()};
}

const fail = (code: string) => Promise.reject(new ProblemError({code, message: code}));

test('when the next file finds no room, that is told, and not what comes of it', async () => {
  let [isOver, opened] = [false, 0];
  const whileOpen = () => (isOver ? fail('WRITE_CLOSED') : Promise.resolve());
  const refused = gate();
  const ports = {
    engine: {
      rows: () => Promise.resolve({columns: [], rows: [[1_000_000n]]}),
      stream: async (_: string, write: (ipc: Uint8Array) => Promise<void>) => {
        await write(new Uint8Array(1));
        await refused.promise;
        for (let i = 0; i < 3; i++) await write(new Uint8Array(1));
      },
    },
    lake: {
      openFile: () => {
        if (++opened < 2) return Promise.resolve(opened);
        isOver = true;
        refused.open();
        return fail('QUOTA_EXCEEDED');
      },
      writeFile: whileOpen,
      closeFile: whileOpen,
    },
  };
  const rows = {relation: sql`t`, between: () => sql`t`, rows: 2_000_000, stats: undefined};
  // The casts: of the ports, the plan and the rows only these are used.
  const writing = writeFiles(
    ports as never,
    {transaction: 1, columns: [], partitionColumns: []} as never,
    rows,
    () => undefined,
    {signal: undefined},
  );
  await expect(writing).rejects.toMatchObject({problem: {code: 'QUOTA_EXCEEDED'}});
});

test('a file that was being made when another one’s failure ended the write is left nowhere', async () => {
  const log: string[] = [];
  const slow = gate();
  let files = 0;
  const sink = async (): Promise<unknown> => {
    const file = ++files;
    if (file === 2) await slow.promise;
    log.push(`made ${file}`);
    return {
      write: () => fail('QUOTA_EXCEEDED'),
      close: () => Promise.resolve(),
      discard: () => Promise.resolve(void log.push(`discarded ${file}`)),
    };
  };
  const tables = {
    store: {create: sink, remove: () => Promise.resolve()},
    catalogue: {find: () => Promise.resolve(undefined), placeFor: () => Promise.resolve({name: 't', root: 'r'})},
    use: () => Promise.resolve(() => undefined),
  };
  class ParquetWriter {}
  // The casts: a new table’s files are made and discarded with these alone.
  const writes = new Writes(
    tables as never,
    {close: () => undefined} as never,
    () => Promise.resolve({ParquetWriter} as never),
    () => Promise.resolve() as never,
  );
  const {transaction} = await writes.begin('t', intent());
  const first = await writes.openFile(transaction, {});
  const second = writes.openFile(transaction, {});
  await expect(writes.writeFile(transaction, first, new Uint8Array(3))).rejects.toThrow();
  slow.open();
  await expect(second).rejects.toMatchObject({problem: {code: 'WRITE_CLOSED'}});
  expect(log).toEqual(['made 1', 'discarded 1', 'made 2', 'discarded 2']);
});
