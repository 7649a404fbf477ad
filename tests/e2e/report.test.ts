import {readFile} from 'node:fs/promises';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {seriousFaults} from './axe.ts';
import {launch, type App} from './harness.ts';

const notebook = `---
title: '<script>alert(1)</script>'
---

## Bronze

\`\`\`sql raw
SELECT i % 90 AS id FROM range(100) t(i)
\`\`\`

## Silver

\`\`\`step once = dedup
keys: [id]
\`\`\`

\`\`\`step wrong = dedup
keys: [nothing]
\`\`\`
`;

let app: App;
beforeAll(async () => {
  app = await launch();
  await app.open(notebook);
});
afterAll(() => app.close());

const report = (format?: 'text' | 'json' | 'html'): Promise<string> =>
  app.page.evaluate((as) => window.lakebook.report(as), format);

test('before anything ran there is no report', async () => {
  await expect(report()).rejects.toThrow('Nothing has run yet.');
});

test('after a run its report is one click away, tells of layers and problems, and leaves as text, JSON and HTML', async () => {
  const {page} = app;
  await page.getByRole('button', {name: 'Run all'}).click();
  await expect.poll(() => page.getByText('Halted at wrong: 3 cells in').count()).toBe(1);
  await page.getByRole('button', {name: 'Run report'}).click();
  const dialog = page.getByRole('dialog', {name: 'Run report'});
  await expect.poll(() => dialog.innerText()).toContain('Halted at wrong.');
  // It is read from its start on, and keys scroll it.
  expect(await page.evaluate(() => document.activeElement?.textContent.trim())).toBe('Halted at wrong.');
  expect(await dialog.locator('tr', {hasText: 'once'}).first().innerText()).toMatch(
    /100 → 90 rows, 10\.0 % dropped, [\d.]+ m?s/,
  );
  expect(await dialog.locator('[data-layer="silver"]').innerText()).toContain('90');
  expect(await seriousFaults(page)).toEqual([]);
  for (const [button, format, ending] of [
    ['Save as Text', 'text', 'txt'],
    ['Save as JSON', 'json', 'json'],
    ['Save as HTML', 'html', 'html'],
  ] as const) {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      dialog.getByRole('button', {name: button}).click(),
    ]);
    expect(download.suggestedFilename()).toBe(`script-alert-1-script-run.${ending}`);
    expect(await readFile(await download.path(), 'utf8')).toBe(await report(format));
  }
  await dialog.getByRole('button', {name: 'wrong', exact: true}).click();
  await dialog.waitFor({state: 'detached'});
  await expect
    .poll(() =>
      page
        .locator('article[aria-label="Cell wrong"] [data-handle]')
        .evaluate((handle) => handle === document.activeElement),
    )
    .toBe(true);
});

test('the saved page runs nothing of what is in a title', async () => {
  const page = await app.context.newPage();
  await page.setContent(await report('html'));
  expect(await page.title()).toBe('<script>alert(1)</script>: run report');
  expect(await page.locator('script').count()).toBe(0);
  expect(await seriousFaults(page)).toEqual([]);
  await page.close();
});
