import {afterAll, beforeAll, expect, test} from 'vitest';
import {launch, type App} from './harness.ts';

let app: App;
beforeAll(async () => {
  app = await launch();
});
afterAll(() => app.close());

test('a SQL cell shows its query in Spark’s words, and what can’t go with what to write instead', async () => {
  await app.open(
    [
      '```sql readings',
      'SELECT 1 AS k, 2.675::DOUBLE AS x',
      '```',
      '',
      '```sql means',
      'SELECT k, round(x, 2) AS x -- to the cent',
      'FROM readings',
      '```',
      '',
      '```sql usual',
      'SELECT mode(k) AS k FROM readings',
      '```',
      '',
    ].join('\n'),
  );
  expect((await app.run()).ok).toBe(true);
  const face = async (name: string) => {
    const cell = app.page.locator('article', {has: app.page.locator(`text="${name}"`)}).first();
    await cell.getByRole('tab', {name: 'PySpark'}).click();
    return cell;
  };
  const means = await face('means');
  await means.getByText('round(x * 100) / 100 AS x -- to the cent').waitFor();
  const usual = await face('usual');
  await usual.getByText('equally frequent').waitFor();
  await usual.getByText('ORDER BY count(*) DESC').waitFor();
});
