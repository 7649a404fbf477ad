import * as Comlink from 'comlink';
import type {Outcome} from '../../workers/contract/engine.ts';
import type {SqliteContract} from '../../workers/contract/sqlite.ts';
import {Lifetime} from '../lib/lifetime.ts';
import {cancelled, ProblemError, type Problem} from '../lib/problem.ts';
import type {SqlitePort} from '../ports/index.ts';
import {withCallback} from './callbacks.ts';

/** What the port needs of a Worker. */
export interface SqliteWorker extends Comlink.Endpoint {
  terminate(): void;
}

/** SQLite in a worker of its own for each database, ended when that is closed or a call is aborted: a view may never come to an end. */
export function createSqlite(worker: () => SqliteWorker): SqlitePort {
  return {
    async open(file, call) {
      const started = worker();
      const remote = Comlink.wrap<SqliteContract>(started);
      const life = new Lifetime();
      const end = (why: Problem): void => {
        started.terminate();
        life.end(new ProblemError(why));
      };
      started.addEventListener('error', () => end(broken));
      const during = async <T>(signal: AbortSignal | undefined, work: () => Promise<Outcome<T>>): Promise<T> => {
        const stop = (): void => end(cancelled);
        if (signal?.aborted === true) stop();
        signal?.addEventListener('abort', stop, {once: true});
        try {
          const outcome = await life.during(work());
          if (outcome.ok) return outcome.value;
          const {fatal: _fatal, ...problem} = outcome.error;
          throw new ProblemError(problem);
        } finally {
          signal?.removeEventListener('abort', stop);
        }
      };
      try {
        const tables = await during(call?.signal, () => remote.open(file));
        return {
          tables,
          read: async (table, options, onBatch, call) =>
            void (await withCallback(onBatch, (receive) =>
              during(call?.signal, () => remote.read(table, options, receive)),
            )),
          close: () => end(cancelled),
        };
      } catch (thrown) {
        end(broken);
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
