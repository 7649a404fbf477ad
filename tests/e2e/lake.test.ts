import {mkdir, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {Locator, Page} from 'playwright-core';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {seriousFaults} from './axe.ts';
import {launch, type App} from './harness.ts';

/** `expect` on what the page comes to, however busy the machine is. */
const eventually = <T>(look: () => T) => expect.poll(look);

const notebook = (cells: string): string => `---\nlakebook: 1\ntitle: Readings\n---\n\n${cells}`;
const first = `\`\`\`sql day_one
SELECT * FROM (VALUES (1, 'hall', 20.5::DOUBLE), (2, 'roof', 21), (3, 'yard', 12.5)) t(sensor, place, temperature)
\`\`\`

\`\`\`step kept = snapshot
table: readings
mode: overwrite
constraints: {warm_enough: temperature > -60}
comments: {sensor: The number on its case}
\`\`\`

`;
const second = `\`\`\`sql day_two
SELECT * FROM (VALUES (2, 'roof', 22.5::DOUBLE), (4, 'cellar', 9)) t(sensor, place, temperature)
\`\`\`

\`\`\`step merged = snapshot
table: readings
mode: merge
keys: [sensor]
\`\`\`

`;
const odd = `\`\`\`sql day_three
SELECT 5 AS sensor, 'attic' AS place, 3.5::DOUBLE AS temperature, 0.4::DOUBLE AS humidity
\`\`\`

\`\`\`step refused = snapshot
table: readings
mode: append
\`\`\`
`;

const sidebar = (page: Page): Locator => page.getByRole('navigation', {name: 'Workspace'});
const dialog = (page: Page, name = 'readings'): Locator => page.getByRole('dialog', {name, exact: true});

async function openTable(page: Page, tab: string): Promise<Locator> {
  await sidebar(page)
    .getByRole('button', {name: /^readings/})
    .click();
  const panel = dialog(page);
  await panel.getByRole('tab', {name: tab}).click();
  return panel;
}

describe('a table of the lake', () => {
  let app: App;
  let page: Page;
  beforeAll(async () => {
    app = await launch({context: {viewport: {width: 1440, height: 900}, colorScheme: 'light'}});
    page = app.page;
  });
  afterAll(() => app.close());

  test('an empty lake says what to do next', async () => {
    await eventually(() => sidebar(page).textContent()).toContain('Add a snapshot cell');
  });

  test('snapshot cells make it, and the catalogue has it at once', async () => {
    await app.open(notebook(first + second));
    expect((await app.run()).cells.map(({name, status}) => [name, status])).toEqual([
      ['day_one', 'ok'],
      ['kept', 'ok'],
      ['day_two', 'ok'],
      ['merged', 'ok'],
    ]);
    await eventually(() =>
      sidebar(page)
        .getByRole('button', {name: /^readings/})
        .textContent(),
    ).toContain('v1');
  });

  test('the overview has its columns, constraint and comment', async () => {
    const panel = await openTable(page, 'Overview');
    await eventually(() => panel.getByRole('tabpanel').textContent()).toContain('warm_enough');
    await eventually(() => panel.getByRole('region', {name: 'Columns of readings'}).textContent()).toContain(
      'The number on its case',
    );
    expect(await seriousFaults(page)).toEqual([]);
  });

  test('the history names the cell that wrote each version, and leads to it', async () => {
    const panel = dialog(page);
    await panel.getByRole('tab', {name: 'History'}).click();
    await eventually(() => panel.getByRole('listitem').count()).toBe(2);
    await eventually(() => panel.getByRole('listitem').first().textContent()).toContain('MERGE');
    await eventually(() => panel.getByRole('listitem').first().textContent()).toContain('1 inserted, 1 updated');
    expect(await seriousFaults(page)).toEqual([]);
    await panel.getByRole('button', {name: 'kept', exact: true}).click();
    await eventually(() => page.locator('[data-cell]:focus-within').getAttribute('aria-label')).toBe('Cell kept');
  });

  test('any version opens', async () => {
    const panel = await openTable(page, 'History');
    await panel.getByRole('group', {name: 'Version 0'}).getByRole('button', {name: 'Open'}).click();
    await eventually(() => panel.getByRole('tabpanel').textContent()).toContain('3 rows');
    await eventually(() => panel.getByRole('grid').textContent()).toContain('yard');
    expect(await panel.getByRole('grid').textContent()).not.toContain('cellar');
    await panel.getByRole('combobox', {name: /^Version/}).selectOption({index: 0});
    await eventually(() => panel.getByRole('grid').textContent()).toContain('cellar');
    expect(await seriousFaults(page)).toEqual([]);
  });

  test('two versions are compared by key', async () => {
    const panel = dialog(page);
    await panel.getByRole('tab', {name: 'Compare'}).click();
    await panel.getByLabel('sensor', {exact: true}).check();
    await panel.getByRole('button', {name: 'Compare', exact: true}).click();
    await eventually(() => panel.getByRole('tabpanel').textContent()).toMatch(
      /1 row added.*0 rows removed.*1 row changed/s,
    );
    expect(await seriousFaults(page)).toEqual([]);
  });

  test('the log of a commit is explained line by line', async () => {
    const panel = dialog(page);
    await panel.getByRole('tab', {name: 'Log'}).click();
    await eventually(() => panel.getByRole('heading', {name: 'add'}).count()).toBeGreaterThan(0);
    await panel.getByText('The line as JSON').first().click();
    await eventually(() => panel.getByRole('tabpanel').textContent()).toContain('_delta_log/00000000000000000001.json');
    expect(await seriousFaults(page)).toEqual([]);
  });

  test('an earlier version comes back, and the restore is undone', async () => {
    const panel = dialog(page);
    await panel.getByRole('tab', {name: 'History'}).click();
    await panel.getByRole('group', {name: 'Version 0'}).getByRole('button', {name: 'Restore'}).click();
    await eventually(() => panel.getByRole('listitem').first().textContent()).toContain('RESTORE, to version 0');
    await panel.getByRole('button', {name: 'Undo'}).click();
    await eventually(() => panel.getByRole('listitem').count()).toBe(4);
    await panel.getByRole('button', {name: 'Close'}).click();
    expect((await app.query('SELECT count(*) FROM lake.readings AT (VERSION => 3)')).rows).toEqual([[4n]]);
  });

  test('vacuum says first what it would delete', async () => {
    const panel = await openTable(page, 'Manage');
    await panel.getByRole('button', {name: 'Dry run'}).click();
    await eventually(() => panel.getByRole('tabpanel').textContent()).toContain('There is nothing to delete');
    expect(await seriousFaults(page)).toEqual([]);
  });

  test('it leaves as a zip, is deleted, and comes back from the zip with its history', async () => {
    const panel = dialog(page);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      panel.getByRole('button', {name: 'Export as zip'}).click(),
    ]);
    expect(download.suggestedFilename()).toBe('readings.zip');
    const zip = await readFile(await download.path());
    expect(zip.subarray(0, 2).toString('latin1')).toBe('PK');
    await panel.getByRole('button', {name: 'Delete readings …'}).click();
    await eventually(() => panel.getByText('There is no way back').textContent()).toContain('All 4 versions');
    await panel.getByRole('button', {name: 'Delete readings for good'}).click();
    await eventually(() => sidebar(page).textContent()).toContain('Add a snapshot cell');

    await sidebar(page).getByRole('button', {name: 'Import a Delta table'}).click();
    const [chooser] = await Promise.all([
      page.waitForEvent('filechooser'),
      page.getByRole('menuitem', {name: 'A zip of one, or of a workspace …'}).click(),
    ]);
    await chooser.setFiles({name: 'readings.zip', mimeType: 'application/zip', buffer: zip});
    const form = dialog(page, 'Import a Delta table');
    expect(await form.getByLabel('Name in the lake').inputValue()).toBe('readings');
    expect(await seriousFaults(page)).toEqual([]);
    await form.getByRole('button', {name: 'Import', exact: true}).click();
    await dialog(page).getByRole('tab', {name: 'History'}).click();
    await eventually(() => dialog(page).getByRole('listitem').count()).toBe(4);
  });

  test('it is renamed', async () => {
    await dialog(page).getByRole('tab', {name: 'Manage'}).click();
    await dialog(page).getByLabel('New name of readings').fill('measures');
    await dialog(page).getByRole('button', {name: 'Rename', exact: true}).click();
    await eventually(() => sidebar(page).textContent()).toContain('measures');
    await dialog(page, 'measures').getByRole('button', {name: 'Close'}).click();
  });

  test('a cell that reads a version is inserted and runs', async () => {
    await sidebar(page).getByRole('button', {name: 'What to do with measures'}).click();
    await page.getByRole('menuitem', {name: 'Read here'}).click();
    await eventually(() => app.notebook()).toContain('step measures = read_table\ntable: measures');
    await eventually(() =>
      page.locator('article[aria-label="Cell measures"] [data-handle] .visually-hidden').textContent(),
    ).toBe('done');
  });
});

describe('a table that is deleted while its rows are in view', () => {
  let app: App;
  beforeAll(async () => {
    app = await launch();
  });
  afterAll(() => app.close());

  test('the page settles, and Run all makes it anew', async () => {
    const {page} = app;
    const text = notebook(`${first}\`\`\`sql counted\nSELECT count(*) AS n FROM lake.readings\n\`\`\`\n`);
    await app.open(text);
    await app.run();
    await eventually(() => page.getByRole('gridcell').count()).toBeGreaterThan(0);
    await page.evaluate(() => window.lakebook.lake.remove('readings'));
    const runAll = page.getByRole('button', {name: 'Run all'});
    // Looking again for ever would run cells, and Run all is off while one runs.
    const stays = async (): Promise<boolean> => {
      for (let look = 0; look < 20; look++) {
        if (!(await runAll.isEnabled())) return false;
        await page.waitForTimeout(50);
      }
      return true;
    };
    await eventually(stays).toBe(true);
    await app.run();
    expect((await app.query('SELECT count(*) FROM lake.readings')).rows).toEqual([[3n]]);
  });
});

describe('rows that don’t fit the table', () => {
  let tables = 0;
  let app: App;
  let page: Page;
  beforeAll(async () => {
    app = await launch({context: {viewport: {width: 1440, height: 900}, colorScheme: 'light'}});
    page = app.page;
  });
  afterAll(() => app.close());

  test.each([
    ['Cast to the table’s schema', /step align_schema = align_schema\ntable: readings_1\n```\s+```step refused/],
    ['Merge the schema', /mode: append\nmerge_schema: true/],
    ['Overwrite the schema', /mode: overwrite\noverwrite_schema: true/],
  ])('are refused with Delta’s error, and “%s” is one click', async (way, edited) => {
    const table = `readings_${++tables}`;
    await app.open(notebook(first + odd).replaceAll('table: readings', `table: ${table}`));
    await app.run();
    const refused = page.locator('article[aria-label="Cell refused"]');
    const alert = refused.getByRole('alert');
    await eventually(() => alert.textContent()).toContain('DELTA_METADATA_MISMATCH · 42KDG');
    await eventually(() => alert.getByRole('row', {name: /^humidity/}).textContent()).toContain('missing');
    expect(await seriousFaults(page)).toEqual([]);
    await alert.getByRole('button', {name: way}).click();
    await eventually(() => app.notebook()).toMatch(edited);
    expect((await app.run()).ok).toBe(true);
  });
});

describe('from elsewhere and back', () => {
  let app: App;
  let page: Page;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lakebook-delta-'));
    app = await launch();
    page = app.page;
  });
  afterAll(async () => {
    await app.close();
    await rm(folder, {recursive: true});
  });

  test('a folder that holds a Delta table comes in by itself, and a cell reads it', async () => {
    await mkdir(join(folder, 'sites', '_delta_log'), {recursive: true});
    const schemaString = JSON.stringify({
      type: 'struct',
      fields: [{name: 'site', type: 'string', nullable: true, metadata: {}}],
    });
    const commit = [
      {protocol: {minReaderVersion: 1, minWriterVersion: 2}},
      {
        metaData: {
          id: 'sites',
          format: {provider: 'parquet', options: {}},
          schemaString,
          partitionColumns: [],
          configuration: {},
        },
      },
    ];
    await writeFile(
      join(folder, 'sites', '_delta_log', '00000000000000000000.json'),
      commit.map((action) => `${JSON.stringify(action)}\n`).join(''),
    );
    await sidebar(page).getByRole('button', {name: 'Import a Delta table'}).click();
    const [chooser] = await Promise.all([
      page.waitForEvent('filechooser'),
      page.getByRole('menuitem', {name: 'A folder that holds _delta_log …'}).click(),
    ]);
    await chooser.setFiles(join(folder, 'sites'));
    await dialog(page, 'Import a Delta table').getByRole('button', {name: 'Import', exact: true}).click();
    await dialog(page, 'sites').getByRole('button', {name: 'Close'}).click();
    expect(
      await sidebar(page)
        .getByRole('listitem')
        .filter({has: page.locator('.figure', {hasText: /^v\d/})})
        .allTextContents(),
    ).toHaveLength(1);
    expect((await app.query('FROM lake.sites')).columns.map(({name}) => name)).toEqual(['site']);
  });

  test('the whole workspace leaves as one zip and comes back elsewhere', async () => {
    await app.open(notebook(first));
    await app.run();
    await app.addFile('halls.csv', 'a,b\n1,2\n');
    await page.getByRole('button', {name: 'Export', exact: true}).click();
    await page.getByRole('menuitem', {name: 'The whole workspace as a zip …'}).click();
    const form = dialog(page, 'Save the whole workspace');
    await eventually(() => form.textContent()).toContain('1 notebook, 1 file, and 2 tables');
    expect(await seriousFaults(page)).toEqual([]);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      form.getByRole('button', {name: 'Save as zip'}).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/^lakebook-\d{4}-\d\d-\d\d\.zip$/);
    const zip = await readFile(await download.path());

    const elsewhere = await launch();
    const [chooser] = await Promise.all([
      elsewhere.page.waitForEvent('filechooser'),
      elsewhere.page.getByRole('button', {name: 'Choose files'}).click(),
    ]);
    await chooser.setFiles({name: 'workspace.zip', mimeType: 'application/zip', buffer: zip});
    const arrival = dialog(elsewhere.page, 'Bring in a workspace');
    await arrival.getByRole('button', {name: 'Bring it in'}).click();
    await eventually(() => arrival.textContent()).toMatch(
      /New here.*notebook.*file halls\.csv.*table readings.*table sites/s,
    );
    expect(await seriousFaults(elsewhere.page)).toEqual([]);
    await arrival.getByRole('button', {name: 'Done'}).click();
    await eventually(() => sidebar(elsewhere.page).textContent()).toMatch(/halls\.csv.*readings.*sites.*Readings/s);
    expect((await elsewhere.query('SELECT count(*) FROM lake.readings')).rows).toEqual([[3n]]);
    await elsewhere.close();
  });
});

describe('two tabs', () => {
  let app: App;
  beforeAll(async () => {
    app = await launch();
  });
  afterAll(() => app.close());

  test('the second offers to take over, the first is told, and takes it back', async () => {
    await app.open(notebook(first));
    const other = await app.context.newPage();
    await other.goto(app.url);
    const offer = other.getByRole('dialog', {name: 'Lakebook is open in another tab'});
    await eventually(() => offer.isVisible()).toBe(true);
    await other.keyboard.press('Escape');
    await other.keyboard.press('Escape');
    expect(await offer.isVisible()).toBe(true);
    expect(await seriousFaults(other)).toEqual([]);
    await offer.getByRole('button', {name: 'Use it here'}).click();
    await eventually(() => offer.count()).toBe(0);
    const moved = app.page.getByRole('dialog', {name: 'This notebook moved to another tab'});
    await eventually(() => moved.isVisible()).toBe(true);

    await other.getByLabel('Title of the notebook').fill('Edited there');
    await other.keyboard.press('Enter');
    await eventually(() => other.getByTitle('Where your data is').textContent()).toContain('Saved');
    await moved.getByRole('button', {name: 'Use it here again'}).click();
    await eventually(() => app.page.getByLabel('Title of the notebook').inputValue()).toBe('Edited there');
    await other.close();
  });

  test('what is edited at the very moment of a takeover is kept', async () => {
    await app.open(notebook(first));
    let [from, to] = [app.page, await app.context.newPage()];
    await to.goto(app.url);
    await to.getByRole('dialog', {name: 'Lakebook is open in another tab'}).waitFor();
    await to.evaluate(() => window.lakebook.ready);
    for (let round = 0; round < 4; round++) {
      // Not a keystroke: that would wait for the other tab to be in front.
      await Promise.all([
        from.evaluate((title) => {
          void window.lakebook.open(`---\ntitle: ${title}\n---\n`);
        }, `Edit ${round}`),
        to.getByRole('button', {name: /^Use it here/}).click(),
      ]);
      await eventually(() => to.getByLabel('Title of the notebook').inputValue()).toBe(`Edit ${round}`);
      [from, to] = [to, from];
    }
    await (from === app.page ? to : from).close();
  });
});

describe('on a narrow, dark window', () => {
  let app: App;
  beforeAll(async () => {
    app = await launch({context: {viewport: {width: 390, height: 844}, hasTouch: true, colorScheme: 'dark'}});
  });
  afterAll(() => app.close());

  test('every part of the panel fits and can be read', async () => {
    const {page} = app;
    await app.open(notebook(first + second));
    await app.run();
    await page.getByRole('button', {name: 'Show or hide the sidebar'}).click();
    const panel = await openTable(page, 'Overview');
    for (const tab of ['Overview', 'History', 'Rows', 'Compare', 'Log', 'Manage']) {
      await panel.getByRole('tab', {name: tab}).click();
      await eventually(() =>
        panel
          .getByRole('tabpanel')
          .textContent()
          .then((text) => text?.trim()),
      ).toBeTruthy();
      expect(await seriousFaults(page)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    }
  });
});
