import {mkdtempSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {runnerImport} from 'vite';
import {root} from '../../tools/setup.mjs';
import {literal, openDuckDB, quoted} from './native.mjs';

/**
 * A notebook that is run everywhere, and its files in a folder of their own.
 * @typedef {{name: string, markdown: string, folder: string, isMadeUp?: boolean, mayFail?: boolean, isSparkAlone?: boolean, dump?: string}} Notebook the folder of one that `isMadeUp` goes when it has run; one that `mayFail` may fail everywhere; DuckDB can't run one that `isSparkAlone`; `dump` is the file of what PostgreSQL holds for its job
 * @typedef {import('../../../src/steps/define.ts').ExampleTable} ExampleTable
 */

/** The steps as the page has them. */
export async function loadSteps() {
  /** @type {{module: typeof import('../../../src/steps/index.ts')}} */
  const {module} = await runnerImport(join(root, 'src/steps/index.ts'));
  return module.steps;
}

/** A folder of files, written by `write`. @param {(folder: string) => Promise<void>} write */
export async function folderOf(write) {
  const folder = mkdtempSync(join(tmpdir(), 'lakebook-equality-'));
  await write(folder);
  return folder;
}

/** A step's fence. YAML reads JSON. @param {string} name @param {string} kind @param {Record<string, unknown>} body */
export const stepCell = (name, kind, body) =>
  `\`\`\`step ${name} = ${kind}\n${Object.entries(body)
    .map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
    .join('\n')}\n\`\`\``;
/** @param {string} name @param {string} query */
export const sqlCell = (name, query) => `\`\`\`sql ${name}\n${query}\n\`\`\``;
/** @param {string} title @param {readonly string[]} cells */
export const markdownOf = (title, cells) =>
  `---\nlakebook: 1\ntitle: ${JSON.stringify(title)}\n---\n\n${cells.join('\n\n')}\n`;

/** Writes a table as Parquet, with exactly its types. @param {import('@duckdb/node-api').DuckDBConnection} connection @param {string} path @param {ExampleTable} table */
export async function writeParquet(connection, path, {columns, rows}) {
  const entries = Object.entries(columns);
  const select = (/** @type {readonly unknown[]} */ row) =>
    `SELECT ${entries.map(([name, type], i) => `${row[i] === null || row[i] === undefined ? 'NULL' : literal(String(row[i]))}::${type} AS ${quoted(name)}`).join(', ')}`;
  const query = rows.length > 0 ? rows.map(select).join(' UNION ALL ') : `${select([])} WHERE false`;
  await connection.run(`COPY (${query}) TO ${literal(path)} (FORMAT parquet)`);
}

/** The examples of all steps: each is a notebook that loads its tables, fills its lake and runs the step. @returns {Promise<Notebook[]>} */
export async function exampleNotebooks() {
  const connection = await openDuckDB();
  /** @type {Notebook[]} */
  const notebooks = [];
  for (const step of await loadSteps()) {
    for (const example of step.examples) {
      /** @type {string[]} */
      const cells = [];
      const name = `${step.kind}: ${example.name}`;
      const folder = await folderOf(async (path) => {
        for (const [file, text] of Object.entries(example.files ?? {})) writeFileSync(join(path, file), text);
        const others = Object.entries(example.others ?? {});
        for (const [table, rows] of [
          ...others,
          .../** @type {[string, ExampleTable][]} */ (step.input === 'one' ? [['input', example.input]] : []),
        ]) {
          await writeParquet(connection, join(path, `${table}.parquet`), rows);
          cells.push(stepCell(table, 'load', {file: `${table}.parquet`}));
        }
        for (const [table, rows] of Object.entries(example.lake ?? {})) {
          await writeParquet(connection, join(path, `lake_${table}.parquet`), rows);
          cells.push(
            stepCell(`rows_of_${table}`, 'load', {file: `lake_${table}.parquet`}),
            stepCell(`kept_${table}`, 'snapshot', {table, from: `rows_of_${table}`}),
          );
        }
      });
      cells.push(stepCell('result', step.kind, {...example.params, ...(step.input === 'one' && {from: 'input'})}));
      if (step.kind === 'snapshot')
        cells.push(sqlCell('afterwards', `SELECT * FROM lake.${String(example.params['table'])}`));
      notebooks.push({name, markdown: markdownOf(name, cells), folder, isMadeUp: true});
    }
  }
  connection.closeSync();
  return notebooks;
}

/** The notebooks that ship with the app, over its samples. @returns {Notebook[]} */
export const shippedNotebooks = () =>
  readdirSync(join(root, 'notebooks'))
    .filter((file) => file.endsWith('.md'))
    .map((file) => ({
      name: file,
      // A crash in the middle of a commit is a lesson of the browser's storage; the cells after it say what is true without it, too.
      markdown: readFileSync(join(root, 'notebooks', file), 'utf8').replace(
        /^crash_after: \d+\n/m,
        (line) => `${line}disabled: true\n`,
      ),
      folder: join(root, 'public/samples'),
    }));
