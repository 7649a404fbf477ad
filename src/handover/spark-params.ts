import {isRunnable, type NotebookParams, type ParamValue} from '../cells/define.ts';
import type {Notebook} from '../notebook/define.ts';
import type {CompiledCell} from '../notebook/plan.ts';
import {py, pyIdentifier} from '../pyspark/py.ts';
import {commentsAndStrings} from './python-text.ts';

/** The Python of a cell whose body was planned with these parameters of the notebook; undefined when it can't be with them. */
export type Write = (cell: CompiledCell) => string | undefined;

const placeholder = /\$\{([A-Za-z_]\w*)\}/g;

/** The parameters that the cell's body names. */
const named = (body: string, params: NotebookParams): string[] => [
  ...new Set([...body.matchAll(placeholder)].flatMap(([, name = '']) => (Object.hasOwn(params, name) ? [name] : []))),
];

/** The cell as it would have been planned with other parameters; undefined when it couldn't be. */
function withParams(cell: CompiledCell, params: NotebookParams): CompiledCell | undefined {
  const work = cell.work.withParams(params);
  return work === undefined ? undefined : {...cell, work};
}

// Values that are unlikely to stand in a notebook; one that the step refuses (k = 7919) gives way to the next.
const strangers: Readonly<Record<string, readonly ParamValue[]>> = {
  number: [7919, 6043, 5227, 983, 97, 37, 0.4621, 0.3853],
  string: ['qzx', 'xqw', 'wvq'],
  boolean: [],
};

/** A parameter of the notebook, and what is written in its place. */
interface Marker {
  readonly name: string;
  readonly stranger: ParamValue;
}

/** The Python of a cell, the parameters of the notebook that it takes from `params`, and those that it names but can't take. */
export interface Parameterised {
  readonly text: string;
  readonly params: readonly string[];
  readonly fixed: readonly string[];
}

/**
 * The Python of a cell in which `params.threshold` stands wherever the notebook's parameter decides nothing but a value. That is found out by
 * writing the cell with a strange value in the parameter's place: taking it out has to give what the real value gives.
 */
export function parameterised(cell: CompiledCell, notebook: Notebook, write: Write): Parameterised | undefined {
  const plain = write(cell);
  if (plain === undefined) return undefined;
  const source = notebook.cells.find(({id}) => id === cell.id);
  const used = source === undefined || !isRunnable(source) ? [] : named(source.body, notebook.params);
  const markers: Marker[] = [];
  const fixed: string[] = [];
  for (const name of used) {
    const value = notebook.params[name];
    const free = (strangers[typeof value] ?? []).filter(
      (candidate) => !plain.includes(String(candidate)) && markers.every((marker) => marker.stranger !== candidate),
    );
    const stranger = free.find((candidate) => works([{name, stranger: candidate}]) !== undefined);
    if (stranger === undefined) fixed.push(name);
    else markers.push({name, stranger});
  }

  function works(all: readonly Marker[]): string | undefined {
    const changed = withParams(cell, {
      ...notebook.params,
      ...Object.fromEntries(all.map(({name, stranger}) => [name, stranger])),
    });
    const written = changed === undefined ? undefined : write(changed);
    if (written === undefined) return undefined;
    const real = all.reduce(
      (text, {name, stranger}) => text.replaceAll(String(stranger), inText(notebook.params[name])),
      written,
    );
    if (real !== plain) return undefined;
    return all.reduce<string | undefined>(
      (text, marker) => (text === undefined ? undefined : marked(text, marker)),
      written,
    );
  }

  const text = works(markers);
  return text === undefined
    ? {text: plain, params: [], fixed: used}
    : {text, params: markers.map(({name}) => name), fixed};
}

// What can be put in the place of the stranger without being escaped; any other text stays as it is.
const inText = (value: ParamValue | undefined): string =>
  typeof value === 'string' && !/^[\p{L}\p{N}_ .,:/+-]*$/u.test(value) ? '\0' : String(value);

/** The text with the stranger's places taken by the parameter; undefined where that can't be done safely. */
function marked(python: string, {name, stranger}: Marker): string | undefined {
  const param = `params.${pyIdentifier(name)}`;
  const found = String(stranger);
  let isSafe = true;
  const text = pieces(python)
    .map((piece) => {
      if (!piece.text.includes(found)) return piece.text;
      if (!piece.isString) return piece.text.replaceAll(found, param);
      if (typeof stranger === 'string' && piece.text === py(stranger)) return param;
      const inSql = piece.isSql;
      // In SQL a text stands in quotes, which `literal` writes itself; a name there would be no data.
      const body =
        typeof stranger === 'string' && inSql
          ? piece.text.replaceAll(new RegExp(`(\\\\?')${found}\\1`, 'g'), '\0')
          : piece.text.replaceAll(found, inSql ? '\0' : '\x01');
      if (body.includes(found)) isSafe = false;
      return `${piece.text.startsWith('f') ? '' : 'f'}${(piece.text.startsWith('f') ? body : body.replace(/[{}]/g, '$&$&')).replaceAll('\0', `{literal(${param})}`).replaceAll('\x01', `{${param}}`)}`;
    })
    .join('');
  return isSafe ? text : undefined;
}

interface Piece {
  readonly text: string;
  readonly isString: boolean;
  /** A string that Spark parses as SQL. */
  readonly isSql: boolean;
}

/** Python without its string literals and comments. */
export const codeOf = (python: string): string =>
  pieces(python)
    .map(({text, isString}) => (isString ? "''" : text.replace(/#[^\n]*/g, '')))
    .join('');

/** Python cut at its string literals, in order. */
function pieces(python: string): Piece[] {
  const all: Piece[] = [];
  let done = 0;
  for (const match of commentsAndStrings(python)) {
    const [text] = match;
    if (text.startsWith('#')) continue;
    const before = python.slice(done, match.index);
    all.push(
      {text: before, isString: false, isSql: false},
      {text, isString: true, isSql: /\b(?:expr|sql)\(\s*$/.test(before)},
    );
    done = match.index + text.length;
  }
  return [...all, {text: python.slice(done), isString: false, isSql: false}];
}
