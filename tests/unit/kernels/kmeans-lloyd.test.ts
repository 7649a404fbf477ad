import {expect, test} from 'vitest';
import {lloyd} from '../../../workers/kernels/kmeans-lloyd.ts';
import {Meter} from '../../../workers/kernels/meter.ts';
import {seededRandom} from '../../../workers/kernels/random.ts';
import {squaredDistance} from '../../../workers/kernels/vectors.ts';
import {drain, matrix} from './run.ts';

const run = (rows: readonly (readonly number[])[], centres: readonly (readonly number[])[], maxIter = 50) =>
  drain(lloyd(matrix(rows), Float64Array.from(centres.flat()), maxIter, 0, new Meter(1)));

test('clusters that lose all their rows restart at the rows farthest from their centres', () => {
  const rows = [[0], [1], [10], [11], [50], [51]];
  const {sizes, inertia} = run(rows, [[0], [1000], [1000], [-1000]]);
  expect(Array.from(sizes).sort()).toEqual([1, 1, 2, 2]);
  expect(inertia).toBe(1);
});

test('a cluster that empties in the last pass restarts too', () => {
  const {sizes} = run([[0], [1], [2], [30]], [[0], [1000]], 1);
  expect(Math.min(...sizes)).toBeGreaterThan(0);
});

test('the bounds skip no row that plain Lloyd would move', () => {
  const random = seededRandom(5);
  const rows = Array.from({length: 3000}, () => [random(), random(), random()]);
  const start = rows.slice(0, 7);
  const fast = run(rows, start, 15);

  const points = matrix(rows).values;
  const centres = Float64Array.from(start.flat());
  const nearest = (row: number): number => {
    const squared = start.map((_, j) => squaredDistance(points, row * 3, centres, j * 3, 3));
    return squared.indexOf(Math.min(...squared));
  };
  for (let iteration = 0; iteration < 15; iteration++) {
    const labels = rows.map((_, row) => nearest(row));
    for (let j = 0; j < start.length; j++) {
      const own = rows.filter((_, row) => labels[row] === j);
      for (let c = 0; c < 3; c++) centres[j * 3 + c] = own.reduce((sum, row) => sum + (row[c] ?? 0), 0) / own.length;
    }
  }
  expect(Array.from(fast.labels)).toEqual(rows.map((_, row) => nearest(row)));
  fast.centres.forEach((value, i) => expect(value).toBeCloseTo(centres[i] ?? NaN, 12));
});

test('tol counts the shift of every centre: a large one stops after the first iteration', () => {
  const {iterations} = drain(lloyd(matrix([[0], [1], [9], [10]]), Float64Array.from([0, 1]), 20, 100, new Meter(1)));
  expect(iterations).toBe(1);
});
