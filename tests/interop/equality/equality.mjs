import {rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {same} from '../compare.mjs';
import {work} from '../environment.mjs';
import {sameDatabases, startServer} from '../postgres-server.mjs';
import {explanations} from './explained.mjs';
import {runScript} from './native.mjs';
import {difference, renumbered, sparkKind} from './rows.mjs';

/**
 * @typedef {import('./explained.mjs').Other} Other
 * @typedef {import('./notebooks.mjs').Notebook} Notebook
 * @typedef {Record<string, import('./rows.mjs').Table | {error: string}>} Tables
 */

/** What was compared with the page. */
class Tally {
  notebooks = 0;
  tables = 0;
  /** Tables that the engine was asked for. @type {Record<Other, number>} */
  asked = {spark: 0, duckdb: 0};
  /** @type {Record<Other, number>} */
  equal = {spark: 0, duckdb: 0};
  /** @type {Record<Other, number>} */
  explained = {spark: 0, duckdb: 0};

  toString() {
    const of = (/** @type {Other} */ engine, /** @type {string} */ name) =>
      `${name}: ${this.equal[engine]} equal${this.explained[engine] > 0 ? `, ${this.explained[engine]} explained` : ''} of ${this.asked[engine]}`;
    return `${this.notebooks} notebooks, ${this.tables} tables; ${of('spark', 'Spark')}; ${of('duckdb', 'DuckDB')}`;
  }
}

/**
 * Runs notebooks in the page, the job that the page hands over in Spark and its script in DuckDB, and compares the rows of every table.
 * @param {Awaited<ReturnType<typeof import('./page.mjs').openPage>>} page
 * @param {import('../engines.mjs').Engine} spark
 */
export function compareWith(page, spark) {
  /** @type {Set<import('./explained.mjs').Explanation>} */
  const met = new Set();
  /** Every job that was handed over, by its notebook's name. @type {Map<string, string>} */
  const jobs = new Map();
  /** A PostgreSQL server for the jobs of notebooks that ask one, started for the first. @type {ReturnType<typeof startServer> | undefined} */
  let starting;
  let databases = 0;
  const started = () => (starting ??= startServer());
  /** A database that a dump was loaded into, for a job that reads it. @param {string} dump */
  async function loadedWith(dump) {
    const server = await started();
    const database = `read_${++databases}`;
    server.execute(`CREATE DATABASE ${database}`);
    server.load(dump, database);
    return {env: {...server.env, PGDATABASE: database}, compare: () => undefined};
  }
  /** A database with what the page's dump holds, and an empty one for the job. @param {string} dump */
  async function servedFor(dump) {
    const server = await started();
    const [found, expected] = [`job_${++databases}`, `page_${databases}`];
    for (const name of [found, expected]) server.execute(`CREATE DATABASE ${name}`);
    const file = join(work, `${expected}.sql`);
    writeFileSync(file, dump, {mode: 0o644});
    server.load(file, expected);
    return {env: {...server.env, PGDATABASE: found}, compare: () => sameDatabases(server, found, expected)};
  }
  /**
   * Throws what is not equal.
   * @param {Notebook} notebook @param {Tally} tally @param {boolean} written whether the job writes its Parquet files
   */
  async function one(notebook, tally, written) {
    const ran = await page.run(notebook);
    const names = Object.keys(ran.tables);
    jobs.set(notebook.name, ran.job);
    const served =
      ran.dump !== undefined
        ? await servedFor(ran.dump)
        : notebook.dump !== undefined
          ? await loadedWith(notebook.dump)
          : undefined;
    const [job, duckdb] = await Promise.all([
      spark.call({do: 'job', text: ran.job, folder: notebook.folder, tables: names, written, postgres: served?.env}),
      notebook.isSparkAlone
        ? {}
        : runScript(ran.script, notebook.folder, names).catch((/** @type {Error} */ error) => ({
            '': {error: error.message},
          })),
    ]);
    if (notebook.isMadeUp) rmSync(notebook.folder, {recursive: true});
    const failed = ran.failed && `the page’s cell ${ran.failed.cell} failed: ${ran.failed.code} ${ran.failed.message}`;
    if (failed && !notebook.mayFail) throw new Error(failed);
    /** @type {Record<Other, Tables>} */
    const others = {
      duckdb,
      spark: Object.fromEntries(
        Object.entries(job.tables).map(([name, table]) => [name, typed(/** @type {any} */ (table))]),
      ),
    };
    /** @type {string[]} */
    const wrong = [];
    if (job.code !== (ran.failed ? 1 : 0))
      wrong.push(`${failed ?? 'the page ran through'}, and the job ended with ${job.code}: ${failureIn(job.said)}`);
    tally.notebooks++;
    tally.tables += names.length;
    served?.compare();
    for (const name of names) {
      const cell = name.replace(/_rejects$/, '');
      const expected = ran.tables[name];
      // PostgreSQL answers a psql cell: a script of DuckDB's has to do without.
      for (const engine of /** @type {const} */ (
        ran.kinds[name] === 'psql' || notebook.isSparkAlone ? ['spark'] : ['spark', 'duckdb']
      )) {
        tally.asked[engine]++;
        const found = others[engine][name] ?? others[engine][''] ?? {error: 'there is none'};
        const number = (/** @type {import('./rows.mjs').Table} */ table) =>
          ran.kinds[cell] === 'kmeans' ? renumbered(table, 'cluster') : table;
        const differs = 'error' in found ? found.error : expected && difference(number(found), number(expected));
        if (differs === undefined) tally.equal[engine]++;
        else {
          const why = explanations.find(
            (one) =>
              one.engine === engine &&
              one.table === name &&
              one.notebook.test(notebook.name) &&
              one.differs.test(differs),
          );
          if (why) {
            met.add(why);
            tally.explained[engine]++;
          } else wrong.push(`${name} in ${engine === 'spark' ? 'Spark' : 'DuckDB'}: ${differs}`);
        }
      }
    }
    if (wrong.length > 0) throw new Different(wrong, notebook, ran);
  }

  return {
    jobs,
    close: async () => (await starting)?.close(),
    /**
     * A check for each notebook, several at work at once: the page runs the next while Spark is busy.
     * @param {import('../compare.mjs').Checks} checks @param {Iterable<Notebook> | AsyncIterable<Notebook>} notebooks @param {{what: string, written?: boolean, quiet?: boolean}} options
     */
    async all(checks, notebooks, {what, written = false, quiet = false}) {
      const tally = new Tally();
      /** @type {Set<Promise<void>>} */
      const running = new Set();
      for await (const notebook of notebooks) {
        const work = () => one(notebook, tally, written);
        const done = checks
          .check(notebook.name, () => work().catch((error) => told(error, quiet)), quiet)
          .finally(() => running.delete(done));
        running.add(done);
        if (running.size >= 4) await Promise.race(running);
      }
      await Promise.all(running);
      console.log(`${what}: ${String(tally)}`);
    },
    /** The explanations are true: each was met, and the lesson of its step says so. @param {import('../compare.mjs').Checks} checks @param {readonly import('../../../src/steps/index.ts').AnyStep[]} steps */
    async explained(checks, steps) {
      for (const why of explanations)
        await checks.check(`${why.step}: the lesson says “${why.lesson}”`, () => {
          const lesson = steps.find(({kind}) => kind === why.step)?.lesson;
          same('in the lesson', `${lesson?.what} ${lesson?.why} ${lesson?.without}`.includes(why.lesson), true);
          same('still different', met.has(why), true);
        });
    },
  };
}

/** What a job says of the cell that failed, or its last words. @param {string} said */
const failureIn = (said) => said.split('\n').find((line) => line.includes(' failed: ')) ?? said.slice(-1500);

/** The notebook of a failure that nobody knows by name is shown whole. @param {unknown} error @param {boolean} whole */
function told(error, whole) {
  if (error instanceof Different && process.env.LAKEBOOK_FAILURES)
    for (const [ending, text] of Object.entries(error.files))
      writeFileSync(join(process.env.LAKEBOOK_FAILURES, `${error.title}.${ending}`), text);
  if (error instanceof Different && whole) console.log(error.files.md);
  throw error;
}

/** Tables that differ, and what they were made from. */
class Different extends Error {
  /** @param {readonly string[]} wrong @param {Notebook} notebook @param {import('./page.mjs').Ran} ran */
  constructor(wrong, {name, markdown}, {job, script}) {
    super(wrong.join('\n'));
    this.title = name;
    this.files = {md: markdown, py: job, sql: script};
  }
}

/** @param {{columns: {name: string, type: string}[], rows: unknown[][]}} table @returns {import('./rows.mjs').Table} */
export const typed = ({columns, rows}) => ({
  columns: columns.map(({name, type}) => ({name, kind: sparkKind(type)})),
  rows,
});
