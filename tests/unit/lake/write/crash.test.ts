import {describe, expect, test} from 'vitest';
import type {FileStore} from '../../../../src/lake/file-store.ts';
import {commitPath, listLog} from '../../../../src/lake/log.ts';
import {recover} from '../../../../src/lake/recover.ts';
import {createMemoryStore} from '../../../../workers/files/memory-store.ts';
import {problemIn, TestTable} from './table.ts';

class Died extends Error {}

/**
 * A store that dies at the `life`th change it is asked for, before it makes it, or in the middle of it when `isTorn`: a file
 * that is being written is then there in part, as where files can't be moved into place.
 */
function dyingStore(inner: FileStore, life: number, isTorn: boolean): FileStore {
  let left = life;
  const step = (): 'lives' | 'dies' => (--left > 0 ? 'lives' : left === 0 ? 'dies' : dead());
  const dead = (): never => {
    throw new Died();
  };
  const alive = <T>(work: () => Promise<T>): Promise<T> => (step() === 'dies' ? dead() : work());
  const reading = <T>(work: () => Promise<T>): Promise<T> => (left > 0 ? work() : dead());
  return {
    read: async (path) => reading(() => inner.read(path)),
    list: async (folder) => reading(() => inner.list(folder)),
    walk: async (folder) => reading(() => inner.walk(folder)),
    remove: async (path) => alive(() => inner.remove(path)),
    async create(path) {
      const sink = await alive(() => inner.create(path));
      return {
        async write(bytes) {
          if (step() === 'lives') return sink.write(bytes);
          if (isTorn) {
            await sink.write(bytes.slice(0, bytes.length / 2));
            await sink.close();
          }
          dead();
        },
        async close() {
          if (step() === 'lives') return sink.close();
          // Whole and in place, but nobody is told.
          if (isTorn) await sink.close();
          return dead();
        },
        discard: async () => alive(() => sink.discard()),
      };
    },
  };
}

describe.each([false, true])('a writer that dies (in the middle of a write: %s)', (isTorn) => {
  test('at any step of an append, overwrite, restore or vacuum loses nothing that was committed', async () => {
    const store = createMemoryStore();
    const table = new TestTable({store, locks: store.locks});
    await table.write({}, [{rows: ['first']}]);
    const deaths: number[] = [];
    const works = [
      (mortal: TestTable, row: string) => mortal.write({}, [{rows: [row]}, {rows: [`${row} too`]}]),
      (mortal: TestTable, row: string) => mortal.write({mode: 'overwrite'}, [{rows: [row]}]),
      (mortal: TestTable) => mortal.restore({version: 0}),
      (mortal: TestTable) => mortal.vacuum({retainHours: 0, dryRun: false}, Date.now() + 7_200_000),
    ];
    for (const [number, work] of works.entries()) {
      deaths.push(0);
      for (let life = 1; ; life++) {
        const before = await table.snapshot();
        const rowsBefore = await table.rows();
        const mortal = new TestTable({store: dyingStore(store, life, isTorn), locks: store.locks});
        let died = false;
        try {
          await work(mortal, `${number}.${life}`);
        } catch (thrown) {
          if (!(thrown instanceof Died)) throw thrown;
          died = true;
        }
        await recover({store, locks: store.locks}, table.root);
        const after = await table.snapshot();
        const log = await listLog(store, table.root);
        expect(log.commits).toEqual(Array.from({length: log.commits.length}, (_, version) => version));
        const isCommitted = after?.version !== before?.version;
        if (died && !isCommitted) expect(await table.rows()).toEqual(rowsBefore);
        if (!died) break;
        deaths[number] = life;
        if (life > 300) throw new Error('It never gets through.');
      }
      // The vacuum, which comes last, takes the older versions.
      const {version = -1} = (await table.snapshot()) ?? {};
      for (let each = number < 3 ? 0 : version; each <= version; each++) await table.rows({version: each});
    }
    expect(Math.min(...deaths)).toBeGreaterThan(0);
    expect(deaths.reduce((sum, each) => sum + each)).toBeGreaterThan(15);
  });
});

test.each([2, 3, 4, 6, 7] as const)('a hook at step %i that throws leaves the commit whole or absent', async (at) => {
  const store = createMemoryStore();
  const table = new TestTable({store, locks: store.locks});
  await table.write({}, [{rows: [1]}]);
  const plan = await table.plan();
  const written = await table.writeFiles(plan, [{rows: [2]}]);
  const reached = (step: number) => {
    if (step === at) throw new Died();
  };
  const outcome = table.commit(plan, written, {reached});
  if (at >= 4) await expect(outcome).rejects.toBeInstanceOf(Died);
  else await outcome;
  expect(await table.rows()).toEqual(at === 4 || at === 6 ? [1] : [1, 2]);
});

test('a commit whose file came into place although the store failed is found by its own id', async () => {
  const store = createMemoryStore();
  const failing: FileStore = {
    ...store,
    create: async (path) => {
      const sink = await store.create(path);
      return path.endsWith('.json')
        ? {
            ...sink,
            close: async () => {
              await sink.close();
              throw new Error('The disk went away.');
            },
          }
        : sink;
    },
  };
  const table = new TestTable({store: failing, locks: store.locks});
  expect(await table.write({}, [{rows: [1]}])).toMatchObject({version: 0});
  expect(await table.rows()).toEqual([1]);
});

describe('recover', () => {
  const put = async (store: FileStore, path: string, text: string) => {
    const sink = await store.create(path);
    await sink.write(new TextEncoder().encode(text));
    await sink.close();
  };
  const made = async () => {
    const store = createMemoryStore();
    const table = new TestTable({store, locks: store.locks});
    await table.write({}, [{rows: [1]}]);
    await table.write({}, [{rows: [2]}]);
    return {store, table};
  };
  test.each(['', '\n', '{"commitInfo":{"timesta', '{"commitInfo":{}}\n{"add":{"path":"pa'])(
    'puts a last commit %j aside, and the table is what it was before',
    async (text) => {
      const {store, table} = await made();
      await put(store, commitPath(table.root, 1), text);
      expect(await recover({store, locks: store.locks}, table.root)).toEqual({deleted: [], quarantined: 1});
      expect(await table.rows()).toEqual([1]);
      const aside = await store.read(`${table.root}/_delta_log/.00000000000000000001.json.broken`);
      expect(await aside?.text()).toBe(text);
      await table.write({}, [{rows: [3]}]);
      expect(await table.rows()).toEqual([1, 3]);
    },
  );
  test('leaves a bad commit in the middle, which the user refuses by name', async () => {
    const {store, table} = await made();
    await put(store, commitPath(table.root, 0), '{"metaData":');
    expect((await recover({store, locks: store.locks}, table.root)).quarantined).toBeUndefined();
    const problem = await problemIn(() => table.snapshot());
    expect(problem).toMatchObject({code: 'DELTA_LOG_MALFORMED', where: {file: '00000000000000000000.json', line: 1}});
  });
  test('deletes temporary files, and nothing else', async () => {
    const {store, table} = await made();
    const log = `${table.root}/_delta_log`;
    await put(store, `${log}/.tmp-1`, 'x');
    await put(store, `${log}/00000000000000000002.json.crswap`, 'x');
    await put(store, `${log}/_last_checkpoint`, '{}');
    expect((await recover({store, locks: store.locks}, table.root)).deleted).toEqual([
      '.tmp-1',
      '00000000000000000002.json.crswap',
    ]);
    expect([...(await store.list(log))].sort()).toEqual([
      '00000000000000000000.json',
      '00000000000000000001.json',
      '_last_checkpoint',
    ]);
  });
});
