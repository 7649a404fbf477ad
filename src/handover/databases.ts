import {isDatabase, type FileFormat} from '../lib/file-format.ts';
import type {PlannedCell} from '../notebook/plan.ts';
import {attachedNames, databaseName, tablePath, type DatabaseTable} from '../sql/attach.ts';
import {formatOf} from '../sql/read-csv.ts';
import type {LoadOptions} from '../steps/define.ts';
import type {Handover} from './define.ts';

/** The format of the files that a load reads: as it was found, as the user said, or as their names say. */
export const formatRead = (files: readonly string[], options: LoadOptions, found: FileFormat | undefined): FileFormat =>
  found ?? options.format ?? formatOf(files);

const filesOf = (cell: PlannedCell): readonly string[] => (cell.ready ? cell.work.files : []);

/** The tables of database files that DuckDB opens for a notebook. */
function databaseTables({plan, known}: Handover): readonly DatabaseTable[] {
  return plan.flatMap((cell) => {
    if (!cell.ready || filesOf(cell).length === 0) return [];
    const program = cell.work.program([]);
    if (program.kind !== 'read') return [];
    const found = known(cell.hash)?.files ?? [];
    const format = formatRead(program.files, program.options, found[0]?.format);
    if (!isDatabase(format) || format === 'postgres') return [];
    return program.files.map((file) => ({
      file,
      format,
      path: found.find((one) => one.file === file)?.table ?? tablePath(program.options.table, format),
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
