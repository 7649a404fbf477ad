import {createServer, type Server} from 'node:http';
import {chromium, type Browser, type Page} from 'playwright-core';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {ensureBrowser} from '../tools/browser.mjs';
import {startPageServer} from '../tools/page-server.mjs';

let server: Awaited<ReturnType<typeof startPageServer>>;
let wall: Server;
let browser: Browser;
let page: Page;
/** Requests to anywhere but this machine; the browser's own services are left out. */
const left: string[] = [];
const ours = () =>
  left.filter((address) => !/(^|\.)(google|googleapis|gvt1|gstatic)\.com$/.test(new URL(address).hostname));

beforeAll(async () => {
  server = await startPageServer('engine-page');
  // The browser's proxy: whatever would leave this machine arrives here, from any worker however deep.
  wall = createServer((request, response) => {
    left.push(request.url ?? '');
    response.writeHead(502).end();
  });
  wall.on('connect', (request, socket) => {
    left.push(`https://${request.url}`);
    socket.end('HTTP/1.1 502 Refused\r\n\r\n');
  });
  await new Promise<void>((resolve) => wall.listen(0, '127.0.0.1', resolve));
  const address = wall.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  browser = await chromium.launch({
    executablePath: await ensureBrowser(),
    args: [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--disable-background-networking',
      `--proxy-server=127.0.0.1:${port}`,
    ],
  });
  page = await browser.newPage();
  await page.goto(server.address);
  await page.waitForFunction(() => 'engine' in window);
});
afterAll(async () => {
  await browser.close();
  await server.close();
  wall.close();
});

test('it starts below any path without isolation headers', async () => {
  expect(await page.evaluate(() => window.crossOriginIsolated)).toBe(false);
  expect(await page.evaluate(() => window.rows('SELECT version()'))).toEqual([['v1.5.6']]);
});

test('values arrive exactly', async () => {
  const rows = await page.evaluate(() =>
    window.rows(`SELECT 9007199254740993, 12.30::DECIMAL(9,2), sum(i)::HUGEINT * 1000000000000000, '2024-02-29 12:34:56.789012'::TIMESTAMP, 'nan'::DOUBLE, NULL,
      {'a': [1, NULL]}, 'a'::ENUM('a', 'b'), INTERVAL 3 DAY FROM range(1000000) AS t(i)`),
  );
  expect(rows).toEqual([
    [
      9007199254740993n,
      '12.30',
      499999500000000000000000000n,
      '2024-02-29T12:34:56.789012',
      NaN,
      null,
      {a: [1, null]},
      'a',
      '3 days',
    ],
  ]);
});

test('CSV is read by handle, and what cannot be read is kept with its line', async () => {
  const {rows, rejects} = await page.evaluate(async () => {
    const lines = Array.from({length: 200_000}, (_, i) => (i === 150_000 ? `${i},oops,x` : `${i},${i / 2},x`));
    await window.engine.registerFile('utf-8/my sensörs.csv', new File([`id,t,s\n${lines.join('\n')}\n7\n`], 'any'));
    const rows = await window.rows(
      "SELECT count(*), sum(id)::BIGINT, max(t) FROM read_csv('utf-8/my sensörs.csv', header = true, delim = ',', columns = {id: 'BIGINT', t: 'DOUBLE', s: 'VARCHAR'}, store_rejects = true)",
    );
    return {
      rows,
      rejects: await window.rows(
        'SELECT line, column_name, error_type, csv_line FROM reject_errors ORDER BY line, column_idx',
      ),
    };
  });
  expect(rows).toEqual([[199_999n, 19_999_900_000n - 150_000n, 99_999.5]]);
  expect(rejects).toEqual([
    [150_002n, 't', 'CAST', '150000,oops,x'],
    // One error for each missing value.
    [200_002n, 't', 'MISSING COLUMNS', '7'],
    [200_002n, 's', 'MISSING COLUMNS', '7'],
  ]);
});

test('a handle can be sniffed, and a file registered again under its name is read anew', async () => {
  const read = await page.evaluate(async () => {
    await window.engine.registerFile('again.csv', new File(['x;y\n1;2\n'], 'any'));
    const sniffed = await window.rows("SELECT Delimiter, HasHeader FROM sniff_csv('again.csv')");
    const first = await window.rows("FROM 'again.csv'");
    await window.engine.registerFile('again.csv', new File(['x;y\n3;4\n5;6\n'], 'any'));
    return {sniffed, first, second: await window.rows("FROM 'again.csv'")};
  });
  expect(read).toEqual({
    sniffed: [[';', true]],
    first: [[1n, 2n]],
    second: [
      [3n, 4n],
      [5n, 6n],
    ],
  });
});

test('a long query stops and the engine goes on, the same one', async () => {
  const found = await page.evaluate(async () => {
    const why: string[] = [];
    const forget = window.engine.onRestart((text) => why.push(text));
    const abort = new AbortController();
    const running = window.problem('SELECT count(*) FROM range(100000000000) AS t(i) WHERE i % 3 = 7', abort.signal);
    await new Promise((resolve) => setTimeout(resolve, 500));
    abort.abort();
    const code = (await running)?.code;
    forget();
    return {code, rows: await window.rows('SELECT 1'), why};
  });
  expect(found).toEqual({code: 'CANCELLED', rows: [[1]], why: []});
});

test('a stop without an answer ends the engine; the next one has the files', async () => {
  const {code, ms, why, rows, tables} = await page.evaluate(async () => {
    const why: string[] = [];
    const forget = window.engine.onRestart((text) => why.push(text));
    const abort = new AbortController();
    const running = window.problem("SELECT levenshtein(repeat('a', 200000), repeat('b', 200000))", abort.signal);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const asked = performance.now();
    abort.abort();
    const code = (await running)?.code;
    const ms = performance.now() - asked;
    forget();
    return {code, ms, why, rows: await window.rows("FROM 'again.csv'"), tables: await window.rows('SHOW TABLES')};
  });
  expect(code).toBe('CANCELLED');
  expect(ms).toBeGreaterThan(1900);
  expect(why).toEqual(['The engine was started again because a running query did not stop.']);
  expect(rows).toEqual([
    [3n, 4n],
    [5n, 6n],
  ]);
  expect(tables).toEqual([]);
});

test('a crash is said, and the engine comes back', async () => {
  const codes = await page.evaluate(async () => [
    (await window.problem("SELECT repeat('a', 3000000000)"))?.code,
    await window.rows('SELECT 1'),
  ]);
  expect(codes).toEqual(['ENGINE_CRASHED', [[1]]]);
});

test('no SQL makes a request', async () => {
  const statements = [
    "FROM 'https://example.com/x.csv'",
    "FROM read_csv('http://example.com/x.csv')",
    "FROM read_text('http://example.com/x.txt')",
    "FROM read_csv('s3://bucket/x.csv')",
    "FROM glob('https://example.com/*')",
    "FROM read_parquet('https://example.com/x.parquet')",
    "FROM 'x.parquet'",
    "COPY (SELECT 1) TO 'https://example.com/x.csv'",
    "ATTACH 'https://example.com/x.db' AS x",
    'INSTALL httpfs',
    'LOAD httpfs',
    "LOAD 'https://example.com/x.duckdb_extension.wasm'",
    "INSTALL spatial FROM 'https://example.com'",
    "SELECT now() AT TIME ZONE 'Europe/Berlin'",
    "SELECT '{}'::JSON",
    "FROM read_csv('x.csv', encoding = 'windows-1252')",
    'SET autoload_known_extensions = true',
  ];
  const codes = await page.evaluate(async (all) => {
    const found: [string, string | undefined][] = [];
    for (const sql of all) found.push([sql, (await window.problem(sql))?.code]);
    return found;
  }, statements);
  // INSTALL alone does nothing.
  expect(codes.filter(([sql, code]) => code === undefined && !sql.startsWith('INSTALL'))).toEqual([]);
  expect(ours()).toEqual([]);
  // The wall does see what leaves.
  await page.evaluate(() => fetch('http://example.com/').catch(() => undefined));
  expect(ours()).toEqual(['http://example.com/']);
});

test('a wasm that cannot be had is said', async () => {
  const problem = await page.evaluate(async () => {
    try {
      await window.startEngine(new URL('missing.wasm', document.baseURI).href).memory();
    } catch (thrown) {
      // What the port throws.
      return (thrown as {problem: unknown}).problem;
    }
    return undefined;
  });
  expect(problem).toMatchObject({
    code: 'ENGINE_NOT_STARTED',
    message: expect.stringContaining('answered 404') as string,
  });
});
