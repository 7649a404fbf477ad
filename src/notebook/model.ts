import {isMap, parseDocument, type Document} from 'yaml';
import type {Cell, CellType, ParamValue, Report, RunnableCell} from '../cells/define.ts';
import {cellTypeOf} from '../cells/index.ts';
import {readYaml, yamlStyle} from '../cells/source.ts';
import {textCell} from '../cells/text.ts';
import type {Problem} from '../lib/problem.ts';
import {readDashboard} from './dashboard.ts';
import type {Notebook} from './define.ts';

const fenceLine = /^(`{3,}|~{3,})[ \t]*([^\s`]*)[ \t]*([^`]*)$/;

let lastId = 0;
const nextId = (): string => `cell-${++lastId}`;

/**
 * Reads a notebook's Markdown. Nothing throws: what is wrong is a Problem on the notebook or on its cell, and
 * `serializeNotebook` gives the same bytes back.
 */
export function parseNotebook(text: string): Notebook {
  const lines = splitLines(text);
  let start = lines[0]?.trim() === '---' ? lines.findIndex((line, i) => i > 0 && line.trim() === '---') + 1 : 0;
  // Blank lines before the first cell are no cell.
  while (lines[start]?.trim() === '') start++;
  const front = lines.slice(0, start).join('');
  return {front, ...readFront(front), cells: parseCells(lines.slice(start).join(''), start + 1)};
}

export const serializeNotebook = (notebook: Notebook): string =>
  notebook.front + notebook.cells.map((cell) => cell.source).join('');

/** Lines with their line ends. */
const splitLines = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

/** The cells of a piece of Markdown whose first line is line `firstLine` of the notebook. */
function parseCells(text: string, firstLine = 1): Cell[] {
  const lines = splitLines(text);
  const cells: Cell[] = [];
  let prose: string[] = [];
  let i = 0;
  const endProse = (): void => {
    const source = prose.join('');
    // Blank lines alone belong to the cell before them, so that they are no cell of their own.
    const before = cells.at(-1);
    if (source.trim() === '' && before !== undefined)
      cells[cells.length - 1] = {...before, source: before.source + source};
    else if (source !== '') cells.push(textCell(nextId(), source, firstLine + i - prose.length));
    prose = [];
  };
  while (i < lines.length) {
    const line = lines[i] ?? '';
    const fence = fenceLine.exec(line.trimEnd());
    if (fence === null) {
      prose.push(line);
      i++;
      continue;
    }
    const [, ticks = '', word = '', info = ''] = fence;
    const close = lines.findIndex(
      (other, j) => j > i && other.trim().startsWith(ticks) && other.trim().replaceAll(ticks.charAt(0), '') === '',
    );
    const end = close < 0 ? lines.length : close + 1;
    const type = cellTypeOf(word);
    if (type !== undefined) {
      endProse();
      const source = lines.slice(i, end).join('');
      const body = lines.slice(i + 1, close < 0 ? end : close).join('');
      cells.push(readCell(type, info.trim(), body, source, firstLine + i, close < 0));
    } else prose.push(...lines.slice(i, end));
    i = end;
  }
  endProse();
  return cells;
}

function readCell(
  type: CellType,
  info: string,
  body: string,
  source: string,
  line: number,
  unclosed: boolean,
): RunnableCell {
  const problems: Problem[] = [];
  const report: Report = (code, message, hint, below = 0) =>
    void problems.push({code, message, ...(hint === undefined ? {} : {hint}), where: {line: line + below}});
  if (unclosed)
    report('CELL_NOT_CLOSED', 'This cell’s fence is never closed.', 'End the cell with a line of three backticks.');
  return {id: nextId(), source, line, body, type: type.fence, problems, ...type.read(info, body, report)};
}

/** The lines between the `---` lines. */
const yamlOf = (front: string): string => /^---[^\n]*\n([\s\S]*?)---[^\n]*\s*$/.exec(front)?.[1] ?? '';

function readFront(front: string): Pick<Notebook, 'title' | 'params' | 'dashboard' | 'problems'> {
  const {values, yamlProblems: problems} = readYaml(yamlOf(front), 1);
  const version = values['lakebook'];
  if (version !== undefined && version !== 1)
    problems.push({
      code: 'NOTEBOOK_VERSION',
      message: `This notebook is written for version ${JSON.stringify(version)} of the format, and this Lakebook reads version 1.`,
      hint: 'Open it with a newer Lakebook.',
      where: {line: 1},
    });
  const found = values['params'];
  const params: Record<string, ParamValue> = {};
  if (found !== undefined && found !== null && typeof found === 'object') {
    for (const [name, value] of Object.entries(found)) {
      if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') params[name] = value;
      else
        problems.push({
          code: 'NOTEBOOK_PARAM',
          message: `The parameter ${name} is neither text, number, true nor false.`,
          hint: 'Give it one plain value.',
          where: {line: 1},
        });
    }
  }
  const dashboard = readDashboard(values['dashboard'], problems);
  return {title: typeof values['title'] === 'string' ? values['title'] : '', params, dashboard, problems};
}

/** A front matter that `change` was made to; the rest of it stays. */
export function withFront(notebook: Notebook, change: (front: Document) => void): string {
  const document: Document = parseDocument(yamlOf(notebook.front));
  if (!isMap(document.contents)) document.contents = document.createNode({lakebook: 1});
  change(document);
  const blank = /---[^\n]*\n(\s*)$/.exec(notebook.front)?.[1];
  return `---\n${document.toString(yamlStyle)}---\n${blank ?? '\n'}`;
}
