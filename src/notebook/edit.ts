import {mayTouch, typeOf} from '../cells/index.ts';
import {nameProblem, renamedValue} from '../cells/yaml-cell.ts';
import {touching} from '../run/touch.ts';
import type {Problem} from '../lib/problem.ts';
import {isRunnable, type Cell, type ParamValue, type RunnableCell} from '../cells/define.ts';
import {withBody, withHeader, withValues} from '../cells/source.ts';
import {rejectsOf} from '../run/define.ts';
import {editDashboard, type DashboardEdit} from './dashboard.ts';
import type {Notebook} from './define.ts';
import {holdInputs} from './implicit.ts';
import {parseNotebook, withFront} from './model.ts';

/** A cell's id and the lines it should have. */
type Piece = Pick<Cell, 'id' | 'source'>;

/**
 * A notebook of these pieces. The text is the truth: it is parsed whole, so lines and problems are right, and every cell
 * that can be told again keeps its id. Where two pieces meet that did not before, a blank line is put between them.
 */
function rebuild(before: Notebook, pieces: readonly Piece[], front = before.front): Notebook {
  // The id of a new piece is empty, so the last cell has met none.
  const met = new Set(before.cells.slice(1).map((cell, i) => `${before.cells[i]?.id ?? ''} ${cell.id}`));
  const end = /\r\n/.test(before.front + (before.cells[0]?.source ?? '')) ? '\r\n' : '\n';
  const text = pieces.map((piece, i) => {
    const next = pieces[i + 1];
    const source = closed(piece.source, end);
    const isAsBefore = next === undefined || (met.has(`${piece.id} ${next.id}`) && source.endsWith('\n'));
    return isAsBefore ? source : apart(source, next.source, end);
  });
  const notebook = parseNotebook(front + text.join(''));
  const unclaimed = pieces.map((piece) => ({id: piece.id, key: piece.source.trim()}));
  const claim = (matches: (piece: {id: string; key: string}) => boolean): string | undefined => {
    const found = unclaimed.findIndex(matches);
    return found < 0 ? undefined : unclaimed.splice(found, 1)[0]?.id;
  };
  const byText = notebook.cells.map((cell) => claim((piece) => piece.key === cell.source.trim()));
  const cells = notebook.cells.map((cell, i) => {
    const id =
      byText[i] ?? claim((piece) => piece.key.startsWith(cell.source.trim()) || cell.source.includes(piece.key));
    return id === undefined ? cell : {...cell, id};
  });
  return {...notebook, cells};
}

/** Ends a piece so that the next one starts after a blank line. */
function apart(source: string, next: string, end: string): string {
  if (source.trim() === '') return source;
  const line = /\n$/.test(source) ? source : source + end;
  return /\n\r?\n$/.test(line) || /^\r?\n/.test(next) ? line : line + end;
}

/** A fence that an edit leaves open would swallow the cells below: it ends with its own piece. */
function closed(source: string, end: string): string {
  let open: string | undefined;
  for (const line of source.split(/\r?\n/)) {
    const ticks = /^(`{3,}|~{3,})/.exec(line)?.[1];
    if (ticks === undefined) continue;
    if (open === undefined) open = ticks;
    else if (line.startsWith(open) && line.trim().replaceAll(open.charAt(0), '') === '') open = undefined;
  }
  return open === undefined ? source : `${source.replace(/\s*$/, '')}${end}${open}${end}`;
}

const pieces = (notebook: Notebook): Piece[] => notebook.cells.map(({id, source}) => ({id, source}));

export const setSource = (notebook: Notebook, id: string, source: string): Notebook =>
  held(
    notebook,
    rebuild(
      notebook,
      pieces(notebook).map((piece) => (piece.id === id ? {id, source} : piece)),
    ),
    [id],
  );

/** Writes a text cell anew; the empty line that keeps it from the cell above stays. */
export function setText(notebook: Notebook, id: string, markdown: string): Notebook {
  const [before = ''] = /^(?:[ \t]*\r?\n)*/.exec(notebook.cells.find((cell) => cell.id === id)?.source ?? '') ?? [];
  return setSource(notebook, id, `${before}${markdown.trim()}\n\n`);
}

/** `after` with the inputs written down that cells read without naming them and would have lost. */
function held(before: Notebook, after: Notebook, moved: readonly string[] = []): Notebook {
  const sources = holdInputs(before, after, moved);
  return sources.size === 0
    ? after
    : rebuild(
        after,
        pieces(after).map((piece) => ({...piece, source: sources.get(piece.id) ?? piece.source})),
      );
}

/** Sets parameters of a step or chart cell; `undefined` removes one. */
export function setValues(notebook: Notebook, id: string, values: Readonly<Record<string, unknown>>): Notebook {
  const cell = notebook.cells.find((other) => other.id === id);
  return cell === undefined || !isRunnable(cell) ? notebook : setSource(notebook, id, withValues(cell, values));
}

export function setDisabled(notebook: Notebook, ids: readonly string[], disabled: boolean): Notebook {
  return rebuild(
    notebook,
    notebook.cells.map((cell) =>
      ids.includes(cell.id) && isRunnable(cell) ? {id: cell.id, source: switched(cell, disabled)} : cell,
    ),
  );
}

const switched = (cell: RunnableCell, disabled: boolean): string =>
  cell.disabled === disabled ? cell.source : typeOf(cell).switched(cell, disabled);

/** The first line of a cell of this name. */
const headerOf = (cell: RunnableCell, name: string): string => `${cell.type} ${typeOf(cell).header(cell, name)}`;

/** Why a cell can't be given this name: it would break the cell, or mix up what reads it with what reads another one. */
export function renameProblem(notebook: Notebook, id: string, name: string): Problem | undefined {
  const isTaken = notebook.cells.some(
    (other) => other.id !== id && isRunnable(other) && other.name.toLowerCase() === name.toLowerCase(),
  );
  return isTaken
    ? {
        code: 'NAME_TAKEN',
        message: `Another cell is named ${name} already.`,
        hint: 'Give this cell a name of its own.',
      }
    : nameProblem(name);
}

/** Renames a cell, and every mention of it or of its rejects in other cells and on the dashboard. */
export function rename(notebook: Notebook, id: string, name: string): Notebook {
  const cell = notebook.cells.find((other) => other.id === id);
  if (cell === undefined || !isRunnable(cell) || cell.name === name) return notebook;
  const old = cell.name.toLowerCase();
  const names = new Set(notebook.cells.filter(isRunnable).map((other) => other.name.toLowerCase()));
  const nameOf = (found: string): string | undefined => {
    const key = found.toLowerCase();
    if (key === old) return name;
    // A cell of its own may go by that name.
    return key === rejectsOf(old) && !names.has(key) ? rejectsOf(name) : undefined;
  };
  const renamed = (other: Cell): Piece => {
    if (other.id === id) return {id, source: withHeader(other.source, headerOf(cell, name))};
    if (!isRunnable(other) || cell.name === '') return other;
    return {id: other.id, source: typeOf(other).renamed(other, nameOf)};
  };
  const isShown = cell.name !== '' && notebook.dashboard.tiles.some((tile) => tile?.cell === cell.name);
  const front = isShown
    ? withFront(notebook, (document) => editDashboard(document, {do: 'rename', from: cell.name, to: name}))
    : notebook.front;
  return rebuild(notebook, notebook.cells.map(renamed), front);
}

/** Names a table of the lake otherwise in every cell that reads or writes it. */
export const renameTable = (notebook: Notebook, from: string, to: string): Notebook =>
  rebuild(
    notebook,
    notebook.cells.map((cell) =>
      isRunnable(cell) ? {id: cell.id, source: typeOf(cell).tableRenamed(cell, from, to)} : cell,
    ),
  );

/** The files that cells name themselves, not by a parameter. */
export const filesNamed = (notebook: Notebook): readonly string[] => [
  ...new Set(notebook.cells.flatMap((cell) => touching(mayTouch(cell, {}), 'file').map(({name}) => name))),
];

/** The same notebook on another file: every cell that names the old one names the new one. */
export const replaceFile = (notebook: Notebook, old: string, name: string): Notebook =>
  rebuild(
    notebook,
    notebook.cells.map((cell) => {
      const params = touching(mayTouch(cell, notebook.params), 'file').map(({param}) => param);
      if (!isRunnable(cell) || params.length === 0) return cell;
      const changes = [...new Set(params)].flatMap((param) => {
        const changed = renamedValue(cell.values[param], (file) => (file === old ? name : undefined));
        return changed === undefined ? [] : [[param, changed] as const];
      });
      return changes.length === 0 ? cell : {id: cell.id, source: withValues(cell, Object.fromEntries(changes))};
    }),
  );

/** Inserts a cell's source after the cell `afterId`, or first when it is undefined. Gives the new cell's id too. */
export function insert(
  notebook: Notebook,
  afterId: string | undefined,
  source: string,
): {notebook: Notebook; id: string | undefined} {
  const all = pieces(notebook);
  const index = afterId === undefined ? 0 : all.findIndex((piece) => piece.id === afterId) + 1;
  const known = new Set(all.map((piece) => piece.id));
  const next = rebuild(notebook, all.toSpliced(index, 0, {id: '', source}));
  const cells = next.cells.map((cell) => (cell.id === '' ? {...cell, id: `new-${++inserted}`} : cell));
  const id = cells.find((cell) => !known.has(cell.id))?.id;
  return {notebook: held(notebook, {...next, cells}), id};
}
let inserted = 0;

export const remove = (notebook: Notebook, ids: readonly string[]): Notebook =>
  held(
    notebook,
    rebuild(
      notebook,
      pieces(notebook).filter((piece) => !ids.includes(piece.id)),
    ),
  );

/** Moves cells, in their order, so that the first stands before the cell that is at `index` now. */
export function move(notebook: Notebook, ids: readonly string[], index: number): Notebook {
  const all = pieces(notebook);
  const isMoved = (piece: Piece): boolean => ids.includes(piece.id);
  const before = all.slice(0, index).filter((piece) => !isMoved(piece));
  const after = all.slice(index).filter((piece) => !isMoved(piece));
  return held(notebook, rebuild(notebook, [...before, ...all.filter(isMoved), ...after]), ids);
}

/** Copies of cells, below the last of them, with names of their own. */
export function duplicate(notebook: Notebook, ids: readonly string[]): Notebook {
  const taken = new Set(notebook.cells.flatMap((cell) => (isRunnable(cell) ? [cell.name] : [])));
  const copies = notebook.cells
    .filter((cell) => ids.includes(cell.id))
    .map((cell): Piece => {
      if (!isRunnable(cell) || cell.name === '') return {id: '', source: cell.source};
      const name = freeName(cell.name, taken);
      taken.add(name);
      return {id: '', source: withHeader(cell.source, headerOf(cell, name))};
    });
  const last = Math.max(...notebook.cells.map((cell, i) => (ids.includes(cell.id) ? i : -1)));
  const next = rebuild(notebook, pieces(notebook).toSpliced(last + 1, 0, ...copies));
  const cells = next.cells.map((cell) => (cell.id === '' ? {...cell, id: `new-${++inserted}`} : cell));
  return held(notebook, {...next, cells});
}

/** `name`, or `name_2`, `name_3` … when it is taken. */
export function freeName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  const stem = name.replace(/_\d+$/, '');
  for (let n = 2; ; n++) if (!taken.has(`${stem}_${n}`)) return `${stem}_${n}`;
}

/** A new title or parameter. */
export function setFront(
  notebook: Notebook,
  changes: {readonly title?: string; readonly params?: Readonly<Record<string, ParamValue>>},
): Notebook {
  const front = withFront(notebook, (document) => {
    if (changes.title !== undefined) document.set('title', changes.title);
    for (const [name, value] of Object.entries(changes.params ?? {})) document.setIn(['params', name], value);
  });
  return rebuild(notebook, pieces(notebook), front);
}

export const setDashboard = (notebook: Notebook, change: DashboardEdit): Notebook =>
  rebuild(
    notebook,
    pieces(notebook),
    withFront(notebook, (document) => editDashboard(document, change)),
  );

export function setBody(notebook: Notebook, id: string, body: string): Notebook {
  const cell = notebook.cells.find((other) => other.id === id);
  return cell === undefined || !isRunnable(cell) ? notebook : setSource(notebook, id, withBody(cell, body));
}
