import {ProblemError, type Problem} from './lib/problem.ts';
import {exportFormats, type ExportFormat} from './notebook/export.ts';
import type {RunReport, Session} from './notebook/session.svelte.ts';
import {sqlScript} from './notebook/source.ts';
import type {ParquetCompression, StoredFile} from './ports/index.ts';
import {checkQuery, mentions} from './sql/lexer.ts';
import {query} from './sql/sql.ts';
import type {Column} from './sql/types.ts';
import type {Row} from './lib/value.ts';

/**
 * `window.lakebook`: what the console, the tests, the benchmarks and embedding pages use. Calls reject with an Error whose
 * message is the problem's sentence and whose `problem` holds it whole.
 */
export interface LakebookApi {
  /** Resolves when the workspace is read and the engine answers. */
  readonly ready: Promise<void>;
  /** Replaces the open notebook with this Markdown and gives what is wrong with it as written; undo brings the old one back. */
  open(markdown: string): Promise<Problem[]>;
  /** Adds a file to the workspace, as if it had been dropped. */
  addFile(name: string, data: Blob): Promise<StoredFile>;
  /** Fetches a file from an address, as if the reader had typed it. */
  addUrl(address: string): Promise<StoredFile>;
  /** Runs the notebook, or one cell and what it reads. */
  run(cell?: string): Promise<RunReport>;
  cancel(): Promise<void>;
  /** Runs a query that may name cells as tables. Values are exact: bigint, ISO timestamps, decimals as text. */
  query(sql: string): Promise<{columns: readonly Column[]; rows: readonly Row[]}>;
  export(cell: string, format: ExportFormat, options?: {compression?: ParquetCompression}): Promise<Blob>;
  /** The notebook's Markdown. */
  notebook(): string;
  /** The notebook as one DuckDB script. */
  handover(target: 'sql'): string;
  /** The SQL that a cell stands for. */
  sqlOf(cell: string): string;
}

export function createApi(session: Session, ready: Promise<void>): LakebookApi {
  const idOf = (name: string): string => {
    const cell = session.cellNamed(name);
    if (cell === undefined) throw new ProblemError({code: 'CELL_NOT_FOUND', message: `There is no cell called ${name}.`, hint: 'Name one of the notebook’s cells.'});
    return cell.id;
  };
  return {
    ready,
    async open(markdown) {
      await ready;
      if (session.path === '') await session.openMarkdown(markdown);
      else await session.replaceMarkdown(markdown);
      return [...session.notebook.problems, ...[...session.planned.values()].flatMap((cell) => (cell.ready ? [] : cell.problems))];
    },
    async addFile(name, data) {
      await ready;
      return session.addFile(name, data);
    },
    async addUrl(address) {
      await ready;
      return session.addUrl(address);
    },
    async run(cell) {
      await ready;
      return session.run(cell);
    },
    cancel: () => session.stop(),
    async query(text) {
      await ready;
      const checked = checkQuery(text);
      if (!checked.ok) throw new ProblemError(checked.error);
      return session.query(mentions(text, session.tableNames), query(text));
    },
    async export(cell, format, options) {
      await ready;
      if (!exportFormats.includes(format))
        throw new ProblemError({code: 'EXPORT_FORMAT', message: `There is no export format ${String(format)}.`, hint: `Choose one of ${exportFormats.join(', ')}.`});
      return session.exportCell(idOf(cell), format, options);
    },
    notebook: () => session.markdown(),
    handover: () => sqlScript([...session.planned.values()], (hash) => session.known(hash)),
    sqlOf: (cell) => session.sqlOf(idOf(cell)),
  };
}
