import {ProblemError, type Problem} from '../../lib/problem.ts';
import type {Ports, Reject} from '../../ports/index.ts';
import {id, join, lit, sql} from '../../sql/sql.ts';
import type {Destination, Incoming} from '../define.ts';
import {finish} from './columns.ts';

/** Reads a file batch by batch as a worker decodes it; says whether records of it couldn't be read. */
export async function readArrowFile(ports: Ports, {file, options}: Incoming, to: Destination): Promise<boolean> {
  const {engine, storage} = ports;
  const enough = new AbortController();
  const signal = to.signal === undefined ? enough.signal : AbortSignal.any([to.signal, enough.signal]);
  let created = false;
  let rejects: readonly Reject[] = [];
  try {
    rejects = await storage.readArrow(
      file,
      options,
      async (ipc, done, total) => {
        await engine.insert(to.table, ipc, !created, {signal: to.signal});
        created = true;
        to.onProgress({done, total});
        if (to.limit !== undefined && done < total) enough.abort();
      },
      {signal},
    );
  } catch (thrown) {
    // A preview has what it wants after the first batch.
    if (!enough.signal.aborted || to.signal?.aborted === true) throw thrown;
  }
  if (!created) throw new ProblemError(noRows(file, rejects));
  await finish(ports, file, options, to);
  if (rejects.length === 0) return false;
  const rows = rejects.map(
    (reject) =>
      sql`(${lit(file)}, ${lit(reject.line)}::BIGINT, ${lit(reject.column)}, ${lit(reject.raw)}, ${lit(reject.reason)})`,
  );
  await engine.execute([
    sql`CREATE TABLE ${id(to.rejects)} AS SELECT * FROM (VALUES ${join(rows)}) AS t(file, line, column_name, raw, reason)`,
  ]);
  return true;
}

const noRows = (file: string, rejects: readonly Reject[]): Problem => ({
  code: 'NO_ROWS',
  message: `No record of ${file} could be read.`,
  hint: rejects[0] === undefined ? 'The file holds no records.' : `Line ${rejects[0].line}: ${rejects[0].reason}`,
  where: {file},
});
