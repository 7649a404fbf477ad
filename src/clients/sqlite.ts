import type {SqliteContract} from '../../workers/contract/sqlite.ts';
import {cancelled, type Problem} from '../lib/problem.ts';
import type {SqlitePort} from '../ports/index.ts';
import {withCallback} from './callbacks.ts';
import {Life, overWorker, type WorkerLike} from './client.ts';

/** SQLite in a worker of its own for each database, ended when that is closed or a call is aborted: a view may never come to an end. */
export function createSqlite(worker: () => WorkerLike): SqlitePort {
  return {
    async open(file, call) {
      const life = new Life<SqliteContract>({connect: () => overWorker(worker()), problemOf: () => broken});
      try {
        const tables = await life.call((remote) => remote.open(file), call?.signal);
        return {
          tables,
          read: async (table, options, onBatch, call) =>
            void (await withCallback(onBatch, (receive) =>
              life.call((remote) => remote.read(table, options, receive), call?.signal),
            )),
          close: () => life.end(cancelled),
        };
      } catch (thrown) {
        life.end(broken);
        throw thrown;
      }
    },
  };
}

const broken: Problem = {
  code: 'SQLITE_FAILED',
  message: 'SQLite broke down while it read the file.',
  hint: 'Check the file with PRAGMA integrity_check in the sqlite3 shell, and the connection if this is the first database that is opened here.',
};
