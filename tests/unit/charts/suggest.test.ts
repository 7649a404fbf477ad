import {expect, test} from 'vitest';
import {checkChart} from '../../../src/charts/reduce.ts';
import {suggestChart} from '../../../src/charts/suggest.ts';
import {id} from '../../../src/sql/sql.ts';

const types = {
  id: 'VARCHAR',
  site: 'VARCHAR',
  time: 'TIMESTAMP',
  temperature: 'DOUBLE',
  humidity: 'DOUBLE',
  sensor_id: 'BIGINT',
  cluster: 'INTEGER',
  count: 'BIGINT',
  ok: 'BOOLEAN',
  where: 'STRUCT(a BIGINT)',
} as const;
const columns = (names: readonly (keyof typeof types)[]) => names.map((name) => ({name, type: types[name]}));

test.each([
  [['id', 'time', 'temperature', 'humidity'], {mark: 'line', x: 'time', y: ['temperature'], color: 'id'}],
  [['time', 'temperature'], {mark: 'line', x: 'time', y: ['temperature'], color: undefined}],
  [['site', 'temperature', 'humidity'], {mark: 'bar', x: 'site', y: ['temperature']}],
  [['site', 'count'], {mark: 'bar', x: 'site', y: ['count']}],
  [['id', 'temperature', 'humidity', 'cluster'], {mark: 'dot', x: 'temperature', y: ['humidity'], color: 'cluster'}],
  [['temperature', 'humidity'], {mark: 'dot', x: 'temperature', y: ['humidity']}],
  [['temperature'], {mark: 'histogram', x: 'temperature'}],
  [['sensor_id'], {mark: 'histogram', x: 'sensor_id'}],
  [['time'], {mark: 'histogram', x: 'time'}],
  [['site', 'time'], {mark: 'histogram', x: 'time'}],
  [['site'], {mark: 'bar', x: 'site', y: []}],
  [['ok'], {mark: 'bar', x: 'ok', y: []}],
] as const)('%j', (names, expected) => {
  const spec = suggestChart(columns(names));
  expect(spec).toMatchObject(expected);
  expect(spec === undefined ? [] : checkChart(spec, columns(names), id('t'))).toEqual([]);
});

test('nothing suits nested values alone, or no columns', () => {
  expect(suggestChart(columns(['where']))).toBeUndefined();
  expect(suggestChart([])).toBeUndefined();
});

test('a column of very many values is no colour and no axis of bars', () => {
  expect(suggestChart(columns(['id', 'site', 'time', 'temperature']), {id: 5000, site: 4})?.color).toBe('site');
  expect(suggestChart(columns(['id', 'temperature']), {id: 5000})).toMatchObject({mark: 'histogram', x: 'temperature'});
});
