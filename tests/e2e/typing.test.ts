import type {Locator, Page} from 'playwright-core';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {launch, type App} from './harness.ts';

/** `expect` on what the page comes to, however busy the machine is. */
const eventually = <T>(look: () => T) => expect.poll(look);

let app: App;
let page: Page;
beforeAll(async () => {
  app = await launch({context: {viewport: {width: 1280, height: 800}}});
  page = app.page;
});
afterAll(() => app.close());

const one = '# Words\n\n```sql one\nSELECT 1 AS n\n```\n\n```step once = dedup\nfrom: one\n```\n';
const cell = (name: string): Locator => page.locator(`article[aria-label="Cell ${name}"]`);
const add = (what: string): Promise<void> =>
  page.getByRole('group', {name: 'Add a cell here'}).last().getByRole('button', {name: what}).click();
/** An editor loads when it is first needed. */
const written = (label: string): Promise<void> => page.getByRole('textbox', {name: label}).waitFor();
const toasts = (): Promise<string[]> => page.locator('.toast p').allTextContents();

describe('a pause in the middle of a text', () => {
  /** The notebook has what was typed before it. */
  const until = (text: string): Promise<void> => eventually(() => app.notebook()).toContain(text);
  /** The page has drawn what the notebook has. */
  const drawn = (): Promise<void> =>
    page.evaluate(() => new Promise<void>((done) => requestAnimationFrame(() => setTimeout(done))));

  test('takes no space and no empty line away, and a new text is typed over', async () => {
    await app.open(one);
    await add('+ text');
    await written('Text, in Markdown');
    for (const [typed, kept] of [
      ['Hello ', 'Hello'],
      ['world\n\n', 'Hello world'],
      ['more', 'Hello world\n\nmore'],
    ] as const) {
      await page.keyboard.type(typed);
      await until(`\`\`\`\n\n${kept}\n`);
      await drawn();
    }
    await page.keyboard.press('Escape');
    await page.locator('.prose p', {hasText: 'more'}).waitFor();
  });

  test('takes none from a query, and the list of words goes when that runs', async () => {
    await app.open(one);
    await add('+ SQL');
    await written('SQL of query');
    await page.keyboard.type('SELECT 1 ');
    await until('SELECT 1 \n');
    await drawn();
    await page.keyboard.type('AS n, 2 AS t');
    const words = page.locator('.cm-tooltip-autocomplete');
    await words.waitFor();
    await page.keyboard.press('Control+Enter');
    await eventually(() => words.count()).toBe(0);
    await until('SELECT 1 AS n, 2 AS t\n');
    await cell('query').getByRole('columnheader', {name: 't INTEGER'}).waitFor();
  });
});

describe('the name of a cell', () => {
  const rename = async (name: string, to: string, key: string): Promise<void> => {
    await cell(name).getByTitle(`${name}: rename`).click();
    await page.getByRole('textbox', {name: 'Name of the cell'}).fill(to);
    await page.keyboard.press(key);
    await eventually(() => page.getByRole('textbox', {name: 'Name of the cell'}).count()).toBe(0);
  };

  test.each([
    ['can’t hold a space', 'my table', '“my table” can’t be the name of a cell.'],
    ['is that of one cell', 'once', 'Another cell is named once already.'],
  ])('%s: it stays as it was, and the page says why', async (_what, to, why) => {
    await app.open(one);
    const before = await app.notebook();
    await rename('one', to, 'Enter');
    await eventually(toasts).toContain(why);
    expect(await app.notebook()).toBe(before);
    await page.locator('.toast').getByRole('button', {name: 'Dismiss'}).click();
  });

  test('stays as it was after Escape', async () => {
    await app.open(one);
    const before = await app.notebook();
    await rename('one', 'two', 'Escape');
    expect(await app.notebook()).toBe(before);
  });

  test('is changed once by Enter, and once undone', async () => {
    await app.open(one);
    const before = await app.notebook();
    await rename('one', 'first', 'Enter');
    await eventually(() => app.notebook()).toContain('from: first');
    await page.keyboard.press('Control+z');
    await eventually(() => app.notebook()).toBe(before);
  });
});

describe('a failure is told once, and for as long as it is one', () => {
  const wrong = '# Wrong\n\n```sql wrong\nSELECT nothing_such AS n\n```\n';
  const told = 'wrong failed: There is no column named nothing_such.';
  const failing = async (): Promise<void> => {
    await app.open(wrong);
    // The second is asked for while the first runs.
    await page.keyboard.press('Shift+Control+Enter');
    await page.keyboard.press('Shift+Control+Enter');
    await cell('wrong').getByRole('alert').waitFor();
    await eventually(() => page.getByRole('button', {name: 'Run all'}).isEnabled()).toBe(true);
    await eventually(async () => (await toasts()).filter((text) => text === told).length).toBe(1);
  };

  test('until the cell is deleted', async () => {
    await failing();
    await cell('wrong').locator('[data-handle]').focus();
    await page.keyboard.press('Delete');
    await eventually(toasts).not.toContain(told);
  });

  test('until it has another name, or another text', async () => {
    await failing();
    await cell('wrong').getByTitle('wrong: rename').click();
    await page.keyboard.type('better');
    await page.keyboard.press('Enter');
    await eventually(toasts).not.toContain(told);
  });
});

test('the sidebar shows which notebook is open, and the list of shortcuts writes every key alike', async () => {
  await app.open(one);
  await page.locator('button.row[aria-current="page"]').waitFor();
  const colours = await page
    .locator('button.row[aria-current="page"], button.row:has(.figure)')
    .evaluateAll((rows) => [...new Set(rows.map((row) => getComputedStyle(row).color))]);
  expect(colours.length).toBe(2);
  await page.keyboard.press('Control+/');
  const shown = (): Promise<string[]> => page.getByRole('dialog').locator('kbd').allTextContents();
  await eventually(shown).toContain('Alt+↓');
  const keys = await shown();
  expect(keys.filter((key) => /^[a-z]/.test(key))).toEqual([]);
  await page.keyboard.press('Escape');
});
