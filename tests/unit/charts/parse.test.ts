import fc from 'fast-check';
import {expect, test} from 'vitest';
import {parse, stringify} from 'yaml';
import {chartBody, readChart} from '../../../src/charts/parse.ts';
import {marks, type ChartSpec} from '../../../src/charts/spec.ts';

const name = fc.string({minLength: 1}).filter((text) => text.trim() !== '');
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, {nil: undefined});
const specs: fc.Arbitrary<ChartSpec> = fc.record({
  mark: fc.constantFrom(...marks),
  x: maybe(name),
  y: fc.array(name, {maxLength: 3}),
  color: maybe(name),
  facet: maybe(name),
  aggregate: maybe(
    fc.constantFrom(
      'avg' as const,
      'sum' as const,
      'min' as const,
      'max' as const,
      'median' as const,
      'count' as const,
    ),
  ),
  bins: maybe(fc.integer({min: 1, max: 500})),
  title: maybe(name),
  alerts: maybe(name),
});

test('a chart written as YAML reads back the same', () => {
  fc.assert(
    fc.property(specs, (spec) => {
      expect(readChart(parse(stringify(chartBody(spec))))).toEqual({ok: true, value: spec});
    }),
  );
});

test('what is the default is left out, one y stands alone', () => {
  expect(
    chartBody({
      mark: 'line',
      x: 'timestamp',
      y: ['temperature_avg'],
      color: undefined,
      facet: undefined,
      aggregate: undefined,
      bins: undefined,
      title: undefined,
      alerts: undefined,
    }),
  ).toEqual({
    mark: 'line',
    x: 'timestamp',
    y: 'temperature_avg',
  });
});

test('a misspelt mark or parameter is told with the word that was meant', () => {
  expect(readChart({mark: 'lines', x: 'a'})).toMatchObject({
    ok: false,
    problems: [{path: 'mark', hint: 'Did you mean line?'}],
  });
  expect(readChart({mark: 'line', colour: 'a'})).toMatchObject({
    ok: false,
    problems: [{path: 'colour', hint: 'Did you mean color?'}],
  });
  expect(readChart({x: 'a'})).toMatchObject({ok: false, problems: [{path: 'mark', message: 'mark is missing.'}]});
  expect(readChart('line')).toMatchObject({ok: false});
});
