import {py} from '../../pyspark/py.ts';
import {double, id, sql, type Sql} from '../../sql/sql.ts';

/** The same thing in both engines. */
export interface Both {
  readonly sql: Sql;
  readonly spark: string;
}

/** One line of the result: it passes when `observed` is at most `threshold`, or when there was nothing to be checked. */
export interface Check {
  readonly name: string;
  readonly column: string | null;
  readonly unit: 'minutes' | 'percent' | 'columns';
  readonly threshold: number;
  readonly expected: string;
  readonly found?: Both;
  readonly observed: Both;
  readonly failing?: Both;
  readonly checked?: Both;
  /** What it counts in the one pass over the rows, by name. */
  readonly counts?: Readonly<Record<string, Both>>;
  readonly row?: RowTest;
}

/** What is wrong with a row, and how to see it; `counted` when only so many of them make the check fail. */
export interface RowTest {
  readonly fails: Both;
  readonly reason: string;
  readonly counted?: boolean;
}

/** A value that was counted under this name. */
export const counted = (name: string): Both => ({sql: id(name), spark: `F.col(${py(name)})`});

/** The share of rows that fail; NULL when there were none. */
export const share = (failing: Both, checked: Both): Both => ({
  sql: sql`${double(100)} * ${failing.sql} / nullif(${checked.sql}, 0)`,
  spark: `F.when(${checked.spark} > 0, 100.0 * ${failing.spark} / ${checked.spark})`,
});

/** A condition in parentheses, as it stands among others. */
export const apart = ({sql: condition, spark}: Both): Both => ({sql: sql`(${condition})`, spark});

/** Conditions of Spark put together; one alone stands without parentheses. */
export const either = (conditions: readonly string[], by: '&' | '|'): string =>
  conditions.length === 1 ? conditions.join('') : conditions.map((one) => `(${one})`).join(` ${by} `);
