import {chartCell} from './chart.ts';
import {isRunnable, type Cell, type CellType, type Fence, type NotebookParams, type RunnableCell} from './define.ts';
import {psqlCell} from './psql.ts';
import {sqlCell} from './sql.ts';
import {stepCell} from './step.ts';
import type {Touch} from '../run/touch.ts';

/** Every kind of cell that runs, by the first word of its fence. */
export const cellTypes: {readonly [F in Fence]: CellType} = {
  step: stepCell,
  sql: sqlCell,
  psql: psqlCell,
  chart: chartCell,
};

/** The kind of cell that a fence's first word names; undefined for a fence of prose. */
export const cellTypeOf = (word: string): CellType | undefined =>
  Object.values(cellTypes).find(({fence}) => fence === word);

export const typeOf = ({type}: Pick<RunnableCell, 'type'>): CellType => cellTypes[type];

/** Whether cells below can read it. */
export const givesRows = (cell: Pick<RunnableCell, 'type'>): boolean => typeOf(cell).gives === 'rows';

/** What a cell uses, as its text says; undefined when it can't be read. */
export const touchesOf = (cell: RunnableCell, params: NotebookParams): readonly Touch[] | undefined =>
  cell.problems.length > 0 ? undefined : typeOf(cell).touches(cell, params);

/** The same for a cell that can't run, as far as its text can be read: lists of who uses a thing name it too. */
export const mayTouch = (cell: Cell, params: NotebookParams): readonly Touch[] =>
  isRunnable(cell) ? (typeOf(cell).touches(cell, params, true) ?? []) : [];
