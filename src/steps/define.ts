import type {Problem} from '../lib/problem.ts';
import type {Row} from '../lib/value.ts';
import type {KernelArgs} from '../ports/index.ts';
import type {Params, Values} from '../params/index.ts';
import type {NotExportable} from '../pyspark/py.ts';
import type {FoundFile, LoadOptions} from '../sources/define.ts';
import type {Rows} from '../sql/rows.ts';
import type {Sql} from '../sql/sql.ts';
import type {Column} from '../sql/types.ts';
import type {LakeRead, LakeWrite, PostgresWrite} from '../tables/define.ts';

export type {NotExportable};

/** A table a step reads. `relation` stands in FROM: the cell's name in SQL that is shown, the result's table in SQL that runs. */
export interface Input extends Rows {
  readonly name: string;
  readonly columns: readonly Column[];
}

/** What running a cell means. */
export type Program =
  /**
   * One query gives the rows. `rejects` gives the rows of `NAME_rejects`; `judge` asks the rows, once made, what they say of the data.
   * `assigned` names the columns that the query makes, where all others, and the rows in their order, are those of the first input as long
   * as they are as many: only these are computed then, and kept beside it.
   */
  | {
      readonly kind: 'sql';
      readonly sql: Sql;
      readonly rejects?: Sql;
      readonly judge?: Judge;
      readonly assigned?: readonly string[];
    }
  /**
   * `features` is fetched as typed arrays, one row for each row of the input in its order; the kernel's columns are put beside the
   * input's rows. `shown` is what the SQL face prints; `inSql` says that DuckDB gives the same rows with it, only slower.
   */
  | {
      readonly kind: 'kernel';
      readonly features: Sql;
      readonly fn: string;
      readonly args: KernelArgs;
      readonly shown: Sql;
      readonly inSql: boolean;
    }
  /** Files are read, several of them by name. `shown` is what the SQL face prints. */
  | {readonly kind: 'read'; readonly files: readonly string[]; readonly options: LoadOptions; readonly shown: Sql}
  /** The rows of the first input as they are; with `write` they go to a table of the lake too, with `postgres` to one of PostgreSQL. */
  | {readonly kind: 'through'; readonly write?: LakeWrite; readonly postgres?: PostgresWrite; readonly shown: Sql};

export interface Judge {
  /** A small query over the table that was made. */
  readonly ask: (made: Sql) => Sql;
  /** Undefined when all is well. */
  readonly read: (answer: readonly Row[]) => Verdict | undefined;
  /** For a script: a query that fails where the run would stop. */
  readonly halt?: (made: Sql) => Sql;
}

/** What rows say against the data they were made from. They are there to be looked at, also when they stop the run. */
export interface Verdict {
  readonly stops: boolean;
  /** A few words for the cell’s header. */
  readonly mark: string;
  readonly problem: Problem;
}

/** What a step does to the rows of its first input, which decides how “What changed” compares them. */
export type Effect =
  /** New rows: loads, aggregates, joins, unions. Nothing to compare. */
  | 'new'
  /** The same rows in the same order; values or columns change. */
  | 'same'
  /** Some of the rows, each unchanged or with columns added, in the same order. */
  | 'subset';

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
  /** Whether these values look at the clock: then the same data may give other rows, and every run computes them anew. */
  readsClock?(values: Values<P>): boolean;
  /** How its rows are best seen, above the table of them. */
  readonly view?: 'checks';
  /** Its rows are alerts, with the columns that `alerts` gives: the bell, system notices and a webhook tell them. */
  readonly isAlert?: true;
  /** The effect of these values, where it depends on them. */
  effectOf?(values: Values<P>): Effect;
  readonly params: P;
  /** The table of the lake it reads: the last of its inputs. */
  reads?(values: Values<P>): LakeRead | undefined;
  /** The table of the lake it writes and how, and those of the values that decide which rows and columns come to it. */
  writes?(
    values: Values<P>,
  ):
    | {readonly table: string; readonly mode: LakeWrite['mode']; readonly rows: Readonly<Record<string, unknown>>}
    | undefined;
  /** The table of PostgreSQL that it writes. */
  writesPostgres?(values: Values<P>): string;
  /** The columns it adds that tell the time of the run: other ones on every run, of the same rows. */
  runTimes?(values: Values<P>): readonly string[];
  /** Values that suit the rows of the first input, for the user to edit; loads when it is asked for. */
  readonly propose?: () => Promise<Proposer>;
  /** What is wrong with these values on these columns; pure. */
  check?(values: Values<P>, inputs: readonly Input[]): readonly StepProblem[];
  /** `inputs[0]` is `from`; then the cells named by `p.cell` and `p.cells` parameters in order. */
  toSql(values: Values<P>, inputs: readonly Input[]): Program;
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
