import fc from 'fast-check';
import {expect, test} from 'vitest';
import {readParams} from '../../../src/params/index.ts';
import {id} from '../../../src/sql/sql.ts';
import {alerts} from '../../../src/steps/alerts.ts';
import type {Input} from '../../../src/steps/define.ts';
import {contentOf, makeInput, openDuckDB} from './native.ts';

function valuesOf(body: Readonly<Record<string, unknown>>) {
  const values = readParams(alerts.params, body);
  if (!values.ok) throw new Error(values.problems.map(({message}) => message).join('\n'));
  return values.value;
}

interface Rule {
  readonly warning: number;
  readonly critical: number;
  readonly clear: number;
  readonly readings: number;
  readonly outOf: number;
  readonly cooldown: number;
}
interface Reading {
  readonly minute: number;
  readonly value: number | null;
}

/** What the lesson says, reading by reading. */
function watch(readings: readonly Reading[], {warning, critical, clear, readings: enough, outOf, cooldown}: Rule) {
  const byTime = new Map<number, number>();
  for (const {minute, value} of readings)
    if (value !== null) byTime.set(minute, Math.max(value, byTime.get(minute) ?? -Infinity));
  const seen = [...byTime].sort(([a], [b]) => a - b).map(([minute, value]) => ({minute, value}));
  const found: {
    raised: number;
    value: number;
    since: number;
    cleared: number | null;
    counted: Set<Reading & {value: number}>;
  }[] = [];
  let open = false;
  seen.forEach((reading, i) => {
    const {minute, value} = reading;
    const last = seen.slice(Math.max(0, i - outOf + 1), i + 1).filter((one) => one.value > warning);
    if (last.length >= enough && !open) {
      open = true;
      const before = found.at(-1);
      const pause = minute - (before?.cleared ?? -Infinity);
      if (before !== undefined && pause < cooldown) before.cleared = null;
      else found.push({raised: minute, value, since: last[0]?.minute ?? minute, cleared: null, counted: new Set()});
      for (const one of last) found.at(-1)?.counted.add(one);
    }
    const current = found.at(-1);
    if (!open || current === undefined) return;
    if (value > warning) current.counted.add(reading);
    if (last.length >= enough || value > clear) return;
    open = false;
    current.cleared = minute;
  });
  return found.map(({raised, value, since, cleared, counted}) => {
    const peak = Math.max(...[...counted].map((one) => one.value));
    return [
      raised,
      value,
      peak,
      peak > critical ? critical : warning,
      peak > critical ? 'critical' : 'warning',
      since,
      cleared,
      counted.size,
    ];
  });
}

test('on random readings it finds what the lesson says, above and below', async () => {
  const duckdb = await openDuckDB();
  const reading = fc.record({
    minute: fc.integer({min: 0, max: 40}),
    value: fc.option(fc.integer({min: 0, max: 10}), {freq: 8}),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({sensor: fc.constantFrom('a', 'b', null), reading}), {maxLength: 70}),
      fc.record({
        clear: fc.integer({min: 1, max: 5}),
        readings: fc.integer({min: 1, max: 3}),
        more: fc.integer({min: 0, max: 3}),
        cooldown: fc.constantFrom(0, 4, 12),
      }),
      fc.boolean(),
      async (rows, {clear, readings, more, cooldown}, isAbove) => {
        const sign = isAbove ? 1 : -1;
        const rule = {warning: 5, critical: 8, clear, readings, outOf: readings + more, cooldown};
        const values = valuesOf({
          by: ['sensor'],
          time: 'at',
          rules: {
            level: {warning: 5 * sign, critical: 8 * sign, clear: clear * sign, direction: isAbove ? 'above' : 'below'},
          },
          readings,
          out_of: rule.outOf,
          ...(cooldown === 0 ? {} : {cooldown: `${cooldown}m`}),
        });
        const at = (minute: number): string => new Date(minute * 60_000).toISOString().slice(0, 19).replace('T', ' ');
        const input = await makeInput(duckdb, 'input', {
          columns: {sensor: 'VARCHAR', at: 'TIMESTAMP', level: 'DOUBLE'},
          rows: rows.map(({sensor, reading: {minute, value}}) => [
            sensor,
            at(minute),
            value === null ? null : value * sign,
          ]),
        });
        const program = alerts.toSql(values, [input]);
        if (program.kind !== 'sql') throw new Error('alerts is SQL');
        const minutes = (text: unknown): number | null =>
          typeof text === 'string' ? Date.parse(`${text.replace(' ', 'T')}Z`) / 60_000 : null;
        const found = (await contentOf(duckdb, program.sql)).rows.map(
          ([raised, sensor, , value, peak, limit, severity, since, cleared, count]) => [
            sensor,
            [
              minutes(raised),
              Number(value) * sign,
              Number(peak) * sign,
              Number(limit) * sign,
              severity,
              minutes(since),
              minutes(cleared),
              Number(count),
            ],
          ],
        );
        for (const sensor of ['a', 'b', null]) {
          const own = rows.filter((row) => row.sensor === sensor).map((row) => row.reading);
          expect(found.filter(([name]) => name === sensor).map(([, row]) => row)).toEqual(watch(own, rule));
        }
      },
    ),
    {numRuns: Number(process.env['RUNS'] ?? 100)},
  );
}, 120_000);

const input: Input = {
  name: 'input',
  relation: id('input'),
  columns: [
    {name: 'sensor', type: 'VARCHAR'},
    {name: 'ratio', type: 'DOUBLE'},
    {name: 'at', type: 'TIMESTAMP'},
    {name: 'at_text', type: 'VARCHAR'},
    {name: 'level', type: 'DOUBLE'},
  ],
};

test.each<[string, Readonly<Record<string, unknown>>, Readonly<Record<string, unknown>>]>([
  [
    'a time that is text',
    {time: 'at_text', rules: {level: {warning: 1}}},
    {code: 'COLUMN_TYPE', param: 'time', hint: 'Put a cast step before it that makes at_text a timestamp.'},
  ],
  ['no column of times', {time: 'timestamp', rules: {level: {warning: 1}}}, {code: 'COLUMN_NOT_FOUND', param: 'time'}],
  ['a metric that is text', {time: 'at', rules: {sensor: {warning: 1}}}, {code: 'COLUMN_TYPE', param: 'rules'}],
  ['no limits', {time: 'at', rules: {}}, {code: 'PARAM', param: 'rules'}],
  [
    'a column without a limit',
    {time: 'at', rules: {level: {direction: 'above'}}},
    {code: 'THRESHOLD', message: 'level has no limit.'},
  ],
  [
    'critical on the wrong side of warning',
    {time: 'at', rules: {level: {warning: 30, critical: 20}}},
    {
      code: 'THRESHOLD',
      message: 'With direction above, critical (20) has to be above warning (30).',
      hint: 'If small values are the bad ones, write direction: below.',
    },
  ],
  [
    'a clear level beyond the limit',
    {time: 'at', rules: {level: {warning: 5, clear: 6}}},
    {code: 'THRESHOLD', hint: 'Give a level that is below the limit.'},
  ],
  [
    'more readings than there are',
    {time: 'at', rules: {level: {warning: 5}}, readings: 4, out_of: 3},
    {code: 'PARAM', param: 'out_of'},
  ],
  [
    'a sensor named by a measurement',
    {by: ['ratio'], time: 'at', rules: {level: {warning: 5}}},
    {code: 'COLUMN_TYPE', hint: 'Cast ratio to string before.'},
  ],
])('%s is a problem that says what to do', (_name, body, problem) => {
  expect(alerts.check?.(valuesOf(body), [input])).toMatchObject([problem]);
});

test('names that read like SQL stay names', async () => {
  const duckdb = await openDuckDB();
  const odd = `x"; DROP TABLE input; --'`;
  const made = await makeInput(duckdb, 'input', {
    columns: {[odd]: 'VARCHAR', time: 'TIMESTAMP', value: 'DOUBLE', sensor: 'DOUBLE'},
    rows: [["a'b", '2024-01-01 00:00:00', 9, 7]],
  });
  const program = alerts.toSql(
    valuesOf({by: [odd], time: 'time', rules: {value: {warning: 5}, sensor: {warning: 6}}}),
    [made],
  );
  if (program.kind !== 'sql') throw new Error('alerts is SQL');
  const {rows} = await contentOf(duckdb, program.sql);
  expect(rows.map(([, sensor, metric]) => [sensor, metric])).toEqual([["a'b", 'sensor'], ["a'b", 'value']]); // prettier-ignore
});
