import {expect, test} from 'vitest';
import {readParams} from '../../../src/params/index.ts';
import {stopProblem} from '../../../src/sql/stop.ts';
import {stepOf} from '../../../src/steps/index.ts';
import type {ExampleTable} from '../../../src/steps/define.ts';
import {makeInput, openDuckDB} from './native.ts';

/** The Problem with which a step stops on this table. */
async function stoppedBy(
  kind: string,
  body: Readonly<Record<string, unknown>>,
  table: ExampleTable,
  other?: ExampleTable,
) {
  const step = stepOf(kind);
  const values = readParams(step?.params ?? {}, body);
  if (step === undefined || !values.ok) throw new Error(`${kind} can’t be read`);
  const duckdb = await openDuckDB();
  const input = await makeInput(duckdb, 'input', table);
  const program = step.toSql(
    values.value,
    other === undefined ? [input] : [input, await makeInput(duckdb, 'other', other)],
  );
  if (program.kind === 'read' || program.kind === 'through') throw new Error('nothing of it can stop');
  const failure = await duckdb.run(program.kind === 'sql' ? program.sql : program.features).then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : undefined),
  );
  return failure === undefined ? undefined : stopProblem(failure);
}

test('cast stops with the count, the column and the first values', async () => {
  const table = {columns: {'room|temp ]]': 'VARCHAR'}, rows: [['1'], ['warm'], [''], ['it’s “hot”'], ['x'], ['y']]};
  expect(await stoppedBy('cast', {columns: {'room|temp ]]': 'double'}, on_failure: 'stop'}, table)).toMatchObject({
    code: 'CAST_FAILED',
    message: '4 values of room|temp ]] can’t be read as double: “warm”, “it’s “hot””, “x” …',
    where: {column: 'room|temp ]]'},
  });
});

test('align_schema stops at what its table can’t hold, unless it is asked to go on', async () => {
  const table = {columns: {Temperature: 'VARCHAR', level: 'INTEGER'}, rows: [['21.5', 1], ['warm', 2]]}; // prettier-ignore
  const other = {columns: {level: 'BIGINT', temperature: 'DOUBLE'}, rows: []};
  expect(await stoppedBy('align_schema', {to: 'other'}, table, other)).toMatchObject({
    code: 'CAST_FAILED',
    message: '1 value of Temperature can’t be read as DOUBLE: “warm”',
    where: {column: 'Temperature'},
  });
  expect(await stoppedBy('align_schema', {to: 'other', on_failure: 'null'}, table, other)).toBeUndefined();
});

test('validate stops with the rule and the first values', async () => {
  const table = {columns: {temperature: 'DOUBLE'}, rows: [[21], [85], [null]]};
  expect(
    await stoppedBy(
      'validate',
      {rules: [{name: 'possible', column: 'temperature', max: 60}], on_failure: 'stop'},
      table,
    ),
  ).toMatchObject({
    code: 'RULE_BROKEN',
    message: '1 row breaks the rule possible: “85.0”',
    where: {column: 'temperature'},
  });
});

test('k-means stops at rows that lack a feature, unless they are kept', async () => {
  const table = {
    columns: {a: 'DOUBLE', b: 'INTEGER'},
    rows: [
      [1, 2],
      ['NaN', 2],
      [1, null],
    ],
  };
  expect(await stoppedBy('kmeans', {features: ['a', 'b']}, table)).toMatchObject({
    code: 'MISSING_FEATURE',
    message: '2 rows lack a finite value in a and b; k-means needs all of them.',
  });
  expect(await stoppedBy('kmeans', {features: ['a', 'b'], handle_invalid: 'keep'}, table)).toBeUndefined();
});

test('an error of another kind is none of a step’s', () => {
  expect(stopProblem('Conversion Error: Could not convert string')).toBeUndefined();
});
