import {readdirSync} from 'node:fs';
import {ensureBrowser} from '../tools/browser.mjs';
import {checkNode, ensureBuilt, ensureInstalled} from '../tools/setup.mjs';
import {runTests, tellTotal} from '../tools/total.mjs';

// What is long by nature. `npm run soak` runs all of it; `npm run soak -- commits` one part; `-- --part` the share that continuous integration
// has the time for. Every day has a seed of its own; LAKEBOOK_SEED=20600 runs those of one day again.
checkNode();
ensureInstalled();
process.env.CHROME_PATH = await ensureBrowser();
await ensureBuilt();

const words = process.argv.slice(2);
const isPart = words.includes('--part');
const files = words.filter((word) => !word.startsWith('--'));
const seed = process.env.LAKEBOOK_SEED ?? String(Math.floor(Date.now() / 86_400_000));
const start = performance.now();
const isWanted = (/** @type {string} */ part) => files.length === 0 || files.some((word) => part.startsWith(word));
console.log(
  `Seed ${seed}: LAKEBOOK_SEED=${seed} ${['npm run soak', ...(words.length > 0 ? ['--'] : []), ...words].join(' ')} does the same again.`,
);
process.env.LAKEBOOK_SEED = seed;
process.env.LAKEBOOK_SOAK = isPart ? 'part' : 'whole';
/** @type {{passed: number, failures: string[]}} */
const total = {passed: 0, failures: []};
const parts = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.test.ts') && isWanted(file));
if (parts.length > 0)
  Object.assign(
    total,
    await runTests(
      'soak',
      parts.map((file) => `tests/soak/${file}`),
    ),
  );
// Continuous integration compares its part of these beside everything else that needs Spark.
if (!isPart && isWanted('notebooks')) {
  const [{equality}, {Checks}, {ensureEnvironments}] = await Promise.all([
    import('../interop/check-equality.mjs'),
    import('../interop/compare.mjs'),
    import('../interop/environment.mjs'),
  ]);
  const missing = await ensureEnvironments();
  const checks = new Checks();
  if (missing.spark40 === undefined) await equality(checks, 'random', 200);
  else await checks.check('Spark is set up', () => Promise.reject(new Error(missing.spark40)));
  total.passed += checks.passed;
  total.failures.push(...checks.failures);
}
console.log(`Soaked for ${((performance.now() - start) / 1000).toFixed(0)} s.`);
tellTotal(
  total.passed,
  total.failures.length,
  total.failures.map((failure) => `soak: ${failure}`),
);
