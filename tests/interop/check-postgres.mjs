import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {readyApp} from '../bench/lib/page.mjs';
import {sparkSubmit} from './check-equality.mjs';
import {same} from './compare.mjs';
import {work} from './environment.mjs';
import {columns, indexes, startServer, whyNoServer} from './postgres-server.mjs';

const fence = (/** @type {string} */ header, /** @type {string} */ body) => `\`\`\`${header}\n${body}\n\`\`\`\n\n`;

/** Rows of every type with the values that are hard to carry, and names that need quotes. */
const notebook =
  fence(
    'sql hard',
    `SELECT * FROM (VALUES
  (1, true, 9223372036854775807, 170141183460469231731687303715884105727::HUGEINT, 0.1::FLOAT, 'NaN'::DOUBLE, 12.30::DECIMAL(10,2), '', DATE '2024-02-29', TIMESTAMP '2024-02-29 12:34:56.789012', TIMESTAMPTZ '2024-03-31 01:30:00.000001+00'),
  (2, false, -9223372036854775808, -1::HUGEINT, 'Infinity'::FLOAT, '-Infinity'::DOUBLE, -0.01::DECIMAL(10,2), E'tab\\tline\\nback\\\\slash\\n\\\\.\\n\\\\restrict', DATE '0044-03-15 (BC)', 'infinity'::TIMESTAMP, 'infinity'::TIMESTAMPTZ),
  (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (4, true, 0, 0::HUGEINT, 3.4028235e38::FLOAT, 5e-324::DOUBLE, 99999999.99::DECIMAL(10,2), 'größe 😀 "q" ''s'' \\N', 'infinity'::DATE, TIMESTAMP '0044-03-15 (BC) 01:02:03', TIMESTAMPTZ '1969-12-31 23:59:59.999999+00')
) t("Id", flag, big, huge, f, d, "select", "a ""b""", day, "at", zoned)`,
  ) +
  fence(
    'sql more',
    `SELECT 1 AS id, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::UUID AS u, '\\x00\\xFF'::BLOB AS b, INTERVAL '1 year 2 months 3 days 04:05:06.789' AS i, ['a,b', NULL, 'q"u\\e', ''] AS l, [1.5, NULL] AS n, {'k "q"': [1, NULL], 't': E'x\\ny'} AS s, '0101'::BIT AS bits, TIME '23:59:59.999999' AS t UNION ALL SELECT 2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL`,
  ) +
  fence('sql nothing', 'SELECT 1 AS a, NULL::VARCHAR AS b WHERE false') +
  fence('sql many', "SELECT i AS id, 'sensor ' || i AS name, i / 7 AS v FROM range(100000) t(i)") +
  fence('step one = postgres', 'from: hard\ntable: Hard "rows"\nkeys: [Id]\nindexes: [at, "a \\"b\\""]') +
  fence('step two = postgres', 'from: more\ntable: more\nkeys: [id]') +
  fence('step three = postgres', 'from: nothing\ntable: user') +
  fence('step four = postgres', 'from: many\ntable: many\nkeys: [id]\nindexes: [name]');

/** What Spark knows too: an upsert, a table that is replaced, and a psql cell whose rows are written again. */
const forSpark =
  fence(
    'sql readings',
    `SELECT * FROM (VALUES
  ('COMP-001', TIMESTAMP '2024-02-01 00:00:00.000001', 21.4::DOUBLE, CAST(12.30 AS DECIMAL(10,2)), true, CAST(6 AS BIGINT), DATE '2024-02-29', ''),
  ('COMP-002', TIMESTAMP '2024-07-01 01:30:00', CAST('NaN' AS DOUBLE), CAST(-0.01 AS DECIMAL(10,2)), false, CAST(-9223372036854775807 AS BIGINT), DATE '1969-12-31', 'größe 😀 "q" \\ x'),
  ('o''brien', TIMESTAMP '1969-12-31 23:59:59.999999', CAST('-Infinity' AS DOUBLE), NULL, NULL, NULL, NULL, NULL)
) t(sensor_id, "timestamp", temperature, share, alive, "user", day, "a ""b""")`,
  ) +
  fence('step agg = postgres', 'table: sensor_readings_agg\nkeys: [sensor_id, timestamp]\nindexes: [timestamp, user]') +
  fence('step plain = postgres', 'from: readings\ntable: Order "1"') +
  fence(
    'psql found',
    'SELECT sensor_id, max("timestamp") AS last, avg(share) AS share, sum("user") AS total, count(*) AS n, bool_or(alive) AS alive\nFROM sensor_readings_agg GROUP BY sensor_id;',
  ) +
  fence('step again = postgres', 'from: found\ntable: found\nkeys: [sensor_id]');

/** A row as one text, which PostgreSQL writes with every digit. @param {string} table */
const rowsOf = (table) => `SELECT t::text AS row FROM public.${table} t ORDER BY t::text COLLATE "C"`;

/**
 * What the page’s PostgreSQL dumps is loaded by `psql -f` into a stock server, which then has the same tables, types, keys, indexes and rows.
 * A PySpark job writes the same tables by JDBC.
 * @param {import('./compare.mjs').Checks} checks
 * @param {boolean} hasSpark
 */
export async function postgresElsewhere(checks, hasSpark) {
  const why = whyNoServer();
  if (why !== undefined) return checks.check('a PostgreSQL server is set up', () => Promise.reject(new Error(why)));
  const folder = join(work, 'postgres');
  mkdirSync(folder, {recursive: true});
  const [app, server] = await Promise.all([readyApp(), startServer()]);
  try {
    const {page} = app;
    console.log(`Chromium and ${server.version} are ready.`);
    const asked = (/** @type {string} */ query) =>
      page.evaluate(async (text) => {
        const {columns: found, rows} = await window.lakebook.postgres.query(text);
        return rows.map((row) => Object.fromEntries(row.map((value, i) => [found[i]?.name ?? '', value])));
      }, query);
    const report = await page.evaluate(async (text) => {
      await window.lakebook.open(text);
      return window.lakebook.run();
    }, notebook);
    same(
      'cells that failed',
      report.cells.filter(({status}) => status !== 'ok').map(({name, error}) => [name, error?.message]),
      [],
    );
    const dump = await page.evaluate(async () => (await window.lakebook.postgres.dump()).text());
    const file = join(folder, 'lakebook.sql');
    writeFileSync(file, dump, {mode: 0o644});
    await checks.check(`the page’s dump loads into ${server.version} with ON_ERROR_STOP`, () => void server.load(file));
    await checks.check('its tables have the same columns, types and NOT NULL there', async () =>
      same('columns', server.rows(columns), await asked(columns)),
    );
    await checks.check('its keys and indexes are there', async () =>
      same('indexes', server.rows(indexes), await asked(indexes)),
    );
    for (const table of ['"Hard ""rows"""', 'more', '"user"', 'many'])
      await checks.check(`${table} has the same rows there`, async () => {
        const expected = await asked(rowsOf(table));
        same(`rows of ${table}`, server.rows(rowsOf(table)), expected);
        return `${expected.length} rows`;
      });
    if (hasSpark)
      await checks.check('a PySpark job writes the same tables by JDBC, and again on a second run', () =>
        byJob(page, server, folder),
      );
    await checks.check('the page has no uncaught errors', () => same('faults', app.faults, []));
  } finally {
    server.close();
    await app.close();
  }
}

/** @param {import('playwright-core').Page} page @param {Awaited<ReturnType<typeof startServer>>} server @param {string} folder */
async function byJob(page, server, folder) {
  const {job, dump, problems} = await page.evaluate(async (text) => {
    const {postgres} = window.lakebook;
    for (const {name} of await postgres.tables()) await postgres.drop(name);
    await window.lakebook.open(text);
    const {cells} = await window.lakebook.run();
    return {
      job: await window.lakebook.handover('pyspark'),
      dump: await (await postgres.dump()).text(),
      problems: cells.flatMap(({name, error}) => (error === undefined ? [] : [`${name}: ${error.message}`])),
    };
  }, forSpark);
  same('cells that failed', problems, []);
  const [script, sql] = [join(folder, 'job.py'), join(folder, 'job.sql')];
  writeFileSync(script, job);
  writeFileSync(sql, dump, {mode: 0o644});
  for (const database of ['page', 'job']) server.execute(`CREATE DATABASE ${database}`);
  server.load(sql, 'page');
  const settings = {
    'spark.jars.packages': 'org.postgresql:postgresql:42.7.7',
    'spark.jars.ivy': join(work, '..', 'postgres-ivy'),
    'spark.driver.extraJavaOptions': '-Duser.timezone=America/New_York',
  };
  const packages = Object.entries(settings).flatMap(([name, value]) => ['--conf', `${name}=${value}`]);
  const env = {...server.env, PGDATABASE: 'job'};
  for (const time of ['first', 'second']) {
    const {code, output} = await sparkSubmit(script, ['--output', join(folder, 'output')], packages, folder, env);
    same(`exit code of the ${time} run\n${output}`, code, 0);
  }
  same('columns', server.rows(columns, 'job'), server.rows(columns, 'page'));
  same('indexes', server.rows(indexes, 'job'), server.rows(indexes, 'page'));
  for (const table of ['sensor_readings_agg', '"Order ""1"""', 'found'])
    same(`rows of ${table}`, server.rows(rowsOf(table), 'job'), server.rows(rowsOf(table), 'page'));
  const {code, output} = await sparkSubmit(
    script,
    ['--output', join(folder, 'output'), '--skip-postgres'],
    [],
    folder,
    {PGHOST: ''},
  );
  same(`exit code with --skip-postgres\n${output}`, code, 0);
  const silent = await sparkSubmit(script, ['--output', join(folder, 'output')], packages, folder, {
    PGHOST: '127.0.0.1',
    PGPORT: '1',
  });
  same(`exit code without a server\n${silent.output}`, silent.code, 1);
  return '3 tables';
}
