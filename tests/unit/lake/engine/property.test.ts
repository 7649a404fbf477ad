import fc from 'fast-check';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {problemOf} from '../../../../src/lib/problem.ts';
import {startStack, type Stack} from './stack.ts';

interface ModelRow {
  readonly k: number | null;
  readonly v: string;
  readonly p: string | null;
  /** Only rows written with `merge_schema` bring it. */
  readonly e?: number;
}

const row = fc.record({
  k: fc.option(fc.integer({min: 0, max: 6}), {freq: 6}),
  v: fc.constantFrom('a', '', "it's", 'é'),
  p: fc.option(fc.constantFrom('x', 'y/z'), {freq: 4}),
});
const rows = fc.array(row, {maxLength: 5});
const operation = fc.oneof(
  fc.record({kind: fc.constantFrom('append' as const, 'overwrite' as const, 'extend' as const), rows}),
  fc.record({kind: fc.constant('merge' as const), rows, keys: fc.constantFrom(['k'], ['k', 'p'])}),
  fc.record({kind: fc.constant('restore' as const), to: fc.nat()}),
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

const first: Operation = {kind: 'append', rows: [{k: 0, v: 'a', p: 'x'}]};

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.close());

let tables = 0;

test('whatever is done to a table, every version has the rows of a plain model', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.array(operation, {minLength: 1, maxLength: 7}),
      async (isPartitioned, operations) => {
        const table = `random_${++tables}`;
        const versions: (readonly ModelRow[])[] = [];
        for (const step of [first, ...operations]) {
          const expected = apply(versions, step);
          const done = run(table, step, versions.length, isPartitioned);
          if (expected === undefined)
            expect(problemOf(await done.catch((thrown: unknown) => thrown)).code).toBe(
              'DELTA_MULTIPLE_SOURCE_ROW_MATCHING_TARGET_ROW_IN_MERGE',
            );
          else {
            expect(await done).toBe(versions.length);
            versions.push(expected);
          }
        }
        for (const [version, expected] of versions.entries())
          expect(await found(table, version)).toEqual(expected.map(textOf).sort());
      },
    ),
    {numRuns: 25},
  );
}, 120_000);

/** The rows of the next version; undefined when it has to be refused. */
function apply(versions: readonly (readonly ModelRow[])[], step: Operation): readonly ModelRow[] | undefined {
  const before = versions.at(-1) ?? [];
  switch (step.kind) {
    case 'append':
      return [...before, ...step.rows];
    case 'extend':
      return [...before, ...step.rows.map((each, i) => ({...each, e: i}))];
    case 'overwrite':
      return step.rows;
    case 'restore':
      return versions[step.to % versions.length];
    case 'merge': {
      const keys = step.keys as readonly ('k' | 'p')[];
      const matches = (a: ModelRow) => (b: ModelRow) => keys.every((key) => a[key] !== null && a[key] === b[key]);
      if (before.some((each) => step.rows.filter(matches(each)).length > 1)) return undefined;
      const updated = before.map((each) => ({...each, ...step.rows.find(matches(each))}));
      return [...updated, ...step.rows.filter((each) => !before.some(matches(each)))];
    }
  }
}

/** Does it to the table and gives the version that it made. */
async function run(table: string, step: Operation, version: number, isPartitioned: boolean): Promise<number> {
  if (step.kind === 'restore') return (await stack.lake.restore(table, {version: step.to % version})).version;
  const values = step.rows.map(
    (each, i) =>
      `(${each.k ?? 'NULL'}, '${each.v.replaceAll("'", "''")}', ${each.p === null ? 'NULL' : `'${each.p}'`}, ${i})`,
  );
  const columns =
    step.kind === 'extend'
      ? 'k::BIGINT AS k, v, p::VARCHAR AS p, e::INTEGER AS e'
      : 'v, p::VARCHAR AS p, k::BIGINT AS k';
  const query = `SELECT ${columns} FROM (VALUES ${[...values, "(0, '', '', -1)"].join()}) t(k, v, p, e) WHERE e >= 0`;
  const written = await stack.write(query, {
    table,
    mode: step.kind === 'extend' ? 'append' : step.kind,
    keys: step.kind === 'merge' ? step.keys : [],
    mergeSchema: step.kind === 'extend',
    partitionBy: isPartitioned ? ['p'] : undefined,
  });
  return written.version;
}

async function found(table: string, version: number): Promise<string[]> {
  const {columns, rows: read} = await stack.read({table, at: {version}});
  return read
    .map((values) => {
      const named = Object.fromEntries(columns.map(({name}, i) => [name, values[i] ?? null]));
      return JSON.stringify([
        named['k'] === null ? null : Number(named['k']),
        named['v'],
        named['p'],
        named['e'] ?? null,
      ]);
    })
    .sort();
}

const textOf = ({k, v, p, e}: ModelRow): string => JSON.stringify([k, v, p, e ?? null]);
