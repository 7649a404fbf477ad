import {expect, test} from 'vitest';
import {insert} from '../../../src/notebook/edit.ts';
import {
  cellOf,
  exampleCell,
  loadCell,
  loadName,
  stepCell,
  textCell,
  type NewCell,
} from '../../../src/notebook/insert.ts';
import {parseNotebook} from '../../../src/notebook/model.ts';
import {cellNamed, cellNamesAbove} from '../../../src/notebook/names.ts';

test.for([
  ['sensors.csv', undefined, 'sensors'],
  ['Plant 3 (May).csv.gz', undefined, 'plant_3_may'],
  ['2024-01.parquet', undefined, 't_2024_01'],
  ['site.sqlite', undefined, 'site'],
  ['site.sqlite', 'Readings', 'readings'],
  ['données.csv', undefined, 'donn_es'],
  ['日本.csv', undefined, 'data'],
  ['.csv', undefined, 'data'],
] as const)('a cell that loads %s (table %s) is called %s', ([file, table, name]) => {
  expect(loadName(file, table)).toBe(name);
});

const notebook = parseNotebook(
  '```step raw = load\nfile: a.csv\n```\n\nSome text.\n\n```chart line\nmark: line\n```\n\n```sql query\nSELECT 1\n```\n',
);
const idOf = (name: string): string | undefined => cellNamed(notebook, name)?.id;
const made = (newCell: NewCell, after?: string): string => newCell(notebook, after === undefined ? after : idOf(after));

test('a new cell has a free name and what its kind begins with', () => {
  expect(made(cellOf('sql', 'query'))).toContain("```sql query_2\nSELECT 'hello'");
  expect(made(cellOf('sql', 'query'), 'line')).toMatch(/^```sql query_2\nSELECT \*\nFROM raw\n/);
  expect(made(cellOf('psql', 'query', 'SELECT 2'), 'raw')).toContain('```psql query_2\nSELECT 2\n```');
  expect(made(stepCell('dedup', {keys: ['id']}, 'raw'), 'raw')).toBe('```step raw_2 = dedup\nkeys:\n  - id\n```\n\n');
  expect(made(loadCell('raw.csv', {delimiter: ';'}))).toContain('```step raw_2 = load\nfile: raw.csv\ndelimiter: ;');
  expect(made(textCell('Words.'))).toBe('Words.\n\n');
});

test('an example’s parameters come with the step; an unknown one is the first', () => {
  expect(made(exampleCell('dedup', 'none of its examples'))).toBe(made(exampleCell('dedup')));
  expect(made(exampleCell('dedup'))).toMatch(/^```step dedup = dedup\n/);
});

test('cells that give rows are named from the top down', () => {
  expect(cellNamesAbove(notebook, idOf('query'))).toEqual(['raw']);
  expect(cellNamesAbove(notebook, idOf('query'), true)).toEqual(['raw', 'query']);
  expect(cellNamesAbove(notebook, undefined, true)).toEqual([]);
  const {notebook: longer, id} = insert(notebook, idOf('line'), made(stepCell('dedup'), 'line'));
  expect(cellNamesAbove(longer, id, true)).toEqual(['raw', 'dedup']);
});
