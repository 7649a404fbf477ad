import {createServer, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import type {Locator} from 'playwright-core';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {launch, type App} from './harness.ts';

const csv = 'sensor_id,temperature\nA,20.5\nA,20.5\nB,\nC,31\n';
const cell = (header: string, body = ''): string => `\`\`\`${header}\n${body}${body === '' ? '' : '\n'}\`\`\`\n\n`;
const notebook = `# Readings\n\n${cell('step raw = load', 'file: readings.csv')}${cell('step clean = dedup')}${cell('sql hot', 'SELECT * FROM clean WHERE temperature > 30')}`;

let app: App;
beforeAll(async () => {
  app = await launch();
  await app.addFile('readings.csv', csv);
  await app.open(notebook);
});
afterAll(() => app.close());

const cellOf = (name: string): Locator => app.page.getByLabel(`Cell ${name}`, {exact: true});
/** How the page marks a cell, in the words that screen readers get. */
const marked = (name: string, word: string): Promise<void> =>
  expect.poll(() => cellOf(name).locator('.mark').first().innerText()).toBe(word);

describe('a reload', () => {
  test('brings back text, files and which cells are stale', async () => {
    expect((await app.run()).ok).toBe(true);
    await marked('hot', 'done');
    await app.open(notebook.replace('temperature > 30', 'temperature > 20'));
    await marked('clean', 'done');
    await marked('hot', 'out of date');
    await expect.poll(() => app.page.evaluate(() => document.body.innerText)).toMatch(/saved/i);
    await app.reload();
    expect(await app.notebook()).toContain('temperature > 20');
    await marked('hot', 'out of date');
    expect((await app.run()).ok).toBe(true);
    expect((await app.query('SELECT count(*) FROM hot')).rows).toEqual([[2n]]);
  });

  test('the first row of a result is there again without Run all', async () => {
    await app.reload();
    await cellOf('clean').scrollIntoViewIfNeeded();
    await expect.poll(() => cellOf('clean').getByRole('grid').innerText()).toContain('20.5');
  });
});

describe('an address the user typed', () => {
  let server: Server;
  let origin: string;
  beforeAll(async () => {
    server = createServer((request, response) => {
      if (request.url === '/open.csv') response.writeHead(200, {'Access-Control-Allow-Origin': '*'}).end(csv);
      else if (request.url === '/closed.csv') response.writeHead(200).end(csv);
      else response.writeHead(404, {'Access-Control-Allow-Origin': '*'}).end();
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    // A server that listens on TCP has this kind of address.
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => void server.close());

  test('is loaded as if the file had been dropped', async () => {
    expect(await app.addUrl(`${origin}/open.csv`)).toMatchObject({name: 'open.csv', bytes: csv.length});
  });

  test.each([
    ['/missing.csv', /answered 404/, /no such file/],
    ['/closed.csv', /gave no answer/, /CORS/],
  ])('%s is refused with a sentence', async (path, message, hint) => {
    const problem = await app.problemOf('addUrl', origin + path);
    expect(problem.message).toMatch(message);
    expect(problem.hint).toMatch(hint);
  });

  test('SQL can’t reach the network, whatever it names', async () => {
    const before = app.requests.length;
    const problem = await app.problemOf('query', `SELECT * FROM read_csv('${origin}/open.csv')`);
    expect(problem.hint).toBeTruthy();
    expect(app.requests.slice(before).filter((address) => address.startsWith(origin))).toEqual([]);
  });
});

test('a full disk is told, and what was there stays', async () => {
  const session = await app.context.newCDPSession(app.page);
  const origin = new URL(app.url).origin;
  await session.send('Storage.overrideQuotaForOrigin', {origin, quotaSize: 100_000});
  await expect(app.addFile('readings.csv', `${csv}${'A,1\n'.repeat(200_000)}`)).rejects.toThrow(/room|space|storage/i);
  await session.send('Storage.overrideQuotaForOrigin', {origin});
  expect((await app.query('SELECT count(*) FROM raw')).rows).toEqual([[4n]]);
});
