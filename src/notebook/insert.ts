import {isRunnable, type Fence} from '../cells/define.ts';
import {cellTypes} from '../cells/index.ts';
import {newCell} from '../cells/source.ts';
import {newText} from '../cells/text.ts';
import {stepOf} from '../steps/index.ts';
import type {Notebook} from './define.ts';
import {freeName} from './edit.ts';
import {cellNamesAbove} from './names.ts';

/** The source of a new cell, for where it is to stand. */
export type NewCell = (notebook: Notebook, afterId: string | undefined) => string;

/** A cell of one kind; `given` is its body, a step's header says its kind. */
export const cellOf =
  (
    type: Fence,
    called: string,
    given?: Readonly<Record<string, unknown>> | string,
    headerOf: (name: string) => string = (name) => name,
  ): NewCell =>
  (notebook, afterId) => {
    const taken = new Set(notebook.cells.flatMap((cell) => (isRunnable(cell) ? [cell.name] : [])));
    const name = headerOf(freeName(called, taken));
    const above = cellNamesAbove(notebook, afterId, true);
    return newCell(cellTypes[type], cellTypes[type].create(name, above, given));
  };

export const stepCell = (kind: string, values: Readonly<Record<string, unknown>> = {}, name: string = kind): NewCell =>
  cellOf('step', name, values, (free) => `${free} = ${kind}`);

/** A step with an example's parameters. */
export function exampleCell(kind: string, exampleName?: string): NewCell {
  const examples = stepOf(kind)?.examples ?? [];
  const example = examples.find((known) => known.name === exampleName) ?? examples[0];
  return stepCell(kind, example?.params ?? {});
}

export const textCell =
  (markdown = 'Say why, for whoever reads this next.'): NewCell =>
  () =>
    newText(markdown);

/** A cell that loads a file of the workspace, or a table of one. */
export const loadCell = (file: string, values: Readonly<Record<string, unknown>> = {}): NewCell =>
  stepCell('load', {file, ...values}, loadName(file, values['table']));

/** What a cell is called that loads a file: after the file, or after the table of it. */
export function loadName(file: string, table: unknown): string {
  const stem =
    typeof table === 'string'
      ? table
      : file.replace(/\.(gz|csv|tsv|txt|json|ndjson|jsonl|parquet)$/gi, '').replace(/\.\w+$/, '');
  const name = stem
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .replace(/^(?=\d)/, 't_');
  return name || 'data';
}
