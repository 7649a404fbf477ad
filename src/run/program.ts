import type {Problem} from '../lib/problem.ts';
import type {Row} from '../lib/value.ts';
import type {At, KernelArgs} from '../ports/index.ts';
import type {LoadOptions} from '../sources/define.ts';
import type {Rows} from '../sql/rows.ts';
import type {Sql} from '../sql/sql.ts';
import type {Column} from '../sql/types.ts';
import type {LakeWrite, PostgresWrite} from '../tables/define.ts';

/** A table a cell reads. `relation` stands in FROM: the cell's name in SQL that is shown, the result's table in SQL that runs. */
export interface Input extends Rows {
  readonly name: string;
  readonly columns: readonly Column[];
}

/** How a cell's rows come about; src/run/makers has a maker for each kind. */
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
  /** A query of the user's own over its inputs by their names: `written` as it stands in the cell, `text` with the lake's tables by the names of their inputs. */
  | {readonly kind: 'query'; readonly written: string; readonly text: string; readonly above: readonly string[]}
  /** PostgreSQL answers a statement, which starts on the line below `line` of the notebook. */
  | {readonly kind: 'postgres'; readonly statement: string; readonly line: number}
  /**
   * `features` is fetched as typed arrays, one row for each row of the input in its order. The kernel gives columns, which are put
   * beside the input's rows, or rows of its own. `shown` is what the SQL face prints; `inSql` says that DuckDB gives the same rows with
   * it, only slower.
   */
  | {
      readonly kind: 'kernel';
      readonly features: Sql;
      readonly fn: string;
      readonly args: KernelArgs;
      readonly gives: 'columns' | 'rows';
      readonly shown: Sql;
      readonly inSql: boolean;
    }
  /** Files are read, several of them by name. `shown` is what the SQL face prints. */
  | {
      readonly kind: 'read';
      readonly files: readonly string[];
      readonly options: LoadOptions;
      readonly shown: Sql;
    }
  /** The rows of the first input as they are; with `write` they go to a table of the lake too, with `postgres` to one of PostgreSQL. */
  | {readonly kind: 'through'; readonly write?: LakeWrite; readonly postgres?: PostgresWrite; readonly shown: Sql}
  /** A version of a table of the lake. Without `at` it is the one the cell before makes, or `left` where that is later. */
  | {
      readonly kind: 'lake';
      readonly table: string;
      readonly at: At | undefined;
      readonly left: number | undefined;
      readonly schemaOnly: boolean;
    };

/** The program of one kind. */
export type ProgramOf<K extends Program['kind']> = Extract<Program, {readonly kind: K}>;

/** What a step's work can be; the other kinds are the cells' own. */
export type StepProgram = ProgramOf<'sql' | 'kernel' | 'read' | 'through'>;

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

/** What a cell does to the rows of its first input, which decides how “What changed” compares them. */
export type Effect =
  /** New rows: loads, aggregates, joins, unions. Nothing to compare. */
  | 'new'
  /** The same rows in the same order; values or columns change. */
  | 'same'
  /** Some of the rows, each unchanged or with columns added, in the same order. */
  | 'subset';
