import {readChart} from '../charts/parse.ts';
import type {ChartSpec} from '../charts/spec.ts';
import {contentHash} from '../lib/hash.ts';
import {at, type Problem} from '../lib/problem.ts';
import {closest} from '../lib/text.ts';
import {readParams, type ParamProblem, type Params} from '../params/index.ts';
import type {At} from '../ports/index.ts';
import {lakeReads} from '../sql/lake.ts';
import {checkQuery, mentions} from '../sql/lexer.ts';
import type {Step} from '../steps/define.ts';
import type {LakeRead} from '../tables/define.ts';
import {stepKinds, stepOf} from '../steps/index.ts';
import {LakeScope, type Applies, type LakeTables} from './lake-plan.ts';
import {
  fenceOf,
  rejectsOf,
  type Cell,
  type ChartCell,
  type Notebook,
  type RunnableCell,
  type SqlCell,
  type StepCell,
} from './cells.ts';
import {lineOf} from './model.ts';
import {mentionsTable, postgresWriters, type PostgresWriter} from './postgres-uses.ts';
import {substitute, substituteValues} from './substitute.ts';

/** What a cell does, once its text has been understood. */
export type Work =
  | {
      readonly type: 'step';
      readonly step: Step;
      readonly values: Readonly<Record<string, unknown>>;
      readonly files: readonly string[];
      readonly fingerprints: readonly (string | undefined)[];
      /** What the rows are to the table of the lake that they go to. */
      readonly applies?: Applies;
    }
  /** `query` as it is written; `text` has the lake's tables by the names of their inputs. */
  | {readonly type: 'sql'; readonly query: string; readonly text: string}
  /** What PostgreSQL is asked; the inputs are the cells that write the tables it names. */
  | {readonly type: 'psql'; readonly query: string}
  | {readonly type: 'chart'; readonly spec: ChartSpec};

/** What gives rows: a cell, or a table of the lake that one reads. */
export interface Computed {
  /** The name its result goes by; charts without one are named after their place. */
  readonly name: string;
  readonly line: number;
  /** Tables it reads, `from` first. */
  readonly inputs: readonly InputTable[];
  /** The cell that must have run before, though its rows aren't read: it wrote a table that this one reads or writes. */
  readonly after?: string | undefined;
  /**
   * Names the result: a hash of the work, of its inputs' hashes and of its files' fingerprints. Equal hashes mean
   * equal rows, so a result that is there under its hash is never computed again.
   */
  readonly hash: string;
  readonly work: Work | LakeSource['work'];
}

/**
 * A version of a table of the lake that a cell reads. Without `at` it is the one the cell `after` makes, or `left` where that is
 * later: the latest version there is, but for those that cells further down made.
 */
export interface LakeSource extends Computed {
  readonly work: {
    readonly type: 'lake';
    readonly table: string;
    readonly at: At | undefined;
    readonly left: number | undefined;
    readonly schemaOnly: boolean;
  };
}

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

/** A table that a cell reads: the rows of the cell above with this hash, or what that cell rejected. */
export interface InputTable {
  readonly name: string;
  readonly hash: string;
  readonly rejects: boolean;
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
export type Denies = (cell: RunnableCell, params: Notebook['params']) => Problem | undefined;

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
  const scope = new LakeScope(lake, path);
  const planned: PlannedCell[] = [];
  const tables = new Map<string, PlannedCell>();
  const taken = new Set<string>();
  const writers = postgresWriters(notebook.cells, notebook.params);
  const postgres = new Map<string, string>();
  const given = new Set(notebook.cells.flatMap((cell) => (cell.type === 'text' ? [] : [cell.name.toLowerCase()])));
  let charts = 0;
  let nearest: string | undefined;
  for (const cell of notebook.cells) {
    if (cell.type === 'text') continue;
    const name = cell.name === '' ? unnamed(++charts, given) : cell.name;
    const result = planCell(cell, name, {
      notebook,
      files,
      lake: scope,
      postgres,
      writers,
      denies,
      runs,
      tables,
      taken,
      nearest,
      below: namesBelow(notebook.cells, cell),
    });
    planned.push(result);
    taken.add(name.toLowerCase());
    if (cell.type === 'chart') continue;
    // A name that two cells have stands for neither.
    tables.set(name.toLowerCase(), result);
    if (!cell.disabled) nearest = name;
  }
  return planned;
}

/** `chart_2` for the second chart without a name, or the next number that no cell has. */
function unnamed(place: number, given: ReadonlySet<string>): string {
  const name = `chart_${place}`;
  return given.has(name) ? unnamed(place + 1, given) : name;
}

const namesBelow = (cells: readonly Cell[], cell: RunnableCell): string[] =>
  cells
    .slice(cells.indexOf(cell) + 1)
    .flatMap((other) => (other.type === 'step' || other.type === 'sql' ? [other.name] : []));

interface Above {
  readonly notebook: Notebook;
  readonly files: Fingerprints;
  readonly lake: LakeScope;
  /** The hash of the cell that last wrote a table of PostgreSQL. */
  readonly postgres: Map<string, string>;
  readonly writers: readonly PostgresWriter[];
  readonly denies: Denies;
  readonly runs: Runs;
  /** Table cells above by lower-case name. */
  readonly tables: ReadonlyMap<string, PlannedCell>;
  /** Lower-case names of all cells above, charts too. */
  readonly taken: ReadonlySet<string>;
  readonly nearest: string | undefined;
  readonly below: readonly string[];
}

function planCell(cell: RunnableCell, name: string, above: Above): PlannedCell {
  const problems: Problem[] = [...cell.problems];
  if (above.taken.has(name.toLowerCase()))
    problems.push({
      code: 'NAME_TAKEN',
      message: `Another cell above is named ${name} already.`,
      hint: 'Give this cell a name of its own.',
      where: {line: cell.line},
    });
  const denied = problems.length > 0 || cell.disabled ? undefined : above.denies(cell, above.notebook.params);
  if (denied !== undefined) problems.push(denied);
  const understood =
    problems.length > 0
      ? undefined
      : cell.type === 'step'
        ? planStep(cell, above, problems)
        : cell.type === 'sql'
          ? (cell.engine === 'postgres' ? planPsql : planSql)(cell, above, problems)
          : planChart(cell, above, problems);
  const sources =
    understood === undefined
      ? []
      : understood.reads.flatMap(({read, name: source}) => sourceCell(read, source, cell, above, problems) ?? []);
  const inputs =
    understood === undefined ? [] : understood.inputs.flatMap((input) => inputTable(input, above, problems) ?? []);
  inputs.push(...sources.map((source) => ({name: source.name, hash: source.hash, rejects: false})));
  const base = {
    id: cell.id,
    name,
    kind: cell.type === 'step' ? cell.kind : cell.type === 'sql' ? fenceOf(cell) : cell.type,
    line: cell.line,
  };
  if (understood === undefined || problems.length > 0)
    return {
      ...base,
      ready: false,
      disabled: cell.disabled,
      problems: problems.map((problem) => at(problem, {cell: name, line: cell.line})),
    };

  const [first] = inputs;
  if (cell.disabled)
    return {
      ...base,
      ready: false,
      disabled: true,
      problems: [],
      ...(understood.work.type === 'step' && first !== undefined ? {standsFor: first} : {}),
    };
  const {work} = understood;
  const ofRun = readsClock(work) ? above.runs.get(name) : undefined;
  const hash = ofRun === undefined ? hashOf(work, inputs) : contentHash([hashOf(work, inputs), ofRun]);
  const cells = [...above.tables.values()].filter((other) => other.ready);
  const runTimes = [
    ...new Set([
      ...inputs.flatMap((input) => cells.find((other) => other.hash === input.hash)?.runTimes ?? []),
      ...ownRunTimes(work),
    ]),
  ];
  const table = work.type === 'step' ? work.step.writesPostgres?.(work.values) : undefined;
  if (table !== undefined) {
    // What two cells write to one table depends on which was first.
    const after = above.postgres.get(table);
    const written = contentHash([hash, 'postgres', after ?? null]);
    above.postgres.set(table, written);
    return {...base, ready: true, work, inputs, sources, runTimes, after, hash: written};
  }
  const write = work.type === 'step' ? work.step.writes?.(work.values) : undefined;
  if (write === undefined || work.type !== 'step') return {...base, ready: true, work, inputs, sources, runTimes, hash};
  const {applies, ...written} = above.lake.written(
    write,
    contentHash([hashOf({...work, values: write.rows}, inputs)]),
    hash,
  );
  return {...base, ready: true, work: {...work, applies}, inputs, sources, runTimes, ...written};
}

/** Whether a cell's rows depend on when it runs, and not on its data alone. */
export const readsClock = (work: Work): boolean => work.type === 'step' && work.step.readsClock?.(work.values) === true;

const ownRunTimes = (work: Work): readonly string[] =>
  work.type === 'step' ? (work.step.runTimes?.(work.values) ?? []) : [];

function sourceCell(
  read: LakeRead,
  name: string,
  cell: RunnableCell,
  above: Above,
  problems: Problem[],
): LakeSource | undefined {
  const source = above.lake.source(read, name, cell.line);
  if (source.ok) return source.value;
  // Two versions of a table that isn't there are one thing to mend.
  if (problems.every(({message}) => message !== source.error.message)) problems.push(source.error);
  return undefined;
}

/** Raised whenever the same query may give other rows. */
const sqlVersion = 2;

/** The values that the hash knows: all but the defaults of parameters that came later. */
const hashed = ({step, values}: Extract<Work, {type: 'step'}>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(values).filter(
      ([name, value]) => step.params[name]?.later !== true || value !== step.params[name].default,
    ),
  );

/** The hash leaves out a cell's own name: renaming a cell or its inputs costs nothing, unless SQL spells the name or the rows do. */
function hashOf(work: Work, inputs: readonly InputTable[]): string {
  const hashes = inputs.map((input) => (input.rejects ? [input.hash, 'rejects'] : input.hash));
  switch (work.type) {
    case 'step':
      return contentHash([
        work.step.kind,
        work.step.version,
        hashed(work),
        hashes,
        work.files,
        work.fingerprints.map((fingerprint) => fingerprint ?? null),
        ...(work.step.namesInput === true ? [inputs.map(({name}) => name)] : []),
      ]);
    case 'sql':
      return contentHash(['sql', sqlVersion, work.query, inputs.map((input, i) => [input.name, hashes[i]])]);
    case 'psql':
      return contentHash(['psql', sqlVersion, work.query, hashes]);
    case 'chart':
      return contentHash(['chart', {...work.spec, alerts: undefined}, hashes]);
  }
}

interface Understood {
  readonly work: Work;
  readonly inputs: readonly string[];
  /** What it reads from the lake, each under a name. */
  readonly reads: readonly {readonly read: LakeRead; readonly name: string}[];
}

function planStep(cell: StepCell, above: Above, problems: Problem[]): Understood | undefined {
  const step = stepOf(cell.kind);
  if (step === undefined) {
    const near = closest(cell.kind, stepKinds);
    problems.push({
      code: 'UNKNOWN_STEP',
      message: `There is no step called ${cell.kind}.`,
      hint:
        near === undefined
          ? 'Choose one from the list of steps; the cell stays in the file as it is.'
          : `Did you mean ${near}?`,
    });
    return undefined;
  }
  const filled = substituteValues(cell.values, step.params, above.notebook.params, problems);
  const values = readParams(step.params, filled);
  if (!values.ok) {
    problems.push(...values.problems.map((problem) => paramIssue(problem, cell)));
    return undefined;
  }
  const inputs = step.input === 'one' ? [cell.from ?? above.nearest] : [];
  if (step.input === 'none' && cell.from !== undefined)
    problems.push({
      code: 'NO_INPUT',
      message: `${step.title} reads no cell, so it takes no from.`,
      hint: 'Take the line out.',
      where: {line: lineOf(cell, 'from')},
    });
  if (inputs.includes(undefined)) {
    problems.push({
      code: 'NOTHING_ABOVE',
      message: `${step.title} reads the table of a cell above, and there is none.`,
      hint: 'Load a file first, or move this cell below one that gives a table.',
    });
    return undefined;
  }
  const named = namedCells(step.params, values.value);
  const files = namedFiles(step.params, values.value, above.files);
  const read = step.reads?.(values.value);
  return {
    work: {type: 'step', step, values: values.value, files, fingerprints: files.map((file) => above.files.get(file))},
    inputs: [...inputs.flatMap((input) => input ?? []), ...named],
    reads: read === undefined ? [] : [{read, name: `lake.${read.table}`}],
  };
}

function planSql(cell: SqlCell, above: Above, problems: Problem[]): Understood | undefined {
  const query = substitute(cell.body.trim(), above.notebook.params, true, problems);
  const checked = checkQuery(query);
  if (!checked.ok) {
    problems.push(checked.error);
    return undefined;
  }
  const found = lakeReads(query);
  if (!found.ok) {
    problems.push(found.error);
    return undefined;
  }
  const {text, reads} = found.value;
  const names = [...above.tables.values()].map((table) => table.name);
  return {
    work: {type: 'sql', query, text},
    inputs: mentions(query, [...names, ...names.map(rejectsOf)]),
    reads: reads.map(({name, ...read}) => ({read, name})),
  };
}

function planPsql(cell: SqlCell, above: Above, problems: Problem[]): Understood | undefined {
  const query = substitute(cell.body.trim(), above.notebook.params, true, problems);
  if (query.replace(/--[^\n]*|;/g, '').trim() === '') {
    problems.push({
      code: 'SQL_EMPTY',
      message: 'There is no statement here.',
      hint: 'Write what PostgreSQL is to be asked: SELECT * FROM a_table.',
    });
    return undefined;
  }
  const read = above.writers.filter(
    (writer) => above.taken.has(writer.cell.toLowerCase()) && mentionsTable(query, writer.table),
  );
  return {work: {type: 'psql', query}, inputs: read.map((writer) => writer.cell), reads: []};
}

function planChart(cell: ChartCell, above: Above, problems: Problem[]): Understood | undefined {
  const read = readChart(cell.values);
  if (!read.ok) {
    problems.push(...read.problems.map((problem) => paramIssue(problem, cell)));
    return undefined;
  }
  const from = cell.from ?? above.nearest;
  if (from === undefined) {
    problems.push({
      code: 'NOTHING_ABOVE',
      message: 'A chart draws the table of a cell above, and there is none.',
      hint: 'Load a file first, or move the chart below a table.',
    });
    return undefined;
  }
  return {
    work: {type: 'chart', spec: read.value},
    inputs: [from, ...(read.value.alerts === undefined ? [] : [read.value.alerts])],
    reads: [],
  };
}

const paramIssue = (problem: ParamProblem, cell: StepCell | ChartCell): Problem => ({
  code: 'PARAM',
  message: problem.message,
  ...(problem.hint === undefined ? {} : {hint: problem.hint}),
  where: {param: problem.path, line: lineOf(cell, problem.path)},
});

/** Whether a cell can't run because it, or one that it reads, may not use something. */
export const isHeld = (cell: PlannedCell): boolean =>
  !cell.ready && cell.problems.some(({code}) => code === 'NOT_ALLOWED' || code === 'INPUT_NOT_ALLOWED');

/** The table an input names; says so when it is missing, further down or broken. */
function inputTable(input: string, above: Above, problems: Problem[]): InputTable | undefined {
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
  const below = above.below.some((name) => name.toLowerCase() === key);
  const names = [...above.tables.values()].map((table) => table.name);
  const near = closest(input, names);
  problems.push({
    code: 'CELL_NOT_FOUND',
    message: below ? `It reads ${input}, which stands further down.` : `There is no cell called ${input} above.`,
    hint: below
      ? 'Cells run from top to bottom: move this one below it.'
      : near === undefined
        ? 'Name a cell above that gives a table.'
        : `Did you mean ${near}?`,
  });
  return undefined;
}

const textsOf = (value: unknown): string[] =>
  Array.isArray(value)
    ? value.filter((item) => typeof item === 'string')
    : typeof value === 'string' && value !== ''
      ? [value]
      : [];

const namedCells = (params: Params, values: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(params).flatMap(([name, param]) =>
    param.control.kind === 'cell' || param.control.kind === 'cells' ? textsOf(values[name]) : [],
  );

/** Names and globs of files that a step's `p.files` parameters hold. */
export const filePatterns = (params: Params, values: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(params).flatMap(([name, param]) => (param.control.kind === 'files' ? textsOf(values[name]) : []));

/** The workspace's files that a step's `p.files` parameters name, globs expanded, in name order for each glob. */
function namedFiles(params: Params, values: Readonly<Record<string, unknown>>, files: Fingerprints): string[] {
  return filePatterns(params, values).flatMap((pattern) =>
    files.has(pattern) ? [pattern] : matching(pattern, [...files.keys()]),
  );
}

/** Names that match a glob of `*` and `?`, sorted; the pattern itself when none does, so that its absence is reported by name. */
function matching(pattern: string, names: readonly string[]): string[] {
  const expression = new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '[^/]*')
      .replaceAll('?', '[^/]')}$`,
  );
  const found = names.filter((name) => expression.test(name)).sort();
  return found.length > 0 ? found : [pattern];
}
