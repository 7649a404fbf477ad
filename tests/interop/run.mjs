import {spawn} from 'node:child_process';
import {mkdirSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {ensureBrowser} from '../tools/browser.mjs';
import {checkNode, ensureBuilt, ensureInstalled} from '../tools/setup.mjs';
import {tellTotal} from '../tools/total.mjs';
import {openLake} from './browser.mjs';
import {Checks} from './compare.mjs';
import {startEngine} from './engines.mjs';
import {ensureEnvironments, work} from './environment.mjs';
import {continuations} from './check-continued.mjs';
import {encryptedBothWays} from './check-encrypted.mjs';
import {equality} from './check-equality.mjs';
import {sameInSpark} from './check-expressions.mjs';
import {refusedAlike} from './check-mismatches.mjs';
import {scriptInShell} from './check-shell.mjs';
import {postgresElsewhere} from './check-postgres.mjs';
import {readByOthers, writeTables} from './check-written.mjs';

// Spark 4.0 and 4.1 with Delta Lake, delta-rs and DuckDB open what the browser wrote, change it, and give it back.
checkNode();
ensureInstalled();
process.env.CHROME_PATH = await ensureBrowser();
const [missing] = await Promise.all([ensureEnvironments(), ensureBuilt()]);
rmSync(work, {recursive: true, force: true});
for (const folder of ['browser', 'unzipped']) mkdirSync(join(work, folder), {recursive: true});

const start = performance.now();
const checks = new Checks();
/** @type {(import('./engines.mjs').EngineName)[]} */
const names = ['deltalake', 'duckdb', 'spark41', 'spark40'];
for (const name of /** @type {const} */ ([...names, 'encryption'])) {
  const why = missing[name];
  // DuckDB's extension comes from a package that others make: where that can't be had, the rest counts.
  if (why !== undefined && name === 'duckdb')
    console.log(`– DuckDB is left out: its Delta extension can't be installed here.\n${why}`);
  else if (why !== undefined) await checks.check(`${name} is set up`, () => Promise.reject(new Error(why)));
}

const starting = names.filter((name) => missing[name] === undefined).map((name) => startEngine(name));
const [lake, ...engines] = await Promise.all([openLake(), ...starting]);
try {
  console.log(`Chromium and ${engines.map(({version}) => version).join(', ')} are ready after ${seconds()} s.`);
  const archivist = engines.find(({name}) => name === 'deltalake') ?? engines[0];
  if (archivist === undefined) throw new Error('No engine could be set up.');
  const tables = await writeTables(checks, lake, archivist);
  console.log(`The browser has written its tables after ${seconds()} s.`);

  // Each engine does its jobs in their order; the page does one thing at a time, which `lake` sees to.
  await Promise.all(
    engines.map(async (engine) => {
      await readByOthers(checks, engine, tables);
      await continuations(checks, lake, engine, tables);
      if (engine.name.startsWith('spark')) await refusedAlike(checks, lake, engine);
      if (engine.name.startsWith('spark')) await sameInSpark(checks, engine);
      console.log(`${engine.version} is done after ${seconds()} s.`);
    }),
  );
  await checks.check('the page has no uncaught errors', () => {
    if (lake.faults.length > 0) throw new Error(lake.faults.join('\n'));
  });
} finally {
  await Promise.all([lake.close(), ...engines.map((engine) => engine.close())]);
}
if (missing.encryption === undefined) await encryptedBothWays(checks);
if (missing.duckdb === undefined) await scriptInShell(checks);
await postgresElsewhere(checks, missing.spark40 === undefined);
if (missing.spark40 === undefined) await equality(checks);
console.log(`Page, Spark and DuckDB are compared after ${seconds()} s.`);
await inFirefox();
tellTotal(checks.passed, checks.failed, checks.failures);

/** The storage in another browser: a program of its own, whose last line counts. */
async function inFirefox() {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'firefox.mjs')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
    process.stdout.write(chunk);
  });
  const code = await new Promise((done) => child.on('close', done));
  const [, passed = 0, failed = 0] = (/(\d+) passed, (\d+) failed\s*$/.exec(output) ?? []).map(Number);
  checks.passed += passed;
  checks.failed += failed;
  checks.failures.push(...Array.from(output.matchAll(/^✗ (.+)$/gm), ([, name]) => `Firefox: ${name}`));
  // A program that ends badly without a failed check is a failure all the same.
  if (code === 0 || failed > 0) return;
  checks.failed++;
  checks.failures.push('Firefox: an error outside of the checks: see above');
}

function seconds() {
  return ((performance.now() - start) / 1000).toFixed(0);
}
