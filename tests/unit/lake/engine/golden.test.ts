import {readdirSync} from 'node:fs';
import {join} from 'node:path';
import {DuckDBInstance} from '@duckdb/node-api';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {problemOf} from '../../../../src/lib/problem.ts';
import {createMemoryStore} from '../../../../workers/files/memory-store.ts';
import {fill} from '../../../../workers/files/store.ts';
import {realData} from '../../../tools/real-data.ts';
import {diskStore} from '../disk-store.ts';
import {startStack, trusted, type Stack} from './stack.ts';

const golden = realData('delta-golden');
const folders = (path: string) =>
  golden.missing
    ? []
    : readdirSync(path, {withFileTypes: true}).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));

/** Broken on purpose, and how they are refused; some have a log without the files it names. */
const refused: Readonly<Record<string, string>> = {
  'data-reader-absolute-paths-escaped-chars': 'DELTA_STATE_RECOVER_ERROR',
  'deltalog-invalid-protocol-version': 'DELTA_INVALID_PROTOCOL_VERSION',
  'deltalog-state-reconstruction-from-checkpoint-missing-metadata': 'DELTA_STATE_RECOVER_ERROR',
  'deltalog-state-reconstruction-without-metadata': 'DELTA_STATE_RECOVER_ERROR',
  'deltalog-state-reconstruction-without-protocol': 'DELTA_STATE_RECOVER_ERROR',
  'no-delta-log-folder': 'DELTA_TABLE_NOT_FOUND',
  checkpoint: 'DELTA_FILE_NOT_FOUND_DETAILED',
  'deltalog-commit-info': 'LAKE_NO_COLUMNS',
};

const named = folders(golden.path);
/** Their one file was removed again. */
const empty = named.filter((name) => name.startsWith('canonicalized'));
const withRows = named.filter((name) => name !== 'hive' && !(name in refused) && !empty.includes(name));
const hive = folders(join(golden.path, 'hive/delta'));

/** Its expected rows are those of a session in America/Los_Angeles, in which the partition's time without a zone was 7 hours behind UTC. */
const inLosAngeles = 'data-reader-partition-values';

describe.skipIf(golden.missing)('the tables of delta-golden through the engine', () => {
  let stack: Stack;
  const disk = diskStore(golden.path);
  beforeAll(async () => {
    const store = createMemoryStore();
    const tables = [
      ...named.filter((name) => name !== 'hive').map((name) => [`${name}/delta`, name] as const),
      ...hive.map((name) => [`hive/delta/${name}`, `hive-${name}`] as const),
    ];
    for (const [folder, name] of tables) {
      for (const {path} of await disk.walk(folder)) {
        const file = await disk.read(`${folder}/${path}`);
        if (file !== null) await fill(await store.create(`lake/${name}/${path}`), bytesOf(file));
      }
    }
    stack = await startStack(store);
  });
  afterAll(() => stack.close());

  test.each(withRows)('%s has the rows expected', async (name) => {
    const {columns} = await stack.read({table: name});
    const found = await stack.texts('FROM read_rows');
    const expected = await expectedRows(join(golden.path, name, 'expected'), columns);
    const shift = (row: string) => (name === inLosAngeles ? row.replace('"2021-09-08 18:', '"2021-09-08 11:') : row);
    expect(found.map((row) => JSON.stringify(row)).sort()).toEqual(
      expected.map((row) => shift(JSON.stringify(row))).sort(),
    );
  });

  test.each(empty)('%s has its columns and no rows', async (name) => {
    const {columns, rows} = await stack.read({table: name});
    expect(columns.length).toBeGreaterThan(0);
    expect(rows).toEqual([]);
  });

  test.each(hive)('hive/%s has rows', async (name) => {
    const {rows} = await stack.read({table: `hive-${name}`});
    expect(rows.length).toBeGreaterThan(0);
  });

  test.each(Object.entries(refused))('%s is refused as %s', async (name, code) => {
    const problem = await stack.read({table: name}).then(() => undefined, problemOf);
    expect(problem).toMatchObject({code});
  });

  test('leaves nothing behind', async () => {
    const tables = await stack.texts(`SELECT table_name FROM duckdb_tables() WHERE table_name <> 'read_rows'`);
    expect(tables).toEqual([]);
  });
});

async function* bytesOf(file: File): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(await file.arrayBuffer());
}

/** Rows of Parquet files as native DuckDB reads them, in the types and the text of our own. */
async function expectedRows(
  folder: string,
  columns: readonly {name: string; type: string}[],
): Promise<readonly unknown[][]> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  await connection.run(`SET TimeZone = 'UTC'`);
  const files = readdirSync(folder).filter((name) => name.endsWith('.parquet'));
  const texts = columns.map(({name, type}) => trusted(`CAST(CAST("${name}" AS ${type}) AS VARCHAR)`));
  const reader = await connection.runAndReadAll(
    `SELECT ${texts.join()} FROM read_parquet([${files.map((name) => `'${join(folder, name)}'`).join()}], union_by_name = true)`,
  );
  return reader.getRows();
}
