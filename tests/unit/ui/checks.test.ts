import {expect, test} from 'vitest';
import {ageOf, readChecks, scoresOf} from '../../../src/ui/faces/checks.ts';

test('a dimension’s score counts its checks, in their order', () => {
  const columns = [
    'table_name',
    'dimension',
    'check_name',
    'observed',
    'unit',
    'passed',
    'rows_failing',
    'rows_checked',
    'expected',
    'found',
  ].map((name) => ({name}));
  const checks = readChecks(columns, [
    ['raw', 'completeness', 'a_missing', 0, 'percent', true, 0n, 9n, 'never missing', null],
    ['raw', 'accuracy', 'a_range', null, 'percent', false, null, null, 'at least 0', 'missing'],
    ['raw', 'completeness', 'b_missing', 50, 'percent', false, 5n, 10n, 'never missing', null],
  ]);
  expect(checks[2]).toMatchObject({table: 'raw', name: 'b_missing', observed: 50, failing: 5, checked: 10});
  expect(scoresOf(checks)).toEqual([
    {dimension: 'completeness', passed: 1, checks: 2},
    {dimension: 'accuracy', passed: 0, checks: 1},
  ]);
});

test.each([
  [0, '0 s'],
  [0.5, '30 s'],
  [20, '20 min'],
  [120, '2 h'],
  [1450, '24 h 10 min'],
  [5000, '3 days'],
])('%s minutes are %s', (minutes, words) => {
  expect(ageOf(minutes)).toBe(words);
});
