import type {Progress} from '../contract/compute.ts';
import type {Meter} from './meter.ts';
import {f64, i32, squaredDistance, type Matrix} from './vectors.ts';

/** The multiply-adds that `meanSilhouette` takes. */
export const silhouetteWork = ({rows, columns}: Omit<Matrix, 'values'>, k: number): number => rows * columns * (2 + k);

/**
 * The mean silhouette with squared Euclidean distances, in O(rows × k) as Spark's ClusteringEvaluator has it: a row's mean
 * distance to a cluster is its squared distance to the cluster's mean plus the cluster's mean squared distance to itself.
 * A row alone in its cluster counts 0. Needs two clusters or more.
 */
export function* meanSilhouette(
  points: Matrix,
  labels: Int32Array,
  sizes: Int32Array,
  meter: Meter,
): Generator<Progress, number, void> {
  const {values, rows, columns: d} = points;
  const k = sizes.length;
  const means = new Float64Array(k * d);
  yield* meter.pass(rows, d, (from, to) => {
    for (let row = from; row < to; row++) {
      const base = i32(labels, row) * d;
      for (let c = 0; c < d; c++) means[base + c] = f64(means, base + c) + f64(values, row * d + c);
    }
  });
  for (let j = 0; j < k; j++) for (let c = 0; c < d; c++) means[j * d + c] = f64(means, j * d + c) / i32(sizes, j);

  const spreads = new Float64Array(k);
  yield* meter.pass(rows, d, (from, to) => {
    for (let row = from; row < to; row++) {
      const own = i32(labels, row);
      spreads[own] = f64(spreads, own) + squaredDistance(values, row * d, means, own * d, d);
    }
  });
  for (let j = 0; j < k; j++) spreads[j] = f64(spreads, j) / i32(sizes, j);

  let sum = 0;
  yield* meter.pass(rows, k * d, (from, to) => {
    for (let row = from; row < to; row++) {
      const own = i32(labels, row);
      const size = i32(sizes, own);
      if (size === 1) continue;
      let inside = 0;
      let outside = Infinity;
      for (let j = 0; j < k; j++) {
        const distance = squaredDistance(values, row * d, means, j * d, d) + f64(spreads, j);
        // The row itself is in its own cluster's mean distance, at distance 0.
        if (j === own) inside = (distance * size) / (size - 1);
        else if (distance < outside) outside = distance;
      }
      if (inside < outside) sum += 1 - inside / outside;
      else if (inside > outside) sum += outside / inside - 1;
    }
  });
  return sum / rows;
}
