import type {Problem} from '../lib/problem.ts';
import {join, lit, sql, type Sql} from './sql.ts';

/** What makes a query stop, and the sentence it stops with: `parts` are pieces of text put together in SQL. */
export interface StopReason {
  readonly code: string;
  readonly column?: string;
  /** Rows of a query; when there is one or more, the query stops. */
  readonly when: Sql;
  /** An aggregate over those rows that gives the message. */
  readonly message: readonly Sql[];
}

/** A condition that is true unless `when` finds rows; then the query fails with a Problem that `stopProblem` reads. */
export function stopIf({code, column, when, message}: StopReason): Sql {
  const head = lit(`[[${code}|${encodeURIComponent(column ?? '')}]] `);
  return sql`(SELECT CASE WHEN count(*) = 0 THEN true ELSE error(${join([head, ...message], ' || ')}) END FROM ${when})`;
}

/** The Problem inside a DuckDB error that `stopIf` raised, or undefined when it is another error. */
export function stopProblem(error: string): Problem | undefined {
  const found = /\[\[([A-Z_]+)\|([^\]]*)\]\] ([\s\S]*)$/.exec(error);
  if (found === null) return undefined;
  const [, code = '', column = '', message = ''] = found;
  return {
    code,
    message: message.trim(),
    hint:
      code === 'CONDITION'
        ? 'Write one that is true or false, such as temperature < 60.'
        : 'Mend these rows in a cell above, or choose what else happens on failure.',
    ...(column === '' ? {} : {where: {column: decodeURIComponent(column)}}),
  };
}

/** The first three values as text for a message, `“x”, “y”`: an aggregate over the rows it is used on, in the order of `row`. */
export const firstValues = (value: Sql, row: Sql): Sql =>
  sql`array_to_string(arg_min('“' || left(${value}, 60) || '”', ${row}, 3), ', ') || if(count(*) > 3, ' …', '')`;
