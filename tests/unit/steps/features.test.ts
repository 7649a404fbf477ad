import {beforeAll, describe, expect, test} from 'vitest';
import {readParams} from '../../../src/params/index.ts';
import type {Input} from '../../../src/steps/define.ts';
import {stepOf} from '../../../src/steps/index.ts';
import {makeInput, openDuckDB} from './native.ts';

let input: Input;
beforeAll(async () => {
  const columns = {
    compressor_id: 'VARCHAR',
    timestamp: 'TIMESTAMP',
    written: 'VARCHAR',
    v: 'DOUBLE',
    v_status: 'VARCHAR',
    hour_of_day: 'INTEGER',
    w: 'DOUBLE',
    w_1h_mean: 'DOUBLE',
  };
  input = await makeInput(await openDuckDB(), 'readings', {columns, rows: []});
});

/** What is wrong with a cell: problems of its values, else those that the columns show. */
function problems(kind: string, body: Readonly<Record<string, unknown>>): (string | undefined)[] {
  const step = stepOf(kind);
  if (step === undefined) throw new Error(kind);
  const read = readParams(step.params, body);
  if (!read.ok) return read.problems.map(({message}) => message);
  return (step.check?.(read.value, [input]) ?? []).map(({message}) => message);
}

describe('what a step can’t work on is told before it runs', () => {
  test.each<[kind: string, body: Readonly<Record<string, unknown>>, message: RegExp]>([
    ['rolling', {columns: ['v'], time: 'read_at'}, /^readings has no column called read_at\.$/],
    ['rolling', {columns: ['v'], time: 'written'}, /^This step takes a column of times, and written is VARCHAR\.$/],
    ['rolling', {columns: ['v']}, /^time is missing\.$/],
    ['rolling', {columns: ['written'], time: 'timestamp'}, /takes a column of numbers, and written is VARCHAR/],
    ['rolling', {columns: ['v'], time: 'timestamp', by: ['sensor']}, /^readings has no column called sensor\.$/],
    [
      'rolling',
      {columns: ['v'], time: 'timestamp', windows: ['an hour']},
      /takes a span of time, and this is "an hour"/,
    ],
    ['rolling', {columns: ['v'], time: 'timestamp', windows: []}, /^No window is named\.$/],
    [
      'rolling',
      {columns: ['v'], time: 'timestamp', statistics: ['median']},
      /it takes mean, std, min, max, slope, and count/,
    ],
    ['rolling', {columns: ['w'], time: 'timestamp'}, /two columns called w_1h_mean/],
    [
      'rolling',
      {columns: ['v'], time: 'timestamp', windows: ['1h', '1 h'], statistics: ['mean']},
      /two columns called v_1h_mean/,
    ],
    ['rate_of_change', {columns: ['v'], time: 'written'}, /takes a column of times, and written is VARCHAR/],
    ['rate_of_change', {columns: [], time: 'timestamp'}, /^No column is named\.$/],
    ['thresholds', {rules: {v: {warning: 1}}}, /two columns called v_status/],
    ['thresholds', {rules: {w: {}}}, /^w has no limit\.$/],
    ['thresholds', {rules: {w: {warning: 7.1, critical: 4.5}}}, /nothing would ever be a warning/],
    ['thresholds', {rules: {w: {warning: 3, critical: 4, direction: 'below'}}}, /nothing would ever be a warning/],
    ['thresholds', {rules: {}}, /^No limit is given\.$/],
    ['time_features', {time: 'timestamp'}, /two columns called hour_of_day/],
    ['time_features', {time: 'written', features: ['month']}, /takes a column of times, and written is VARCHAR/],
  ])('%s %j', (kind, body, message) => {
    expect(problems(kind, body)).toEqual([expect.stringMatching(message)]);
  });

  test('what is right has no problem', () => {
    expect(problems('rolling', {columns: ['v'], time: 'timestamp', by: 'compressor_id', windows: '90m'})).toEqual([]);
    expect(problems('thresholds', {rules: {w: {warning: 4, critical: 3, direction: 'below'}}})).toEqual([]);
  });
});
