import {checkNode, ensureBuilt, ensureInstalled, run} from './setup.mjs';
import {firstLine, runTests, tellTotal} from './total.mjs';

/** @typedef {{name: string, passed: number, failures: string[], seconds: number}} Stage */

checkNode();
/** @type {Stage[]} */
const stages = [];

await stage('install', async () => ensureInstalled(), {counted: false});
await stage('browser', installBrowser, {counted: false});
await twoAtATime([
  // It checks the types of all files, those without a component too.
  () =>
    check('svelte-check', 'svelte-check', [
      '--tsconfig',
      'tsconfig.json',
      '--fail-on-warnings',
      '--output',
      'human-verbose',
    ]),
  () => check('eslint', 'eslint', ['.', '--max-warnings', '0']),
  () => check('prettier', 'prettier', ['--check', '--log-level', 'warn', '.']),
  () => check('knip', 'knip', ['--no-progress']),
]);
await vitest('unit');
await stage('build', ensureBuilt);
await vitest('e2e');

console.log(`\n${'stage'.padEnd(14)}${'passed'.padStart(8)}${'failed'.padStart(8)}${'seconds'.padStart(9)}`);
for (const {name, passed, failures, seconds} of stages)
  console.log(
    `${name.padEnd(14)}${String(passed).padStart(8)}${String(failures.length).padStart(8)}${seconds.toFixed(1).padStart(9)}`,
  );
const passed = stages.reduce((sum, stage) => sum + stage.passed, 0);
const failures = stages.flatMap((stage) => stage.failures.map((failure) => `${stage.name}: ${failure}`));
tellTotal(passed, failures.length, failures);

async function installBrowser() {
  const {ensureBrowser} = await import('./browser.mjs');
  // The tests look for it again, and find the same one.
  process.env.CHROME_PATH = await ensureBrowser();
}

/** Work that passes or throws; what only prepares the rest counts when it fails. @param {string} name @param {() => Promise<void>} work */
async function stage(name, work, {counted = true} = {}) {
  const start = performance.now();
  const failures = [];
  try {
    await work();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    console.error(message);
    failures.push(firstLine(message));
  }
  stages.push({
    name,
    passed: counted && failures.length === 0 ? 1 : 0,
    failures,
    seconds: (performance.now() - start) / 1000,
  });
}

/** A static check: its output is shown when it fails. @param {string} name @param {string} command @param {string[]} args */
function check(name, command, args) {
  return stage(name, async () => {
    const {code, output} = await run(command, args);
    console.log(`${code === 0 ? '✓' : '✗'} ${name}`);
    if (code !== 0) throw new Error(output);
  });
}

/** One of Vitest's projects, test by test. @param {string} project */
async function vitest(project) {
  const start = performance.now();
  const {passed, failures} = await runTests(project);
  stages.push({name: project, passed, failures, seconds: (performance.now() - start) / 1000});
}

/** @param {(() => Promise<void>)[]} jobs */
async function twoAtATime(jobs) {
  const waiting = [...jobs];
  const next = async () => {
    for (let job = waiting.shift(); job; job = waiting.shift()) await job();
  };
  await Promise.all([next(), next()]);
}
