import {stepCell} from '../../notebook/insert.ts';
import {saveFile} from '../files/save.ts';
import type {Page} from '../page.svelte.ts';

/** A name a cell may have, made of a table's. */
const cellNameOf = (table: string): string =>
  table
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, '_')
    .replace(/^(?=\d)/, 't_');

/** Appends a cell that reads a table, its latest version when none is named, and runs it. */
export async function readHere(page: Page, table: string, version?: number): Promise<void> {
  const {session} = page;
  page.drawer = false;
  const name = cellNameOf(table);
  const [values, called] = version === undefined ? [{table}, name] : [{table, version}, `${name}_v${version}`];
  // At the end: a table put between two cells would be what the lower one reads.
  const id = await page.insert(session.document.notebook.cells.at(-1)?.id, stepCell('read_table', values, called));
  if (id !== undefined) await page.run(page.nameOf(id));
}

/** Saves a table as a zip among the user's downloads. */
export async function saveTable(page: Page, table: string): Promise<void> {
  const file = await page.busy(`Packing ${table} …`, () => page.session.lake.exportTable(table));
  if (file === undefined) return;
  saveFile(file);
  page.toast(`${file.name} is in your downloads. Spark, delta-rs and DuckDB open it once unpacked.`);
}
