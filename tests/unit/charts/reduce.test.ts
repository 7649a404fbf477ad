import {beforeAll, describe, expect, test} from 'vitest';
import {captionOf, checkChart, reduceChart} from '../../../src/charts/reduce.ts';
import {mostPoints, readRows, type ChartRow, type ReducedChart} from '../../../src/charts/reduced.ts';
import {marks, type ChartSpec} from '../../../src/charts/spec.ts';
import {unwrap} from '../../../src/lib/problem.ts';
import {id} from '../../../src/sql/sql.ts';
import type {Column} from '../../../src/sql/types.ts';
import {openDatabase, type Database} from './database.ts';

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

const columns: readonly Column[] = [
  {name: 'sensor_id', type: 'VARCHAR'},
  {name: 'timestamp', type: 'TIMESTAMP'},
  {name: 'temperature', type: 'DOUBLE'},
  {name: 'humidity', type: 'DOUBLE'},
];

let database: Database;

beforeAll(async () => {
  database = await openDatabase();
  await database.run(`CREATE TABLE readings AS SELECT 'S' || (i % 20) AS sensor_id, TIMESTAMP '2024-01-01' + to_seconds(i * 10) AS timestamp, i % 2 = 0 AS even,
    CASE WHEN i % 100 = 7 THEN NULL WHEN i % 100 = 8 THEN 'nan'::DOUBLE ELSE 20 + sin(i / 900) END AS temperature, 40 + i % 7 AS humidity, (i % 30)::DECIMAL(10, 2) AS level,
    DATE '2024-01-01' + (i % 60)::INT AS day FROM range(40000) r(i)`);
  await database.run(
    `CREATE TABLE few AS FROM (VALUES ('a', TIMESTAMP '2024-02-01 00:00:00', 1.0), ('a', TIMESTAMP '2024-02-01 01:00:00', 3.0), ('b', TIMESTAMP '2024-02-01 01:00:00', 5.0), ('b', NULL, 7.0)) t(sensor_id, timestamp, temperature)`,
  );
});

async function draw(
  table: string,
  spec: Partial<ChartSpec>,
): Promise<{chart: ReducedChart; rows: ChartRow[]; points: readonly ChartRow[]}> {
  const chart = unwrap(reduceChart({...bare, ...spec}, await database.columns(table), id(table)));
  const rows = await database.objects(chart.sql);
  return {chart, rows, points: readRows(rows).points};
}

const examples: Readonly<Record<(typeof marks)[number], Partial<ChartSpec>>> = {
  line: {x: 'timestamp', y: ['temperature']},
  area: {x: 'timestamp', y: ['humidity'], aggregate: 'avg', color: 'sensor_id'},
  bar: {x: 'sensor_id', y: ['temperature']},
  dot: {x: 'temperature', y: ['humidity'], color: 'sensor_id'},
  histogram: {x: 'temperature'},
  box: {x: 'sensor_id', y: ['temperature']},
  heatmap: {x: 'timestamp', y: ['sensor_id'], color: 'temperature'},
};

describe('every mark', () => {
  test.each(marks)('%s: its SQL is the golden one', async (mark) => {
    await expect(
      `${unwrap(reduceChart({...bare, mark, ...examples[mark]}, columns, id('readings'))).sql}\n`,
    ).toMatchFileSnapshot(`golden/${mark}.sql`);
  });

  test.each(marks)('%s: 40,000 rows become few points with values', async (mark) => {
    const {points} = await draw('readings', {mark, ...examples[mark]});
    expect(points.length).toBeGreaterThan(5);
    expect(points.length).toBeLessThanOrEqual(mostPoints);
  });

  test.each(marks)('%s: an empty table, an all-null column, one row, a name in quotes', async (mark) => {
    const {x, y = [], color} = examples[mark];
    await database.run('CREATE OR REPLACE TABLE empty AS FROM readings LIMIT 0');
    expect((await draw('empty', {mark, ...examples[mark]})).points).toEqual([]);

    await database.run(
      'CREATE OR REPLACE TABLE nulls AS SELECT sensor_id, timestamp, even, NULL::DOUBLE AS temperature, NULL::DOUBLE AS humidity FROM readings LIMIT 50',
    );
    const blank = await draw('nulls', {mark, ...examples[mark]});
    expect(blank.points.filter((point) => typeof point['y'] === 'number')).toEqual([]);
    expect(captionOf(blank.chart, blank.rows)).toContain('50 of 50 rows have no value');

    await database.run('CREATE OR REPLACE TABLE one AS FROM readings LIMIT 1');
    expect((await draw('one', {mark, ...examples[mark]})).points).toHaveLength(1);

    const odd = (name: string): string => `${name} "it's"`;
    const named = ['sensor_id', 'timestamp', 'temperature', 'humidity']
      .map((name) => `${name} AS ${id(odd(name))}`)
      .join();
    await database.run(`CREATE OR REPLACE TABLE ${id(odd('t'))} AS SELECT ${named} FROM readings LIMIT 100`);
    const {points} = await draw(odd('t'), {
      mark,
      ...(x === undefined ? {} : {x: odd(x)}),
      y: y.map(odd),
      ...(color === undefined ? {} : {color: odd(color)}),
    });
    expect(points.length).toBeGreaterThan(0);
  });

  test.each(['source', 'extent', 'rows', 'groups', 'points', 'x_step'])(
    'a table called %s is not mistaken for a part of the query',
    async (name) => {
      await database.run(`CREATE OR REPLACE TABLE ${id(name)} AS FROM readings LIMIT 300`);
      for (const mark of marks)
        expect((await draw(name, {mark, ...examples[mark]})).points.length, mark).toBeGreaterThan(0);
      await database.run(`DROP TABLE ${id(name)}`);
    },
  );
});

describe('line', () => {
  test('few rows are drawn as they are, in order, gaps included', async () => {
    await database.run(
      'CREATE OR REPLACE TABLE gap AS SELECT i AS x, CASE WHEN i <> 2 THEN i * 10 END AS y FROM range(4) r(i)',
    );
    const {points, chart, rows} = await draw('gap', {x: 'x', y: ['y']});
    expect(points.map(({x, y}) => [x, y])).toEqual([[0, 0], [1, 10], [2, null], [3, 30]]); // prettier-ignore
    expect(captionOf(chart, rows)).toBe('1 of 4 rows have no value here and are left out.');
  });

  test('many rows keep the extremes of every span at their own places', async () => {
    await database.run(
      'CREATE OR REPLACE TABLE spike AS SELECT i AS x, CASE i WHEN 123456 THEN 99.5 WHEN 777 THEN -99.5 ELSE sin(i / 5000) END AS y FROM range(500000) r(i)',
    );
    const {points} = await draw('spike', {x: 'x', y: ['y']});
    expect(points).toContainEqual(expect.objectContaining({x: 123456, y: 99.5}));
    expect(points).toContainEqual(expect.objectContaining({x: 777, y: -99.5}));
    expect(points).toContainEqual(expect.objectContaining({x: 0, y: 0}));
    expect(points.length).toBeLessThanOrEqual(4 * 1001);
  });

  test('many colours and facets still stay below the limit', async () => {
    const {points, chart, rows} = await draw('readings', {
      x: 'timestamp',
      y: ['temperature', 'humidity'],
      color: 'sensor_id',
      facet: 'sensor_id',
    });
    expect(points.length).toBeLessThanOrEqual(mostPoints * 1.2);
    expect(captionOf(chart, rows)).toContain('6 of 20 values of sensor_id have a colour');
    expect(captionOf(chart, rows)).toContain('9 of 20 values of sensor_id are shown');
  });

  test('several y columns become series of their names', async () => {
    const {points} = await draw('few', {x: 'timestamp', y: ['temperature', 'temperature']});
    expect(new Set(points.map((point) => point['color']))).toEqual(new Set([null]));
    const two = await draw('readings', {x: 'timestamp', y: ['temperature', 'humidity']});
    expect(new Set(two.points.map((point) => point['color']))).toEqual(new Set(['temperature', 'humidity']));
  });

  test('an aggregate is taken for each x, rows without x are counted', async () => {
    const {points, chart, rows} = await draw('few', {x: 'timestamp', y: ['temperature'], aggregate: 'avg'});
    expect(points.map(({x, y}) => [x, y])).toEqual([[Date.UTC(2024, 1, 1), 1], [Date.UTC(2024, 1, 1, 1), 4]]); // prettier-ignore
    expect(captionOf(chart, rows)).toBe('1 of 4 rows have no value here and are left out.');
  });

  test('an aggregate over many times is taken for round spans and equals SQL', async () => {
    const {points, chart, rows} = await draw('readings', {x: 'timestamp', y: ['humidity'], aggregate: 'avg'});
    expect(captionOf(chart, rows)).toBe('One point for each 15 minutes.');
    const direct = await database.objects(
      "SELECT epoch_ms(time_bucket(INTERVAL '15 minutes', timestamp))::DOUBLE AS x, avg(humidity) AS y FROM readings GROUP BY ALL ORDER BY 1",
    );
    expect(points.map(({x, y}) => ({x, y}))).toEqual(direct);
  });

  test('infinite times and numbers are no places', async () => {
    await database.run(
      "CREATE OR REPLACE TABLE odd AS FROM (VALUES (TIMESTAMP 'infinity', 1.0), (TIMESTAMP '2024-01-01', 'inf'::DOUBLE), (TIMESTAMP '2024-01-02', 2.0)) t(x, y)",
    );
    const {points} = await draw('odd', {x: 'x', y: ['y']});
    expect(points.map(({y}) => y)).toEqual([null, 2]);
  });
});

describe('bar', () => {
  test('the largest 50 texts have bars, the rest is one', async () => {
    await database.run("CREATE OR REPLACE TABLE many AS SELECT 'k' || i AS k, i AS n FROM range(200) r(i)");
    const {points, chart, rows} = await draw('many', {mark: 'bar', x: 'k', y: ['n'], aggregate: 'sum'});
    expect(points).toHaveLength(51);
    expect(points.find(({x}) => x === '(other)')?.['y']).toBe((149 * 150) / 2);
    expect(points.find(({x}) => x === 'k199')?.['y']).toBe(199);
    expect(captionOf(chart, rows)).toBe('50 of 200 values of k; the rest is “other”.');
  });

  test('without y it counts rows', async () => {
    const {points, chart} = await draw('few', {mark: 'bar', x: 'sensor_id'});
    expect(points.map(({x, y}) => [x, y])).toEqual([['a', 2], ['b', 2]]); // prettier-ignore
    expect(chart.y.label).toBe('rows');
  });

  test('days that come daily keep their pace, seconds become round spans', async () => {
    const days = await draw('readings', {mark: 'bar', x: 'day', y: ['humidity'], aggregate: 'sum'});
    expect(days.points).toHaveLength(60);
    expect(days.points.every(({x, x1}) => Number(x1) - Number(x) === 86_400_000)).toBe(true);
    const times = await draw('readings', {mark: 'bar', x: 'timestamp'});
    expect(captionOf(times.chart, times.rows)).toBe('One bar for each hour.');
    expect(times.points.reduce((sum, {y}) => sum + Number(y), 0)).toBe(40_000);
  });

  test('months are whole months', async () => {
    await database.run(
      "CREATE OR REPLACE TABLE months AS SELECT DATE '2023-01-01' + to_months(i::INT) AS month, i AS n FROM range(14) r(i)",
    );
    const {points} = await draw('months', {mark: 'bar', x: 'month', y: ['n']});
    expect(points.map(({x}) => new Date(Number(x)).toISOString().slice(0, 10)).slice(0, 4)).toEqual([
      '2023-01-01',
      '2023-02-01',
      '2023-03-01',
      '2023-04-01',
    ]);
    expect(points.map(({y}) => y)).toEqual(Array.from({length: 14}, (_, i) => i));
  });

  test('few different numbers each have a bar, many are cut into bins', async () => {
    expect((await draw('readings', {mark: 'bar', x: 'level'})).points.every(({x1}) => x1 === null)).toBe(true);
    expect((await draw('readings', {mark: 'bar', x: 'temperature'})).points.every(({x1}) => x1 !== null)).toBe(true);
  });

  test('true and false are categories, and a share when averaged', async () => {
    expect((await draw('readings', {mark: 'bar', x: 'even'})).points.map(({x}) => x)).toEqual(['false', 'true']);
    expect(
      (await draw('readings', {mark: 'bar', x: 'sensor_id', y: ['even']})).points.find(({x}) => x === 'S1')?.['y'],
    ).toBe(0);
  });
});

describe('dot', () => {
  test('a large table gives the same sample each time', async () => {
    const [first, second] = [
      await draw('readings', {mark: 'dot', x: 'temperature', y: ['humidity']}),
      await draw('readings', {mark: 'dot', x: 'temperature', y: ['humidity']}),
    ];
    expect(first.points).toEqual(second.points);
    expect(first.points.length).toBeGreaterThan(4500);
    expect(first.points.length).toBeLessThanOrEqual(12_000);
    expect(captionOf(first.chart, first.rows)).toMatch(
      /^A sample of 1\d,\d\d\d of 39,200 rows\. 800 of 40,000 rows have no value/,
    );
  });

  test('a number gives a scale of colours, a text groups', async () => {
    expect(
      (await draw('readings', {mark: 'dot', x: 'temperature', y: ['humidity'], color: 'level'})).chart.color?.kind,
    ).toBe('number');
    const {chart, points} = await draw('readings', {
      mark: 'dot',
      x: 'temperature',
      y: ['humidity'],
      color: 'sensor_id',
    });
    expect(chart.color?.kind).toBe('category');
    expect(new Set(points.map(({color}) => color)).size).toBe(13);
  });
});

describe('histogram', () => {
  const histogram = async (
    values: string,
    spec: Partial<ChartSpec> = {},
  ): Promise<readonly (readonly [unknown, unknown, unknown])[]> => {
    await database.run(`CREATE OR REPLACE TABLE numbers AS SELECT unnest(${values}) AS v`);
    return (await draw('numbers', {mark: 'histogram', x: 'v', ...spec})).points.map(({x, x1, y}) => [x, x1, y]);
  };

  test('edges are exact tenths and a value on an edge belongs to the bin it starts', async () => {
    expect(await histogram('[0.0::DOUBLE, 0.1, 0.2, 0.3, 0.7, 0.8]', {bins: 8})).toEqual([
      [0, 0.1, 1],
      [0.1, 0.2, 1],
      [0.2, 0.3, 1],
      [0.3, 0.4, 1],
      [0.7, 0.8, 1],
      [0.8, 0.9, 1],
    ]);
  });

  test('whole numbers have whole bins', async () => {
    expect(await histogram('[1, 2, 2, 3]', {bins: 100})).toEqual([[1, 2, 1], [2, 3, 2], [3, 4, 1]]); // prettier-ignore
  });

  test('one value, negative values, huge ranges', async () => {
    expect(await histogram('[5.5::DOUBLE, 5.5]')).toEqual([[5, 6, 2]]);
    expect((await histogram('[-10.0::DOUBLE, -0.5, 10]', {bins: 4})).map(([x]) => x)).toEqual([-10, -5, 10]);
    expect((await histogram('[-1e300::DOUBLE, 1e300]')).reduce((sum, [, , y]) => sum + Number(y), 0)).toBe(2);
  });

  test('every row with a value is in one bin', async () => {
    const {points} = await draw('readings', {mark: 'histogram', x: 'temperature', color: 'sensor_id'});
    expect(points.reduce((sum, {y}) => sum + Number(y), 0)).toBe(39_200);
  });
});

describe('box', () => {
  test('quartiles, whiskers and outliers are those of SQL', async () => {
    await database.run('CREATE OR REPLACE TABLE spread AS SELECT unnest([1, 2, 3, 4, 5, 6, 7, 8, 9, 100, -50]) AS v');
    const {points} = await draw('spread', {mark: 'box', y: ['v']});
    expect(points.find(({y}) => y === null)).toMatchObject({
      x: '',
      low: 1,
      q1: 2.5,
      median: 5,
      q3: 7.5,
      high: 9,
      n: 11,
      outliers: 2,
    });
    expect(points.flatMap(({y}) => y ?? [])).toEqual([-50, 100]);
  });

  test('at most 40 outliers are drawn, the farthest', async () => {
    await database.run(
      'CREATE OR REPLACE TABLE spread AS SELECT CASE WHEN i < 10000 THEN i % 10 ELSE i END AS v FROM range(10500) r(i)',
    );
    const {points} = await draw('spread', {mark: 'box', y: ['v']});
    expect(points.find(({y}) => y === null)?.['outliers']).toBe(500);
    expect(points.flatMap(({y}) => y ?? [])).toHaveLength(20);
    expect(Math.max(...points.flatMap(({y}) => (typeof y === 'number' ? [y] : [])))).toBe(10_499);
  });
});

describe('heat map', () => {
  test('a text against time takes the average of the number in color', async () => {
    const {points} = await draw('few', {mark: 'heatmap', x: 'timestamp', y: ['sensor_id'], color: 'temperature'});
    expect(points.map(({x, y, color}) => [new Date(Number(x)).getUTCHours(), y, color])).toEqual([[0, 'a', 1], [1, 'a', 3], [1, 'b', 5]]); // prettier-ignore
  });

  test('two numbers become bins that count rows', async () => {
    const {points, chart} = await draw('readings', {mark: 'heatmap', x: 'temperature', y: ['level']});
    expect(points.reduce((sum, {color}) => sum + Number(color), 0)).toBe(39_200);
    expect(chart.color?.label).toBe('rows');
  });
});

describe('what can not be drawn', () => {
  const problems = (spec: Partial<ChartSpec>) => checkChart({...bare, ...spec}, columns, id('readings'));

  test.each([
    [
      {mark: 'line', x: 'timestmp', y: ['temperature']},
      'COLUMN_NOT_FOUND',
      'Did you mean timestamp?',
      {param: 'x', column: 'timestmp'},
    ],
    [{mark: 'line', y: ['temperature']}, 'CHART_NEEDS_COLUMN', 'Name a column such as timestamp in x.', {param: 'x'}],
    [
      {mark: 'line', x: 'sensor_id', y: ['temperature']},
      'CHART_COLUMN_TYPE',
      'Use mark: bar, or cast sensor_id to a time or a number first.',
      {param: 'x', column: 'sensor_id'},
    ],
    [
      {mark: 'line', x: 'timestamp', y: ['sensor_id']},
      'CHART_COLUMN_TYPE',
      'Cast sensor_id to a number first, or set aggregate: count.',
      {param: 'y', column: 'sensor_id'},
    ],
    [
      {mark: 'bar', x: 'sensor_id', aggregate: 'sum'},
      'CHART_NEEDS_COLUMN',
      'Name it in y; without y a bar counts rows.',
      {param: 'y'},
    ],
    [
      {mark: 'histogram', x: 'sensor_id'},
      'CHART_COLUMN_TYPE',
      'Use mark: bar to count texts.',
      {param: 'x', column: 'sensor_id'},
    ],
    [{mark: 'box', x: 'sensor_id'}, 'CHART_NEEDS_COLUMN', 'Name the number column in y.', {param: 'y'}],
    [
      {mark: 'heatmap', x: 'timestamp', y: ['sensor_id'], color: 'sensor_id'},
      'CHART_COLUMN_TYPE',
      'Leave color out to count rows.',
      {param: 'color', column: 'sensor_id'},
    ],
  ] as const satisfies readonly (readonly [Partial<ChartSpec>, string, string, object])[])(
    '%j',
    (spec, code, hint, where) => {
      expect(problems(spec)).toEqual([expect.objectContaining({code, hint, where})]);
    },
  );

  test('every missing column is told at once', () => {
    expect(
      problems({mark: 'line', x: 'tme', y: ['temprature', 'humidity'], color: 'nothing_like_it'}).map(
        ({where}) => where?.param,
      ),
    ).toEqual(['y', 'x', 'color']);
  });

  test('names are found without case, as SQL does', () => {
    expect(problems({mark: 'line', x: 'TIMESTAMP', y: ['Temperature']})).toEqual([]);
  });
});
