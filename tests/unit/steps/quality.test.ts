import {readdirSync, readFileSync} from 'node:fs';
import {join as path} from 'node:path';
import {expect, test} from 'vitest';
import {readParams} from '../../../src/params/index.ts';
import {stopProblem} from '../../../src/sql/stop.ts';
import {sql} from '../../../src/sql/sql.ts';
import {dimensions} from '../../../src/steps/quality/dimensions.ts';
import {proposeQuality} from '../../../src/steps/quality/proposal.ts';
import {quality} from '../../../src/steps/quality/index.ts';
import {makeInput, openDuckDB, contentOf} from './native.ts';

test('every file of a dimension is in the list, once', () => {
  const folder = path(import.meta.dirname, '../../../src/steps/quality');
  const files = readdirSync(folder).filter((file) =>
    readFileSync(path(folder, file), 'utf8').includes('= defineDimension({'),
  );
  expect(files.map((file) => file.replace(/\.ts$/, '')).sort()).toEqual(dimensions.map(({name}) => name).toSorted());
});

const columns = {id: 'VARCHAR', at: 'VARCHAR', temperature: 'DOUBLE'};

async function prepare(
  body: Readonly<Record<string, unknown>>,
  rows: readonly (readonly (string | number | null)[])[] = [['a', '2024-01-01', 1]],
) {
  const connection = await openDuckDB();
  const values = readParams(quality.params, body);
  if (!values.ok) throw new Error(values.problems.map(({message}) => message).join('\n'));
  const input = await makeInput(connection, 'readings', {columns, rows});
  return {connection, input, values: values.value, problems: quality.check?.(values.value, [input]) ?? []};
}

test.each([
  [{freshness: '1h'}, 'time', 'Freshness needs a column of times, and none is named.'],
  [{in_order: true}, 'time', 'Times in order need a column of times, and none is named.'],
  [{time: 'at'}, 'time', 'Freshness takes a column of times, and at is VARCHAR.'],
  [{ranges: {temprature: {min: 0}}}, 'ranges.temprature', 'readings has no column called temprature.'],
  [{ranges: {id: {min: 0}}}, 'ranges.id.min', 'id is text, and 0 is a number: as text, 9 is greater than 10.'],
  [
    {ranges: {temperature: {}}},
    'ranges.temperature',
    'The range of temperature has neither a smallest nor a largest value.',
  ],
  [{schema: {id: 'strng'}}, 'schema.id', 'There is no type called strng, which schema gives id.'],
  [{keys: ['nothing']}, 'keys', 'readings has no column called nothing.'],
  [{now: 'today'}, 'now', '“today” is no time.'],
  [{conditions: [{name: 'ID_missing', expression: 'true'}]}, 'conditions', 'Two checks are called ID_missing.'],
  [{skip: ['completeness']}, 'skip', 'Everything is left out: there is nothing to check.'],
])('%j is refused with a sentence', async (body, param, message) => {
  expect((await prepare(body)).problems).toMatchObject([{param, message}]);
});

test('an expectation that can’t be read is a problem of its parameter', () => {
  expect(readParams(quality.params, {conditions: [{expression: 'temperature >'}, {expression: '(1'}]})).toMatchObject({
    ok: false,
    problems: [{path: 'conditions[2].expression'}],
  });
});

test.each(['temperature + 1', 'id', "TIMESTAMP '2024-01-01'"])(
  '%s is no condition, and the cell says so',
  async (expression) => {
    const {connection, input, values} = await prepare({conditions: [{name: 'odd', expression}]});
    const program = quality.toSql(values, [input]);
    if (program.kind !== 'sql') throw new Error('quality is a query');
    const failed = await contentOf(connection, program.sql).then(
      () => '',
      (error: unknown) => String(error),
    );
    expect(stopProblem(failed)).toMatchObject({
      code: 'CONDITION',
      message: `odd gives no true or false: ${expression}`,
    });
  },
);

test('times in order are those of the rows as they lie, whatever the columns are called; each jump back counts once', async () => {
  const connection = await openDuckDB();
  const minutes = [0, 10, 20, 5, 6, 6, 30, 29];
  const odd = {rowid: 'INTEGER', is_back: 'INTEGER', row: 'INTEGER', at: 'TIMESTAMP'};
  const rows = minutes.map((minute, i) => [9 - i, i, i % 2, `2024-01-01 00:${String(minute).padStart(2, '0')}:00`]);
  const input = await makeInput(connection, 'readings', {columns: odd, rows});
  const failing = async (body: Readonly<Record<string, unknown>>): Promise<unknown> => {
    const values = readParams(quality.params, {
      time: 'at',
      in_order: true,
      now: '2024-01-02',
      skip: ['completeness', 'freshness', 'validity'],
      ...body,
    });
    if (!values.ok) throw new Error('these can be read');
    const program = quality.toSql(values.value, [input]);
    if (program.kind !== 'sql' || program.rejects === undefined) throw new Error('quality is a query, with rejects');
    const [[failed, checked]] = (
      await contentOf(connection, sql`SELECT rows_failing::VARCHAR, rows_checked::VARCHAR FROM (${program.sql})`)
    ).rows as [[string, string]];
    const rejects = (await contentOf(connection, sql`SELECT is_back::VARCHAR FROM (${program.rejects})`)).rows.flat();
    return {failed, checked, rejects};
  };
  expect(await failing({})).toEqual({failed: '2', checked: '8', rejects: ['3', '7']});
  // One after the other of each: 0, 20, 6, 30, and 10, 5, 6, 29.
  expect(await failing({by: ['row']})).toEqual({failed: '2', checked: '8', rejects: ['3', '4']});
});

test('a script stops where the run would', async () => {
  const {connection, input, values} = await prepare({ranges: {temperature: {max: 0}}, on_failure: 'stop'});
  const program = quality.toSql(values, [input]);
  if (program.kind !== 'sql' || program.judge?.halt === undefined) throw new Error('it stops');
  await connection.run(sql`CREATE TABLE made AS ${program.sql}`);
  await expect(connection.run(program.judge.halt(sql`made`))).rejects.toThrow('checks failed: temperature_range');
});

test.each([
  [[], {time: undefined, keys: undefined, ranges: undefined}],
  [[['a', null, null]], {keys: ['id'], ranges: undefined, missing: {id: 0, at: 100, temperature: 100}}],
  [
    Array.from({length: 40}, (_, i) => [`s-${i}`, null, i === 7 ? 65_535 : 20 + (i % 5)]),
    {keys: ['id'], ranges: {temperature: {min: expect.closeTo(19, 0) as number, max: expect.closeTo(30, 0) as number}}},
  ],
])('a proposal suits its rows, however few or odd', async (rows, proposed) => {
  const {connection, input} = await prepare({}, rows);
  const found = await proposeQuality(
    async (query) =>
      (await contentOf(connection, query)).rows.map((row) =>
        row.map((value) => (typeof value === 'string' ? value : null)),
      ),
    input,
    new Date('2024-01-01'),
  );
  expect(found).toMatchObject(proposed);
});
