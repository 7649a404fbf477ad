import {givesRows, typeOf} from '../cells/index.ts';
import {isRunnable, type Cell, type RunnableCell} from '../cells/define.ts';
import {withValues} from '../cells/source.ts';
import type {Notebook} from './define.ts';

/** The cell that each cell reads without naming it, by id: the nearest above that gives rows and is switched on. */
function implicitInputs(cells: readonly Cell[]): ReadonlyMap<string, RunnableCell | undefined> {
  const inputs = new Map<string, RunnableCell | undefined>();
  let nearest: RunnableCell | undefined;
  for (const cell of cells) {
    if (!isRunnable(cell)) continue;
    if (cell.from === undefined && typeOf(cell).readsFrom(cell)) inputs.set(cell.id, nearest);
    if (givesRows(cell) && !cell.disabled) nearest = cell;
  }
  return inputs;
}

/**
 * Between `before` and `after` cells came, went or moved. Gives, by id, the new lines of each cell that would read another cell than before:
 * its input is written down as `from`. Where that input is gone, the one that it read stands in; what read no other is named all the same, so
 * that its absence is told. A cell of `moved` whose input is below it now reads the nearest above its new place.
 */
export function holdInputs(before: Notebook, after: Notebook, moved: readonly string[]): ReadonlyMap<string, string> {
  const old = implicitInputs(before.cells);
  const now = implicitInputs(after.cells);
  const places = new Map(after.cells.map((cell, i) => [cell.id, i]));
  const sources = new Map<string, string>();
  for (const cell of after.cells) {
    const input = old.get(cell.id);
    if (input === undefined || !isRunnable(cell) || !now.has(cell.id) || now.get(cell.id)?.id === input.id) continue;
    const place = places.get(input.id);
    if (moved.includes(cell.id) && place !== undefined && place > (places.get(cell.id) ?? 0)) continue;
    const held = place === undefined ? standIn(input, before, old, places) : after.cells[place];
    const name = held !== undefined && isRunnable(held) ? held.name : input.name;
    sources.set(cell.id, withValues(cell, {from: name}));
  }
  return sources;
}

/** What a cell that is gone read, or what that read, and so on up to one that is still there. */
function standIn(
  gone: RunnableCell,
  before: Notebook,
  implicit: ReadonlyMap<string, RunnableCell | undefined>,
  places: ReadonlyMap<string, number>,
): RunnableCell | undefined {
  const input =
    gone.from === undefined
      ? implicit.get(gone.id)
      : before.cells.filter(isRunnable).find(({name}) => name.toLowerCase() === gone.from?.toLowerCase());
  return input === undefined || places.has(input.id) ? input : standIn(input, before, implicit, places);
}

/** A cell that reads another one than before, without its text having changed. */
export interface OtherInput {
  readonly cell: string;
  readonly before: string;
  readonly after: string | undefined;
}

/** The cells of one name in both texts of a notebook that read another cell now, though neither text names it. */
export function otherInputs(before: Notebook, after: Notebook): OtherInput[] {
  const named = (notebook: Notebook): ReadonlyMap<string, string | undefined> =>
    new Map(
      [...implicitInputs(notebook.cells)].flatMap(([id, input]) => {
        const cell = notebook.cells.find((other) => other.id === id);
        return cell === undefined || !isRunnable(cell) || cell.name === '' ? [] : [[cell.name, input?.name] as const];
      }),
    );
  const old = named(before);
  return [...named(after)].flatMap(([cell, input]) => {
    const was = old.get(cell);
    return was === undefined || was === input ? [] : [{cell, before: was, after: input}];
  });
}

/** The cells whose input was written down between two states of the notebook, with the one they would read without it. */
export function inputsHeld(before: Notebook, after: Notebook): HeldInput[] {
  const named = new Map(before.cells.filter(isRunnable).map((cell) => [cell.id, cell.from]));
  const free = implicitInputs(after.cells.map((cell) => (isRunnable(cell) ? {...cell, from: undefined} : cell)));
  return after.cells.filter(isRunnable).flatMap(({id, name, from}) => {
    if (from === undefined || !named.has(id) || named.get(id) !== undefined) return [];
    return [{id, cell: name, from, nearest: free.get(id)?.name}];
  });
}

/** A cell that goes on reading `from`, though `nearest` stands between them now. */
export interface HeldInput {
  readonly id: string;
  readonly cell: string;
  readonly from: string;
  readonly nearest: string | undefined;
}
