import {spawnSync} from 'node:child_process';
import {mkdtempSync, rmSync, statSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {environmentOf, isReady} from '../interop/environment.mjs';
import {megabytes, seconds} from './lib/figures.mjs';
import {forgetPeak, pageMemory} from './lib/memory.mjs';
import {readyApp, runNotebook} from './lib/page.mjs';
import {sized} from './lib/size.mjs';

/** About 500 MB as CSV. */
const rows = sized(8_000_000);
const notebook = `\`\`\`sql readings
SELECT i AS id, TIMESTAMP '2024-01-01' + to_seconds(i) AS at, 20 + (hash(i) % 1000003) / 77777 AS temperature, (hash(i + 1) % 1000003) / 10007 AS humidity FROM range(${rows}) r(i)
\`\`\`
`;
/** What `age-keygen` made for this; nothing else is encrypted for it. */
const recipient = 'age1smzfg2gd8h7my8uzn3mf52nflkex6sr2fk5vd5yjeu8xz75s89vs0ktm0s';
const identity = 'AGE-SECRET-KEY-1K5A9LU6XUX42VZYL7KX2NTYMVHVSHXTRH32XKM2YDEDPZ8RTVSNQ9L7VPR';
const key = 'cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=';

/** @type {readonly {name: string, encrypt: import('../../src/encrypt/define.ts').Encryption | undefined, secret?: string}[]} */
const ways = [
  {name: 'as it is', encrypt: undefined},
  {name: 'age, for a recipient', encrypt: {as: 'age', recipients: [recipient]}, secret: identity},
  {name: 'Fernet, by a key', encrypt: {as: 'fernet', key}, secret: key},
];

/** A cell of 500 MB exported as CSV, plain and encrypted, and decrypted again: each in a browser of its own. */
export default async function encrypted() {
  const folder = mkdtempSync(join(tmpdir(), 'lakebook-encrypted-'));
  try {
    const measured = [];
    let plainBytes = 0;
    for (const way of ways) {
      const found = await measure(way, way.encrypt === undefined ? join(folder, 'readings.csv') : undefined);
      if (way.encrypt === undefined) plainBytes = found.bytes;
      measured.push(found);
    }
    const rate = (/** @type {number} */ ms) => (plainBytes / 1e3 / ms).toFixed(0);
    const memory = (/** @type {number | undefined} */ bytes) => (bytes === undefined ? 'Linux only' : megabytes(bytes));
    const figures = (/** @type {{ms: number, added: number | undefined} | undefined} */ part) =>
      part === undefined ? ['', '', ''] : [seconds(part.ms), rate(part.ms), memory(part.added)];
    const mine = measured.map(({name, bytes, exported, decrypted}) => [
      name,
      megabytes(bytes),
      ...figures(exported),
      ...figures(decrypted),
    ]);
    const others = Object.entries(byOthers(join(folder, 'readings.csv'))).map(([name, {ms, peak, bytes}]) => [
      `${name}, from file to file`,
      megabytes(bytes),
      ...figures({ms, added: peak}),
      ...figures(undefined),
    ]);
    return {
      title: `Encrypted export of a cell as CSV, ${megabytes(plainBytes)}`,
      columns: ['how', 'file', 'export, s', 'MB/s', 'memory', 'decrypted, s', 'MB/s', 'memory'],
      rows: [...mine, ...others],
      note: "Memory is what the page's process had at its peak beyond what it had before, its workers included; of the others, all they had. MB/s count plain bytes.",
    };
  } finally {
    rmSync(folder, {recursive: true});
  }
}

/** @param {(typeof ways)[number]} way @param {string | undefined} save where the file is saved */
async function measure({name, encrypt, secret}, save) {
  const app = await readyApp();
  try {
    const {page} = app;
    await runNotebook(page, notebook);
    const exported = await peakOf(app.profile, () =>
      page.evaluateHandle(async (how) => {
        const start = performance.now();
        const file = await window.lakebook.export('readings', 'csv', how === null ? {} : {encrypt: how});
        return {file, ms: performance.now() - start};
      }, encrypt ?? null),
    );
    const file = await exported.value.evaluateHandle((made) => made.file);
    const found = {
      name,
      bytes: await file.evaluate((blob) => blob.size),
      exported: {ms: await exported.value.evaluate((made) => made.ms), added: exported.added},
    };
    if (save !== undefined) {
      const [download] = await Promise.all([
        page.waitForEvent('download', {timeout: 120_000}),
        file.evaluate((blob) =>
          Object.assign(document.createElement('a'), {
            href: URL.createObjectURL(blob),
            download: 'readings.csv',
          }).click(),
        ),
      ]);
      await download.saveAs(save);
    }
    if (secret === undefined) return {...found, decrypted: undefined};
    const decrypted = await peakOf(app.profile, () =>
      file.evaluate(async (blob, by) => {
        const start = performance.now();
        await window.lakebook.decrypt(blob, by);
        return performance.now() - start;
      }, secret),
    );
    return {...found, decrypted: {ms: decrypted.value, added: decrypted.added}};
  } finally {
    await app.close();
  }
}

/** What work gives, and how much more memory than before the page's process had at its peak; undefined where that can't be known. @template T @param {string} profile @param {() => Promise<T>} work */
async function peakOf(profile, work) {
  const before = await pageMemory(profile);
  if (before !== undefined) await forgetPeak(before.pid);
  const value = await work();
  const after = await pageMemory(profile);
  return {value, added: before === undefined || after === undefined ? undefined : Math.max(0, after.peak - before.now)};
}

/** The same file encrypted by cryptography and age where they are set up. @param {string} path @returns {Record<string, {ms: number, peak: number, bytes: number}>} */
function byOthers(path) {
  if (!isReady('encryption')) return {};
  const {status, stdout, stderr} = spawnSync(
    environmentOf('encryption').python,
    ['-B', join(import.meta.dirname, 'lib', 'encryption.py'), path, recipient],
    {encoding: 'utf8'},
  );
  if (status !== 0) throw new Error(`The others failed:\n${stderr}`);
  const endings = /** @type {Record<string, string>} */ ({cryptography: 'fernet', age: 'age'});
  return Object.fromEntries(
    Object.entries(JSON.parse(stdout)).map(([name, found]) => [
      name,
      {...found, bytes: statSync(`${path}.${endings[name]}`).size},
    ]),
  );
}
