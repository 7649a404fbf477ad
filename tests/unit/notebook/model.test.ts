import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {lineOf} from '../../../src/cells/source.ts';
import {parseNotebook, serializeNotebook} from '../../../src/notebook/model.ts';
import {
  duplicate,
  insert,
  move,
  remove,
  rename,
  renameProblem,
  setDisabled,
  setFront,
  setSource,
  setText,
  setValues,
} from '../../../src/notebook/edit.ts';
import type {Notebook} from '../../../src/notebook/define.ts';

const text = `---
lakebook: 1
title: Clean a sensor file
params: {max_age: 15m, limit: 28.5}
---

# Clean a sensor file
Prose is a text cell.

\`\`\`step raw = load
file: sensors.csv   # as it came
\`\`\`

\`\`\`python
print("only prose")
\`\`\`

\`\`\`step typed = cast
columns:
  timestamp: {to: timestamp, format: "yyyy-MM-dd'T'HH:mm:ss"}
\`\`\`

\`\`\`sql hot
SELECT typed.sensor_id, 'typed' AS source FROM typed JOIN typed_rejects USING (sensor_id) WHERE temperature > \${limit}
\`\`\`

\`\`\`chart
from: typed
mark: line
\`\`\`
`;

const named = (notebook: Notebook, name: string) => {
  const cell = notebook.cells.find((other) => other.type !== 'text' && other.name === name);
  if (cell === undefined || cell.type === 'text') throw new Error(`no cell ${name}`);
  return cell;
};

describe('reading a notebook', () => {
  test('gives front matter, cells in order and prose between them', () => {
    const notebook = parseNotebook(text);
    expect(notebook.title).toBe('Clean a sensor file');
    expect(notebook.params).toEqual({max_age: '15m', limit: 28.5});
    expect(notebook.cells.map((cell) => (cell.type === 'text' ? 'text' : `${cell.type} ${cell.name}`))).toEqual([
      'text',
      'step raw',
      'text',
      'step typed',
      'sql hot',
      'chart ',
    ]);
    expect(notebook.cells.flatMap((cell) => cell.problems)).toEqual([]);
    expect(named(notebook, 'raw')).toMatchObject({kind: 'load', values: {file: 'sensors.csv'}, line: 10});
  });

  test('an unedited notebook serializes to the same bytes', () => {
    expect(serializeNotebook(parseNotebook(text))).toBe(text);
    const crlf = text.replaceAll('\n', '\r\n');
    expect(serializeNotebook(parseNotebook(crlf))).toBe(crlf);
    expect(parseNotebook(crlf).cells.map((cell) => cell.type)).toEqual(
      parseNotebook(text).cells.map((cell) => cell.type),
    );
  });

  test('any text at all serializes to the same bytes and never throws', () => {
    const line = fc.oneof(
      fc.constantFrom(
        '```step a = load',
        '```sql q',
        '```',
        '~~~',
        '---',
        '# title',
        'file: x',
        '  - [',
        '${a}',
        '',
        '```chart',
        '````step b = x',
      ),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(line, {maxLength: 30}), fc.constantFrom('\n', '\r\n'), (lines, end) => {
        const source = lines.join(end);
        expect(serializeNotebook(parseNotebook(source))).toBe(source);
      }),
      {numRuns: 500},
    );
  });

  test('a broken cell is a problem on its line and the others are read', () => {
    const broken = parseNotebook(text.replace('file: sensors.csv   # as it came', 'file: [sensors.csv'));
    expect(named(broken, 'raw').problems[0]).toMatchObject({code: 'YAML', where: {line: 12}});
    expect(named(broken, 'typed').problems).toEqual([]);
  });

  test.each([
    ['```step raw\nfile: a\n```\n', 'CELL_HEADER'],
    ['```step 1st = load\nfile: a\n```\n', 'CELL_NAME'],
    ['```sql\nSELECT 1\n```\n', 'CELL_NAME'],
    ['```step a = load\nfile: a\n', 'CELL_NOT_CLOSED'],
    ['```step a = load\njust words\n```\n', 'YAML'],
    ['```step a = load\nfrom: [1]\nfile: a\n```\n', 'CELL_FROM'],
  ])('says what is wrong with %j', (source, code) => {
    expect(parseNotebook(source).cells[0]?.problems[0]?.code).toBe(code);
  });

  test('a parameter is found on its own line', () => {
    const cell = named(parseNotebook(text), 'typed');
    expect(lineOf(cell, 'columns.timestamp.format')).toBe(20);
    expect(lineOf(cell, 'nowhere')).toBe(cell.line);
  });
});

describe('editing a notebook', () => {
  const notebook = parseNotebook(text);
  const id = (name: string) => named(notebook, name).id;
  const changedLines = (next: Notebook): string[] => {
    const before = new Set(text.split('\n'));
    return serializeNotebook(next)
      .split('\n')
      .filter((line) => !before.has(line));
  };

  test('setting a parameter changes that cell’s lines only and keeps comments', () => {
    const next = setValues(notebook, id('raw'), {delimiter: ';'});
    expect(changedLines(next)).toEqual(['file: sensors.csv # as it came', 'delimiter: ;']);
    expect(named(next, 'raw')).toMatchObject({id: id('raw'), values: {file: 'sensors.csv', delimiter: ';'}});
  });

  test('removing the last parameter leaves an empty body', () => {
    expect(named(setValues(notebook, id('raw'), {file: undefined}), 'raw')).toMatchObject({body: '', values: {}});
  });

  test('every cell keeps its id through edits around it', () => {
    const ids = notebook.cells.map((cell) => cell.id);
    const edited = setSource(notebook, id('typed'), '```step typed = cast\ncolumns: {a: int}\n```\n');
    expect(edited.cells.map((cell) => cell.id)).toEqual(ids);
    expect(move(notebook, [id('hot')], 1).cells.map((cell) => cell.id)).toEqual([
      ids[0],
      ids[4],
      ids[1],
      ids[2],
      ids[3],
      ids[5],
    ]);
    expect(remove(notebook, [id('raw'), id('hot')]).cells.map((cell) => cell.id)).toEqual(
      [ids[0], ids[3], ids[5]].filter((kept) => kept !== undefined),
    );
  });

  test('a renamed cell is renamed where others read it, in SQL too, but not in strings', () => {
    const next = rename(notebook, id('typed'), 'clean');
    expect(named(next, 'hot').body).toContain(
      "SELECT clean.sensor_id, 'typed' AS source FROM clean JOIN clean_rejects USING",
    );
    expect(named(next, '').type === 'chart' && named(next, '').body).toContain('from: clean');
  });

  test('a name that SQL can’t take, or that another cell has in any case of letters, is refused; its own is not', () => {
    const codes = ['my table', '1st', 'a-b', 'HOT', 'Typed', 'typed_2'].map(
      (name) => renameProblem(notebook, id('typed'), name)?.code,
    );
    expect(codes).toEqual(['CELL_NAME', 'CELL_NAME', 'CELL_NAME', 'NAME_TAKEN', undefined, undefined]);
  });

  test('a cell that is added at the end stands after an empty line', () => {
    const before = parseNotebook('```sql a\nSELECT 1\n```\n');
    const after = insert(before, before.cells[0]?.id, 'Prose.\n\n').notebook;
    expect(serializeNotebook(after)).toBe('```sql a\nSELECT 1\n```\n\nProse.\n\n');
  });

  test('a text keeps the empty line above it however it is written', () => {
    const before = parseNotebook('```sql a\nSELECT 1\n```\n\nOld.\n\n```sql b\nSELECT 2\n```\n');
    const [, text] = before.cells;
    const after = setText(before, text?.id ?? '', '\n# New\n\nmore\n\n\n');
    expect(serializeNotebook(after)).toBe('```sql a\nSELECT 1\n```\n\n# New\n\nmore\n\n```sql b\nSELECT 2\n```\n');
    expect(after.cells.map((cell) => cell.id)).toEqual(before.cells.map((cell) => cell.id));
  });

  test('a chart reads its alerts by their new name', () => {
    const marked = parseNotebook(
      '```sql watch\nSELECT 1\n```\n\n```chart\nmark: line # of the night\nalerts: watch\n```\n',
    );
    const next = rename(marked, marked.cells[0]?.id ?? '', 'bells');
    expect(serializeNotebook(next)).toBe(
      '```sql bells\nSELECT 1\n```\n\n```chart\nmark: line # of the night\nalerts: bells\n```\n',
    );
  });

  test('switching off and on again gives the same text', () => {
    for (const name of ['raw', 'typed', 'hot', '']) {
      const off = setDisabled(notebook, [id(name)], true);
      expect(named(off, name).disabled).toBe(true);
      expect(
        parseNotebook(serializeNotebook(off)).cells.map((cell) => cell.type !== 'text' && cell.disabled),
      ).toContain(true);
      const on = setDisabled(off, [id(name)], false);
      expect(named(on, name).disabled).toBe(false);
    }
  });

  test('an inserted cell stands where it was asked for and has an id of its own', () => {
    const inserted = insert(notebook, id('raw'), '```sql first\nSELECT 1\n```\n');
    expect(inserted.notebook.cells[2]).toMatchObject({type: 'sql', name: 'first', id: inserted.id});
    expect(new Set(inserted.notebook.cells.map((cell) => cell.id)).size).toBe(inserted.notebook.cells.length);
  });

  test('copies get names of their own', () => {
    const next = duplicate(notebook, [id('raw'), id('hot')]);
    expect(next.cells.flatMap((cell) => (cell.type === 'text' || cell.name === '' ? [] : [cell.name]))).toEqual([
      'raw',
      'typed',
      'hot',
      'raw_2',
      'hot_2',
    ]);
    expect(new Set(next.cells.map((cell) => cell.id)).size).toBe(next.cells.length);
  });

  test('title and params are set in the front matter', () => {
    const next = setFront(notebook, {title: 'Another', params: {limit: 30}});
    expect(next).toMatchObject({title: 'Another', params: {max_age: '15m', limit: 30}});
    expect(setFront(parseNotebook('# Only prose\n'), {title: 'New'}).title).toBe('New');
  });
});

describe('what an edit leaves alone', () => {
  const tight = '---\ntitle: t\n---\n\n```sql a\nSELECT 1\n```\n```sql b\nSELECT 2\n```\ntext\n';
  test.each([
    ['fences without blank lines between', tight],
    ['Windows line ends', tight.replaceAll('\n', '\r\n')],
    ['blank lines after the front matter', text],
  ])('%s', (_name, source) => {
    const before = parseNotebook(source);
    const [first] = before.cells.filter((cell) => cell.type === 'sql');
    const next = setSource(before, first?.id ?? '', first?.source.replace('SELECT', 'SELECT 0,') ?? '');
    expect(serializeNotebook(next)).toBe(source.replace('SELECT', 'SELECT 0,'));
    expect(next.cells.map((cell) => cell.id)).toEqual(before.cells.map((cell) => cell.id));
  });

  test('a fence opened in prose ends with its own cell', () => {
    const before = parseNotebook(tight);
    const prose = before.cells.at(-1);
    const moved = insert(before, undefined, 'Look:\n\n```python\nprint(1)\n').notebook;
    expect(moved.cells.filter((cell) => cell.type === 'sql')).toHaveLength(2);
    expect(setSource(before, prose?.id ?? '', '```\nopen').cells.filter((cell) => cell.type === 'sql')).toHaveLength(2);
  });
});
