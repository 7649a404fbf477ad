import {readdirSync} from 'node:fs';
import {join} from 'node:path';
import {addFileFromDisk, bytesOf} from '../../tools/app.mjs';
import {readyApp} from '../../bench/lib/page.mjs';
import {duckKind} from './rows.mjs';

/**
 * What the page makes of a notebook: its tables, what it hands over, the PostgreSQL that its psql cells asked, and why a cell failed.
 * @typedef {{tables: Record<string, import('./rows.mjs').Table>, kinds: Record<string, string>, job: string, jupyter: string, script: string, dump: string | undefined, failed?: {cell: string, code: string, message: string}}} Ran
 */

/** Lakebook in a browser of its own. */
export async function openPage() {
  const app = await readyApp();
  const {page} = app;
  /** @type {Promise<unknown>} */
  let last = Promise.resolve();
  return {
    faults: app.faults,
    close: app.close,
    /** Runs a notebook once those before it are done. @param {import('./notebooks.mjs').Notebook} notebook @returns {Promise<Ran>} */
    run(notebook) {
      const next = last.then(() => run(notebook));
      last = next.catch(() => undefined);
      return next;
    },
    /** The zip of a hand-over of the notebook that is open. @param {'pyspark'} target */
    zip: async (target) => bytesOf(await page.evaluateHandle((to) => window.lakebook.handoverZip(to), target)),
  };

  /** @param {import('./notebooks.mjs').Notebook} notebook @returns {Promise<Ran>} */
  async function run({markdown, folder}) {
    for (const file of readdirSync(folder))
      if (markdown.includes(file) || markdown.includes('*')) await addFileFromDisk(page, file, join(folder, file));
    const {tables, ...ran} = await page.evaluate(async (text) => {
      /** As in python/canonical.py. @param {any} value @returns {unknown} */
      const canonical = (value) => {
        if (value === null || typeof value === 'boolean') return value;
        if (value instanceof Uint8Array)
          return Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('');
        if (Array.isArray(value)) return value.map(canonical);
        if (typeof value === 'object')
          return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, canonical(inner)]));
        return Object.is(value, -0) ? '-0' : String(value);
      };
      const {lakebook} = window;
      const problems = await lakebook.open(text);
      const report = await lakebook.run();
      const bad = report.cells.find(({status}) => status === 'failed');
      const failed =
        bad !== undefined
          ? {cell: bad.name, code: String(bad.error?.code), message: String(bad.error?.message)}
          : problems.length > 0 && !report.ok
            ? {cell: '', code: String(problems[0]?.code), message: String(problems[0]?.message)}
            : undefined;
      /** @type {Record<string, {columns: readonly {name: string, type: string}[], rows: unknown[][]}>} */
      const found = {};
      for (const {name, kind, status, rejected} of report.cells) {
        if (kind === 'chart' || (status !== 'ok' && status !== 'cached')) continue;
        for (const table of rejected > 0 ? [name, `${name}_rejects`] : [name]) {
          const {columns, rows} = await lakebook.query(`FROM "${table}"`);
          // A moment is compared in UTC, as the others write one.
          const plain = (/** @type {unknown} */ value, /** @type {number} */ i) =>
            columns[i]?.type === 'TIMESTAMP WITH TIME ZONE' && value !== null ? String(value).replace(/Z$/, '') : value;
          found[table] = {columns, rows: rows.map((row) => row.map(plain).map(canonical))};
        }
      }
      // Before its tables go: what a notebook leaves as depends on what is known of them.
      const [job, jupyter, script] = [
        await lakebook.handover('pyspark'),
        await lakebook.handover('ipynb'),
        await lakebook.handover('sql'),
      ];
      for (const {name} of await lakebook.lake.tables()) await lakebook.lake.remove(name);
      const has = (/** @type {string} */ wanted) => report.cells.some(({kind}) => kind === wanted);
      const dump = has('psql') ? await (await lakebook.postgres.dump()).text() : undefined;
      for (const {name} of has('psql') || has('postgres') ? await lakebook.postgres.tables() : [])
        await lakebook.postgres.drop(name);
      return {
        failed,
        tables: found,
        kinds: Object.fromEntries(report.cells.map(({name, kind}) => [name, kind])),
        job,
        jupyter,
        script,
        dump,
      };
    }, markdown);
    const typed = Object.entries(tables).map(([name, {columns, rows}]) => [
      name,
      {columns: columns.map((column) => ({name: column.name, kind: duckKind(column.type)})), rows},
    ]);
    return {...ran, tables: Object.fromEntries(typed)};
  }
}
