import {describe, expect, test} from 'vitest';
import {diffSchemas} from '../../../../src/lake/diff.ts';
import {explain} from '../../../../src/lake/explain.ts';
import type {FileStore} from '../../../../src/lake/file-store.ts';
import {createMemoryStore} from '../../../../workers/files/memory-store.ts';
import {column, problemIn, reading, struct, TestTable} from './table.ts';

const hour = 3_600_000;
const newTable = (): TestTable => {
  const store = createMemoryStore();
  return new TestTable({store, locks: store.locks});
};
const put = async (store: FileStore, path: string) => {
  const sink = await store.create(path);
  await sink.write(new Uint8Array(10));
  await sink.close();
};

describe('restore', () => {
  test('is one more version with the files and columns of the earlier one, the features of both, and Delta’s metrics', async () => {
    const table = newTable();
    await table.write({}, [{rows: [1]}]);
    await table.write({}, [{rows: [22]}]);
    await table.write(
      {
        mode: 'overwrite',
        overwriteSchema: true,
        schema: struct(column('x', 'date')),
        constraints: {c: 'x is not null'},
      },
      [{rows: [333]}],
    );
    expect(await table.restore({version: 1})).toMatchObject({
      version: 3,
      filesAdded: 2,
      filesRemoved: 1,
      bytesAdded: 7,
    });
    const snapshot = await table.snapshot();
    expect(await table.rows()).toEqual([1, 22]);
    expect(snapshot?.schema).toEqual(reading);
    expect(snapshot?.protocol).toEqual({minReaderVersion: 1, minWriterVersion: 3});
    const log = await table.log(3);
    expect(log.map((action) => Object.keys(action).join())).toEqual([
      'commitInfo',
      'metaData',
      'protocol',
      'add',
      'add',
      'remove',
    ]);
    expect(log[0]?.commitInfo).toMatchObject({
      operation: 'RESTORE',
      operationParameters: {version: 1},
      readVersion: 2,
      isBlindAppend: false,
      operationMetrics: {
        numRestoredFiles: '2',
        removedFilesSize: '5',
        numRemovedFiles: '1',
        restoredFilesSize: '7',
        numOfFilesAfterRestore: '2',
        tableSizeAfterRestore: '7',
      },
    });
    expect(await table.rows({version: 2})).toEqual([333]);
  });
  test('by time takes the version of that time', async () => {
    const table = newTable();
    await table.write({}, [{rows: [1]}]);
    await table.write({}, [{rows: [2]}]);
    const first = await table.snapshot({version: 0});
    await table.restore({timestamp: first?.timestamp ?? 0});
    expect(await table.rows()).toEqual([1]);
  });
  test('of a version whose files a vacuum deleted is refused, and commits nothing', async () => {
    const table = newTable();
    await table.write({}, [{rows: [1]}]);
    await table.write({mode: 'overwrite'}, [{rows: [2]}]);
    await table.vacuum({retainHours: 0, dryRun: false}, Date.now() + 2 * hour);
    expect(await problemIn(() => table.restore({version: 0}))).toMatchObject({code: 'DELTA_FILE_NOT_FOUND_DETAILED'});
    expect((await table.snapshot())?.version).toBe(1);
  });
});

describe('vacuum', () => {
  const made = async () => {
    const table = newTable();
    await table.write({}, [{rows: [1]}]);
    await table.write({mode: 'overwrite'}, [{rows: [2]}]);
    return table;
  };
  test('deletes tombstones whose retention is over, and only says so in a dry run', async () => {
    const table = await made();
    expect((await table.vacuum({retainHours: 168, dryRun: false}, Date.now() + 167 * hour)).files).toEqual([]);
    const now = Date.now() + 169 * hour;
    const planned = await table.vacuum({retainHours: 168, dryRun: true}, now);
    expect(planned).toMatchObject({bytes: 3, files: [{bytes: 3}]});
    expect(await table.rows({version: 0})).toEqual([1]);
    expect(await table.vacuum({retainHours: 168, dryRun: false}, now)).toEqual(planned);
    await expect(table.rows({version: 0})).rejects.toThrow('is gone');
    expect(await table.rows()).toEqual([2]);
  });
  test('spares what a write that isn’t committed yet may own, and names with _ or . in front', async () => {
    const table = await made();
    const {store} = table.storage;
    for (const name of ['orphan.parquet', '_metadata', '.part.crc', '_change_data/cdc.parquet'])
      await put(store, `${table.root}/${name}`);
    const paths = async (now: number) =>
      (await table.vacuum({retainHours: 0, dryRun: true}, now)).files.map(({path}) => path.replace(/part-.*/, 'part'));
    // A commit that follows within a millisecond is dated ahead of the clock.
    expect(await paths(Date.now() + 1000)).toEqual(['part']);
    expect(await paths(Date.now() + 2 * hour)).toEqual(['part', 'orphan.parquet']);
  });
  test.each([-1, NaN, Infinity])('refuses to keep files for %s hours', async (retainHours) => {
    const table = await made();
    expect(await problemIn(() => table.vacuum({retainHours, dryRun: true}))).toMatchObject({
      code: 'DELTA_VACUUM_RETENTION_INVALID',
    });
  });
});

test('two schemas are compared column by column, fields of structs each', () => {
  const first = struct(
    column('a', 'long'),
    column('s', struct(column('x', 'long'), column('y', 'date'))),
    column('gone', 'string'),
  );
  const second = struct(
    column('A', 'long', false),
    column('s', struct(column('x', 'double'), column('y', 'date'), column('z', 'byte'))),
    column('new', 'string'),
  );
  expect(diffSchemas(first, second)).toEqual([
    {column: 'a', table: 'bigint', rows: 'bigint NOT NULL'},
    {column: 's.x', table: 'bigint', rows: 'double'},
    {column: 's.z', table: null, rows: 'tinyint'},
    {column: 'gone', table: 'string', rows: null},
    {column: 'new', table: null, rows: 'string'},
  ]);
  expect(diffSchemas(first, first)).toEqual([]);
});

describe('an action is explained', () => {
  test('each of a commit by what it says, and why it is there', async () => {
    const table = newTable();
    await table.write({constraints: {warm: 'value > 0'}, partitionBy: ['id'], notNull: ['value']}, [
      {rows: [1, 2], partition: {id: '7'}},
    ]);
    await table.write({mode: 'overwrite'}, []);
    const actions = [...(await table.log(0)), ...(await table.log(1))];
    const said = actions.map((action) => explain(action));
    const [info, metadata, protocol, txn, add, , , remove] = said.map(({what}) => what);
    expect(info).toMatch(
      /^WRITE \(Append\) writes rows, 2 rows written in 1 file, at .* UTC, by cell write of demo\.md, with Lakebook/,
    );
    expect(metadata).toBe(
      'The table has the columns id bigint and value double NOT NULL; its files are partitioned by id; its rows fulfil warm: value > 0.',
    );
    expect(protocol).toContain('a writer version 3');
    expect(txn).toContain('lakebook-');
    expect(add).toMatch(
      /^The file id=7\/part-00000-.* is part of the table from this version on: 2 rows, 5 bytes; all with id = 7\.$/,
    );
    expect(remove).toMatch(/^The file id=7\/part-00000-.* is no longer part of the table/);
    expect(said.every(({why}) => why.length > 20)).toBe(true);
  });
  test.each([
    {other: {cdc: {}}},
    {other: {sidecar: {}}},
    {other: {novelty: {}}},
    {},
    {domainMetadata: {domain: 'd', configuration: '{}', removed: true}},
    {commitInfo: {}},
  ])('also %j', (action) => {
    expect(explain(action).what).toMatch(/\.$/);
  });
});
