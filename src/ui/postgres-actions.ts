import {plural} from '../lib/text.ts';
import type {DatabaseTable} from '../notebook/database.svelte.ts';
import {quotedId} from '../sql/sql.ts';
import type {Page} from './page.svelte.ts';

/** Starts PostgreSQL where it isn't yet, and lists its tables. */
export async function openDatabase(page: Page): Promise<void> {
  await page.busy('Opening the PostgreSQL database …', () => page.session.database.refresh());
}

/** Asks for a dump and runs it. */
export function pickDump(page: Page): void {
  const input = Object.assign(document.createElement('input'), {type: 'file', accept: '.sql,.dump,.txt'});
  input.addEventListener('change', () => {
    const file = input.files?.[0];
    if (file === undefined) return;
    void page
      .busy(`Loading ${file.name} into PostgreSQL …`, () => page.session.database.load(file))
      .then((count) => {
        if (count !== undefined) page.toast(`${plural(count, 'statement')} of ${file.name} were run.`);
      });
  });
  input.click();
}

/** Appends a psql cell that reads a table, and runs it. */
export async function queryTable(page: Page, {schema, name}: DatabaseTable): Promise<void> {
  const {session} = page;
  page.drawer = false;
  const table = schema === 'public' ? quotedId(name) : `${quotedId(schema)}.${quotedId(name)}`;
  const cell = await page.insert(() =>
    session.insertCell(session.notebook.cells.at(-1)?.id, 'psql', 'query', `SELECT *\nFROM ${table}\nLIMIT 100`),
  );
  if (cell !== undefined) await page.run(page.nameOf(cell));
}

export function dropTable(page: Page, {schema, name, rows}: DatabaseTable): void {
  page.confirm(
    `Delete the PostgreSQL table ${name}?`,
    `Its ${plural(rows, 'row')} go with it, and there is no way back. Cells that wrote it write it again when they run.`,
    'Delete',
    () => {
      void page.busy(`Deleting ${name} …`, () => page.session.database.drop(schema, name));
    },
  );
}
