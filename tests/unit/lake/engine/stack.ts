import {problemOf, type Problem} from '../../../../src/lib/problem.ts';
import type {Row} from '../../../../src/lib/value.ts';
import {readLakeTable, type VersionToRead} from '../../../../src/tables/lake-read.ts';
import {writeLakeTable, type LakeWritten} from '../../../../src/tables/lake-write.ts';
import type {EnginePort, LakePort} from '../../../../src/ports/index.ts';
import type {Sql} from '../../../../src/sql/sql.ts';
import type {Column} from '../../../../src/sql/types.ts';
import type {LakeWrite} from '../../../../src/tables/define.ts';
import type {Store} from '../../../../workers/files/store.ts';
import {createMemoryStore} from '../../../../workers/files/memory-store.ts';
import {memoryWorkspace} from '../../storage/memory-storage.ts';
import {startNodeEngine} from '../../engine/node-engine.ts';

/** DuckDB-WASM and the lake's service over a store in memory, as the page has them. */
export interface Stack {
  readonly engine: EnginePort;
  readonly lake: LakePort;
  readonly store: Store;
  /** Writes the rows of a query. */
  write(
    query: string,
    write: Partial<LakeWrite> & Pick<LakeWrite, 'table'>,
    applies?: {self: string; before?: readonly string[]},
  ): Promise<LakeWritten>;
  /** The problem that such a write is refused with. */
  refused(query: string, write: Partial<LakeWrite> & Pick<LakeWrite, 'table'>): Promise<Problem>;
  read(source: VersionToRead): Promise<{version: number; columns: readonly Column[]; rows: readonly Row[]}>;
  /** A query's rows, with every value as DuckDB's text. */
  texts(query: string): Promise<readonly (readonly (string | null)[])[]>;
  close(): void;
}

export const defaults: Omit<LakeWrite, 'table'> = {
  mode: 'append',
  keys: [],
  mergeSchema: false,
  overwriteSchema: false,
  partitionBy: undefined,
  notNull: [],
  constraints: {},
  comments: {},
  crashAfter: undefined,
};

// The cast: a test's own text.
export const trusted = (text: string): Sql => text as Sql;

let writes = 0;

export async function startStack(store: Store = createMemoryStore()): Promise<Stack> {
  const {engine, close} = await startNodeEngine();
  const {lake} = memoryWorkspace(store);
  const ports = {engine, lake};
  const write: Stack['write'] = async (query, given, applies) => {
    const input = trusted('written_rows');
    await engine.execute([trusted(`CREATE OR REPLACE TABLE written_rows AS ${query}`)]);
    const columns = await engine.describe(trusted('FROM written_rows'));
    return writeLakeTable(
      ports,
      {...defaults, ...given},
      {relation: input, columns},
      {
        applies: {self: applies?.self ?? `test-${++writes}`, before: applies?.before ?? []},
        notebook: {path: 'notebook.md', cell: 'snapshot'},
        mayWrite: true,
        onProgress: () => undefined,
      },
    );
  };
  return {
    engine,
    lake,
    store,
    write,
    refused: (query, given) =>
      write(query, given).then(() => {
        throw new Error('The write was not refused.');
      }, problemOf),
    async read(source) {
      const {version, columns} = await readLakeTable(ports, source, {into: 'read_rows', onProgress: () => undefined});
      const {rows} = await engine.rows(trusted('FROM read_rows'));
      return {version, columns, rows};
    },
    async texts(query) {
      const {rows} = await engine.rows(trusted(`SELECT COLUMNS(*)::VARCHAR FROM (${query})`));
      // The cast: every column is text.
      return rows as readonly (readonly (string | null)[])[];
    },
    close,
  };
}
