import {isRunnable, type RunnableCell} from '../cells/define.ts';
import {givesRows} from '../cells/index.ts';
import type {Notebook} from './define.ts';

/** Names of the cells above one that give rows, from the top down; with `including` its own too. */
export function cellNamesAbove({cells}: Notebook, id: string | undefined, including = false): string[] {
  const index = cells.findIndex((cell) => cell.id === id);
  const above = cells.slice(0, including ? index + 1 : Math.max(0, index));
  return above.flatMap((cell) => (isRunnable(cell) && givesRows(cell) ? [cell.name] : []));
}

export const cellNamed = ({cells}: Notebook, name: string): RunnableCell | undefined =>
  cells.find((cell): cell is RunnableCell => isRunnable(cell) && cell.name === name);
