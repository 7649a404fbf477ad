import {mkdirSync, writeFileSync} from 'node:fs';
import {dirname} from 'node:path';
import {bytesOf, fileFromDisk} from '../tools/app.mjs';
import {readyApp} from '../bench/lib/page.mjs';

/**
 * @typedef {{mode?: 'append' | 'overwrite' | 'merge', keys?: string[], merge_schema?: boolean, overwrite_schema?: boolean, partition_by?: string[], not_null?: string[], constraints?: Record<string, string>, comments?: Record<string, string>}} Snapshot
 * @typedef {{rows: string} & Snapshot} Write rows as a query, and the parameters of the snapshot cell
 * @typedef {{code: string, message: string, sqlState?: string}} Refusal
 * @typedef {{columns: {name: string, type: string}[], rows: unknown[][]}} Rows canonical, in no order
 */

/** Lakebook in a browser of its own, driven through its scripting API. */
export async function openLake() {
  const app = await readyApp();
  const {page} = app;
  await page.evaluate(() => {
    /** As in python/canonical.py. @param {any} value @returns {unknown} */
    const canonical = (value) => {
      if (value === null || typeof value === 'boolean') return value;
      if (value instanceof Uint8Array) return Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('');
      if (Array.isArray(value)) return value.map(canonical);
      if (typeof value === 'object')
        return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, canonical(inner)]));
      return Object.is(value, -0) ? '-0' : String(value);
    };
    /** What a call gives or why it is refused, as values. @param {() => Promise<unknown>} call */
    const outcome = async (call) => {
      try {
        return {value: await call()};
      } catch (error) {
        const {code, message, sqlState} = /** @type {any} */ (error).problem ?? {
          code: String(/** @type {any} */ (error).name),
          message: String(error),
        };
        return {refusal: {code, message, sqlState}};
      }
    };
    Object.assign(window, {interop: {canonical, outcome}});
  });

  /** The page does one thing at a time. @type {Promise<unknown>} */
  let last = Promise.resolve();
  /** @template {(...given: any[]) => Promise<any>} Call @param {Call} call @returns {Call} */
  const inTurn = (call) =>
    /** @type {Call} */ (
      (...given) => {
        const next = last.then(() => call(...given));
        last = next.catch(() => undefined);
        return next;
      }
    );
  const one = calls(page);
  const lake = /** @type {typeof one} */ (
    Object.fromEntries(Object.entries(one).map(([name, call]) => [name, inTurn(call)]))
  );
  return {
    ...lake,
    close: app.close,
    faults: app.faults,
    /** Writes, restores and vacuums in their order; throws the first refusal. @param {string} table @param {readonly import('./tables.mjs').Step[]} steps */
    async apply(table, steps) {
      for (let start = 0; start < steps.length;) {
        const step = steps[start];
        let end = start + 1;
        if (step === undefined) return;
        if ('restore' in step) await lake.restore(table, step.restore);
        else if ('vacuum' in step) await lake.vacuum(table, step.vacuum);
        else {
          // Writes on end are cells of one notebook.
          while (end < steps.length && isWrite(steps[end])) end++;
          const refusal = await lake.write(table, steps.slice(start, end).filter(isWrite));
          if (refusal) throw new Error(`${refusal.code}: ${refusal.message}`);
        }
        start = end;
      }
    },
    /** The history, and the rows of every version whose files are there. @param {string} table */
    async everything(table) {
      const history = await lake.history(table);
      /** @type {Map<number, import('./check-written.mjs').Version>} */
      const versions = new Map();
      for (const {version, readable} of [...history].reverse()) {
        if (!readable) continue;
        const [{columns, rows}, {schema}] = [await lake.read(table, {version}), await lake.version(table, version)];
        versions.set(version, {
          columns: columns.map(({name}) => name),
          types: columns.map(({type}) => type),
          rows,
          schema,
        });
      }
      return {history: [...history], versions};
    },
  };
}

/** @typedef {Awaited<ReturnType<typeof openLake>>} Lake */

/** @param {import('./tables.mjs').Step | undefined} step @returns {step is Write} */
const isWrite = (step) => step !== undefined && 'rows' in step;

/** @param {import('playwright-core').Page} page */
function calls(page) {
  return {
    /** Writes one after another, as the cells of one notebook; undefined, or why one was refused. @param {string} table @param {readonly Write[]} writes @returns {Promise<Refusal | undefined>} */
    async write(table, writes) {
      const cells = writes.map(({rows, ...snapshot}, index) => {
        const lines = Object.entries({from: `rows_${index}`, table, ...snapshot}).map(
          ([name, value]) => `${name}: ${JSON.stringify(value)}`,
        );
        return `\`\`\`sql rows_${index}\n${rows}\n\`\`\`\n\n\`\`\`step kept_${index} = snapshot\n${lines.join('\n')}\n\`\`\``;
      });
      const markdown = `---\nlakebook: 1\ntitle: ${table}\n---\n\n${cells.join('\n\n')}\n`;
      const {problems, report} = await page.evaluate(
        async (text) => ({problems: await window.lakebook.open(text), report: await window.lakebook.run()}),
        markdown,
      );
      const problem = report.cells.find((cell) => cell.error)?.error ?? problems[0];
      return (
        problem && {
          code: problem.code,
          message: problem.message,
          ...(problem.sqlState !== undefined && {sqlState: problem.sqlState}),
        }
      );
    },
    /** @param {string} table @param {{version?: number, timestamp?: number}} [at] @returns {Promise<Rows>} */
    async read(table, at) {
      return page.evaluate(async ([name, which]) => {
        const {columns, rows} = await window.lakebook.lake.read(name, which);
        return {columns, rows: rows.map(/** @type {any} */ (window).interop.canonical)};
      }, /** @type {const} */ ([table, at]));
    },
    /** The schema, partition columns and properties of a version. @param {string} table @param {number} [version] */
    version: (table, version) =>
      page.evaluate(
        ([name, at]) => window.lakebook.lake.version(name, at === undefined ? undefined : {version: at}),
        /** @type {const} */ ([table, version]),
      ),
    /** The newest first. @param {string} table */
    history: (table) => page.evaluate((name) => window.lakebook.lake.history(name), table),
    /** @param {string} table @param {number} version */
    restore: (table, version) =>
      page.evaluate(
        ([name, at]) => window.lakebook.lake.restore(name, {version: at}),
        /** @type {const} */ ([table, version]),
      ),
    /** @param {string} table @param {number} retainHours */
    vacuum: (table, retainHours) =>
      page.evaluate(
        ([name, hours]) => window.lakebook.lake.vacuum(name, {retainHours: hours}),
        /** @type {const} */ ([table, retainHours]),
      ),
    /** @param {string} table @param {string} path where the zip goes */
    async zip(table, path) {
      const blob = await page.evaluateHandle((name) => window.lakebook.lake.zip(name), table);
      mkdirSync(dirname(path), {recursive: true});
      writeFileSync(path, await bytesOf(blob));
    },
    /** @param {string} table @param {string} path of the zip @returns {Promise<Refusal | undefined>} */
    async import(table, path) {
      const file = await fileFromDisk(page, path);
      const {refusal} = await page.evaluate(
        async ([name, zip]) =>
          /** @type {any} */ (window).interop.outcome(() => window.lakebook.lake.import(name, zip)),
        /** @type {const} */ ([table, file]),
      );
      await file.dispose();
      return refusal;
    },
    /** Reads a table and gives why it is refused, if it is. @param {string} table @param {{version?: number, timestamp?: number}} at @returns {Promise<Refusal | undefined>} */
    async refusalOfRead(table, at) {
      const outcome = await page.evaluate(
        ([name, which]) =>
          /** @type {any} */ (window).interop.outcome(async () => void (await window.lakebook.lake.read(name, which))),
        /** @type {const} */ ([table, at]),
      );
      return outcome.refusal;
    },
  };
}
