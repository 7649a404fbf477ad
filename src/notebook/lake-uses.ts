import {lakeReads} from '../sql/lake.ts';
import {tokens} from '../sql/lexer.ts';
import {id} from '../sql/sql.ts';
import type {Notebook, RunnableCell} from './cells.ts';

/** Cells that read or write a table of the lake, by its name without case. */
export function lakeUsers(notebook: Notebook, table: string): RunnableCell[] {
  const key = table.toLowerCase();
  return notebook.cells.filter((cell): cell is RunnableCell => {
    if (cell.type === 'text' || cell.type === 'chart') return false;
    if (cell.type === 'step') return tableOf(cell) === key;
    const found = lakeReads(cell.body);
    return found.ok && found.value.reads.some((read) => read.table === key);
  });
}

/** The lower-case name of the table that a step's `table` parameter names. */
function tableOf(cell: Extract<RunnableCell, {type: 'step'}>): string | undefined {
  const named = cell.values['table'];
  return ['snapshot', 'read_table', 'align_schema'].includes(cell.kind) && typeof named === 'string'
    ? named.toLowerCase()
    : undefined;
}

/** A query that reads `to` wherever it read the table `from` of the lake. */
export function withTableRenamed(query: string, from: string, to: string): string {
  const lexed = tokens(query);
  if (!lexed.ok) return query;
  const all = lexed.value;
  const is = (at: number, word: string): boolean => all[at]?.text.toLowerCase() === word;
  let text = query;
  for (let i = all.length - 1; i >= 2; i--) {
    const token = all[i];
    if (
      token === undefined ||
      token.text.toLowerCase() !== from.toLowerCase() ||
      !is(i - 1, '.') ||
      !is(i - 2, 'lake') ||
      is(i - 3, '.')
    )
      continue;
    text = text.slice(0, token.start) + id(to) + text.slice(token.end);
  }
  return text;
}
