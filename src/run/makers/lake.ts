import type {At} from '../../ports/index.ts';
import type {Maker, MakerContext} from '../define.ts';
import type {ProgramOf} from '../program.ts';

/** A version of a table of the lake. */
export const makeFromLake: Maker<ProgramOf<'lake'>> = async (program, context) => {
  const {ports, cell, table, events, signal} = context;
  const {readLakeTable} = await import('../../tables/lake-read.ts');
  const {version} = await readLakeTable(
    ports,
    {...program, at: program.at ?? leftBy(program, context)},
    {into: table, onProgress: (progress) => events.onProgress?.(cell.name, progress), signal},
  );
  return {figures: {facts: {version}, tables: {}}};
};

/** The version to read below a writer: the one it made or found its rows in, or a later one that is there already. */
function leftBy({left}: ProgramOf<'lake'>, {cell, known}: MakerContext): At | undefined {
  const made = known(cell.after ?? '')?.figures?.facts['version'];
  const version = Math.max(made ?? -1, left ?? -1);
  return version < 0 ? undefined : {version};
}
