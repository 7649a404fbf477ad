import {afterAll, beforeAll, expect, test} from 'vitest';
import {seriousFaults} from './axe.ts';
import {launch, type App} from './harness.ts';

const notebook = (table: string): string =>
  `---\ntitle: Kept or not\n---\n\n\`\`\`sql numbers\nSELECT range AS n FROM range(1000)\n\`\`\`\n\n\`\`\`step kept = snapshot\ntable: ${table}\n\`\`\`\n\n\`\`\`step copied = postgres\ntable: ${table}\n\`\`\`\n`;

let app: App;
beforeAll(async () => {
  // A name that is no loopback address: over plain http a browser gives such a page no storage, no locks and half of its cryptography.
  app = await launch({
    args: ['--host-resolver-rules=MAP lakebook.test 127.0.0.1', '--proxy-bypass-list=lakebook.test'],
  });
});
afterAll(() => app.close());

test('data that is cleared while the page is open: the page says so, and saves the notebook again', async () => {
  const {page} = app;
  await app.open(notebook('before'));
  expect((await app.run()).ok).toBe(true);
  await expect.poll(() => page.getByTitle('Where your data is').textContent()).toContain('Saved');
  const session = await app.context.newCDPSession(page);
  await session.send('Storage.clearDataForOrigin', {origin: new URL(app.url).origin, storageTypes: 'all'});
  // The next edit meets it.
  await page.getByRole('button', {name: /SQL$/}).last().click();
  const banner = page.getByRole('alert', {name: 'Nothing is kept'});
  await expect.poll(() => banner.textContent()).toContain('was cleared while Lakebook was open');
  await expect.poll(() => page.getByTitle('Where your data is').textContent()).toContain('Saved');
  await banner.getByRole('button', {name: 'OK'}).click();
  await expect.poll(() => banner.count()).toBe(0);
  // The lake and PostgreSQL begin anew.
  await app.open(notebook('after'));
  expect((await app.run()).ok).toBe(true);
  await app.reload();
  expect(await app.notebook()).toContain('table: after');
  expect(await page.evaluate(async () => (await window.lakebook.postgres.tables()).map(({name}) => name))).toEqual([
    'after',
  ]);
});

test('where the browser stores nothing all works, and the page says at its top that nothing is kept', async () => {
  const {page} = app;
  await page.goto(app.url.replace('127.0.0.1', 'lakebook.test'));
  await page.evaluate(() => window.lakebook.ready);
  expect(await page.evaluate(() => window.isSecureContext)).toBe(false);
  const banner = page.getByRole('region', {name: 'Nothing is kept'});
  await expect.poll(() => banner.textContent()).toContain('notebooks, files and tables live as long as this page');
  expect((await app.open(notebook('memory'))).length).toBe(0);
  expect((await app.run()).cells.map(({status}) => status)).toEqual(['ok', 'ok', 'ok']);
  const status = await page.getByTitle('Where your data is').textContent();
  expect(status).toContain('Nothing is kept');
  expect(status).not.toMatch(/Saved|stored/);
  expect(await seriousFaults(page)).toEqual([]);
});
