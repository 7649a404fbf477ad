import {readdirSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, test} from 'vitest';
import {history} from '../../../../src/lake/history.ts';
import {loadSnapshot, type Snapshot} from '../../../../src/lake/snapshot.ts';
import {entryOf, readPlanOf, versionOf} from '../../../../src/lake/table.ts';
import {problemOf} from '../../../../src/lib/problem.ts';
import {realData} from '../../../tools/real-data.ts';
import {diskStore} from '../disk-store.ts';
import {readParquetRows, rowsOfFiles, rowsOfTable} from './rows.ts';

const golden = realData('delta-golden');
const files = {store: diskStore(golden.path), readParquetRows};
const folders = (path: string) =>
  golden.missing
    ? []
    : readdirSync(path, {withFileTypes: true}).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));

/** Broken on purpose, and how they are refused. */
const refused: Readonly<Record<string, string>> = {
  'data-reader-absolute-paths-escaped-chars': 'DELTA_STATE_RECOVER_ERROR',
  'deltalog-invalid-protocol-version': 'DELTA_INVALID_PROTOCOL_VERSION',
  'deltalog-state-reconstruction-from-checkpoint-missing-metadata': 'DELTA_STATE_RECOVER_ERROR',
  'deltalog-state-reconstruction-without-metadata': 'DELTA_STATE_RECOVER_ERROR',
  'deltalog-state-reconstruction-without-protocol': 'DELTA_STATE_RECOVER_ERROR',
  'no-delta-log-folder': 'DELTA_TABLE_NOT_FOUND',
};

/** Logs without data files: what they make active. */
const logsOnly: Readonly<Record<string, readonly string[]>> = {
  'canonicalized-paths-normal-a': [],
  'canonicalized-paths-normal-b': [],
  'canonicalized-paths-special-a': [],
  checkpoint: ['15'],
  'deltalog-commit-info': ['abc'],
};

/** Its expected rows are those of a session in America/Los_Angeles, in which the partition's time without a zone was 7 hours behind UTC. */
const inLosAngeles = 'data-reader-partition-values';

const named = folders(golden.path);
const withRows = named.filter((name) => name !== 'hive' && !(name in refused) && !(name in logsOnly));
const hive = folders(join(golden.path, 'hive/delta')).map((name) => `hive/delta/${name}`);
const tables = [...withRows, ...Object.keys(logsOnly)].map((name) => `${name}/delta`).concat(hive);

/** What two ways of replaying must agree on: a checkpoint says of no file that it changed the data, and forgets old tombstones. */
const stateOf = ({stamp: _, removed: __, files: active, ...snapshot}: Snapshot) => ({
  ...snapshot,
  files: Array.from(active, ([key, {partitionValues, size, deletionVector}]) => ({
    key,
    partitionValues,
    size,
    deletionVector: deletionVector?.pathOrInlineDv,
  })).sort((a, b) => (a.key < b.key ? -1 : 1)),
});

describe.skipIf(golden.missing)('the tables of delta-golden', () => {
  test.each(withRows)('%s has the rows expected', async (name) => {
    const snapshot = await loadSnapshot(files, `${name}/delta`, name);
    const rows = await rowsOfTable(files, snapshot);
    const expected = await rowsOfFiles(files, `${name}/expected`, snapshot);
    expect(rows).toEqual(
      name === inLosAngeles
        ? expected.map((row) => row.replace('"as_timestamp":"2021-09-08T18:', '"as_timestamp":"2021-09-08T11:'))
        : expected,
    );
    const {rows: counted, files: count} = entryOf(snapshot);
    expect(count).toBe(snapshot.files.size);
    if (counted !== undefined) expect(counted).toBe(expected.length);
  });

  test.each(Object.entries(logsOnly))('%s has its files in the log only', async (name, paths) => {
    const snapshot = await loadSnapshot(files, `${name}/delta`, name);
    expect(versionOf(snapshot).dataFiles.map(({path}) => path)).toEqual(paths);
  });

  test.each(hive)('%s has the rows that its statistics count', async (root) => {
    const snapshot = await loadSnapshot(files, root, root);
    // The table of a deleted path lost its files later: it is read like any other as long as they are there.
    const rows = await rowsOfTable(files, snapshot);
    expect(rows.length).toBeGreaterThan(0);
  });

  test.each(Object.entries(refused))('%s is refused as %s', async (name, code) => {
    const problem = await loadSnapshot(files, `${name}/delta`, name).then(() => undefined, problemOf);
    expect(problem).toMatchObject({code});
    expect(problem?.message).not.toBe('');
    expect(problem?.hint).toBeDefined();
  });

  test.each(tables.filter((root) => !root.startsWith('canonicalized')))(
    '%s is the same at every version, replayed anew or from the one before',
    async (root) => {
      const latest = await loadSnapshot(files, root, root);
      const {firstVersion, times} = latest.commits;
      let known: Snapshot | undefined;
      for (let version = firstVersion; version <= latest.version; version++) {
        const anew = await loadSnapshot(files, root, root, {version});
        known = await loadSnapshot(files, root, root, {version}, known);
        expect(stateOf(known)).toEqual(stateOf(anew));
        const byTime = await loadSnapshot(files, root, root, {timestamp: times[version - firstVersion] ?? 0});
        expect(byTime.version).toBe(version);
      }
      expect(await loadSnapshot(files, root, root, undefined, latest)).toBe(latest);
      expect((await history(files, root, root)).map(({version}) => version)).toEqual(
        times.map((_, index) => latest.version - index),
      );
      expect(readPlanOf(latest)).toHaveLength(latest.files.size);
    },
  );

  test.each(named.filter((name) => name.startsWith('canonicalized')))(
    '%s has a version with a file elsewhere, which is refused by its path',
    async (name) => {
      const problem = await loadSnapshot(files, `${name}/delta`, name, {version: 0}).then(() => undefined, problemOf);
      expect(problem).toMatchObject({code: 'DELTA_FILE_OUTSIDE_TABLE'});
      expect(problem?.message).toContain('/some/unqualified/');
      expect(await history(files, `${name}/delta`, name)).toMatchObject([
        {version: 1, filesRemoved: 1, readable: true},
        {version: 0, filesAdded: 1, readable: false},
      ]);
    },
  );

  test('there are tables of every kind, and none is left out', () => {
    expect(
      named.filter((name) => name !== 'hive' && !withRows.includes(name) && !(name in logsOnly) && !(name in refused)),
    ).toEqual([]);
    expect(named).toEqual(expect.arrayContaining([...Object.keys(refused), ...Object.keys(logsOnly), inLosAngeles]));
    expect(hive).toHaveLength(11);
  });
});
