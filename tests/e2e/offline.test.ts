import {afterAll, beforeAll, expect, test} from 'vitest';
import {launch, type App} from './harness.ts';

let app: App;
beforeAll(async () => {
  app = await launch();
});
afterAll(() => app.close());

test('the second visit works with the server gone', async () => {
  await app.page.evaluate(async () => {
    await navigator.serviceWorker.ready;
  });
  await app.stopServer();
  await app.reload();
  const answer = await app.query('SELECT 6 * 7 AS answer');
  expect(answer.rows).toEqual([[42]]);
});
