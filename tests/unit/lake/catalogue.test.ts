import {expect, test} from 'vitest';
import {createMemoryStore} from '../../../workers/files/memory-store.ts';
import {fill, type Store} from '../../../workers/files/store.ts';
import {memoryWorkspace} from '../storage/memory-storage.ts';
import {problemOf} from '../storage/suite.ts';
import {ids, intent, ipcOf, readIds, statsOf, write} from './rows.ts';

const range = (from: number, count: number): number[] => ids(from, count).map(({id}) => id);

/** A store that runs `before` ahead of each file that is put in place. */
const watched = (store: Store, before: (path: string) => Promise<void>): Store => ({
  ...store,
  async create(path) {
    const sink = await store.create(path);
    const close = async (): Promise<File> => {
      await before(path);
      return sink.close();
    };
    return {...sink, close};
  },
});

test.each(['import', 'rename'] as const)(
  'the first commit of a table isn’t lost to an %s that takes its name',
  async (how) => {
    const other = memoryWorkspace().lake;
    await write(other, 'other', ids(100, 2));
    const zip = await other.exportTable('other', () => undefined);

    let taken: Promise<string> | undefined;
    const store = watched(createMemoryStore(), async (path) => {
      if (!/^lake\/t\/_delta_log\/0+\.json$/.test(path) || taken !== undefined) return;
      const taking = how === 'import' ? lake.importTable('t', zip, () => undefined) : lake.rename('other', 't');
      taken = taking.then(
        () => 'taken',
        (thrown: unknown) => problemOf(() => Promise.reject(thrown as Error)).then(({code}) => code),
      );
      // As far as it gets before the commit is in place.
      await Promise.race([taken, new Promise((resolve) => setTimeout(resolve, 300))]);
    });
    const {lake} = memoryWorkspace(store);
    await write(lake, 'other', ids(50, 1));
    expect((await write(lake, 't', ids(0, 3))).version).toBe(0);
    expect(await taken).toBe('TABLE_OR_VIEW_ALREADY_EXISTS');
    expect(await readIds(lake, 't')).toEqual(range(0, 3));
  },
);

test('a table that came in under the name of one that is being written first stays', async () => {
  const {lake} = memoryWorkspace();
  await write(lake, 'other', ids(100, 2));
  const plan = await lake.begin('t', intent());
  const file = await lake.openFile(plan.transaction, {});
  await lake.writeFile(plan.transaction, file, ipcOf(ids(0, 3)));
  await lake.closeFile(plan.transaction, file, statsOf(ids(0, 3)));
  await lake.rename('other', 't');
  expect((await problemOf(() => lake.commit(plan.transaction, [], {}))).code).toBe('DELTA_CONCURRENT_WRITE');
  expect(await readIds(lake, 't')).toEqual([100, 101]);
});

test('a table that an imported workspace replaces is there at every moment, and its folder goes', async () => {
  const from = memoryWorkspace();
  await write(from.lake, 'readings', ids(0, 3));
  const zip = await from.storage.exportWorkspace();

  const inner = createMemoryStore();
  const indexes: string[] = [];
  const store = watched(inner, async (path) => {
    if (path === 'lake/tables.json') indexes.push((await (await inner.read(path))?.text()) ?? '[]');
  });
  const {lake, storage} = memoryWorkspace(store);
  await write(lake, 'readings', ids(100, 1));
  const folders = await inner.folders('lake');
  indexes.length = 0;
  expect(await storage.importWorkspace(zip, {replace: true})).toEqual([
    {kind: 'table', name: 'readings', outcome: 'replaced'},
  ]);
  expect(await readIds(lake, 'readings')).toEqual(range(0, 3));
  indexes.push((await (await inner.read('lake/tables.json'))?.text()) ?? '[]');
  // The cast: the index that the catalogue wrote.
  const names = indexes.map((index) => (JSON.parse(index) as readonly {name: string}[]).map(({name}) => name));
  expect(new Set(names.map((each) => each.join()))).toEqual(new Set(['readings']));
  expect((await inner.folders('lake')).filter((folder) => folders.includes(folder))).toEqual([]);
});

test('an index that a crash left empty counts as none', async () => {
  const store = createMemoryStore();
  const {lake} = memoryWorkspace(store);
  await write(lake, 't', ids(0, 3));
  for (const path of ['lake/tables.json', 'files/index.json']) await fill(await store.create(path), none());
  const after = memoryWorkspace(store);
  expect((await after.lake.tables()).map(({name}) => name)).toEqual(['t']);
  expect(await readIds(after.lake, 't')).toEqual(range(0, 3));
  expect(await after.storage.files()).toEqual([]);
  await after.storage.addFile('a.csv', new Blob(['x\n']));
  expect((await after.storage.files()).map(({name}) => name)).toEqual(['a.csv']);
});

test('a first commit that was cut off leaves the name free for a table from elsewhere', async () => {
  const store = createMemoryStore();
  const first = memoryWorkspace(store).lake;
  await write(first, 'other', ids(0, 2));
  const zip = await first.exportTable('other', () => undefined);
  await write(first, 't', ids(0, 3));
  await fill(await store.create('lake/t/_delta_log/00000000000000000000.json'), none());
  const {lake} = memoryWorkspace(store);
  expect((await lake.tables()).map(({name}) => name)).toEqual(['other']);
  await lake.importTable('t', zip, () => undefined);
  expect(await readIds(lake, 't')).toEqual(range(0, 2));
});

async function* none(): AsyncGenerator<Uint8Array> {
  // Nothing to write.
}
