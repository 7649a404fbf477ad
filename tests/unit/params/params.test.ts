import fc from 'fast-check';
import {expect, test} from 'vitest';
import {p, readParams} from '../../../src/params/index.ts';
import {parseDuration} from '../../../src/params/duration.ts';
import {steps} from '../../../src/steps/index.ts';

const params = {
  columns: p.columns({label: 'Columns'}),
  threshold: p.number({label: 'Threshold', default: 3, min: 0}),
  action: p.choice(['remove', 'null'], {label: 'Action', default: 'remove'}),
  types: p.map(
    'column',
    {to: p.text({label: 'Type'}), format: p.texts({label: 'Format', default: []})},
    {label: 'Types', default: {}, short: 'to'},
  ),
  rules: p.items({name: p.text({label: 'Name'})}, {label: 'Rules', default: []}),
  every: p.duration({label: 'Every', default: undefined}),
};

test('what is left out takes its default, and short forms are spelt out', () => {
  const read = readParams(params, {
    columns: 'temperature',
    types: {a: 'int', b: {to: 'date', format: 'yyyy'}},
    rules: {name: 'only one'},
    every: '90m',
  });
  expect(read).toEqual({
    ok: true,
    value: {
      columns: ['temperature'],
      threshold: 3,
      action: 'remove',
      types: {a: {to: 'int', format: []}, b: {to: 'date', format: ['yyyy']}},
      rules: [{name: 'only one'}],
      every: {text: '90m', microseconds: 5.4e9, words: '90 minutes'},
    },
  });
});

test('a bare null is the choice of that name', () => {
  expect(readParams(params, {columns: ['a'], action: null})).toMatchObject({ok: true, value: {action: 'null'}});
});

test('every fault is told, with its path and the nearest word', () => {
  const read = readParams(params, {
    treshold: 2,
    threshold: -1,
    action: 'remov',
    types: {a: {too: 'int'}},
    every: 'soon',
  });
  expect(read.ok).toBe(false);
  if (read.ok) return;
  expect(read.problems.map((problem) => problem.path).sort()).toEqual([
    'action',
    'columns',
    'every',
    'threshold',
    'treshold',
    'types.a.to',
    'types.a.too',
  ]);
  expect(read.problems.find((problem) => problem.path === 'treshold')?.hint).toBe('Did you mean threshold?');
  expect(read.problems.find((problem) => problem.path === 'action')?.hint).toBe('Did you mean remove?');
});

test('no body makes reading fail in another way than by saying so', () => {
  fc.assert(
    fc.property(fc.anything(), fc.constantFrom(...steps), (body, step) => {
      const read = readParams(step.params, body);
      if (read.ok) expect(Object.keys(read.value)).toEqual(expect.arrayContaining(Object.keys(step.params)));
      else expect(read.problems.every((problem) => problem.message.length > 10)).toBe(true);
    }),
    {numRuns: 300},
  );
});

test('an object that has no text is refused where a text is read', () => {
  const odd = {toString: []};
  const read = readParams({every: params.every, where: p.expression({label: 'Where'})}, {every: odd, where: odd});
  expect(read).toMatchObject({ok: false, problems: [{path: 'every'}, {path: 'where'}]});
});

test('random values under a step’s own names are read or refused', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...steps).chain((step) =>
        fc.tuple(
          fc.constant(step),
          fc.record(Object.fromEntries(Object.keys(step.params).map((name) => [name, fc.anything()])), {
            requiredKeys: [],
          }),
        ),
      ),
      ([step, body]) => {
        const read = readParams(step.params, body);
        if (!read.ok) expect(read.problems.length).toBeGreaterThan(0);
        else expect(step.sentence(read.value)).toEqual(expect.any(String));
      },
    ),
    {numRuns: 500},
  );
});

test.each([
  ['90s', 9e7, '90 seconds'],
  ['15m', 9e8, '15 minutes'],
  ['1h', 3.6e9, '1 hours'],
  ['1.5h', 5.4e9, '5400000000 microseconds'],
  ['7d', 6.048e11, '7 days'],
])('%s is a duration', (text, microseconds, words) => {
  expect(parseDuration(text)).toEqual({text, microseconds, words});
});

test.each(['', '0s', '-1h', 'h', '1y', '1 fortnight'])('%j is no duration', (text) => {
  expect(parseDuration(text)).toBeUndefined();
});
