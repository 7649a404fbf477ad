import {runInNewContext} from 'node:vm';
import fc from 'fast-check';
import {expect, test} from 'vitest';
import {assign, call, col, py, pyName} from '../../../src/pyspark/py.ts';

test('any text is one Python literal on one line, with the escapes that JavaScript reads alike', () => {
  const unit = fc.oneof(
    fc.constantFrom("'", '"', '\\', '\n', '\r', '\t', '\u0000', '\u2028', '#', '{', '%', 'é', '雪', '😀'),
    fc.string({unit: 'binary', minLength: 1, maxLength: 1}),
  );
  fc.assert(
    fc.property(
      fc.string({unit}).filter((value) => !/\p{Cs}/u.test(value)),
      (value) => {
        const literal = py(value);
        expect(literal).not.toMatch(/[\n\r\u2028\u2029]/);
        expect(runInNewContext(literal)).toBe(value);
      },
    ),
  );
});

test.each([
  ['plain', "'plain'"],
  ["yyyy'T'HH", `"yyyy'T'HH"`],
  [`both ' and "`, `'both \\' and "'`],
  [true, 'True'],
  [null, 'None'],
  [Number.NaN, "float('nan')"],
  [Number.NEGATIVE_INFINITY, "float('-inf')"],
  [1e-4, '0.0001'],
  [12345678901234567890n, '12345678901234567890'],
  [['a', 1, false], "['a', 1, False]"],
  [{a: null}, "{'a': None}"],
])('each kind of value has its literal (%#)', (value, written) => {
  expect(py(value)).toBe(written);
});

test('a name with a dot or a backtick is quoted where Spark parses names', () => {
  expect(pyName('room temperature')).toBe("'room temperature'");
  expect(col('t.max')).toBe("F.col('`t.max`')");
  expect(col('a`b')).toBe("F.col('`a``b`')");
});

test('a long chain takes a line a call', () => {
  expect(assign('out', 'df', ['dropDuplicates()'])).toEqual(['out = df.dropDuplicates()']);
  const long = `filter(${'x'.repeat(90)})`;
  expect(assign('out', 'df', [long, 'distinct()'])).toEqual([
    'out = (',
    '    df',
    `    .${long}`,
    '    .distinct()',
    ')',
  ]);
});

test('a long call takes a line an argument', () => {
  expect(call('select', ["'a'", "'b'"])).toBe("select('a', 'b')");
  expect(call('select', ['x'.repeat(60), 'y'.repeat(60)]).split('\n')).toHaveLength(4);
});
