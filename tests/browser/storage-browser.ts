import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {chromium, type BrowserContext, type Page} from 'playwright-core';
import {ensureBrowser} from '../tools/browser.mjs';
import {startPageServer} from '../tools/page-server.mjs';

/** A browser with a profile on disk (in a private window OPFS is memory, which knows no quota), and a server of the storage page. */
export interface StorageBrowser {
  readonly context: BrowserContext;
  readonly origin: string;
  /** A new tab; `held` gives it the worker that stands still where it should crash. */
  open(options?: {readonly held: boolean}): Promise<Page>;
  load(page: Page, options?: {readonly held: boolean}): Promise<void>;
  /** A page of the same origin that has no workspace open, after the workspace was emptied. */
  empty(): Promise<Page>;
  close(): Promise<void>;
}

export async function openStorageBrowser(): Promise<StorageBrowser> {
  const server = await startPageServer('storage-page');
  const {address} = server;
  const profile = await mkdtemp(join(tmpdir(), 'lakebook-storage-'));
  const args = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic'];
  const context = await chromium.launchPersistentContext(profile, {executablePath: await ensureBrowser(), args});

  async function load(page: Page, {held} = {held: false}): Promise<void> {
    await page.goto(held ? `${address}?held` : address);
    await page.waitForFunction(() => 'suite' in window);
  }

  return {
    context,
    origin: new URL(address).origin,
    load,
    async open(options) {
      const page = await context.newPage();
      await load(page, options);
      return page;
    },
    async empty() {
      const page = await context.newPage();
      await page.goto(new URL('../../icon.svg', address).href);
      await page.evaluate(async () => {
        const root = await navigator.storage.getDirectory();
        for await (const name of root.keys()) await root.removeEntry(name, {recursive: true});
      });
      return page;
    },
    async close() {
      await context.close();
      await rm(profile, {recursive: true, force: true});
      await server.close();
    },
  };
}

/** Ends the page's process as the operating system would, the worker in it too. */
export async function kill(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const crashed = page.waitForEvent('crash');
  session.send('Page.crash').catch(() => undefined);
  await crashed;
  await page.close();
}

/** The log's versions and the ids of the latest one, as a tab that has just been opened sees them. */
export const stateOf = (page: Page): Promise<{versions: number[]; ids: readonly number[]}> =>
  page.evaluate(async () => ({
    versions: (await window.lake.history('t')).map(({version}) => version).reverse(),
    ids: await window.suite.readIds(window.lake, 't'),
  }));

/** Every file of the lake and what is left unfinished, by path. */
export const storedIn = (page: Page): Promise<{lake: string[]; unfinished: string[]}> =>
  page.evaluate(async () => {
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

export const numbers = (count: number): number[] => Array.from({length: count}, (_, i) => i);
