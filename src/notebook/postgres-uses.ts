import {readParams} from '../params/index.ts';
import {tokens} from '../sql/lexer.ts';
import {stepOf} from '../steps/index.ts';
import type {Cell, Notebook} from './cells.ts';
import {substituteValues} from './substitute.ts';

/** A cell that writes a table of PostgreSQL. */
export interface PostgresWriter {
  readonly cell: string;
  readonly table: string;
}

/** The cells that write tables of PostgreSQL, those that can't run or are switched off left out. */
export const postgresWriters = (cells: readonly Cell[], params: Notebook['params']): PostgresWriter[] =>
  cells.flatMap((cell) => {
    if (cell.type !== 'step' || cell.disabled) return [];
    const step = stepOf(cell.kind);
    if (step?.writesPostgres === undefined) return [];
    const values = readParams(step.params, substituteValues(cell.values, step.params, params, []));
    return values.ok ? [{cell: cell.name, table: step.writesPostgres(values.value)}] : [];
  });

/** Whether a statement of PostgreSQL's names the table; one that can't be taken apart may name any. */
export function mentionsTable(statement: string, table: string): boolean {
  const lexed = tokens(statement);
  if (!lexed.ok) return true;
  // PostgreSQL folds a bare name to lower case. In a text there may be a query, as for query_to_xml.
  return lexed.value.some((token) =>
    token.type === 'identifier'
      ? (token.quoted ? token.text : token.text.toLowerCase()) === table
      : token.type === 'string' && token.text.includes(table),
  );
}
