import {join} from 'node:path';
import {DuckDBInstance} from '@duckdb/node-api';
import {runnerImport} from 'vite';
import {root} from '../tools/setup.mjs';
import {work} from './environment.mjs';
import {expressions, queries, tables} from './expressions.mjs';

/** @typedef {{name: string, type: string}} Column */
/** `value` is an expression’s translation. @typedef {{label: string, text: string, value?: string, columns: Column[], rows: unknown[][]}} Case */
/** @typedef {{columns: string[], rows: unknown[][], error?: string}} Answer */

const groupSize = 24;

/**
 * Every expression and query gives the same rows in DuckDB as its translation in Spark, one check each.
 * @param {import('./compare.mjs').Checks} checks
 * @param {import('./engines.mjs').Engine} spark
 */
export async function sameInSpark(checks, spark) {
  /** @type {{module: typeof import('../../src/pyspark/query.ts')}} */
  const {module} = await runnerImport(join(root, 'src/pyspark/query.ts'), {configFile: false, logLevel: 'error'});
  // The page's own setting.
  const duckdb = await (
    await DuckDBInstance.create(':memory:', {threads: '1', ieee_floating_point_ops: 'false'})
  ).connect();
  const describe = async (/** @type {string} */ table) =>
    (await duckdb.runAndReadAll(`DESCRIBE FROM ${table}`))
      .getRowsJS()
      .map(([name, type]) => ({name: String(name), type: String(type)}));
  /** @type {Map<string, Column[]>} */
  const known = new Map();
  /** @type {Record<string, string>} */
  const files = {};
  for (const [name, query] of Object.entries(tables)) {
    files[name] = join(work, `${name}.parquet`);
    await duckdb.run(`CREATE TABLE ${name} AS ${query}`);
    await duckdb.run(`COPY ${name} TO '${files[name]}'`);
    known.set(name, await describe(name));
  }

  /** @type {Case[]} */
  const cases = [];
  const add = async (
    /** @type {string} */ label,
    /** @type {string} */ query,
    /** @type {(columns: Column[]) => {text: string, value?: string, problems: readonly {message: string}[]}} */ translate,
  ) => {
    try {
      await duckdb.run(`CREATE OR REPLACE TABLE result AS ${query}`);
      const columns = await describe('result');
      const {text, value, problems} = translate(columns);
      if (problems.length > 0) throw new Error(problems.map(({message}) => message).join('\n'));
      cases.push({label, text, value, columns, rows: (await duckdb.runAndReadAll('FROM result')).getRowsJson()});
    } catch (error) {
      await checks.check(label, () => Promise.reject(error));
    }
  };
  for (const text of expressions)
    await add(text, `SELECT id, ${text} AS value FROM t`, () => {
      const found = module.sparkExpression(text, known.get('t') ?? []);
      return {...found, value: found.text, text: `SELECT id, ${found.text} AS value FROM t`};
    });
  for (const text of queries) await add(text, text, (result) => module.sparkQuery(text, {tables: known, result}));

  const ask = async (/** @type {string[]} */ texts) =>
    /** @type {Promise<Answer[]>} */ (spark.call({do: 'queries', tables: files, queries: texts}));
  const answers = await answersOf(cases, ask);
  const failed = checks.failed;
  for (const [i, one] of cases.entries()) {
    const answer = answers[i] ?? {columns: [], rows: [], error: 'no answer'};
    const why = answer.error ?? difference(one, answer);
    if (why === undefined) checks.passed++;
    else await checks.check(one.label, () => Promise.reject(new Error(`${why}\n${one.text}`)));
  }
  console.log(
    `${checks.failed === failed ? '✓' : '✗'} ${cases.length} expressions and queries are compared with ${spark.version}`,
  );
}

/**
 * Expressions go in groups, as columns of one query: planning a query takes longer than answering it. Where a group fails they go one by one.
 * @param {Case[]} cases @param {(texts: string[]) => Promise<Answer[]>} ask @returns {Promise<Answer[]>}
 */
async function answersOf(cases, ask) {
  /** @type {Case[][]} */
  const parts = [];
  for (const one of cases) {
    const last = parts.at(-1);
    if (one.value !== undefined && last?.[0]?.value !== undefined && last.length < groupSize) last.push(one);
    else parts.push([one]);
  }
  const together = await ask(
    parts.map((part) =>
      part.length === 1
        ? part[0].text
        : `SELECT id, ${part.map(({value}, i) => `${value} AS value${i}`).join(', ')} FROM t`,
    ),
  );
  /** @type {Answer[]} */
  const answers = [];
  for (const [i, part] of parts.entries()) {
    const answer = together[i];
    if (part.length === 1) answers.push(answer);
    else if (answer.error !== undefined) answers.push(...(await ask(part.map(({text}) => text))));
    else
      answers.push(
        ...part.map((_, j) => ({columns: ['id', 'value'], rows: answer.rows.map((row) => [row[0], row[j + 1]])})),
      );
  }
  return answers;
}

/** @param {Case} expected @param {{columns: string[], rows: unknown[][]}} found @returns {string | undefined} */
function difference({columns, rows}, found) {
  const names = columns.map(({name}) => name);
  if (names.join() !== found.columns.join()) return `the columns are ${found.columns.join()}, and not ${names.join()}`;
  if (rows.length !== found.rows.length) return `${found.rows.length} rows, and not ${rows.length}`;
  const left = [...found.rows];
  for (const row of rows) {
    const at = left.findIndex((other) => row.every((value, i) => same(value, other[i], columns[i]?.type ?? '')));
    if (at === -1) return `no row is ${JSON.stringify(row)}; there are ${JSON.stringify(left.slice(0, 3))}`;
    left.splice(at, 1);
  }
  return undefined;
}

/** DuckDB’s value as JSON and Spark’s in the canonical form of canonical.py. @param {unknown} a @param {unknown} b @param {string} type @returns {boolean} */
function same(a, b, type) {
  if (a === null || b === null || typeof a === 'boolean') return a === b;
  if (Array.isArray(a))
    return (
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((value, i) => same(value, b[i], type.slice(0, type.lastIndexOf('['))))
    );
  const [left, right] = [String(a), String(b)];
  if (type === 'DOUBLE' || type === 'FLOAT') return close(Number(left), Number(right));
  if (/INT|DECIMAL/.test(type)) return plain(left) === plain(right);
  if (type.startsWith('TIMESTAMP')) return left.replace(' ', 'T').replace(/(\.\d*?)0+$/, '$1') === right;
  return left === right;
}

const close = (/** @type {number} */ a, /** @type {number} */ b) =>
  Object.is(a, b) || Math.abs(a - b) <= Math.max(1e-12, 1e-9 * Math.max(Math.abs(a), Math.abs(b))) || a === b;
const plain = (/** @type {string} */ text) =>
  (text.includes('.') ? text.replace(/\.?0+$/, '') : text).replace(/^-0$/, '0');
