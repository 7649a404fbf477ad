import {mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {parseNotebook} from '../../../src/notebook/model.ts';
import {plan} from '../../../src/notebook/plan.ts';
import {Runner} from '../../../src/run/runner.ts';
import {rejectsOf, type RanCell} from '../../../src/run/define.ts';
import type {ComputePort, EnginePort, Ports, StoragePort} from '../../../src/ports/index.ts';
import {tablesRead} from '../../../src/sql/table-places.ts';
import {id, lit, sql} from '../../../src/sql/sql.ts';
import {root} from '../../tools/setup.mjs';
import {startNodeEngine} from '../engine/node-engine.ts';
import {localCompute} from '../kernels/run.ts';
import {nativeEngine} from '../notebook/native-engine.ts';
import {memoryWorkspace} from '../storage/memory-storage.ts';
import {nodePostgres} from '../postgres/node-postgres.ts';
import {nodeSqlite} from '../sqlite/node-sqlite.ts';

const samples = join(root, 'public/samples');
const files = readdirSync(samples);

/** Where the engine finds files by the name that the runner registers them under. */
const found = mkdtempSync(join(tmpdir(), 'lakebook-samples-'));
afterAll(() => rmSync(found, {recursive: true}));

/** The runner's ports over native DuckDB, which reads JSON and Parquet itself; the kernels are the real ones. */
async function nativePorts(): Promise<Ports> {
  const {engine} = await nativeEngine();
  await engine.execute([sql`SET file_search_path = ${lit(found)}`, sql`SET TimeZone = 'UTC'`]);
  let arriving = '';
  const reads: Partial<EnginePort> = {
    registerFile: (name, file) => {
      mkdirSync(dirname(join(found, name)), {recursive: true});
      rmSync(join(found, name), {force: true});
      symlinkSync(join(samples, file.name), join(found, name));
      return Promise.resolve();
    },
    dropFile: (name) => Promise.resolve(rmSync(join(found, name), {force: true})),
    insert: (table) => engine.execute([sql`CREATE TABLE ${id(table)} AS FROM ${lit(arriving)}`]),
  };
  const storage: Partial<StoragePort> = {
    sniff: (name) => Promise.resolve({format: /\.json$/.test(name) ? 'json' : /\.parquet$/.test(name) ? 'parquet' : 'csv', encoding: 'utf-8', gzip: false, head: ''}),
    files: () => Promise.resolve(files.map((name) => ({name, bytes: 0, fingerprint: 'sample', addedAt: 0}))),
    plainText: (name) => Promise.resolve(new File([], name)),
    readArrow: async (name, _options, onBatch) => {
      arriving = join(samples, name);
      await onBatch(new Uint8Array(), 1, 1);
      return [];
    },
  };
  // The runner calls no other method of the storage port.
  return {engine: {...engine, ...reads}, compute: localCompute, storage: storage as StoragePort, lake: memoryWorkspace().lake, postgres: nodePostgres().postgres, throwAwayPostgres: () => nodePostgres().postgres, sqlite: nodeSqlite()};
}

async function runNotebook(name: string): Promise<{report: RanCell[]; rowsOf: (query: string) => Promise<unknown[][]>}> {
  const ports = await nativePorts();
  const runner = new Runner(ports);
  const notebook = parseNotebook(readFileSync(join(root, 'notebooks', `${name}.md`), 'utf8'));
  runner.usePlan(plan(notebook, new Map(files.map((file) => [file, 'sample']))));
  const report = await runner.run(undefined, {mayWrite: true}, new AbortController().signal);
  const names = report.flatMap(({name}) => [name, rejectsOf(name)]);
  // A query of this test, not of a user.
  const rowsOf = async (query: string): Promise<unknown[][]> => (await runner.query(tablesRead(query, names), [], () => ports.engine.rows(query as ReturnType<typeof sql>))).rows.map((row) => row.map((value) => (typeof value === 'bigint' ? Number(value) : value)));
  return {report, rowsOf};
}

const failures = (report: readonly RanCell[]): unknown[][] => report.filter(({status}) => status !== 'ok').map(({name, status, error}) => [name, status, error]);
const rows = (report: readonly RanCell[], ...names: string[]): Record<string, number | null> => Object.fromEntries(names.map((name) => [name, report.find((cell) => cell.name === name)?.rowsOut ?? null]));

describe('Clean a sensor file gives what its text says', () => {
  let run: Awaited<ReturnType<typeof runNotebook>>;
  beforeAll(async () => {
    run = await runNotebook('clean-a-sensor-file');
  });

  test('every cell runs, and the rows are those of the text', () => {
    expect(failures(run.report)).toEqual([]);
    expect(rows(run.report, 'raw', 'unreadable', 'typed', 'readings', 'checked', 'cleaned', 'hourly', 'year_typed', 'year_as_text')).toEqual({
      raw: 10_256,
      unreadable: 7,
      typed: 10_250,
      readings: 10_080,
      checked: 10_080,
      cleaned: 10_080,
      hourly: 5 * 14 * 24,
      year_typed: 262_080,
      year_as_text: 262_080,
    });
  });

  test('the 50 faults go, and no value is missing at the end', async () => {
    const faults = (table: string): Promise<unknown[][]> => run.rowsOf(`SELECT count(*) FROM ${table} WHERE temperature IN (85, -127)`);
    expect([await faults('readings'), await faults('checked')]).toEqual([[[50]], [[0]]]);
    expect(await run.rowsOf('SELECT (SELECT count(temperature) FROM readings) - (SELECT count(temperature) FROM checked)')).toEqual([[50]]);
    expect(await run.rowsOf('SELECT count(*) FILTER (temperature IS NULL OR humidity IS NULL OR isnan(humidity)) FROM cleaned')).toEqual([[0]]);
  });

  test('the cold store is filled with 4.28 °C, and would have been with 4.45', async () => {
    const mean = (table: string): Promise<unknown[][]> => run.rowsOf(`SELECT round(avg(temperature), 2) FROM ${table} WHERE sensor_id = 'TH-104'`);
    expect([await mean('readings'), await mean('cleaned')]).toEqual([[[4.45]], [[4.28]]]);
  });

  test('text and timestamps answer the same', async () => {
    expect(await run.rowsOf('FROM rows_that_differ')).toEqual([[0]]);
    expect(rows(run.report, 'question_to_text')).toEqual({question_to_text: 5 * 24});
  });
});

describe('Sensors: from raw to insight gives what its text says', () => {
  let run: Awaited<ReturnType<typeof runNotebook>>;
  beforeAll(async () => {
    run = await runNotebook('sensors-from-raw-to-insight');
  });

  test('every cell runs, and the rows are those of the text', () => {
    expect(failures(run.report)).toEqual([]);
    expect(rows(run.report, 'raw', 'valid', 'readings', 'per_sensor', 'abnormal', 'by_sensor')).toEqual({raw: 1728, valid: 1681, readings: 1610, per_sensor: 6, abnormal: 27, by_sensor: 6});
  });

  test('all abnormal readings are of one station, in five hours', async () => {
    expect(await run.rowsOf(`SELECT DISTINCT sensor_id, hour(read_at) BETWEEN 6 AND 10 FROM abnormal`)).toEqual([['SNS-1004', true]]);
  });

  test('four stations are in one cluster, two in the other', async () => {
    expect(await run.rowsOf('SELECT cluster, count(*), string_agg(sensor_id, \' \' ORDER BY sensor_id) FROM by_sensor GROUP BY ALL ORDER BY ALL')).toEqual([
      [0, 4, 'SNS-1001 SNS-1002 SNS-1004 SNS-1006'],
      [1, 2, 'SNS-1003 SNS-1005'],
    ]);
  });
});

describe('Convert files gives what its text says', () => {
  let run: Awaited<ReturnType<typeof runNotebook>>;
  beforeAll(async () => {
    run = await runNotebook('convert-files');
  });

  test('every cell runs; CSV and Parquet are the same table', () => {
    expect(failures(run.report)).toEqual([]);
    expect(rows(run.report, 'from_csv', 'from_parquet', 'differences', 'rooms')).toEqual({from_csv: 10_250, from_parquet: 10_250, differences: 0, rooms: 5});
  });

  test('the spreadsheet’s numbers and dates arrive', async () => {
    expect(await run.rowsOf(`SELECT latitude, installed::VARCHAR FROM rooms WHERE sensor_id = 'TH-104'`)).toEqual([[52.51615, '2023-11-27']]);
  });

  test('TH-105 is not listed, TH-099 is silent', async () => {
    expect(await run.rowsOf('SELECT DISTINCT sensor_id FROM unlisted')).toEqual([['TH-105']]);
    expect(await run.rowsOf('SELECT sensor_id FROM silent')).toEqual([['TH-099']]);
    expect(rows(run.report, 'located')).toEqual({located: 10_250});
  });
});

describe('ACID and time travel gives what its text says', () => {
  // A crash needs a storage that outlives it: the browser's tests have that one.
  const text = readFileSync(join(root, 'notebooks/acid-and-time-travel.md'), 'utf8').replace('crash_after: 6\n', 'crash_after: 6\ndisabled: true\n');
  /** The notebook with one of its cells switched on. */
  const withOn = (name: string): string => {
    const at = text.indexOf(`step ${name} `);
    return text.slice(0, at) + text.slice(at).replace('disabled: true\n', '');
  };
  let stop: () => void;
  let lake: Ports['lake'];
  let run: (markdown: string) => Promise<readonly RanCell[]>;
  let rowsOf: (query: string) => Promise<readonly (readonly unknown[])[]>;
  beforeAll(async () => {
    const {engine, file, close} = await startNodeEngine();
    stop = close;
    const workspace = memoryWorkspace();
    lake = workspace.lake;
    const stored = await workspace.storage.addFile('readings.parquet', new Blob([readFileSync(join(samples, 'readings.parquet'))]));
    const registerFile = async (name: string, data: File): Promise<void> => file(name, new Uint8Array(await data.arrayBuffer()));
    const compute: ComputePort = {run: (fn) => Promise.reject(new Error(fn))};
    const ports = {engine: {...engine, registerFile}, compute, ...workspace, postgres: nodePostgres().postgres, throwAwayPostgres: () => nodePostgres().postgres, sqlite: nodeSqlite()};
    let runner = new Runner(ports);
    run = async (markdown) => {
      // As after a reload: nothing is known but what is stored.
      runner = new Runner(ports);
      const tables = new Map((await lake.tables()).map((table) => [table.name.toLowerCase(), table]));
      runner.usePlan(plan(parseNotebook(markdown), new Map([[stored.name, stored.fingerprint]]), tables));
      return runner.run(undefined, {mayWrite: true}, new AbortController().signal);
    };
    rowsOf = async (name) => {
      // A query of this test, not of a user.
      const {rows: found} = await runner.query([name], [], () => engine.rows(`FROM ${name}` as ReturnType<typeof sql>));
      return found.map((row) => row.map((value) => (typeof value === 'bigint' ? Number(value) : value)));
    };
  });
  afterAll(() => stop());

  test('every cell runs, and the versions are those of the text', async () => {
    const report = await run(text);
    expect(failures(report).map(([name]) => name)).toEqual(['refused', 'crashed']);
    expect(rows(report, 'once', 'week_two', 'corrections', 'aligned')).toEqual({once: 10_080, week_two: 5040, corrections: 2013, aligned: 2013});
    expect(await rowsOf('rows_by_version')).toEqual([[0, 5012], [1, 10_052]]); // prettier-ignore
    expect(await rowsOf('cold_store')).toEqual([['version 1', 2013, 4.28], ['version 2', 2013, 3.88]]); // prettier-ignore
    expect(await rowsOf('nothing_lost')).toEqual([[10_052, 0]]);
    expect((await lake.history('lesson_readings')).map(({version, info}) => [version, info.operation])).toEqual([[2, 'MERGE'], [1, 'WRITE'], [0, 'WRITE']]); // prettier-ignore
  });

  test('what was written is not written again', async () => {
    expect(failures(await run(text)).map(([name]) => name)).toEqual(['refused', 'crashed']);
    expect((await lake.table('lesson_readings')).version).toBe(2);
  });

  test('the delivery with impossible readings is refused as a whole', async () => {
    const report = await run(withOn('refused'));
    expect(report.find(({name}) => name === 'refused')?.error).toMatchObject({code: 'DELTA_VIOLATE_CONSTRAINT_WITH_VALUES', sqlState: '23001'});
    expect((await lake.table('lesson_readings')).version).toBe(2);
  });

  test('the corrections don’t fit as they are', async () => {
    const unaligned = text.replace('from: aligned\n', 'from: corrections\n').replace('mode: merge\nkeys: [sensor_id, timestamp]\n', '');
    expect((await run(unaligned)).find(({name}) => name === 'version_2')?.error).toMatchObject({code: 'DELTA_CONSTRAINT_DATA_TYPE_MISMATCH', sqlState: '42K09'});
  });

  test('memory has nothing that a crash could leave, and says so', async () => {
    expect((await run(withOn('crashed'))).find(({name}) => name === 'crashed')?.error?.message).toContain('private window');
  });
});
