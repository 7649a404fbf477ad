import {describe, expect, test} from 'vitest';
import type {LakeTables} from '../../../src/notebook/lake-plan.ts';
import {parseNotebook} from '../../../src/notebook/model.ts';
import {plan, type CompiledCell, type PlannedCell} from '../../../src/notebook/plan.ts';
import type {TableEntry} from '../../../src/ports/index.ts';

const cell = (header: string, body = ''): string => `\`\`\`${header}\n${body}${body === '' ? '' : '\n'}\`\`\`\n\n`;
/** A commit of this notebook that brought `applies`, its own last. */
const ours = (...applies: string[]) => ({path: 'here', applies});
const entry = (name: string, more: Partial<TableEntry> = {}): TableEntry => ({
  name,
  id: `id of ${name}`,
  version: 3,
  modified: 4000,
  rows: 10,
  files: 1,
  bytes: 100,
  origins: [ours('0'), ours('1'), ours('2'), ours('3')],
  times: [1000, 2000, 3000, 4000],
  firstVersion: 0,
  ...more,
});
const lakeOf = (...tables: readonly TableEntry[]): LakeTables =>
  new Map(tables.map((table) => [table.name.toLowerCase(), table]));
const planOf = (text: string, lake: LakeTables = new Map()): PlannedCell[] =>
  plan(parseNotebook(text), new Map(), lake, 'here');
const ready = (cells: readonly PlannedCell[], name: string): CompiledCell => {
  const found = cells.find((planned) => planned.name === name);
  if (found?.ready !== true) throw new Error(`${name}: ${JSON.stringify(found)}`);
  return found;
};

const rows = cell('sql rows', 'SELECT 1 AS id');
const write = (name: string, mode = 'append', table = 'readings'): string =>
  cell(`step ${name} = snapshot`, `from: rows\ntable: ${table}\nmode: ${mode}`);
const count = cell('sql counted', 'SELECT count(*) AS n FROM lake.readings');

describe('reading', () => {
  test('a table that no cell writes and the lake does not have is named, with the one that was meant', () => {
    const [broken] = planOf(cell('sql counted', 'SELECT * FROM lake.reading'), lakeOf(entry('readings')));
    expect(broken?.ready === false && broken.problems).toMatchObject([
      {code: 'DELTA_TABLE_NOT_FOUND', hint: 'Did you mean readings?'},
    ]);
  });

  test('a new version is another result; one that is named stays the same', () => {
    const text = count + cell('sql before', 'SELECT * FROM lake.readings AT (VERSION => 1)');
    const [was, is] = [planOf(text, lakeOf(entry('readings'))), planOf(text, lakeOf(entry('readings', {version: 4})))];
    expect(ready(is, 'counted').hash).not.toBe(ready(was, 'counted').hash);
    expect(ready(is, 'before').hash).toBe(ready(was, 'before').hash);
  });

  test('another table of the same name is another result, at a version too', () => {
    const text = cell('sql before', 'SELECT * FROM lake.readings AT (VERSION => 1)');
    expect(ready(planOf(text, lakeOf(entry('readings', {id: 'new'}))), 'before').hash).not.toBe(
      ready(planOf(text, lakeOf(entry('readings'))), 'before').hash,
    );
  });

  test('a time without a zone is UTC; what is no time is told', () => {
    const [at] = planOf(
      cell('sql before', `SELECT * FROM lake.readings AT (TIMESTAMP => '2024-03-01 12:00:00')`),
      lakeOf(entry('readings')),
    );
    expect(at?.ready === true && at.sources[0]?.work.source.at).toEqual({timestamp: Date.UTC(2024, 2, 1, 12)});
    const [wrong] = planOf(
      cell('step before = read_table', 'table: readings\ntimestamp: yesterday'),
      lakeOf(entry('readings')),
    );
    expect(wrong?.ready).toBe(false);
  });

  test('after a cell that writes, a read depends on that cell and not on what the lake has so far', () => {
    const text = rows + write('kept') + count;
    const [before, after] = [planOf(text), planOf(text, lakeOf(entry('readings')))];
    expect(ready(after, 'counted').hash).toBe(ready(before, 'counted').hash);
    expect(ready(before, 'counted').sources[0]?.after).toBe(ready(before, 'kept').hash);
    expect(ready(planOf(text.replace('SELECT 1', 'SELECT 2')), 'counted').hash).not.toBe(ready(before, 'counted').hash);
  });
});

/** What a cell does with the table that it reads. */
const sourceOf = (cells: readonly PlannedCell[], name: string) => ready(cells, name).sources[0];

describe('the latest version below a writer', () => {
  const text = rows + write('kept') + count;
  const self = ready(planOf(text), 'kept').applies?.self ?? '';
  const at = (...origins: TableEntry['origins']) =>
    planOf(text, lakeOf(entry('readings', {origins, version: origins.length - 1})));

  test('is its own', () => {
    expect(sourceOf(at(ours(self)), 'counted')).toMatchObject({
      work: {source: {left: 0}},
      hash: sourceOf(planOf(text), 'counted')?.hash,
    });
  });

  test('is not one that cells further down made on top of it', () => {
    expect(sourceOf(at(ours(self), ours(self, 'below')), 'counted')).toMatchObject({
      work: {source: {left: 0}},
      hash: sourceOf(planOf(text), 'counted')?.hash,
    });
  });

  test('is one that an earlier text of the cell, or another notebook, made later: that is another result', () => {
    for (const later of [ours('edited'), {path: 'elsewhere', applies: ['x']}, null]) {
      const source = sourceOf(at(ours(self), later), 'counted');
      expect(source?.work.source.left).toBe(1);
      expect(source?.hash).not.toBe(sourceOf(planOf(text), 'counted')?.hash);
    }
  });
});

describe('writing', () => {
  const applied = (cells: readonly PlannedCell[], name: string) => {
    return ready(cells, name).applies;
  };

  test('a write knows what the cells above brought to the table, so that the same rows twice are two writes', () => {
    const cells = planOf(rows + write('first') + write('second') + write('elsewhere', 'append', 'other'));
    const [first, second, elsewhere] = [applied(cells, 'first'), applied(cells, 'second'), applied(cells, 'elsewhere')];
    expect(second?.before).toEqual([first?.self]);
    expect(second?.self).not.toBe(first?.self);
    expect(elsewhere?.before).toEqual([]);
  });

  test('names match without case', () => {
    const cells = planOf(rows + write('first') + write('second', 'append', 'READINGS'));
    expect(applied(cells, 'second')?.before).toEqual([applied(cells, 'first')?.self]);
  });

  test('its own commit changes nothing; one that is not this notebook’s runs it again, as the same rows', () => {
    const text = rows + write('kept');
    const [empty, own, restored] = [
      planOf(text),
      planOf(text, lakeOf(entry('readings'))),
      planOf(text, lakeOf(entry('readings', {origins: [ours('0'), ours('1'), ours('2'), null]}))),
    ];
    expect(ready(own, 'kept').hash).toBe(ready(empty, 'kept').hash);
    expect(ready(restored, 'kept').hash).not.toBe(ready(empty, 'kept').hash);
    expect(applied(restored, 'kept')?.self).toBe(applied(empty, 'kept')?.self);
  });

  test.each(['crash_after: 7', 'comments: {id: the key}', 'not_null: [id]', 'constraints: {positive: id > 0}'])(
    '%s changes the cell, not the rows it writes',
    (line) => {
      const [plain, changed] = [
        planOf(rows + write('kept')),
        planOf(rows + write('kept').replace('mode:', `${line}\nmode:`)),
      ];
      expect(applied(changed, 'kept')?.self).toBe(applied(plain, 'kept')?.self);
      expect(ready(changed, 'kept').hash).not.toBe(ready(plain, 'kept').hash);
    },
  );

  test('a table of the lake and a cell may share a name', () => {
    const cells = planOf(
      `${cell('sql readings', 'SELECT 1 AS id').replace('SELECT', '-- disabled\nSELECT')}${count}`,
      lakeOf(entry('readings')),
    );
    expect(ready(cells, 'counted').inputs.map(({name}) => name)).toEqual(['lake.readings']);
  });

  test('a write that is switched off writes nothing for those below', () => {
    const cells = planOf(
      rows + write('kept').replace('mode:', 'disabled: true\nmode:') + count,
      lakeOf(entry('readings')),
    );
    expect(ready(cells, 'counted').sources[0]?.after).toBeUndefined();
  });
});
