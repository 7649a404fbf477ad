import {afterAll, beforeAll, expect, test} from 'vitest';
import {launch, type App} from './harness.ts';

let app: App;
beforeAll(async () => {
  app = await launch({offline: true});
});
afterAll(() => app.close());

const keptNames = (): Promise<string[]> =>
  app.page.evaluate(async () => {
    const caches = await Promise.all(
      (await window.caches.keys()).map(async (name) => (await window.caches.open(name)).keys()),
    );
    return caches.flat().map(({url}) => url);
  });
const ofPostgres = (name: string): boolean => /\/(pglite|postgres|initdb)[^/]*$/.test(name);
const asked = (): Promise<number> =>
  app.page.evaluate(async () => Number((await window.lakebook.postgres.query('SELECT 6 * 7 AS answer')).rows[0]?.[0]));

test('PostgreSQL’s files are kept from their first use on, not before', async () => {
  await app.page.evaluate(async () => {
    await navigator.serviceWorker.ready;
  });
  await expect.poll(async () => (await keptNames()).length).toBeGreaterThan(10);
  expect((await keptNames()).filter(ofPostgres)).toEqual([]);
  await app.reload();
  expect(await asked()).toBe(42);
  await expect
    .poll(async () => (await keptNames()).filter(ofPostgres).some((name) => name.endsWith('.wasm')))
    .toBe(true);
});

test('the second visit works with the server gone', async () => {
  await app.page.evaluate(async () => {
    await navigator.serviceWorker.ready;
  });
  await app.stopServer();
  await app.reload();
  const answer = await app.query('SELECT 6 * 7 AS answer');
  expect(answer.rows).toEqual([[42]]);
  expect(await asked()).toBe(42);
});
