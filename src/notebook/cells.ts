import type {Problem} from '../lib/problem.ts';
import type {Dashboard} from './dashboard.ts';

/** A notebook as it was read. `cells` in order; joining `lead` and the cells' sources gives the file's bytes back. */
export interface Notebook {
  /** The YAML between the `---` lines with those lines, or '' when the file has none. */
  readonly front: string;
  readonly title: string;
  /** Values for `${name}` in bodies. */
  readonly params: Readonly<Record<string, ParamValue>>;
  readonly dashboard: Dashboard;
  readonly cells: readonly Cell[];
  /** Problems of the front matter; a cell's own are on the cell. */
  readonly problems: readonly Problem[];
}

export type ParamValue = string | number | boolean;

interface CellBase {
  /** Lives as long as the open notebook: never saved. */
  readonly id: string;
  /** The cell's exact lines in the file, fences and the blank lines after it included. */
  readonly source: string;
  /** The line of the notebook the cell starts on, from 1. */
  readonly line: number;
  /** What is wrong with the cell as written; the rest of the notebook runs. */
  readonly problems: readonly Problem[];
}

/** Prose, in Markdown. */
export interface TextCell extends CellBase {
  readonly type: 'text';
  readonly markdown: string;
}

/** A cell that can run. */
interface RunnableBase extends CellBase {
  readonly name: string;
  /** The text between the fences. */
  readonly body: string;
  readonly disabled: boolean;
}

export interface StepCell extends RunnableBase {
  readonly type: 'step';
  readonly kind: string;
  /** The name of the cell it reads; undefined means the nearest table cell above. */
  readonly from: string | undefined;
  /** The body's YAML without `from` and `disabled`; `${…}` is filled in when the cell is planned. */
  readonly values: Readonly<Record<string, unknown>>;
}

export interface SqlCell extends RunnableBase {
  readonly type: 'sql';
  /** Who runs it: the page's DuckDB over other cells (`sql NAME`), or PostgreSQL over its own tables (`psql NAME`). */
  readonly engine: 'duckdb' | 'postgres';
}

/** The first word of a SQL cell's fence. */
export const fenceOf = ({engine}: Pick<SqlCell, 'engine'>): 'sql' | 'psql' => (engine === 'postgres' ? 'psql' : 'sql');

export interface ChartCell extends RunnableBase {
  readonly type: 'chart';
  readonly from: string | undefined;
  /** The body's YAML without `from` and `disabled`. */
  readonly values: Readonly<Record<string, unknown>>;
}

export type Cell = TextCell | StepCell | SqlCell | ChartCell;
export type RunnableCell = StepCell | SqlCell | ChartCell;

/** The name of the table that keeps what a cell could not read or refused. */
export const rejectsOf = (name: string): string => `${name}_rejects`;
