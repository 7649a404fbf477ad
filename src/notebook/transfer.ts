import {exportedAs} from '../encrypt/define.ts';
import type {ImportedItem, ImportOptions, Ports} from '../ports/index.ts';
import type {Document} from './document.svelte.ts';
import type {Files} from './files.svelte.ts';
import {bytesTo, type ExportWork, type Lake, type Work} from './lake.svelte.ts';
import type {Notebooks} from './notebooks.svelte.ts';

/** What a whole workspace is, as the page holds it. */
export interface WorkspaceParts {
  readonly ports: Ports;
  readonly document: Document;
  readonly notebooks: Notebooks;
  readonly files: Files;
  readonly lake: Lake;
}

/** Notebooks, files and tables as one zip. */
export async function exportWorkspace({ports, document}: WorkspaceParts, work: ExportWork): Promise<File> {
  await document.save();
  const file = await ports.storage.exportWorkspace(bytesTo(work), work);
  return exportedAs(`lakebook-${new Date().toISOString().slice(0, 10)}.zip`, 'application/zip', file, work.encrypt);
}

/** Brings an exported workspace in and says what became of each part. */
export async function importWorkspace(
  {ports, document, notebooks, files, lake}: WorkspaceParts,
  zip: File,
  options: ImportOptions,
  work: Work,
): Promise<readonly ImportedItem[]> {
  await document.save();
  try {
    return await ports.storage.importWorkspace(zip, options, bytesTo(work), {signal: work.signal});
  } finally {
    await Promise.all([files.refresh(), lake.refresh(), files.refreshStatus()]);
    await notebooks.refresh();
    // The open notebook may have been replaced.
    if (document.path !== '') await notebooks.open(document.path);
  }
}
