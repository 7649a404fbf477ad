import type {PGlite} from '@electric-sql/pglite';
import type {PostgresAnswer, PostgresContract, PostgresInfo, PostgresOutcome} from '../contract/postgres.ts';
import {ask, Failed, texts} from './ask.ts';
import {dumpDatabase} from './dump.ts';
import {loadScript} from './load.ts';

/** A database that has just been opened. */
export interface OpenPostgres {
  readonly pg: PGlite;
  readonly kept: boolean;
}

/** How PostgreSQL is started, so that its text for a value is always the same. */
export const settings = [
  'timezone=UTC',
  'datestyle=ISO,YMD',
  'intervalstyle=postgres',
  'bytea_output=hex',
  'client_min_messages=warning',
].flatMap((setting) => ['-c', setting]);

/** The worker's contract over a database that `open` gives. */
export function createPostgresService(open: () => Promise<OpenPostgres>): PostgresContract {
  let opened: Promise<OpenPostgres> | undefined;

  async function outcome<T>(work: (open: OpenPostgres) => Promise<T>): Promise<PostgresOutcome<T>> {
    try {
      opened ??= open();
      return {ok: true, value: await work(await opened)};
    } catch (thrown) {
      if (thrown instanceof Failed) return {ok: false, error: thrown.failure};
      return {
        ok: false,
        error: {state: '', message: thrown instanceof Error ? thrown.message : String(thrown), fatal: true},
      };
    }
  }

  return {
    start: () =>
      outcome(async ({pg, kept}): Promise<PostgresInfo> => {
        const {columns} = await run(pg, 'SHOW server_version');
        return {version: new TextDecoder().decode(columns[0]?.bytes), kept};
      }),
    run: (statement, data) => outcome(({pg}) => run(pg, statement, data)),
    dump: () => outcome(({pg}) => dumpDatabase(pg)),
    load: (script) => outcome(({pg}) => loadScript(pg, script)),
    async close() {
      const {pg} = (await opened?.catch(() => undefined)) ?? {};
      opened = undefined;
      await pg?.close();
    },
  };
}

async function run(pg: PGlite, statement: string, data?: Uint8Array): Promise<PostgresAnswer> {
  const {columns, rows} = await ask(pg, statement, data);
  if (columns.length === 0) return {columns: [], rows};
  const types = await texts(
    pg,
    `SELECT ${columns.map(({type, modifier}) => `pg_catalog.format_type(${type}, ${modifier})`).join(', ')}`,
  );
  return {
    columns: columns.map(({name, bytes, offsets, valid}, i) => ({
      name,
      type: types[0]?.[i] ?? 'text',
      bytes,
      offsets,
      valid,
    })),
    rows,
  };
}
