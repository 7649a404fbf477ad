import type {PlannedCell} from '../notebook/plan.ts';
import {attachedNames, databaseName, type DatabaseTable} from '../sources/databases/attach.ts';
import {tableIn} from '../sources/databases/tables.ts';
import {sourceOf} from '../sources/index.ts';
import type {Handover} from './define.ts';

const filesOf = (cell: PlannedCell): readonly string[] => (cell.ready ? cell.work.files : []);

/** The tables of database files that DuckDB opens for a notebook. */
function databaseTables({plan, known}: Handover): readonly DatabaseTable[] {
  return plan.flatMap((cell) => {
    if (!cell.ready || filesOf(cell).length === 0) return [];
    const program = cell.work.program([]);
    if (program.kind !== 'read') return [];
    const found = known(cell.hash)?.files ?? [];
    const {tables} = sourceOf(program.files, program.options, found[0]);
    const attach = tables?.attach;
    if (tables === undefined || attach === undefined) return [];
    return program.files.map((file) => ({
      file,
      attach,
      path: tableIn(
        tables,
        program.options,
        found.find((one) => one.file === file),
      ),
    }));
  });
}

/** The name of the database that cells become tables of: none of those that they are loaded from, which it would overwrite. */
export function outputDatabase(handover: Handover, wanted: string): string {
  const taken = new Set(
    [...handover.plan.flatMap(filesOf), ...databaseTables(handover).map(({file}) => databaseName(file))].map((name) =>
      name.toLowerCase(),
    ),
  );
  let name = wanted;
  while (taken.has(databaseName(name).toLowerCase()) || taken.has(`${name}.duckdb`.toLowerCase()))
    name = `tables_of_${name}`;
  return name;
}

/** The names that the database files of a notebook are opened under, beside the one that its cells become tables of. */
export const databasesOf = (handover: Handover, output: string): ReadonlyMap<string, string> =>
  attachedNames(databaseTables(handover), [databaseName(output)]);
