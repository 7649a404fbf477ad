import {isMap, isNode, LineCounter, parseDocument, stringify, visit, type Document} from 'yaml';
import type {Problem} from '../lib/problem.ts';
import type {CellType, NewCell} from './define.ts';

/** A piece of YAML whose lines follow line `fenceAt` of the notebook, as an object; what is wrong with it is told. */
export function readYaml(body: string, fenceAt: number): {values: Record<string, unknown>; yamlProblems: Problem[]} {
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
  visit(document, {
    Alias(_key, {source, range}, path) {
      if (!path.some((node) => isNode(node) && 'anchor' in node && node.anchor === source)) return;
      yamlProblems.push({
        code: 'YAML',
        message: `*${source} stands inside of &${source}, which it names: a value can’t hold itself.`,
        hint: `Write out what *${source} stands for.`,
        where: {line: fenceAt + counter.linePos(range?.[0] ?? 0).line},
      });
      return visit.BREAK;
    },
  });
  if (yamlProblems.length > 0) return {values: {}, yamlProblems};
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
    // What a cell reads stands first.
    else if (name === 'from' && isMap(document.contents) && !document.has(name))
      document.contents.items.unshift(document.createPair(name, value));
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

/** How the page writes YAML. */
export const yamlStyle = {lineWidth: 0, flowCollectionPadding: false} as const;
// Lists and small objects of plain values read best on one line.
const isFlow = (value: unknown): boolean =>
  Array.isArray(value)
    ? value.every((item) => item === null || typeof item !== 'object')
    : value !== null &&
      typeof value === 'object' &&
      Object.values(value).every((item) => item === null || typeof item !== 'object');

/** The lines of a new cell. */
export function newCell({fence}: Pick<CellType, 'fence'>, {header, body}: NewCell): string {
  const text =
    typeof body === 'string'
      ? body
      : Object.keys(body).length === 0
        ? ''
        : stringify(body, {...yamlStyle, collectionStyle: 'any'});
  return `\`\`\`${fence} ${header}\n${text === '' || text.endsWith('\n') ? text : `${text}\n`}\`\`\`\n\n`;
}
