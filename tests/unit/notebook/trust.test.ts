import {touching} from '../../../src/run/touch.ts';
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, test} from 'vitest';
import {newCell} from '../../../src/cells/source.ts';
import {parseNotebook} from '../../../src/notebook/model.ts';
import {plan, type PlannedCell} from '../../../src/notebook/plan.ts';
import {
  asked,
  decided,
  denialsOf,
  newTrust,
  readTrust,
  tickedAtFirst,
  wantsOf,
  wordsOf,
  writeTrust,
  type Trust,
} from '../../../src/notebook/trust.ts';
import type {TableEntry} from '../../../src/ports/index.ts';
import {steps} from '../../../src/steps/index.ts';
import {root} from '../../tools/setup.mjs';

const cell = (header: string, body = ''): string => `\`\`\`${header}\n${body}${body === '' ? '' : '\n'}\`\`\`\n\n`;
const text =
  cell('step raw = load', 'file: [sensors.csv, "more-*.csv"]') +
  cell('step clean = dedup') +
  cell('step kept = snapshot', 'table: Readings\nmode: overwrite') +
  cell('sql old', 'SELECT * FROM lake.salaries AT (VERSION => 3), lake.readings') +
  cell('step aligned = align_schema', 'from: clean\ntable: targets');
const wants = (markdown: string): string[] =>
  wantsOf(parseNotebook(markdown)).map((want) => `${want.cells.join('+')}: ${wordsOf(want)}`);

const table = (name: string): TableEntry => ({
  name,
  id: name,
  version: 5,
  modified: 0,
  rows: 1,
  files: 1,
  bytes: 1,
  times: [0, 0, 0, 0, 0, 0],
  origins: [],
  firstVersion: 0,
});
const lake = new Map(['readings', 'salaries', 'targets'].map((name) => [name, table(name)]));
const files = new Map(['sensors.csv', 'more-1.csv'].map((name) => [name, name]));
const planWith = (trust: Trust | undefined, markdown: string): PlannedCell[] =>
  plan(parseNotebook(markdown), files, lake, 'n', trust === undefined ? undefined : denialsOf(trust));
const codes = (planned: readonly PlannedCell[]): Record<string, string> =>
  Object.fromEntries(
    planned.map((each) => [
      each.name,
      each.ready ? 'ready' : (each.problems[0]?.code ?? (each.disabled ? 'disabled' : '')),
    ]),
  );

describe('what a text asks for', () => {
  test('is each file, each table it reads and each it writes, with the cells that ask', () => {
    expect(wants(text)).toEqual([
      'raw: read the file sensors.csv',
      'raw: read the file more-*.csv',
      'kept: overwrite the table Readings',
      'old: read the table salaries',
      'old: read the table readings',
      'aligned: read the table targets',
    ]);
  });

  test('counts cells that are switched off, and those that can’t run for another cell’s sake', () => {
    expect(
      wants(cell('step raw = load', 'file: a.csv\ndisabled: true') + cell('sql s', 'SELECT * FROM nowhere, lake.t')),
    ).toEqual(['raw: read the file a.csv', 's: read the table t']);
  });

  test('sees through parameters, in YAML and in SQL', () => {
    const front = '---\nlakebook: 1\nparams: {name: a.csv, t: secret}\n---\n\n';
    expect(
      wants(front + cell('step raw = load', 'file: ${name}') + cell('step kept = snapshot', 'table: ${t}')),
    ).toEqual(['raw: read the file a.csv', 'kept: append to the table secret']);
  });

  test('is one thing however it is spelt, and however many cells ask', () => {
    expect(
      wants(cell('sql a', 'FROM lake.T') + cell('sql b', 'FROM "lake"."t"') + cell('step c = read_table', 'table: T')),
    ).toEqual(['a+b+c: read the table t']);
  });

  const shipped = readdirSync(join(root, 'notebooks')).filter((name) => name.endsWith('.md'));
  const examples = steps.flatMap(({kind, examples: given}) =>
    given.map(({name, params, others = {}}) => [
      `${kind}: ${name}`,
      [...Object.keys(others), 'input'].map((input) => cell(`sql ${input}`, 'SELECT 1 AS one')).join('') +
        newCell({fence: 'step'}, {header: `it = ${kind}`, body: params}),
    ]),
  );
  test.each([...shipped.map((name) => [name, readFileSync(join(root, 'notebooks', name), 'utf8')]), ...examples])(
    'is all that the plan of %s would use',
    (_name, markdown = '') => {
      const notebook = parseNotebook(markdown);
      const found = new Set(wantsOf(notebook).map(({key}) => key));
      for (const planned of plan(notebook, new Map(), lake)) {
        if (!planned.ready) continue;
        for (const source of planned.sources) expect(found).toContain(`read ${source.work.source.table.toLowerCase()}`);
        for (const file of planned.work.files) expect(found).toContain(`file ${file}`);
        for (const {mode, name} of touching(planned.work.touches, 'lake-write'))
          expect(found).toContain(`${mode} ${name.toLowerCase()}`);
      }
    },
  );
});

describe('a notebook that isn’t the user’s own', () => {
  test('runs nothing that uses files or tables, nor what reads such a cell', () => {
    expect(codes(planWith(newTrust('link', text), text))).toEqual({
      raw: 'NOT_ALLOWED',
      clean: 'INPUT_NOT_ALLOWED',
      kept: 'NOT_ALLOWED',
      old: 'NOT_ALLOWED',
      aligned: 'NOT_ALLOWED',
    });
    expect(new Set(Object.values(codes(planWith(undefined, text))))).toEqual(new Set(['ready']));
  });

  test('runs what the user allows, and no more', () => {
    const trust = newTrust('link', text);
    const shown = asked(trust, parseNotebook(text));
    const some = decided(trust, shown, new Set(['file sensors.csv', 'file more-*.csv', 'read targets']));
    expect(codes(planWith(some, text))).toMatchObject({
      raw: 'ready',
      clean: 'ready',
      kept: 'NOT_ALLOWED',
      old: 'NOT_ALLOWED',
      aligned: 'ready',
    });
    expect([...some.refused]).toEqual(['overwrite readings', 'read salaries', 'read readings']);
    const all = decided(some, shown, new Set(shown.map(({key}) => key)));
    expect(new Set(Object.values(codes(planWith(all, text))))).toEqual(new Set(['ready']));
    expect(all.refused.size).toBe(0);
  });

  test('to read a table is not to write it', () => {
    const trust = decided(
      newTrust('file', text),
      asked(newTrust('file', text), parseNotebook(text)),
      new Set(['read readings']),
    );
    expect(
      codes(planWith(trust, cell('sql a', 'SELECT 1') + cell('step kept = snapshot', 'table: readings'))),
    ).toMatchObject({kept: 'NOT_ALLOWED'});
    expect(codes(planWith(trust, cell('sql a', 'FROM lake.readings')))).toEqual({a: 'ready'});
  });

  test('to append to a table is neither to overwrite it nor to merge into it', () => {
    const writing = (mode: string): string =>
      cell('sql a', 'SELECT 1 AS one') +
      cell('step kept = snapshot', `table: targets\nmode: ${mode}\n${mode === 'merge' ? 'keys: one\n' : ''}`);
    const came = newTrust('link', writing('append'));
    const trust = decided(came, asked(came, parseNotebook(writing('append'))), new Set(['append targets']));
    expect(codes(planWith(trust, writing('append')))).toEqual({a: 'ready', kept: 'ready'});
    for (const mode of ['overwrite', 'merge'])
      expect(codes(planWith(trust, writing(mode)))).toEqual({a: 'ready', kept: 'NOT_ALLOWED'});
  });

  const front = '---\nlakebook: 1\nparams: {part: sens, v: 3}\n---\n\n';
  test.each([
    [
      'a parameter’s value',
      cell('step it = load', 'file: sensors.csv\nheader: nonsense'),
      cell('step it = load', 'file: sensors.csv\nheader: true'),
    ],
    ['a parameter’s name', cell('step it = load', 'fill: sensors.csv'), cell('step it = load', 'file: sensors.csv')],
    [
      'a value and has its file’s name put together',
      cell('step it = load', 'file: ${part}ors.csv\nheader: nonsense'),
      cell('step it = load', 'file: ${part}ors.csv'),
    ],
    ['YAML', cell('step it = load', 'file: ["\\x73ensors.csv"'), cell('step it = load', 'file: ["\\x73ensors.csv"]')],
    [
      'a mode',
      cell('sql a', 'SELECT 1') + cell('step it = snapshot', 'table: targets\nmode: ovrwrite'),
      cell('sql a', 'SELECT 1') + cell('step it = snapshot', 'table: targets\nmode: overwrite'),
    ],
    ['a kind', cell('step it = laod', 'file: sensors.csv'), cell('step it = load', 'file: sensors.csv')],
    ['a fence', cell('stepp it = load', 'file: sensors.csv'), cell('step it = load', 'file: sensors.csv')],
    [
      'a version',
      cell('sql it', 'FROM lake.salaries AT (VERSION => ${w})'),
      cell('sql it', 'FROM lake.salaries AT (VERSION => ${v})'),
    ],
    ['SQL', cell('sql it', 'SELECT * FORM lake.salaries'), cell('sql it', 'SELECT * FROM lake.salaries')],
    ['a quote in SQL', cell('sql it', "SELECT 'a FROM lake.salaries"), cell('sql it', "SELECT 'a' FROM lake.salaries")],
  ])('may not use what it names once the user mends %s', (_what, broken, mended) => {
    const trust = newTrust('link', front + broken);
    expect(codes(planWith(undefined, front + mended))).toMatchObject({it: 'ready'});
    expect(codes(planWith(trust, front + mended))).toMatchObject({it: 'NOT_ALLOWED'});
    expect(asked(trust, parseNotebook(front + mended)).length).toBe(1);
  });

  test('has reads ticked beforehand and no write, and what was decided as it was', () => {
    const trust = newTrust('link', text);
    const shown = asked(trust, parseNotebook(text));
    expect(tickedAtFirst(shown)).toEqual([
      'file sensors.csv',
      'file more-*.csv',
      'read salaries',
      'read readings',
      'read targets',
    ]);
    expect(tickedAtFirst(shown, decided(trust, shown, new Set(['overwrite readings'])))).toEqual([
      'overwrite readings',
    ]);
  });

  test('may use what the user’s own edits ask for, and still not what came with the text', () => {
    const trust = newTrust('link', text);
    expect(codes(planWith(trust, cell('sql mine', 'FROM lake.others')))).toEqual({mine: 'DELTA_TABLE_NOT_FOUND'});
    const edited =
      cell('sql mine', 'SELECT 1 AS one') +
      cell('step keep = snapshot', 'table: mine') +
      cell('sql theirs', 'FROM lake.salaries');
    expect(codes(planWith(trust, edited))).toEqual({mine: 'ready', keep: 'ready', theirs: 'NOT_ALLOWED'});
    expect(asked(trust, parseNotebook(edited)).map(({key}) => key)).toEqual(['read salaries']);
  });

  test('asks for what a cell that was switched off uses once it is switched on', () => {
    const off = cell('step raw = load', 'file: sensors.csv\ndisabled: true');
    expect(codes(planWith(newTrust('file', off), off))).toEqual({raw: 'disabled'});
    expect(codes(planWith(newTrust('file', off), off.replace('disabled: true\n', '')))).toEqual({raw: 'NOT_ALLOWED'});
  });
});

describe('what was decided', () => {
  test('is read back as it was written', () => {
    const trust = decided(
      newTrust('link', text),
      asked(newTrust('link', text), parseNotebook(text)),
      new Set(['read salaries']),
    );
    expect(readTrust(writeTrust(trust), 'another text by now')).toEqual(trust);
  });

  test.each([
    ['nothing', ''],
    ['half a file', '{"from":"link","text":"x","allo'],
    ['no object', 'null'],
    ['other types', '{"from":"link","text":"x","allowed":[7],"refused":{}}'],
    ['only where it came from', '{"from":"workspace"}'],
  ])('of %s counts as nothing', (_what, written) => {
    const trust = readTrust(written, text);
    expect(trust.allowed.size + trust.refused.size).toBe(0);
    expect(trust.came).toEqual(newTrust('file', text).came);
  });
});

test('PostgreSQL is neither read nor written before the user allows it, and tables that differ in case are asked about one by one', () => {
  const foreign =
    cell('sql rows', 'SELECT 1 AS a') +
    cell('step upper = postgres', 'from: rows\ntable: Orders') +
    cell('step lower = postgres', 'from: rows\ntable: orders') +
    cell('psql found', 'SELECT 1');
  expect(wants(foreign)).toEqual([
    'upper: write the PostgreSQL table Orders',
    'lower: write the PostgreSQL table orders',
    'found: read the PostgreSQL database',
  ]);
  const trust = newTrust('file', foreign);
  expect(codes(planWith(trust, foreign))).toEqual({
    rows: 'ready',
    upper: 'NOT_ALLOWED',
    lower: 'NOT_ALLOWED',
    found: 'NOT_ALLOWED',
  });
  const asks = asked(trust, parseNotebook(foreign));
  expect(tickedAtFirst(asks)).toEqual(['psql the postgresql database']);
  const one = decided(trust, asks, new Set(['postgres orders']));
  expect(codes(planWith(one, foreign))).toEqual({
    rows: 'ready',
    upper: 'NOT_ALLOWED',
    lower: 'ready',
    found: 'NOT_ALLOWED',
  });
});
