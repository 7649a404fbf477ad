import type {DuckDBConnection} from '@duckdb/node-api';
import {beforeAll, expect, test} from 'vitest';
import {readParams} from '../../../src/params/index.ts';
import {numberedRows} from '../../../src/sql/rows.ts';
import {id, sql} from '../../../src/sql/sql.ts';
import {stepOf} from '../../../src/steps/index.ts';
import {contentOf, makeInput, openDuckDB} from './native.ts';

let duckdb: DuckDBConnection;
beforeAll(async () => {
  duckdb = await openDuckDB();
});

const table = {columns: {g: 'INTEGER', a: 'INTEGER', b: 'INTEGER'}, rows: [[1, 4, 1], [1, 4, null], [1, null, 1], [2, 9, 2]]} as const; // prettier-ignore

test.each([
  ['guesses', 'fill', {columns: ['a', 'b'], by: ['g']}],
  ['Guesses', 'fill', {columns: ['a', 'b']}],
  ['modes_1', 'fill', {columns: ['a', 'b'], method: 'mode'}],
  ['modes_2', 'fill', {columns: ['a', 'b'], method: 'mode', by: ['g']}],
  ['fences', 'outliers', {columns: ['a'], by: ['g'], action: 'flag'}],
  ['fences', 'outliers', {columns: ['a'], action: 'flag'}],
])('a cell called %s can be the input of %s', async (name, kind, body) => {
  const step = stepOf(kind);
  const values = step === undefined ? undefined : readParams(step.params, body);
  if (step === undefined || values?.ok !== true) throw new Error(`no ${kind}`);
  const run = async (cell: string) => {
    const program = step.toSql(values.value, [await makeInput(duckdb, cell, table)]);
    if (program.kind !== 'sql') throw new Error('not one query');
    return contentOf(duckdb, program.sql);
  };
  expect(await run(name)).toEqual(await run('plain'));
});

test.each(['rowid', 'v'])('rows are numbered from 0 in a table with a column called %s', async (column) => {
  const {relation, columns} = await makeInput(duckdb, 'numbered_table', {
    columns: {[column]: 'INTEGER'},
    rows: [[7], [7], [8]],
  });
  const {from, row} = numberedRows({relation: relation, columns: columns});
  expect((await contentOf(duckdb, sql`SELECT ${row} AS ${id('place')} FROM ${from}`)).rows).toEqual([
    ['0'],
    ['1'],
    ['2'],
  ]);
});
