import * as Plot from '@observablehq/plot';
import {beforeAll, describe, expect, test} from 'vitest';
import {mostAlerts} from '../../../src/charts/alerts.ts';
import {plotOptions} from '../../../src/charts/plot.ts';
import {captionOf, checkChart, reduceChart} from '../../../src/charts/reduce.ts';
import {readRows, type ChartRow} from '../../../src/charts/reduced.ts';
import type {ChartSpec} from '../../../src/charts/spec.ts';
import {unwrap} from '../../../src/lib/problem.ts';
import {id} from '../../../src/sql/sql.ts';
import {openDatabase, type Database} from './database.ts';

const spec: ChartSpec = {
  mark: 'line',
  x: 'time',
  y: ['vibration'],
  color: undefined,
  facet: undefined,
  aggregate: undefined,
  bins: undefined,
  title: undefined,
  alerts: 'alerts',
};
const hour = 3_600_000;
const start = Date.UTC(2024, 1, 1);
let database: Database;

beforeAll(async () => {
  database = await openDatabase();
  await database.run(
    `CREATE TABLE readings AS SELECT ['a', 'b', 'c'][i % 3 + 1] AS sensor_id, 'north' AS site, TIMESTAMP '2024-02-01' + INTERVAL 1 HOUR * (i // 3) AS time, i % 7 + 0.5 AS vibration, i % 5 AS vibration_avg, i AS load FROM range(300) t(i)`,
  );
  // Raised at hour 2 (cleared at 5), 10 (open), 20 (of another metric), 30 (a sensor that isn't there), 40 (an infinite value), long before and long after.
  await database.run(`CREATE TABLE alerts AS SELECT TIMESTAMP '2024-02-01' + INTERVAL 1 HOUR * h AS "timestamp", sensor, metric, value::DOUBLE AS value, severity, TIMESTAMP '2024-02-01' + INTERVAL 1 HOUR * (h - 1) AS since,
 CASE WHEN length > 0 THEN TIMESTAMP '2024-02-01' + INTERVAL 1 HOUR * (h + length) END AS cleared_at
FROM (VALUES (2, 'a', 'vibration', '7', 'warning', 3), (10, 'b', 'vibration', '9', 'critical', 0), (20, 'a', 'temperature', '300', 'critical', 1), (30, 'z', 'vibration', '8', 'warning', 1),
 (40, 'a', 'vibration', 'inf', 'note', 1), (-1000, 'a', 'vibration', '8', 'critical', 1), (1000, 'a', 'vibration', '8', 'critical', 1)) t(h, sensor, metric, value, severity, length)`);
  await database.run(
    `CREATE TABLE many AS SELECT TIMESTAMP '2024-02-01' + INTERVAL 1 MINUTE * i AS "TIMESTAMP", CASE WHEN i < 100 THEN 'CRITICAL' ELSE 'warning' END AS severity FROM range(5000) t(i)`,
  );
});

async function draw(more: Partial<ChartSpec> = {}, alerts = 'alerts', readings = 'readings') {
  const table = {columns: await database.columns(alerts), relation: id(alerts)};
  const chart = unwrap(reduceChart({...spec, ...more}, await database.columns(readings), id(readings), table));
  const rows = await database.objects(chart.sql);
  return {chart, rows, caption: captionOf(chart, rows), ...readRows(rows)};
}
const places = (alerts: readonly ChartRow[]) =>
  alerts.map(({x, sensor}) => [typeof x === 'number' ? (x - start) / hour : x, sensor]);

describe('alerts on a chart', () => {
  test('the SQL is the golden one', async () => {
    const {chart} = await draw({color: 'sensor_id'});
    await expect(`${chart.sql}\n`).toMatchFileSnapshot('golden/alerts.sql');
  });

  test('those of its metric and its times are marked at their values, with a band until they cleared or the data ends; the points stay as they are', async () => {
    const {alerts, points, caption} = await draw();
    expect(places(alerts)).toEqual([
      [10, 'b'],
      [30, 'z'],
      [2, 'a'],
      [40, 'a'],
    ]);
    const bands = alerts.map(({band, band1, y}) => [(Number(band) - start) / hour, (Number(band1) - start) / hour, y]);
    expect(bands).toEqual([
      [9, 99, 9],
      [29, 31, 8],
      [1, 5, 7],
      [39, 41, 6.5],
    ]);
    expect(caption).toContain('4 alerts, 1 critical.');
    const without = unwrap(
      reduceChart({...spec, alerts: undefined}, await database.columns('readings'), id('readings')),
    );
    const plain = readRows(await database.objects(without.sql)).points;
    const drawn = (of: readonly ChartRow[]): string[] => of.map(({x, y}) => `${x} ${y}`).sort();
    expect(drawn(points)).toEqual(drawn(plain));
    expect(points.map(({x}) => x)).toEqual(plain.map(({x}) => x));
  });

  test('with colours or facets, those of a sensor that is one; a facet has its own', async () => {
    expect(places((await draw({color: 'sensor_id'})).alerts)).toEqual([
      [10, 'b'],
      [2, 'a'],
      [40, 'a'],
    ]);
    expect((await draw({facet: 'sensor_id'})).alerts.map(({facet}) => facet)).toEqual(['b', 'a', 'a']);
    expect((await draw({color: 'sensor_id', facet: 'site'})).alerts.map(({facet}) => facet)).toEqual([
      'north',
      'north',
      'north',
    ]);
    expect((await draw({y: ['vibration', 'load'], color: 'sensor_id'})).alerts).toHaveLength(3);
    const none = await draw({color: 'site'});
    expect([none.alerts, none.caption]).toEqual([[], 'No alert belongs here.']);
  });

  test.each([
    ['an aggregated column', {y: ['vibration_avg']}, 4],
    ['another column', {y: ['load']}, 0],
    ['two columns', {y: ['load', 'vibration']}, 4],
    ['an area', {mark: 'area'}, 4],
    ['bars', {mark: 'bar'}, 4],
    ['bars by sensor', {mark: 'bar', color: 'sensor_id', aggregate: 'max'}, 3],
    ['dots', {mark: 'dot', color: 'sensor_id'}, 3],
    ['dots shaded by a number', {mark: 'dot', color: 'load'}, 4],
  ] as const)('%s: as many as belong to it', async (_name, more, expected) => {
    expect((await draw({...more, ...('y' in more ? {y: [...more.y]} : {})})).alerts).toHaveLength(expected);
  });

  test('of many the most severe and the latest are drawn, and the words count all', async () => {
    const {alerts, caption} = await draw({}, 'many');
    expect(alerts).toHaveLength(mostAlerts);
    expect(new Set(alerts.slice(0, 100).map(({severity}) => severity))).toEqual(new Set(['critical']));
    expect(alerts[100]?.['x']).toBe(start + 4999 * 60_000);
    expect(caption).toContain('5,000 alerts, 100 critical: the 300 most severe and latest are marked.');
  });

  test('none of no rows, and a chart of no rows', async () => {
    await database.run('CREATE OR REPLACE TABLE quiet AS FROM alerts LIMIT 0');
    expect((await draw({}, 'quiet')).caption).toBe('No alert belongs here.');
    await database.run('CREATE OR REPLACE TABLE empty AS FROM readings LIMIT 0');
    const {alerts, points} = await draw({}, 'alerts', 'empty');
    expect([alerts, points]).toEqual([[], []]);
  });

  test('are bands behind the line and marks with a tip before it, one kind for each severity; the picture says how many', async () => {
    const {chart, rows} = await draw({color: 'sensor_id'});
    const {options} = plotOptions(Plot, chart, rows, {width: 800, theme: 'light'});
    const kinds = (options.marks ?? []).flatMap((mark) =>
      typeof mark === 'object' && mark !== null ? [mark.constructor.name] : [],
    );
    expect(kinds).toEqual(['Rect', 'Rect', 'Rect', 'Line', 'Dot', 'Dot', 'Dot', 'Tip', 'Tip']);
    expect(options.ariaDescription).toMatch(/300 rows\. 3 alerts, 1 critical\.$/);
  });

  test('need a time on x, what was measured on y, and a table of alerts: the problem says which', async () => {
    const columns = await database.columns('readings');
    const table = {columns: await database.columns('alerts'), relation: id('alerts')};
    const said = (more: Partial<ChartSpec>, alerts = table) =>
      checkChart({...spec, ...more}, columns, id('readings'), alerts).map(({code, message}) => [code, message]);
    expect(said({x: 'load'})).toEqual([
      ['CHART_ALERTS', 'Alerts are marked on a line, area, bar or dot chart whose x is a time, and load is BIGINT.'],
    ]);
    expect(said({mark: 'histogram', y: []})).toEqual([
      [
        'CHART_ALERTS',
        'Alerts are marked on a line, area, bar or dot chart whose x is a time, and this one is a histogram.',
      ],
    ]);
    expect(said({mark: 'bar', y: []})[0]?.[1]).toContain('y has to be what was measured');
    expect(said({}, {columns: columns, relation: id('readings')})[0]?.[1]).toBe('alerts has no column timestamp.');
    expect(said({}, {columns: [{name: 'timestamp', type: 'VARCHAR'}], relation: id('x')})[0]?.[1]).toBe(
      'timestamp of alerts is VARCHAR, which is no time.',
    );
    expect(said({}, {columns: [{name: 'timestamp', type: 'TIMESTAMP'}], relation: id('x')})[0]?.[1]).toBe(
      'alerts has no column severity.',
    );
  });
});
