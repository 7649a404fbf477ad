import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {history} from '../../../../src/lake/history.ts';
import {loadSnapshot} from '../../../../src/lake/snapshot.ts';
import {versionAt} from '../../../../src/lake/travel.ts';
import {add, at, commits, handMade, metaData, problem, protocol, remove} from './hand-made.ts';

const start = [protocol, metaData()];
const travel = (files: ReturnType<typeof handMade>, to: {version: number} | {timestamp: number}) =>
  loadSnapshot(files, 't', 'readings', to);

describe('time travel', () => {
  // The clock went back by one second between the second and the third commit.
  const files = handMade(
    commits([
      [at(1000), ...start],
      [at(3000), add('a')],
      [at(2000), add('b')],
      [at(3500), add('c')],
    ]),
  );

  test('goes by times that only grow', async () => {
    expect((await loadSnapshot(files, 't', 'readings')).commits.times).toEqual([1000, 3000, 3001, 3500]);
    const versions = await Promise.all(
      [1000, 2999, 3000, 3001, 3499, 3500].map(async (timestamp) => (await travel(files, {timestamp})).version),
    );
    expect(versions).toEqual([0, 0, 1, 2, 2, 3]);
  });

  test("refuses other versions and times with Delta's errors", async () => {
    for (const version of [4, -1, 1.5])
      expect(await problem(travel(files, {version}))).toMatchObject({
        code: 'DELTA_VERSION_NOT_FOUND',
        sqlState: '22003',
        hint: 'Use a version from 0 to 3.',
      });
    expect(await problem(travel(files, {timestamp: 999}))).toMatchObject({
      code: 'DELTA_TIMESTAMP_EARLIER_THAN_COMMIT_RETENTION',
      sqlState: '42816',
      message:
        'Table readings has no version from 1970-01-01 00:00:00.999: its first is from 1970-01-01 00:00:01.000 (UTC).',
    });
    expect(await problem(travel(files, {timestamp: 3501}))).toMatchObject({
      code: 'DELTA_TIMESTAMP_GREATER_THAN_COMMIT',
      sqlState: '42816',
    });
  });

  test('takes the in-commit timestamp before the timestamp, and the time of the file when there is neither', async () => {
    const mixed = handMade(
      commits([
        [at(1000), ...start],
        [{commitInfo: {timestamp: 9000, inCommitTimestamp: 2000}}],
        [add('a')],
        [add('b'), {commitInfo: {timestamp: 1_700_000_000_001}}],
      ]),
    );
    expect((await loadSnapshot(mixed, 't', 'readings')).commits.times).toEqual([
      1000, 2000, 1_700_000_000_000, 1_700_000_000_001,
    ]);
  });

  test('finds a commitInfo that is longer than what is read first', async () => {
    const long = handMade(commits([[{commitInfo: {timestamp: 77, userMetadata: 'x'.repeat(100_000)}}, ...start]]));
    expect((await loadSnapshot(long, 't', 'readings')).timestamp).toBe(77);
  });

  test('finds the last version at or before any time', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(1000), {minLength: 1}),
        fc.nat(1000),
        fc.nat(10),
        (unordered, timestamp, firstVersion) => {
          const times = unordered.sort((a, b) => a - b);
          fc.pre(timestamp >= (times[0] ?? 0) && timestamp <= (times.at(-1) ?? 0));
          expect(versionAt({firstVersion, times}, timestamp, 't')).toBe(
            firstVersion + times.findLastIndex((time) => time <= timestamp),
          );
        },
      ),
    );
  });

  test('knows which notebook made each version, or none', async () => {
    const notebook = {notebookPath: 'a', cell: 'b', applies: ['x']};
    const ours = {path: 'a', applies: ['x']};
    const mine = {commitInfo: {timestamp: 1, notebook}};
    expect(
      (await loadSnapshot(handMade(commits([[mine, ...start], [mine]])), 't', 'readings')).commits.origins,
    ).toEqual([ours, ours]);
    const mixed = handMade(commits([[mine, ...start], [at(2)], [mine], [at(9)]]));
    expect((await loadSnapshot(mixed, 't', 'readings')).commits.origins).toEqual([ours, null, ours, null]);
    const known = await loadSnapshot(mixed, 't', 'readings');
    expect((await loadSnapshot(mixed, 't', 'readings', {timestamp: 3}, known)).commits.origins).toEqual([
      ours,
      null,
      ours,
    ]);
  });
});

describe('history', () => {
  const deletionVector = {
    storageType: 'u',
    pathOrInlineDv: 'ab^-aqEH.-t@S}K{vb[*k^',
    offset: 1,
    sizeInBytes: 36,
    cardinality: 2,
  } as const;
  const contents = {
    ...commits([
      [at(1000), ...start, add('a', {stats: '{"numRecords":5}'}), add('b', {stats: '{"numRecords":6}'})],
      [at(2000), remove('a'), add('c')],
      [at(3000), remove('b'), add('b', {deletionVector, stats: '{"numRecords":6}'})],
    ]),
    't/b': '',
    't/c': '',
  };

  test('has what each commit did, the newest first, and whether its version can still be opened', async () => {
    const vector = 't/ab/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin';
    expect(await history(handMade({...contents, [vector]: ''}), 't', 'readings')).toEqual([
      {
        version: 2,
        timestamp: 3000,
        info: {timestamp: 3000, operation: 'WRITE'},
        filesAdded: 0,
        filesRemoved: 0,
        bytesAdded: 0,
        rowsAdded: 0,
        readable: true,
      },
      {
        version: 1,
        timestamp: 2000,
        info: {timestamp: 2000, operation: 'WRITE'},
        filesAdded: 1,
        filesRemoved: 1,
        bytesAdded: 10,
        rowsAdded: undefined,
        readable: true,
      },
      {
        version: 0,
        timestamp: 1000,
        info: {timestamp: 1000, operation: 'WRITE'},
        filesAdded: 2,
        filesRemoved: 0,
        bytesAdded: 20,
        rowsAdded: 11,
        readable: false,
      },
    ]);
    expect((await history(handMade(contents), 't', 'readings')).map(({readable}) => readable)).toEqual([
      false,
      true,
      false,
    ]);
  });

  test('begins with the checkpoint where earlier commits are gone', async () => {
    const state = [...start, add('a'), add('b')];
    const files = handMade({
      ...commits([[at(9), remove('a')], [at(10)]], 8),
      't/_delta_log/00000000000000000007.checkpoint.parquet': JSON.stringify(state),
      't/b': '',
    });
    expect((await history(files, 't', 'readings')).map(({version, readable}) => [version, readable])).toEqual([
      [9, true],
      [8, true],
      [7, false],
    ]);
  });
});
