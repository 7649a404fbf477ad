import {afterAll, beforeAll, expect, test} from 'vitest';
import {realData} from '../tools/real-data.ts';
import {launch, type App} from './harness.ts';

let app: App;
beforeAll(async () => {
  app = await launch();
});
afterAll(() => app.close());

const metropt = realData('metropt/metropt3_first_1000.csv');
test.skipIf(metropt.missing)('a metro train’s compressor: an unnamed index column and fifteen signals', async () => {
  await app.addFileFromDisk('metropt.csv', metropt.path);
  await app.open(
    '```step raw = load\nfile: metropt.csv\n```\n\n```step by_minute = aggregate\ntime: {column: timestamp, every: 1m}\nmetrics: {TP2: [avg, max], Motor_current: [avg]}\n```\n',
  );
  const report = await app.run();
  expect(report.cells.flatMap((cell) => cell.error ?? [])).toEqual([]);
  expect(report.cells[0]).toMatchObject({rowsOut: 1000, rejected: 0});
  const {columns} = await app.query('FROM raw LIMIT 0');
  expect(columns.slice(0, 4)).toEqual([
    {name: 'Unnamed: 0', type: 'BIGINT'},
    {name: 'timestamp', type: 'TIMESTAMP'},
    {name: 'TP2', type: 'DOUBLE'},
    {name: 'TP3', type: 'DOUBLE'},
  ]);
  expect(
    (await app.query("SELECT sum(n) FROM (SELECT count(*) AS n FROM raw GROUP BY date_trunc('minute', timestamp))"))
      .rows,
  ).toEqual([[1000n]]);
});

test.skipIf(metropt.missing)(
  'a metro train’s compressor: features of the last minutes and hours of each reading are those of DuckDB’s own windows',
  async () => {
    await app.addFileFromDisk('metropt.csv', metropt.path);
    await app.open(
      '```step raw = load\nfile: metropt.csv\n```\n\n```step timed = time_features\ntime: timestamp\n```\n\n```step rated = rate_of_change\ncolumns: [TP2, Oil_temperature]\ntime: timestamp\n```\n\n```step graded = thresholds\nrules:\n  Oil_temperature: {warning: 60, critical: 75}\n```\n\n```step features = rolling\ncolumns: [TP2, Oil_temperature]\ntime: timestamp\nwindows: [5m, 1h]\n```\n',
    );
    const report = await app.run();
    expect(report.cells.flatMap((cell) => cell.error ?? [])).toEqual([]);
    const raw = await app.query('FROM raw LIMIT 0');
    const {columns} = await app.query('FROM features LIMIT 0');
    expect(columns.length - raw.columns.length).toBe(3 + 2 + 1 + 2 * 2 * 5);
    const differing =
      await app.query(`SELECT count(*) FILTER (WHERE abs("TP2_5m_std" - s) > 1e-9 OR ("TP2_5m_std" IS NULL) <> (s IS NULL) OR "Oil_temperature_1h_max" <> m), count(*)
    FROM (SELECT *, stddev_samp("TP2") OVER (ORDER BY timestamp RANGE BETWEEN INTERVAL 5 MINUTE PRECEDING AND CURRENT ROW) AS s,
      max("Oil_temperature") OVER (ORDER BY timestamp RANGE BETWEEN INTERVAL 1 HOUR PRECEDING AND CURRENT ROW) AS m FROM features)`);
    expect(differing.rows).toEqual([[0n, 1000n]]);
  },
);

const machine = realData('nab/machine_temperature_system_failure.csv');
test.skipIf(machine.missing)('an industrial machine: its failures are outliers', async () => {
  await app.addFileFromDisk('machine.csv', machine.path);
  await app.open(
    '```step raw = load\nfile: machine.csv\n```\n\n```step unique_readings = dedup\nkeys: [timestamp]\n```\n\n```step calm = outliers\ncolumns: [value]\nmethod: mad\n```\n',
  );
  const report = await app.run();
  expect(report.cells.flatMap((cell) => cell.error ?? [])).toEqual([]);
  expect(report.cells[0]).toMatchObject({rowsOut: 22_695, rejected: 0});
  const {rows} = await app.query(
    "SELECT count(*) FILTER (WHERE timestamp BETWEEN '2013-12-15' AND '2013-12-18'), count(*) FROM (FROM unique_readings ANTI JOIN calm USING (timestamp))",
  );
  const [inFailure = 0n, all = 0n] = rows[0] ?? [];
  expect(Number(all)).toBeGreaterThan(0);
  expect(Number(inFailure)).toBeGreaterThan(0);
});
