import type {Page} from 'playwright-core';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {seriousFaults} from './axe.ts';
import {launch, type App} from './harness.ts';

const eventually = <T>(look: () => T) => expect.poll(look, {timeout: 30_000});

const notebook = `---
lakebook: 1
title: Compressors
dashboard: {tiles: [{chart: vibration, wide: true}]}
---

\`\`\`sql gold
SELECT 'COMP-00' || (i % 3 + 1) AS compressor_id, TIMESTAMP '2024-02-01' + INTERVAL 1 HOUR * (i // 3) AS "timestamp", 3 + sin(i / 20.0) + CASE WHEN i % 3 = 2 AND i > 300 THEN (i - 300) / 60.0 WHEN i % 3 = 0 AND i BETWEEN 60 AND 90 THEN 2 ELSE 0 END AS vibration
FROM range(504) t(i)
\`\`\`

\`\`\`step watch = alerts
by: [compressor_id]
time: timestamp
rules:
  vibration: {warning: 4.5, critical: 6, clear: 4.2}
\`\`\`

\`\`\`chart vibration
from: gold
mark: line
x: timestamp
y: vibration
color: compressor_id
title: Vibration
alerts: watch
\`\`\`
`;

let app: App;
let page: Page;
beforeAll(async () => {
  app = await launch({context: {viewport: {width: 1280, height: 900}, colorScheme: 'light'}});
  page = app.page;
  await app.open(notebook);
  await app.run();
});
afterAll(() => app.close());

const description = (): Promise<string | null> =>
  page.locator('figure.chart svg[aria-description]').first().getAttribute('aria-description');
// The notebook's own chart stays in the page behind the dashboard.
const tileDescription = (): Promise<string | null> =>
  page.locator('.tile.chart svg[aria-description]').getAttribute('aria-description');
const marks = (): Promise<number> => page.locator('figure.chart g.alert-mark path').count();

test('marks its alerts, says how many, and tells of one under the pointer', async () => {
  const {rows} = await app.query(`SELECT count(*), count(*) FILTER (severity = 'critical') FROM watch`);
  const [all, critical] = (rows[0] ?? []).map(Number);
  expect(critical).toBeGreaterThan(0);
  const said = `${String(all)} alerts, ${String(critical)} critical.`;
  await page.locator('article[aria-label="Cell vibration"]').scrollIntoViewIfNeeded();
  await eventually(description).toContain(said);
  expect(await marks()).toBe(all);
  expect(await page.locator('figure.chart g.alert-band rect').count()).toBe(all);
  expect(await page.locator('figure.chart figcaption').textContent()).toContain(said);
  await page.locator('figure.chart g.alert-mark path').last().hover({force: true});
  await eventually(() =>
    page.locator('figure.chart [data-mark="tip"], figure.chart [aria-label="tip"]').allTextContents(),
  ).toContainEqual(expect.stringMatching(/sensor.*COMP-00\d.*since/));
  expect(await seriousFaults(page)).toEqual([]);
});

test('the saved picture has them', async () => {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', {name: 'Save as SVG'}).click(),
  ]);
  const chunks: Buffer[] = [];
  for await (const chunk of await download.createReadStream()) chunks.push(Buffer.from(chunk as Uint8Array));
  const text = Buffer.concat(chunks).toString('utf8');
  // This line has no dots and no bars of its own.
  expect(text).toMatch(/data-mark="dot"[^>]*>\s*<path/);
  expect(text).toMatch(/data-mark="rect"[^>]*>\s*<rect/);
  expect(text).toMatch(/\d+ alerts, \d+ critical\./);
});

test('the dashboard’s sensors and time range act on them', async () => {
  await page.getByRole('button', {name: 'Dashboard', exact: true}).click();
  const {rows} = await app.query(`SELECT count(*) FROM watch WHERE sensor = 'COMP-003'`);
  const [[of3 = 0] = []] = rows.map((row) => row.map(Number));
  await page.getByTitle('Choose sensors').click();
  await page.getByLabel('COMP-003').check();
  await eventually(tileDescription).toMatch(new RegExp(`168 rows\\. ${of3} alerts?,`));
  await page.getByLabel('COMP-003').uncheck();
  await page.getByLabel('COMP-002').check();
  await page.keyboard.press('Escape');
  const {rows: second} = await app.query(`SELECT count(*) FROM watch WHERE sensor = 'COMP-002'`);
  expect(second[0]?.map(Number)).toEqual([0]);
  await eventually(tileDescription).toContain('168 rows. No alert belongs here.');
  expect(await page.locator('.tile.chart g.alert-mark path').count()).toBe(0);
  await page.getByRole('button', {name: 'Clear'}).click();
  await page.getByRole('button', {name: '24 hours'}).click();
  const {rows: last} = await app.query(
    `SELECT count(*) FROM watch WHERE cleared_at IS NULL OR cleared_at >= TIMESTAMP '2024-02-06 23:00:00'`,
  );
  const open = Number(last[0]?.[0]);
  expect(open).toBeGreaterThan(0);
  await eventually(tileDescription).toMatch(new RegExp(` rows\\. ${open} alerts?[,.]`));
});

test('the form chooses the alerts among the cells above', async () => {
  await page.getByRole('button', {name: 'Notebook', exact: true}).click();
  const cell = page.locator('article[aria-label="Cell vibration"]');
  await cell.scrollIntoViewIfNeeded();
  await cell.locator('button.sentence').click();
  const field = cell.getByLabel('Alerts', {exact: true});
  await field.fill('');
  await field.press('Tab');
  await eventually(description).not.toContain('alert');
  await field.fill('watch');
  await field.press('Tab');
  await eventually(description).toContain('alerts, ');
});
