import {mkdtemp, rm} from 'node:fs/promises';
import {createServer} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {chromium} from 'playwright-core';
import {findBrowser} from './browser.mjs';
import {serve} from './serve.mjs';
import {dist} from './setup.mjs';

const flags = [
  '--headless=new',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** For tests: most end before a second, better compilation of the engine's functions pays off; hot ones still get it. */
export const briefly = ['--js-flags=--wasm-tiering-budget=100000000'];

/** The browser's own services, which it asks for now and then whatever its flags say; a page's request to them is still seen. */
const browsersOwn = /(^|\.)(google|googleapis|gvt1|gstatic)\.com(:\d+)?$/;

/**
 * Serves the built site and opens it in a browser of its own.
 * @param {object} [options]
 * @param {string} [options.base] the path the site is served under
 * @param {boolean} [options.isolated] whether the server sends the isolation headers
 * @param {string} [options.profile] a browser profile to keep; a new one that goes away when absent
 * @param {number} [options.port]
 * @param {string} [options.open] what to open below the site's address; undefined opens the site itself
 * @param {readonly string[]} [options.args] more of the browser's flags
 * @param {import('playwright-core').BrowserContextOptions} [options.context] viewport, colour scheme …
 */
export async function openApp({
  base = '/',
  isolated = false,
  profile,
  port,
  open = '',
  args = [],
  context: contextOptions = {},
} = {}) {
  const executablePath = await findBrowser();
  if (!executablePath) throw new Error('No Chromium found. `npm test` installs one, or set CHROME_PATH.');
  const folder = profile ?? (await mkdtemp(join(tmpdir(), 'lakebook-profile-')));
  /** Requests to anywhere but this machine. @type {string[]} */
  const foreign = [];
  const wall = await startWall((address) => foreign.push(address));
  let server = await serve({folder: dist, base, isolated, ...(port !== undefined && {port})});
  const origin = new URL(server.url).origin;

  const context = await chromium.launchPersistentContext(folder, {
    executablePath,
    args: [...flags, ...args, `--proxy-server=127.0.0.1:${wall.port}`],
    acceptDownloads: true,
    ...contextOptions,
  });
  /** Every request of the page and its workers. @type {string[]} */
  const requests = [];
  /** Uncaught errors and broken content security rules. @type {string[]} */
  const faults = [];
  context.on('request', (request) => {
    const address = request.url();
    requests.push(address);
    if (
      /^(https?|wss?):/.test(address) &&
      new URL(address).origin !== origin &&
      // Names that end so belong to tests alone, and lead to this machine.
      !/^127\.0\.0\.1$|\.test$/.test(new URL(address).hostname)
    )
      foreign.push(address);
  });
  context.on('weberror', (error) => faults.push(error.error().stack ?? error.error().message));
  context.on('console', (message) => {
    if (message.type() === 'error' && /content security policy/i.test(message.text())) faults.push(message.text());
  });

  const page = context.pages()[0] ?? (await context.newPage());
  await page.goto(server.url + open);

  return {
    page,
    context,
    url: server.url,
    profile: folder,
    requests,
    faults,
    foreign,
    /** Takes the server away, as when the network is gone. */
    stopServer: () => server.close(),
    /** Brings the server back at the same address. */
    startServer: async () => {
      server = await serve({folder: dist, base, isolated, port: server.port});
    },
    close: async () => {
      await context.close();
      await Promise.all([server.close(), wall.close()]);
      if (profile === undefined) await rm(folder, {recursive: true, force: true, maxRetries: 5});
    },
  };
}

/**
 * Hands a file on disk to the page as a file input does, by handle: nothing is copied into its memory.
 * @param {import('playwright-core').Page} page
 * @param {string} name the name the workspace gives it
 * @param {string} path
 */
export async function addFileFromDisk(page, name, path) {
  const file = await fileFromDisk(page, path);
  const info = await page.evaluate(
    ([data, fileName]) => window.lakebook.addFile(fileName, data),
    /** @type {const} */ ([file, name]),
  );
  await file.dispose();
  return info;
}

/** A file on disk as the page's own `File`, by handle. @param {import('playwright-core').Page} page @param {string} path */
export async function fileFromDisk(page, path) {
  const input = await page.evaluateHandle(() => Object.assign(document.createElement('input'), {type: 'file'}));
  const element = input.asElement();
  if (!element) throw new Error('The page made no file input.');
  await element.setInputFiles(path);
  const file = await page.evaluateHandle((field) => {
    const given = field instanceof HTMLInputElement ? field.files?.[0] : undefined;
    if (!given) throw new Error('The browser gave no file.');
    return given;
  }, element);
  await input.dispose();
  return file;
}

/**
 * A cell's rows as a file, fetched from the page in slices.
 * @param {import('playwright-core').Page} page
 * @param {string} cell
 * @param {'parquet' | 'csv' | 'json' | 'arrow'} format
 * @param {Record<string, unknown>} [options]
 */
export async function exportCell(page, cell, format, options = {}) {
  const blob = await page.evaluateHandle(
    ([name, kind, settings]) => window.lakebook.export(name, kind, settings),
    /** @type {const} */ ([cell, format, options]),
  );
  return bytesOf(blob);
}

/** The bytes of a blob in the page, fetched in slices; the handle is let go. @param {import('playwright-core').JSHandle<Blob>} blob */
export async function bytesOf(blob) {
  const size = await blob.evaluate((file) => file.size);
  const slices = [];
  for (let start = 0; start < size; start += 4_000_000) {
    const slice = await blob.evaluate(async (file, from) => {
      const url = await new Promise((done, failed) => {
        const reader = new FileReader();
        reader.onload = () => done(String(reader.result));
        reader.onerror = () => failed(reader.error);
        reader.readAsDataURL(file.slice(from, from + 4_000_000));
      });
      return url.slice(url.indexOf(',') + 1);
    }, start);
    slices.push(Buffer.from(slice, 'base64'));
  }
  await blob.dispose();
  return Buffer.concat(slices);
}

/**
 * The proxy of the test's browser: whatever would leave this machine arrives here, from any worker however deep, is
 * recorded and refused.
 * @param {(address: string) => void} record
 */
async function startWall(record) {
  const note = (/** @type {string} */ address) => {
    if (!browsersOwn.test(new URL(address).host)) record(address);
  };
  const server = createServer((request, response) => {
    note(request.url ?? '');
    response.writeHead(502).end();
  });
  server.on('connect', (request, socket) => {
    // A browser that closes while its answer is on the way resets the connection.
    socket.on('error', () => undefined);
    note(`https://${request.url}`);
    socket.end('HTTP/1.1 502 Refused\r\n\r\n');
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', () => done(undefined)));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('The proxy got no port.');
  return {
    port: address.port,
    close: () =>
      new Promise((done) => {
        server.close(() => done(undefined));
        server.closeAllConnections();
      }),
  };
}
