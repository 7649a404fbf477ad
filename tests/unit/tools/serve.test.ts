import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {request} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {serve} from '../../tools/serve.mjs';

let folder = '';
let server: Awaited<ReturnType<typeof serve>>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lakebook-serve-'));
  await mkdir(join(folder, 'site', 'assets'), {recursive: true});
  await writeFile(join(folder, 'secret.txt'), 'secret');
  await writeFile(join(folder, 'site', 'index.html'), '<p>home</p>');
  await writeFile(join(folder, 'site', 'assets', 'engine.wasm'), new Uint8Array([0, 97, 115, 109]));
  server = await serve({folder: join(folder, 'site'), base: '/some/path/', isolated: true});
});
afterAll(async () => {
  await server.close();
  await rm(folder, {recursive: true});
});

/** fetch would tidy the path up before it is sent. */
function statusOf(path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({host: '127.0.0.1', port: server.port, path}, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
}

test('serves the page with the isolation headers, packed', async () => {
  const response = await fetch(server.url);
  expect(await response.text()).toBe('<p>home</p>');
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(response.headers.get('content-encoding')).toBe('gzip');
  expect(response.headers.get('cross-origin-opener-policy')).toBe('same-origin');
  expect(response.headers.get('cross-origin-embedder-policy')).toBe('require-corp');
});

test('serves wasm by its own type, to be kept for good', async () => {
  const response = await fetch(`${server.url}assets/engine.wasm`);
  expect(response.headers.get('content-type')).toBe('application/wasm');
  expect(response.headers.get('cache-control')).toContain('immutable');
  const again = await fetch(`${server.url}assets/engine.wasm`, {
    headers: {'if-none-match': response.headers.get('etag') ?? ''},
  });
  expect(again.status).toBe(304);
});

test.each([
  '/some/path/../../secret.txt',
  '/some/path/%2e%2e/secret.txt',
  '/some/path/..%2fsecret.txt',
  '/some/path/..%5csecret.txt',
  '/some/path/%00',
  '/some/path/%',
  '/secret.txt',
  '/',
])('gives nothing outside of the folder: %s', async (path) => {
  expect(await statusOf(path)).toBe(404);
});

test('sends a folder without its slash on to the page', async () => {
  expect(await statusOf('/some/path')).toBe(301);
});

test('takes the next port when one is in use', async () => {
  const second = await serve({folder: join(folder, 'site'), port: server.port});
  expect(second.port).toBeGreaterThan(server.port);
  await second.close();
});
