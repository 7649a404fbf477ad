import * as Plot from '@observablehq/plot';
import fc from 'fast-check';
import {beforeAll, describe, expect, test} from 'vitest';
import {plotOptions} from '../../../src/charts/plot.ts';
import {readRows} from '../../../src/charts/reduced.ts';
import {choiceIn, fragmentOf, spanOf, type Choice} from '../../../src/notebook/dashboard-choice.ts';
import {findFilters, type TileSource} from '../../../src/notebook/dashboard-filters.ts';
import {noDashboard, type FigureTile, type Tile} from '../../../src/notebook/dashboard.ts';
import {parseNotebook} from '../../../src/notebook/model.ts';
import {plan, type CompiledCell, type PlannedCell} from '../../../src/notebook/plan.ts';
import {Runner} from '../../../src/run/runner.ts';
import {tableRows, Tiles, type TileFilter} from '../../../src/notebook/tiles.ts';

import {engineAlone, nativeEngine} from './native-engine.ts';

const hour = 3.6e9;
const start = Date.UTC(2024, 1, 1) * 1000;
const cell = (header: string, body: string): string => `\`\`\`${header}\n${body}\n\`\`\`\n\n`;
const text =
  cell(
    'sql readings',
    `SELECT 'COMP-' || i % 3 AS compressor_id, TIMESTAMP '2024-02-01' + INTERVAL 1 HOUR * i AS "timestamp", CASE WHEN i = 20 THEN 'nan'::DOUBLE WHEN i <> 7 THEN i END AS vibration,
 'ok' AS status, now()::TIMESTAMP AS loaded_at, CASE WHEN i = 30 THEN NULL ELSE 'x' || i END AS note FROM range(240) t(i)`,
  ) +
  cell(
    'sql alarms',
    `SELECT compressor_id AS device, 'vibration' AS metric, CASE WHEN i = 2 THEN NULL ELSE "timestamp" END AS "TIMESTAMP", row_number() OVER () AS rowid FROM readings JOIN range(500) t(i) ON i = vibration`,
  ) +
  cell('sql models', "SELECT 'Ariel' AS model, 3 AS units") +
  cell('sql nothing', 'SELECT * FROM readings WHERE false') +
  cell('chart trend', 'from: readings\nmark: line\nx: timestamp\ny: vibration\ncolor: compressor_id') +
  cell(
    'sql bells',
    `SELECT "timestamp", compressor_id AS sensor, 'vibration' AS metric, 'critical' AS severity, "timestamp" + INTERVAL 2 HOUR AS cleared_at FROM readings WHERE vibration IN (5, 13, 21, 30, 31)`,
  ) +
  cell('chart marked', 'from: readings\nmark: line\nx: timestamp\ny: vibration\nalerts: bells') +
  cell(
    'sql fleet',
    "SELECT 'unit ' || u AS unit, i, u * i AS level FROM range(1, 21) a(u), range(100) b(i) WHERE i <= u",
  ) +
  cell('chart fleet_lines', 'from: fleet\nmark: line\nx: i\ny: level\ncolor: unit') +
  cell('chart coloured', 'from: readings\nmark: line\nx: timestamp\ny: vibration\ncolor: compressor_id\nalerts: bells');

let planned: readonly PlannedCell[];
let tiles: Tiles;
let made: string[];
let native: Awaited<ReturnType<typeof nativeEngine>>;
const cellOf = (name: string): CompiledCell => {
  const found = planned.find((each) => each.name === name);
  if (found?.ready !== true) throw new Error(`no cell ${name}`);
  return found;
};
const live = new AbortController().signal;

beforeAll(async () => {
  native = await nativeEngine();
  const ports = engineAlone(native.engine);
  const runner = new Runner(ports);
  planned = plan(parseNotebook(text), new Map());
  runner.usePlan(planned);
  const report = await runner.run(undefined, {}, live);
  expect(report.flatMap((ran) => ran.error ?? [])).toEqual([]);
  tiles = new Tiles(ports, runner);
  made = native.statements.splice(0);
});

const tileOf = (show: 'chart' | 'table', name: string, more: Partial<Tile> = {}): Tile => {
  const base = {cell: name, wide: false, title: undefined, time: undefined, sensor: undefined};
  return show === 'chart' ? {...base, ...more, show} : {...base, ...more, show};
};
const figureOf = (name: string, value: FigureTile['value'], column?: string): FigureTile => ({
  ...tileOf('table', name),
  show: 'figure',
  value,
  column,
});
const all: TileFilter = {columns: {time: 'timestamp', sensor: 'compressor_id'}, span: undefined, sensors: []};

describe('what the filters act on', () => {
  const found = async (given: readonly Tile[], dashboard = noDashboard) =>
    findFilters(
      dashboard,
      await Promise.all(given.map(async (tile) => ({tile, source: await tiles.source(cellOf(tile.cell))}))),
    );

  test('is the time that most tiles have and the key of few values; a table with another name for it is found by its values', async () => {
    const filters = await found([
      tileOf('chart', 'trend'),
      tileOf('table', 'readings'),
      tileOf('table', 'alarms'),
      tileOf('table', 'models'),
      tileOf('table', 'nothing'),
    ]);
    expect(filters).toMatchObject({
      time: 'timestamp',
      sensor: 'compressor_id',
      sensors: ['COMP-0', 'COMP-1', 'COMP-2'],
      extent: {from: start, to: start + 239 * hour},
    });
    expect(filters.tiles).toEqual([
      {time: 'timestamp', sensor: 'compressor_id'},
      {time: 'timestamp', sensor: 'compressor_id'},
      {time: 'TIMESTAMP', sensor: 'device'},
      {time: undefined, sensor: undefined},
      // It has no rows: nothing is there to filter.
      {time: undefined, sensor: 'compressor_id'},
    ]);
    expect(filters.times.at(-1)).toBe('loaded_at');
  });

  test('is what the notebook says, of the dashboard or of a tile', async () => {
    const given = [tileOf('table', 'readings'), tileOf('table', 'alarms', {sensor: 'metric', time: 'none'})];
    expect((await found(given, {...noDashboard, sensor: 'STATUS', time: 'loaded_at'})).tiles).toEqual([
      {time: 'loaded_at', sensor: 'status'},
      {time: undefined, sensor: 'metric'},
    ]);
    expect(await found(given, {...noDashboard, sensor: false, time: false})).toMatchObject({
      time: undefined,
      sensor: undefined,
      sensors: [],
      extent: undefined,
    });
  });

  test('is nothing where no tile has a time or a sensor', async () => {
    expect(await found([tileOf('table', 'models')])).toMatchObject({
      time: undefined,
      sensor: undefined,
      sensors: [],
      extent: undefined,
      times: [],
    });
    expect(findFilters(noDashboard, [{tile: tileOf('table', 'gone'), source: undefined}]).tiles).toEqual([
      {time: undefined, sensor: undefined},
    ]);
  });
});

describe('a tile’s rows', () => {
  test('a span has both ends in it and sensors are texts, whatever is in them', async () => {
    const filter = {
      ...all,
      span: {from: start + 10 * hour, to: start + 15 * hour},
      sensors: ['COMP-1', "'; DROP TABLE x --"],
    };
    expect(await tiles.table(cellOf('readings'), filter, live)).toMatchObject({
      total: 2,
      rows: [['COMP-1', expect.anything(), 13, 'ok', expect.anything(), 'x13'], expect.objectContaining({2: 10})],
    });
    expect((await tiles.figure(cellOf('readings'), figureOf('readings', 'count'), filter, live)).value).toBe(2n);
  });

  test('a chart keeps the colour of each sensor under the filter, and gives a sensor that had none one that is free', async () => {
    const colors = async (name: string, filter: TileFilter): Promise<Record<string, string>> => {
      const {reduced, rows} = await tiles.chart(cellOf(name), filter, live);
      const {legend} = plotOptions(Plot, reduced, rows, {width: 800, theme: 'light'});
      return legend?.kind === 'swatches'
        ? Object.fromEntries(legend.items.map(({label, color}) => [label, color]))
        : {};
    };
    const every = await colors('trend', all);
    expect(Object.keys(every)).toEqual(['COMP-0', 'COMP-1', 'COMP-2']);
    for (const sensor of ['COMP-0', 'COMP-1', 'COMP-2'])
      expect(await colors('trend', {...all, sensors: [sensor]})).toEqual({[sensor]: every[sensor]});
    // Of twenty units twelve have colours; the shortest runs are “(other)”.
    const twelve = await colors('fleet_lines', all);
    expect(Object.keys(twelve).at(-1)).toBe('(other)');
    const some = await colors('fleet_lines', {
      ...all,
      columns: {time: undefined, sensor: 'unit'},
      sensors: ['unit 1', 'unit 2', 'unit 19', 'unit 20'],
    });
    expect(some).toMatchObject({'unit 19': twelve['unit 19'], 'unit 20': twelve['unit 20']});
    expect(new Set(Object.values(some)).size).toBe(4);
  });

  test('a table has the latest rows first, its other rows counted', async () => {
    const {rows, total} = await tiles.table(cellOf('readings'), all, live);
    expect([rows.length, total]).toEqual([tableRows, 240]);
    expect(rows.slice(0, 3).map((row) => row[5])).toEqual(['x239', 'x238', 'x237']);
    const alarms = await tiles.table(cellOf('alarms'), {...all, columns: {time: 'TIMESTAMP', sensor: 'device'}}, live);
    // The one without a time comes last.
    expect([alarms.columns.map(({name}) => name), alarms.total]).toEqual([
      ['device', 'metric', 'TIMESTAMP', 'rowid'],
      238,
    ]);
    const inOrder = await tiles.table(
      cellOf('readings'),
      {...all, columns: {time: undefined, sensor: undefined}},
      live,
    );
    expect(inOrder.rows[0]?.[5]).toBe('x0');
  });

  test.each([
    ['count', undefined, 240n],
    ['count', 'vibration', 238n],
    ['count', 'note', 239n],
    ['distinct', 'compressor_id', 3n],
    ['last', 'vibration', 239],
    ['min', 'vibration', 0],
    ['max', 'vibration', 239],
    ['sum', 'vibration', (239 * 240) / 2 - 27],
    ['avg', 'VIBRATION', ((239 * 240) / 2 - 27) / 238],
    ['last', 'note', 'x239'],
  ] as const)('the figure %s of %s leaves NULL and NaN out', async (value, column, expected) => {
    const found = await tiles.figure(cellOf('readings'), figureOf('readings', value, column), all, live);
    expect(found.value).toEqual(expected);
    expect(found.rows).toBe(240);
    // Six hours each; the last part is not over, so what is added up leaves it out.
    expect(found.trend?.length).toBe(
      typeof expected === 'string' ? undefined : ['count', 'sum', 'distinct'].includes(value) ? 39 : 40,
    );
    const untimed = await tiles.figure(
      cellOf('readings'),
      figureOf('readings', value, column),
      {...all, columns: {time: undefined, sensor: undefined}},
      live,
    );
    expect([untimed.value, untimed.trend]).toEqual([expected, undefined]);
  });

  test('a trend is the figure of each part', async () => {
    const counts = await tiles.figure(cellOf('readings'), figureOf('readings', 'count'), all, live);
    expect(new Set(counts.trend)).toEqual(new Set([6]));
    const last = await tiles.figure(cellOf('readings'), figureOf('readings', 'last', 'vibration'), all, live);
    expect(last.trend).toEqual(Array.from({length: 40}, (_, i) => Math.min(239, 6 * i + 5)));
    const sparse = await tiles.figure(
      cellOf('alarms'),
      figureOf('alarms', 'count'),
      {...all, columns: {time: 'TIMESTAMP', sensor: 'device'}},
      live,
    );
    expect(sparse.trend?.slice(0, 4)).toEqual([5, 5, 6, 5]);
  });

  test('an average of texts, and a column that is gone, are told', async () => {
    await expect(tiles.figure(cellOf('readings'), figureOf('readings', 'avg', 'note'), all, live)).rejects.toThrow(
      'note is VARCHAR, which has no avg.',
    );
    await expect(tiles.figure(cellOf('readings'), figureOf('readings', 'avg', 'noise'), all, live)).rejects.toThrow(
      'There is no column noise.',
    );
  });

  test('a chart draws what the filter leaves, and a table is drawn by what suits it', async () => {
    const {reduced, rows} = await tiles.chart(
      cellOf('trend'),
      {...all, span: {from: start, to: start + 11 * hour}, sensors: ['COMP-1']},
      live,
    );
    expect(reduced.spec.mark).toBe('line');
    expect(rows.map(({total, color, y}) => [total, color, y])).toEqual([1, 4, null, 10].map((y) => [4, 'COMP-1', y]));
    expect((await tiles.chart(cellOf('readings'), all, live)).spec).toMatchObject({
      mark: 'line',
      x: 'timestamp',
      y: ['vibration'],
    });
    const empty = await tiles.chart(cellOf('trend'), {...all, sensors: ['COMP-9']}, live);
    expect(empty.rows).toMatchObject([{total: 0, x: null}]);
  });

  test('any filter leaves the rows that SQL finds', async () => {
    const choice = fc.record({
      from: fc.integer({min: -5, max: 245}),
      length: fc.integer({min: 0, max: 250}),
      sensors: fc.subarray(['COMP-0', 'COMP-1', 'COMP-2', 'COMP-3']),
    });
    await fc.assert(
      fc.asyncProperty(choice, async ({from, length, sensors}) => {
        const filter = {...all, span: {from: start + from * hour, to: start + (from + length) * hour}, sensors};
        const [first, last] = [Math.max(0, from), Math.min(239, from + length)];
        const expected = Array.from({length: Math.max(0, last - first + 1)}, (_, i) => first + i).filter(
          (i) => sensors.length === 0 || sensors.includes(`COMP-${i % 3}`),
        );
        const {total, rows} = await tiles.table(cellOf('readings'), filter, live);
        expect(total).toBe(expected.length);
        expect(rows.map((row) => row[5])).toEqual(
          expected
            .toReversed()
            .slice(0, tableRows)
            .map((i) => (i === 30 ? null : `x${i}`)),
        );
        const {rows: points} = await tiles.chart(cellOf('trend'), filter, live);
        expect(points[0]?.['total']).toBe(expected.length);
      }),
      {numRuns: 40},
    );
  });

  test.each(['marked', 'coloured'])(
    'the alerts of a chart are those that were there in the span, of the sensors chosen: %s',
    async (name) => {
      const marked = async (filter: TileFilter): Promise<unknown[]> => {
        const {rows} = await tiles.chart(cellOf(name), filter, live);
        return readRows(rows).alerts.map(({raised}) => (Number(raised) * 1000 - start) / hour);
      };
      expect(await marked(all)).toEqual([31, 30, 21, 13, 5]);
      // The one of hour 13 is open until hour 15.
      expect(await marked({...all, span: {from: start + 15 * hour, to: start + 30 * hour}})).toEqual([30, 21, 13]);
      expect(await marked({...all, sensors: ['COMP-0']})).toEqual([30, 21]);
      expect(await marked({...all, sensors: ['COMP-2']})).toEqual([5]);
    },
  );

  test('nothing of the notebook runs, and what was called off before its turn isn’t begun', async () => {
    expect(native.statements).toEqual([]);
    expect(made).toHaveLength(10);
    const off = new AbortController();
    const first = tiles.table(cellOf('readings'), all, live);
    const second = tiles.table(cellOf('readings'), all, off.signal);
    off.abort();
    await expect(second).rejects.toMatchObject({problem: {code: 'CANCELLED'}});
    expect((await first).total).toBe(240);
  });
});

describe('a choice', () => {
  test('of a quick range ends with the data', () => {
    const extent = {from: start, to: start + 100 * hour};
    expect(spanOf({range: '24h', sensors: []}, extent)).toEqual({from: start + 76 * hour, to: start + 100 * hour});
    expect(spanOf({range: '24h', sensors: []}, undefined)).toBeUndefined();
    expect(spanOf({range: undefined, sensors: []}, extent)).toBeUndefined();
  });

  test('survives in the address, whatever the sensors are called', () => {
    const second = fc.integer({min: 0, max: 4e9}).map((s) => s * 1e6);
    const range = fc.oneof(
      fc.constantFrom('1h' as const, '24h' as const, '7d' as const, undefined),
      fc.record({from: second, to: second}),
    );
    fc.assert(
      fc.property(fc.record({range, sensors: fc.array(fc.string({unit: 'grapheme'}))}), (choice: Choice) => {
        expect(choiceIn(fragmentOf(choice))).toEqual(choice);
      }),
    );
    expect(fragmentOf({range: undefined, sensors: []})).toBe('#dashboard');
  });

  test('is none in other addresses, and everything in one that says nothing sensible', () => {
    expect([choiceIn(''), choiceIn('#notebook=abc'), choiceIn('#dashboards')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(choiceIn('#dashboard?last=9y&from=yesterday&to=')).toEqual({range: undefined, sensors: []});
  });
});

const source: TileSource = {
  columns: [],
  rows: 10,
  times: new Map(),
  values: new Map([['serial', Array.from({length: 10}, (_, i) => `S${i}`)]]),
};
test('a text that is another one in every row is no sensor', () => {
  expect(findFilters(noDashboard, [{tile: tileOf('table', 'a'), source}]).sensor).toBeUndefined();
});
