import type {Page} from 'playwright-core';
import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import {launch, type App} from './harness.ts';

/** `expect` on what the page comes to, however busy the machine is. */
const eventually = <T>(look: () => T) => expect.poll(look);

let app: App;
let page: Page;
beforeAll(async () => {
  app = await launch({context: {viewport: {width: 1280, height: 800}}});
  page = app.page;
});
afterAll(() => app.close());

const cell = (name: string) => page.locator(`article[aria-label="Cell ${name}"]`);
const handle = (name: string) => cell(name).locator('[data-handle]');
/** The cell that has the focus. */
const focused = (): Promise<string | null | undefined> =>
  page.evaluate(() => document.activeElement?.closest('[data-cell]')?.getAttribute('aria-label'));
const toasts = (): Promise<string[]> => page.locator('.toast p').allTextContents();
const block = (header: string, body = ''): string => `\`\`\`${header}\n${body}${body === '' ? '' : '\n'}\`\`\`\n\n`;
const names = ['one', 'two', 'three', 'four'];
const few = `# Few\n\n${names.map((name, i) => block(`sql ${name}`, `SELECT ${i} AS n`)).join('')}`;

describe('the focus stays on a cell, or on the one at its place', () => {
  beforeEach(async () => {
    await app.open(few);
    await handle('two').focus();
  });

  test.each([
    ['moved down', ['Alt+ArrowDown'], 'Cell two'],
    ['moved up', ['Alt+ArrowUp'], 'Cell two'],
    ['moved, and the move undone', ['Alt+ArrowUp', 'Control+z'], 'Cell two'],
    ['moved, undone and done again', ['Alt+ArrowDown', 'Control+z', 'Control+y'], 'Cell two'],
    ['deleted', ['Delete'], 'Cell three'],
    ['deleted and brought back', ['Delete', 'Control+z'], 'Cell three'],
  ])('%s', async (_what, keys, expected) => {
    for (const key of keys) {
      await page.keyboard.press(key);
      // The next key is for whoever has the focus then.
      await eventually(focused).not.toBeUndefined();
    }
    await eventually(focused).toBe(expected);
  });

  test('copied by its menu', async () => {
    await cell('two').getByRole('button', {name: 'What to do with two'}).click();
    await page.getByRole('menuitem', {name: 'Duplicate'}).click();
    await eventually(() => cell('two_2').count()).toBe(1);
    await eventually(focused).toBe('Cell two');
  });
});

test('a cell that reads one further down offers to move below it, with the keyboard too, and undo brings it back', async () => {
  const [early, other, typed] = [
    block('sql early', 'SELECT count(*) AS n FROM typed'),
    block('sql other', 'SELECT 2 AS n'),
    block('sql typed', 'SELECT 1 AS n'),
  ];
  await app.open(`# Order\n\n${early}${other}${typed}${block('step last = dedup')}`);
  const move = cell('early').getByRole('button', {name: 'Move it below typed'});
  await move.focus();
  await page.keyboard.press('Enter');
  await eventually(focused).toBe('Cell early');
  expect(await move.count()).toBe(0);
  const order = async (): Promise<string[]> =>
    [...(await app.notebook()).matchAll(/^```(?:sql|step) (\w+)/gm)].map(([, name = '']) => name);
  expect(await order()).toEqual(['other', 'typed', 'early', 'last']);
  expect(await app.notebook()).toContain('from: typed');
  const {ok, cells} = await app.run();
  expect([ok, cells.map(({name}) => name)]).toEqual([true, ['other', 'typed', 'early', 'last']]);
  await page.keyboard.press('Control+z');
  await eventually(order).toEqual(['early', 'other', 'typed', 'last']);
  expect(await app.notebook()).not.toContain('from:');
});

describe('what is told', () => {
  test('goes with what it tells of: a deleted cell that came back, a notebook that was left', async () => {
    await app.open(few);
    await handle('two').focus();
    await page.keyboard.press('Delete');
    await eventually(toasts).toEqual(['1 cell deleted.']);
    await page.keyboard.press('Control+z');
    await eventually(() => cell('two').count()).toBe(1);
    await eventually(toasts).toEqual([]);
    await page.keyboard.press('Delete');
    await eventually(toasts).toEqual(['1 cell deleted.']);
    await app.open('# Another notebook\n');
    await eventually(toasts).toEqual([]);
  });

  test('stands inside of a dialog, and covers none of it', async () => {
    await app.open(few);
    await handle('two').focus();
    await page.keyboard.press('Delete');
    await eventually(toasts).toEqual(['1 cell deleted.']);
    await page.keyboard.press('Control+/');
    const dialog = page.getByRole('dialog');
    await eventually(() => dialog.locator('.toast').count()).toBe(1);
    expect(await page.locator('.toast').count()).toBe(1);
    await page.keyboard.press('Escape');
    await eventually(() => dialog.count()).toBe(0);
  });

  test('is that a cell keeps its input when another one comes between, and one press lets it read that', async () => {
    await app.open(
      block('sql raw', 'SELECT 1 AS id') +
        block('step clean = dedup') +
        block('step kept = snapshot', 'table: kept_input'),
    );
    await cell('clean').hover();
    await page.getByRole('group', {name: 'Add a cell here'}).nth(2).getByRole('button', {name: '+ SQL'}).click();
    await eventually(toasts).toEqual(['kept still reads clean: that is written in it now.']);
    expect(await app.notebook()).toContain('step kept = snapshot\nfrom: clean\n');
    await page.getByRole('button', {name: 'Read query instead'}).click();
    await eventually(() => app.notebook()).not.toContain('from: clean');
    await eventually(toasts).toEqual([]);
  });

  test('is that a text which was edited elsewhere makes a cell read another one', async () => {
    const text = `---\ntitle: Twice\n---\n\n${block('sql raw', 'SELECT 1 AS id')}`;
    await app.open(text + block('step clean = dedup'));
    await app.open(text + block('sql other', 'FROM raw') + block('step clean = dedup'));
    await eventually(toasts).toEqual(['clean read raw before, and reads other in this text.']);
  });
});

describe('in a long notebook', () => {
  const long = Array.from({length: 30}, (_, i) =>
    block(`sql cell_${i}`, `SELECT range AS n, ${i} AS i FROM range(200)`),
  ).join('');
  beforeAll(async () => {
    await app.open(`# Long\n\n${long}`);
    await app.run();
  });

  test('the first press in the outline leads to the cell, and it stays there while the others are drawn', async () => {
    // As on a machine with much else to do.
    const session = await app.context.newCDPSession(page);
    await session.send('Emulation.setCPUThrottlingRate', {rate: 3});
    await app.reload();
    await page.evaluate(() => scrollTo(0, 0));
    await page.getByTitle('Go to cell_22').click();
    const top = async (): Promise<number> => (await cell('cell_22').boundingBox())?.y ?? NaN;
    await eventually(() => cell('cell_22').getByRole('grid').count()).toBe(1);
    await eventually(top).toBeLessThan(160);
    await eventually(focused).toBe('Cell cell_22');
    await app.run();
    expect(await top()).toBeGreaterThan(0);
    expect(await top()).toBeLessThan(160);
    await session.send('Emulation.setCPUThrottlingRate', {rate: 1});
    await session.detach();
    // What the user scrolls to is his: nothing holds the cell any more.
    await page.mouse.move(640, 400);
    await page.mouse.wheel(0, -900);
    await eventually(top).toBeGreaterThan(500);
  });

  test('another notebook starts at its top', async () => {
    await cell('cell_29').scrollIntoViewIfNeeded();
    expect(await page.evaluate(() => scrollY)).toBeGreaterThan(500);
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').fill('clean a sensor');
    await page.keyboard.press('Enter');
    await eventually(() => page.getByLabel('Title of the notebook').inputValue()).toBe('Clean a sensor file');
    await eventually(() => page.evaluate(() => scrollY)).toBe(0);
  });

  test('a run that is asked for while a lesson is being opened waits for its files', async () => {
    const fresh = await launch();
    try {
      await fresh.page.locator('.card', {hasText: 'Clean a sensor file'}).click();
      const report = await fresh.run();
      expect(report.cells.flatMap(({error}) => error ?? [])).toEqual([]);
      expect(report.cells.length).toBeGreaterThan(5);
    } finally {
      await fresh.close();
    }
  });
});

test('a table of 1,500 columns shows its rows, and what the columns in view hold, before it is asked for more', async () => {
  const columns = Array.from({length: 1500}, (_, i) => `c${i}`);
  const lines = Array.from({length: 60}, (_, row) => columns.map((_, i) => row * 1500 + i).join());
  await app.addFile('wide.csv', `${columns.join()}\n${lines.join('\n')}\n`);
  await app.open(`${block('step wide = load', 'file: wide.csv')}${block('sql all_of_it', 'SELECT * FROM wide')}`);
  expect((await app.run()).ok).toBe(true);
  const grid = page.getByRole('grid', {name: 'Result of all_of_it'});
  await grid.scrollIntoViewIfNeeded();
  await grid.getByRole('gridcell', {name: '1501', exact: true}).waitFor();
  const pictured = (): Promise<string[]> =>
    grid
      .getByRole('columnheader')
      .filter({has: page.locator('svg')})
      .evaluateAll((heads) => heads.map((head) => /c\d+/.exec(head.textContent)?.[0] ?? ''));
  await eventually(pictured).toContain('c5');
  // The engine has nothing else to do: the other 1,400 columns wait until they are in view.
  expect((await app.query('SELECT c1499 FROM wide LIMIT 1')).rows).toEqual([[1499n]]);
  await grid.focus();
  await page.keyboard.press('End');
  await eventually(pictured).toContain('c1499');
});

test('a lesson runs on its own file, and a file of the user’s by that name stays as it is', async () => {
  const fresh = await launch();
  try {
    const own = 'sensor_id,reading\na,1\nb,2\n';
    await fresh.addFile('sensors.csv', own);
    await fresh.page.locator('.card', {hasText: 'Clean a sensor file'}).click();
    const {ok, cells} = await fresh.run();
    expect([ok, cells.find(({name}) => name === 'raw')?.rowsOut]).toEqual([true, 10256]);
    expect(await fresh.notebook()).toContain('file: sensors_lesson.csv');
    const files = fresh.page.getByTitle(/: preview and load$/);
    expect(await files.allTextContents()).toEqual([
      expect.stringContaining(`${own.length} B`),
      expect.stringContaining('387 KB'),
    ]);
    // The next lesson on it finds the file that is there already.
    await fresh.page.getByRole('button', {name: 'Convert files'}).click();
    expect((await fresh.run()).ok).toBe(true);
    expect(await fresh.notebook()).toContain('file: sensors_lesson.csv');
    expect((await files.filter({hasText: 'sensors'}).allTextContents()).length).toBe(2);
  } finally {
    await fresh.close();
  }
});
