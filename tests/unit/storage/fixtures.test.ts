import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {DuckDBInstance, type DuckDBConnection} from '@duckdb/node-api';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import type {ReadOptions, StoragePort} from '../../../src/ports/index.ts';
import {
  expectations,
  fileNames,
  packed,
  readFixture,
  type Expectation,
  type Loaded,
} from '../../fixtures/expectations.ts';
import {openDuckDb} from './duckdb-wasm.ts';
import {memoryStorage} from './memory-storage.ts';
import {problemOf} from './suite.ts';

test('every file has an expectation, and the other way round', () => {
  expect([...new Set(expectations.map(({file}) => file))].sort()).toEqual(fileNames());
});

const title = ({file, options}: Expectation): string =>
  `${file}${options === undefined ? '' : ` ${JSON.stringify(options)}`}`;
const readOptions = ({options = {}}: Expectation): ReadOptions =>
  ({format: options['format'], encoding: options['encoding']}) as ReadOptions;

async function stored(file: string, content: Uint8Array<ArrayBuffer>): Promise<StoragePort> {
  const storage = memoryStorage();
  await storage.addFile(file, new Blob([content]));
  return storage;
}

/** What a `load` cell does with a file before the engine reads it. */
async function prepare(
  storage: StoragePort,
  file: string,
  options: ReadOptions,
): Promise<{text: File} | {types: Record<string, string>; rows: Record<string, string | null>[]; lines: number[]}> {
  const sniffed = await storage.sniff(file, options);
  if (sniffed.format === 'csv') return {text: await storage.plainText(file, {...options, encoding: sniffed.encoding})};
  const duckdb = openDuckDb();
  const rejects = await storage.readArrow(file, options, async (ipc) => duckdb.insert('t', ipc));
  return {types: duckdb.types('t'), rows: duckdb.rows('t'), lines: rejects.map(({line}) => line)};
}

describe('files that are refused', () => {
  // Of an empty JSON array the storage says nothing: it gives no rows, and whoever loads it says so.
  const refused = expectations.filter(
    ({gives}) => 'problem' in gives && gives.problem !== 'NO_ROWS' && gives.later !== true,
  );
  test.each(refused.map((expectation) => [title(expectation), expectation] as const))('%s', async (_, expectation) => {
    const {file, gives} = expectation;
    if (!('problem' in gives)) throw new Error('unreachable');
    const storage = await stored(file, readFixture(file));
    const problem = await problemOf(() => prepare(storage, file, readOptions(expectation)));
    expect(problem).toMatchObject({
      code: gives.problem,
      message: expect.stringMatching(gives.says) as string,
      hint: expect.stringMatching(gives.hint) as string,
    });
    expect(problem.where).toEqual({file, ...(gives.line === undefined ? {} : {line: gives.line})});
    expect(await storage.files()).toHaveLength(1);
  });
});

describe('files that are read', () => {
  let connection: DuckDBConnection;
  let folder: string;
  beforeAll(async () => {
    connection = await (await DuckDBInstance.create()).connect();
    folder = await mkdtemp(join(tmpdir(), 'lakebook-fixtures-'));
  });
  afterAll(() => rm(folder, {recursive: true}));

  /** CSV as DuckDB reads it with everything found out. */
  async function readCsv(
    text: File,
  ): Promise<{types: Record<string, string>; rows: Record<string, string | null>[]; lines: number[]}> {
    const path = join(folder, 'text.csv');
    await writeFile(path, new Uint8Array(await text.arrayBuffer()));
    for (const table of ['t', 'reject_errors', 'reject_scans']) await connection.run(`DROP TABLE IF EXISTS ${table}`);
    await connection.run(`CREATE TABLE t AS FROM read_csv('${path}', store_rejects = true)`);
    const read = async (sql: string) => (await connection.runAndReadAll(sql)).getRowObjects();
    const types = await read('SELECT column_name, column_type FROM (DESCRIBE t)');
    const rejects = await read('SELECT DISTINCT line FROM reject_errors ORDER BY 1');
    return {
      types: Object.fromEntries(types.map(({column_name, column_type}) => [String(column_name), String(column_type)])),
      // The cast: every column was cast to text.
      rows: (await read('SELECT COLUMNS(*)::VARCHAR FROM t')) as Record<string, string | null>[],
      lines: rejects.map(({line}) => Number(line)),
    };
  }

  // What `decimal` does is the engine's, and so are databases.
  const read = expectations.filter(
    (expectation): expectation is Expectation & {gives: Loaded} =>
      'rows' in expectation.gives &&
      expectation.options?.['decimal'] === undefined &&
      !/\.(db|duckdb|sqlite|sql)$/.test(expectation.file),
  );
  test.each(read.map((expectation) => [title(expectation), expectation] as const))('%s', async (_, expectation) => {
    const {file, gives} = expectation;
    const prepared = await prepare(await stored(file, readFixture(file)), file, readOptions(expectation));
    const {types, rows, lines} = 'text' in prepared ? await readCsv(prepared.text) : prepared;
    expect(rows).toHaveLength(gives.rows);
    expect(lines).toHaveLength(gives.rejects ?? 0);
    if (gives.lines !== undefined) expect(lines).toEqual(gives.lines);
    if (gives.width !== undefined) expect(Object.keys(types)).toHaveLength(gives.width);
    if (file === 'decimal-commas.csv') return;
    expect(types).toMatchObject(gives.columns ?? {});
    expect(rows[0] ?? {}).toMatchObject(gives.first ?? {});
  });

  // UTF-16 is the one whose halves may fall apart; Parquet packs itself.
  test.each(['latin1.csv', 'utf16.csv', 'utf16-no-mark.csv', 'bom.csv', 'json-cut.json', 'renamed-parquet.csv'])(
    '%s in gzip gives the same',
    async (file) => {
      const [plain, inGzip] = await Promise.all(
        [readFixture(file), packed(file)].map(async (content) => prepare(await stored(file, content), file, {})),
      );
      const comparable = async (prepared: typeof plain): Promise<unknown> =>
        prepared !== undefined && 'text' in prepared ? prepared.text.text() : prepared;
      expect(await comparable(inGzip)).toEqual(await comparable(plain));
    },
  );
});
