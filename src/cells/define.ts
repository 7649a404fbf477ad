import type {ChartSpec} from '../charts/spec.ts';
import type {Problem} from '../lib/problem.ts';
import type {Params} from '../params/index.ts';
import type {InputTable, Making} from '../run/define.ts';
import type {Effect, Input} from '../run/program.ts';
import type {FileRead} from '../sources/define.ts';
import type {Sql} from '../sql/sql.ts';
import type {Column} from '../sql/types.ts';
import type {ColumnTest, NotExportable, SparkContext, Step} from '../steps/define.ts';
import type {Touch} from '../run/touch.ts';

export type ParamValue = string | number | boolean;
/** The notebook's parameters: values for `${name}` in bodies. */
export type NotebookParams = Readonly<Record<string, ParamValue>>;

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

/** A cell that can run, of whatever type. */
export interface RunnableCell extends CellBase, CellText {
  /** The first word of its fence, which names its kind of cell. */
  readonly type: Fence;
  /** The text between the fences. */
  readonly body: string;
}

export type Cell = TextCell | RunnableCell;

/** The first words of fences; `cellTypes` in index.ts has an entry for each. */
export type Fence = 'step' | 'sql' | 'psql' | 'chart';

/** What a fence's header and body say. */
export interface CellText {
  readonly name: string;
  /** What it is called in reports: a step's kind, or the first word of the fence. */
  readonly kind: string;
  readonly disabled: boolean;
  /** The name of the cell it reads; undefined means the nearest table cell above, for those that read one. */
  readonly from: string | undefined;
  /** The parameters of a body that is YAML, without `from` and `disabled`; `${…}` is filled in when the cell is planned. */
  readonly values: Readonly<Record<string, unknown>>;
}

export const isRunnable = (cell: Cell): cell is RunnableCell => cell.type !== 'text';

/** What the cells above, the files and the parameters are to a cell whose text is to be understood. */
export interface Scope {
  readonly params: NotebookParams;
  /** Names of files in the workspace and their fingerprints. */
  readonly files: ReadonlyMap<string, string>;
  /** The nearest cell above that gives rows. */
  readonly nearest: string | undefined;
  /** Names of the cells above that give rows, and of those further down. */
  readonly above: readonly string[];
  readonly below: readonly string[];
}

/** How Python that is made of a cell names what it reads and gives. */
export interface Naming {
  /** The variable of a cell. */
  readonly variable: (cell: string) => string;
  readonly file?: SparkContext['file'];
}

/** What is known of a cell and its inputs when its Python is written. */
export interface PythonContext {
  readonly spark: typeof import('../pyspark/query.ts');
  readonly naming: Naming;
  /** The cell's variable. */
  readonly target: string;
  /** Under their own names, with the columns last seen. Those of the lake come last, `sources` of them. */
  readonly inputs: readonly Input[];
  readonly sources: number;
  /** Rows of each input when it was last seen. */
  readonly rows: readonly (number | undefined)[];
  /** The result's columns, once known. */
  readonly columns: readonly Column[] | undefined;
  /** How the files of a load were read. */
  readonly files: readonly FileRead[];
  readonly rerun: NonNullable<SparkContext['rerun']>;
}

/** What a cell does, once its text has been understood. */
export interface Work extends Making {
  readonly type: Fence;
  /** How its rows relate to those of its first input. */
  readonly effect: Effect;
  /** The files that it reads, globs expanded. */
  readonly files: readonly string[];
  /** In a few words, for a header: “Fill temperature with the mean”. */
  readonly sentence: string;
  /**
   * A hash of the work and of its inputs, in which the cell's own name has no part. `rows` stands for the values of a step that writes: those
   * that decide what comes to the table.
   */
  hash(inputs: readonly InputTable[], rows?: Readonly<Record<string, unknown>>): string;
  /** Columns that hold the time of the run: their values differ from run to run over the same rows. */
  readonly runTimes: readonly string[];
  /** The query it stands for over the names of its inputs, as the page shows it. */
  shown(inputs: readonly Input[], name: string): Sql;
  /** The same as PySpark, or why it can't be. */
  pyspark(context: PythonContext): string | NotExportable;
  /** The same work with other parameters of the notebook; undefined when they don't suit. */
  withParams(params: NotebookParams): Work | undefined;
  /** What holds for columns of its rows. */
  readonly tests: readonly ColumnTest[];
  /** The step behind it, for what only a step says: its group, its view, its charts. */
  readonly step?: Step;
  /** What it draws, where it gives a picture. */
  readonly chart?: ChartSpec;
}

/** The text of a new cell: what stands behind the first word of its fence, and its body. */
export interface NewCell {
  readonly header: string;
  readonly body: string | Readonly<Record<string, unknown>>;
}

/**
 * One kind of cell: all that the app knows of it but for how it looks, which src/ui/cells/kinds.ts says.
 */
export interface CellType {
  readonly fence: Fence;
  /** What people call it. */
  readonly title: string;
  readonly gives: 'rows' | 'picture';
  /** The language of its body. */
  readonly language: 'yaml' | 'sql';
  /** Whether it may go without a name; it is called after its place then. */
  readonly mayBeUnnamed: boolean;
  /** Reads what stands behind the fence's first word, and the body. */
  read(info: string, body: string, report: Report): CellText;
  /** The header behind the fence's first word, for a cell of this name. */
  header(cell: RunnableCell, name: string): string;
  /** The cell's lines, switched off or on. */
  switched(cell: RunnableCell, disabled: boolean): string;
  /** A new cell below the cells `above`. */
  create(name: string, above: readonly string[], given?: Readonly<Record<string, unknown>> | string): NewCell;
  /** Its parameters, where it has a form. */
  params(cell: RunnableCell): Params | undefined;
  /** Whether it reads the cell that `from` names, or the nearest above. */
  readsFrom(cell: RunnableCell): boolean;
  /**
   * What it touches as far as its text can be read; undefined when it can't. With `leniently`, parameters that can't be read count as left out.
   */
  touches(cell: RunnableCell, params: NotebookParams, leniently?: boolean): readonly Touch[] | undefined;
  /** The cell's lines with a cell (and NAME_rejects) that it names called otherwise. */
  renamed(cell: RunnableCell, nameOf: (name: string) => string | undefined): string;
  /** The cell's lines with a table of the lake that it names called otherwise. */
  tableRenamed(cell: RunnableCell, from: string, to: string): string;
  /** What it does; problems that keep it from running are added. */
  understand(cell: RunnableCell, scope: Scope, problems: Problem[]): Work | undefined;
  /** In words, as much as can be said of one that can't run as written. */
  describe(cell: RunnableCell): string;
}

/** Tells of a problem, so many lines below the cell's fence. */
export type Report = (code: string, message: string, hint?: string, below?: number) => void;
