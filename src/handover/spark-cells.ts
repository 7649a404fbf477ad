import {isRunnable, type ParamValue, type TextCell} from '../cells/define.ts';
import {givesRows, typeOf} from '../cells/index.ts';
import {rejectsOf, type InputTable} from '../run/define.ts';
import type {CompiledCell, PlannedCell} from '../notebook/plan.ts';
import {pysparkOf} from '../notebook/source.ts';
import {pyIdentifier} from '../pyspark/py.ts';
import * as spark from '../pyspark/query.ts';
import type {Handover, Left} from './define.ts';
import {importedNames, pythonLines, type PythonLine} from './python-text.ts';
import {layerBelow, type Layer, type LayerHeading} from './prose.ts';
import {codeOf, parameterised, type Parameterised} from './spark-params.ts';

/** A table that the Python of a cell reads: the variable it has there, and the cell (or `NAME_rejects`) that gave it. */
interface Reads {
  readonly variable: string;
  readonly table: string;
}

/** A table cell as Python. */
export interface SparkCell {
  readonly type: 'cell';
  readonly name: string;
  /** Its variable, and the name of its function. */
  readonly variable: string;
  readonly sentence: string;
  /** What it can be left out with. */
  readonly layer: Layer | undefined;
  readonly lines: readonly PythonLine[];
  /** Its Python without string literals and comments: what it names. */
  readonly code: string;
  /** Whether it takes parameters of the notebook from `params`. */
  readonly isParameterised: boolean;
  /** Whether its frame reads a table of the lake as it is when Spark looks, so that a later write would change its rows. */
  readonly isLive: boolean;
  readonly reads: readonly Reads[];
  /** Whether it gives `NAME_rejects` too. */
  readonly rejects: boolean;
}

/** What stands between cells: prose, charts and cells that are switched off or can't go. */
export interface SparkRemark {
  readonly type: 'prose' | 'note';
  readonly text: string;
}

/** A notebook as Python, before it is put into a file. */
export interface SparkParts {
  readonly items: readonly (SparkCell | SparkRemark)[];
  readonly left: readonly Left[];
  /** Import statements of all cells, each once. */
  readonly imports: readonly string[];
  /** The notebook's parameters that cells take from `params`, with their values. */
  readonly params: Readonly<Record<string, ParamValue>>;
  readonly usesLake: boolean;
}

const isImport = ({text, inText}: PythonLine): boolean => !inText && importLine.test(text);
const importLine = /^(?:from \S+ import .+|import \S.*)$/;
const assigned = /^\s*([A-Za-z_]\w*) = /;

/** The cells of a notebook as Python in order. `file` writes the address of a file; `reserved` are names of the file that the Python goes to. */
export function sparkParts(h: Handover, file: (name: string) => string, reserved: readonly string[]): SparkParts {
  const compiled = h.plan.filter((cell) => cell.ready).filter(({work}) => givesRows(work));
  const variables = variablesOf(h, compiled, reserved);
  const variable = (name: string): string => variables.get(name.toLowerCase()) ?? pyIdentifier(name);
  const written = new Map<CompiledCell, ReturnType<typeof pysparkOf>>();
  const pythonOf = (cell: CompiledCell): ReturnType<typeof pysparkOf> => {
    const python = written.get(cell) ?? pysparkOf(cell, h.known, spark, {variable, file});
    written.set(cell, python);
    return python;
  };
  const write = (cell: CompiledCell): string | undefined => {
    const python = pythonOf(cell);
    return typeof python === 'string' ? python : undefined;
  };
  const opened = new Map(compiled.map((cell) => [cell, parameterised(cell, h.notebook, write)]));
  const params = openParams(h, [...opened.values()]);
  const left: Left[] = [];
  const given = new Set<string>();
  const imports = new Set<string>();
  const items: (SparkCell | SparkRemark)[] = [];
  let heading: LayerHeading = {layer: undefined, depth: 6};
  for (const source of h.notebook.cells) {
    if (!isRunnable(source)) {
      heading = layerBelow(proseOf(source), heading);
      items.push({type: 'prose', text: proseOf(source)});
      continue;
    }
    const cell = h.plan.find(({id}) => id === source.id);
    if (cell === undefined) continue;
    if (!cell.ready && cell.disabled) items.push({type: 'note', text: `${cell.name} is switched off in the notebook.`});
    else if (cell.ready && !givesRows(cell.work)) items.push({type: 'note', text: chartNote(cell)});
    else {
      const made = cell.ready ? cellOf(cell) : brokenCell(cell);
      if ('why' in made) {
        left.push(made);
        items.push({type: 'note', text: `${made.cell} is left out: ${made.why} ${made.instead}`});
        continue;
      }
      items.push(made);
      given.add(made.name.toLowerCase());
      if (made.rejects) given.add(rejectsOf(made.name).toLowerCase());
    }
  }
  return {items, left, imports: [...imports], params, usesLake: compiled.some(usesLake)};

  function cellOf(cell: CompiledCell): SparkCell | Left {
    const base = {cell: cell.name, line: cell.line};
    const python = pythonOf(cell);
    if (typeof python !== 'string')
      return {
        ...base,
        why: python.notExportable,
        instead: python.instead ?? 'Run this part in Lakebook, and go on from its export.',
      };
    const own = cell.inputs.slice(0, cell.inputs.length - cell.sources.length);
    const reads = own.map((input) => ({variable: variable(input.name), table: giverOf(input, h.plan)}));
    const missing = reads.find(({table}) => !given.has(table.toLowerCase()));
    if (missing !== undefined)
      return left.some((other) => other.cell.toLowerCase() === missing.table.toLowerCase())
        ? {...base, why: `It reads ${missing.table}, which is left out.`, instead: `Replace ${missing.table} first.`}
        : {
            ...base,
            why: `It reads ${missing.table}, which Spark has no rows for.`,
            instead: 'Keep such rows apart with a validate step instead.',
          };
    const open = opened.get(cell);
    const {text} = (open?.params.every((name) => Object.hasOwn(params, name)) === true
      ? open
      : parameterised(cell, {...h.notebook, params}, write)) ?? {text: python};
    const lines = pythonLines(text);
    for (const line of lines) if (isImport(line)) imports.add(line.text);
    const target = variable(cell.name);
    return {
      type: 'cell',
      name: cell.name,
      variable: target,
      sentence: cell.work.step === undefined ? `The ${typeOf(cell.work).title} cell ${cell.name}` : cell.work.sentence,
      layer: heading.layer,
      lines: lines.filter((line) => !isImport(line)),
      code: codeOf(text),
      isParameterised: text !== python,
      isLive: isLive(cell),
      reads: reads.filter((read, i) => reads.findIndex((other) => other.variable === read.variable) === i),
      rejects: lines.some((line) => !line.inText && line.text.startsWith(`${rejectsOf(target)} = `)),
    };
  }
}

/**
 * Parameters that all cells which name them can take from `params`. One that decides more than a value (which column, which mode) somewhere
 * stays as it is everywhere.
 */
function openParams(h: Handover, found: readonly (Parameterised | undefined)[]): Record<string, ParamValue> {
  const fixed = new Set(found.flatMap((cell) => cell?.fixed ?? []));
  const used = new Set(found.flatMap((cell) => cell?.params ?? []));
  return Object.fromEntries(Object.entries(h.notebook.params).filter(([name]) => used.has(name) && !fixed.has(name)));
}

/** A variable for each cell and its rejects, apart from Python's words, from the file's own names and from those that cells use for steps in between. */
function variablesOf(
  h: Handover,
  compiled: readonly CompiledCell[],
  reserved: readonly string[],
): ReadonlyMap<string, string> {
  const tables = compiled.flatMap(({name, inputs, sources}) => [
    name,
    ...inputs.slice(0, inputs.length - sources.length).map((input) => input.name),
  ]);
  const between = compiled.flatMap((cell) => {
    const target = pyIdentifier(cell.name);
    const python = pysparkOf(cell, h.known, spark);
    const lines = typeof python === 'string' ? pythonLines(python).filter((line) => !line.inText) : [];
    const names = lines.flatMap((line) =>
      isImport(line) ? importedNames(line.text) : (assigned.exec(line.text)?.[1] ?? []),
    );
    return names.filter((name) => name !== target && name !== rejectsOf(target));
  });
  const taken = new Set([...reserved, ...between]);
  const variables = new Map<string, string>();
  for (const name of [...tables, ...tables.map(rejectsOf)]) {
    if (variables.has(name.toLowerCase())) continue;
    const variable = pyIdentifier(name, taken);
    taken.add(variable);
    variables.set(name.toLowerCase(), variable);
  }
  // The rejects go by the variable of their cell, as steps write them.
  for (const name of tables)
    variables.set(rejectsOf(name).toLowerCase(), rejectsOf(variables.get(name.toLowerCase()) ?? name));
  return variables;
}

/** The cell, or `NAME_rejects`, whose rows an input has: another one than it names where that is switched off. */
function giverOf(input: InputTable, plan: readonly PlannedCell[]): string {
  const ready = plan.filter((cell) => cell.ready);
  const names = (cell: CompiledCell): string => (input.rejects ? rejectsOf(cell.name) : cell.name);
  const named = ready.find((cell) => names(cell).toLowerCase() === input.name.toLowerCase());
  const giver = named ?? ready.find((cell) => cell.hash === input.hash);
  return giver === undefined ? input.name : names(giver);
}

/** Whether a cell reads or writes tables of the lake. */
export const usesLake = ({applies, sources}: CompiledCell): boolean => sources.length > 0 || applies !== undefined;

const isLive = ({sources}: CompiledCell): boolean =>
  sources.some(({work: {source}}) => source.at === undefined && !source.schemaOnly);

function brokenCell(cell: Exclude<PlannedCell, CompiledCell>): Left {
  const [problem] = cell.problems;
  return {
    cell: cell.name,
    line: problem?.where?.line ?? cell.line,
    why: problem?.message ?? 'It can’t run as it is written.',
    instead: problem?.hint ?? 'Mend the cell first.',
  };
}

function chartNote({work, inputs}: CompiledCell): string {
  const title = work.chart?.title === undefined ? '' : ` “${work.chart.title}”`;
  return `The chart${title} of ${inputs[0]?.name ?? 'its table'} is drawn in Lakebook.`;
}

const proseOf = ({markdown}: TextCell): string => markdown;
