import type {Page} from 'playwright-core';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {seriousFaults} from './axe.ts';
import {launch, type App} from './harness.ts';

const eventually = <T>(look: () => T) => expect.poll(look, {timeout: 20_000});
const cell = (page: Page, name: string) => page.locator(`article[aria-label="Cell ${name}"]`);

/** Four sensors, every ten minutes for a day: a few values are missing, one is impossible, one row comes twice. */
const rows = Array.from({length: 576}, (_, i) => {
  const at = new Date(Date.UTC(2024, 1, 1) + Math.floor(i / 4) * 600_000).toISOString().slice(0, 19);
  return `S${i % 4},${at},${i === 100 ? 9999 : i % 9 === 4 ? '' : 20 + (i % 7)},${40 + (i % 11)}`;
});
const csv = ['sensor_id,read_at,temperature,humidity', ...rows, rows[8]].join('\n');

const notebook = (quality: string): string => `# Quality

\`\`\`step readings = load
file: readings.csv
\`\`\`

\`\`\`step checks = quality
time: read_at
now: 2024-02-02
${quality}
\`\`\`

\`\`\`sql below
SELECT count(*) AS n FROM readings
\`\`\`
`;

let app: App;
let page: Page;
beforeAll(async () => {
  app = await launch({context: {viewport: {width: 1280, height: 900}, colorScheme: 'light'}});
  page = app.page;
  await app.addFile('readings.csv', csv);
});
afterAll(() => app.close());

test('the face says which dimensions fail, failed checks first, and leads to the rows that fail them', async () => {
  await app.open(notebook('ranges: {temperature: {min: -40, max: 60}}\nkeys: [sensor_id, read_at]'));
  const report = await app.run();
  expect(report.ok).toBe(true);
  expect(report.cells.find(({name}) => name === 'checks')).toMatchObject({
    status: 'ok',
    warning: {mark: '3 of 8 checks fail'},
  });
  const checks = cell(page, 'checks');
  await checks.scrollIntoViewIfNeeded();
  await eventually(() => checks.locator('dl div').allInnerTexts()).toEqual(
    expect.arrayContaining([expect.stringMatching(/completeness\s+75 %\s+3 of 4 checks/)]),
  );
  const failed = checks.getByRole('list', {name: 'Checks that failed'}).getByRole('listitem');
  await eventually(() => failed.allInnerTexts()).toEqual([
    expect.stringMatching(/temperature_missing[\s\S]*at most 5 % missing[\s\S]*64 rows of 577/),
    expect.stringMatching(/temperature_range[\s\S]*1 row of 513/),
    expect.stringMatching(/unique_key[\s\S]*2 rows of 577/),
  ]);
  await eventually(() => checks.locator('header').textContent()).toContain('3 of 8 checks fail');
  expect(await seriousFaults(page)).toEqual([]);

  await failed.nth(2).getByRole('button').click();
  await eventually(() =>
    checks.getByRole('grid', {name: 'Rows that fail unique_key'}).getAttribute('aria-rowcount'),
  ).toBe('3');
  await checks.getByRole('button', {name: 'Show all'}).click();
  await eventually(() =>
    checks.getByRole('grid', {name: 'Rows that checks rejected'}).getAttribute('aria-rowcount'),
  ).toBe('68');
});

test('stop ends the run with the names of the checks, and the result stays to look at', async () => {
  await app.open(notebook('ranges: {temperature: {max: 60}}\non_failure: stop'));
  const report = await app.run();
  expect(report.ok).toBe(false);
  expect(report.cells.map(({status}) => status)).toEqual(['cached', 'failed', 'skipped']);
  expect(report.cells[1]?.error).toMatchObject({
    code: 'QUALITY',
    message: expect.stringContaining('temperature_range (1 row)') as string,
  });
  const checks = cell(page, 'checks');
  await checks.scrollIntoViewIfNeeded();
  await eventually(() => checks.getByRole('list', {name: 'Checks that failed'}).getByRole('listitem').count()).toBe(2);
  expect((await app.query('SELECT count(*) FROM checks_rejects')).rows).toEqual([[65n]]);
  // Also once the page has been loaded anew.
  await app.reload();
  await cell(page, 'checks').scrollIntoViewIfNeeded();
  await eventually(() =>
    cell(page, 'checks').getByRole('list', {name: 'Checks that failed'}).getByRole('listitem').count(),
  ).toBe(2);
});

test('a proposal fills in what good rows look like, finds what is wrong with them, and undo takes it back', async () => {
  await app.open(notebook(''));
  await app.run();
  const before = await app.notebook();
  const checks = cell(page, 'checks');
  await checks.getByRole('button', {name: /^Check quality/}).click();
  await checks.getByRole('button', {name: 'Propose from the rows'}).click();
  await eventually(() => app.notebook()).toContain('temperature:');
  const proposed = await app.notebook();
  for (const line of ['freshness: 15m', 'sensor_id: string', 'read_at: timestamp', 'temperature: 17'])
    expect(proposed).toContain(line);
  expect(proposed).toMatch(/keys:[\s\S]*sensor_id[\s\S]*read_at/);
  await app.run();
  const failed = (await app.query('SELECT check_name FROM checks WHERE NOT passed ORDER BY ALL')).rows.flat();
  expect(failed).toEqual(['temperature_range', 'unique_key']);
  await page.keyboard.press('Escape');
  await page.evaluate(() =>
    document.activeElement instanceof HTMLElement ? document.activeElement.blur() : undefined,
  );
  await page.keyboard.press('ControlOrMeta+z');
  await eventually(() => app.notebook()).toBe(before);
});

test('kept by a snapshot, the scores of every run are charted; the same run is kept once', async () => {
  const history = (
    day: number,
  ): string => `${notebook('ranges: {temperature: {max: 60}}').replace('now: 2024-02-02', `now: 2024-02-0${day}`)}
\`\`\`step quality_history = snapshot
from: checks
table: data_quality_metrics
\`\`\`
`;
  for (const day of [2, 2, 3]) {
    await app.open(history(day));
    expect((await app.run()).ok).toBe(true);
  }
  expect((await app.query('SELECT count(*), count(DISTINCT run_at) FROM lake.data_quality_metrics')).rows).toEqual([
    [14n, 2n],
  ]);
  const checks = cell(page, 'checks');
  await checks.scrollIntoViewIfNeeded();
  await eventually(() => checks.getByRole('region', {name: 'Checks of checks'}).innerText()).toContain(
    '2 runs in data_quality_metrics',
  );
  await eventually(() => checks.locator('figure svg[role=img]').count()).toBe(1);
  expect(await seriousFaults(page)).toEqual([]);
});

test('against the clock, a run measures anew though the data is the same, and is kept as another run', async () => {
  const markdown = `${notebook('skip: [completeness]').replace('now: 2024-02-02\n', '')}
\`\`\`step clock_history = snapshot
from: checks
table: clock_metrics
\`\`\`
`;
  await app.open(markdown);
  for (let i = 0; i < 2; i++) expect((await app.run()).ok).toBe(true);
  expect(
    (
      await app.query(
        "SELECT count(DISTINCT run_at) AS runs, max(observed) > min(observed) AS older FROM lake.clock_metrics WHERE dimension = 'freshness'",
      )
    ).rows,
  ).toEqual([[2n, true]]);
});

test.each(['dark', 'light'] as const)(
  'on a narrow screen in %s the checks stay inside their cell',
  async (colorScheme) => {
    await page.emulateMedia({colorScheme});
    await page.setViewportSize({width: 390, height: 844});
    const list = cell(page, 'checks').getByRole('list', {name: 'Checks that failed'});
    await eventually(() => list.isVisible()).toBe(true);
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
    expect(await seriousFaults(page)).toEqual([]);
  },
);

test('what only keeps the checks says nothing of rejected rows when no row fails', async () => {
  await app.open(`${notebook('skip: [completeness, freshness]')}
\`\`\`step kept = snapshot
from: checks
table: kept_metrics
\`\`\`
`);
  expect((await app.run()).ok).toBe(true);
  const kept = cell(page, 'kept');
  await kept.scrollIntoViewIfNeeded();
  await eventually(() => kept.getByRole('grid').count()).toBe(1);
  expect(await kept.getByText('rejected').count()).toBe(0);
});
