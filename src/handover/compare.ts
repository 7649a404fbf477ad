import {givesRows} from '../cells/index.ts';
import {problemOf, ProblemError, type Problem} from '../lib/problem.ts';
import {list, plural} from '../lib/text.ts';
import {rejectsOf, type StoredResult} from '../run/define.ts';
import type {Work} from '../notebook/lake.svelte.ts';
import type {CompiledCell, PlannedCell} from '../notebook/plan.ts';
import type {FileAt, Ports, Progress} from '../ports/index.ts';
import {sourceNamed} from '../sources/index.ts';
import {id, sql} from '../sql/sql.ts';
import type {Step} from '../steps/define.ts';
import {compareRows, type RowsCompared, type Side} from './compare-rows.ts';
import {matchOutput, type OutputTable} from './output.ts';

/** What comparing needs of the page. */
export interface Notebook {
  readonly ports: Ports;
  readonly planned: ReadonlyMap<string, PlannedCell>;
  withResult<T>(id: string, use: (result: StoredResult) => Promise<T>, signal?: AbortSignal): Promise<T>;
}

/** A table of the output beside the notebook's. */
export interface CellCompared {
  /** The cell's name, or that of its rejects. */
  readonly name: string;
  /** The cell's id, and the hash of the result that was compared. */
  readonly id: string;
  readonly hash: string;
  /** Where in the output it lies. */
  readonly place: string;
  readonly found: RowsCompared | undefined;
  /** Why it could not be compared. */
  readonly problem: Problem | undefined;
  readonly equal: boolean;
}

export interface OutputCompared {
  readonly cells: readonly CellCompared[];
  /** Cells with a table that the output lacks. */
  readonly missing: readonly string[];
  /** Folders of the output that bear no cell's name. */
  readonly others: readonly string[];
}

/** The cells of a notebook that give a table, in order. */
const tableCells = (planned: ReadonlyMap<string, PlannedCell>): CompiledCell[] =>
  [...planned.values()].filter((cell): cell is CompiledCell => cell.ready && givesRows(cell.work));

/** The names that tables of a run's output may bear: each cell's, and that of its rejects. */
export const outputNames = (planned: ReadonlyMap<string, PlannedCell>): string[] =>
  tableCells(planned).flatMap(({name}) => [name, rejectsOf(name)]);

/**
 * Compares what a Spark run wrote with the notebook's results, cell by cell; results that are not there are computed first. Zips among
 * the files are unpacked. Nothing of the output stays in the workspace or in the engine. What goes wrong with one cell is told
 * there; throws `OUTPUT_EMPTY` when no cell's rows are among the files.
 */
export async function compareOutput(
  notebook: Notebook,
  files: readonly FileAt[],
  work: Work = {},
): Promise<OutputCompared> {
  const {storage} = notebook.ports;
  const given = files.filter(({path}) => !isZip(path));
  const unpacked: number[] = [];
  try {
    for (const {path, file} of files.filter((each) => isZip(each.path))) {
      const zip = await storage.unpack(
        file,
        (done, total) => work.onProgress?.({done, total, note: `Unpacking ${file.name}`}),
        {signal: work.signal},
      );
      unpacked.push(zip.unpacked);
      given.push(...zip.files.map((entry) => ({...entry, path: `${path.replace(/\.zip$/i, '')}/${entry.path}`})));
    }
    return await compareFiles(notebook, given, work);
  } finally {
    for (const zip of unpacked) await storage.discardUnpacked(zip).catch(() => undefined);
  }
}

const isZip = (path: string): boolean => /\.zip$/i.test(path);

async function compareFiles(
  notebook: Notebook,
  files: readonly FileAt[],
  {signal, onProgress}: Work,
): Promise<OutputCompared> {
  const cells = tableCells(notebook.planned);
  const {tables, ambiguous, others} = matchOutput(files, outputNames(notebook.planned));
  if (tables.length + ambiguous.length === 0) throw new ProblemError(noOutput(files, others, cells));
  const total = tables.reduce((sum, table) => sum + bytesOf(table), 0);
  let done = 0;
  const found: CellCompared[] = [];
  for (const cell of cells)
    for (const name of [cell.name, rejectsOf(cell.name)]) {
      const table = tables.find((each) => each.name === name);
      const several = ambiguous.find((each) => each.name === name);
      const base = {name, id: cell.id, hash: cell.hash};
      if (several !== undefined)
        found.push({
          ...base,
          place: several.places.join(', '),
          found: undefined,
          problem: severalPlaces(several),
          equal: false,
        });
      if (table === undefined) continue;
      const note = `${name}, ${found.length + 1} of ${tables.length}`;
      const tell = (progress: Progress): void => onProgress?.({done: done + progress.done, total, note});
      tell({done: 0, total});
      try {
        const compared = await compareCell(notebook, cell, table, {signal, onProgress: tell});
        found.push({...base, place: table.place, found: compared, problem: undefined, equal: isEqual(compared)});
      } catch (thrown) {
        const problem = problemOf(thrown);
        if (problem.code === 'CANCELLED') throw thrown;
        found.push({...base, place: table.place, found: undefined, problem, equal: false});
      }
      done += bytesOf(table);
    }
  const isThere = (name: string): boolean => found.some((each) => each.name === name);
  return {cells: found, missing: cells.flatMap(({name}) => (isThere(name) ? [] : [name])), others};
}

const bytesOf = ({files}: OutputTable<FileAt>): number => files.reduce((sum, {file}) => sum + file.size, 0);

const isEqual = ({differences, reordered, onlyHere, onlyThere, changed, rows, rowsThere}: RowsCompared): boolean =>
  differences.length === 0 &&
  !reordered &&
  rows === rowsThere &&
  onlyHere.count + onlyThere.count + changed.count === 0;

let outputs = 0;

async function compareCell(
  notebook: Notebook,
  cell: CompiledCell,
  output: OutputTable<FileAt>,
  work: Work,
): Promise<RowsCompared> {
  const {engine} = notebook.ports;
  const {signal} = work;
  const table = `spark_output_${++outputs}`;
  const none = `${table}_none`;
  const compare = async (result: StoredResult): Promise<RowsCompared> => {
    try {
      await readOutput(notebook.ports, output, table, work);
      const there = await sideOf(table);
      return await compareRows(engine, await hereOf(result), there, {
        clusters: clustersOf(cell, notebook.planned),
        signal,
      });
    } finally {
      await engine.execute([table, none].map((each) => sql`DROP TABLE IF EXISTS ${id(each)}`)).catch(() => undefined);
    }
  };
  const sideOf = async (name: string): Promise<Side> => ({
    relation: id(name),
    columns: await engine.describe(sql`FROM ${id(name)}`, {signal}),
  });
  const hereOf = async (result: StoredResult): Promise<Side> => {
    if (output.name === cell.name) return result;
    if (result.rejects !== undefined) return sideOf(result.rejects.table);
    // Nothing was rejected: then nothing may be there.
    await engine.execute([sql`CREATE TABLE ${id(none)} AS FROM ${id(table)} LIMIT 0`], {signal});
    return sideOf(none);
  };
  return notebook.withResult(cell.id, compare, signal);
}

/** The columns of clusters that a cell's table may have from a step above, or makes itself. */
function clustersOf(cell: CompiledCell, planned: ReadonlyMap<string, PlannedCell>): Step['clusters'] {
  const byHash = new Map([...planned.values()].flatMap((each) => (each.ready ? [[each.hash, each] as const] : [])));
  const seen = new Set<string>();
  const search = ({hash, work, inputs}: CompiledCell): Step['clusters'] => {
    if (seen.has(hash)) return undefined;
    seen.add(hash);
    if (work.step?.clusters !== undefined) return work.step.clusters;
    for (const input of inputs) {
      const above = byHash.get(input.hash);
      const found = above === undefined ? undefined : search(above);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return search(cell);
}

/** Reads a table of the output into a new table of the engine. */
async function readOutput(
  ports: Ports,
  {format, ...folder}: OutputTable<FileAt>,
  table: string,
  {signal, onProgress = () => undefined}: Work,
): Promise<void> {
  const {readFolder} = sourceNamed(format);
  if (readFolder === undefined) throw new Error(`no folder holds ${format}`);
  await readFolder(ports, folder, {table, signal, onProgress});
}

const noOutput = (files: readonly FileAt[], others: readonly string[], cells: readonly CompiledCell[]): Problem => ({
  code: 'OUTPUT_EMPTY',
  message:
    others.length > 0
      ? `None of the ${plural(others.length, 'folder')} with rows bears a cell’s name: ${list(others.slice(0, 5))}${others.length > 5 ? ' …' : ''}.`
      : `There are no Parquet files or Delta tables among the ${plural(files.length, 'file')}.`,
  hint:
    cells.length === 0
      ? 'Open the notebook that the job was made from.'
      : `Choose the job’s output folder: it has a folder for each cell, such as ${list(cells.slice(0, 3).map(({name}) => name))}.`,
});

const severalPlaces = ({name, places}: {readonly name: string; readonly places: readonly string[]}): Problem => ({
  code: 'OUTPUT_AMBIGUOUS',
  message: `Several folders are called ${name}: ${list(places)}.`,
  hint: 'Choose the output of one run.',
});
