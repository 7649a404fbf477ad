import {nullInt} from '../../src/lib/nulls.ts';
import {count, plural} from '../../src/lib/text.ts';
import type {Kernel, KernelArgs, Progress} from '../contract/compute.ts';
import type {ColumnSet, KernelColumn} from '../contract/engine.ts';
import type {Outcome} from '../contract/outcome.ts';
import {lloyd, lloydWork, type Clustering} from './kmeans-lloyd.ts';
import {seedCentres, seedWork} from './kmeans-seed.ts';
import {Meter} from './meter.ts';
import {seededRandom, type Random} from './random.ts';
import {meanSilhouette, silhouetteWork} from './silhouette.ts';
import {f64, i32, type Matrix} from './vectors.ts';

/** On more rows than this, all starts but the first compete on a sample. */
const startRows = 50_000;
/** The elbow is measured on at most so many rows. */
const elbowRows = 20_000;

/** Spark's KMeans defaults; `nInit` and `elbowMax` are ours: starts tried, and the largest k of the elbow, 0 for none. */
interface Settings {
  readonly k: number;
  readonly maxIter: number;
  readonly tol: number;
  readonly seed: number;
  readonly nInit: number;
  readonly standardize: boolean;
  readonly elbowMax: number;
}

/**
 * k-means by Lloyd's iterations from greedy k-means++ starts; the best of `n_init` starts is kept. On more than 50,000 rows
 * all starts but the first are made on a sample, and the best of those goes on with all rows (Bradley and Fayyad 1998). Args: `k` 2, `max_iter` 20,
 * `tol` 1e-4, `seed` 1, `n_init` 1, `standardize` false, `elbow_max` 0, `give` rows.
 * Columns: `cluster` (0 is the largest; equal sizes go by centre) and `distance`, Euclidean, to the row's own centre; a row with
 * a NaN or an infinity gets neither. With `give` centres the rows are the kernel's own, one for each cluster: `cluster`, `size` and the
 * features; otherwise that is a small table beside. `standardize` divides each column by its sample standard deviation first, as Spark's
 * StandardScaler does: inertia, silhouette, tolerance and distances are then in those units, centres in the column's own.
 * Facts: inertia, silhouette (squared Euclidean; from two clusters on), iterations, rows, rows_skipped, and elbow_rows.
 */
export const kmeans: Kernel = function* (given, args) {
  const input = {rows: given.rows, columns: given.columns.length};
  const settings = readSettings(args, input.columns);
  if (!settings.ok) return settings;
  const {k, seed, elbowMax} = settings.value;
  const meter = new Meter(totalWork(input, settings.value));
  const random = seededRandom(seed);

  const prepared = yield* prepare(given, settings.value.standardize, meter);
  const {points} = prepared;
  if (points.rows === 0) {
    const message =
      input.rows === 0
        ? 'There are no rows to cluster.'
        : `None of the ${plural(input.rows, 'row')} has a value in every feature.`;
    return failure(
      'NO_COMPLETE_ROWS',
      message,
      'Fill the missing values in a step before this one, or take fewer features.',
    );
  }
  if (k > points.rows) {
    return failure(
      'TOO_FEW_ROWS',
      `k is ${count(k)}, and there ${points.rows === 1 ? 'is' : 'are'} only ${plural(points.rows, 'complete row')}.`,
      `Set k to ${count(points.rows)} or less.`,
    );
  }
  const best = yield* cluster(points, settings.value, random, meter);
  if ('distinct' in best) {
    const message = `k is ${count(k)}, and the features have only ${plural(best.distinct, 'distinct row')}.`;
    return failure(
      'TOO_FEW_DISTINCT_ROWS',
      message,
      `Set k to ${count(best.distinct)} or less, or add a feature that tells more rows apart.`,
    );
  }
  const order = clusterOrder(best, points.columns);
  const facts: Record<string, number> = {inertia: best.inertia};
  if (k > 1) facts.silhouette = yield* meanSilhouette(points, best.labels, best.sizes, meter);
  Object.assign(facts, {iterations: best.iterations, rows: points.rows, rows_skipped: input.rows - points.rows});
  const centres = centresTable(best, order, prepared, featureNames(given));
  const givesCentres = args.give === 'centres';
  const tables: Record<string, readonly KernelColumn[]> = givesCentres ? {} : {centres};
  if (elbowMax > 0) {
    const sample = sampleRows(points, elbowRows, random);
    facts.elbow_rows = sample.rows;
    tables.elbow = yield* elbow(sample, settings.value, random, meter, sample === points ? best : undefined);
  }
  yield {columns: givesCentres ? centres : rowColumns(input.rows, prepared.skipped, best, order)};
  return {ok: true, value: {facts, tables}};
};

function failure(code: string, message: string, hint: string): Outcome<never> {
  return {ok: false, error: {code, message, hint}};
}

function readSettings(args: KernelArgs, columns: number): Outcome<Settings> {
  const wrong: string[] = [];
  const number = (name: string, otherwise: number, smallest: number, whole: boolean): number => {
    const value = args[name] ?? otherwise;
    if (
      typeof value === 'number' &&
      value >= smallest &&
      (whole ? Number.isSafeInteger(value) : Number.isFinite(value))
    )
      return value;
    wrong.push(
      `${name} takes a ${whole ? 'whole ' : ''}number${smallest === -Infinity ? '' : ` from ${smallest}`}, and this is ${JSON.stringify(value)}`,
    );
    return otherwise;
  };
  const settings = {
    k: number('k', 2, 1, true),
    maxIter: number('max_iter', 20, 1, true),
    tol: number('tol', 1e-4, 0, false),
    seed: number('seed', 1, -Infinity, true),
    nInit: number('n_init', 1, 1, true),
    standardize: args.standardize === true,
    elbowMax: number('elbow_max', 0, 0, true),
  };
  if (columns === 0) wrong.push('features names no column');
  return wrong.length === 0
    ? {ok: true, value: settings}
    : failure('BAD_ARGUMENT', `${wrong.join('; ')}.`, 'Correct the step’s parameters and run it again.');
}

/** The names of the features in the table of centres, made unlike its own columns' names. */
const featureNames = ({columns}: ColumnSet): readonly string[] =>
  columns.map(({name}) => (name === 'cluster' || name === 'size' ? `${name}_1` : name));

interface Prepared {
  /** The complete rows, each column less its mean and divided by its scale: small numbers keep the sums exact. */
  readonly points: Matrix;
  readonly means: Float64Array;
  readonly scales: Float64Array;
  /** 1 for each input row that has a missing value. */
  readonly skipped: Uint8Array;
}

function* prepare({rows, columns}: ColumnSet, standardize: boolean, meter: Meter): Generator<Progress, Prepared, void> {
  const d = columns.length;
  const values = columns.map((column) => {
    if (column.kind !== 'numbers') throw new Error(`${column.name} has no numbers.`);
    return column.values;
  });
  const skipped = new Uint8Array(rows);
  const means = new Float64Array(d);
  const scales = new Float64Array(d).fill(1);
  let complete = 0;
  yield* meter.pass(rows, d, (from, to) => {
    for (let row = from; row < to; row++) {
      let finite = true;
      for (let c = 0; c < d; c++) finite &&= Number.isFinite(cell(values, c, row));
      if (!finite) {
        skipped[row] = 1;
        continue;
      }
      complete++;
      for (let c = 0; c < d; c++) means[c] = f64(means, c) + cell(values, c, row);
    }
  });
  for (let c = 0; c < d; c++) means[c] = f64(means, c) / complete;

  const centred = new Float64Array(complete * d);
  const squares = new Float64Array(d);
  let next = 0;
  yield* meter.pass(rows, d, (from, to) => {
    for (let row = from; row < to; row++) {
      if (skipped[row] === 1) continue;
      for (let c = 0; c < d; c++) {
        const value = cell(values, c, row) - f64(means, c);
        centred[next++] = value;
        squares[c] = f64(squares, c) + value * value;
      }
    }
  });
  if (standardize) {
    // A column that never varies says nothing about clusters; its scale stays 1.
    for (let c = 0; c < d; c++) if (f64(squares, c) > 0) scales[c] = Math.sqrt(f64(squares, c) / (complete - 1));
    yield* meter.pass(complete, d, (from, to) => {
      for (let row = from; row < to; row++)
        for (let c = 0; c < d; c++) centred[row * d + c] = f64(centred, row * d + c) / f64(scales, c);
    });
  }
  meter.reach(prepareWork({rows, columns: d}));
  return {points: {values: centred, rows: complete, columns: d}, means, scales, skipped};
}

// The loops that call it bound both, as with `f64`.
const cell = (columns: readonly Float64Array[], column: number, row: number): number =>
  f64(columns[column] as Float64Array, row);

type Size = Omit<Matrix, 'values'>;

/** The multiply-adds of everything that these settings ask for, at most. */
function totalWork(input: Size, settings: Settings): number {
  const {k, elbowMax} = settings;
  const sample = {...input, rows: Math.min(input.rows, elbowRows)};
  let work = prepareWork(input) + clusterWork(input, k, settings) + (k > 1 ? silhouetteWork(input, k) : 0);
  for (let other = 1; other <= elbowMax; other++) work += clusterWork(sample, other, settings);
  return work;
}

const prepareWork = ({rows, columns}: Size): number => 3 * rows * columns;

function clusterWork(points: Size, k: number, {maxIter, nInit}: Settings): number {
  const start = (on: Size): number => seedWork(on, k) + lloydWork(on, k, maxIter);
  if (nInit === 1 || points.rows <= startRows) return nInit * start(points);
  return start(points) + (nInit - 1) * start({...points, rows: startRows}) + lloydWork(points, k, maxIter);
}

interface TooFew {
  /** How many distinct rows there are: fewer than k. */
  readonly distinct: number;
}

/** The best clustering of all starts. */
function* cluster(
  points: Matrix,
  settings: Settings,
  random: Random,
  meter: Meter,
): Generator<Progress, Clustering | TooFew, void> {
  const {k, maxIter, tol, nInit} = settings;
  const end = meter.done + clusterWork(points, k, settings);
  const best = yield* bestOf(points.rows > startRows ? 1 : nInit, points, settings, random, meter);
  if ('distinct' in best || points.rows <= startRows || nInit === 1) return best;
  const rival = yield* bestOf(nInit - 1, sampleRows(points, startRows, random), settings, random, meter);
  // A sample may have fewer distinct rows than all rows have.
  const refined = 'distinct' in rival ? best : yield* lloyd(points, rival.centres, maxIter, tol, meter);
  meter.reach(end);
  return refined.inertia < best.inertia ? refined : best;
}

function* bestOf(
  starts: number,
  points: Matrix,
  {k, maxIter, tol}: Settings,
  random: Random,
  meter: Meter,
): Generator<Progress, Clustering | TooFew, void> {
  const before = meter.done;
  let best: Clustering | undefined;
  for (let start = 1; best === undefined || start <= starts; start++) {
    const seeding = yield* seedCentres(points, k, random, meter);
    if ('distinct' in seeding) return seeding;
    const found = yield* lloyd(points, seeding.centres, maxIter, tol, meter);
    if (best === undefined || found.inertia < best.inertia) best = found;
    meter.note = `inertia ${Number(best.inertia.toPrecision(6))}`;
    meter.reach(before + start * (seedWork(points, k) + lloydWork(points, k, maxIter)));
  }
  return best;
}

/** `order[old]` is the new number of a cluster: larger clusters first, then by centre, coordinate by coordinate. */
function clusterOrder({centres, sizes}: Clustering, d: number): Int32Array {
  const bySize = Array.from(sizes.keys()).sort((a, b) => {
    if (i32(sizes, a) !== i32(sizes, b)) return i32(sizes, b) - i32(sizes, a);
    for (let c = 0; c < d; c++)
      if (f64(centres, a * d + c) !== f64(centres, b * d + c)) return f64(centres, a * d + c) - f64(centres, b * d + c);
    return a - b;
  });
  const order = new Int32Array(sizes.length);
  bySize.forEach((old, number) => (order[old] = number));
  return order;
}

function rowColumns(
  rows: number,
  skipped: Uint8Array,
  {labels, squared}: Clustering,
  order: Int32Array,
): readonly KernelColumn[] {
  const cluster = new Int32Array(rows).fill(nullInt);
  const distance = new Float64Array(rows).fill(NaN);
  let next = 0;
  for (let row = 0; row < rows; row++) {
    if (skipped[row] === 1) continue;
    cluster[row] = i32(order, i32(labels, next));
    distance[row] = Math.sqrt(f64(squared, next));
    next++;
  }
  return [
    {kind: 'numbers', name: 'cluster', values: cluster},
    {kind: 'numbers', name: 'distance', values: distance},
  ];
}

function centresTable(
  {centres, sizes}: Clustering,
  order: Int32Array,
  {means, scales}: Prepared,
  features: readonly string[],
): readonly KernelColumn[] {
  const d = features.length;
  const clusters = Array.from(sizes.keys()).sort((a, b) => i32(order, a) - i32(order, b));
  return [
    {kind: 'numbers', name: 'cluster', values: Int32Array.from(clusters.keys())},
    {kind: 'numbers', name: 'size', values: Int32Array.from(clusters, (old) => i32(sizes, old))},
    ...features.map((name, c) => ({
      kind: 'numbers' as const,
      name,
      values: Float64Array.from(clusters, (old) => f64(centres, old * d + c) * f64(scales, c) + f64(means, c)),
    })),
  ];
}

/** `count` rows at random without replacement, in their order (Knuth's algorithm S); all of them when there are no more. */
function sampleRows(points: Matrix, count: number, random: Random): Matrix {
  const {values, rows, columns: d} = points;
  if (rows <= count) return points;
  const sample = new Float64Array(count * d);
  let taken = 0;
  for (let row = 0; row < rows && taken < count; row++) {
    if (random() * (rows - row) < count - taken) sample.set(values.subarray(row * d, row * d + d), taken++ * d);
  }
  return {values: sample, rows: count, columns: d};
}

/** The inertia for k = 1, 2, … on the sample; it ends where the distinct rows do. `known` is the result for its own k on the same rows. */
function* elbow(
  sample: Matrix,
  settings: Settings,
  random: Random,
  meter: Meter,
  known: Clustering | undefined,
): Generator<Progress, readonly KernelColumn[], void> {
  const inertias: number[] = [];
  for (let k = 1; k <= settings.elbowMax; k++) {
    if (k === settings.k && known !== undefined) {
      inertias.push(known.inertia);
      continue;
    }
    const best = yield* cluster(sample, {...settings, k}, random, meter);
    if ('distinct' in best) break;
    inertias.push(best.inertia);
  }
  return [
    {kind: 'numbers', name: 'k', values: Int32Array.from(inertias, (_, i) => i + 1)},
    {kind: 'numbers', name: 'inertia', values: Float64Array.from(inertias)},
  ];
}
