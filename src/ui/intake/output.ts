import {isRunnable} from '../../cells/define.ts';
import {mayTouch} from '../../cells/index.ts';
import {outputNames} from '../../handover/compare.ts';
import {isOutput, matchOutput} from '../../handover/output.ts';
import type {Session} from '../../notebook/session.svelte.ts';
import type {FileAt} from '../../ports/index.ts';
import {sourceNamed} from '../../sources/index.ts';
import type {SparkOutput} from '../dialog.ts';
import type {Items} from './items.ts';
import {isWorkspace, isZipName} from './kinds.ts';
import {namesInZip} from './zip.ts';

/**
 * What a drop has for the notebook's cells; undefined when it has nothing for them. Parts of tables in folders that bear cells' names come from
 * a run; a Delta table or a single Parquet file of a cell's name may be meant to come in, as `otherwise` does it.
 */
export async function outputIn(
  session: Session,
  {files, folders}: Items,
  otherwise: () => void,
): Promise<SparkOutput | undefined> {
  const given: FileAt[] = [
    ...folders.flatMap((folder) => folder.files),
    ...files.map((file) => ({path: file.name, file})),
  ];
  const paths: {path: string}[] = given.filter(({path}) => !isZipName(path));
  for (const {path, file} of given.filter((each) => isZipName(each.path))) {
    const found = await namesInZip(file);
    if (isWorkspace(found)) return undefined;
    paths.push(...found.map((name) => ({path: `${path.replace(/\.zip$/i, '')}/${name}`})));
  }
  const names = outputNames(session.runs.planned);
  const from = [...folders, ...files].map(({name}) => name).join(', ');
  if (isOutput(paths, names)) return {from, files: given};
  const loads = new Set(
    session.document.notebook.cells.flatMap((cell) =>
      isRunnable(cell) && mayTouch(cell, session.document.notebook.params).some(({kind}) => kind === 'file')
        ? [cell.name]
        : [],
    ),
  );
  // A file that a load cell is named after is a new one to load.
  const {tables} = matchOutput(paths, names);
  if (tables.every(({name, format}) => sourceNamed(format).kind === 'file' && loads.has(name))) return undefined;
  const label = tables.some(({format}) => sourceNamed(format).kind === 'folder')
    ? 'Import it into the lake'
    : 'Load it as a file';
  return {from, files: given, otherwise: {label, run: otherwise}};
}
