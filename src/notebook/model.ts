import {isMap, LineCounter, parseDocument, stringify, type Document} from 'yaml';
import type {Problem} from '../lib/problem.ts';
import {closest} from '../lib/text.ts';
import type {Cell, Notebook, ParamValue} from './cells.ts';
import {readDashboard} from './dashboard.ts';

const fenceLine = /^(`{3,}|~{3,})[ \t]*([^\s`]*)[ \t]*([^`]*)$/;
const runnable = new Set(['step', 'sql', 'psql', 'chart']);
const cellName = /^[A-Za-z_]\w*$/;

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
    else if (source !== '')
      cells.push({
        type: 'text',
        id: nextId(),
        source,
        line: firstLine + i - prose.length,
        problems: [],
        markdown: source.trim(),
      });
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
    if (runnable.has(word)) {
      endProse();
      const source = lines.slice(i, end).join('');
      const body = lines.slice(i + 1, close < 0 ? end : close).join('');
      cells.push(readCell(word, info.trim(), body, source, firstLine + i, close < 0));
    } else prose.push(...lines.slice(i, end));
    i = end;
  }
  endProse();
  return cells;
}

function readCell(word: string, info: string, body: string, source: string, line: number, unclosed: boolean): Cell {
  const problems: Problem[] = [];
  const report = (code: string, message: string, hint: string, at = line): void =>
    void problems.push({code, message, hint, where: {line: at}});
  if (unclosed)
    report('CELL_NOT_CLOSED', 'This cell’s fence is never closed.', 'End the cell with a line of three backticks.');
  const base = {id: nextId(), source, line, body};
  const step = /^(\S+)\s*=\s*(\S+)$/.exec(info);
  const name = word === 'step' ? (step?.[1] ?? info) : info;
  if (word === 'step' && step === null)
    report(
      'CELL_HEADER',
      `A step cell starts with “step NAME = KIND”, and this one says “step ${info}”.`,
      'Write, for example, step clean = dedup.',
    );
  else if (!cellName.test(name) && !(word === 'chart' && name === ''))
    report(
      'CELL_NAME',
      `“${name}” can’t be the name of a cell.`,
      'Use letters, digits and underscores, starting with a letter, so that SQL can name it.',
    );

  if (word === 'sql' || word === 'psql') {
    const disabled = /^\s*--\s*disabled: true\s*$/m.test(body.split('\n')[0] ?? '');
    return {...base, type: 'sql', engine: word === 'psql' ? 'postgres' : 'duckdb', name, disabled, problems};
  }
  const {values, yamlProblems} = readYaml(body, line);
  problems.push(...yamlProblems);
  const {from, disabled, ...rest} = values;
  if (from !== undefined && typeof from !== 'string')
    report('CELL_FROM', 'from takes the name of one cell above.', 'Write from: NAME.');
  const common = {
    ...base,
    name,
    disabled: disabled === true,
    problems,
    from: typeof from === 'string' ? from : undefined,
    values: rest,
  };
  return word === 'chart' ? {...common, type: 'chart'} : {...common, type: 'step', kind: step?.[2] ?? ''};
}

function readYaml(body: string, fenceAt: number): {values: Record<string, unknown>; yamlProblems: Problem[]} {
  const counter = new LineCounter();
  const document = parseDocument(body, {lineCounter: counter, prettyErrors: false});
  const yamlProblems = document.errors.map((error): Problem => ({
    code: 'YAML',
    message: `This line can’t be read as YAML: ${error.message}`,
    hint: 'Check the indentation, colons and quotes of this line.',
    where: {line: fenceAt + counter.linePos(error.pos[0]).line},
  }));
  if (yamlProblems.length > 0) return {values: {}, yamlProblems};
  if (document.contents === null) return {values: {}, yamlProblems};
  if (!isMap(document.contents)) {
    yamlProblems.push({
      code: 'YAML',
      message: 'The cell’s body has to be “name: value” lines.',
      hint: 'Write one parameter a line, such as keys: [sensor_id].',
      where: {line: fenceAt + 1},
    });
    return {values: {}, yamlProblems};
  }
  try {
    // The contents are a YAML map, checked above.
    return {values: document.toJS({maxAliasCount: 100}) as Record<string, unknown>, yamlProblems};
  } catch (error) {
    yamlProblems.push({
      code: 'YAML',
      message: `The body can’t be read as YAML: ${error instanceof Error ? error.message : String(error)}`,
      where: {line: fenceAt + 1},
    });
    return {values: {}, yamlProblems};
  }
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

/** Where in the notebook a parameter of a cell stands, for a Problem: the line of the deepest part of `path` that is there. */
export function lineOf(cell: {readonly body: string; readonly line: number}, path: string): number {
  const counter = new LineCounter();
  const document = parseDocument(cell.body, {lineCounter: counter, prettyErrors: false});
  const keys = path.split(/[.[\]]+/).filter((key) => key !== '');
  for (let depth = keys.length; depth > 0; depth--) {
    const parent: unknown = depth === 1 ? document.contents : document.getIn(keys.slice(0, depth - 1), true);
    if (!isMap(parent)) continue;
    const pair = parent.items.find((item) => String(item.key) === keys[depth - 1]);
    const range =
      pair !== undefined && pair.key !== null && typeof pair.key === 'object' && 'range' in pair.key
        ? pair.key.range
        : undefined;
    if (Array.isArray(range) && typeof range[0] === 'number') return cell.line + counter.linePos(range[0]).line;
  }
  return cell.line;
}

/** A cell's source with parameters set (`undefined` removes one); comments and the other lines stay. */
export function withValues(
  cell: {readonly source: string; readonly body: string},
  changes: Readonly<Record<string, unknown>>,
): string {
  const document: Document = parseDocument(cell.body);
  if (!isMap(document.contents)) document.contents = document.createNode({});
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) document.delete(name);
    else document.set(name, document.createNode(value, {flow: isFlow(value)}));
  }
  const empty = isMap(document.contents) && document.contents.items.length === 0;
  return withBody(cell, empty ? '' : document.toString(yamlStyle));
}

/** A cell's source with another body; the fences and the blank lines around stay. */
export function withBody(cell: {readonly source: string; readonly body: string}, body: string): string {
  const start = cell.source.indexOf('\n') + 1 || cell.source.length;
  const head = cell.source.slice(0, start);
  return `${head}${head.endsWith('\n') ? '' : '\n'}${body === '' || body.endsWith('\n') ? body : `${body}\n`}${cell.source.slice(start + cell.body.length)}`;
}

/** A cell's source with another first line: `step NAME = KIND`, `sql NAME`, `psql NAME` or `chart NAME`. */
export function withHeader(source: string, header: string): string {
  return source.replace(/^(`{3,}|~{3,})[^\n]*/, (_line, ticks: string) => ticks + header);
}

const yamlStyle = {lineWidth: 0, flowCollectionPadding: false} as const;
// Lists and small objects of plain values read best on one line.
const isFlow = (value: unknown): boolean =>
  Array.isArray(value)
    ? value.every((item) => item === null || typeof item !== 'object')
    : value !== null &&
      typeof value === 'object' &&
      Object.values(value).every((item) => item === null || typeof item !== 'object');

/** The source of a new cell. */
export function newCell(header: string, body: string | Readonly<Record<string, unknown>>): string {
  const text =
    typeof body === 'string'
      ? body
      : Object.keys(body).length === 0
        ? ''
        : stringify(body, {...yamlStyle, collectionStyle: 'any'});
  return `\`\`\`${header}\n${text === '' || text.endsWith('\n') ? text : `${text}\n`}\`\`\`\n\n`;
}

/** A front matter that `change` was made to; the rest of it stays. */
export function withFront(notebook: Notebook, change: (front: Document) => void): string {
  const document: Document = parseDocument(yamlOf(notebook.front));
  if (!isMap(document.contents)) document.contents = document.createNode({lakebook: 1});
  change(document);
  const blank = /---[^\n]*\n(\s*)$/.exec(notebook.front)?.[1];
  return `---\n${document.toString(yamlStyle)}---\n${blank ?? '\n'}`;
}

/** What `${name}` stands for, or a Problem that names the parameters there are. */
export function paramNamed(name: string, params: Notebook['params']): ParamValue | Problem {
  const value = Object.hasOwn(params, name) ? params[name] : undefined;
  if (value !== undefined) return value;
  const near = closest(name, Object.keys(params));
  return {
    code: 'PARAM_NOT_FOUND',
    message: `The notebook has no parameter ${name}.`,
    hint:
      near === undefined
        ? `Add it to params at the top of the notebook: params: {${name}: …}.`
        : `Did you mean ${near}?`,
  };
}
