import {join} from 'node:path';
import {kmeans as peer} from 'ml-kmeans';
import {build} from 'vite';
import {root} from '../tools/setup.mjs';
import {grouped, median, seconds} from './lib/figures.mjs';
import {isSmoke, sized} from './lib/size.mjs';

const rows = sized(1_000_000);
const columns = 6;
const k = 8;
const maxIter = 20;
const tol = 1e-4;
const seeds = isSmoke ? [1] : [1, 2, 3];

/** The k-means kernel beside ml-kmeans: one thread of Node, the same rows, greedy k-means++ and budget of iterations. */
export default async function kmeans() {
  const {kernels, seededRandom} = await kernelModule();
  const values = blobs(seededRandom(1));
  const points = Array.from({length: rows}, (_, row) =>
    Array.from(values.subarray(row * columns, (row + 1) * columns)),
  );
  const input = columnSet(values);
  /** @type {Record<'one' | 'ten' | 'peer', {ms: number, iterations: number, inertia: number}[]>} */
  const runs = {one: [], ten: [], peer: []};
  for (const seed of seeds) {
    runs.one.push(runOurs(kernels.kmeans, input, seed, 1));
    runs.ten.push(runOurs(kernels.kmeans, input, seed, 10));
    runs.peer.push(runPeer(points, seed));
  }
  /** @param {string} name @param {typeof runs.one} results */
  const line = (name, results) => [
    name,
    seconds(median(results.map(({ms}) => ms))),
    results.map(({iterations}) => iterations).join(', '),
    results.map(({inertia}) => (inertia / 1e6).toFixed(3)).join(', '),
  ];
  return {
    title: `k-means, ${grouped(rows)} × ${columns}, k = ${k}`,
    columns: ['', 'seconds', 'iterations', 'inertia, millions'],
    rows: [line('Lakebook', runs.one), line('Lakebook, best of 10 starts', runs.ten), line('ml-kmeans', runs.peer)],
    note: `Median of ${seeds.length} seeds; at most ${maxIter} iterations, tolerance ${tol}, greedy k-means++, in Node on one thread; iterations and inertia of each seed. Lakebook’s time includes the silhouette; ml-kmeans gives none. The rows are ${k} overlapping clouds.`,
  };
}

/** The kernels as the site has them: TypeScript compiled by the site's own bundler. */
async function kernelModule() {
  const entry = `export {kernels} from './workers/kernels/index.ts'; export {seededRandom} from './workers/kernels/random.ts';`;
  const id = join(root, 'bench-kernels.ts');
  const plugins = [
    {
      name: 'entry',
      resolveId: (/** @type {string} */ source) => (source === id ? id : null),
      load: (/** @type {string} */ source) => (source === id ? entry : null),
    },
  ];
  const built = await build({
    configFile: false,
    root,
    logLevel: 'error',
    plugins,
    publicDir: false,
    build: {write: false, target: 'es2023', lib: {entry: id, formats: ['es']}},
  });
  const output = Array.isArray(built) ? built[0]?.output[0] : undefined;
  if (output === undefined) throw new Error('The kernels could not be built.');
  return import(`data:text/javascript;base64,${Buffer.from(output.code).toString('base64')}`);
}

/** k Gaussian clouds of standard deviation 1.5 with centres in a cube of 10. @param {() => number} random */
function blobs(random) {
  const gauss = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const centres = Array.from({length: k * columns}, () => random() * 10);
  const values = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const cloud = Math.floor(random() * k) * columns;
    for (let c = 0; c < columns; c++) values[row * columns + c] = centres[cloud + c] + 1.5 * gauss();
  }
  return values;
}

/** The rows as a kernel gets them: a typed array for each column. @param {Float64Array} values */
function columnSet(values) {
  const column = (/** @type {number} */ c) => Float64Array.from({length: rows}, (_, row) => values[row * columns + c]);
  return {
    rows,
    columns: Array.from({length: columns}, (_, c) => ({kind: 'numbers', name: `f${c}`, values: column(c)})),
  };
}

/** @param {(input: object, args: object) => Generator} kernel @param {object} input @param {number} seed @param {number} starts */
function runOurs(kernel, input, seed, starts) {
  const start = performance.now();
  const work = kernel(input, {k, max_iter: maxIter, tol, seed, n_init: starts});
  let step = work.next();
  while (!step.done) step = work.next();
  const ms = performance.now() - start;
  if (!step.value.ok) throw new Error(step.value.error.message);
  const {iterations, inertia} = step.value.value.facts;
  return {ms, iterations, inertia};
}

/** @param {number[][]} points @param {number} seed */
function runPeer(points, seed) {
  const start = performance.now();
  // Its tolerance is on the squared shift.
  const {clusters, centroids, iterations} = peer(points, k, {
    initialization: 'kmeans++',
    maxIterations: maxIter,
    tolerance: tol ** 2,
    seed,
  });
  const ms = performance.now() - start;
  const inertia = points.reduce(
    (sum, point, row) =>
      sum + centroids[clusters[row]].reduce((squared, centre, c) => squared + (point[c] - centre) ** 2, 0),
    0,
  );
  return {ms, iterations, inertia};
}
