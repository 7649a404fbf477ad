import {openApp} from '../../tools/app.mjs';

/** A fresh browser with the app's engine ready. @param {Parameters<typeof openApp>[0]} [options] */
export async function readyApp(options) {
  const app = await openApp(options);
  await app.page.waitForFunction(() => 'lakebook' in window);
  await app.page.evaluate(() => window.lakebook.ready);
  return app;
}

/**
 * Opens a notebook and runs it; throws with the first cell's error.
 * @param {import('playwright-core').Page} page
 * @param {string} markdown
 * @returns {Promise<{report: import('../../../src/api.ts').RunReport, ms: number}>} `ms` from the call to the last result
 */
export async function runNotebook(page, markdown) {
  const {report, ms} = await page.evaluate(async (text) => {
    const start = performance.now();
    await window.lakebook.open(text);
    const finished = await window.lakebook.run();
    return {report: finished, ms: performance.now() - start};
  }, markdown);
  const failed = report.cells.find((cell) => cell.error);
  if (failed) throw new Error(`Cell ${failed.name} failed: ${JSON.stringify(failed.error)}`);
  return {report, ms};
}
