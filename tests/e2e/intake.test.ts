import {createServer, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {launch, type App} from './harness.ts';

let app: App;
let server: Server;
beforeAll(async () => {
  app = await launch();
  server = createServer((request, response) =>
    response
      .writeHead(200, {'Access-Control-Allow-Origin': '*'})
      .end(request.url === '/plant.md' ? '# A plant\n\nWords.\n' : 'a,b\n1,2\n'),
  );
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
});
afterAll(async () => {
  server.close();
  await app.close();
});

/** Pastes text, or a file when it has a name, where the focus is; whether the page took it. */
const paste = (text: string, name?: string): Promise<boolean> =>
  app.page.evaluate(
    ([content, file]) => {
      const clipboardData = new DataTransfer();
      if (file === undefined) clipboardData.setData('text/plain', content);
      else clipboardData.items.add(new File([content], file));
      const event = new ClipboardEvent('paste', {clipboardData, bubbles: true, cancelable: true});
      return !(document.activeElement ?? document.body).dispatchEvent(event);
    },
    [text, name] as const,
  );

const closeImport = async (name: string): Promise<void> => {
  const dialog = app.page.getByRole('dialog', {name: `Load ${name}`});
  await dialog.getByRole('button', {name: 'Not now'}).click();
  await dialog.waitFor({state: 'detached'});
};

/** Types an address into the dialog that asks for one. */
async function fetchFrom(path: string): Promise<void> {
  // A server that listens on TCP has this kind of address.
  const {port} = server.address() as AddressInfo;
  await app.page.getByRole('button', {name: 'From a web address'}).first().click();
  const dialog = app.page.getByRole('dialog', {name: 'Load from a web address'});
  await dialog.getByLabel('Address of a CSV, JSON or Parquet file').fill(`http://127.0.0.1:${port}${path}`);
  await dialog.getByRole('button', {name: 'Fetch'}).click();
}

test('a table of text that is pasted onto the page comes in like a file, under a name of its own', async () => {
  expect(await paste('id;value\n1;2,5\n')).toBe(true);
  await closeImport('pasted.csv');
  expect(await paste('id\tvalue\n1\t2\n')).toBe(true);
  await closeImport('pasted.tsv');
  expect(await paste('id;value\n7;1,5\n')).toBe(true);
  await closeImport('pasted-2.csv');
  expect(await paste('No table, only words.')).toBe(false);
});

test('a file that is pasted comes in', async () => {
  expect(await paste('a,b\n1,2\n', 'copied.csv')).toBe(true);
  await closeImport('copied.csv');
});

test('what is pasted into a dialog’s field stays there', async () => {
  await app.page.getByRole('button', {name: 'From a web address'}).first().click();
  const dialog = app.page.getByRole('dialog', {name: 'Load from a web address'});
  await dialog.getByLabel('Address of a CSV, JSON or Parquet file').focus();
  expect(await paste('a,b\n1,2\n')).toBe(false);
  await dialog.getByRole('button', {name: 'Cancel'}).click();
});

test('an address gives a file to load, or a notebook that opens', async () => {
  await fetchFrom('/fetched.csv');
  await closeImport('fetched.csv');
  await fetchFrom('/plant.md');
  await expect.poll(() => app.notebook()).toContain('# A plant');
});
