import {isRunnable} from '../cells/define.ts';
import {ProblemError} from '../lib/problem.ts';
import type {Row} from '../lib/value.ts';
import type {Ports} from '../ports/index.ts';
import type {Sql} from '../sql/sql.ts';
import {stepOf} from '../steps/index.ts';
import type {Document} from './document.svelte.ts';
import {cellNamesAbove} from './names.ts';
import type {Runs} from './runs.svelte.ts';

/** Fills a cell's parameters with what its step proposes for the rows that it reads: one edit, which undo takes back. Gives the values. */
export async function propose(
  {ports, document, runs}: {readonly ports: Ports; readonly document: Document; readonly runs: Runs},
  id: string,
): Promise<Readonly<Record<string, unknown>>> {
  const cell = document.notebook.cells.filter(isRunnable).find((other) => other.id === id);
  const load = stepOf(cell?.kind ?? '')?.propose;
  if (cell === undefined || load === undefined)
    throw new ProblemError({
      code: 'NO_PROPOSAL',
      message: 'This cell has nothing to propose.',
      hint: 'A quality cell has.',
    });
  const input = cell.from ?? cellNamesAbove(document.notebook, id).at(-1) ?? '';
  const proposer = await load();
  const ask = async (query: Sql): Promise<readonly Row[]> => (await ports.engine.rows(query)).rows;
  const values = await runs.study(input, ({relation, columns}) => proposer(ask, {relation, columns}, new Date()));
  document.setValues(id, values);
  return values;
}
