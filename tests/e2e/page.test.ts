import {readFile} from 'node:fs/promises';
import type {Page} from 'playwright-core';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {seriousFaults} from './axe.ts';
import {launch, type App} from './harness.ts';

/** `expect` on what the page comes to, however busy the machine is. */
const eventually = <T>(look: () => T) => expect.poll(look);

/** The status words of the cells that run, in order. */
const statuses = (page: Page): Promise<string[]> =>
  page.locator('[data-cell] [data-handle] .visually-hidden').allTextContents();
const statusOf = (page: Page, name: string): Promise<string | null> =>
  page.locator(`article[aria-label="Cell ${name}"] [data-handle] .visually-hidden`).textContent();
const cell = (page: Page, name: string) => page.locator(`article[aria-label="Cell ${name}"]`);
const settled = async (page: Page): Promise<void> => {
  await eventually(async () => new Set(await statuses(page))).toEqual(new Set(['done']));
};

const csv = [
  'sensor_id;time;temperature',
  ...Array.from({length: 40}, (_, i) => `S${i % 4};2024-02-01 0${i % 10}:00:00;${20 + (i % 7)},5`),
  'S9;2024-02-01 00:00:00;warm',
].join('\n');

describe('from an empty start to an export', () => {
  let app: App;
  let page: Page;
  beforeAll(async () => {
    app = await launch({context: {viewport: {width: 1440, height: 900}, colorScheme: 'light'}});
    page = app.page;
  });
  afterAll(() => app.close());

  test('an empty workspace says what to do and offers notebooks', async () => {
    await eventually(() => page.getByRole('heading', {level: 1}).textContent()).toContain('lakehouse notebook');
    await eventually(() => page.getByRole('button', {name: 'Choose files'}).isVisible()).toBe(true);
    expect(await page.locator('.card').count()).toBeGreaterThanOrEqual(3);
    expect(await seriousFaults(page)).toEqual([]);
  });

  test('a sample opens and runs in one click', async () => {
    await page.locator('.card', {hasText: 'Clean a sensor file'}).click();
    await eventually(() => page.getByLabel('Title of the notebook').inputValue()).toBe('Clean a sensor file');
    await settled(page);
    expect((await statuses(page)).length).toBeGreaterThan(5);
  });

  test('each cell shows its faces, by mouse and by arrow keys', async () => {
    const dedup = cell(page, 'readings');
    await dedup.scrollIntoViewIfNeeded();
    await eventually(() => dedup.getByRole('grid').count()).toBe(1);
    await dedup.getByRole('tab', {name: 'What changed'}).click();
    await eventually(() => dedup.getByRole('tabpanel').textContent()).toMatch(/rows of [\d,]+ removed/);
    await page.keyboard.press('ArrowRight');
    await eventually(() => dedup.getByRole('tab', {name: 'SQL'}).getAttribute('aria-selected')).toBe('true');
    await eventually(() => dedup.locator('pre').textContent()).toContain('SELECT');
    await page.keyboard.press('ArrowRight');
    await eventually(() => dedup.locator('pre').textContent()).toContain('Window.partitionBy');
    await page.keyboard.press('ArrowRight');
    await eventually(() => dedup.getByRole('tabpanel').textContent()).toContain('Without it');
    await dedup.getByRole('tab', {name: 'Chart'}).click();
    await eventually(() => dedup.locator('figure svg').count()).toBe(1);
  });

  test('an edit makes what depends on it stale, a run makes it fresh, undo brings the old result back at once', async () => {
    const dedup = cell(page, 'readings');
    await dedup.locator('button.sentence').click();
    await dedup.getByText('last', {exact: true}).click();
    await eventually(() => statusOf(page, 'readings')).toBe('out of date');
    expect(await statusOf(page, 'typed')).toBe('done');
    await page.keyboard.press('Control+Shift+Enter');
    await settled(page);
    await page.getByRole('button', {name: 'Undo'}).click();
    await settled(page);
    await eventually(() => app.notebook()).toContain('keep: first');
    await page.keyboard.press('Escape');
  });

  test('cells are moved, deleted and brought back by keyboard', async () => {
    const before = await app.notebook();
    await cell(page, 'readings').locator('[data-handle]').focus();
    await page.keyboard.press('Alt+ArrowUp');
    expect(await app.notebook()).not.toBe(before);
    await page.keyboard.press('Control+z');
    expect(await app.notebook()).toBe(before);
    await cell(page, 'readings').locator('[data-handle]').focus();
    await page.keyboard.press('Shift+ArrowDown');
    await page.keyboard.press('Delete');
    await eventually(() => cell(page, 'readings').count()).toBe(0);
    await page.getByRole('button', {name: 'Undo'}).first().click();
    await eventually(() => app.notebook()).toBe(before);
    await settled(page);
  });

  test('a reload brings everything back, up to date', async () => {
    await app.run();
    await eventually(() => page.getByTitle('Where your data is').textContent()).toContain('Saved');
    const before = await app.notebook();
    await app.reload();
    expect(await app.notebook()).toBe(before);
    await settled(page);
    const typed = cell(page, 'typed');
    await typed.scrollIntoViewIfNeeded();
    await eventually(() => typed.getByRole('gridcell').count()).toBeGreaterThan(0);
  });

  test('the finished notebook has no serious fault for assistive technology, light or dark', async () => {
    expect(await seriousFaults(page)).toEqual([]);
    await page.getByRole('button', {name: 'Dark theme'}).click();
    expect(await page.evaluate(() => document.documentElement.dataset['theme'])).toBe('dark');
    expect(await seriousFaults(page)).toEqual([]);
    await page.getByRole('button', {name: 'Light theme'}).click();
  });

  test('an edit that is undone before it is saved leaves nothing to save', async () => {
    const before = await app.notebook();
    const handle = cell(page, 'readings').locator('[data-handle]');
    await handle.focus();
    // Within the pause after which an edit is saved, however slow the machine.
    const edited = await handle.evaluate((element) => {
      element.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowUp', altKey: true, bubbles: true}));
      const between = window.lakebook.notebook();
      element.dispatchEvent(new KeyboardEvent('keydown', {key: 'z', ctrlKey: true, bubbles: true}));
      return between;
    });
    expect(edited).not.toBe(before);
    await eventually(() => app.notebook()).toBe(before);
    await eventually(() => page.getByTitle('Where your data is').textContent()).toContain('Saved');
  });

  test('a cell is exported as Parquet through a download', async () => {
    await page.getByRole('button', {name: 'What to do with readings'}).click();
    await page.getByRole('menuitem', {name: 'Export'}).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('dialog').getByRole('button', {name: 'Export', exact: true}).click(),
    ]);
    expect(download.suggestedFilename()).toBe('readings.parquet');
    const bytes = await readFile(await download.path());
    expect(bytes.subarray(0, 4).toString('latin1')).toBe('PAR1');
    expect(bytes.subarray(-4).toString('latin1')).toBe('PAR1');
    await page.keyboard.press('Escape');
  });

  test('a file is previewed, read otherwise, loaded, and its rejected row is kept', async () => {
    const [chooser] = await Promise.all([
      page.waitForEvent('filechooser'),
      page.getByRole('button', {name: 'Add files'}).click(),
    ]);
    await chooser.setFiles({name: 'halls.csv', mimeType: 'text/csv', buffer: Buffer.from(csv)});
    const dialog = page.getByRole('dialog', {name: 'Load halls.csv'});
    await eventually(() => dialog.getByRole('columnheader').count()).toBe(3);
    expect(await seriousFaults(page)).toEqual([]);
    await dialog.getByLabel('Type of temperature').selectOption('DOUBLE');
    await eventually(() => dialog.textContent()).toContain('1 row can’t be read');
    await dialog.getByRole('button', {name: 'Load', exact: true}).click();
    await eventually(() => statusOf(page, 'halls')).toBe('done');
    await cell(page, 'halls').getByRole('button', {name: '1 rejected'}).first().click();
    await eventually(() => cell(page, 'halls').getByRole('grid').textContent()).toContain('warm');
  });

  test('the palette finds a step, and the form tells what is missing', async () => {
    await page.keyboard.press('Control+k');
    await page.keyboard.type('drop dupl');
    await page.keyboard.press('Enter');
    await eventually(() => page.locator('[data-cell]:focus-within').getAttribute('aria-label')).toBe('Cell dedup');
    await page.keyboard.press('Escape');
    expect(await page.locator(':focus').getAttribute('aria-label')).toContain('Cell dedup');
  });

  test('a failure names the cell and what to try, and the rest of the page goes on', async () => {
    await page.getByRole('button', {name: '+ SQL'}).last().click();
    const query = page.locator('article[aria-label^="Cell query"]');
    await query.locator('.cm-content').click();
    await page.keyboard.press('Control+a');
    await page.keyboard.type('SELECT nothing_such FROM halls');
    await page.keyboard.press('Control+Enter');
    await eventually(() => query.locator('[data-handle] .visually-hidden').textContent()).toBe('failed');
    await eventually(() => query.getByRole('alert').textContent()).toContain('nothing_such');
    expect(await query.getByRole('alert').textContent()).not.toMatch(/\bat \w+.*:\d+:\d+/);
  });

  test('k-means shows its figures below the rows; its centres are a table of their own where they are asked for', async () => {
    await app.open(`\`\`\`sql points
SELECT (i % 3) * 10 + i / 100.0::DOUBLE AS x FROM range(60) r(i)
\`\`\`

\`\`\`step grouped = kmeans
features: [x]
k: 3
\`\`\`

\`\`\`step centres = kmeans
from: points
features: [x]
k: 3
elbow_max: 0
give: centres
\`\`\`

\`\`\`sql largest
SELECT round(max(x)) AS x FROM centres
\`\`\`
`);
    const {ok, cells} = await app.run();
    expect([ok, cells.map(({name, rowsOut}) => [name, rowsOut])]).toEqual([
      true,
      [['points', 60], ['grouped', 60], ['centres', 3], ['largest', 1]], // prettier-ignore
    ]);
    expect((await app.query('SELECT cluster, size, round(x, 9) AS x FROM centres')).rows).toEqual([
      [0, 20, 0.285],
      [1, 20, 10.295],
      [2, 20, 20.305],
    ]);
    const [figures, own] = [cell(page, 'grouped').locator('.figures'), cell(page, 'centres').locator('.figures')];
    await cell(page, 'grouped').scrollIntoViewIfNeeded();
    await eventually(() => figures.getByRole('region', {name: 'centres'}).locator('tbody tr').count()).toBe(3);
    await eventually(() => figures.getByLabel('inertia by k').count()).toBe(1);
    await cell(page, 'centres').scrollIntoViewIfNeeded();
    await eventually(() => own.textContent()).toContain('silhouette');
    expect(await own.getByRole('region', {name: 'centres'}).count()).toBe(0);
  });
});

describe('on a narrow window', () => {
  let app: App;
  beforeAll(async () => {
    app = await launch({context: {viewport: {width: 390, height: 844}, hasTouch: true, colorScheme: 'dark'}});
  });
  afterAll(() => app.close());

  test('a sample runs, the drawer opens and nothing is cut off', async () => {
    const {page} = app;
    expect(await seriousFaults(page)).toEqual([]);
    await page.locator('.card', {hasText: 'Clean a sensor file'}).click();
    await eventually(() => page.locator('[data-cell]').count()).toBeGreaterThan(5);
    await settled(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    expect(await page.evaluate(() => document.documentElement.dataset['theme'])).toBe('dark');
    expect(await seriousFaults(page)).toEqual([]);
    await page.getByRole('button', {name: 'Show or hide the sidebar'}).click();
    await eventually(() => page.getByRole('navigation').getByText('sensors.csv').isVisible()).toBe(true);
    await page.keyboard.press('Escape');
  });
});
