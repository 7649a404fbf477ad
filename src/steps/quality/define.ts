import type {Params, Values} from '../../params/index.ts';
import type {Sql} from '../../sql/sql.ts';
import type {Column} from '../../sql/types.ts';
import type {Input, StepProblem} from '../define.ts';
import type {Both, Check} from './check.ts';
import type {RowTime, Shared} from './times.ts';

/** A query over the rows that is called `NAME` in SQL and `_NAME` in Spark. */
export interface Query {
  readonly name: string;
  readonly sql: (relation: Sql) => Sql;
  readonly spark: (frame: string) => readonly string[];
}

/** What a dimension asks of the rows. */
export interface Asked {
  readonly checks: readonly Check[];
  /** Lines of Spark about the frame that its checks look at. */
  readonly spark?: (frame: string) => readonly string[];
  /** What its queries read of the one pass over the rows, by name: it is there for the rejects, too. */
  readonly totals?: Readonly<Record<string, Both>>;
  /** A query that `beside` and the rejects read. */
  readonly base?: Omit<Query, 'name'>;
  /** A query of one row, whose columns its checks name. */
  readonly beside?: Query;
  /** A column that looks at the rows before each one, and the query of one row over the rows that have it. */
  readonly placed?: Placed;
  /** What is joined to the rows to find those that fail. */
  readonly joined?: Joined;
  /** Rows that make its first check fail not by what they hold, but by being the ones that are picked. */
  readonly picked?: Picked;
}

export interface Placed {
  readonly column: string;
  /** `place` orders the rows as they lie. */
  readonly value: {readonly sql: (place: Sql) => Sql; readonly spark: (place: string) => string};
  readonly beside: Query;
}

export interface Joined {
  readonly sql: (relation: Sql) => Sql;
  /** The columns that come with it in SQL. */
  readonly added: readonly Sql[];
  readonly spark: (frame: string) => {readonly lines: readonly string[]; readonly call: string};
}

export interface Picked {
  readonly reason: string;
  /** `said` tells the check and the reason as columns. */
  readonly sql: (from: {readonly rows: Sql; readonly row: Sql; readonly said: Sql}) => Sql;
  readonly spark: (from: {readonly frame: string; readonly row: string; readonly said: string}) => {
    readonly name: string;
    readonly lines: readonly string[];
  };
}

/** What dimensions know of the rows. */
export interface Rows {
  readonly columns: readonly Column[];
  readonly now: Both;
  readonly time: RowTime;
  /** The Spark column of a condition. */
  readonly inSpark: (condition: string) => string;
}

/** One side of good data. All that is known of it is here: index.ts puts the dimensions of its list together. */
export interface Dimension<N extends string, P extends Params> {
  readonly name: N;
  /** What it is, for the lesson. */
  readonly about: string;
  readonly params: P;
  /** What the sentence says that these values ask for; `isWanted` when the dimension isn’t left out. */
  readonly sentence: (values: Values<P> & Shared, isWanted: boolean) => readonly string[];
  /** The beginning of a sentence, when these values need a column of times. */
  readonly needsTime?: (values: Values<P> & Shared) => string | undefined;
  /** What is wrong with these values on these columns. */
  readonly check?: (values: Values<P> & Shared, input: Input) => readonly StepProblem[];
  readonly ask: (values: Values<P> & Shared, rows: Rows) => Asked;
}

export const defineDimension = <const N extends string, const P extends Params>(
  dimension: Dimension<N, P>,
): Dimension<N, P> => dimension;
