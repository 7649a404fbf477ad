import {describe, expect, test} from 'vitest';
import {sparkExpression, sparkQuery} from '../../../src/pyspark/query.ts';

const columns = Object.entries({
  sensor_id: 'VARCHAR',
  'room temperature': 'DOUBLE',
  x: 'DOUBLE',
  f: 'FLOAT',
  d: 'DECIMAL(10,3)',
  n: 'INTEGER',
  m: 'BIGINT',
  ts: 'TIMESTAMP',
  dt: 'DATE',
  ok: 'BOOLEAN',
  xs: 'INTEGER[]',
}).map(([name, type]) => ({name, type}));
const tables = new Map([
  ['readings', columns],
  ['lake.readings', columns],
  ['lake.readings at (version => 3)', columns],
  ['sites', ['sensor_id', 'site'].map((name) => ({name, type: 'VARCHAR'}))],
]);
const messages = (problems: readonly {message: string; hint: string}[]): string =>
  problems.map(({message, hint}) => `${message} ${hint}`).join('\n');

describe('expressions', () => {
  test.each<[duckdb: string, spark: string]>([
    ["x > 28 AND sensor_id = 's-1'", "x > 28 AND sensor_id = 's-1'"],
    ['"room temperature" * 1.8 + 32', '`room temperature` * 1.8 + 32'],
    ["sensor_id = 'it''s \\ here'", "sensor_id = 'it\\'s \\\\ here'"],
    ['a /* why */ + b -- because', 'a + b'],
    ['x / 2', 'x / 2'],
    ['x / n', 'x / nullif(n, 0)'],
    ['d / 2', 'CAST(d AS DOUBLE) / 2'],
    ['n // 2 + m % n', 'n div 2 + m % nullif(n, 0)'],
    ['x ** 2', 'power(x, 2)'],
    ['round(x, 2)', 'round(x * 100) / 100'],
    ['round(d, 2)', 'round(d, 2)'],
    ['x::INTEGER', 'CAST(rint(x) AS INT)'],
    ['d::INTEGER', 'CAST(round(d) AS INT)'],
    ['floor(x / 10)::INT', 'CAST(floor(x / 10) AS INT)'],
    ['n::DOUBLE', 'CAST(n AS DOUBLE)'],
    ['f > 21.4', 'f > CAST(21.4 AS FLOAT)'],
    ["'2024-02-01'::DATE", "CAST('2024-02-01' AS DATE)"],
    ["ts >= TIMESTAMP '2024-02-01 10:00:00'", "ts >= TIMESTAMP '2024-02-01 10:00:00'"],
    ['dt + INTERVAL 1 DAY', "CAST(dt AS TIMESTAMP) + INTERVAL '1' DAY"],
    ["regexp_matches(sensor_id, '^s-[0-9]+$')", "regexp_like(sensor_id, r'^s-[0-9]+\\z')"],
    ["sensor_id || '-' || n + 1", "sensor_id || '-' || (n + 1)"],
    ["concat(sensor_id, '-', n)", "concat_ws('', sensor_id, '-', n)"],
    ['isodow(ts) <= 5', 'weekday(ts) + 1 <= 5'],
    ["time_bucket(INTERVAL '1 hour', ts)", "date_trunc('hour', ts)"],
    ["strftime(ts, '%Y-%m-%dT%H:%M')", "date_format(ts, 'yyyy-MM-dd\\'T\\'HH:mm')"],
    ['xs[1]', 'try_element_at(xs, 1)'],
    ['list_filter(xs, e -> e > n)', 'filter(xs, e -> e > n)'],
    ['lag(x) OVER (PARTITION BY sensor_id ORDER BY ts)', 'lag(x) OVER (PARTITION BY sensor_id ORDER BY ts NULLS LAST)'],
    [
      'CASE WHEN n IN (1, 2) THEN coalesce(x, 0) ELSE NULL END',
      'CASE WHEN n IN (1, 2) THEN coalesce(x, 0) ELSE NULL END',
    ],
  ])('%s is written for Spark as %s', (duckdb, spark) => {
    const {text, problems} = sparkExpression(duckdb, columns);
    expect(problems).toEqual([]);
    expect(text).toBe(spark);
  });

  test.each<[duckdb: string, problem: RegExp]>([
    ['mode(x)', /equally frequent[^]*ORDER BY count/],
    ['first(x)', /rows’ order[^]*arg_min/],
    ['row_number() OVER ()', /rows’ order[^]*ORDER BY/],
    ['random()', /other values at every run/],
    ['hash(n)', /md5/],
    ['frobnicate(n)', /frobnicate\(\) isn’t known/],
    ['n IN (SELECT n FROM t) IS NULL', /NULL/],
    ['median(d)', /DOUBLE/],
    ['x > sensor_id', /text/],
    ['sensor_id COLLATE NOCASE', /COLLATE/],
    ['x +', /near “the end”/],
    ['regexp_matches(sensor_id, sensor_id)', /written out/],
    ["INTERVAL '1 month 2 days' + ts", /months and days apart/],
    ['typeof(x)', /other names/],
    ["CASE WHEN ok THEN 'a' ELSE 1 END", /texts and numbers/],
  ])('%s can’t be the same in Spark, and the problem names a way out', (duckdb, problem) => {
    expect(messages(sparkExpression(duckdb, columns).problems)).toMatch(problem);
  });

  test('what depends on a type that isn’t known yet is a problem, and what doesn’t is none', () => {
    expect(messages(sparkExpression('round(y, 1)', []).problems)).toMatch(/type of y isn’t known yet[^]*Run the cells/);
    expect(sparkExpression('y / 2 > 3 AND upper(z) = z', [])).toMatchObject({
      text: 'CAST(y AS DOUBLE) / 2 > 3 AND upper(z) = z',
      problems: [],
    });
  });

  test('the type of the values is told where it is known', () => {
    expect(['n / 2', 'd + 1', 'upper(sensor_id)', 'y'].map((text) => sparkExpression(text, columns).type)).toEqual([
      'DOUBLE',
      'DECIMAL(38,3)',
      'VARCHAR',
      undefined,
    ]);
  });
});

describe('queries', () => {
  test('lines, indents and comments stay as they were written', () => {
    const query = `-- by room
SELECT sensor_id, -- whose
       date_trunc('hour', ts) AS hour,
       avg(x) AS mean   /* of all */
FROM readings
WHERE n / m > 1
GROUP BY ALL
ORDER BY mean DESC, sensor_id`;
    const {text, problems} = sparkQuery(query, {tables});
    expect(problems).toEqual([]);
    expect(text).toBe(
      query.replace('n / m', 'n / nullif(m, 0)').replace('DESC, sensor_id', 'DESC, sensor_id NULLS LAST'),
    );
  });

  test.each<[duckdb: string, spark: string]>([
    ['FROM readings', 'SELECT * FROM readings'],
    ['FROM readings SELECT n WHERE ok', 'SELECT n FROM readings WHERE ok'],
    ['SELECT * EXCLUDE (xs) FROM readings', 'SELECT * EXCEPT (xs) FROM readings'],
    ['SELECT * REPLACE (upper(site) AS site) FROM sites', 'SELECT sensor_id, upper(site) AS site FROM sites'],
    [
      'SELECT count(*) FILTER (n > 1) AS many FROM lake.readings AT (VERSION => 3)',
      'SELECT count(*) FILTER (WHERE n > 1) AS many FROM lake.readings VERSION AS OF 3 AS readings',
    ],
    ['SELECT n * 2 AS twice FROM readings WHERE twice > 5', 'SELECT n * 2 AS twice FROM readings WHERE (n * 2) > 5'],
    ['SELECT SENSOR_ID FROM sites', 'SELECT SENSOR_ID AS sensor_id FROM sites'],
    ['SELECT count(*) FROM sites', 'SELECT count(*) AS `count_star()` FROM sites'],
    [
      'SELECT * FROM sites a JOIN sites b ON a.site = b.site',
      'SELECT a.sensor_id, a.site, b.sensor_id AS sensor_id_1, b.site AS site_1 FROM sites AS a JOIN sites AS b ON a.site = b.site',
    ],
    [
      'SELECT n FROM readings UNION ALL BY NAME SELECT site FROM sites',
      'SELECT n, NULL AS site FROM (SELECT n FROM readings) UNION ALL SELECT NULL AS n, site FROM (SELECT site FROM sites)',
    ],
    ['SELECT f FROM range(3) AS r(f)', 'SELECT f FROM range(3) AS r(f)'],
  ])('%s is written for Spark as %s', (duckdb, spark) => {
    const {text, problems} = sparkQuery(duckdb, {tables});
    expect(problems).toEqual([]);
    expect(text).toBe(spark);
  });

  test('QUALIFY becomes a condition around the query', () => {
    const {text} = sparkQuery(
      'SELECT n FROM readings QUALIFY row_number() OVER (PARTITION BY sensor_id ORDER BY ts) = 1',
      {tables},
    );
    expect(text.replace(/\s+/g, ' ')).toBe(
      'SELECT * EXCEPT (is_kept) FROM ( SELECT n, row_number() OVER (PARTITION BY sensor_id ORDER BY ts NULLS LAST) = 1 AS is_kept FROM readings ) WHERE is_kept',
    );
  });

  test('a column without a name gets the one it has in the page', () => {
    expect(
      sparkQuery('SELECT n + 1, max(x) FROM readings GROUP BY ALL', {
        tables,
        result: [{name: '(n + 1)', type: 'INTEGER'}],
      }).text,
    ).toContain('n + 1 AS `(n + 1)`');
    expect(messages(sparkQuery('SELECT n + 1 FROM readings', {tables}).problems)).toMatch(/AS/);
  });

  test.each<[duckdb: string, problem: RegExp]>([
    ['FROM readings LIMIT 3', /no order[^]*ORDER BY/],
    ['SELECT DISTINCT ON (n) * FROM readings', /DISTINCT ON/],
    ['PIVOT readings ON sensor_id USING avg(x)', /FILTER/],
    ['SUMMARIZE readings', /SUMMARIZE/],
    ['FROM readings ASOF JOIN sites USING (sensor_id)', /ASOF/],
    ['FROM readings USING SAMPLE 10', /sample/i],
    ['WITH RECURSIVE r AS (SELECT 1 AS i) FROM r', /RECURSIVE/],
    ["FROM read_csv('x.csv')", /load step/],
    ['SELECT ts - dt AS age FROM readings', /intervals/],
    ['SELECT n IN (SELECT n FROM readings) AS found FROM readings', /EXISTS/],
    ['SELECT n FROM readings UNION ALL SELECT site FROM sites', /text and numbers/],
    ['SELECT * RENAME (a AS b) FROM unknown', /Run the cells/],
  ])('%s is named with what to write instead', (duckdb, problem) => {
    expect(messages(sparkQuery(duckdb, {tables}).problems)).toMatch(problem);
  });
});
