import type {Progress} from '../contract/compute.ts';
import type {Meter} from './meter.ts';
import type {Random} from './random.ts';
import {f64, i32, squaredDistance, type Matrix} from './vectors.ts';

/** The first centres, k × columns; or how many distinct rows there are when they are fewer than k. */
export type Seeding = {readonly centres: Float64Array} | {readonly distinct: number};

const trialsFor = (k: number): number => 2 + Math.floor(Math.log(k));

/** The multiply-adds that `seedCentres` takes. */
export const seedWork = ({rows, columns}: Omit<Matrix, 'values'>, k: number): number =>
  rows * columns * (1 + (k - 1) * (trialsFor(k) + 1));

/**
 * Greedy k-means++ (Arthur and Vassilvitskii 2007, section 6): each next centre is the best of 2 + ⌊ln k⌋ rows drawn
 * with probability proportional to their squared distance to the centres so far.
 */
export function* seedCentres(
  points: Matrix,
  k: number,
  random: Random,
  meter: Meter,
): Generator<Progress, Seeding, void> {
  const {values, rows, columns: d} = points;
  const trials = trialsFor(k);
  const centres = new Float64Array(k * d);
  /** Per row, the squared distance to the nearest centre so far. */
  const closest = new Float64Array(rows).fill(Infinity);
  const candidates = new Float64Array(trials * d);
  const potentials = new Float64Array(trials);

  const copyRow = (row: number, target: Float64Array, index: number): void =>
    target.set(values.subarray(row * d, row * d + d), index * d);
  function* adopt(centre: number): Generator<Progress, number, void> {
    let potential = 0;
    yield* meter.pass(rows, d, (from, to) => {
      for (let row = from; row < to; row++) {
        const nearer = Math.min(f64(closest, row), squaredDistance(values, row * d, centres, centre * d, d));
        closest[row] = nearer;
        potential += nearer;
      }
    });
    return potential;
  }

  copyRow(Math.floor(random() * rows), centres, 0);
  let potential = yield* adopt(0);
  for (let centre = 1; centre < k; centre++) {
    if (potential === 0) return {distinct: centre};
    const drawn = draw(closest, potential, trials, random);
    drawn.forEach((row, trial) => copyRow(row, candidates, trial));
    potentials.fill(0);
    yield* meter.pass(rows, trials * d, (from, to) => {
      for (let row = from; row < to; row++) {
        const now = f64(closest, row);
        for (let trial = 0; trial < trials; trial++) {
          potentials[trial] =
            f64(potentials, trial) + Math.min(now, squaredDistance(values, row * d, candidates, trial * d, d));
        }
      }
    });
    copyRow(i32(drawn, potentials.indexOf(Math.min(...potentials))), centres, centre);
    potential = yield* adopt(centre);
  }
  return {centres};
}

/** `count` rows, each drawn with probability proportional to its weight. */
function draw(weights: Float64Array, total: number, count: number, random: Random): Int32Array {
  const marks = Float64Array.from({length: count}, () => random() * total).sort();
  const drawn = new Int32Array(count);
  let sum = 0;
  let next = 0;
  let last = 0;
  for (let row = 0; row < weights.length && next < count; row++) {
    const weight = f64(weights, row);
    if (weight === 0) continue;
    last = row;
    sum += weight;
    while (next < count && sum > f64(marks, next)) drawn[next++] = row;
  }
  // Rounding can leave the last marks just beyond the sum.
  while (next < count) drawn[next++] = last;
  return drawn;
}
