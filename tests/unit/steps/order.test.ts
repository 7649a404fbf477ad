import {DuckDBInstance, type DuckDBConnection} from '@duckdb/node-api';
import {beforeAll, describe, expect, test} from 'vitest';
import {readParams} from '../../../src/params/index.ts';
import {id, join, sql} from '../../../src/sql/sql.ts';
import type {Input} from '../../../src/steps/define.ts';
import {stepOf} from '../../../src/steps/index.ts';
import {columnsOf} from './native.ts';

const rows = 300_000;
let duckdb: DuckDBConnection;
const inputs = new Map<string, Input>();

// One thread, as in the browser, and several row groups.
beforeAll(async () => {
  duckdb = await (await DuckDBInstance.create(':memory:', {threads: '1'})).connect();
  await duckdb.run(`CREATE TABLE wide AS SELECT i AS place, 'sensor-' || (i * 7919 % 40) AS sensor_id, TIMESTAMP '2024-01-01' + INTERVAL 1 MINUTE * (i // 44) AS minute,
    (i * 104729 % 1000)::VARCHAR AS text, CASE i % 11 WHEN 0 THEN NULL WHEN 1 THEN 'NaN'::DOUBLE ELSE 20 + (i * 7919 % 997) / 100 END AS temperature, i % 3 AS kind FROM range(${rows}) r(i)`);
  // A table of two narrow columns, where one side of a join is as small as the other.
  await duckdb.run(
    `CREATE TABLE narrow AS SELECT i::INTEGER AS place, CASE WHEN i % 5 = 0 THEN NULL ELSE (i * 7919 % 100003)::FLOAT END AS temperature FROM range(${rows}) r(i)`,
  );
  await duckdb.run(
    `CREATE TABLE rooms AS SELECT 'sensor-' || i AS sensor_id, 'room ' || copy AS room FROM range(3, 25) r(i), range(2) c(copy)`,
  );
  await duckdb.run('CREATE TABLE targets (sensor_id VARCHAR, text DOUBLE, place INTEGER, humidity DOUBLE)');
  for (const name of ['wide', 'narrow', 'rooms', 'targets'])
    inputs.set(name, {name, relation: id(name), columns: await columnsOf(duckdb, sql`FROM ${id(name)}`)});
});

async function run(
  kind: string,
  body: Readonly<Record<string, unknown>>,
  table: string,
): Promise<{effect: string; rows: number; disorder: number}> {
  const step = stepOf(kind);
  const input = inputs.get(table);
  if (step === undefined || input === undefined) throw new Error(`no ${kind} or ${table}`);
  const values = readParams(step.params, body);
  if (!values.ok) throw new Error(values.problems.map((problem) => problem.message).join('\n'));
  const other = inputs.get(String(body['with'] ?? body['to']));
  const all = other === undefined ? [input] : [input, other];
  expect(step.check?.(values.value, all) ?? []).toEqual([]);
  const program = step.toSql(values.value, all);
  if (program.kind === 'read' || program.kind === 'through')
    throw new Error('a program that makes no rows of its input keeps no order');
  await duckdb.run(`CREATE OR REPLACE TABLE result AS ${program.kind === 'sql' ? program.sql : program.features}`);
  if (program.kind === 'sql' && program.assigned !== undefined) {
    const names = join(program.assigned.map(id));
    const fields = join(program.assigned.map((name, i) => sql`${id(`f${i}`)} := ${id(name)}`));
    await duckdb.run(`CREATE OR REPLACE TABLE assigned AS SELECT ${names} FROM (${program.sql})`);
    const apart = await duckdb.runAndReadAll(
      `SELECT count(*) FROM (SELECT (a) IS DISTINCT FROM (b) AS is_other FROM (SELECT struct_pack(${fields}) AS a FROM result) POSITIONAL JOIN (SELECT struct_pack(${fields}) AS b FROM assigned)) WHERE is_other`,
    );
    expect(apart.getRowsJS()).toEqual([[0n]]);
  }
  const reader = await duckdb.runAndReadAll(
    'SELECT count(*)::INTEGER, count(*) FILTER (WHERE place < before)::INTEGER FROM (SELECT place, lag(place) OVER () AS before FROM result)',
  );
  const [counted, disorder] = reader.getRowsJS()[0] ?? [];
  return {effect: step.effectOf?.(values.value) ?? step.effect, rows: Number(counted), disorder: Number(disorder)};
}

describe('steps that promise the order of their input keep it', () => {
  test.each<[kind: string, body: Readonly<Record<string, unknown>>, table: string]>([
    ['select', {columns: ['place', 'temperature']}, 'wide'],
    ['rename', {columns: {temperature: 't'}}, 'wide'],
    [
      'derive',
      {columns: {before: 'lag(temperature) OVER (PARTITION BY sensor_id ORDER BY minute)', twice: 'before * 2'}},
      'wide',
    ],
    ['filter', {condition: 'temperature > 22'}, 'wide'],
    ['cast', {columns: {text: 'int'}}, 'wide'],
    ['cast', {columns: {text: 'int'}, on_failure: 'stop'}, 'wide'],
    ['align_schema', {to: 'targets'}, 'wide'],
    ['align_schema', {to: 'targets', on_failure: 'reject'}, 'wide'],
    ['audit_columns', {now: '2024-02-01T00:00:00'}, 'wide'],
    ['mask', {columns: {sensor_id: 'hash', text: 'partial'}}, 'wide'],
    ['extract', {column: 'sensor_id', pattern: '-(?<number>\\d+)'}, 'wide'],
    ['validate', {rules: [{column: 'temperature', min: 21}]}, 'wide'],
    ['validate', {rules: [{column: 'temperature', min: 21}], on_failure: 'flag'}, 'wide'],
    ['dedup', {keys: ['sensor_id', 'minute']}, 'wide'],
    ['dedup', {keys: ['sensor_id', 'minute'], keep: 'last', order_by: 'temperature'}, 'wide'],
    ['dedup', {keys: ['place']}, 'wide'],
    ['dedup', {keys: ['temperature']}, 'narrow'],
    ['dedup', {}, 'narrow'],
    ['drop_nulls', {columns: ['temperature']}, 'wide'],
    ['drop_nulls', {thresh: 6}, 'wide'],
    ['fill', {columns: ['temperature'], method: 'mean'}, 'wide'],
    ['fill', {columns: ['temperature'], method: 'median', by: ['sensor_id']}, 'wide'],
    ['fill', {columns: ['temperature'], method: 'mode', by: ['sensor_id', 'kind']}, 'wide'],
    ['fill', {columns: ['temperature'], method: 'mean', by: ['place']}, 'narrow'],
    // Every fifth group has no value at all: such rows find no partner in a join.
    ['fill', {columns: ['temperature'], method: 'mode', by: ['place']}, 'narrow'],
    ['fill', {columns: ['temperature'], method: 'median', by: ['place']}, 'narrow'],
    ['outliers', {columns: ['temperature'], method: 'mad', by: ['place'], action: 'flag'}, 'narrow'],
    ['fill', {columns: ['temperature'], method: 'constant', value: 0}, 'narrow'],
    ['fill', {columns: ['temperature'], method: 'forward'}, 'narrow'],
    ['fill', {columns: ['temperature'], method: 'forward', by: ['sensor_id'], order_by: 'minute'}, 'wide'],
    ['fill', {columns: ['temperature'], method: 'linear', by: ['sensor_id'], order_by: 'minute'}, 'wide'],
    ['outliers', {columns: ['temperature'], method: 'zscore', threshold: 1.5}, 'wide'],
    ['outliers', {columns: ['temperature'], method: 'iqr', by: ['sensor_id'], action: 'flag'}, 'wide'],
    ['outliers', {columns: ['temperature'], method: 'mad', by: ['kind'], action: 'clip', threshold: 1}, 'wide'],
    ['outliers', {columns: ['temperature'], by: ['place'], action: null}, 'narrow'],
    ['rolling', {columns: ['place', 'temperature'], time: 'minute', by: ['sensor_id']}, 'wide'],
    ['rate_of_change', {columns: ['temperature'], time: 'minute', by: ['sensor_id']}, 'wide'],
    ['thresholds', {rules: {temperature: {warning: 22}}}, 'wide'],
    ['time_features', {time: 'minute'}, 'wide'],
    ['join', {with: 'rooms', on: ['sensor_id'], how: 'semi'}, 'wide'],
    ['join', {with: 'rooms', on: ['sensor_id'], how: 'anti'}, 'wide'],
    ['join', {with: 'rooms', on: ['sensor_id'], how: 'inner'}, 'wide'],
    ['join', {with: 'rooms', on: ['sensor_id'], how: 'left'}, 'wide'],
    ['kmeans', {features: ['place', 'temperature'], handle_invalid: 'keep'}, 'wide'],
  ])('%s %j on the %s table', async (kind, body, table) => {
    const ran = await run(kind, body, table);
    expect(ran.disorder).toBe(0);
    if (ran.effect === 'same') expect(ran.rows).toBe(rows);
    else expect(ran.rows).toBeGreaterThan(0);
  });
});

test('no step needs a hash join that turns its sides, since the order of the rows goes with it', async () => {
  const input = inputs.get('wide');
  if (input === undefined) throw new Error('no table');
  for (const [kind, body] of [
    ['dedup', {keys: ['sensor_id', 'minute']}],
    ['fill', {columns: ['temperature'], method: 'mean', by: ['sensor_id']}],
    ['outliers', {columns: ['temperature'], by: ['sensor_id']}],
  ] as const) {
    const step = stepOf(kind);
    const values = readParams(step?.params ?? {}, body);
    if (step === undefined || !values.ok) throw new Error(kind);
    const program = step.toSql(values.value, [input]);
    if (program.kind !== 'sql') throw new Error(kind);
    const explained = (await duckdb.runAndReadAll(`EXPLAIN ${program.sql}`)).getRowsJS().flat();
    expect(JSON.stringify(explained)).not.toMatch(/Join Type: RIGHT/);
  }
});
