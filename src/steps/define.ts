import type {Row} from '../lib/value.ts';
import type {Params, Values} from '../params/index.ts';
import type {NotExportable} from '../pyspark/py.ts';
import type {FoundFile} from '../sources/define.ts';
import type {Sql} from '../sql/sql.ts';
import type {Column} from '../sql/types.ts';
import type {Effect, Input, StepProgram} from '../run/program.ts';
import type {Touch} from '../run/touch.ts';

export type {Effect, Input, StepProgram as Program, Verdict} from '../run/program.ts';
export type {NotExportable};

export interface StepProblem {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly param?: string;
  readonly column?: string;
}

/** Looks at rows through `ask` and gives values for a cell’s parameters; undefined takes one out. `today` is the moment it is asked. */
export type Proposer = (
  ask: (query: Sql) => Promise<readonly Row[]>,
  input: Pick<Input, 'relation' | 'columns'>,
  today: Date,
) => Promise<Readonly<Record<string, unknown>>>;

/** A small table for an example: values as SQL literals read by DuckDB, types as DuckDB spells them. */
export interface ExampleTable {
  readonly columns: Readonly<Record<string, string>>;
  /** Rows of values: text, number, boolean, null; timestamps and decimals as text. */
  readonly rows: readonly (readonly (string | number | boolean | null)[])[];
}

/** A step's test, its documentation and its “insert example”. `input` is cell `input`; `others` are further cells by name. */
export interface Example {
  readonly name: string;
  /** The cell's body as the notebook has it. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly input: ExampleTable;
  readonly others?: Readonly<Record<string, ExampleTable>>;
  /** Files that a load reads, as text by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** Tables that are in the lake before, at version 0. */
  readonly lake?: Readonly<Record<string, ExampleTable>>;
  readonly expect: ExampleTable;
  readonly rejects?: ExampleTable;
}

/** That a column has no nulls, or only some values: texts, or SQL where they are not `quoted`. */
export interface ColumnTest {
  readonly column: string;
  readonly holds: 'not_null' | {readonly accepted: readonly unknown[]; readonly quoted: boolean};
  /** What follows where it doesn't hold; undefined where the rows can't fail. */
  readonly otherwise?: 'warn' | 'stop';
}

export type StepGroup =
  'load' | 'combine' | 'shape' | 'clean' | 'quality' | 'features' | 'summarise' | 'keep' | 'alert' | 'learn' | 'stream';

/**
 * One kind of cell. Everything the app knows about it is here: the form is drawn from `params`, the result comes from
 * `toSql`, the hand-over from `toPySpark`, the tests and the documentation from `examples`.
 */
export interface Step<P extends Params = Params> {
  readonly kind: string;
  /** Raised whenever the same parameters may give other rows: cached results depend on it. */
  readonly version: number;
  readonly group: StepGroup;
  readonly title: string;
  /** The cell at rest, as a sentence. */
  sentence(values: Values<P>): string;
  readonly lesson: {
    /** What the step does, in Spark's and SQL's words. */
    readonly what: string;
    readonly why: string;
    /** What goes wrong without it. */
    readonly without: string;
  };
  /** Whether it reads the cell named by `from`. */
  readonly input: 'none' | 'one';
  readonly effect: Effect;
  /** Its rows name the table it reads, so another name makes other rows. */
  readonly namesInput?: true;
  /** How its rows are best seen, above the table of them. */
  readonly view?: 'checks';
  /** Its rows are alerts, with the columns that `alerts` gives: the bell, system notices and a webhook tell them. */
  readonly isAlert?: true;
  /** The effect of these values, where it depends on them. */
  effectOf?(values: Values<P>): Effect;
  readonly params: P;
  /** Other words that people look for it by. */
  readonly words?: string;
  /** All that these values read and write outside of the cell, in the order of the step’s inputs; `from` is the cell’s own. */
  touches?(values: Values<P>): readonly Touch[];
  /** What holds for columns of its rows: dbt tests it. */
  columnTests?(values: Values<P>): readonly ColumnTest[];
  /** The columns it adds that tell the time of the run: other ones on every run, of the same rows. */
  runTimes?(values: Values<P>): readonly string[];
  /** Values that suit the rows of the first input, for the user to edit; loads when it is asked for. */
  readonly propose?: () => Promise<Proposer>;
  /** What is wrong with these values on these columns; pure. */
  check?(values: Values<P>, inputs: readonly Input[]): readonly StepProblem[];
  /** `inputs[0]` is `from`; then the cells, then the tables of the lake that `touches` names, in order. */
  toSql(values: Values<P>, inputs: readonly Input[]): StepProgram;
  /** Lines of Python that assign the result to `target`; `frames[i]` is the variable of `inputs[i]`. `F` is pyspark.sql.functions. */
  toPySpark(values: Values<P>, context: SparkContext): readonly string[] | NotExportable;
  /** Table facets of a kernel's small results that are best seen as a chart. */
  readonly charts?: Readonly<
    Record<string, {readonly mark: 'line' | 'bar' | 'dot'; readonly x: string; readonly y: string}>
  >;
  /** For a step that numbers groups: its columns of the group and of the distance to its centre. Another engine may number the same groups otherwise. */
  readonly clusters?: {readonly column: string; readonly distance: string};
  readonly examples: readonly Example[];
}

export interface SparkContext {
  /** DuckDB's expressions in Spark's words; the module loads when it is needed. */
  readonly spark: Pick<typeof import('../pyspark/query.ts'), 'sparkExpression' | 'sparkCondition'>;
  /** The variable to assign: the cell's name. */
  readonly target: string;
  readonly frames: readonly string[];
  readonly inputs: readonly Input[];
  /** The result's columns, once known: explicit schemas are written from them. */
  readonly columns: readonly Column[];
  /** Python for the address of a file by its name in the workspace; absent, the name itself. */
  readonly file?: (name: string) => string;
  /** How the files of a load were read when it last ran. */
  readonly found?: readonly FoundFile[];
  /** Rows of each input when it was last seen: the small side of a join is sent to every executor. */
  readonly rows?: readonly (number | undefined)[];
  /** What another run meets: whether a cell above has overwritten the table that this one writes, and the input's columns that tell the time of a run. */
  readonly rerun?: {readonly isOverwritten: boolean; readonly times: readonly string[]};
}

/** Keeps the inferred types of `params` for the functions beside them. */
export const defineStep = <const P extends Params>(step: Step<P>): Step<P> => step;
