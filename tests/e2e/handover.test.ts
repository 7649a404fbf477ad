import {readFileSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {unzipped} from '../unit/handover/unzipped.ts';
import {seriousFaults} from './axe.ts';
import {launch, type App} from './harness.ts';

const notebook = readFileSync(join(import.meta.dirname, '../fixtures/spark-output/notebook.md'), 'utf8');

let app: App;
beforeAll(async () => {
  app = await launch();
  await app.open(notebook);
});
afterAll(() => app.close());

const dialog = () => app.page.getByRole('dialog', {name: 'Take the notebook along'});

test('the export menu offers it, and it asks for a run first, as types are known after one', async () => {
  const {page} = app;
  await page.getByRole('button', {name: 'Export'}).first().click();
  await page.getByRole('menuitem', {name: 'The notebook for Spark or DuckDB …'}).click();
  await dialog().getByText('7 cells have not run as they stand').waitFor();
  await dialog().getByRole('button', {name: 'Run all first'}).click();
  await dialog().getByText('have not run').waitFor({state: 'detached'});
  expect(await seriousFaults(page)).toEqual([]);
});

test('what can’t go is named with what to do instead, and leads to its cell', async () => {
  await dialog().getByRole('radio', {name: 'DuckDB script'}).check();
  await dialog().getByText('1 cell stays behind').waitFor();
  const left = dialog().getByRole('listitem').filter({hasText: 'grouped'});
  expect((await left.innerText()).length).toBeGreaterThan(30);
  await left.getByRole('button', {name: 'grouped'}).click();
  await dialog().waitFor({state: 'detached'});
  expect(await app.page.evaluate(() => document.activeElement?.closest('[aria-label="Cell grouped"]') !== null)).toBe(
    true,
  );
});

test('by keyboard: the palette opens it, arrows choose the form, the preview is what is saved', async () => {
  const {page} = app;
  await page.keyboard.press('ControlOrMeta+k');
  await page.keyboard.type('take the notebook along');
  await page.keyboard.press('Enter');
  await dialog().waitFor();
  await dialog().getByRole('radio').first().focus();
  const count = await dialog().getByRole('radio').count();
  for (let i = 0; i < count; i++) {
    const label = await dialog().locator('label.on b').innerText();
    const shown = await dialog().locator('pre').innerText();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      dialog().getByRole('button', {name: 'Save'}).click(),
    ]);
    const name = download.suggestedFilename();
    const bytes = await readFile(await download.path());
    expect(name, label).toMatch(/\.(zip|ipynb|py|sql)$/);
    if (name.endsWith('.zip')) expect(bytes.subarray(0, 2).toString()).toBe('PK');
    else expect(bytes.toString().startsWith(shown.slice(0, 300)), label).toBe(true);
    await dialog().getByText(`${name},`).waitFor();
    expect(await dialog().locator('.run code').innerText()).not.toBe('');
    await dialog().getByRole('radio', {checked: true}).press('ArrowDown');
  }
  await page.keyboard.press('Escape');
});

test('the files that the notebook reads go along as they are, when that is wished', async () => {
  const {page} = app;
  const parquet = readFileSync(join(import.meta.dirname, '../../public/samples/readings.parquet'));
  await app.addFile('readings.parquet', parquet);
  await app.addFile('unused.csv', 'a\n1\n');
  await app.open('```step raw = load\nfile: readings.parquet\n```\n');
  await page.getByRole('button', {name: 'Export'}).first().click();
  await page.getByRole('menuitem', {name: 'The notebook for Spark or DuckDB …'}).click();
  const save = async (): Promise<Map<string, Uint8Array>> => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      dialog().getByRole('button', {name: 'Save'}).click(),
    ]);
    return unzipped(await readFile(await download.path()));
  };
  const inputs = dialog().getByRole('checkbox', {name: 'With the file that it reads: readings.parquet'});
  const without = [...(await save()).keys()];
  await inputs.check();
  const files = await save();
  expect([...files.keys()]).toEqual([...without, 'data/readings.parquet']);
  expect(Buffer.compare(Buffer.from(files.get('data/readings.parquet') ?? []), parquet)).toBe(0);
  expect(await seriousFaults(page)).toEqual([]);
  await dialog().getByRole('radio', {name: 'DuckDB script'}).check();
  await inputs.waitFor({state: 'detached'});
  await dialog().getByRole('radio', {name: 'dbt project'}).check();
  expect([...(await save()).keys()]).toContain('readings.parquet');
  await page.keyboard.press('Escape');
});
