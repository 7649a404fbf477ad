import {at, problemOf, ProblemError} from '../../lib/problem.ts';
import type {Ports} from '../../ports/index.ts';
import {id, lit, sql} from '../../sql/sql.ts';
import type {Into, OpenDatabase} from './define.ts';

/** An SQLite file, read page by page where it lies; rows come in batches. */
export async function openSqlite(
  ports: Ports,
  file: string,
  {signal}: Pick<Into, 'onProgress' | 'signal'>,
): Promise<OpenDatabase> {
  const {engine, storage, sqlite} = ports;
  const ofFile = (thrown: unknown): never => {
    throw new ProblemError(at(problemOf(thrown), {file}), {cause: thrown});
  };
  const database = await sqlite.open(await storage.unpackedFile(file), {signal}).catch(ofFile);
  return {
    tables: database.tables.map((table) => ({...table, path: [table.name]})),
    async read({name}, {table, rejects, types, onProgress, signal, limit}) {
      const refused = `${rejects}_values`;
      const made = new Set<string>();
      await engine.execute([sql`DROP TABLE IF EXISTS ${id(refused)}`], {signal});
      try {
        await database
          .read(
            name,
            {types, limit},
            async ({ipc, isRejects, done, total}) => {
              const into = isRejects ? refused : table;
              await engine.insert(into, ipc, !made.has(into), {signal});
              made.add(into);
              onProgress({done, total: Math.max(done, total)});
            },
            {signal},
          )
          .catch(ofFile);
        if (!made.has(refused)) return false;
        await engine.execute(
          [
            sql`CREATE TABLE ${id(rejects)} AS SELECT ${lit(file)} AS file, line, column_name, raw, reason FROM ${id(refused)}`,
          ],
          {signal},
        );
        return true;
      } finally {
        await engine.execute([sql`DROP TABLE IF EXISTS ${id(refused)}`]);
      }
    },
    close: () => Promise.resolve(database.close()),
  };
}
