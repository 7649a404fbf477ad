import {problemOf, ProblemError} from '../../lib/problem.ts';
import type {Progress} from '../../ports/index.ts';
import type {LakeWrite, PostgresWrite} from '../../tables/define.ts';
import type {Made, Maker, MakerContext} from '../define.ts';
import type {Input, ProgramOf} from '../program.ts';

type Figures = NonNullable<Made['figures']>;

/** The input's rows as they are, on their way to a table of the lake or of PostgreSQL. */
export const makeThrough: Maker<ProgramOf<'through'>> = async (program, context) => {
  const {cell, inputs, known, showOnly} = context;
  await showOnly([]);
  const [input] = inputs;
  const through = known(cell.inputs[0]?.hash ?? '');
  if (input === undefined || through === undefined) throw new Error('what passes rows on has an input');
  if (program.postgres !== undefined)
    return {through, figures: {facts: await toPostgres(program.postgres, input, context), tables: {}}};
  if (program.write === undefined) return {through, figures: through.figures};
  return {through, figures: await toLake(program.write, input, context)};
};

const progressOf =
  ({events, cell}: MakerContext) =>
  (progress: Progress): void =>
    events.onProgress?.(cell.name, progress);

/** Rows go to a table of the lake; the commit's figures come back. A crash that the cell asks for is told as a figure too. */
async function toLake(write: LakeWrite, input: Input, context: MakerContext): Promise<Figures> {
  const {ports, cell, events, signal, notebookPath, forgetWriters} = context;
  const {applies} = cell;
  if (applies === undefined) throw new Error('what writes to the lake says so');
  const {writeLakeTable} = await import('../../tables/lake-write.ts');
  const options = {applies, notebook: {path: notebookPath, cell: cell.name}, onProgress: progressOf(context), signal};
  try {
    const mayWrite = events.mayWrite ?? false;
    const {facts, applied} = await writeLakeTable(ports, write, input, {...options, mayWrite});
    if (applied === undefined) forgetWriters(write.table, applies);
    return {facts, tables: {}};
  } catch (thrown) {
    if (write.crashAfter === undefined || problemOf(thrown).code !== 'STORAGE_RESTARTED') throw thrown;
  }
  const again = {...options, mayWrite: false};
  const after = await writeLakeTable(ports, {...write, crashAfter: undefined}, input, again).catch(
    (thrown: unknown) => {
      if (problemOf(thrown).code === 'NOT_RUN') return undefined;
      throw thrown;
    },
  );
  return {
    facts: {
      crashed_after_step: write.crashAfter,
      committed: after === undefined ? 0 : 1,
      ...(after === undefined ? {} : {version: after.version}),
    },
    tables: {},
  };
}

async function toPostgres(
  write: PostgresWrite,
  input: Input,
  context: MakerContext,
): Promise<Readonly<Record<string, number>>> {
  const {ports, cell, events, signal, forgetPostgres} = context;
  if (events.mayWrite !== true)
    throw new ProblemError({
      code: 'NOT_RUN',
      message: `The rows of ${cell.name} may not be in PostgreSQL’s table ${write.table} any more.`,
      hint: `Run ${cell.name} to write them: to look at a cell writes nothing.`,
    });
  const {writePostgres} = await import('../../tables/postgres-write.ts');
  const facts = await writePostgres(ports, write, input, {onProgress: progressOf(context), signal});
  forgetPostgres(write.table);
  return facts;
}
