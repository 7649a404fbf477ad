import {afterAll, beforeAll, expect, test} from 'vitest';
import {Runner} from '../../../src/run/runner.ts';
import type {RanCell, Runnable} from '../../../src/run/define.ts';
import type {Program, ProgramOf} from '../../../src/run/program.ts';
import {id, sql} from '../../../src/sql/sql.ts';
import {valuesOf} from '../../../src/ui/faces/figures.ts';
import type {Json, Kernel} from '../../../workers/contract/compute.ts';
import {createComputeService} from '../../../workers/kernels/service.ts';
import {local} from '../clients/local-compute.ts';
import {startNodeEngine, type NodeEngine} from '../engine/node-engine.ts';
import {engineAlone} from '../notebook/native-engine.ts';
import {nodePause} from './run.ts';

/** A report on the input: two parts with a column of every kind, of which the last row is missing; it reads its classes from the arguments. */
const report: Kernel = function* (input, {classes, fails}) {
  const words = (classes as readonly {readonly name: string; readonly since: string}[]).map(({name}) => name);
  const since = (classes as readonly {readonly since: string}[]).map(({since}) => BigInt(Date.parse(since)) * 1000n);
  yield {done: 1, total: 2};
  yield {
    columns: [
      {kind: 'texts', name: 'class', values: Int32Array.of(1, 0), words},
      {kind: 'numbers', name: 'rows', values: Int32Array.of(input.rows, 0)},
      {kind: 'numbers', name: 'share', values: Float64Array.of(0.5, 0.25)},
      {kind: 'times', name: 'since', values: BigInt64Array.from(since)},
      {kind: 'booleans', name: 'is the "best"', values: Int8Array.of(1, 0)},
    ],
  };
  if (fails === true) return {ok: false, error: {code: 'TOO_HARD', message: 'It is too hard.'}};
  yield {
    columns: [
      {kind: 'texts', name: 'class', values: Int32Array.of(-1), words: []},
      {kind: 'numbers', name: 'rows', values: Int32Array.of(-2147483648)},
      {kind: 'numbers', name: 'share', values: Float64Array.of(NaN)},
      {kind: 'times', name: 'since', values: BigInt64Array.of(-(2n ** 63n))},
      {kind: 'booleans', name: 'is the "best"', values: Int8Array.of(-1)},
    ],
  };
  const tables = {
    importance: [
      {kind: 'texts' as const, name: 'feature', values: Int32Array.of(0, -1), words: ['höhe']},
      {kind: 'booleans' as const, name: 'used', values: Int8Array.of(1, -1)},
      {kind: 'times' as const, name: 'at', values: BigInt64Array.of(1_500_000n, -(2n ** 63n))},
      {kind: 'numbers' as const, name: 'n', values: Int32Array.of(3, -2147483648)},
      {kind: 'numbers' as const, name: 'gain', values: Float64Array.of(-2147483648, NaN)},
    ],
  };
  return {ok: true, value: {facts: {classes: words.length}, tables}};
};

let node: NodeEngine;
beforeAll(async () => {
  node = await startNodeEngine();
});
afterAll(() => node.close());

const cell = (name: string, inputs: readonly string[], program: Program): Runnable => ({
  ready: true,
  name,
  kind: program.kind,
  line: 1,
  hash: name,
  inputs: inputs.map((input) => ({name: input, hash: input, rejects: false})),
  sources: [],
  work: {touches: [], check: () => undefined, program: () => program},
});

const readings = cell('readings', [], {kind: 'sql', sql: sql`SELECT i::DOUBLE AS x FROM range(5) r(i)`});
const program = (more: Pick<ProgramOf<'kernel'>, 'gives'> & {fails?: boolean}): Program => ({
  kind: 'kernel',
  fn: 'report',
  features: sql`FROM ${id('result_readings')}`,
  args: {classes, fails: more.fails ?? null},
  gives: more.gives,
  shown: sql`SELECT 1`,
  inSql: false,
});
const classes: Json = [
  {name: 'gut — ü', since: '2024-02-29T12:00:00Z'},
  {name: '', since: '1969-12-31T23:59:59.5Z'},
];

async function run(plan: readonly Runnable[]): Promise<{report: readonly RanCell[]; runner: Runner}> {
  await node.engine.execute(
    ['result_readings', 'result_report', 'result_best'].map((table) => sql`DROP TABLE IF EXISTS ${id(table)}`),
  );
  const {port: compute} = local(() => createComputeService({report}, nodePause));
  const runner = new Runner({...engineAlone(node.engine), compute});
  runner.usePlan(plan);
  return {report: await runner.run(undefined, {}, new AbortController().signal), runner};
}

test('a kernel’s own rows become a table of their own, which cells below read', async () => {
  const best = cell('best', ['report'], {
    kind: 'query',
    written: 'SELECT class FROM report WHERE "is the ""best"""',
    text: 'SELECT class FROM report WHERE "is the ""best"""',
    above: ['readings', 'report'],
  });
  const {report: ran, runner} = await run([readings, cell('report', ['readings'], program({gives: 'rows'})), best]);
  expect(ran.map(({name, status, rowsOut}) => [name, status, rowsOut])).toEqual([
    ['readings', 'ok', 5],
    ['report', 'ok', 3],
    ['best', 'ok', 1],
  ]);
  const result = runner.known('report');
  expect(result?.columns).toEqual([
    {name: 'class', type: 'VARCHAR'},
    {name: 'rows', type: 'INTEGER'},
    {name: 'share', type: 'DOUBLE'},
    {name: 'since', type: 'TIMESTAMP'},
    {name: 'is the "best"', type: 'BOOLEAN'},
  ]);
  expect((await node.engine.rows(sql`FROM ${id('result_report')}`)).rows).toEqual([
    ['', 5, 0.5, '2024-02-29T12:00:00', true],
    ['gut — ü', 0, 0.25, '1969-12-31T23:59:59.5', false],
    [null, null, null, null, null],
  ]);
  expect((await node.engine.rows(sql`FROM ${id('result_best')}`)).rows).toEqual([['']]);
  expect(result?.figures?.facts).toEqual({classes: 2});
  expect(result?.figures?.tables['importance']?.map((column) => [column.name, valuesOf(column)])).toEqual([
    ['feature', ['höhe', null]],
    ['used', ['true', null]],
    ['at', ['1970-01-01T00:00:01.5', null]],
    ['n', [3, null]],
    ['gain', [-2147483648, null]],
  ]);
});

test('columns beside the input’s rows have to be as many', async () => {
  const {report: ran} = await run([readings, cell('report', ['readings'], program({gives: 'columns'}))]);
  expect(ran.at(-1)).toMatchObject({status: 'failed', error: {message: 'report gave 3 rows for 5'}});
});

test('a kernel that fails after some of its rows leaves no table', async () => {
  const {report: ran} = await run([readings, cell('report', ['readings'], program({gives: 'rows', fails: true}))]);
  expect(ran.at(-1)).toMatchObject({status: 'failed', error: {code: 'TOO_HARD', where: {cell: 'report'}}});
  expect((await node.engine.rows(sql`SELECT table_name FROM duckdb_tables() ORDER BY 1`)).rows).toEqual([
    ['result_readings'],
  ]);
});
