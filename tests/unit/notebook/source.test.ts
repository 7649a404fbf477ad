import {expect, test} from 'vitest';
import {parseNotebook} from '../../../src/notebook/model.ts';
import {plan} from '../../../src/notebook/plan.ts';
import {sqlOf} from '../../../src/notebook/source.ts';
import {substitute, substituteValues} from '../../../src/cells/substitute.ts';
import type {Problem} from '../../../src/lib/problem.ts';

const notebook =
  '```sql raw\nSELECT 1 AS a\n```\n\n```step once = dedup\nkeys: [a]\n```\n\n```step named = rename\ncolumns: {a: b}\n```\n';

test('a negative parameter stays a number wherever it stands in SQL', () => {
  const problems: Problem[] = [];
  expect(substitute('a > 10-${n} AND ok', {n: -5}, true, problems)).toBe('a > 10-(-5) AND ok');
  expect(substitute('10-${n}', {n: -5}, false, problems)).toBe('10--5');
});

test('shown SQL that goes by rowid says where it runs', () => {
  const cells = plan(parseNotebook(notebook), new Map());
  const shown = cells.map((cell) => (cell.ready ? sqlOf(cell, () => undefined).split('\n')[0] : ''));
  expect(shown).toEqual([
    'SELECT 1 AS a',
    expect.stringMatching(/^-- rowid is the row's place/),
    expect.not.stringContaining('--'),
  ]);
});

test('a placeholder finds the notebook’s own parameters only', () => {
  const problems: Problem[] = [];
  expect(substituteValues({a: '${constructor}', b: 'x ${toString}', c: '${limit}'}, {}, {limit: 3}, problems)).toEqual({
    a: '${constructor}',
    b: 'x ${toString}',
    c: 3,
  });
  expect(problems.map((problem) => problem.code)).toEqual(['PARAM_NOT_FOUND', 'PARAM_NOT_FOUND']);
});
