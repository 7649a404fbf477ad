import type {Page} from 'playwright-core';
import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import {lakeScenarios} from '../unit/lake/service-suite.ts';
import {openStorageBrowser, type StorageBrowser} from './storage-browser.ts';

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

/** Ends the page's process as the operating system would, the worker in it too. */
async function kill(target: Page): Promise<void> {
  const session = await browser.context.newCDPSession(target);
  const crashed = target.waitForEvent('crash');
  session.send('Page.crash').catch(() => undefined);
  await crashed;
  await target.close();
}

/** The log's versions and the ids of the latest one, as a tab that has just been opened sees them. */
const state = (target: Page): Promise<{versions: number[]; ids: readonly number[]}> =>
  target.evaluate(async () => ({
    versions: (await window.lake.history('t')).map(({version}) => version).reverse(),
    ids: await window.suite.readIds(window.lake, 't'),
  }));

const numbers = (count: number): number[] => Array.from({length: count}, (_, i) => i);

/** Every file of the lake and what is left unfinished, by path. */
const stored = (target: Page): Promise<{lake: string[]; unfinished: string[]}> =>
  target.evaluate(async () => {
    const root = await (await navigator.storage.getDirectory()).getDirectoryHandle('lakebook');
    const walk = async (folder: FileSystemDirectoryHandle, prefix = ''): Promise<string[]> => {
      const found: string[] = [];
      for await (const [name, handle] of folder.entries()) {
        if (handle instanceof FileSystemDirectoryHandle) found.push(...(await walk(handle, `${prefix}${name}/`)));
        else found.push(prefix + name);
      }
      return found.sort();
    };
    const of = async (name: string): Promise<string[]> => walk(await root.getDirectoryHandle(name, {create: true}));
    return {lake: await of('lake'), unfinished: await of('unfinished')};
  });

describe('a renderer that is killed in the middle of a commit', () => {
  const commitsEach = 8;
  const rounds = 5;

  test.each([2, 3, 4, 6, 7] as const)(
    'after step %i: the log has no gap, what was committed is there, nothing else is seen',
    async (step) => {
      await page.close();
      let committed = 0;
      for (let round = 0; round < rounds; round++) {
        const tab = await browser.open({held: true});
        for (let i = 0; i < commitsEach; i++, committed++) {
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
        expect(await state(next)).toEqual({versions: numbers(committed), ids: numbers(committed)});
        expect((await stored(next)).unfinished).toEqual([]);
        await next.close();
      }
    },
  );

  test('at any moment: whole commits are seen, and every one that was told', async () => {
    await page.evaluate(() => window.suite.write(window.lake, 't', []));
    await page.close();
    const perCommit = 500;
    let told = 0;
    for (let round = 0; round < 8; round++) {
      const tab = await browser.open();
      await tab.exposeFunction('tell', (id: number) => (told = Math.max(told, id)));
      const first = (await state(tab)).ids.length / perCommit;
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
      await new Promise((resolve) => setTimeout(resolve, 23 * round));
      await kill(tab);
      const next = await browser.open();
      const {versions, ids} = await state(next);
      await next.close();
      const commits = ids.length / perCommit;
      expect(ids).toEqual(numbers(commits * perCommit));
      expect(versions).toEqual(numbers(commits + 1));
      expect(commits).toBeGreaterThanOrEqual(told);
    }
  });
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
  test('four that make 50 commits each make 200', async () => {
    await page.evaluate(() => window.suite.write(window.lake, 't', []));
    const tabs = [page, await browser.open(), await browser.open(), await browser.open()];
    await Promise.all(
      tabs.map((tab, n) =>
        tab.evaluate(async (from) => {
          for (let i = 0; i < 50; i++) await window.suite.write(window.lake, 't', window.suite.ids(from + i, 1));
        }, n * 50),
      ),
    );
    for (const tab of tabs) expect(await state(tab)).toEqual({versions: numbers(201), ids: numbers(200)});
  });

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
    const before = await stored(page);
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
    expect(await stored(page)).toEqual(before);
    await session.send('Storage.overrideQuotaForOrigin', {origin: browser.origin});
    expect(await state(page)).toEqual({versions: [0], ids: [0, 1, 2]});
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
  const {lake, unfinished} = await stored(page);
  expect(unfinished).toEqual([]);
  expect(lake.filter((path) => !path.startsWith('kept/'))).toEqual(['tables.json']);
});
