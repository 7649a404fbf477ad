import type {Progress} from '../contract/compute.ts';
import type {Meter} from './meter.ts';
import {f64, i32, squaredDistance, type Matrix} from './vectors.ts';

/** Each row's cluster, its squared distance to that cluster's centre, and how many rows each cluster has. */
export interface Assignment {
  readonly labels: Int32Array;
  readonly squared: Float64Array;
  readonly sizes: Int32Array;
  readonly inertia: number;
}

export interface Clustering extends Assignment {
  readonly centres: Float64Array;
  readonly iterations: number;
}

/** The multiply-adds that `lloyd` takes at most, unless clusters lose all their rows. */
export const lloydWork = ({rows, columns}: Omit<Matrix, 'values'>, k: number, maxIter: number): number =>
  rows * columns * (2 + (maxIter + 1) * k);

/**
 * Lloyd's iterations until every centre moves by at most `tol` or `maxIter` is reached, as Spark counts them, with
 * Hamerly's bounds (2010): a row whose centre is surely the nearest is skipped. The rows' labels fit the final centres.
 * `centres` (k × columns) is taken over and moved. A cluster that loses all its rows restarts at the row farthest from its centre.
 */
export function* lloyd(
  points: Matrix,
  centres: Float64Array,
  maxIter: number,
  tol: number,
  meter: Meter,
): Generator<Progress, Clustering, void> {
  const {values, rows, columns: d} = points;
  const k = centres.length / d;
  const labels = new Int32Array(rows);
  /** No row is farther from its own centre than `upper`, or nearer to any other centre than `lower`. */
  const upper = new Float64Array(rows).fill(Infinity);
  const lower = new Float64Array(rows);
  const sums = new Float64Array(k * d);
  const sizes = new Int32Array(k);
  const moved = new Float64Array(k);
  const safe = new Float64Array(k);
  sizes[0] = rows;
  yield* meter.pass(rows, d, (from, to) => {
    for (let row = from; row < to; row++) for (let c = 0; c < d; c++) sums[c] = f64(sums, c) + f64(values, row * d + c);
  });

  const assign = (from: number, to: number): void => {
    // How far the farthest-moving centre came, and the second: the bound of that centre's own rows.
    let fastest = 0;
    for (let j = 1; j < k; j++) if (f64(moved, j) > f64(moved, fastest)) fastest = j;
    let second = 0;
    for (let j = 0; j < k; j++) if (j !== fastest) second = Math.max(second, f64(moved, j));
    const first = f64(moved, fastest);
    for (let row = from; row < to; row++) {
      const own = i32(labels, row);
      const base = row * d;
      let high = f64(upper, row) + f64(moved, own);
      let low = f64(lower, row) - (own === fastest ? second : first);
      const limit = Math.max(low, f64(safe, own));
      if (high > limit) high = Math.sqrt(squaredDistance(values, base, centres, own * d, d));
      if (high > limit) {
        let best = own;
        let bestSquared = high * high;
        let nextSquared = Infinity;
        for (let j = 0; j < k; j++) {
          if (j === own) continue;
          const squared = squaredDistance(values, base, centres, j * d, d);
          if (squared < bestSquared) {
            nextSquared = bestSquared;
            bestSquared = squared;
            best = j;
          } else if (squared < nextSquared) nextSquared = squared;
        }
        low = Math.sqrt(nextSquared);
        if (best !== own) {
          high = Math.sqrt(bestSquared);
          labels[row] = best;
          sizes[own] = i32(sizes, own) - 1;
          sizes[best] = i32(sizes, best) + 1;
          for (let c = 0; c < d; c++) {
            const value = f64(values, base + c);
            sums[own * d + c] = f64(sums, own * d + c) - value;
            sums[best * d + c] = f64(sums, best * d + c) + value;
          }
        }
      }
      upper[row] = high;
      lower[row] = low;
    }
  };

  const assignAll = (): Generator<Progress, void, void> => {
    halfGaps(centres, k, d, safe);
    return meter.pass(rows, k * d, assign);
  };
  const mean = (j: number, c: number): number => f64(sums, j * d + c) / i32(sizes, j);
  /** Gives a cluster without rows the row farthest from its own centre. */
  function* refill(empty: number): Generator<Progress, void, void> {
    let farthest = -1;
    let longest = 0;
    yield* meter.pass(rows, d, (from, to) => {
      for (let row = from; row < to; row++) {
        const own = i32(labels, row);
        const squared = squaredDistance(values, row * d, centres, own * d, d);
        if (squared > longest && i32(sizes, own) > 1) [farthest, longest] = [row, squared];
      }
    });
    if (farthest < 0) return;
    const own = i32(labels, farthest);
    labels[farthest] = empty;
    sizes[empty] = 1;
    sizes[own] = i32(sizes, own) - 1;
    upper[farthest] = 0;
    lower[farthest] = 0;
    for (let c = 0; c < d; c++) {
      const value = f64(values, farthest * d + c);
      sums[empty * d + c] = value;
      sums[own * d + c] = f64(sums, own * d + c) - value;
    }
  }
  /** Moves centre `j` to the mean of its rows. */
  const move = (j: number): void => {
    if (i32(sizes, j) === 0) {
      moved[j] = 0;
      return;
    }
    let shift = 0;
    for (let c = 0; c < d; c++) {
      const next = mean(j, c);
      shift += (next - f64(centres, j * d + c)) ** 2;
      centres[j * d + c] = next;
    }
    moved[j] = Math.sqrt(shift);
  };

  let iterations = 0;
  for (let converged = false; !converged && iterations < maxIter; iterations++) {
    yield* assignAll();
    for (let empty = sizes.indexOf(0); empty >= 0; empty = sizes.indexOf(0, empty + 1)) yield* refill(empty);
    for (let j = 0; j < k; j++) move(j);
    converged = moved.every((shift) => shift <= tol);
  }
  yield* assignAll();
  moved.fill(0);
  for (let empty = sizes.indexOf(0); empty >= 0 && rows >= k; empty = sizes.indexOf(0)) {
    // Only the new centre has moved: that never adds to the inertia, so this comes to an end.
    yield* refill(empty);
    move(empty);
    if (f64(moved, empty) === 0) break;
    yield* assignAll();
    moved.fill(0);
  }
  return yield* measure(points, centres, labels, sizes, iterations, meter);
}

function* measure(
  points: Matrix,
  centres: Float64Array,
  labels: Int32Array,
  sizes: Int32Array,
  iterations: number,
  meter: Meter,
): Generator<Progress, Clustering, void> {
  const {values, rows, columns: d} = points;
  const squared = new Float64Array(rows);
  let inertia = 0;
  yield* meter.pass(rows, d, (from, to) => {
    for (let row = from; row < to; row++) {
      const distance = squaredDistance(values, row * d, centres, i32(labels, row) * d, d);
      squared[row] = distance;
      inertia += distance;
    }
  });
  return {centres, labels, squared, sizes, inertia, iterations};
}

/** Half the distance of each centre to its nearest other one: a row closer than that to its centre is in the right cluster. */
function halfGaps(centres: Float64Array, k: number, d: number, safe: Float64Array): void {
  for (let j = 0; j < k; j++) {
    let nearest = Infinity;
    for (let other = 0; other < k; other++)
      if (other !== j) nearest = Math.min(nearest, squaredDistance(centres, j * d, centres, other * d, d));
    safe[j] = Math.sqrt(nearest) / 2;
  }
}
