import type {Page} from 'playwright-core';
import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import {kill} from '../browser/storage-browser.ts';
import {openApp} from '../tools/app.mjs';
import {random, share} from './share.ts';

let app: Awaited<ReturnType<typeof openApp>>;
beforeAll(async () => {
  app = await openApp();
});
afterAll(() => app.close());

interface InPage {
  tell(size: number): Promise<void>;
  writing: Promise<void>;
  isEnough: boolean;
}

async function open(): Promise<Page> {
  const page = await app.context.newPage();
  await page.goto(app.url);
  await page.waitForFunction(() => 'lakebook' in window);
  await page.evaluate(() => window.lakebook.ready);
  return page;
}

/** What PostgreSQL answers; a start that never comes to its end fails the test, and so does one that is refused. */
const asked = (page: Page, statement: string): Promise<unknown> =>
  page.evaluate(async (text) => Number((await window.lakebook.postgres.query(text)).rows[0]?.[0]), statement);

const later = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds));

/** A page of the site without the app, and no database. */
beforeEach(async () => {
  for (const page of app.context.pages().slice(1)) await page.close();
  const [page = await app.context.newPage()] = app.context.pages();
  await page.goto(`${app.url}icon.svg`);
});

async function dropDatabase(): Promise<void> {
  await app.context.pages()[0]?.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    for (let tries = 0; ; tries++)
      try {
        for await (const name of root.keys())
          if (name.startsWith('lakebook-postgres')) await root.removeEntry(name, {recursive: true});
        return;
      } catch (error) {
        // A process that has just ended lets go of its files one after the other.
        if (tries === 50) throw error;
        await new Promise((done) => setTimeout(done, 100));
      }
  });
}

describe('PostgreSQL', () => {
  test.each(['killed', 'stopped'] as const)('%s during its first start, it starts the next time', async (end) => {
    const draw = random(`first start ${end}`);
    for (let round = 0; round < share(50, 1); round++) {
      await dropDatabase();
      const page = await open();
      const moment = 3500 * draw();
      await page.evaluate(() => {
        void window.lakebook.open('```psql answer\nSELECT 42 AS answer\n```\n');
        void window.lakebook.run();
      });
      await later(moment);
      let next = page;
      if (end === 'stopped') await page.evaluate(() => window.lakebook.cancel());
      else {
        await kill(page);
        next = await open();
      }
      expect(await asked(next, 'SELECT 42'), `after ${moment} ms`).toBe(42);
      await next.close();
    }
  });

  test.each(['killed', 'stopped'] as const)('%s while it writes, it holds whole transactions', async (end) => {
    const draw = random(`in use ${end}`);
    await dropDatabase();
    let page = await open();
    let told = 0;
    const expose = (): Promise<unknown> => page.exposeFunction('tell', (size: number) => (told = size));
    await expose();
    for (let round = 0; round < share(50, 3); round++) {
      const before = told;
      await page.evaluate(async (from) => {
        // The cast: what the test gives the page.
        const test = window as unknown as InPage;
        test.isEnough = false;
        const write = async (size: number): Promise<void> => {
          await window.lakebook.open(
            `\`\`\`sql numbers\nSELECT range AS n, repeat('x', 100) AS text FROM range(${size})\n\`\`\`\n\n\`\`\`step kept = postgres\ntable: kept\nindexes: [n]\n\`\`\`\n`,
          );
          const {cells} = await window.lakebook.run();
          if (cells.some(({status}) => status !== 'ok' && status !== 'cached')) return;
          await test.tell(size);
          if (!test.isEnough) await write(size + 1000);
        };
        test.writing = write(from + 1000);
      }, told);
      await expect.poll(() => told, {timeout: 60_000}).toBeGreaterThan(before);
      await later(800 * draw());
      if (end === 'stopped')
        await page.evaluate(async () => {
          const test = window as unknown as InPage;
          test.isEnough = true;
          await window.lakebook.cancel();
          await test.writing;
        });
      else {
        await kill(page);
        page = await open();
        await expose();
      }
      // Of the transaction under way all is there, or nothing.
      const kept = await asked(page, 'SELECT count(*) FROM kept');
      expect([told, told + 1000]).toContain(kept);
      expect(await asked(page, 'SELECT count(DISTINCT n) FROM kept WHERE n >= 0')).toBe(kept);
    }
  });
});
