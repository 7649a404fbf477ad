import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {Locator} from 'playwright-core';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {seriousFaults} from './axe.ts';
import {launch, type App} from './harness.ts';

const csv = 'sensor_id,temperature\nA,20.5\nB,31\n';
const notebook =
  '---\nlakebook: 1\ntitle: Readings\n---\n\n```step raw = load\nfile: readings.csv\n```\n\n```step kept = snapshot\ntable: readings\n```\n';
/** Made by `age-keygen`. */
const identity = 'AGE-SECRET-KEY-1K5A9LU6XUX42VZYL7KX2NTYMVHVSHXTRH32XKM2YDEDPZ8RTVSNQ9L7VPR';
const recipient = 'age1smzfg2gd8h7my8uzn3mf52nflkex6sr2fk5vd5yjeu8xz75s89vs0ktm0s';

let app: App;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lakebook-encrypted-'));
  app = await launch();
  await app.addFile('readings.csv', csv);
  await app.open(notebook);
  expect((await app.run()).ok).toBe(true);
});
afterAll(async () => {
  await app.close();
  await rm(folder, {recursive: true});
});

const dialog = (): Locator => app.page.getByRole('dialog');

/** Opens a dialog by an entry of the export menu and asks there for encryption. */
async function encryptFrom(entry: RegExp): Promise<void> {
  await app.page.getByRole('button', {name: 'Export', exact: true}).click();
  await app.page.getByRole('menuitem', {name: entry}).click();
  const box = dialog().getByRole('checkbox', {name: 'Encrypt it'});
  // The notebook's own dialog has nothing else to ask.
  if (!/encrypted/.test(entry.source)) await box.check();
  await dialog().getByText('With what it is opened').waitFor();
}

/** Presses a button that saves a file, and gives where it lies. */
async function saved(button: RegExp): Promise<string> {
  const [download] = await Promise.all([
    app.page.waitForEvent('download'),
    dialog().getByRole('button', {name: button}).click(),
  ]);
  const path = join(folder, download.suggestedFilename());
  await download.saveAs(path);
  await app.page.keyboard.press('Escape');
  await dialog().waitFor({state: 'detached'});
  return path;
}

/** Chooses files as the user does, and gives the dialog that asks how to open them. */
async function choose(...paths: string[]): Promise<Locator> {
  await app.page.keyboard.press('ControlOrMeta+k');
  const [chooser] = await Promise.all([
    app.page.waitForEvent('filechooser'),
    app.page.getByRole('option', {name: /^Add files/}).click(),
  ]);
  await chooser.setFiles(paths);
  await dialog().getByText('Open an encrypted file').waitFor();
  return dialog();
}

async function open(path: string, label: string, secret: string): Promise<void> {
  const asked = await choose(path);
  await asked.getByLabel(label, {exact: true}).fill(secret);
  await asked.getByRole('button', {name: 'Open', exact: true}).click();
}

test('a cell leaves for a passphrase made here, and comes back by it', async () => {
  await encryptFrom(/^Export raw/);
  expect(await dialog().innerText()).toContain('Give a passphrase');
  expect(await dialog().getByRole('button', {name: 'Export', exact: true}).isDisabled()).toBe(true);
  await dialog().getByText('CSV', {exact: true}).click();
  await dialog().getByRole('button', {name: 'Make one'}).click();
  await expect.poll(() => dialog().innerText()).toContain('Strong: 88 bits');
  const passphrase = await dialog().getByLabel('Passphrase', {exact: true}).inputValue();
  expect(passphrase.split('-')).toHaveLength(8);
  expect(await seriousFaults(app.page)).toEqual([]);
  await dialog().getByText('How to open it elsewhere').click();
  expect(await dialog().locator('pre').innerText()).toBe('age -d raw.csv.age > raw.csv');
  const path = await saved(/^Export$/);
  expect(path).toMatch(/raw\.csv\.age$/);

  await open(path, 'Passphrase', 'not this one');
  await expect.poll(() => dialog().innerText(), {timeout: 30_000}).toContain('doesn’t open raw.csv.age');
  expect(await seriousFaults(app.page)).toEqual([]);
  await dialog().getByLabel('Passphrase', {exact: true}).fill(passphrase);
  await dialog().getByRole('button', {name: 'Open', exact: true}).click();
  // It comes in as if it had been dropped.
  await expect.poll(() => dialog().innerText(), {timeout: 30_000}).toContain('sensor_id');
  await app.page.keyboard.press('Escape');
  expect((await app.query('SELECT count(*) FROM raw')).rows).toEqual([[2n]]);
});

test('a typed passphrase is estimated, and has to be typed twice', async () => {
  await encryptFrom(/^Export raw/);
  await dialog()
    .getByRole('radio', {name: /as a Fernet token/})
    .first()
    .check();
  const field = dialog().getByLabel('Passphrase', {exact: true});
  await field.fill('password1');
  await expect.poll(() => dialog().innerText(), {timeout: 20_000}).toMatch(/Weak: about \d+ bits/);
  await dialog().getByLabel('The passphrase again').fill('password2');
  expect(await dialog().innerText()).toContain('The two passphrases differ.');
  await field.fill('tidal kx81 lantern! ermine 7734');
  await dialog().getByLabel('The passphrase again').fill('tidal kx81 lantern! ermine 7734');
  await expect.poll(() => dialog().innerText(), {timeout: 20_000}).toMatch(/Strong: about \d+ bits/);
  const path = await saved(/^Export$/);
  expect(path).toMatch(/raw\.parquet\.fernet$/);
  await open(path, 'Passphrase', 'tidal kx81 lantern! ermine 7734');
  await expect.poll(() => dialog().innerText(), {timeout: 30_000}).toContain('sensor_id');
  await app.page.keyboard.press('Escape');
});

test('a table leaves for an age key, and comes back by the secret one', async () => {
  await app.page.evaluate(() => window.lakebook.lake.tables());
  const {page} = app;
  await page.keyboard.press('ControlOrMeta+k');
  await page.getByRole('option', {name: /^Table readings/}).click();
  await dialog().getByRole('tab', {name: 'Manage'}).click();
  await dialog().getByRole('checkbox', {name: 'Encrypt it'}).check();
  await dialog()
    .getByRole('radio', {name: /age key/})
    .check();
  const keys = dialog().getByLabel(/^Public keys/);
  await keys.fill(identity);
  expect(await dialog().innerText()).toContain('That is a secret key.');
  await keys.fill(recipient);
  expect(await seriousFaults(page)).toEqual([]);
  const path = await saved(/^Export as zip$/);
  expect(path).toMatch(/readings\.zip\.age$/);
  await open(path, 'Secret key', `# public key: ${recipient}\n${identity}`);
  await expect.poll(() => dialog().innerText(), {timeout: 30_000}).toContain('Import a Delta table');
  await dialog().getByRole('button', {name: 'Import', exact: true}).click();
  await expect
    .poll(() => page.evaluate(async () => (await window.lakebook.lake.tables()).map(({name}) => name)))
    .toEqual(['readings', 'readings_2']);
  await expect.poll(() => dialog().innerText()).toContain('readings_2');
  await page.keyboard.press('Escape');
});

describe('the scripting API', () => {
  test('encrypts and decrypts what it is given', async () => {
    const found = await app.page.evaluate(
      async ([to, secret]) => {
        const {lakebook} = window;
        const file = await lakebook.export('raw', 'csv', {encrypt: {as: 'age', recipients: [to]}});
        const other = await lakebook.encrypt(new Blob(['x']), {
          as: 'fernet',
          key: 'cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=',
        });
        return {
          start: await file.slice(0, 21).text(),
          plain: await (await lakebook.decrypt(file, secret)).text(),
          other: await (await lakebook.decrypt(other, 'cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=')).text(),
          zip: await (
            await lakebook.decrypt(
              await lakebook.lake.zip('readings', {encrypt: {as: 'age', recipients: [to]}}),
              secret,
            )
          )
            .slice(0, 2)
            .text(),
        };
      },
      [recipient, identity] as const,
    );
    expect(found).toEqual({
      start: 'age-encryption.org/v1',
      plain: 'sensor_id,temperature\r\nA,20.5\r\nB,31.0\r\n'.replaceAll('\r', ''),
      other: 'x',
      zip: 'PK',
    });
  });

  test('refuses with sentences, and keeps nothing', async () => {
    const problems = await app.page.evaluate(async () => {
      const {lakebook} = window;
      const problemOf = (work: Promise<unknown>): Promise<unknown> =>
        work.then(
          () => undefined,
          // What the scripting API throws.
          (thrown: {problem: {code: string}}) => thrown.problem.code,
        );
      return [
        await problemOf(lakebook.export('raw', 'csv', {encrypt: {as: 'age', recipients: ['age1xyz']}})),
        await problemOf(lakebook.export('raw', 'csv', {encrypt: {as: 'age', passphrase: ''}})),
        await problemOf(lakebook.decrypt(new Blob(['a,b\n']), 'x')),
        await problemOf(lakebook.decrypt(new Blob(['age-encryption.org/v1\n-> X']), 'AGE-SECRET-KEY-1')),
      ];
    });
    expect(problems).toEqual(['ENCRYPTION_RECIPIENT', 'ENCRYPTION_PASSPHRASE', 'NOT_ENCRYPTED', 'ENCRYPTION_IDENTITY']);
  });
});

test('a file that only says that it is encrypted is told at once', async () => {
  const {writeFile} = await import('node:fs/promises');
  const path = join(folder, 'odd.csv.age');
  await writeFile(path, 'a,b\n1,2\n');
  const asked = await choose(path);
  await expect.poll(() => asked.innerText()).toContain('does not start as an age file');
  expect(await asked.getByRole('button', {name: 'Open', exact: true}).count()).toBe(0);
  await app.page.keyboard.press('Escape');
});

test.each(['light', 'dark'] as const)('at 390 pixels nothing is cut off, %s', async (colorScheme) => {
  const {page} = app;
  await page.setViewportSize({width: 390, height: 844});
  await page.emulateMedia({colorScheme});
  await page.evaluate((theme) => (document.documentElement.dataset['theme'] = theme), colorScheme);
  await page.keyboard.press('ControlOrMeta+k');
  await page.getByRole('option', {name: /^Export raw/}).click();
  await dialog().getByRole('checkbox', {name: 'Encrypt it'}).check();
  await dialog().getByRole('button', {name: 'Make one'}).click();
  await dialog().getByText('How to open it elsewhere').click();
  expect(await seriousFaults(page)).toEqual([]);
  expect(
    await dialog().evaluate((element) =>
      [...element.querySelectorAll('.content, .panel')].every(
        ({scrollWidth, clientWidth}) => scrollWidth <= clientWidth,
      ),
    ),
  ).toBe(true);
  await page.keyboard.press('Escape');
  await page.setViewportSize({width: 1280, height: 800});
});

// The last one: a notebook that came from outside may use nothing until it is allowed to.
test('the notebook and the whole workspace leave for a Fernet key, and come back', async () => {
  await encryptFrom(/^The notebook, encrypted/);
  await dialog().getByRole('radio', {name: /^Key/}).check();
  await dialog().getByRole('button', {name: 'Make one'}).click();
  await expect
    .poll(() =>
      dialog()
        .getByLabel(/^Key, 32 bytes/)
        .inputValue(),
    )
    .toMatch(/^[\w-]{43}=$/);
  const key = await dialog()
    .getByLabel(/^Key, 32 bytes/)
    .inputValue();
  const path = await saved(/^Save$/);
  expect(path).toMatch(/\.md\.fernet$/);

  await encryptFrom(/^The whole workspace/);
  await dialog().getByRole('radio', {name: /^Key/}).check();
  await dialog()
    .getByLabel(/^Key, 32 bytes/)
    .fill(key);
  const workspace = await saved(/^Save as zip$/);
  expect(workspace).toMatch(/^.*\/lakebook-.*\.zip\.fernet$/);

  await app.open('# Another\n');
  await open(path, 'Fernet key', key);
  await dialog().waitFor({state: 'detached'});
  await expect.poll(() => app.notebook()).toBe(notebook);
  await open(workspace, 'Fernet key', key);
  await expect.poll(() => dialog().innerText(), {timeout: 30_000}).toContain('Bring in a workspace');
  await dialog().getByRole('button', {name: 'Bring it in'}).click();
  await expect.poll(() => dialog().innerText(), {timeout: 30_000}).toContain('Here already, the same');
  await app.page.keyboard.press('Escape');
});
