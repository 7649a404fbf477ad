import {expect, test} from 'vitest';
import type {Action} from '../../../src/lake/actions.ts';
import {commitPath, serializeCommit} from '../../../src/lake/log.ts';
import {vacuum} from '../../../src/lake/vacuum.ts';
import {tableFiles} from '../../../workers/lake/zip.ts';
import {createMemoryStore} from '../../../workers/files/memory-store.ts';
import {fill, type Store} from '../../../workers/files/store.ts';
import {add, field, metaData, protocol, remove} from './read/hand-made.ts';

const root = 'lake/t';
const hour = 3_600_000;

async function put(store: Store, path: string, text: string): Promise<void> {
  const once = async function* (): AsyncGenerator<Uint8Array> {
    yield new TextEncoder().encode(text);
  };
  await fill(await store.create(path), once());
}

/** A table of these commits, with all of these data files. */
async function tableOf(commits: readonly (readonly Action[])[], files: readonly string[]): Promise<Store> {
  const store = createMemoryStore();
  for (const [version, actions] of commits.entries())
    await put(store, commitPath(root, version), serializeCommit(actions));
  for (const path of files) await put(store, `${root}/${path}`, 'rows');
  return store;
}

const deletes = async (store: Store, now: number): Promise<string[]> => {
  const files = {store, locks: store.locks, readParquetRows: async () => []};
  const {files: found} = await vacuum(files, {root, name: 't'}, {retainHours: 2, dryRun: true}, now);
  return found.map(({path}) => path).sort();
};

test('tombstones with absolute paths keep their files for the retention, though no file of today has one', async () => {
  const start = Date.now();
  const deletionTimestamp = start + 9 * hour;
  const vector = {
    storageType: 'p',
    pathOrInlineDv: 'file:/old/t/vector.bin',
    offset: 1,
    sizeInBytes: 1,
    cardinality: 1,
  } as const;
  const store = await tableOf(
    [
      [
        protocol,
        metaData(),
        add('file:/old/t/part-0.parquet'),
        add('s3://bucket/t/day=1/part-1.parquet', {deletionVector: vector}),
      ],
      [
        remove('file:/old/t/part-0.parquet', {deletionTimestamp}),
        remove('s3://bucket/t/day=1/part-1.parquet', {deletionTimestamp, deletionVector: vector}),
        add('part-2.parquet'),
      ],
    ],
    ['part-0.parquet', 'day=1/part-1.parquet', 'vector.bin', 'part-2.parquet', 'orphan.parquet'],
  );
  expect(await deletes(store, start + 10 * hour)).toEqual(['orphan.parquet']);
  expect(await deletes(store, start + 12 * hour)).toEqual([
    'day=1/part-1.parquet',
    'orphan.parquet',
    'part-0.parquet',
    'vector.bin',
  ]);
});

test('folders of partitions are not hidden, whatever their column is called', async () => {
  const folders = ['_day=1', '.day=1'];
  const kept = folders.map((folder) => `${folder}/part-1.parquet`);
  const gone = folders.map((folder) => `${folder}/part-0.parquet`);
  const hidden = [
    '_day=1/.part-0.parquet.crc',
    '_day=1/_started=1',
    '_temporary/part-9.parquet',
    '.day/part-9.parquet',
  ];
  const store = await tableOf(
    [[protocol, metaData([field('_day', 'long'), field('a', 'long')], {}, ['_day']), ...kept.map((path) => add(path))]],
    [...kept, ...gone, ...hidden],
  );
  expect(await deletes(store, Date.now() + 10 * hour)).toEqual(gone.sort());
  expect((await tableFiles(store, root)).map(({path}) => path)).toEqual([commitPath('t', 0).slice(2), ...kept]);
});
