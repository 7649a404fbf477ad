import type {RowsCompared} from '../../handover/compare-rows.ts';
import type {CellCompared} from '../../handover/compare.ts';
import {count, list, plural} from '../../lib/text.ts';

/** What was found of a table, in a few words: `200 rows, the same in Spark`. */
export function foundWords({found, equal}: CellCompared): string {
  if (found === undefined) return 'Could not be compared';
  return equal ? equalWords(found) : list(differences(found));
}

function equalWords({rows, close, renumbered}: RowsCompared): string {
  const within =
    close === 0 ? '' : `, ${close === rows ? (rows === 1 ? 'it' : 'all of them') : count(close)} within the tolerances`;
  return `Equal: ${plural(rows, 'row')}${within}${renumbered.length === 0 ? '' : '; clusters are numbered otherwise'}`;
}

function differences({
  differences: columns,
  reordered,
  onlyHere,
  onlyThere,
  changed,
  rows,
  rowsThere,
}: RowsCompared): string[] {
  const parts = [
    changed.count === 0 ? undefined : `${plural(changed.count, 'row differs', 'rows differ')}`,
    onlyHere.count === 0 ? undefined : `${plural(onlyHere.count, 'row')} only here`,
    onlyThere.count === 0 ? undefined : `${plural(onlyThere.count, 'row')} only in Spark`,
    columns.length === 0 ? undefined : `${plural(columns.length, 'column differs', 'columns differ')}`,
    reordered ? 'columns in another order' : undefined,
  ].filter((part) => part !== undefined);
  return parts.length > 0 ? parts : [`${plural(rows, 'row')} here, ${count(rowsThere)} in Spark`];
}

/** What a whole comparison came to. */
export function summary(cells: readonly CellCompared[]): string {
  const equal = cells.filter((cell) => cell.equal);
  const rows = equal.reduce((sum, {found}) => sum + (found?.rows ?? 0), 0);
  if (equal.length === cells.length)
    return `${cells.length === 1 ? 'The one table is' : `All ${count(cells.length)} tables are`} equal: ${plural(rows, 'row')}.`;
  return `${count(equal.length)} of ${plural(cells.length, 'table')} ${equal.length === 1 ? 'is' : 'are'} equal.`;
}
