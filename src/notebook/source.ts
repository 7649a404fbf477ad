import type {Naming, PythonContext} from '../cells/define.ts';
import {pyIdentifier} from '../pyspark/py.ts';
import type {InputTable, StoredResult} from '../run/define.ts';
import type {Input} from '../run/program.ts';
import {id, type Sql} from '../sql/sql.ts';
import type {Column} from '../sql/types.ts';
import type {NotExportable} from '../steps/define.ts';
import type {CompiledCell} from './plan.ts';

type Known = (hash: string) => StoredResult | undefined;

/** A cell's inputs under their own names, with the columns last seen: for SQL and Python that people read. */
const shownInputs = (cell: CompiledCell, known: Known): Input[] =>
  cell.inputs.map((input) => ({name: input.name, relation: id(input.name), columns: columnsOf(input, known)}));

const columnsOf = ({hash, rejects}: InputTable, known: Known): readonly Column[] =>
  (rejects ? known(hash)?.rejects : known(hash))?.columns ?? [];

const rowsOf = ({hash, rejects}: InputTable, known: Known): number | undefined =>
  (rejects ? known(hash)?.rejects : known(hash))?.rows;

/** The query a cell stands for, over the cells it names, for the page to show. */
export const sqlOf = (cell: CompiledCell, known: Known): Sql => cell.work.shown(shownInputs(cell, known), cell.name);

/** The same work as PySpark, or why it can't be. */
export function pysparkOf(
  cell: CompiledCell,
  known: Known,
  spark: PythonContext['spark'],
  naming: Naming = {variable: pyIdentifier},
): string | NotExportable {
  const result = known(cell.hash);
  return cell.work.pyspark({
    spark,
    naming,
    target: naming.variable(cell.name),
    inputs: shownInputs(cell, known),
    sources: cell.sources.length,
    rows: cell.inputs.map((input) => rowsOf(input, known)),
    columns: result?.columns,
    files: result?.files ?? [],
    rerun: {isOverwritten: cell.isOverwritten ?? false, times: cell.runTimes},
  });
}
