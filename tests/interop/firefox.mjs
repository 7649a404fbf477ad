import puppeteer from 'puppeteer-core';
import {ensureFirefox} from '../tools/firefox.mjs';
import {startPageServer} from '../tools/page-server.mjs';
import {Checks} from './compare.mjs';

/** Runs the storage's and the lake's scenarios on OPFS in Firefox, driven by WebDriver BiDi; exits with 1 when one fails. */
const server = await startPageServer('storage-page');
const browser = await puppeteer.launch({
  browser: 'firefox',
  executablePath: await ensureFirefox(),
  headless: true,
  protocolTimeout: 60_000,
});
const checks = new Checks();

try {
  const page = await browser.newPage();
  await open();
  const {names, kind} = await page.evaluate(async () => ({
    names: window.suite.names,
    kind: (await window.storage.status()).kind,
  }));
  await checks.check('the files are kept in OPFS', async () => {
    if (kind !== 'opfs') throw new Error(`They are in ${kind}.`);
  });
  for (const name of names.storage)
    await checks.check(name, () =>
      page.evaluate((scenario) => window.suite.runScenario(scenario, window.storage), name),
    );
  for (const name of names.lake)
    await checks.check(name, () => page.evaluate((scenario) => window.suite.runLakeScenario(scenario, window), name));
  for (const step of [2, 3, 4, 6, 7])
    await checks.check(`a crash after step ${step} of a commit leaves whole versions, also for the next page`, () =>
      crashAfter(step),
    );

  async function open() {
    await page.goto(server.address);
    await page.waitForFunction(() => 'suite' in window);
  }

  /** @param {number} step */
  async function crashAfter(step) {
    const code = await page.evaluate(async (crashAfter) => {
      const {suite, lake} = window;
      for (const table of await lake.tables()) await lake.remove(table.name);
      await suite.write(lake, 't', suite.ids(0, 3));
      return (await suite.problemOf(() => suite.write(lake, 't', suite.ids(3, 3), {crashAfter}))).code;
    }, step);
    await open();
    const ids = await page.evaluate(() => window.suite.readIds(window.lake, 't'));
    const seen = `${code} ${ids.join()}`;
    if (seen !== `STORAGE_RESTARTED ${step === 7 ? '0,1,2,3,4,5' : '0,1,2'}`) throw new Error(seen);
  }
} finally {
  const version = await browser.version();
  await browser.close();
  await server.close();
  console.log(`${version}: ${checks.passed} passed, ${checks.failed} failed`);
}
process.exitCode = checks.failed > 0 ? 1 : 0;
