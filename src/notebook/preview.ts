import {problemOf, ProblemError, type Problem} from '../lib/problem.ts';
import type {Row, Value} from '../lib/value.ts';
import type {Ports, Reject, Sniffed} from '../ports/index.ts';
import {readParams} from '../params/index.ts';
import type {SourceTable} from '../sources/databases/define.ts';
import type {Detected} from '../sources/define.ts';
import {fileSource} from '../sources/index.ts';
import {readFiles} from '../sources/reading.ts';
import {id, lit, sql} from '../sql/sql.ts';
import type {Column} from '../sql/types.ts';
import {load} from '../steps/load.ts';

/** How a file would be read, and its first rows read so. */
export interface FilePreview {
  readonly sniffed: Sniffed;
  /** What was found out about a CSV file where the user said nothing. */
  readonly detected: Detected | undefined;
  /** The tables of a database, and the one that is read. */
  readonly tables: readonly SourceTable[];
  readonly table: string | undefined;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  readonly rejects: readonly Reject[];
  /** Rejected rows among those that were looked at. */
  readonly totalRejects: number;
}

const shownRows = 100;
const shownRejects = 50;
const table = 'preview_rows';
const rejectsTable = 'preview_rejects';

/** Reads the first rows of a workspace file with these `load` parameters. Nothing of it stays in the engine. */
export async function previewFile(
  ports: Ports,
  file: string,
  values: Readonly<Record<string, unknown>>,
  signal?: AbortSignal,
): Promise<FilePreview> {
  const {engine, storage} = ports;
  const read = readParams(load.params, {...values, file});
  if (!read.ok) throw new ProblemError(paramProblem(read.problems[0]));
  const program = load.toSql(read.value, []);
  if (program.kind !== 'read') throw new Error('load reads files');
  const sniffed = await storage.sniff(file, program.options);
  const {options} = program;
  const detected = await fileSource(sniffed.format).detect?.(ports, {file, sniffed, options}, signal);
  let tables: readonly SourceTable[] = [];
  let chosen: string | undefined;
  const choose = (found: readonly SourceTable[]): string | undefined => {
    tables = found;
    // A view may read a table that is gone: it is read only when the user chooses it.
    chosen = (found.find(({kind}) => kind === 'table') ?? found[0])?.name;
    return chosen;
  };
  try {
    const {rejects} = await readFiles(ports, [file], options, {
      table,
      rejects: rejectsTable,
      onProgress: () => undefined,
      signal,
      limit: 1000,
      choose,
    });
    const {columns, rows} = await engine.rows(sql`FROM ${id(table)} LIMIT ${lit(shownRows)}`, {signal});
    const read = {sniffed, detected, tables, table: options.table ?? chosen, columns, rows};
    if (rejects === undefined) return {...read, rejects: [], totalRejects: 0};
    const found = await engine.rows(
      sql`SELECT line, column_name, raw, reason, count(*) OVER () AS total FROM ${id(rejects)} LIMIT ${lit(shownRejects)}`,
      {signal},
    );
    return {...read, rejects: found.rows.map(rejectOf), totalRejects: Number(found.rows[0]?.[4] ?? 0)};
  } finally {
    await engine.execute([table, rejectsTable].map((name) => sql`DROP TABLE IF EXISTS ${id(name)}`)).catch(problemOf);
  }
}

const rejectOf = ([line, column, raw, reason]: Row): Reject => ({
  line: Number(line),
  column: typeof column === 'string' ? column : null,
  raw: textOf(raw),
  reason: textOf(reason),
});
const textOf = (value: Value | undefined): string => (typeof value === 'string' ? value : '');

const paramProblem = (problem: {readonly message: string; readonly hint?: string} | undefined): Problem => ({
  code: 'PARAM',
  message: problem?.message ?? 'These options can’t be read.',
  ...(problem?.hint === undefined ? {} : {hint: problem.hint}),
});
