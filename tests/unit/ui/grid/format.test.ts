import {expect, test} from 'vitest';
import {exactText, formatValue, nestedText, oddity, toTsv} from '../../../../src/ui/grid/format.ts';

test.each([
  [null, 'DOUBLE', 'NULL'],
  [21.4, 'DOUBLE', '21.4'],
  [0.1 + 0.2, 'DOUBLE', '0.3'],
  [20.256973012, 'DOUBLE', '20.256973'],
  [1.23456789e-9, 'DOUBLE', '1.23457e-9'],
  [1e-9, 'DOUBLE', '1e-9'],
  [123456789.123456, 'DOUBLE', '123456789.123456'],
  [NaN, 'DOUBLE', 'NaN'],
  [-Infinity, 'FLOAT', '-Infinity'],
  [9007199254740993n, 'BIGINT', '9007199254740993'],
  ['12.30', 'DECIMAL(10,2)', '12.30'],
  ['2024-02-01T00:00:00', 'TIMESTAMP', '2024-02-01 00:00:00'],
  ['2024-02-01T00:00:00.000000', 'TIMESTAMP', '2024-02-01 00:00:00'],
  ['2024-02-01 00:00:00.123456', 'TIMESTAMP', '2024-02-01 00:00:00.123456'],
  ['2024-02-01T00:00:00Z', 'TIMESTAMP WITH TIME ZONE', '2024-02-01 00:00:00'],
  ['2024-02-01T12', 'VARCHAR', '2024-02-01T12'],
  ['two\nlines\ttab', 'VARCHAR', 'two↵lines⇥tab'],
  [true, 'BOOLEAN', 'true'],
  [[1n, null, 'a'], 'VARCHAR[]', '[1, null, "a"]'],
  [{a: 9007199254740993n, b: [{c: 'x'}]}, 'STRUCT(a BIGINT)', '{"a": 9007199254740993, "b": [{"c": "x"}]}'],
  [Uint8Array.of(0, 255), 'BLOB', '\\x00ff'],
] as const)('%o of %s is shown as %s', (value, type, shown) => {
  expect(formatValue(value, type)).toBe(shown);
});

test('copies keep every digit, NULL is empty', () => {
  expect(exactText(0.1 + 0.2)).toBe('0.30000000000000004');
  expect(exactText(null)).toBe('');
});

test('a spreadsheet takes what is copied: tabs, line ends and quotes are quoted', () => {
  expect(toTsv([['a\tb', 'say "x"', null], [1n, 2.5, 'plain']])).toBe('"a\tb"\t"say ""x"""\t\n1\t2.5\tplain'); // prettier-ignore
});

test('NULL, NaN, empty and padded texts are told apart', () => {
  expect([null, NaN, '', ' x', 'x', 0, false].map(oddity)).toEqual([
    'null',
    'nan',
    'empty',
    'blank',
    undefined,
    undefined,
    undefined,
  ]);
});

test('nested values unfold', () => {
  expect(nestedText({a: [1, 2], b: {}}, 2)).toBe('{\n  "a": [\n    1,\n    2\n  ],\n  "b": {}\n}');
});
