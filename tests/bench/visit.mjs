import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {openApp} from '../tools/app.mjs';
import {root} from '../tools/setup.mjs';
import {median, seconds} from './lib/figures.mjs';
import {isSmoke} from './lib/size.mjs';

const repeats = isSmoke ? 1 : 3;

/** From the address typed to the sample notebook's last result, with an empty browser and once more with a full one. */
export default async function visit() {
  const sample = await readFile(join(root, 'notebooks/clean-a-sensor-file.md'), 'utf8');
  const first = [];
  const again = [];
  for (let repeat = 0; repeat < repeats; repeat++) {
    const app = await openApp({isolated: true});
    try {
      first.push(await finish(app.page, sample));
      await app.page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
      // Who comes back does so later, not while the browser still writes what it keeps.
      await app.page.waitForTimeout(3000);
      await app.page.reload();
      again.push(await finish(app.page, sample));
    } finally {
      await app.close();
    }
  }
  const row = (
    /** @type {string} */ name,
    /** @type {{paint: number, finished: number}[]} */ visits,
    /** @type {string} */ limits,
  ) => [
    name,
    seconds(median(visits.map(({paint}) => paint))),
    seconds(median(visits.map(({finished}) => finished))),
    limits,
  ];
  return {
    title: 'From the address to the sample notebook’s last result',
    columns: ['visit', 'shell painted, s', 'sample notebook finished, s', 'at most, s'],
    rows: [row('first', first, '0.5 and 6'), row('again', again, '0.5 and 2.5')],
    note: `Headless Chromium on a local server, from the start of the navigation; median of ${repeats}, each with a new browser profile; the second visit comes three seconds after the first one’s files are kept.`,
  };
}

/** @param {import('playwright-core').Page} page @param {string} sample */
async function finish(page, sample) {
  await page.waitForFunction(() => 'lakebook' in window, undefined, {polling: 10});
  return page.evaluate(async (markdown) => {
    await window.lakebook.ready;
    await window.lakebook.open(markdown);
    const report = await window.lakebook.run();
    if (!report.ok) throw new Error(JSON.stringify(report.cells.find((cell) => cell.error)));
    const finished = performance.now();
    return {paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN, finished};
  }, sample);
}
