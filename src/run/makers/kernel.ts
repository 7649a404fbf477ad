import type {KernelColumn} from '../../ports/index.ts';
import {id, sql} from '../../sql/sql.ts';
import type {Maker} from '../define.ts';
import type {ProgramOf} from '../program.ts';

/** Columns that a kernel computes beside the input's rows, or rows of its own. */
export const makeByKernel: Maker<ProgramOf<'kernel'>> = async (program, context) => {
  const {ports, cell, table, events, signal, base: baseOf, showOnly} = context;
  const {engine, compute} = ports;
  await showOnly([]);
  const columns = await engine.columns(program.features, {signal});
  const clear = sql`DROP TABLE IF EXISTS ${id(table)}`;
  await engine.execute([clear], {signal});
  let made: number | undefined;
  const rows = async (part: readonly KernelColumn[]): Promise<void> => {
    const count = part[0]?.values.length ?? 0;
    await engine.insertColumns(table, part, made === undefined, {signal});
    made = (made ?? 0) + count;
  };
  try {
    const progress = (now: {readonly done: number; readonly total: number}): void =>
      events.onProgress?.(cell.name, now);
    const figures = await compute.run(program.fn, columns, program.args, {progress, rows}, {signal});
    if (program.gives === 'rows') return {figures};
    const base = baseOf();
    if (base?.rows !== made) throw new Error(`${program.fn} gave ${made} rows for ${base?.rows}`);
    return {base, figures};
  } catch (thrown) {
    // The first failure is the one to tell: an engine that is gone can't drop its tables.
    await engine.execute([clear]).catch(() => undefined);
    throw thrown;
  }
};
