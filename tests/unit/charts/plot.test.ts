import * as Plot from '@observablehq/plot';
import {describe, expect, test} from 'vitest';
import {timeTick} from '../../../src/charts/axes.ts';
import {figure, moment, plotOptions, type Picture} from '../../../src/charts/plot.ts';
import {reduceChart} from '../../../src/charts/reduce.ts';
import type {ChartRow} from '../../../src/charts/reduced.ts';
import {marks, type ChartSpec} from '../../../src/charts/spec.ts';
import {unwrap} from '../../../src/lib/problem.ts';
import {id} from '../../../src/sql/sql.ts';
import {openDatabase} from './database.ts';

const bare: ChartSpec = {
  mark: 'line',
  x: undefined,
  y: [],
  color: undefined,
  facet: undefined,
  aggregate: undefined,
  bins: undefined,
  title: undefined,
  alerts: undefined,
};
const database = await openDatabase();
await database.run(
  `CREATE TABLE t AS SELECT 'sensor number ' || (i % 14) AS sensor, ['a', 'b'][i % 2 + 1] AS site, TIMESTAMP '2024-01-01' + to_minutes(i) AS time, 20 + sin(i / 90) AS temperature, i % 3 AS cluster FROM range(3000) r(i)`,
);
const columns = await database.columns('t');

async function picture(
  spec: Partial<ChartSpec>,
  width = 800,
  theme: 'light' | 'dark' = 'light',
  only?: (row: ChartRow) => boolean,
): Promise<Picture> {
  const chart = unwrap(reduceChart({...bare, ...spec}, columns, id('t')));
  const rows = await database.objects(chart.sql);
  return plotOptions(Plot, chart, only === undefined ? rows : rows.filter(only), {width, theme});
}

/** The kinds of marks a picture has, by Plot's own names for them. */
const kinds = ({options}: Picture): string[] =>
  (options.marks ?? []).flatMap((mark) => (typeof mark === 'object' && mark !== null ? [mark.constructor.name] : []));

const examples: Readonly<Record<(typeof marks)[number], [Partial<ChartSpec>, string[]]>> = {
  line: [{x: 'time', y: ['temperature']}, ['Line', 'Tip']],
  area: [{x: 'time', y: ['temperature']}, ['Area', 'Line', 'RuleY', 'Tip']],
  bar: [{x: 'site', y: ['temperature']}, ['BarY', 'RuleY', 'Tip']],
  dot: [{x: 'temperature', y: ['cluster']}, ['Dot', 'Tip']],
  histogram: [{x: 'temperature'}, ['Rect', 'RuleY', 'Tip']],
  box: [{x: 'site', y: ['temperature']}, ['RuleX', 'RuleX', 'BarY', 'TickY', 'Dot', 'Tip']],
  heatmap: [{x: 'time', y: ['sensor'], color: 'temperature'}, ['BarX', 'Tip']],
};

describe('options', () => {
  test.each(marks)('%s draws its marks and a tip', async (mark) => {
    const [spec, expected] = examples[mark];
    const drawn = await picture({mark, ...spec});
    expect(kinds(drawn)).toEqual(expected);
    expect(drawn.filled).toBe(true);
    expect(drawn.options.ariaLabel).toMatch(/^(Heat map|Scatter plot|\w+ chart) of /);
  });

  test('a time axis is UTC, its ticks are told once a day', async () => {
    const {options} = await picture({x: 'time', y: ['temperature']});
    expect(options.x).toMatchObject({type: 'utc', label: 'time'});
    const ticks = [0, 12, 24, 36].map((hour) => new Date(Date.UTC(2024, 0, 1, hour)));
    expect(ticks.map((tick, i) => timeTick(tick, i, ticks))).toEqual([
      '00:00\nJan 1',
      '12:00',
      '00:00\nJan 2',
      '12:00',
    ]);
    const months = [0, 1, 12].map((month) => new Date(Date.UTC(2024, month, 1)));
    expect(months.map((tick, i) => timeTick(tick, i, months))).toEqual(['Jan\n2024', 'Feb', 'Jan\n2025']);
  });

  test('colours are variables the page may set; the rest is grey and last', async () => {
    const {options, legend} = await picture({x: 'time', y: ['temperature'], color: 'sensor'});
    expect([...(options.color?.range ?? [])][0]).toBe('var(--series-1, #4269d0)');
    expect(legend).toMatchObject({kind: 'swatches', label: 'sensor'});
    if (legend?.kind !== 'swatches') throw new Error('no swatches');
    expect(legend.items).toHaveLength(13);
    expect(legend.items.at(-1)).toEqual({label: '(other)', color: 'var(--series-other, #9498a0)'});
  });

  test('few whole numbers colour dots as names, other numbers as a scale', async () => {
    expect((await picture({mark: 'dot', x: 'time', y: ['temperature'], color: 'cluster'})).legend).toMatchObject({
      kind: 'swatches',
      items: [{label: '0'}, {label: '1'}, {label: '2'}],
    });
    const light = await picture({mark: 'dot', x: 'time', y: ['cluster'], color: 'temperature'});
    const dark = await picture({mark: 'dot', x: 'time', y: ['cluster'], color: 'temperature'}, 800, 'dark');
    expect(light.legend).toMatchObject({kind: 'ramp', from: '19', to: '21'});
    expect(light.legend).not.toEqual(dark.legend);
  });

  test('names that do not fit below their bars stand beside them', async () => {
    expect(kinds(await picture({mark: 'bar', x: 'sensor', y: ['temperature']}, 2400))[0]).toBe('BarY');
    const narrow = await picture({mark: 'bar', x: 'sensor', y: ['temperature']}, 390);
    expect(kinds(narrow)[0]).toBe('BarX');
    expect(narrow.options.height).toBeGreaterThan(300);
  });

  test('averages stand side by side, sums on each other', async () => {
    expect((await picture({mark: 'bar', x: 'site', y: ['temperature'], color: 'cluster'})).options.fx).toBeDefined();
    expect(
      (await picture({mark: 'bar', x: 'site', y: ['temperature'], color: 'cluster', aggregate: 'sum'})).options.fx,
    ).toBeUndefined();
  });

  test('small multiples wrap: three in a row on a wide page, two on a phone', async () => {
    const wide = await picture({x: 'time', y: ['temperature'], facet: 'sensor'});
    const narrow = await picture({x: 'time', y: ['temperature'], facet: 'sensor'}, 390);
    expect(wide.options.height).toBe(3 * 190 + 40);
    expect(narrow.options.height).toBe(5 * 190 + 40);
  });

  test('without points there is nothing to fill', async () => {
    expect((await picture({x: 'time', y: ['temperature']}, 800, 'light', () => false)).filled).toBe(false);
  });
});

test('figures and moments are told without noise', () => {
  expect([0, 1013.25, 0.1 + 0.2, 5_000_000, 1.5e-7, -1e20].map(figure)).toEqual([
    '0',
    '1,013.25',
    '0.3',
    '5M',
    '1.5e-7',
    '-1e+20',
  ]);
  expect(
    [Date.UTC(2024, 1, 1), Date.UTC(2024, 1, 1, 9, 30), Date.UTC(2024, 1, 1, 9, 30, 5, 120)].map((ms) =>
      moment(new Date(ms)),
    ),
  ).toEqual(['2024-02-01', '2024-02-01 09:30', '2024-02-01 09:30:05.120']);
});
