import {mayTouch} from '../cells/index.ts';
import {isRunnable, type RunnableCell} from '../cells/define.ts';
import {isLakeTable, type Touch} from '../run/touch.ts';
import type {Notebook} from './define.ts';

/** Cells that touch a thing for which `is` answers true. A cell whose text can't be read touches nothing. */
const usersOf = (notebook: Notebook, is: (touch: Touch) => boolean): RunnableCell[] =>
  notebook.cells.filter(isRunnable).filter((cell) => mayTouch(cell, notebook.params).some(is));

/** Cells that read or write a table of the lake, by its name without case. */
export const lakeUsers = (notebook: Notebook, table: string): RunnableCell[] =>
  usersOf(notebook, (touch) => isLakeTable(touch, table));

/** Cells that name a file. */
export const fileUsers = (notebook: Notebook, file: string): RunnableCell[] =>
  usersOf(notebook, (touch) => touch.kind === 'file' && touch.name === file);

/** The files that cells name, each once. */
export const filesNamed = (notebook: Notebook): string[] => [
  ...new Set(
    notebook.cells.flatMap((cell) =>
      mayTouch(cell, notebook.params).flatMap((touch) =>
        touch.kind === 'file' && touch.name !== '' ? [touch.name] : [],
      ),
    ),
  ),
];
