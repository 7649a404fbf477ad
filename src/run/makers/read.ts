import {ProblemError} from '../../lib/problem.ts';
import {readFiles} from '../../sources/reading.ts';
import {rejectsOf, type Maker, type MakerContext} from '../define.ts';
import type {ProgramOf} from '../program.ts';

/** Files of the workspace, by their format. */
export const makeByReading: Maker<ProgramOf<'read'>> = async ({files, options}, context) => {
  const {ports, cell, table, events, signal, showOnly} = context;
  await showOnly([]);
  const made = await readFiles(ports, files, options, {
    table,
    rejects: rejectsOf(table),
    onProgress: (progress) => events.onProgress?.(cell.name, progress),
    signal,
  });
  await checkUnchanged(context);
  return made;
};

/** A file that was replaced while it was read would be kept under the hash of the old one. */
async function checkUnchanged({ports, cell}: MakerContext): Promise<void> {
  const stored = await ports.storage.files();
  const changed = cell.files?.find(
    ({name, fingerprint}) => stored.find((file) => file.name === name)?.fingerprint !== fingerprint,
  );
  if (changed !== undefined)
    throw new ProblemError({
      code: 'FILE_CHANGED',
      message: `${changed.name} was replaced while it was being read.`,
      hint: 'Run the cell again to read the new one.',
      where: {file: changed.name},
    });
}
