import {readFileSync} from 'node:fs';
import {describe, expect, test} from 'vitest';
import type {Action} from '../../../../src/lake/actions.ts';
import {engineInfo} from '../../../../src/lake/commit-actions.ts';
import {commitPath, listLog} from '../../../../src/lake/log.ts';
import {createMemoryStore} from '../../../../workers/files/memory-store.ts';
import {column, problemIn, reading, struct, TestTable, type intent} from './table.ts';

const newTable = (): TestTable => {
  const store = createMemoryStore();
  return new TestTable({store, locks: store.locks});
};
const applies = (self: string, ...before: string[]) => ({self, before});

test('engineInfo has the version of the package', () => {
  expect(JSON.parse(readFileSync('package.json', 'utf8'))).toMatchObject({
    version: engineInfo.replace('Lakebook/', ''),
  });
});

describe('the bytes', () => {
  const kinds = (actions: readonly object[]) => actions.map((action) => Object.keys(action).join());
  test('of commit 0: commitInfo, metaData, protocol, txn, add, with the fields and the order of Spark', async () => {
    const table = newTable();
    await table.write({applies: applies('one'), partitionBy: ['value']}, [{rows: [1], partition: {value: '1.5'}}]);
    const text = (await (await table.storage.store.read(commitPath(table.root, 0)))?.text()) ?? '';
    expect(text.endsWith('}\n')).toBe(true);
    // The cast: parsed by hand, since the user's order of fields is its own.
    const actions = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Action);
    expect(kinds(actions)).toEqual(['commitInfo', 'metaData', 'protocol', 'txn', 'add']);
    expect(Object.keys(actions[0]?.commitInfo ?? {})).toEqual(
      'timestamp operation operationParameters notebook isolationLevel isBlindAppend operationMetrics engineInfo txnId'.split(
        ' ',
      ),
    );
    expect(actions[0]?.commitInfo).toMatchObject({
      operation: 'WRITE',
      operationParameters: {mode: 'Append', partitionBy: '["value"]'},
      notebook: {notebookPath: 'demo.md', cell: 'write'},
      isBlindAppend: true,
      operationMetrics: {numFiles: '1', numOutputRows: '1', numOutputBytes: '3'},
    });
    expect(Object.keys(actions[1]?.metaData ?? {})).toEqual(
      'id format schemaString partitionColumns configuration createdTime'.split(' '),
    );
    expect(actions[3]?.txn).toMatchObject({appId: 'lakebook-one', version: 0});
    expect(Object.keys(actions[4]?.add ?? {})).toEqual(
      'path partitionValues size modificationTime dataChange stats'.split(' '),
    );
  });
  test('of an overwrite: add before remove; of a merge: remove before add', async () => {
    const table = newTable();
    await table.write({}, [{rows: [1]}]);
    await table.write({mode: 'overwrite'}, [{rows: [2]}]);
    const overwrite = await table.log(1);
    expect(kinds(overwrite)).toEqual(['commitInfo', 'txn', 'add', 'remove']);
    expect(overwrite[0]?.commitInfo).toMatchObject({
      readVersion: 0,
      isBlindAppend: false,
      operationMetrics: {numRemovedFiles: '1'},
      operationParameters: {mode: 'Overwrite'},
    });
    expect(Object.keys(overwrite[3]?.remove ?? {})).toEqual(
      'path deletionTimestamp dataChange extendedFileMetadata partitionValues size'.split(' '),
    );

    const plan = await table.plan({mode: 'merge', keys: ['id', 'a b']});
    const replaced = [...(plan.snapshot?.files.values() ?? [])];
    await table.commit(plan, await table.writeFiles(plan, [{rows: [2, 3]}]), {replaced});
    const merge = await table.log(2);
    expect(kinds(merge)).toEqual(['commitInfo', 'txn', 'remove', 'add']);
    expect(merge[0]?.commitInfo).toMatchObject({
      operation: 'MERGE',
      operationParameters: {
        predicate: '["(target.id = source.id) AND (target.`a b` = source.`a b`)"]',
        matchedPredicates: '[{"actionType":"update"}]',
      },
      operationMetrics: {numTargetFilesAdded: '1', numTargetFilesRemoved: '1', numOutputRows: '2'},
    });
    expect(await table.rows()).toEqual([2, 3]);
  });
  test('rows that are none make a commit without an add', async () => {
    const table = newTable();
    await table.write({}, []);
    expect(kinds(await table.log(0))).toEqual(['commitInfo', 'metaData', 'protocol', 'txn']);
    expect((await table.snapshot())?.files.size).toBe(0);
  });
  test('merge_schema and overwrite_schema commit metaData with the rows', async () => {
    const table = newTable();
    await table.write({}, [{rows: [1]}]);
    await table.write({mergeSchema: true, schema: struct(...reading.fields, column('unit', 'string'))}, [{rows: [2]}]);
    expect(kinds(await table.log(1))).toEqual(['commitInfo', 'metaData', 'txn', 'add']);
    await table.write({mode: 'overwrite', overwriteSchema: true, schema: struct(column('x', 'date'))}, [{rows: [3]}]);
    expect(kinds(await table.log(2))).toEqual(['commitInfo', 'metaData', 'txn', 'add', 'remove', 'remove']);
    const ids = await Promise.all([0, 1, 2].map(async (version) => (await table.snapshot({version}))?.metadata.id));
    expect(new Set(ids).size).toBe(1);
  });
});

describe('several writers', () => {
  test('a blind append that was overtaken comes after; everything else is DELTA_CONCURRENT_WRITE', async () => {
    const table = newTable();
    await table.write({}, [{rows: [1]}]);
    const [append, second, overwrite] = [await table.plan(), await table.plan(), await table.plan({mode: 'overwrite'})];
    expect((await table.commit(append, await table.writeFiles(append, [{rows: [2]}]))).version).toBe(1);
    expect((await table.commit(second, await table.writeFiles(second, [{rows: [3]}]))).version).toBe(2);
    expect(
      await problemIn(async () => table.commit(overwrite, await table.writeFiles(overwrite, [{rows: [4]}]))),
    ).toMatchObject({
      code: 'DELTA_CONCURRENT_WRITE',
      sqlState: '2D521',
    });
    expect(await table.rows()).toEqual([1, 2, 3]);
  });
  test('an append whose table changed its schema meanwhile is refused, and so are two creations', async () => {
    const table = newTable();
    const [first, second] = [await table.plan(), await table.plan()];
    await table.commit(first, []);
    expect(await problemIn(() => table.commit(second, []))).toMatchObject({code: 'DELTA_CONCURRENT_WRITE'});
    const late = await table.plan();
    await table.write({mergeSchema: true, schema: struct(column('new', 'long'))}, []);
    expect(await problemIn(() => table.commit(late, []))).toMatchObject({code: 'DELTA_CONCURRENT_WRITE'});
  });
  test('the same rows from two tabs come once', async () => {
    const table = newTable();
    await table.write({}, []);
    const both = {applies: applies('same')};
    const [first, second] = [await table.plan(both), await table.plan(both)];
    await table.commit(first, await table.writeFiles(first, [{rows: [1]}]));
    expect(
      await problemIn(async () => table.commit(second, await table.writeFiles(second, [{rows: [1]}]))),
    ).toMatchObject({code: 'DELTA_CONCURRENT_TRANSACTION'});
    expect(await table.rows()).toEqual([1]);
  });
  test('4 × 50 appends at once are 200 commits and 200 files, their times all different', async () => {
    const table = newTable();
    await table.write({}, []);
    const writer = async (number: number) => {
      for (let n = 0; n < 50; n++) await table.write({}, [{rows: [number * 100 + n]}]);
    };
    await Promise.all([0, 1, 2, 3].map(writer));
    const snapshot = await table.snapshot();
    expect(snapshot?.version).toBe(200);
    expect((await listLog(table.storage.store, table.root)).commits).toEqual(
      Array.from({length: 201}, (_, version) => version),
    );
    expect(new Set(await table.rows()).size).toBe(200);
    const times = snapshot?.commits.times ?? [];
    for (let version = 0; version <= 200; version++) {
      const {commitInfo} = (await table.log(version))[0] ?? {};
      expect(commitInfo?.timestamp).toBe(times[version]);
    }
    expect(new Set(times).size).toBe(201);
  });
});

describe('applied rows', () => {
  const write = (table: TestTable, self: string, given: Partial<ReturnType<typeof intent>> = {}) =>
    table.apply({applies: applies(self), ...given}, [{rows: [self]}]);
  test('are not written twice, until an overwrite takes them away', async () => {
    const table = newTable();
    expect(await write(table, 'a')).toEqual({applied: false, version: 0});
    await write(table, 'b');
    expect(await write(table, 'a')).toEqual({applied: true, version: 0});
    await write(table, 'c', {mode: 'overwrite'});
    expect(await write(table, 'c', {mode: 'overwrite'})).toEqual({applied: true, version: 2});
    expect(await write(table, 'a')).toEqual({applied: false, version: 3});
    expect(await table.rows()).toEqual(['a', 'c']);
  });
  test('what came before them in the notebook counts as applied with an overwrite', async () => {
    const table = newTable();
    await write(table, 'a');
    await write(table, 'b', {mode: 'overwrite', applies: applies('b', 'a')});
    expect(await write(table, 'a')).toEqual({applied: true, version: 1});
  });
  test('a restore counts as what was applied at its version', async () => {
    const table = newTable();
    await write(table, 'a');
    await write(table, 'b');
    await write(table, 'c', {mode: 'overwrite'});
    await table.restore({version: 0});
    expect(await write(table, 'c', {mode: 'overwrite', schema: reading})).toEqual({applied: false, version: 4});
    await table.restore({version: 1});
    expect(await write(table, 'a')).toEqual({applied: true, version: 0});
    expect(await write(table, 'b')).toEqual({applied: true, version: 1});
    expect(await write(table, 'c')).toEqual({applied: false, version: 6});
  });
});
