import type {DuckDBConnection} from '@duckdb/node-api';
import fc from 'fast-check';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import type {ColumnSet, NumberColumn} from '../../../workers/contract/engine.ts';
import {rolling} from '../../../workers/kernels/rolling.ts';
import {readParams} from '../../../src/params/index.ts';
import {id, sql} from '../../../src/sql/sql.ts';
import type {Input} from '../../../src/steps/define.ts';
import {rolling as step} from '../../../src/steps/rolling.ts';
import {columnSetOf, columnsOf, makeInput, openDuckDB, tableSql} from '../steps/native.ts';
import {runKernel, values} from './run.ts';

let duckdb: DuckDBConnection;
beforeAll(async () => {
  duckdb = await openDuckDB();
});
afterAll(() => duckdb.closeSync());

/** The step's new columns by the kernel, and by the SQL that is shown. */
async function both(
  body: Readonly<Record<string, unknown>>,
  input: Input,
  partRows = 0,
): Promise<{kernel: readonly NumberColumn[]; windows: Map<string, (number | null)[]>; parts: number}> {
  const read = readParams(step.params, body);
  if (!read.ok) throw new Error(read.problems.map(({message}) => message).join());
  expect(step.check?.(read.value, [input])).toEqual([]);
  const program = step.toSql(read.value, [input]);
  if (program.kind !== 'kernel') throw new Error('no kernel');
  const {outcome, parts} = runKernel(rolling, await columnSetOf(duckdb, program.features), {
    ...program.args,
    part_rows: partRows,
  });
  if (!outcome.ok) throw new Error(outcome.error.message);
  const reader = await duckdb.runAndReadAll(program.shown);
  const names = reader.columnNames().slice(input.columns.length);
  const columns = reader.getColumnsJS().slice(input.columns.length);
  const windows = new Map(
    names.map((name, i) => [name, (columns[i] ?? []).map((value) => (value === null ? null : Number(value)))]),
  );
  return {kernel: outcome.value.columns, windows, parts};
}

const missing = (value: number, isCount: boolean): boolean => (isCount ? value === -2147483648 : Number.isNaN(value));

/** Expects the same values, up to rounding; `of` is how large the numbers are. */
function expectEqual({kernel, windows}: Awaited<ReturnType<typeof both>>, of: number): void {
  expect(kernel.map(({name}) => name)).toEqual([...windows.keys()]);
  for (const {name, values: found} of kernel) {
    const wanted = windows.get(name) ?? [];
    expect(found.length).toBe(wanted.length);
    wanted.forEach((value, row) => {
      const own = found[row] ?? 0;
      if (value === null || missing(own, name.endsWith('_count')))
        return expect([name, row, missing(own, name.endsWith('_count'))]).toEqual([name, row, value === null]);
      if (/_(min|max|count)$/.test(name)) return expect([name, row, own]).toEqual([name, row, value]);
      // DuckDB's slope counts hours from far away where a clock is wrong; deviations below the rounding of the numbers themselves are noise in either.
      const [relative, absolute] = name.endsWith('_slope') ? [1e-5, 1e-6] : [1e-9, 2e-8];
      expect(Math.abs(own - value), `${name} of row ${row}: ${own}, not ${value}`).toBeLessThanOrEqual(
        relative * Math.abs(value) + absolute * of,
      );
    });
  }
}

const all = ['mean', 'std', 'min', 'max', 'slope', 'count'];

describe('the kernel gives what DuckDB’s own windows give', () => {
  const second = fc.integer({min: -40, max: 40}).map((steps) => steps * 600);
  const time = fc.oneof(
    {weight: 8, arbitrary: second},
    {weight: 1, arbitrary: fc.constantFrom(null, 0, 1e-6, 3600, 3600.000001, 86400 * 400)},
    {weight: 1, arbitrary: fc.constantFrom(253402300799.999999, -62135596800)},
  );
  const number = fc.oneof(
    {weight: 6, arbitrary: fc.integer({min: -50, max: 50})},
    {weight: 4, arbitrary: fc.double({min: -100, max: 100, noNaN: true})},
    {weight: 1, arbitrary: fc.constantFrom(null, NaN, Infinity, -Infinity, 0.1, -0)},
  );
  const readings = (value: fc.Arbitrary<number | null>) =>
    fc.array(
      fc.tuple(
        fc.constantFrom('a', 'b', null),
        fc.constantFrom(1, 2, null),
        time,
        value,
        fc.integer({min: -3, max: 3}),
      ),
      {maxLength: 60},
    );
  const text = (value: number | null): string | null => (value === null ? null : String(value));
  const stamp = (seconds: number | null): string | null => (seconds === null ? null : `${Math.round(seconds * 1e6)}`);

  const check = async (
    rows: readonly (readonly [string | null, number | null, number | null, number | null, number])[],
    by: readonly string[],
    partRows: number,
    of: number,
  ) => {
    const raw = {
      columns: {sensor: 'VARCHAR', line: 'INTEGER', micros: 'BIGINT', v: 'DOUBLE', n: 'INTEGER'},
      rows: rows.map(([sensor, line, at, v, n]) => [sensor, line, stamp(at), text(v), n]),
    };
    await duckdb.run(
      `CREATE OR REPLACE TABLE readings AS SELECT * EXCLUDE (micros), make_timestamp(micros) AS t FROM (${tableSql(raw)})`,
    );
    const input: Input = {
      name: 'readings',
      relation: id('readings'),
      columns: await columnsOf(duckdb, sql`FROM readings`),
    };
    expectEqual(
      await both({columns: ['v', 'n'], time: 't', by, windows: ['1h', '4h', '1d'], statistics: all}, input, partRows),
      of,
    );
  };

  test.each([[[]], [['sensor']], [['sensor', 'line']]])(
    'random readings by %j, with gaps, ties, jumps and missing values',
    async (by) => {
      await fc.assert(
        fc.asyncProperty(readings(number), fc.constantFrom(0, 1, 7), (rows, partRows) =>
          check(rows, by, partRows, 100),
        ),
        {numRuns: 25},
      );
    },
  );

  test('nothing of a spike of 1e12 stays behind when it has left the window', async () => {
    const rows = Array.from({length: 60}, (_, i): [string, number, number, number, number] => [
      'a',
      1,
      i * 600,
      i === 20 ? 1e12 : i === 21 ? -1e12 : 5 + (i % 7) / 10,
      0,
    ]);
    const raw = {columns: {t: 'BIGINT', v: 'DOUBLE'}, rows: rows.map(([, , at, v]) => [String(at * 1e6), String(v)])};
    await duckdb.run(`CREATE OR REPLACE TABLE spiky AS SELECT make_timestamp(t) AS t, v FROM (${tableSql(raw)})`);
    const input: Input = {name: 'spiky', relation: id('spiky'), columns: await columnsOf(duckdb, sql`FROM spiky`)};
    const {kernel, windows} = await both({columns: ['v'], time: 't', windows: ['1h'], statistics: all}, input);
    const clean = (row: number) => row < 20 || row > 27;
    for (const {name, values: found} of kernel) {
      const wanted = windows.get(name) ?? [];
      wanted.forEach((value, row) => {
        if (value === null || !clean(row)) return;
        expect(Math.abs((found[row] ?? 0) - value), `${name} of row ${row}`).toBeLessThan(
          1e-12 * Math.max(1, Math.abs(value)),
        );
      });
    }
    expect(Math.abs((values(kernel, 'v_1h_mean')[24] ?? 0) - (windows.get('v_1h_mean')?.[24] ?? 0))).toBeLessThan(1e-3);
  });
});

/** Rows of one sensor, ten minutes apart, without a database. */
const line = (numbers: readonly number[]): ColumnSet => ({
  rows: numbers.length,
  columns: [
    {
      kind: 'times',
      name: 't',
      values: BigInt64Array.from(numbers, (_, i) => 1704067200000000n + BigInt(i) * 600_000_000n),
    },
    {kind: 'numbers', name: 'v', values: Float64Array.from(numbers)},
  ],
});
const hour = {windows: [{name: '1h', microseconds: 3_600_000_000}], statistics: all};

test.each([0.1, 1e9 + 0.1, -1e-9, 1e300])(
  'a constant of %d deviates by exactly nothing, and has slope 0',
  (constant) => {
    const {outcome} = runKernel(rolling, line(Array.from({length: 500}, () => constant)), hour);
    if (!outcome.ok) throw new Error(outcome.error.message);
    expect(new Set(values(outcome.value.columns, 'v_1h_mean'))).toEqual(new Set([constant]));
    expect(new Set(values(outcome.value.columns, 'v_1h_std').slice(1))).toEqual(new Set([0]));
    expect(new Set(values(outcome.value.columns, 'v_1h_slope').slice(1))).toEqual(new Set([0]));
  },
);

test('thousandths on top of 1e9 keep their deviation and slope, where sums of squares would have lost them', () => {
  const small = Array.from({length: 3000}, (_, i) => ((i * 7919) % 1024) / 2 ** 20);
  const run = (numbers: readonly number[]) => {
    const {outcome} = runKernel(rolling, line(numbers), hour);
    if (!outcome.ok) throw new Error(outcome.error.message);
    return outcome.value.columns;
  };
  // 2⁻²⁰ is a whole number of the last digits of 1e9, so nothing is lost in the input.
  const [plain, lifted] = [run(small), run(small.map((value) => 1e9 + value))];
  for (const name of ['v_1h_std', 'v_1h_slope'])
    values(lifted, name)
      .slice(1)
      .forEach((value, row) =>
        expect(value, `${name} of row ${row + 1}`).toBeCloseTo(values(plain, name)[row + 1] ?? 0, 12),
      );
});

test('rows come in parts that together are what one part is, whatever the order of the rows', async () => {
  await duckdb.run(
    `CREATE OR REPLACE TABLE mixed AS SELECT 's-' || (i * 7919 % 13) AS s, TIMESTAMP '2024-01-01' + INTERVAL 1 MINUTE * (i * 104729 % 5000) AS t, (i * 31 % 97)::DOUBLE AS v FROM range(5000) r(i)`,
  );
  const input: Input = {name: 'mixed', relation: id('mixed'), columns: await columnsOf(duckdb, sql`FROM mixed`)};
  const body = {columns: ['v'], time: 't', by: ['s'], windows: ['1h', '1d'], statistics: all};
  const [whole, parts] = [await both(body, input), await both(body, input, 999)];
  expect([whole.parts, parts.parts]).toEqual([1, 6]);
  expectEqual(whole, 100);
  expectEqual(parts, 100);
});

test('progress comes at least every few milliseconds, and ends at the whole', () => {
  const {steps} = runKernel(rolling, line(Array.from({length: 300_000}, (_, i) => i % 17)), hour);
  expect(steps.length).toBeGreaterThan(20);
  steps.reduce((before, {done, total}) => {
    expect(done).toBeGreaterThanOrEqual(before);
    expect(done).toBeLessThanOrEqual(total);
    return done;
  }, 0);
});

test('readings without a column of times are an error value', () => {
  expect(runKernel(rolling, {rows: 1, columns: []}, hour).outcome).toMatchObject({ok: false, error: {code: 'NO_TIME'}});
});

describe('odd sensors', () => {
  const table = async (
    columns: Readonly<Record<string, string>>,
    rows: readonly (readonly (string | number | null)[])[],
  ) => makeInput(duckdb, 'odd', {columns, rows});
  const types = {sensor: 'VARCHAR', t: 'TIMESTAMP', v: 'DOUBLE'};
  const body = {columns: ['v'], time: 't', by: ['sensor'], windows: ['1h'], statistics: all};

  test('one reading each', async () => {
    expectEqual(
      await both(
        body,
        await table(
          types,
          Array.from({length: 50}, (_, i) => [`s-${i}`, '2024-01-01 00:00:00', i]),
        ),
      ),
      50,
    );
  });
  test('two that share an id, both reporting at the same times', async () => {
    expectEqual(
      await both(
        body,
        await table(
          types,
          Array.from({length: 40}, (_, i) => ['s', `2024-01-01 0${i >> 3}:0${i & 3}:00`, i % 2 === 0 ? 1 : 100]),
        ),
      ),
      100,
    );
  });
  test('one that stops for a week', async () => {
    expectEqual(
      await both(
        body,
        await table(
          types,
          Array.from({length: 20}, (_, i) => ['s', `2024-01-${i < 10 ? '01' : '08'} 00:${10 + i}:00`, i]),
        ),
      ),
      20,
    );
  });
  test('a clock that jumps back and ahead', async () => {
    const times = ['00:00:00', '00:10:00', '00:05:00', '12:00:00', '00:20:00', '00:10:00'];
    expectEqual(
      await both(
        body,
        await table(
          types,
          times.map((time, i) => ['s', `2024-01-01 ${time}`, i * i]),
        ),
      ),
      25,
    );
  });
  test('a column without any value', async () => {
    const result = await both(
      body,
      await table(
        types,
        Array.from({length: 5}, (_, i) => ['s', `2024-01-01 00:0${i}:00`, null]),
      ),
    );
    expectEqual(result, 1);
    expect(values(result.kernel, 'v_1h_count')).toEqual([0, 0, 0, 0, 0]);
  });
  test('no row has a time', async () => {
    const result = await both(body, await table(types, [['s', null, 1], ['s', null, 2]])); // prettier-ignore
    expectEqual(result, 1);
    expect(values(result.kernel, 'v_1h_count')).toEqual([-2147483648, -2147483648]);
  });
  test('microseconds decide, in the year 9999 too', async () => {
    const ninth = await both({...body, windows: ['1s'], statistics: ['count', 'mean']}, await table(types, [['s', '9999-12-31 23:59:58.999998', 1], ['s', '9999-12-31 23:59:58.999999', 2], ['s', '9999-12-31 23:59:59.999999', 4], ['s', '0001-01-01 00:00:00', 8]])); // prettier-ignore
    expect(values(ninth.kernel, 'v_1s_count')).toEqual([1, 2, 2, 1]);
    expectEqual(ninth, 8);
  });
  test('keys of other types, both zeros and NaN among them', async () => {
    const input = await table({sensor: 'DOUBLE', t: 'TIMESTAMP', v: 'DOUBLE'}, [['0.0', '2024-01-01', 1], ['-0.0', '2024-01-01', 3], ['NaN', '2024-01-01', 5], ['NaN', '2024-01-01', 7], [null, '2024-01-01', 9]]); // prettier-ignore
    const result = await both(body, input);
    expect(values(result.kernel, 'v_1h_mean')).toEqual([2, 2, 6, 6, 9]);
    expectEqual(result, 9);
  });
});
