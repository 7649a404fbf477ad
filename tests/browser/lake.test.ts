import type {Page} from 'playwright-core';
import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import {lakeScenarios} from '../unit/lake/service-suite.ts';
import {kill, numbers, openStorageBrowser, stateOf, storedIn, type StorageBrowser} from './storage-browser.ts';

let browser: StorageBrowser;
let page: Page;

beforeAll(async () => {
  browser = await openStorageBrowser();
});
afterAll(() => browser.close());

beforeEach(async () => {
  page = await browser.empty();
  await browser.load(page);
  return async () => {
    for (const open of browser.context.pages()) await open.close();
  };
});

describe('what every store does', () => {
  test.each(Object.keys(lakeScenarios))('%s', (name) =>
    page.evaluate((scenario) => window.suite.runLakeScenario(scenario, window), name),
  );
});

describe('a crash of the storage worker that a cell asks for', () => {
  test.each([2, 3, 4, 6, 7] as const)(
    'after step %i: the call is told, and the worker started anew has the table whole',
    async (step) => {
      const seen = await page.evaluate(async (crashAfter) => {
        const {suite, lake, storage} = window;
        await storage.writeText('notebooks/a.md', '# A');
        await suite.write(lake, 't', suite.ids(0, 3));
        const problem = await suite.problemOf(() => suite.write(lake, 't', suite.ids(3, 3), {crashAfter}));
        return {
          code: problem.code,
          ids: await suite.readIds(lake, 't'),
          text: await storage.readText('notebooks/a.md'),
          next: (await suite.write(lake, 't', suite.ids(9, 1))).version,
        };
      }, step);
      const isCommitted = step === 7;
      expect(seen).toEqual({
        code: 'STORAGE_RESTARTED',
        ids: numbers(isCommitted ? 6 : 3),
        text: '# A',
        next: isCommitted ? 2 : 1,
      });
    },
  );

  test('a write that was open then is over, whatever its number', async () => {
    const codes = await page.evaluate(async () => {
      const {suite, lake} = window;
      await suite.write(lake, 't', suite.ids(0, 1));
      const [open, reader] = [await lake.begin('t', suite.intent()), await lake.openRead('t')];
      await suite.problemOf(() => suite.write(lake, 't', suite.ids(1, 1), {crashAfter: 4}));
      await lake.begin('t', suite.intent());
      await lake.openRead('t');
      return [
        (await suite.problemOf(() => lake.commit(open.transaction, [], {}))).code,
        (await suite.problemOf(() => lake.readFile(reader.reader, 0, () => Promise.resolve()))).code,
      ];
    });
    expect(codes).toEqual(['WRITE_CLOSED', 'READER_CLOSED']);
  });

  test('listeners hear of a commit that nobody could tell', async () => {
    const heard = await page.evaluate(async () => {
      const {suite, lake} = window;
      await suite.write(lake, 't', suite.ids(0, 1));
      const told = new Promise<string>((resolve) => lake.onChange(resolve));
      await suite.problemOf(() => suite.write(lake, 't', suite.ids(1, 1), {crashAfter: 7}));
      return told;
    });
    expect(heard).toBe('t');
  });
});

describe('several tabs', () => {
  test('a vacuum waits for a reader in another tab, and for no tab that has died', async () => {
    const other = await browser.open();
    await page.evaluate(async () => {
      await window.suite.write(window.lake, 't', window.suite.ids(0, 5));
      await window.suite.write(window.lake, 't', window.suite.ids(5, 5), {mode: 'overwrite'});
    });
    const reader = await other.evaluate(async () => (await window.lake.openRead('t', {version: 0})).reader);
    let isDone = false;
    const vacuumed = page
      .evaluate(async () => (await window.lake.vacuum('t', {retainHours: 0, dryRun: false})).files.length)
      .finally(() => (isDone = true));
    const rows = await other.evaluate(async (opened) => {
      let bytes = 0;
      await window.lake.readFile(opened, 0, (ipc) => {
        bytes += ipc.length;
        return new Promise((resolve) => setTimeout(resolve, 300));
      });
      return bytes;
    }, reader);
    expect(rows).toBeGreaterThan(0);
    expect(isDone).toBe(false);
    await kill(other);
    expect(await vacuumed).toBe(1);
  });

  test('each hears of the other’s commits', async () => {
    const other = await browser.open();
    const heard = other.evaluate(
      () =>
        new Promise((resolve) => {
          window.lake.onChange(resolve);
        }),
    );
    // The other tab listens once it answers.
    await other.evaluate(() => window.lake.tables());
    await page.evaluate(() => window.suite.write(window.lake, 't', window.suite.ids(0, 1)));
    expect(await heard).toBe('t');
  });

  test('one owns the workspace, until another takes it over or it is closed', async () => {
    const other = await browser.open();
    const own = (tab: Page): Promise<boolean> =>
      tab.evaluate(async () => {
        window.ownership = await window.suite.openOwnership();
        return window.ownership.isOwner;
      });
    expect([await own(page), await own(other)]).toEqual([true, false]);
    const lost = page.evaluate(
      () =>
        new Promise((resolve) => {
          window.ownership.onLost(() => resolve(window.ownership.isOwner));
        }),
    );
    await page.evaluate(() => window.ownership.isOwner);
    await other.evaluate(() => window.ownership.takeOver());
    expect(await lost).toBe(false);
    expect(await other.evaluate(() => window.ownership.isOwner)).toBe(true);
    await other.close();
    // A lock is free a moment after its tab is closed.
    await expect.poll(() => own(page)).toBe(true);
  });
});

describe('when storage is full', () => {
  test('a write that outgrows the room is refused with its reason, and leaves nothing', async () => {
    await page.evaluate(() => window.suite.write(window.lake, 't', window.suite.ids(0, 3)));
    const before = await storedIn(page);
    const session = await browser.context.newCDPSession(page);
    const {usage} = await page.evaluate(() => window.storage.status());
    await session.send('Storage.overrideQuotaForOrigin', {origin: browser.origin, quotaSize: usage + 2e6});
    const problem = await page.evaluate(() => {
      const {suite, lake} = window;
      // Texts that don't compress.
      const random = (): string =>
        Array.from(crypto.getRandomValues(new Uint8Array(64)), (byte) => byte.toString(16)).join('');
      const rows = suite.ids(3, 60_000).map(({id}) => ({id, sensor: random()}));
      return suite.problemOf(() => suite.write(lake, 't', rows));
    });
    expect(problem).toMatchObject({code: 'QUOTA_EXCEEDED', message: expect.stringContaining('table t') as string});
    expect(await storedIn(page)).toEqual(before);
    await session.send('Storage.overrideQuotaForOrigin', {origin: browser.origin});
    expect(await stateOf(page)).toEqual({versions: [0], ids: [0, 1, 2]});
    expect(
      await page.evaluate(async () => (await window.suite.write(window.lake, 't', window.suite.ids(3, 1))).version),
    ).toBe(1);
  });
});

test('what a page that ended left behind goes when the next one opens', async () => {
  await page.evaluate(async () => {
    const {suite, lake} = window;
    await suite.write(lake, 'kept', suite.ids(0, 1));
    const plan = await lake.begin('never', suite.intent());
    const file = await lake.openFile(plan.transaction, {});
    await lake.writeFile(plan.transaction, file, suite.ipcOf(suite.ids(0, 9)));
    await lake.closeFile(plan.transaction, file, suite.statsOf(suite.ids(0, 9)));
    const other = await lake.openFile(plan.transaction, {});
    await lake.writeFile(plan.transaction, other, suite.ipcOf(suite.ids(0, 9)));
  });
  await browser.load(page);
  expect(await page.evaluate(async () => (await window.lake.tables()).map(({name}) => name))).toEqual(['kept']);
  const {lake, unfinished} = await storedIn(page);
  expect(unfinished).toEqual([]);
  expect(lake.filter((path) => !path.startsWith('kept/'))).toEqual(['tables.json']);
});
