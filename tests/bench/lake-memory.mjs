import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {grouped, megabytes, seconds} from './lib/figures.mjs';
import {forgetPeak, pageMemory} from './lib/memory.mjs';
import {readyApp, runNotebook} from './lib/page.mjs';
import {readingsSql} from './lib/readings.mjs';
import {sized} from './lib/size.mjs';

const rows = sized(5_000_000);
/** What a page may take over the table itself, in bytes. */
const most = 300e6;
const port = 4371;

const table = `\`\`\`sql readings\n${readingsSql(rows)}\n\`\`\`\n`;
const kept = '```step kept = snapshot\ntable: large\n```\n';

/** What writing a large table to the lake and reading it back take over what the table takes in the page. */
export default async function lakeMemory() {
  const profile = await mkdtemp(join(tmpdir(), 'lakebook-profile-'));
  try {
    const written = await inPage(profile, async ({run, settled, peakOf}) => {
      await run(table);
      const alone = await settled();
      return {alone, ...(await peakOf(() => run(`${table}\n${kept}`)))};
    });
    // Another tab of a browser that was started anew: nothing is there of what writing left behind.
    const read = await inPage(profile, ({run, peakOf}) =>
      peakOf(() => run('```step back = read_table\ntable: large\n```\n')),
    );
    const line = (/** @type {string} */ what, /** @type {{peak: number, ms: number}} */ {peak, ms}) => [
      what,
      seconds(ms),
      megabytes(peak),
      megabytes(peak - written.alone),
    ];
    return {
      title: `Memory of ${grouped(rows)} × 9 to the lake and back`,
      columns: ['what', 'seconds', "peak of the page's process", `over the table (at most ${megabytes(most)})`],
      rows: [line('written by a snapshot cell', written), line('read by a read_table cell in a new tab', read)],
      note: `Resident memory of the page's process, its workers included. The table made by SQL takes ${megabytes(written.alone)} with the page around it, five seconds after it was made.`,
    };
  } finally {
    await rm(profile, {recursive: true, force: true, maxRetries: 5});
  }
}

/**
 * @typedef {object} Measured
 * @property {(markdown: string) => Promise<number>} run gives the milliseconds that the last cell and what it reads took
 * @property {() => Promise<number>} settled bytes once nothing goes on any more
 * @property {(work: () => Promise<number>) => Promise<{ms: number, peak: number}>} peakOf the work's own peak, in bytes
 */

/**
 * @template T
 * @param {string} profile
 * @param {(page: Measured) => Promise<T>} work
 */
async function inPage(profile, work) {
  // The same address each time: the lake is the origin's.
  const app = await readyApp({profile, port});
  const memory = async () => {
    const found = await pageMemory(profile);
    if (found === undefined) throw new Error('Memory is measured on Linux only.');
    return found;
  };
  try {
    const found = await work({
      run: async (markdown) => (await runNotebook(app.page, markdown)).ms,
      settled: async () => {
        await app.page.waitForTimeout(5000);
        return (await memory()).now;
      },
      peakOf: async (run) => {
        await forgetPeak((await memory()).pid);
        const ms = await run();
        return {ms, peak: (await memory()).peak};
      },
    });
    // The next tab opens with this one's notebook, and would make its tables too.
    await runNotebook(app.page, '# Nothing\n');
    await app.page.waitForTimeout(1500);
    return found;
  } finally {
    await app.close();
  }
}
