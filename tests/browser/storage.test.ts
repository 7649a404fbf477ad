import type {Page} from 'playwright-core';
import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import {scenarios} from '../unit/storage/suite.ts';
import {openStorageBrowser, type StorageBrowser} from './storage-browser.ts';

let browser: StorageBrowser;
let page: Page;

beforeAll(async () => {
  browser = await openStorageBrowser();
});
afterAll(() => browser.close());

beforeEach(async () => {
  page = await browser.empty();
  await browser.load(page);
  return () => page.close();
});

test('the files are kept in OPFS', async () => {
  expect((await page.evaluate(() => window.storage.status())).kind).toBe('opfs');
});

describe('what every store does', () => {
  test.each(Object.keys(scenarios))('%s', (name) =>
    page.evaluate((scenario) => window.suite.runScenario(scenario, window.storage), name),
  );
});

test('a reload finds everything as it was, and no exports', async () => {
  const before = await page.evaluate(async () => {
    await window.storage.writeText('notebooks/a.md', '# A');
    await (await window.storage.openBytes()).close();
    return window.storage.addFile('a.csv', new Blob(['x\n1\n']));
  });
  await browser.load(page);
  expect(await page.evaluate(() => window.storage.files())).toEqual([before]);
  expect(await page.evaluate(async () => (await window.storage.file('a.csv')).text())).toBe('x\n1\n');
  expect(await page.evaluate(() => window.storage.readText('notebooks/a.md'))).toBe('# A');
  expect((await stored(page))['exports']).toEqual([]);
});

test('a page that ends while a file is added leaves the earlier one and no remains', async () => {
  await page.evaluate(() => window.storage.addFile('a.csv', new Blob(['x\n1\n'])));
  await page.evaluate(() => {
    const large = new Blob(Array.from({length: 200}, () => new Uint8Array(1 << 20).fill(0x61)));
    return new Promise<void>((resolve, reject) => {
      window.storage.addFile('a.csv', large, () => resolve()).catch(reject);
    });
  });
  await browser.load(page);
  expect(await page.evaluate(async () => (await window.storage.file('a.csv')).text())).toBe('x\n1\n');
  const {files, unfinished} = await stored(page);
  expect(files).toHaveLength(2);
  expect(unfinished).toEqual([]);
});

test('two tabs see each other’s files', async () => {
  const other = await browser.open();
  await Promise.all([
    page.evaluate(() => window.storage.addFile('a.csv', new Blob(['a']))),
    other.evaluate(() => window.storage.addFile('b.csv', new Blob(['b']))),
  ]);
  const names = await page.evaluate(async () => (await window.storage.files()).map(({name}) => name).sort());
  expect(names).toEqual(['a.csv', 'b.csv']);
});

describe('when storage is full', () => {
  beforeEach(async () => {
    const session = await browser.context.newCDPSession(page);
    const {origin} = browser;
    await session.send('Storage.overrideQuotaForOrigin', {origin, quotaSize: 20e6});
    return () => session.send('Storage.overrideQuotaForOrigin', {origin}).then(() => undefined);
  });

  test('a file that doesn’t fit is refused with the figures, and the earlier one stays', async () => {
    const problem = await page.evaluate(async () => {
      await window.storage.addFile('a.csv', new Blob(['x\n1\n']));
      const large = new Blob([new Uint8Array(30e6).fill(0x61)]);
      return window.suite.problemOf(() => window.storage.addFile('a.csv', large));
    });
    expect(problem.code).toBe('QUOTA_EXCEEDED');
    expect(problem.message).toMatch(/no room for a\.csv.*needs 30 MB/);
    expect(await page.evaluate(async () => (await window.storage.file('a.csv')).text())).toBe('x\n1\n');
    expect((await stored(page))['unfinished']).toEqual([]);
  });

  test('an export that outgrows the room leaves nothing behind', async () => {
    const problem = await page.evaluate(async () => {
      const sink = await window.storage.openBytes();
      const problem = await window.suite.problemOf(async () => {
        for (let i = 0; i < 40; i++) await sink.write(new Uint8Array(1 << 20));
      });
      await sink.discard();
      return problem;
    });
    expect(problem.code).toBe('QUOTA_EXCEEDED');
    const {exports, unfinished} = await stored(page);
    expect([exports, unfinished]).toEqual([[], []]);
  });

  test('unpacking that outgrows the room leaves nothing behind', async () => {
    const problem = await page.evaluate(async () => {
      const zeros = new Blob([new Uint8Array(60e6).fill(0x30)]);
      const packed = await new Response(zeros.stream().pipeThrough(new CompressionStream('gzip'))).blob();
      await window.storage.addFile('big.csv.gz', packed);
      return window.suite.problemOf(() => window.storage.plainText('big.csv.gz', {}));
    });
    expect(problem.code).toBe('QUOTA_EXCEEDED');
    const {derived, unfinished} = await stored(page);
    expect([derived, unfinished]).toEqual([[], []]);
  });
});

test('Parquet with damaged pages is told, and the next file is read', async () => {
  const seen = await page.evaluate(async () => {
    const text = Array.from({length: 5000}, (_, i) => `{"id":${i},"name":"sensor ${i % 7}"}`).join('\n');
    await window.storage.addFile('a.json', new Blob([text]));
    const sink = await window.storage.openParquet('zstd');
    await window.storage.readArrow('a.json', {}, (ipc) => sink.write(ipc));
    const whole = await sink.close();
    const codes = new Set<string>();
    for (let at = 4; at < whole.size - 400; at += Math.ceil(whole.size / 40)) {
      const bytes = new Uint8Array(await whole.arrayBuffer());
      bytes.fill(0xa5, at, at + 20);
      await window.storage.addFile('damaged.parquet', new Blob([bytes]));
      const outcome = window.suite.readRows(window.storage, 'damaged.parquet').then(
        () => 'read',
        (thrown: {problem: {code: string}}) => thrown.problem.code,
      );
      codes.add(await outcome);
    }
    await window.storage.addFile('whole.parquet', whole);
    return {codes: [...codes], rows: (await window.suite.readRows(window.storage, 'whole.parquet')).rows.length};
  });
  expect(seen.rows).toBe(5000);
  expect(seen.codes).toContain('PARQUET_DAMAGED');
  expect(seen.codes.filter((code) => code !== 'read' && code !== 'PARQUET_DAMAGED')).toEqual([]);
});

/** The names in each folder of the workspace. */
function stored(target: Page): Promise<Record<string, string[]>> {
  return target.evaluate(async () => {
    // A call to the worker first: it has cleared up once it answers.
    await window.storage.files();
    const root = await (await navigator.storage.getDirectory()).getDirectoryHandle('lakebook');
    const folders: Record<string, string[]> = {};
    for (const name of ['files', 'derived', 'exports', 'unfinished', 'texts']) {
      const folder = await root.getDirectoryHandle(name, {create: true});
      folders[name] = [];
      for await (const key of folder.keys()) folders[name].push(key);
    }
    return folders;
  });
}
