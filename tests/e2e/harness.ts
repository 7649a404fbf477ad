import type {Problem} from '../../src/lib/problem.ts';
import type {BrowserContextOptions, Page} from 'playwright-core';
import {addFileFromDisk, briefly, exportCell, openApp} from '../tools/app.mjs';

type Api = typeof window.lakebook;
type Answer<K extends 'open' | 'run' | 'query' | 'addFile' | 'addUrl'> = Awaited<ReturnType<Api[K]>>;

export interface LaunchOptions {
  /** The path the site is served under; by default one that isn't the top. */
  readonly base?: string;
  readonly isolated?: boolean;
  /** Whether the service worker keeps the site's files: half of what a start costs, and of no use to a page that is opened once. */
  readonly offline?: boolean;
  /** More of the browser's flags. */
  readonly args?: readonly string[];
  /** Viewport, colour scheme and the like. */
  readonly context?: BrowserContextOptions;
}

/**
 * The built site in a browser of its own, served below `/some/path/` without isolation headers: the plainest host there is.
 * `close` fails when a request left the machine, an error went uncaught or the content security policy was broken.
 */
export async function launch({
  base = '/some/path/',
  isolated = false,
  offline = false,
  args = [],
  context = {},
}: LaunchOptions = {}) {
  const app = await openApp({
    base,
    isolated,
    context: {serviceWorkers: offline ? 'allow' : 'block', ...context},
    args: [...briefly, ...args],
  });
  const {page} = app;
  await whenReady(page);

  return {
    ...app,
    open: (markdown: string): Promise<Answer<'open'>> => page.evaluate((text) => window.lakebook.open(text), markdown),
    run: (cell?: string): Promise<Answer<'run'>> => page.evaluate((name) => window.lakebook.run(name), cell),
    cancel: (): Promise<void> => page.evaluate(() => window.lakebook.cancel()),
    /** Rows as the page gives them: bigint and ISO timestamps survive the way here. */
    query: (sql: string): Promise<Answer<'query'>> => page.evaluate((text) => window.lakebook.query(text), sql),
    notebook: (): Promise<string> => page.evaluate(() => window.lakebook.notebook()),
    handover: (target: Parameters<Api['handover']>[0]): Promise<string> =>
      page.evaluate((to) => window.lakebook.handover(to), target),
    addFile: (name: string, content: string | Uint8Array): Promise<Answer<'addFile'>> =>
      page.evaluate(
        ([fileName, base64]) =>
          window.lakebook.addFile(
            fileName,
            new Blob([Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))]),
          ),
        [name, Buffer.from(content).toString('base64')] as const,
      ),
    addUrl: (address: string): Promise<Answer<'addUrl'>> =>
      page.evaluate((url) => window.lakebook.addUrl(url), address),
    /** The problem that a call rejects with. */
    problemOf: (call: 'query' | 'addUrl', argument: string): Promise<Problem> =>
      page.evaluate(
        async ([name, text]) => {
          try {
            await window.lakebook[name](text);
          } catch (error) {
            // What the scripting API throws.
            return (error as {problem: Problem}).problem;
          }
          throw new Error(`${name} was not refused`);
        },
        [call, argument] as const,
      ),
    addFileFromDisk: (name: string, path: string) => addFileFromDisk(page, name, path),
    export: (cell: string, format: Parameters<Api['export']>[1], options?: Record<string, unknown>): Promise<Buffer> =>
      exportCell(page, cell, format, options),
    reload: async (): Promise<void> => {
      await page.reload();
      await whenReady(page);
    },
    close: async (): Promise<void> => {
      await app.close();
      const complaints = [...app.foreign.map((address) => `A request left the machine: ${address}`), ...app.faults];
      if (complaints.length > 0) throw new Error(complaints.join('\n'));
    },
  };
}

export type App = Awaited<ReturnType<typeof launch>>;

async function whenReady(page: Page): Promise<void> {
  await page.waitForFunction(() => 'lakebook' in window);
  await page.evaluate(() => window.lakebook.ready);
}
