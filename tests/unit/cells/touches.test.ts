import {readdirSync} from 'node:fs';
import {describe, expect, test} from 'vitest';
import {mayTouch} from '../../../src/cells/index.ts';
import {isRunnable} from '../../../src/cells/define.ts';
import type {LakeTables} from '../../../src/notebook/lake-plan.ts';
import {otherInputs} from '../../../src/notebook/implicit.ts';
import {
  duplicate,
  insert,
  move,
  remove,
  rename,
  renameTable,
  replaceFile,
  setSource,
} from '../../../src/notebook/edit.ts';
import {parseNotebook, serializeNotebook} from '../../../src/notebook/model.ts';
import {plan} from '../../../src/notebook/plan.ts';
import {fileUsers, lakeUsers} from '../../../src/notebook/uses.ts';
import {readParams} from '../../../src/params/index.ts';
import {steps} from '../../../src/steps/index.ts';

const cell = (header: string, body = ''): string => `\`\`\`${header}\n${body}${body === '' ? '' : '\n'}\`\`\`\n\n`;
const notebookOf = (...cells: string[]) => parseNotebook(cells.join(''));
const idOf = (notebook: ReturnType<typeof notebookOf>, name: string): string =>
  notebook.cells.filter(isRunnable).find((found) => found.name === name)?.id ?? '';
const textOf = (notebook: ReturnType<typeof notebookOf>, name: string): string =>
  notebook.cells
    .filter(isRunnable)
    .find((found) => found.name === name)
    ?.source.trim() ?? '';
/** The names of the cells that each cell reads, as the plan has them. */
const inputsOf = (notebook: ReturnType<typeof notebookOf>): Record<string, string[]> =>
  Object.fromEntries(
    plan(notebook, new Map([['a.csv', '1']])).map((planned) => [
      planned.name,
      planned.ready ? planned.inputs.map(({name}) => name) : planned.problems.map(({message}) => message),
    ]),
  );

describe('a step', () => {
  const things = {cell: 'cell', cells: 'cell', files: 'file', table: undefined} as const;
  const naming = steps.flatMap((step) =>
    Object.entries(step.params).flatMap(([name, {control}]) =>
      control.kind in things ? [[`${step.kind}.${name}`, step, name, control.kind] as const] : [],
    ),
  );

  test('names files, cells and tables in several parameters', () => {
    expect(naming.length).toBeGreaterThan(5);
  });

  test.each(naming)('%s: says what the parameter names', (_title, step, name, kind) => {
    const examples = step.examples.map(({params}) => params);
    const given = kind === 'cells' || kind === 'files' ? ['this_one'] : 'this_one';
    const base = examples.find((params) => readParams(step.params, {...params, [name]: given}).ok) ?? {};
    const values = readParams(step.params, {...base, [name]: given});
    expect(values.ok).toBe(true);
    const touched = (values.ok ? step.touches?.(values.value) : undefined) ?? [];
    expect(touched).toContainEqual(expect.objectContaining({name: 'this_one', param: name}));
  });

  test('is one of the files in its folder', () => {
    const files = readdirSync('src/steps').map((file) => file.replace(/\.ts$/, '').replaceAll('-', '_'));
    for (const {kind} of steps) expect(files).toContain(kind);
  });
});

describe('a renamed cell is renamed', () => {
  const before = notebookOf(
    cell('step raw = load', 'file: a.csv'),
    cell('step clean = dedup', 'from: raw'),
    cell('step other = dedup', 'from: raw_rejects'),
    cell('step both = union', 'from: clean\nwith: [raw, raw_rejects]'),
    cell('step fits = align_schema', 'from: both\nto: raw'),
    cell('sql counted', 'SELECT raw.raw, raw FROM Raw, raw_rejects r WHERE raw > 0'),
    cell('chart', 'from: raw\nmark: line\ny: raw\nalerts: raw'),
    cell('psql served', 'SELECT * FROM raw'),
  );
  const after = rename(before, idOf(before, 'raw'), 'bronze');

  test('in from, in parameters that name cells, in what reads its rejects, and in SQL, but not where a column has the name', () => {
    expect(textOf(after, 'clean')).toContain('from: bronze\n');
    expect(textOf(after, 'other')).toContain('from: bronze_rejects\n');
    expect(textOf(after, 'both')).toContain('with: [bronze, bronze_rejects]');
    expect(textOf(after, 'fits')).toContain('to: bronze');
    expect(textOf(after, 'counted')).toContain('SELECT bronze.raw, raw FROM bronze, bronze_rejects r WHERE raw > 0');
    expect(serializeNotebook(after)).toContain('from: bronze\nmark: line\ny: raw\nalerts: bronze');
    expect(textOf(after, 'served')).toContain('SELECT * FROM raw');
  });

  test('and not where another cell has the name of its rejects', () => {
    const own = notebookOf(
      cell('step raw = load', 'file: a.csv'),
      cell('sql raw_rejects', 'FROM raw'),
      cell('step it = dedup', 'from: raw_rejects'),
    );
    expect(textOf(rename(own, idOf(own, 'raw'), 'bronze'), 'it')).toContain('from: raw_rejects');
  });

  test('with its name a part of what a broken cell says', () => {
    const broken = notebookOf(
      cell('step raw = load', 'file: a.csv'),
      cell('step it = join', 'with: raw\nhow: sideways'),
    );
    expect(textOf(rename(broken, idOf(broken, 'raw'), 'bronze'), 'it')).toContain('with: bronze');
  });
});

test('a table of the lake and a file are found, and renamed, by what cells touch', () => {
  const notebook = notebookOf(
    cell('step raw = load', 'file: [a.csv, b.csv]'),
    cell('step kept = snapshot', 'from: raw\ntable: Readings'),
    cell('step read = read_table', 'table: readings'),
    cell('step fits = align_schema', 'from: raw\ntable: readings'),
    cell('sql counted', 'SELECT count(*) FROM lake.readings AT (VERSION => 0)'),
    cell('sql other', 'SELECT readings FROM raw'),
  );
  const namesOf = (cells: readonly {readonly name: string}[]): string[] => cells.map(({name}) => name);
  expect(namesOf(lakeUsers(notebook, 'readings'))).toEqual(['kept', 'read', 'fits', 'counted']);
  expect(namesOf(fileUsers(notebook, 'b.csv'))).toEqual(['raw']);
  const renamed = renameTable(notebook, 'readings', 'silver');
  expect(namesOf(lakeUsers(renamed, 'silver'))).toEqual(['kept', 'read', 'fits', 'counted']);
  expect(textOf(renamed, 'other')).toBe(textOf(notebook, 'other'));
  expect(textOf(replaceFile(notebook, 'b.csv', 'c.csv'), 'raw')).toContain('file: [a.csv, c.csv]');
  expect(notebook.cells.flatMap((found) => mayTouch(found, {}))).not.toEqual([]);
});

describe('a cell that names no input keeps the one it has', () => {
  const load = cell('step raw = load', 'file: a.csv');
  const dedup = cell('step clean = dedup');
  const snapshot = cell('step kept = snapshot', 'table: readings');
  const before = notebookOf(load, dedup, snapshot);

  test('when a cell is inserted above it', () => {
    const {notebook} = insert(before, idOf(before, 'clean'), cell('sql look', 'SELECT * FROM clean LIMIT 5'));
    expect(inputsOf(notebook)).toMatchObject({clean: ['raw'], look: ['clean'], kept: ['clean']});
    expect(textOf(notebook, 'kept')).toBe('```step kept = snapshot\nfrom: clean\ntable: readings\n```');
  });

  test('when a text that is edited or pasted brings a cell', () => {
    const prose = notebookOf(load, dedup, '# Kept\n\n', snapshot);
    const id = prose.cells.find((found) => !isRunnable(found))?.id ?? '';
    expect(inputsOf(setSource(prose, id, cell('sql look', 'FROM raw')))).toMatchObject({kept: ['clean']});
  });

  test('when the cell above it is copied', () => {
    expect(inputsOf(duplicate(before, [idOf(before, 'clean')]))).toMatchObject({clean_2: ['clean'], kept: ['clean']});
  });

  test('when another cell is moved between them, and the moved one too as long as its input is above', () => {
    const last = notebookOf(load, dedup, snapshot, cell('sql look', 'FROM clean'), cell('step filled = dedup'));
    expect(inputsOf(move(last, [idOf(last, 'filled')], 2))).toMatchObject({filled: ['clean'], kept: ['clean']});
    expect(inputsOf(move(last, [idOf(last, 'look')], 2))).toMatchObject({kept: ['clean'], filled: ['look']});
  });

  test('or says that it is further down', () => {
    expect(inputsOf(move(before, [idOf(before, 'clean')], 3))).toMatchObject({
      kept: ['It reads clean, which stands further down.'],
    });
  });

  test('and reads what a deleted cell read; what read no other is missed', () => {
    expect(inputsOf(remove(before, [idOf(before, 'clean')]))).toMatchObject({kept: ['raw']});
    expect(textOf(remove(before, [idOf(before, 'clean')]), 'kept')).toContain('from: raw');
    const two = notebookOf(load, cell('sql hot', 'FROM raw'), snapshot);
    expect(inputsOf(remove(two, [idOf(two, 'hot')]))).toMatchObject({kept: ['There is no cell called hot above.']});
  });

  test('and what a text that was edited elsewhere reads otherwise is told', () => {
    expect(otherInputs(before, notebookOf(load, dedup, cell('sql look', 'FROM clean'), snapshot))).toEqual([
      {cell: 'kept', before: 'clean', after: 'look'},
    ]);
    expect(otherInputs(before, notebookOf(load, dedup, cell('step kept = snapshot', 'from: clean\ntable: r')))).toEqual(
      [],
    );
  });
});

test('a version that a cell made is the same whichever cells stand between, before and after it is written', () => {
  const rows = cell('step raw = load', 'file: a.csv');
  const first = cell('step one = snapshot', 'from: raw\ntable: t');
  const second = cell('step two = snapshot', 'from: raw\ntable: t\nmode: append');
  const reads = cell('sql old', 'SELECT count(*) AS n FROM lake.t AT (VERSION => 0)');
  const planOf = (lake: LakeTables, ...cells: string[]) =>
    plan(notebookOf(...cells), new Map([['a.csv', '1']]), lake, 'here').filter((planned) => planned.ready);
  const hashIn = (lake: LakeTables, ...cells: string[]): string | undefined =>
    planOf(lake, ...cells).find(({name}) => name === 'old')?.hash;
  const hashes = (...cells: string[]): (string | undefined)[] => [hashIn(new Map(), ...cells)];
  const [here] = hashes(rows, first, reads, second);
  expect(here).toBeDefined();
  expect(hashes(rows, first, second, reads)).toEqual([here]);
  const origins = planOf(new Map(), rows, first, second).flatMap(({applies}) =>
    applies === undefined ? [] : [{path: 'here', applies: [...applies.before, applies.self]}],
  );
  const table = {name: 't', id: 'an id', modified: 0, rows: 2, files: 2, bytes: 9, firstVersion: 0};
  const written = (count: number): LakeTables =>
    new Map([
      [
        't',
        {...table, version: count - 1, times: origins.slice(0, count).map(() => 0), origins: origins.slice(0, count)},
      ],
    ]);
  for (const count of [1, 2]) {
    expect(hashIn(written(count), rows, first, reads, second)).toBe(here);
    expect(hashIn(written(count), rows, reads, first, second)).toBe(here);
  }
});

test('a column that is called like a cell is no cell that is read', () => {
  const found = inputsOf(
    notebookOf(
      cell('step raw = load', 'file: a.csv'),
      cell('step x = validate', 'from: raw\nrules: [{column: id, not_null: true}]'),
      cell('sql bad', 'SELECT raw FROM raw_rejects'),
    ),
  );
  expect(found['bad']).toEqual(['raw_rejects']);
});

test('SQL that names a cell further down says so', () => {
  const found = inputsOf(
    notebookOf(cell('sql early', 'SELECT * FROM typed'), cell('step typed = load', 'file: a.csv')),
  );
  expect(found['early']).toEqual(['It reads typed, which stands further down.']);
  expect(
    inputsOf(
      notebookOf(
        cell('sql early', 'WITH typed AS (SELECT 1) SELECT * FROM typed'),
        cell('step typed = load', 'file: a.csv'),
      ),
    )['early'],
  ).toEqual([]);
});
