import {beforeAll, describe, expect, test} from 'vitest';
import {parseNotebook} from '../../../src/notebook/model.ts';
import {plan} from '../../../src/notebook/plan.ts';
import {readParams} from '../../../src/params/index.ts';
import {sql} from '../../../src/sql/sql.ts';
import {simulate} from '../../../src/steps/simulate.ts';
import {openDuckDB} from './native.ts';

type Connection = Awaited<ReturnType<typeof openDuckDB>>;

function valuesOf(body: Record<string, unknown>) {
  const values = readParams(simulate.params, body);
  if (!values.ok) throw new Error(values.problems.map(({message}) => message).join('\n'));
  return values.value;
}

const messages = (body: Record<string, unknown>): string[] =>
  simulate.check?.(valuesOf(body), []).map(({message}) => message) ?? [];

async function create(connection: Connection, name: string, body: Record<string, unknown>): Promise<void> {
  const program = simulate.toSql(valuesOf(body), []);
  if (program.kind === 'sql') await connection.run(`CREATE TABLE ${name} AS ${program.sql}`);
}

const rows = async (connection: Connection, query: string): Promise<unknown[][]> =>
  (await connection.runAndReadAll(query))
    .getRowsJS()
    .map((row) => row.map((value) => (typeof value === 'bigint' ? Number(value) : value)));

test('a notebook from before the compressors has the results that it had', () => {
  const [raw] = plan(
    parseNotebook('---\nlakebook: 1\n---\n\n```step raw = simulate\nsensors: 3\nseed: 7\n```\n'),
    new Map(),
  );
  expect(raw).toMatchObject({hash: '6d47ab0aaa09fd3c'});
});

describe('a week of ten compressors', () => {
  let connection: Connection;
  beforeAll(async () => {
    connection = await openDuckDB();
    await create(connection, 'tidy', {
      preset: 'compressors',
      null_rate: 0,
      duplicate_rate: 0,
      outlier_rate: 0,
      malformed_rate: 0,
      future_rate: 0,
    });
    await create(connection, 'sent', {preset: 'compressors'});
    await create(connection, 'fleet', {preset: 'compressors', table: 'metadata'});
    await create(connection, 'log', {preset: 'compressors', table: 'maintenance'});
  });

  test('10,080 readings, one of each compressor every ten minutes', async () => {
    expect(
      await rows(
        connection,
        'SELECT count(*), count(DISTINCT (compressor_id, timestamp)), min(compressor_id), max(compressor_id), min(timestamp), max(timestamp) FROM tidy',
      ),
    ).toEqual([[10_080, 10_080, 'COMP-001', 'COMP-010', '2024-01-01T00:00:00', '2024-01-07T23:50:00']]);
  });

  test('bearings and temperature of COMP-003 and COMP-007 get worse every day, those of the others don’t', async () => {
    const days = sql`SELECT compressor_id, substr(timestamp, 1, 10) AS day, avg(vibration_mms) AS v, avg(discharge_temp_f) AS t FROM tidy GROUP BY ALL`;
    const worse = sql`SELECT compressor_id, v > lag(v) OVER w AND t > lag(t) OVER w AS worse FROM (${days}) WINDOW w AS (PARTITION BY compressor_id ORDER BY day)`;
    const always = await rows(
      connection,
      `SELECT compressor_id FROM (${worse}) WHERE worse IS NOT NULL GROUP BY ALL HAVING bool_and(worse) ORDER BY ALL`,
    );
    expect(always).toEqual([['COMP-003'], ['COMP-007']]);
    expect(
      await rows(
        connection,
        'SELECT DISTINCT compressor_id FROM tidy WHERE vibration_mms > 7.1 OR discharge_temp_f > 250 ORDER BY ALL',
      ),
    ).toEqual([['COMP-003'], ['COMP-007']]);
  });

  test('gas is warmest in the afternoon, and the load highest around noon', async () => {
    const peak = async (column: string): Promise<unknown> =>
      (
        await rows(
          connection,
          `SELECT substr(timestamp, 12, 2) FROM tidy WHERE compressor_id NOT IN ('COMP-003', 'COMP-007') GROUP BY ALL ORDER BY avg(${column}) DESC LIMIT 1`,
        )
      )[0]?.[0];
    expect(['11', '12', '13', '14']).toContain(await peak('horsepower'));
    expect(['12', '13', '14', '15', '16']).toContain(await peak('discharge_temp_f'));
  });

  test('each damage is there in about its share, and nothing else is different', async () => {
    const share = async (condition: string): Promise<number> =>
      Number((await rows(connection, `SELECT count(*) / 10080e0 FROM sent WHERE ${condition}`))[0]?.[0]);
    const missing =
      'vibration_mms IS NULL OR discharge_temp_f IS NULL OR suction_pressure_psi IS NULL OR discharge_pressure_psi IS NULL OR horsepower IS NULL OR gas_flow_mcfd IS NULL';
    expect(await share(missing)).toBeCloseTo(0.02, 2);
    expect(await share('vibration_mms = 99.9 OR discharge_temp_f = 999.9 OR suction_pressure_psi = 0')).toBeCloseTo(
      0.002,
      3,
    );
    expect(await share("NOT regexp_full_match(compressor_id, 'COMP-\\d{3}') OR length(timestamp) < 19")).toBeCloseTo(
      0.002,
      3,
    );
    expect(await share("timestamp > '2043'")).toBeCloseTo(0.001, 3);
    expect((await share('true')) - 1).toBeCloseTo(0.01, 2);
    expect(await share('runtime_hours NOT IN (SELECT runtime_hours FROM tidy)')).toBe(0);
  });

  test('the list and the log are of the same compressors', async () => {
    expect(
      await rows(
        connection,
        "SELECT (SELECT count(*) FROM fleet SEMI JOIN tidy USING (compressor_id)), count(*), count(DISTINCT compressor_id), count(*) FILTER (performed_on >= DATE '2024-01-01') FROM log",
      ),
    ).toEqual([[10, 60, 10, 0]]);
    expect(await rows(connection, "SELECT compressor_id FROM log WHERE notes LIKE '%bearings%' ORDER BY ALL")).toEqual([
      ['COMP-003'],
      ['COMP-007'],
    ]);
    expect(
      await rows(
        connection,
        'SELECT count(*) FROM log JOIN (SELECT compressor_id, min(runtime_hours) AS first FROM tidy GROUP BY ALL) USING (compressor_id) WHERE runtime_hours >= first',
      ),
    ).toEqual([[0]]);
  });
});

test('4,500 compressors have ids that go on after COMP-999', async () => {
  const connection = await openDuckDB();
  await create(connection, 'fleet', {preset: 'compressors', table: 'metadata', compressors: 4500});
  expect(
    await rows(
      connection,
      "SELECT count(DISTINCT compressor_id), count(*) FILTER (regexp_full_match(compressor_id, 'COMP-\\d{3,4}')), last(compressor_id) FROM fleet",
    ),
  ).toEqual([[4500, 4500, 'COMP-4500']]);
});

test('what can’t be simulated is said before it runs', () => {
  expect(messages({preset: 'compressors', compressors: 2})).toEqual([]);
  expect(messages({preset: 'compressors', failing: ['COMP-011']})).toEqual(['There is no compressor COMP-011.']);
  expect(messages({preset: 'compressors', failing: ['pump 3']})).toEqual(['There is no compressor pump 3.']);
  expect(messages({preset: 'compressors', interval: '1500ms'})).toEqual([
    'The interval is no whole number of seconds, and compressors write their time in them.',
  ]);
  expect(messages({preset: 'compressors', compressors: 4500, days: 365})).toEqual([
    'That would be 236,520,000 readings.',
  ]);
  expect(messages({preset: 'compressors', null_rate: 0.6, future_rate: 0.5})).toEqual([
    'The shares of damaged rows add up to more than all rows.',
  ]);
  expect(messages({null_rate: 0.9, future_rate: 0.5})).toEqual([]);
});
