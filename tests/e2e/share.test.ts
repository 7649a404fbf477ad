import {deflateRawSync} from 'node:zlib';
import type {Locator, Page} from 'playwright-core';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {notebookLink} from '../../src/handover/link.ts';
import {unwrap} from '../../src/lib/problem.ts';
import {seriousFaults} from './axe.ts';
import {launch, type App} from './harness.ts';

const eventually = <T>(look: () => T) => expect.poll(look, {timeout: 30_000});

const cell = (header: string, body = ''): string => `\`\`\`${header}\n${body}${body === '' ? '' : '\n'}\`\`\`\n\n`;
const own = `---\nlakebook: 1\ntitle: My own work\n---\n\n${cell('step people = load', 'file: people.csv')}${cell('sql paid', 'SELECT name, pay FROM people')}${cell('step kept = snapshot', 'table: salaries')}`;
const foreign = `---
lakebook: 1
title: A friendly notebook
params: {t: salaries}
---

# Look at this
Not [a trap](https://elsewhere.example/?leak) and not ![a picture](https://elsewhere.example/pixel.png), nor ![one of this site](secret-pixel.png).

${cell('step theirs = load', 'file: [people.csv, secret-name.csv]')}${cell('sql read', 'SELECT count(*) AS n FROM lake.salaries')}${cell('sql made', 'SELECT 666 AS pay')}${cell('step ruined = snapshot', 'table: ${t}\nmode: overwrite\noverwrite_schema: true')}`;

const reading = (page: Page): Locator => page.locator('dialog', {hasText: 'This notebook came from a link.'});
const statusOf = (page: Page, name: string): Promise<string | null> =>
  page.locator(`article[aria-label="Cell ${name}"] [data-handle] .visually-hidden`).textContent();
const linkTo = async (app: App, markdown: string): Promise<string> => unwrap(await notebookLink(markdown, app.url));

/** Follows a link in the tab, as a click on it does: the page stays and its address changes. */
const follow = (app: App, link: string): Promise<void> =>
  app.page.evaluate((to) => void (location.hash = new URL(to).hash), link);
/** Opens a link in the tab as a new page. */
async function enter(app: App, link: string): Promise<void> {
  await app.page.goto('about:blank');
  await app.page.goto(link);
  await app.page.waitForFunction(() => 'lakebook' in window);
  await app.page.evaluate(() => window.lakebook.ready);
}

/** Every file of the browser's private file system with its size and time. */
const stored = (page: Page): Promise<string[]> =>
  page.evaluate(async () => {
    const found: string[] = [];
    const walk = async (folder: FileSystemDirectoryHandle, path: string): Promise<void> => {
      for await (const [name, entry] of folder.entries()) {
        if (entry.kind === 'directory') await walk(entry, `${path}${name}/`);
        else {
          const file = await entry.getFile();
          found.push(`${path}${name} ${file.size} ${file.lastModified}`);
        }
      }
    };
    await walk(await navigator.storage.getDirectory(), '');
    return found.sort();
  });

async function withOwnWork(): Promise<App> {
  const app = await launch({context: {viewport: {width: 1280, height: 860}, colorScheme: 'light'}});
  await app.addFile('people.csv', 'name,pay\nAda,1\nBob,2\n');
  await app.open(own);
  expect((await app.run()).ok).toBe(true);
  await app.page.waitForFunction(() => /\bsaved\b/i.test(document.body.innerText));
  return app;
}

describe('a link', () => {
  let app: App;
  let link: string;
  beforeAll(async () => {
    app = await withOwnWork();
    link = await linkTo(app, foreign);
  });
  afterAll(() => app.close());

  test('is made in the palette, with its length and what is in it, and carries the notebook', async () => {
    const {page} = app;
    await app.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.keyboard.press('Control+k');
    await page.keyboard.type('copy a link');
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', {name: 'Copy a link to this notebook'});
    const made = await page.evaluate(() => window.lakebook.link());
    await eventually(() => dialog.getByRole('textbox').inputValue()).toBe(made);
    expect(await dialog.textContent()).toContain(`${made.length} of at most 16,384 characters`);
    expect(await dialog.textContent()).toContain('people.csv');
    expect(await seriousFaults(page)).toEqual([]);
    await dialog.getByRole('button', {name: 'Copy', exact: true}).click();
    await eventually(() => page.evaluate(() => navigator.clipboard.readText())).toBe(made);
    await page.keyboard.press('Escape');
    expect(made).not.toContain('Ada');

    const other = await launch();
    await enter(other, made.replace(app.url, other.url));
    await reading(other.page).getByRole('button', {name: 'Run it here'}).click();
    await eventually(() => other.page.getByLabel('Title of the notebook').inputValue()).toBe('My own work');
    expect(await other.notebook()).toBe(own);
    await other.close();
  });

  test('is opened to be read: nothing runs, nothing is fetched, nothing is written', async () => {
    const {page} = app;
    const before = await stored(page);
    const asked = app.requests.length;
    await follow(app, link);
    await eventually(() => reading(page).getByRole('heading', {name: 'Look at this'}).isVisible()).toBe(true);
    expect(await reading(page).textContent()).toContain('Read it first; nothing has run.');
    expect(await reading(page).textContent()).toContain('mode: overwrite');
    expect(await reading(page).locator('img').count()).toBe(0);
    const anchor = reading(page).getByRole('link', {name: 'a trap'});
    expect([await anchor.getAttribute('rel'), await anchor.getAttribute('target')]).toEqual([
      'noopener noreferrer',
      '_blank',
    ]);
    // Run all, save, palette: none of them reaches past what is being read.
    for (const keys of ['Control+Shift+Enter', 'Control+k', 'Control+Enter', 'Control+z'])
      await page.keyboard.press(keys);
    expect(await page.getByRole('dialog').count()).toBe(1);
    await page.waitForTimeout(1000);
    expect(await app.notebook()).toBe(own);
    expect(await stored(page)).toEqual(before);
    expect(app.requests.slice(asked).filter((address) => !address.includes('/assets/'))).toEqual([]);
  });

  test('says what the notebook would use, and passes axe', async () => {
    const {page} = app;
    const terms = await reading(page).getByRole('group', {name: 'Run here, it may'}).locator('label').allInnerTexts();
    expect(terms.map((term) => term.replace(/\s+/g, ' '))).toEqual([
      'Read the file people.csv yours, 21 B · theirs',
      'Read the file secret-name.csv not in this workspace · theirs',
      'Read the table salaries yours, version 0, 2 rows · read',
      'Overwrite the table salaries yours, version 0; earlier versions stay · ruined',
    ]);
    expect(await seriousFaults(page)).toEqual([]);
  });

  test('survives a reload unread and unrun, with the user’s own notebook behind it', async () => {
    // Opening the page says anew which notebook of the user's own is open: the same one.
    const others = (paths: string[]): string[] => paths.filter((path) => !path.includes('open.json'));
    const before = others(await stored(app.page));
    await app.reload();
    await eventually(() => reading(app.page).getByRole('heading', {name: 'Look at this'}).isVisible()).toBe(true);
    expect(await app.notebook()).toBe(own);
    expect(others(await stored(app.page))).toEqual(before);
  });

  test('is put away by Escape, and all is as it was', async () => {
    const {page} = app;
    const before = await stored(page);
    await page.keyboard.press('Escape');
    await eventually(() => page.getByRole('dialog').count()).toBe(0);
    expect(new URL(page.url()).hash).toBe('');
    await eventually(() => page.locator('article[aria-label="Cell people"]').isVisible()).toBe(true);
    expect(await page.getByLabel('Title of the notebook').inputValue()).toBe('My own work');
    expect(await app.notebook()).toBe(own);
    const texts = (paths: string[]): string[] =>
      paths.filter((path) => path.includes('notebooks') || path.includes('trust'));
    expect(texts(await stored(page))).toEqual(texts(before));
  });

  test('runs with what the user left ticked, and no more: no write unless he ticks it', async () => {
    const {page} = app;
    await follow(app, link);
    expect(await reading(page).getByLabel('Overwrite the table salaries').isChecked()).toBe(false);
    await reading(page).getByLabel('Read the file people.csv').focus();
    await page.keyboard.press('Space');
    await reading(page).getByLabel('Read the file secret-name.csv').uncheck();
    await reading(page).getByRole('button', {name: 'Run it here'}).click();
    await eventually(() => page.getByLabel('Title of the notebook').inputValue()).toBe('A friendly notebook');
    await eventually(() => statusOf(page, 'read')).toBe('done');
    await eventually(() => statusOf(page, 'made')).toBe('done');
    expect(await statusOf(page, 'ruined')).toBe('can’t run');
    expect(await statusOf(page, 'theirs')).toBe('can’t run');
    expect((await app.query('SELECT n FROM read')).rows).toEqual([[2n]]);
    expect((await page.evaluate(() => window.lakebook.lake.history('salaries'))).length).toBe(1);
    expect(app.requests.filter((address) => address.includes('secret-name'))).toEqual([]);
    expect(await page.getByRole('region', {name: 'What this notebook may use'}).textContent()).toMatch(
      /You did not allow it to read the file people\.csv.*overwrite the table salaries/,
    );
    expect(await seriousFaults(page)).toEqual([]);
  });

  test('keeps what was decided across a reload, and lets the user change it', async () => {
    const {page} = app;
    await app.reload();
    expect(await statusOf(page, 'ruined')).toBe('can’t run');
    await page.getByRole('button', {name: 'Change'}).click();
    const dialog = page.getByRole('dialog', {name: 'What may this notebook use?'});
    expect(await dialog.getByLabel('Read the table salaries').isChecked()).toBe(true);
    expect(await dialog.getByLabel('Overwrite the table salaries').isChecked()).toBe(false);
    expect(await seriousFaults(page)).toEqual([]);
    await dialog.getByLabel('Overwrite the table salaries').check();
    await dialog.getByRole('button', {name: 'Allow'}).click();
    await eventually(() => statusOf(page, 'ruined')).not.toBe('can’t run');
    expect((await app.run('ruined')).ok).toBe(true);
    expect((await page.evaluate(() => window.lakebook.lake.history('salaries'))).length).toBe(2);
  });

  test('finds nothing of other notebooks in the engine, whatever its SQL names', async () => {
    const {page} = app;
    await page.getByRole('button', {name: 'My own work', exact: true}).click();
    await eventually(() => page.getByLabel('Title of the notebook').inputValue()).toBe('My own work');
    await app.run();
    const spy = [
      cell(
        'sql tables',
        'SELECT table_name FROM duckdb_tables() WHERE NOT internal UNION ALL SELECT view_name FROM duckdb_views() WHERE NOT internal',
      ),
      cell('sql file', "SELECT * FROM read_csv('utf-8/people%2ecsv/text')"),
      cell('sql files', "SELECT * FROM glob('*')"),
    ].join('');
    await follow(app, await linkTo(app, spy));
    await reading(page).getByRole('button', {name: 'Run it here'}).click();
    await eventually(() => statusOf(page, 'tables')).toBe('done');
    // The table that the query itself is making, and no other.
    expect((await app.query('SELECT count(*) FROM tables')).rows).toEqual([[1n]]);
    expect(await statusOf(page, 'file')).toBe('failed');
    expect((await app.run('files')).cells.at(-1)?.rowsOut ?? 0).toBe(0);
  });

  test('in a second tab can be read and discarded before that tab takes anything over', async () => {
    const tab = await app.context.newPage();
    await tab.goto(link.replace(/^[^#]*/, app.url));
    await eventually(() => reading(tab).getByRole('heading', {name: 'Look at this'}).isVisible()).toBe(true);
    await eventually(() => reading(tab).textContent()).toContain('open in another tab');
    await reading(tab).getByRole('button', {name: 'Discard'}).click();
    await eventually(() => tab.getByRole('dialog', {name: 'Lakebook is open in another tab'}).isVisible()).toBe(true);
    expect(await app.page.getByRole('dialog').count()).toBe(0);
    await tab.close();
  });
});

describe('a link that someone made up', () => {
  let app: App;
  beforeAll(async () => {
    app = await launch();
  });
  afterAll(() => app.close());

  const packed = (text: string | Uint8Array): string => deflateRawSync(text).toString('base64url');
  test.each([
    ['that is cut', `1.${packed('# A notebook\n'.repeat(50)).slice(0, -8)}`, /part of it is missing/],
    ['with something after its end', `1.${packed('# A').slice(0, -1)}AAAAAAAA`, /part of it is missing/],
    ['of a later version', '7.abc', /version 7/],
    ['that unpacks to hundreds of megabytes', `1.${packed(new Uint8Array(300_000_000))}`, /more than 131,072 bytes/],
    ['with markup in it', '1.<img src=x onerror=alert(1)>', /part of it is missing/],
  ])('%s is refused in words', async (_what, text, message) => {
    await app.page.evaluate((to) => void (location.hash = `#notebook=${to}`), text);
    const dialog = app.page.getByRole('dialog', {name: 'A link that can’t be opened'});
    await eventually(() => dialog.textContent()).toMatch(message);
    expect(await app.page.evaluate(() => window.lakebook.notebook())).toBe('');
    await dialog.getByRole('button', {name: 'Close'}).click();
    await eventually(() => app.page.getByRole('dialog').count()).toBe(0);
  });

  test('shows HTML, scripts and links of other kinds as text', async () => {
    const text =
      '---\ntitle: "<b>bold</b>"\n---\n\n<script>window.hit = 1</script><img src=x onerror="window.hit = 1">\n\n[run](javascript:window.hit=1) <iframe src="https://elsewhere.example"></iframe>\n';
    await follow(app, await linkTo(app, text));
    const dialog = reading(app.page);
    await eventually(() => dialog.textContent()).toContain('<script>window.hit = 1</script>');
    expect(await dialog.locator('script, img, iframe, b, a').count()).toBe(0);
    expect(await app.page.evaluate(() => 'hit' in window)).toBe(false);
    await app.page.keyboard.press('Escape');
  });

  test('with as many cells as fit can be read and discarded at once', async () => {
    await follow(app, await linkTo(app, cell('step a = dedup').repeat(5_000)));
    await eventually(() => reading(app.page).getByRole('button', {name: 'Discard'}).isEnabled()).toBe(true);
    await reading(app.page).getByRole('button', {name: 'Discard'}).click();
    await eventually(() => app.page.getByRole('dialog').count()).toBe(0);
  });
});

describe('a notebook from a file', () => {
  let app: App;
  beforeAll(async () => {
    app = await withOwnWork();
  });
  afterAll(() => app.close());

  async function choose(name: string, markdown: string): Promise<void> {
    const [chooser] = await Promise.all([
      app.page.waitForEvent('filechooser'),
      app.page.getByRole('button', {name: 'Open a notebook from disk'}).click(),
    ]);
    await chooser.setFiles({name, mimeType: 'text/markdown', buffer: Buffer.from(markdown)});
  }

  test('is shown, and asks when it is to run', async () => {
    const {page} = app;
    await choose('friendly.md', foreign);
    await eventually(() => page.getByLabel('Title of the notebook').inputValue()).toBe('A friendly notebook');
    expect(await page.getByRole('region', {name: 'What this notebook may use'}).textContent()).toContain(
      'came from a file',
    );
    expect(app.requests.filter((address) => address.includes('secret-name'))).toEqual([]);
    await page.getByRole('button', {name: 'Run all'}).click();
    const dialog = page.getByRole('dialog', {name: 'What may this notebook use?'});
    await eventually(() => dialog.locator('label').count()).toBe(4);
    await dialog.getByRole('button', {name: 'Not now'}).click();
    expect(await statusOf(page, 'read')).toBe('can’t run');
    expect((await app.run()).cells.filter(({status}) => status === 'broken').map(({name}) => name)).toEqual([
      'theirs',
      'read',
      'ruined',
    ]);
    expect((await page.evaluate(() => window.lakebook.lake.history('salaries'))).length).toBe(1);
  });

  test('doesn’t ask about what the user himself writes into it', async () => {
    const {page} = app;
    await page.getByRole('button', {name: '+ SQL'}).last().click();
    await page.keyboard.press('Control+a');
    await page.keyboard.type('SELECT 1 AS mine FROM lake.salaries AT (VERSION => 0) LIMIT 1');
    await page.keyboard.press('Control+Enter');
    // The table is one that came with the text: that one it asks about.
    await page
      .getByRole('dialog', {name: 'What may this notebook use?'})
      .getByRole('button', {name: 'Not now'})
      .click();
    await page.locator('.cm-content').last().click();
    await page.keyboard.press('Control+a');
    await page.keyboard.type('SELECT 41 + 1 AS mine');
    await page.keyboard.press('Control+Enter');
    await eventually(() => statusOf(page, 'query')).toBe('done');
  });

  test('runs once it is allowed to, and is not asked again', async () => {
    const {page} = app;
    await page.getByRole('button', {name: 'Run all'}).click();
    const dialog = page.getByRole('dialog', {name: 'What may this notebook use?'});
    await dialog.getByLabel('Read the file secret-name.csv').uncheck();
    expect(await dialog.getByLabel('Overwrite the table salaries').isChecked()).toBe(false);
    await dialog.getByRole('button', {name: 'Allow and run'}).click();
    await eventually(() => statusOf(page, 'read')).toBe('done');
    await eventually(() => page.getByRole('button', {name: 'Run all'}).isEnabled()).toBe(true);
    await page.getByRole('button', {name: 'Run all'}).click();
    await page.waitForTimeout(500);
    expect(await page.getByRole('dialog').count()).toBe(0);
    expect((await page.evaluate(() => window.lakebook.lake.history('salaries'))).length).toBe(1);
  });

  test('is the user’s own once the console replaced its text', async () => {
    await choose('again.md', foreign.replace('A friendly notebook', 'Another notebook'));
    await eventually(() => app.page.getByLabel('Title of the notebook').inputValue()).toBe('Another notebook');
    expect(await statusOf(app.page, 'ruined')).toBe('can’t run');
    await app.open(foreign.replace('people.csv, secret-name.csv', 'people.csv'));
    expect((await app.run()).ok).toBe(true);
    expect((await app.page.evaluate(() => window.lakebook.lake.history('salaries'))).length).toBe(2);
  });

  test('asks before it writes PostgreSQL, which isn’t even fetched before, and can name no webhook', async () => {
    const {page} = app;
    const served =
      cell('sql made', "SELECT 1 AS id, TIMESTAMP '2024-02-01' AS at") +
      cell('step served = postgres', 'table: theirs\nkeys: [id]') +
      cell('psql asked', 'SELECT count(*) AS n FROM theirs') +
      cell(
        'step rung = alerts',
        'from: made\ntime: at\nrules: {id: {warning: 0}}\nwebhook: https://elsewhere.example/hook',
      );
    await choose('served.md', `---\nlakebook: 1\ntitle: Served\n---\n\n${served}`);
    await eventually(() => page.getByLabel('Title of the notebook').inputValue()).toBe('Served');
    await page.getByRole('button', {name: 'Run all'}).click();
    const dialog = page.getByRole('dialog', {name: 'What may this notebook use?'});
    expect(await dialog.getByLabel(/PostgreSQL table theirs/).isChecked()).toBe(false);
    await dialog.getByRole('button', {name: 'Not now'}).click();
    expect((await app.run()).cells.map(({name, status}) => [name, status])).toEqual([
      ['made', 'ok'],
      ['served', 'broken'],
      ['asked', 'broken'],
      ['rung', 'broken'],
    ]);
    expect(app.requests.filter((address) => /pglite/.test(address))).toEqual([]);
    await page.getByRole('button', {name: 'Run all'}).click();
    await dialog.getByLabel(/PostgreSQL table theirs/).check();
    await dialog.getByRole('button', {name: 'Allow and run'}).click();
    await eventually(() => statusOf(page, 'asked')).toBe('done');
    expect((await app.query('SELECT n FROM asked')).rows).toEqual([[1n]]);
  });
});
