import {spawnSync} from 'node:child_process';
import {mkdirSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {
  BlobReader,
  BlobWriter,
  TextReader,
  TextWriter,
  Uint8ArrayReader,
  Uint8ArrayWriter,
  ZipReader,
  ZipWriter,
} from '@zip.js/zip.js';
import {environmentOf, isReady} from '../interop/environment.mjs';
import {bytesOf, fileFromDisk} from '../tools/app.mjs';
import {root} from '../tools/setup.mjs';
import {grouped, median} from './lib/figures.mjs';
import {readyApp, runNotebook} from './lib/page.mjs';
import {readingsSql} from './lib/readings.mjs';
import {isSmoke, sized} from './lib/size.mjs';

const rows = sized(1_000_000);
const repeats = isSmoke ? 1 : 3;
const commits = isSmoke ? 2 : 50;
const versions = sized(1000, 10);

/** The same rows on both sides. */
const readings = readingsSql(rows);
const one = (/** @type {number} */ i) => `SELECT ${i}::BIGINT AS id, 20.5::DOUBLE AS temperature`;

const folder = join(root, '.cache', 'bench', 'lake');

/** Writing, reading, committing and opening tables, beside delta-rs on the same machine's disk. */
export default async function lake() {
  rmSync(folder, {recursive: true, force: true});
  mkdirSync(folder, {recursive: true});
  const ours = await inBrowser();
  const theirs = byDeltaRs();
  const milliseconds = (/** @type {number} */ ms) => ms.toFixed(ms < 100 ? 1 : 0);
  const line = (/** @type {string} */ what, /** @type {'append' | 'read' | 'commit' | 'open'} */ of) =>
    theirs
      ? [what, milliseconds(ours[of]), milliseconds(theirs[of]), (ours[of] / theirs[of]).toFixed(2)]
      : [what, milliseconds(ours[of]), '–', '–'];
  return {
    title: 'The lake',
    columns: ['what', 'Lakebook, ms', 'delta-rs, ms', 'ratio'],
    rows: [
      line(`append of ${grouped(rows)} × 9`, 'append'),
      line(`read of ${grouped(rows)} × 9`, 'read'),
      line(`a commit of one row, median of ${commits}`, 'commit'),
      line(`a table of ${grouped(versions)} versions, opened for the first time`, 'open'),
    ],
    note: `Lakebook: a snapshot cell and a read_table cell in headless Chromium, from and to DuckDB’s tables, with the browser’s private file system; medians of ${repeats}. ${
      theirs
        ? `delta-rs: \`deltalake\` ${theirs.version} from Python, from and to Arrow tables.`
        : 'delta-rs is not set up here: `npm run test:interop` does that.'
    } The ${grouped(versions)} versions are as many commits and files, without a checkpoint.`,
  };
}

async function inBrowser() {
  const app = await readyApp();
  try {
    const {page} = app;
    const tables = Array.from({length: repeats}, (_, i) => [
      step(`empty_${i} = snapshot`, `from: nothing\ntable: bench_${i}`),
      step(`kept_${i} = snapshot`, `from: readings\ntable: bench_${i}`),
    ]);
    const nothing = '```sql nothing\nSELECT * FROM readings LIMIT 0\n```';
    const written = await runNotebook(
      page,
      notebook([`\`\`\`sql readings\n${readings}\n\`\`\``, nothing, ...tables.flat()]),
    );
    const read = [];
    // What a cell reads is not part of its own time, so the run counts.
    for (let i = 0; i < repeats; i++)
      read.push((await runNotebook(page, notebook([step(`back_${i} = read_table`, `table: bench_${i}`)]))).ms);
    const small = Array.from({length: commits}, (_, i) => [
      `\`\`\`sql row_${i}\n${one(i)}\n\`\`\``,
      step(`kept_${i} = snapshot`, `from: row_${i}\ntable: small`),
    ]);
    const committed = await runNotebook(page, notebook(small.flat()));

    await runNotebook(
      page,
      notebook([`\`\`\`sql row\n${one(0)}\n\`\`\``, step('kept = snapshot', 'from: row\ntable: seed')]),
    );
    const seed = await bytesOf(await page.evaluateHandle(() => window.lakebook.lake.zip('seed')));
    const file = await fileFromDisk(page, await manyVersions(seed));
    await page.evaluate((zip) => window.lakebook.lake.import('many', zip), file);
    const opened = [];
    for (let repeat = 0; repeat < repeats; repeat++) {
      // A page that was loaded anew knows nothing of the table.
      await page.reload();
      await page.waitForFunction(() => 'lakebook' in window);
      const {version, ms} = await page.evaluate(async () => {
        await window.lakebook.ready;
        const start = performance.now();
        const latest = await window.lakebook.lake.version('many');
        return {version: latest.version, ms: performance.now() - start};
      });
      if (version !== versions - 1)
        throw new Error(`The table of ${versions} versions was opened at version ${version}.`);
      opened.push(ms);
    }
    const of = (/** @type {typeof written} */ {report}, /** @type {string} */ prefix) =>
      median(report.cells.filter(({name}) => name.startsWith(prefix)).map(({ms}) => ms));
    return {append: of(written, 'kept_'), read: median(read), commit: of(committed, 'kept_'), open: median(opened)};
  } finally {
    await app.close();
  }
}

/** @param {string} head @param {string} body */
const step = (head, body) => `\`\`\`step ${head}\n${body}\n\`\`\``;

/** @param {readonly string[]} cells */
const notebook = (cells) => `---\nlakebook: 1\ntitle: The lake\n---\n\n${cells.join('\n\n')}\n`;

/**
 * From a table of one commit and one file a zip with a commit and a file for each version; the same lies unpacked beside it for delta-rs.
 * @param {Uint8Array} seed
 */
async function manyVersions(seed) {
  const entries = await new ZipReader(new BlobReader(new Blob([seed]))).getEntries();
  const [log, data] = [
    entries.find(({filename}) => filename.endsWith('.json')),
    entries.find(({filename}) => filename.endsWith('.parquet')),
  ];
  if (!log || log.directory || !data || data.directory) throw new Error('The seed has no commit or no file.');
  const [text, parquet] = [await log.getData(new TextWriter()), await data.getData(new Uint8ArrayWriter())];
  const actions = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
  const {add} = actions.find((action) => action.add);
  const {commitInfo} = actions.find((action) => action.commitInfo);
  const zip = new ZipWriter(new BlobWriter());
  for (let version = 0; version < versions; version++) {
    const path = `part-${String(version).padStart(5, '0')}.snappy.parquet`;
    const added = {add: {...add, path}};
    const commit =
      version === 0
        ? actions.map((action) => (action.add ? added : action))
        : [{commitInfo: {...commitInfo, timestamp: commitInfo.timestamp + version}}, added];
    const lines = commit.map((action) => `${JSON.stringify(action)}\n`).join('');
    const name = `_delta_log/${String(version).padStart(20, '0')}.json`;
    for (const [file, content] of /** @type {const} */ ([
      [name, lines],
      [path, parquet],
    ])) {
      mkdirSync(dirname(join(folder, 'many', file)), {recursive: true});
      writeFileSync(join(folder, 'many', file), content);
      await zip.add(
        `many/${file}`,
        typeof content === 'string' ? new TextReader(content) : new Uint8ArrayReader(content),
        {level: 0},
      );
    }
  }
  const path = join(folder, 'many.zip');
  writeFileSync(path, Buffer.from(await (await zip.close()).arrayBuffer()));
  return path;
}

/**
 * The same by delta-rs where it is set up.
 * @returns {{version: string, append: number, read: number, commit: number, open: number} | undefined}
 */
function byDeltaRs() {
  if (!isReady('deltalake')) return undefined;
  const job = {folder, readings, rows: Array.from({length: commits}, (_, i) => one(i)), repeats, versions};
  const {status, stdout, stderr} = spawnSync(
    environmentOf('deltalake').python,
    ['-B', join(import.meta.dirname, 'lib', 'delta_rs.py')],
    {
      input: JSON.stringify(job),
      encoding: 'utf8',
    },
  );
  if (status !== 0) throw new Error(`delta-rs failed:\n${stderr}`);
  return JSON.parse(stdout);
}
