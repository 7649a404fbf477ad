import {readdirSync, readFileSync} from 'node:fs';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join, relative} from 'node:path';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {createMemoryStore} from '../../workers/files/memory-store.ts';
import {writeZip} from '../../workers/shared/zip.ts';
import {seriousFaults} from './axe.ts';
import {launch, type App} from './harness.ts';

const folder = join(import.meta.dirname, '../fixtures/spark-output');
const notebook = readFileSync(join(folder, 'notebook.md'), 'utf8');

/** The files of the output by their paths, as base64. */
const output = readdirSync(join(folder, 'output'), {recursive: true, withFileTypes: true})
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name))
  .map((path) => ({path: relative(folder, path), data: readFileSync(path).toString('base64')}));

let app: App;
beforeAll(async () => {
  app = await launch();
  await app.open(notebook);
  const report = await app.run();
  expect(report.cells.flatMap((cell) => cell.error ?? [])).toEqual([]);
});
afterAll(() => app.close());

type Given = readonly {readonly path: string; readonly data: string}[];
const compare = (files: Given) =>
  app.page.evaluate(
    (given) =>
      window.lakebook.compare(
        given.map(({path, data}) => ({
          path,
          data: new Blob([Uint8Array.from(atob(data), (char) => char.charCodeAt(0))]),
        })),
      ),
    files,
  );

const cells = ['readings', 'checked', 'checked_rejects', 'by_sensor', 'nothing', 'kept', 'points', 'grouped'];

test('what Spark wrote is equal, cell by cell: NaN, NULL, microseconds, decimals, nested values, sums, deleted rows, other cluster numbers', async () => {
  const compared = await compare(output);
  expect(compared.filter(({equal}) => !equal)).toEqual([]);
  expect(compared.map(({cell}) => cell)).toEqual(cells);
  expect(compared.map(({rows, rowsThere}) => [rows, rowsThere])).toEqual(
    [200, 190, 10, 5, 0, 100, 60, 60].map((rows) => [rows, rows]),
  );
  expect(compared.at(-1)?.renumbered).toHaveLength(3);
});

test('nothing of the output stays: no file, no table of the lake, no table of the engine', async () => {
  expect(await app.page.evaluate(() => window.lakebook.lake.tables())).toEqual([]);
  const {rows} = await app.query(`SELECT table_name FROM duckdb_tables() WHERE table_name NOT LIKE 'result_%'`);
  expect(rows).toEqual([]);
});

/** Lets go of files or folders of this machine over the page. */
async function drop(paths: readonly string[]): Promise<void> {
  const cdp = await app.page.context().newCDPSession(app.page);
  const send = (type: 'dragEnter' | 'dragOver' | 'drop') =>
    cdp.send('Input.dispatchDragEvent', {
      type,
      x: 400,
      y: 300,
      data: {items: [], files: [...paths], dragOperationsMask: 1},
    });
  await app.page.evaluate(() => {
    delete document.body.dataset['dropped'];
    window.addEventListener('drop', () => (document.body.dataset['dropped'] = 'yes'), {once: true, capture: true});
  });
  // A browser lets go of files only where the page has said that it takes them, and what lies under them may just be drawn anew.
  await expect
    .poll(async () => {
      for (const type of ['dragEnter', 'dragOver', 'dragOver', 'drop'] as const) await send(type);
      return app.page.evaluate(() => document.body.dataset['dropped']);
    })
    .toBe('yes');
  await cdp.detach();
}

const dialog = () => app.page.getByRole('dialog', {name: 'Compare with Spark’s output'});
const chips = (name: string) => app.page.getByRole('button', {name, exact: true});

describe('on the page', () => {
  test('a dropped output folder marks each cell as equal, until the cell changes', async () => {
    await drop([join(folder, 'output')]);
    await dialog().getByText('All 8 tables are equal: 625 rows.').waitFor();
    await dialog().getByText('What counts as equal').click();
    expect(await dialog().innerText()).toContain('within 1e-9 of the larger value, or within 1e-12');
    expect(await seriousFaults(app.page)).toEqual([]);
    await dialog().getByRole('button', {name: 'Done'}).click();
    expect(await chips('as in Spark').count()).toBe(7);

    await app.open(
      notebook.replace('ELSE 20 + (i % 37) / 7.0::DOUBLE', 'ELSE 20 + (i % 37) / 7.0::DOUBLE + if(i = 44, 1e-6, 0)'),
    );
    await app.run();
    expect(await chips('as in Spark').count()).toBe(2);
  });

  test('a value that differs is shown beside Spark’s, in its cell and in those below', async () => {
    await drop([join(folder, 'output')]);
    await dialog().getByText('5 of 8 tables are equal.').waitFor();
    const found = dialog().getByRole('listitem').filter({hasText: 'readings'}).first();
    expect(await found.innerText()).toMatch(/1 row differs/);
    expect(await found.innerText()).toContain('1 value of temperature');
    await found.getByText('temperature in Spark').waitFor();
    expect(await found.getByRole('grid', {name: 'Rows that differ'}).innerText()).toContain('21.000001');
    expect(await seriousFaults(app.page)).toEqual([]);
    await found.getByRole('button', {name: 'Show the cell'}).click();
    await dialog().waitFor({state: 'detached'});

    await chips('not as in Spark').last().click();
    expect(await dialog().locator('details[open]').first().innerText()).toContain('by_sensor');
    await app.page.keyboard.press('Escape');
  });

  test('a zip of the folder is unpacked, compared and forgotten', async () => {
    const zip = await writeZip(await createMemoryStore().create('zip'));
    for (const {path, data} of output)
      await zip.add(path, new Blob([Buffer.from(data, 'base64')]), {modified: 0, packed: false});
    const path = join(await mkdtemp(join(tmpdir(), 'lakebook-compare-')), 'run.zip');
    await writeFile(path, Buffer.from(await (await zip.close()).arrayBuffer()));
    await app.open(notebook);
    await drop([path]);
    await dialog().getByText('All 8 tables are equal: 625 rows.').waitFor();
    await app.page.keyboard.press('Escape');
    await rm(dirname(path), {recursive: true});
    const left = await app.page.evaluate(async () => {
      const names: string[] = [];
      const exports = await (
        await navigator.storage.getDirectory()
      )
        .getDirectoryHandle('exports')
        .catch(() => undefined);
      // The cast: TypeScript's DOM lacks the iterator in some versions.
      for await (const name of (exports as unknown as {keys(): AsyncIterable<string>} | undefined)?.keys() ?? [])
        names.push(name);
      return names;
    });
    expect(left).toEqual([]);
  });

  test('a Delta table of a cell’s name is compared only when the user says so', async () => {
    await drop([join(folder, 'output', 'kept')]);
    await dialog().getByText('It is named as a cell').waitFor();
    await dialog().getByRole('button', {name: 'Compare', exact: true}).click();
    await dialog().getByText('The one table is equal: 100 rows.').waitFor();
    await app.page.keyboard.press('Escape');
    await drop([join(folder, 'output', 'kept')]);
    await dialog().getByRole('button', {name: 'Import it into the lake'}).click();
    await app.page.getByRole('dialog', {name: 'Import a Delta table'}).waitFor();
    await app.page.keyboard.press('Escape');
  });

  test('a folder for no cell is told with the names that are wanted', async () => {
    await app.open('```sql other\nSELECT 1 AS one\n```\n');
    const [chooser] = await Promise.all([app.page.waitForEvent('filechooser'), choose()]);
    await chooser.setFiles(join(folder, 'output'));
    await dialog().getByText('bears a cell’s name').waitFor();
    expect(await dialog().innerText()).toContain('such as other');
    await app.page.keyboard.press('Escape');
  });
});

async function choose(): Promise<void> {
  await app.page.keyboard.press('ControlOrMeta+k');
  await app.page.keyboard.type('compare with spark');
  await app.page.keyboard.press('Enter');
}
