import {givesRows, mayTouch, touchesOf, typeOf} from '../cells/index.ts';
import {isRunnable, type Cell, type NotebookParams, type RunnableCell, type Scope, type Work} from '../cells/define.ts';
import {contentHash} from '../lib/hash.ts';
import {at, type Problem} from '../lib/problem.ts';
import {closest} from '../lib/text.ts';
import {rejectsOf, type Computed, type InputTable, type LakeSource} from '../run/define.ts';
import {mentionsTable, touching, type Touch, type TouchOf} from '../run/touch.ts';
import type {Notebook} from './define.ts';
import {LakeScope, type LakeTables} from './lake-plan.ts';

/** A cell ready to run. */
export interface CompiledCell extends Computed {
  readonly ready: true;
  readonly id: string;
  readonly kind: string;
  readonly work: Work;
  /** Those of its inputs that come from the lake. */
  readonly sources: readonly LakeSource[];
  /** Columns that tell the time of the run, its inputs' among them. */
  readonly runTimes: readonly string[];
  /** Whether a cell above overwrites the table that it writes. */
  readonly isOverwritten?: boolean;
}

/** A cell that can't run as written, or is switched off. */
export interface BrokenCell {
  readonly ready: false;
  /** A step that is switched off lets its input through: cells that name it read this instead. */
  readonly standsFor?: InputTable;
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly line: number;
  readonly disabled: boolean;
  readonly problems: readonly Problem[];
}

export type PlannedCell = CompiledCell | BrokenCell;

/** What a cell may not use, as the problem it has then. */
export type Denies = (cell: RunnableCell, params: NotebookParams) => Problem | undefined;

/** When a cell that looks at the clock was last asked to run, by its name. */
export type Runs = ReadonlyMap<string, number>;

/** Names of files in the workspace and their fingerprints. */
export type Fingerprints = ReadonlyMap<string, string>;

/**
 * Orders a notebook into cells with content hashes. Pure: the same text and files give the same plan. A cell reads
 * cells above it only; one that reads a broken cell is broken too, and says which. What `denies` names can't run.
 */
export function plan(
  notebook: Notebook,
  files: Fingerprints,
  lake: LakeTables = new Map(),
  path = '',
  denies: Denies = () => undefined,
  runs: Runs = new Map(),
): PlannedCell[] {
  const cells = notebook.cells.filter(isRunnable);
  const given = new Set(cells.map(({name}) => name.toLowerCase()));
  const above: Above = {
    notebook,
    files,
    lake: new LakeScope(lake, path, tablesWritten(cells, notebook.params)),
    postgres: new Map(),
    writers: [],
    denies,
    runs,
    tables: new Map(),
    taken: new Set(),
    nearest: undefined,
  };
  let charts = 0;
  return cells.map((cell, i) => {
    const name = cell.name === '' ? unnamed(++charts, given) : cell.name;
    const below = cells.slice(i + 1).filter(givesRows);
    const planned = planCell(cell, name, above, below);
    above.taken.add(name.toLowerCase());
    if (!givesRows(cell)) return planned;
    // A name that two cells have stands for neither.
    above.tables.set(name.toLowerCase(), planned);
    if (!cell.disabled) above.nearest = name;
    return planned;
  });
}

/** The lower-case names of the tables of the lake that cells write. */
const tablesWritten = (cells: readonly RunnableCell[], params: NotebookParams): ReadonlySet<string> =>
  new Set(cells.flatMap((cell) => touching(mayTouch(cell, params), 'lake-write').map(({name}) => name.toLowerCase())));

/** `chart_2` for the second chart without a name, or the next number that no cell has. */
function unnamed(place: number, given: ReadonlySet<string>): string {
  const name = `chart_${place}`;
  return given.has(name) ? unnamed(place + 1, given) : name;
}

/** What is above the cell that is planned. */
interface Above {
  readonly notebook: Notebook;
  readonly files: Fingerprints;
  readonly lake: LakeScope;
  /** The hash of the cell that last wrote a table of PostgreSQL. */
  readonly postgres: Map<string, string>;
  /** The cells that write tables of PostgreSQL, whether they can run or not. */
  readonly writers: {readonly cell: string; readonly table: string}[];
  readonly denies: Denies;
  readonly runs: Runs;
  /** Table cells above by lower-case name. */
  readonly tables: Map<string, PlannedCell>;
  /** Lower-case names of all cells above, charts too. */
  readonly taken: Set<string>;
  nearest: string | undefined;
}

function planCell(cell: RunnableCell, name: string, above: Above, below: readonly Cell[]): PlannedCell {
  const {params} = above.notebook;
  const problems: Problem[] = [...cell.problems];
  if (above.taken.has(name.toLowerCase()))
    problems.push({
      code: 'NAME_TAKEN',
      message: `Another cell above is named ${name} already.`,
      hint: 'Give this cell a name of its own.',
      where: {line: cell.line},
    });
  const denied = problems.length > 0 || cell.disabled ? undefined : above.denies(cell, params);
  if (denied !== undefined) problems.push(denied);
  const scope: Scope = {
    params,
    files: above.files,
    nearest: above.nearest,
    above: [...above.tables.values()].map((table) => table.name),
    below: below.filter(isRunnable).map((other) => other.name),
  };
  const work = problems.length > 0 ? undefined : typeOf(cell).understand(cell, scope, problems);
  const touches = work?.touches ?? [];
  const sources = touching(touches, 'lake-read').flatMap((touch) => sourceCell(touch, cell, above, problems) ?? []);
  const inputs = inputNames(touches, above).flatMap((input) => inputTable(input, above, scope, problems) ?? []);
  inputs.push(...sources.map((source) => ({name: source.name, hash: source.hash, rejects: false})));
  if (!cell.disabled)
    // Also one that can't run says what it writes, as far as it can be read.
    for (const {name: table} of touching(work?.touches ?? touchesOf(cell, params) ?? [], 'postgres-write'))
      above.writers.push({cell: name, table});
  const base = {id: cell.id, name, kind: cell.kind, line: cell.line};
  if (work === undefined || problems.length > 0)
    return {
      ...base,
      ready: false,
      disabled: cell.disabled,
      problems: problems.map((problem) => at(problem, {cell: name, line: cell.line})),
    };

  const [first] = inputs;
  if (cell.disabled) {
    const passesOn = first !== undefined && givesRows(cell) && typeOf(cell).readsFrom(cell);
    return {...base, ready: false, disabled: true, problems: [], ...(passesOn ? {standsFor: first} : {})};
  }
  const cells = [...above.tables.values()].filter((other) => other.ready);
  const inherited = inputs.flatMap((input) => cells.find((other) => other.hash === input.hash)?.runTimes ?? []);
  const files = work.files.map((file) => ({name: file, fingerprint: above.files.get(file)}));
  const runTimes = [...new Set([...inherited, ...work.runTimes])];
  const compiled = {...base, ready: true, work, inputs, sources, runTimes, files} as const;
  return {...compiled, ...identity(work, inputs, name, above)};
}

/** A cell's hash, and what of it depends on the tables that it writes. */
function identity(
  work: Work,
  inputs: readonly InputTable[],
  name: string,
  above: Above,
): Pick<CompiledCell, 'hash' | 'after' | 'applies' | 'isOverwritten'> {
  const ofRun = readsClock(work) ? above.runs.get(name) : undefined;
  const hash = ofRun === undefined ? work.hash(inputs) : contentHash([work.hash(inputs), ofRun]);
  const [table] = touching(work.touches, 'postgres-write');
  if (table !== undefined) {
    // What two cells write to one table depends on which was first.
    const after = above.postgres.get(table.name);
    const written = contentHash([hash, 'postgres', after ?? null]);
    above.postgres.set(table.name, written);
    return {hash: written, after};
  }
  const [write] = touching(work.touches, 'lake-write');
  return write === undefined ? {hash} : above.lake.written(write, contentHash([work.hash(inputs, write.rows)]), hash);
}

/** Whether a cell's rows depend on when it runs, and not on its data alone. */
export const readsClock = ({touches}: Pick<Work, 'touches'>): boolean => touching(touches, 'clock').length > 0;

/** The cells whose rows a cell reads: those it names, and those that write the tables of PostgreSQL that it names. */
const inputNames = (touches: readonly Touch[], {writers}: Above): string[] =>
  touches.flatMap((touch) => {
    if (touch.kind === 'cell') return [touch.name];
    if (touch.kind !== 'postgres-read') return [];
    return writers.filter(({table}) => mentionsTable(touch.statement, table)).map(({cell}) => cell);
  });

function sourceCell(
  touch: TouchOf<'lake-read'>,
  cell: RunnableCell,
  above: Above,
  problems: Problem[],
): LakeSource | undefined {
  const source = above.lake.source(touch, cell.line);
  if (source.ok) return source.value;
  // Two versions of a table that isn't there are one thing to mend.
  if (problems.every(({message}) => message !== source.error.message)) problems.push(source.error);
  return undefined;
}

/** Whether a cell can't run because it, or one that it reads, may not use something. */
export const isHeld = (cell: PlannedCell): boolean =>
  !cell.ready && cell.problems.some(({code}) => code === 'NOT_ALLOWED' || code === 'INPUT_NOT_ALLOWED');

/** The table an input names; says so when it is missing, further down or broken. */
function inputTable(input: string, above: Above, scope: Scope, problems: Problem[]): InputTable | undefined {
  const key = input.toLowerCase();
  const named = above.tables.get(key);
  const found = named ?? [...above.tables.values()].find((table) => rejectsOf(table.name).toLowerCase() === key);
  if (found?.ready === true)
    return {
      name: named === undefined ? rejectsOf(found.name) : found.name,
      hash: found.hash,
      rejects: named === undefined,
    };
  if (named?.ready === false && named.standsFor !== undefined) return {...named.standsFor, name: named.name};
  if (found !== undefined) {
    problems.push(
      isHeld(found)
        ? {
            code: 'INPUT_NOT_ALLOWED',
            message: `It reads ${found.name}, which may not run yet.`,
            hint: 'Say at the top of the notebook what it may use.',
          }
        : found.disabled
          ? {
              code: 'INPUT_DISABLED',
              message: `It reads ${found.name}, which is switched off.`,
              hint: `Switch ${found.name} on, or read another cell.`,
            }
          : {
              code: 'INPUT_BROKEN',
              message: `It reads ${found.name}, which can’t run as it is written.`,
              hint: `Mend ${found.name} first.`,
            },
    );
    return undefined;
  }
  const below = scope.below.find((name) => name.toLowerCase() === key || rejectsOf(name).toLowerCase() === key);
  const names = [...above.tables.values()].map((table) => table.name);
  const near = closest(input, names);
  problems.push(
    below === undefined
      ? {
          code: 'CELL_NOT_FOUND',
          message: `There is no cell called ${input} above.`,
          hint: near === undefined ? 'Name a cell above that gives a table.' : `Did you mean ${near}?`,
        }
      : {
          code: 'CELL_NOT_FOUND',
          message: `It reads ${input}, which stands further down.`,
          hint: 'Cells run from top to bottom: move this one below it.',
          below,
        },
  );
  return undefined;
}
