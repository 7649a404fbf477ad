import {ProblemError} from '../../lib/problem.ts';
import {closest} from '../../lib/text.ts';
import {query} from '../../sql/sql.ts';
import type {Maker} from '../define.ts';
import type {ProgramOf} from '../program.ts';
import {createAs} from './statements.ts';

/** A query of the user's own: it finds its inputs under their names, and nothing else. */
export const makeQuery: Maker<ProgramOf<'query'>> = async ({text, above}, {ports, table, inputs, showOnly, signal}) => {
  await showOnly(inputs);
  try {
    await ports.engine.execute([createAs(table, query(text))], {signal});
  } catch (thrown) {
    throw withNearest(thrown, above);
  }
  return {};
};

/** The engine is shown what the query reads alone, so it can't tell which table was meant by a misspelt name. */
function withNearest(thrown: unknown, names: readonly string[]): unknown {
  if (!(thrown instanceof ProblemError) || thrown.problem.code !== 'TABLE_NOT_FOUND') return thrown;
  const {problem} = thrown;
  const near = closest(/named (\S+)\.$/.exec(problem.message)?.[1] ?? '', names);
  return near === undefined ? thrown : new ProblemError({...problem, hint: `Did you mean ${near}?`}, {cause: thrown});
}
