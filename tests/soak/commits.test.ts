import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import {kill, numbers, openStorageBrowser, stateOf, storedIn, type StorageBrowser} from '../browser/storage-browser.ts';
import {random, share} from './share.ts';

let browser: StorageBrowser;

beforeAll(async () => {
  browser = await openStorageBrowser();
});
afterAll(() => browser.close());

beforeEach(async () => {
  await (await browser.empty()).close();
  return async () => {
    for (const open of browser.context.pages()) await open.close();
  };
});

describe('a renderer that is killed in the middle of a commit', () => {
  test.each([2, 3, 4, 6, 7] as const)(
    'after step %i: the log has no gap, what was committed is there, nothing else is seen',
    async (step) => {
      const draw = random(`after step ${step}`);
      let committed = 0;
      for (let round = 0; round < share(40, 2); round++) {
        const tab = await browser.open({held: true});
        for (let before = Math.ceil(8 * draw()); before > 0; before--, committed++) {
          const version = await tab.evaluate(
            async (id) => (await window.suite.write(window.lake, 't', window.suite.ids(id, 1))).version,
            committed,
          );
          expect(version).toBe(committed);
        }
        await tab.evaluate(
          async ([id, crashAfter]) => {
            const held = new Promise((resolve) => new BroadcastChannel('held').addEventListener('message', resolve));
            void window.suite.write(window.lake, 't', window.suite.ids(id, 1), {crashAfter});
            await held;
          },
          [committed, step] as const,
        );
        await kill(tab);
        if (step === 7) committed++;
        const next = await browser.open();
        expect(await stateOf(next)).toEqual({versions: numbers(committed), ids: numbers(committed)});
        expect((await storedIn(next)).unfinished).toEqual([]);
        await next.close();
      }
    },
  );

  test('at any moment: whole commits are seen, and every one that was told', async () => {
    const draw = random('at any moment');
    const page = await browser.open();
    await page.evaluate(() => window.suite.write(window.lake, 't', []));
    await page.close();
    const perCommit = 500;
    let told = 0;
    for (let round = 0; round < share(100, 5); round++) {
      const tab = await browser.open();
      await tab.exposeFunction('tell', (id: number) => (told = Math.max(told, id)));
      const first = (await stateOf(tab)).ids.length / perCommit;
      await tab.evaluate(
        ([from, size]) => {
          // The cast: exposed by the test.
          const {tell} = window as unknown as {tell: (id: number) => Promise<void>};
          const commit = async (n: number): Promise<void> => {
            await window.suite.write(window.lake, 't', window.suite.ids(n * size, size));
            await tell(n + 1);
            return commit(n + 1);
          };
          void commit(from);
        },
        [first, perCommit] as const,
      );
      // Its first commit loads what later ones have.
      await expect.poll(() => told).toBeGreaterThan(first);
      await new Promise((resolve) => setTimeout(resolve, 250 * draw()));
      await kill(tab);
      const next = await browser.open();
      const {versions, ids} = await stateOf(next);
      await next.close();
      const commits = ids.length / perCommit;
      expect(ids).toEqual(numbers(commits * perCommit));
      expect(versions).toEqual(numbers(commits + 1));
      expect(commits).toBeGreaterThanOrEqual(told);
    }
  });
});

describe('several tabs', () => {
  test('four that commit at once lose none of their commits', async () => {
    const each = share(200, 20);
    const page = await browser.open();
    await page.evaluate(() => window.suite.write(window.lake, 't', []));
    const tabs = [page, await browser.open(), await browser.open(), await browser.open()];
    await Promise.all(
      tabs.map((tab, n) =>
        tab.evaluate(
          async ([from, count]) => {
            for (let i = 0; i < count; i++) await window.suite.write(window.lake, 't', window.suite.ids(from + i, 1));
          },
          [n * each, each] as const,
        ),
      ),
    );
    for (const tab of tabs)
      expect(await stateOf(tab)).toEqual({versions: numbers(4 * each + 1), ids: numbers(4 * each)});
  });
});
