import type {FileAt, LakePort, StoragePort} from '../../../src/ports/index.ts';
import {equal, problemOf} from '../storage/suite.ts';
import {ids, intent, ipcOf, readIds, schema, statsOf, write} from './rows.ts';

export interface Workspace {
  readonly lake: LakePort;
  readonly storage: StoragePort;
}

const numbers = (from: number, to: number): number[] => Array.from({length: to - from}, (_, i) => from + i);

/** What the lake does on every store; the same scenarios run in Node on memory and in browsers on OPFS. Each starts with an empty lake. */
export const lakeScenarios: Readonly<Record<string, (workspace: Workspace) => Promise<void>>> = {
  'appended rows come back, at every version': async ({lake}) => {
    equal(await lake.tables(), []);
    for (const n of [0, 1, 2]) equal((await write(lake, 'readings', ids(n * 10, 10))).version, n);
    for (const n of [0, 1, 2]) equal(await readIds(lake, 'readings', {version: n}), numbers(0, (n + 1) * 10));
    const [entry] = await lake.tables();
    equal(
      [entry?.name, entry?.version, entry?.rows, entry?.files, entry?.times.length, entry?.origins.length],
      ['readings', 2, 30, 3, 3, 3],
    );
    equal((await lake.table('READINGS')).schema, schema);
    equal(
      (await lake.history('readings')).map(({version, filesAdded, rowsAdded, readable, info}) => [
        version,
        filesAdded,
        rowsAdded,
        readable,
        info.operation,
      ]),
      [2, 1, 0].map((version) => [version, 1, 10, true, 'WRITE']),
    );
    equal((await lake.log('readings', 0)).split('\n')[0]?.startsWith('{"commitInfo":'), true);
  },

  'a version is found by its time': async ({lake}) => {
    const committed = [];
    for (const n of [0, 1, 2]) committed.push(await write(lake, 't', ids(n, 1)));
    for (const {version, timestamp} of committed) {
      equal((await lake.table('t', {timestamp})).version, version);
      equal(await readIds(lake, 't', {timestamp}), numbers(0, version + 1));
    }
    const [first, last] = [committed[0]?.timestamp ?? 0, committed[2]?.timestamp ?? 0];
    equal(
      (await problemOf(() => lake.table('t', {timestamp: first - 1}))).code,
      'DELTA_TIMESTAMP_EARLIER_THAN_COMMIT_RETENTION',
    );
    equal((await problemOf(() => lake.table('t', {timestamp: last + 1}))).code, 'DELTA_TIMESTAMP_GREATER_THAN_COMMIT');
    equal((await problemOf(() => lake.table('t', {version: 9}))).code, 'DELTA_VERSION_NOT_FOUND');
  },

  'a table that isn’t there is told, with the one that was meant': async ({lake}) => {
    await write(lake, 'readings', ids(0, 1));
    const problem = await problemOf(() => lake.openRead('reading'));
    equal([problem.code, problem.sqlState], ['DELTA_TABLE_NOT_FOUND', '42P01']);
    equal(problem.hint?.includes('readings'), true);
  },

  'rows that don’t fit are refused with their differences, and nothing is left': async ({lake}) => {
    await write(lake, 't', ids(0, 3));
    const wider = {
      type: 'struct' as const,
      fields: [...schema.fields, {name: 'extra', type: 'double', nullable: true, metadata: {}}],
    };
    const problem = await problemOf(() => lake.begin('t', intent({schema: wider})));
    equal([problem.code, problem.sqlState], ['DELTA_METADATA_MISMATCH', '42KDG']);
    equal(
      problem.differences?.map(({column}) => column),
      ['extra'],
    );
    equal((await lake.table('t')).version, 0);
  },

  'overwrite replaces, restore brings back': async ({lake}) => {
    await write(lake, 't', ids(0, 5));
    equal((await write(lake, 't', ids(100, 2), {mode: 'overwrite'})).filesRemoved, 1);
    equal(await readIds(lake, 't'), [100, 101]);
    equal((await lake.restore('t', {version: 0})).version, 2);
    equal(await readIds(lake, 't'), numbers(0, 5));
    equal(await readIds(lake, 't', {version: 1}), [100, 101]);
    // Whoever reads the table has to look anew: no notebook made this version.
    equal((await lake.tables())[0]?.origins[2], null);
  },

  'a merge replaces the files it touched': async ({lake}) => {
    await write(lake, 't', ids(0, 5));
    await write(lake, 't', ids(5, 5));
    const plan = await lake.begin('t', intent({mode: 'merge', keys: ['id']}));
    const touched = plan.read?.files.findIndex(({bounds}) => bounds['id']?.min === 5) ?? -1;
    const file = await lake.openFile(plan.transaction, {});
    const rows = [...ids(5, 5), ...ids(20, 1)];
    await lake.writeFile(plan.transaction, file, ipcOf(rows));
    await lake.closeFile(plan.transaction, file, statsOf(rows));
    const committed = await lake.commit(plan.transaction, [touched], {});
    equal([committed.filesAdded, committed.filesRemoved], [1, 1]);
    equal(await readIds(lake, 't'), [...numbers(0, 10), 20]);
  },

  'a partitioned table knows the values of its files': async ({lake}) => {
    const values = ['a b', 'ü/ö=%', null];
    for (const [i, sensor] of values.entries())
      await write(lake, 't', [{id: i, sensor}], {partitionBy: ['sensor']}, {sensor});
    const plan = await lake.openRead('t');
    equal(
      plan.files.map(({partition}) => partition['sensor']),
      values,
    );
    await lake.closeRead(plan.reader);
    equal(await readIds(lake, 't'), [0, 1, 2]);
  },

  'the same rows come to the table once': async ({lake}) => {
    const applies = {self: 'same', before: []};
    await write(lake, 't', ids(0, 3), {applies});
    const again = await lake.begin('t', intent({applies}));
    equal([again.applied, again.version], [0, 0]);
    await lake.abort(again.transaction);
    await write(lake, 't', ids(7, 1), {mode: 'overwrite'});
    const anew = await lake.begin('t', intent({applies}));
    equal(anew.applied, undefined);
    await lake.abort(anew.transaction);
  },

  'a commit of no rows has no file': async ({lake}) => {
    await write(lake, 't', []);
    equal((await lake.table('t')).files, 0);
    const plan = await lake.begin('t', intent());
    const file = await lake.openFile(plan.transaction, {});
    await lake.writeFile(plan.transaction, file, ipcOf([]));
    await lake.closeFile(plan.transaction, file, {rows: 0, min: {}, max: {}, nulls: {}});
    equal((await lake.commit(plan.transaction, [], {})).filesAdded, 0);
    equal(await readIds(lake, 't'), []);
  },

  'a write that is given up leaves nothing': async ({lake}) => {
    const plan = await lake.begin('t', intent());
    const file = await lake.openFile(plan.transaction, {});
    await lake.writeFile(plan.transaction, file, ipcOf(ids(0, 10)));
    await lake.closeFile(plan.transaction, file, statsOf(ids(0, 10)));
    const other = await lake.openFile(plan.transaction, {});
    await lake.writeFile(plan.transaction, other, ipcOf(ids(0, 10)));
    await lake.abort(plan.transaction);
    equal(await lake.tables(), []);
    equal((await problemOf(() => lake.commit(plan.transaction, [], {}))).code, 'WRITE_CLOSED');
    // It may be written all the same afterwards.
    await write(lake, 't', ids(0, 1));
    equal(await readIds(lake, 't'), [0]);
  },

  'a file that holds other rows than it should is refused': async ({lake}) => {
    const plan = await lake.begin('t', intent());
    const file = await lake.openFile(plan.transaction, {});
    await lake.writeFile(plan.transaction, file, ipcOf(ids(0, 10)));
    equal((await problemOf(() => lake.closeFile(plan.transaction, file, statsOf(ids(0, 11))))).code, 'FILE_INCOMPLETE');
    equal(await lake.tables(), []);
  },

  'commits made at the same time all count': async ({lake}) => {
    await write(lake, 't', []);
    const versions = await Promise.all(
      Array.from({length: 20}, async (_, i) => (await write(lake, 't', ids(i, 1))).version),
    );
    equal(
      versions.sort((a, b) => a - b),
      numbers(1, 21),
    );
    equal(await readIds(lake, 't'), numbers(0, 20));
  },

  'of two that create a table one is told': async ({lake}) => {
    const [first, second] = [await lake.begin('t', intent()), await lake.begin('t', intent())];
    equal((await lake.commit(first.transaction, [], {})).version, 0);
    equal((await problemOf(() => lake.commit(second.transaction, [], {}))).code, 'DELTA_CONCURRENT_WRITE');
    equal((await lake.history('t')).length, 1);
  },

  'a table keeps its files and history under another name': async ({lake}) => {
    await write(lake, 'a', ids(0, 3));
    await write(lake, 'b', ids(10, 3));
    equal((await problemOf(() => lake.rename('a', 'B'))).code, 'TABLE_OR_VIEW_ALREADY_EXISTS');
    await lake.rename('a', 'C_2');
    equal(
      (await lake.tables()).map(({name}) => name),
      ['b', 'C_2'],
    );
    await write(lake, 'c_2', ids(3, 1));
    equal(await readIds(lake, 'C_2'), numbers(0, 4));
    // The old name is free for another table.
    equal((await write(lake, 'a', ids(50, 1))).version, 0);
    equal(await readIds(lake, 'a'), [50]);
    equal(await readIds(lake, 'C_2', {version: 0}), numbers(0, 3));
  },

  'names that no cell can read are refused for what comes in, and for renames': async ({lake}) => {
    await write(lake, 't', ids(0, 1));
    const zip = await lake.exportTable('t', () => undefined);
    for (const name of ['', 'my table', 'Ä', '2nd', 'a-b', ' t']) {
      for (const refused of [() => lake.importTable(name, zip, () => undefined), () => lake.rename('t', name)]) {
        const problem = await problemOf(refused);
        equal(
          [problem.code, problem.hint],
          ['INVALID_SCHEMA_OR_RELATION_NAME', 'Use letters, digits and _, with no digit first, e.g. readings.'],
        );
      }
    }
    equal(
      (await lake.tables()).map(({name}) => name),
      ['t'],
    );
  },

  'a table that was removed is gone, and its name is free': async ({lake}) => {
    await write(lake, 't', ids(0, 3));
    await lake.remove('t');
    equal(await lake.tables(), []);
    equal((await problemOf(() => lake.openRead('t'))).code, 'DELTA_TABLE_NOT_FOUND');
    equal((await write(lake, 't', ids(9, 1))).version, 0);
    equal(await readIds(lake, 't'), [9]);
    equal((await lake.history('t')).length, 1);
  },

  'vacuum deletes what no kept version needs, once no one reads it': async ({lake}) => {
    await write(lake, 't', ids(0, 5));
    await write(lake, 't', ids(5, 5), {mode: 'overwrite'});
    equal((await lake.vacuum('t', {retainHours: 1, dryRun: false})).files, []);
    const planned = await lake.vacuum('t', {retainHours: 0, dryRun: true});
    equal(planned.files.length, 1);
    equal(await readIds(lake, 't', {version: 0}), numbers(0, 5));

    const reader = await lake.openRead('t', {version: 0});
    let isDone = false;
    const vacuumed = lake.vacuum('t', {retainHours: 0, dryRun: false}).then((deleted) => {
      isDone = true;
      return deleted;
    });
    // More of the table can be read meanwhile, and written.
    equal(await readIds(lake, 't', {version: 0}), numbers(0, 5));
    await write(lake, 't', ids(10, 1));
    let batches = 0;
    await lake.readFile(reader.reader, 0, async () => void batches++);
    equal([isDone, batches], [false, 1]);
    await lake.closeRead(reader.reader);
    equal((await vacuumed).files, planned.files);
    equal(await readIds(lake, 't'), numbers(5, 11));
    equal((await problemOf(() => readIds(lake, 't', {version: 0}))).code, 'DELTA_FILE_NOT_FOUND_DETAILED');
    equal(
      (await lake.history('t')).map(({readable}) => readable),
      [true, true, false],
    );
    equal((await problemOf(() => lake.restore('t', {version: 0}))).code, 'DELTA_FILE_NOT_FOUND_DETAILED');
  },

  'a table goes out as a zip and comes in under another name, history and all': async ({lake}) => {
    const committed = [];
    for (const n of [0, 1, 2]) committed.push(await write(lake, 'out', ids(n, 1)));
    const zip = await lake.exportTable('out', () => undefined);
    equal((await problemOf(() => lake.importTable('OUT', zip, () => undefined))).code, 'TABLE_OR_VIEW_ALREADY_EXISTS');
    const entry = await lake.importTable('in', zip, () => undefined);
    equal([entry.name, entry.version, entry.rows], ['in', 2, 3]);
    for (const {version, timestamp} of committed)
      equal(await readIds(lake, 'in', {timestamp}), numbers(0, version + 1));
    await write(lake, 'in', ids(3, 1));
    equal([await readIds(lake, 'in'), await readIds(lake, 'out')], [numbers(0, 4), numbers(0, 3)]);
  },

  'a table that lacks a file is not imported': async ({lake}) => {
    await write(lake, 't', ids(0, 1));
    const log = await lake.log('t', 0);
    const folder: FileAt[] = [
      {path: 't/_delta_log/00000000000000000000.json', file: new File([log], '00000000000000000000.json')},
    ];
    equal(
      (await problemOf(() => lake.importTable('in', folder, () => undefined))).code,
      'DELTA_FILE_NOT_FOUND_DETAILED',
    );
    const broken: FileAt[] = [
      {
        path: 't/_delta_log/00000000000000000000.json',
        file: new File([log.slice(0, 100)], '00000000000000000000.json'),
      },
    ];
    equal((await problemOf(() => lake.importTable('in', broken, () => undefined))).code, 'DELTA_LOG_MALFORMED');
    equal(
      (await lake.tables()).map(({name}) => name),
      ['t'],
    );
  },

  'who listens hears of each change': async ({lake}) => {
    const heard: string[] = [];
    const stop = lake.onChange((table) => heard.push(table));
    await write(lake, 't', ids(0, 1));
    await lake.rename('t', 'u');
    await lake.remove('u');
    for (let waited = 0; heard.length < 4 && waited < 3000; waited++)
      await new Promise((resolve) => setTimeout(resolve, 20));
    stop();
    equal(heard, ['t', 't', 'u', 'u']);
  },

  'reading stops when it is told to': async ({lake}) => {
    await write(lake, 't', ids(0, 20_000));
    const plan = await lake.openRead('t');
    const stop = new AbortController();
    const problem = await problemOf(() =>
      lake.readFile(
        plan.reader,
        0,
        async () => {
          stop.abort();
          // A cancel is a message of its own: it arrives before the answer to this one.
          await new Promise((resolve) => setTimeout(resolve, 20));
        },
        {signal: stop.signal},
      ),
    );
    equal(problem.code, 'CANCELLED');
    await lake.closeRead(plan.reader);
  },

  'names that no file system takes are names of tables': async ({lake}) => {
    const names = ['..', 'a/b\\c', 'CON', 'x'.repeat(300), '漢字 🙂', ' ', '%2E', 'a~2'];
    for (const [i, name] of names.entries()) await write(lake, name, ids(i, 1));
    equal((await lake.tables()).length, names.length);
    for (const [i, name] of names.entries()) equal(await readIds(lake, name), [i]);
  },
};

/** Runs one scenario on an empty lake. */
export async function runLakeScenario(name: string, workspace: Workspace): Promise<void> {
  for (const table of await workspace.lake.tables()) await workspace.lake.remove(table.name);
  const scenario = lakeScenarios[name];
  if (scenario === undefined) throw new Error(`There is no scenario ${name}`);
  await scenario(workspace);
}
