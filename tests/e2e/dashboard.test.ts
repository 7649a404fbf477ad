import type {Page} from 'playwright-core';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {seriousFaults} from './axe.ts';
import {launch, type App} from './harness.ts';

const eventually = <T>(look: () => T) => expect.poll(look);

const notebook = (dashboard: string): string => `---
lakebook: 1
title: Compressor fleet
${dashboard}---

# Compressors

\`\`\`sql gold
SELECT 'COMP-' || lpad((i % 10 + 1)::VARCHAR, 3, '0') AS compressor_id, TIMESTAMP '2024-02-01' + INTERVAL 10 MINUTE * (i // 10) AS "timestamp", 3 + sin(i / 229.0) + i % 10 * i / 20000 AS vibration
FROM range(10080) t(i)
\`\`\`

\`\`\`chart
from: gold
mark: line
x: timestamp
y: vibration
color: compressor_id
title: Vibration
\`\`\`

\`\`\`sql alarms
SELECT "timestamp", compressor_id AS sensor, CASE WHEN vibration > 7 THEN 'critical' ELSE 'warning' END AS severity FROM gold WHERE vibration > 6
\`\`\`

\`\`\`sql models
SELECT 'Ariel' AS model, 6 AS units, repeat('JGT4', 60) AS serial_number_of_the_maker
\`\`\`
`;
const chosen = `dashboard:
  # The night shift looks here first.
  tiles:
    - {figure: gold, value: count}
    - {figure: gold, value: max, column: vibration, title: "<b>Peak</b>", unit: mm/s}
    - {chart: chart_1, wide: true}
    - {table: alarms}
    - {table: models}
`;

const tile = (page: Page, title: string) => page.getByRole('article', {name: title, exact: true});
const numberOf = (page: Page, title: string): Promise<string | null> =>
  tile(page, title).locator('.number').getAttribute('title');
const drawnRows = (page: Page): Promise<string | null> =>
  page.locator('.tile.chart figure svg[aria-description]').getAttribute('aria-description');
const showDashboard = (page: Page): Promise<void> => page.getByRole('button', {name: 'Dashboard', exact: true}).click();
const titles = (page: Page): Promise<string[]> => page.locator('.tile h2').allTextContents();

describe('a dashboard', () => {
  let app: App;
  let page: Page;
  beforeAll(async () => {
    app = await launch({context: {viewport: {width: 1440, height: 900}, colorScheme: 'light'}});
    page = app.page;
    await app.open(notebook(chosen));
    await app.run();
  });
  afterAll(() => app.close());

  /** The rows that SQL finds, beside those that every tile shows. */
  async function isExact(where: string): Promise<void> {
    const {rows} = await app.query(
      `SELECT count(*), max(vibration), (SELECT count(*) FROM (SELECT *, sensor AS compressor_id FROM alarms) WHERE ${where}) FROM gold WHERE ${where}`,
    );
    const [count, peak, alarms] = (rows[0] ?? []).map(Number);
    await eventually(() => numberOf(page, 'Rows of gold')).toBe(String(count));
    await eventually(() => numberOf(page, '<b>Peak</b>')).toBe(String(peak));
    await eventually(() => drawnRows(page)).toContain(`, ${(count ?? 0).toLocaleString('en')} rows.`);
    const said =
      alarms === 0
        ? 'No rows in what is chosen.'
        : (alarms ?? 0) > 100
          ? `The latest 100 of ${(alarms ?? 0).toLocaleString('en')} rows by timestamp.`
          : alarms === 1
            ? '1 row, the latest first.'
            : `${String(alarms)} rows, the latest first.`;
    await eventually(() => tile(page, 'alarms').locator('.of, .none').textContent()).toBe(said);
  }

  test('shows the tiles that the notebook’s file names, their titles as text', async () => {
    await showDashboard(page);
    await eventually(() => titles(page)).toEqual(['Rows of gold', '<b>Peak</b>', 'Vibration', 'alarms', 'models']);
    await isExact('true');
    expect(page.url()).toMatch(/#dashboard$/);
    expect(await page.getByRole('grid').count()).toBe(0);
    expect(await tile(page, 'alarms').locator('.chip.bad').first().textContent()).toBe('critical');
    expect(await seriousFaults(page)).toEqual([]);
  });

  test('a time range and sensors act on every tile, exactly as SQL does, and one without the columns says so', async () => {
    await page.getByRole('button', {name: '24 hours'}).click();
    await isExact(`"timestamp" >= TIMESTAMP '2024-02-06 23:50:00'`);
    expect(await tile(page, 'models').locator('.note').allTextContents()).toEqual([
      expect.stringContaining('Not filtered by time: it has no column timestamp.'),
    ]);
    await page.getByTitle('Choose sensors').click();
    await page.getByLabel('Find a sensor').fill('-00');
    await page.getByLabel('COMP-009').check();
    await page.getByLabel('COMP-003').check();
    await isExact(`"timestamp" >= TIMESTAMP '2024-02-06 23:50:00' AND compressor_id IN ('COMP-003', 'COMP-009')`);
    expect(await tile(page, 'alarms').locator('.note').textContent()).toContain('Filtered by sensor.');
    expect(await tile(page, 'models').locator('.note').count()).toBe(2);
    expect(await seriousFaults(page)).toEqual([]);
    await page.keyboard.press('Escape');
    expect(page.url()).toContain('#dashboard?last=24h&sensor=COMP-003&sensor=COMP-009');

    await page.getByTitle('Choose a time range').click();
    await page.getByLabel('From', {exact: true}).fill('2024-02-03T06:00:00');
    await page.getByLabel('From', {exact: true}).press('Tab');
    await page.getByLabel('To', {exact: true}).fill('2024-02-03T06:00:00');
    await page.getByLabel('To', {exact: true}).press('Tab');
    await page.keyboard.press('Escape');
    await isExact(`"timestamp" = TIMESTAMP '2024-02-03 06:00:00' AND compressor_id IN ('COMP-003', 'COMP-009')`);
  });

  test('a filter that is changed faster than it is answered ends at the last one', async () => {
    for (const name of ['7 days', 'Last hour', 'All', '24 hours', 'Last hour', 'All', 'Last hour'])
      await page.getByRole('button', {name, exact: true}).click();
    await isExact(`"timestamp" >= TIMESTAMP '2024-02-07 22:50:00' AND compressor_id IN ('COMP-003', 'COMP-009')`);
    // No result of the notebook was made again.
    expect((await app.run()).cells.map(({status}) => status)).toEqual(['cached', 'cached', 'cached', 'cached']);
  });

  test('survives a reload with its filters; leaving it brings the notebook back where it was', async () => {
    await app.reload();
    await isExact(`"timestamp" >= TIMESTAMP '2024-02-07 22:50:00' AND compressor_id IN ('COMP-003', 'COMP-009')`);
    await page.getByRole('button', {name: 'Clear'}).click();
    await isExact('true');
    await page.getByRole('button', {name: 'Notebook', exact: true}).click();
    await page.locator('article[aria-label="Cell alarms"]').scrollIntoViewIfNeeded();
    await page.evaluate(() => scrollBy(0, 120));
    const place = (): Promise<number> =>
      page
        .locator('article[aria-label="Cell alarms"]')
        .evaluate((element) => Math.round(element.getBoundingClientRect().top));
    await eventually(() => page.evaluate(() => scrollY)).toBeGreaterThan(200);
    const at = await place();
    // A click of the test's own tool would scroll first.
    await page
      .getByRole('button', {name: 'Dashboard', exact: true})
      .evaluate((button) => button.dispatchEvent(new MouseEvent('click', {bubbles: true})));
    await eventually(() => page.evaluate(() => scrollY)).toBe(0);
    await page.goBack();
    await eventually(async () => Math.abs((await place()) - at)).toBeLessThan(3);
    expect(await page.locator('.dashboard').count()).toBe(0);
  });

  test('is edited by mouse and keyboard; only its lines of the file change, and undo brings each back', async () => {
    await showDashboard(page);
    const before = await app.notebook();
    const changedLines = async (): Promise<string[]> =>
      (await app.notebook()).split('\n').filter((line) => !before.split('\n').includes(line));
    await page.getByRole('button', {name: 'What to do with Rows of gold'}).click();
    await page.getByRole('menuitem', {name: 'Make it wide'}).click();
    expect(await changedLines()).toEqual(['    - {figure: gold, value: count, wide: true}']);
    await page.getByRole('button', {name: 'What to do with Rows of gold'}).focus();
    await page.keyboard.press('Alt+ArrowRight');
    await eventually(() => titles(page)).toEqual(['<b>Peak</b>', 'Rows of gold', 'Vibration', 'alarms', 'models']);
    // The focus went along.
    await page.keyboard.press('Alt+ArrowRight');
    await eventually(() => titles(page)).toEqual(['<b>Peak</b>', 'Vibration', 'Rows of gold', 'alarms', 'models']);

    await page.getByRole('button', {name: 'Add', exact: true}).click();
    await page.keyboard.type('last vibration');
    await page.keyboard.press('Enter');
    await eventually(() => tile(page, 'Last value vibration').count()).toBe(1);
    await page.getByRole('button', {name: 'What to do with Last value vibration'}).click();
    await page.getByRole('menuitem', {name: 'Change'}).click();
    await page.getByLabel('Figure').selectOption('min');
    await page.getByLabel('Title', {exact: true}).fill('Calmest');
    await page.getByRole('button', {name: 'Done', exact: true}).click();
    const {rows} = await app.query('SELECT min(vibration) FROM gold');
    await eventually(() => numberOf(page, 'Calmest')).toBe(String(Number(rows[0]?.[0])));
    expect(await changedLines()).toEqual([
      '    - {figure: gold, value: count, wide: true}',
      '    - {figure: gold, value: min, column: vibration, title: Calmest}',
    ]);

    await page.getByRole('button', {name: 'What to do with models'}).click();
    await page.getByRole('menuitem', {name: 'Take it off the dashboard'}).click();
    await eventually(() => tile(page, 'models').count()).toBe(0);
    for (let i = 0; i < 7; i++) await page.keyboard.press('Control+z');
    await eventually(() => app.notebook()).toBe(before);
    expect(await titles(page)).toEqual(['Rows of gold', '<b>Peak</b>', 'Vibration', 'alarms', 'models']);
  });

  test('on paper it is light, without the page around it, its charts drawn for the sheet', async () => {
    await page.getByRole('button', {name: 'Dark theme'}).click();
    expect(await seriousFaults(page)).toEqual([]);
    await page.evaluate(() => {
      window.addEventListener('beforeprint', () => {
        const box = document.querySelector('.tile.chart svg[aria-description]')?.getAttribute('viewBox');
        const style = (selector: string, name: string): string =>
          getComputedStyle(document.querySelector(selector) ?? document.body).getPropertyValue(name);
        document.title = JSON.stringify([
          box?.split(' ')[2],
          style('.tile', 'background-color'),
          style('#app > header', 'display'),
          style('.dashboard .tools', 'display'),
        ]);
      });
    });
    await page.emulateMedia({media: 'print'});
    const cdp = await page.context().newCDPSession(page);
    const {data} = await cdp.send('Page.printToPDF', {printBackground: true, paperWidth: 8.27, paperHeight: 11.69});
    expect(Buffer.from(data, 'base64').subarray(0, 5).toString()).toBe('%PDF-');
    expect(JSON.parse(await page.title())).toEqual(['660', 'rgb(255, 255, 255)', 'none', 'none']);
    // As wide as a sheet of A4 between its margins.
    await page.setViewportSize({width: 703, height: 1000});
    const beyond = (): Promise<number[]> =>
      page
        .locator('.tile table')
        .evaluateAll((tables) =>
          tables.map((table) =>
            Math.round(
              table.getBoundingClientRect().right - (table.closest('.tile')?.getBoundingClientRect().right ?? 0),
            ),
          ),
        );
    await eventually(beyond).toHaveLength(2);
    expect(Math.max(...(await beyond()))).toBeLessThanOrEqual(0);
    await page.setViewportSize({width: 1440, height: 900});
    await page.emulateMedia({media: null});
    await page.getByRole('button', {name: 'Light theme'}).click();
  });

  test('a tile of a cell that is gone, switched off or has not run says what to do', async () => {
    await app.open(
      notebook(chosen.replace('{table: models}', '{table: nowhere}'))
        .replace('sql alarms\n', 'sql alarms\n-- disabled: true\n')
        .replace('range(10080)', 'range(5040)'),
    );
    await eventually(() => tile(page, 'nowhere').textContent()).toContain('There is no cell called nowhere any more.');
    await eventually(() => tile(page, 'alarms').textContent()).toContain('alarms is switched off.');
    await eventually(() => page.locator('.dashboard .wait').textContent()).toMatch(/2 cells on it have to run first/);
    await page.locator('.dashboard .wait').getByRole('button', {name: 'Run all'}).click();
    await isExactCount('5040');
    await tile(page, 'nowhere').getByRole('button', {name: 'Take the tile off'}).click();
    await eventually(() => tile(page, 'nowhere').count()).toBe(0);
  });
  const isExactCount = async (count: string): Promise<void> =>
    eventually(() => numberOf(page, 'Rows of gold')).toBe(count);

  test('an empty one says what to do next, and begins with the charts in one click', async () => {
    await app.open(notebook(''));
    await app.run();
    await eventually(() => page.getByRole('heading', {name: 'Nothing is on this dashboard yet'}).isVisible()).toBe(
      true,
    );
    expect(await seriousFaults(page)).toEqual([]);
    await page.getByRole('button', {name: 'Start with the chart'}).click();
    await eventually(() => titles(page)).toEqual(['Rows of models', 'Vibration']);
    // The chart had no name: the tile could not name it.
    expect(await app.notebook()).toContain('```chart chart_1\n');
    await page.keyboard.press('Control+z');
    await eventually(() => app.notebook()).toBe(notebook(''));
    await page.getByRole('button', {name: 'Notebook', exact: true}).click();
    await page.getByRole('button', {name: 'What to do with alarms'}).click();
    await page.getByRole('menuitem', {name: 'Add to the dashboard'}).click();
    await page.keyboard.press('Control+k');
    await page.keyboard.type('show the dashboard');
    await page.keyboard.press('Enter');
    await eventually(() => titles(page)).toEqual(['alarms']);
  });
});

test('on a narrow screen nothing of a dashboard is wider than the screen', async () => {
  const app = await launch({context: {viewport: {width: 390, height: 844}}});
  try {
    await app.open(notebook(chosen));
    await app.run();
    await showDashboard(app.page);
    await eventually(() => drawnRows(app.page)).toContain('rows.');
    expect(await app.page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    // Nor does it go on below its last tile.
    const below = (): number =>
      document.documentElement.scrollHeight -
      scrollY -
      Math.max(...[...document.querySelectorAll('.tile')].map((tile) => tile.getBoundingClientRect().bottom));
    expect(await app.page.evaluate(below)).toBeLessThan(50);
    expect(await seriousFaults(app.page)).toEqual([]);
  } finally {
    await app.close();
  }
});
