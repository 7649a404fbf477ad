import {expect, test} from 'vitest';
import type {KernelColumn} from '../../../workers/contract/engine.ts';
import {kernels} from '../../../workers/kernels/index.ts';
import {seededRandom} from '../../../workers/kernels/random.ts';
import {createComputeService} from '../../../workers/kernels/service.ts';
import {columnSet, nodePause} from './run.ts';

const random = seededRandom(1);
const big = columnSet({values: Float64Array.from({length: 1_200_000}, random), rows: 200_000, columns: 6});
const noRows = () => Promise.resolve();
const ignore = (): void => undefined;

test('a job reports progress at most 20 times a second and gives its result', async () => {
  const service = createComputeService(kernels, nodePause);
  const times: number[] = [];
  const parts: (string | number)[][][] = [];
  const take = (columns: readonly KernelColumn[]) =>
    Promise.resolve(void parts.push(columns.map(({name, values}) => [name, values.length])));
  const outcome = await service.run(1, 'kmeans', big, {k: 4}, () => times.push(performance.now()), take);
  expect(outcome.ok).toBe(true);
  expect(parts).toEqual([
    [
      ['cluster', 200_000],
      ['distance', 200_000],
    ],
  ]);
  expect(times.length).toBeGreaterThan(0);
  times.slice(1).forEach((time, i) => expect(time - (times[i] ?? 0)).toBeGreaterThan(49));
});

test('a cancelled job ends as CANCELLED between two slices; a job beside it goes on', async () => {
  const service = createComputeService(kernels, nodePause);
  const long = service.run(1, 'kmeans', big, {k: 8, n_init: 1000}, ignore, noRows);
  const short = service.run(2, 'kmeans', big, {k: 2}, ignore, noRows);
  await new Promise((resolve) => setTimeout(resolve, 50));
  await service.cancel(1);
  expect(await long).toMatchObject({ok: false, error: {code: 'CANCELLED'}});
  expect((await short).ok).toBe(true);
});

test('an unknown kernel is an error value', async () => {
  expect(await createComputeService(kernels, nodePause).run(1, 'none', big, {}, ignore, noRows)).toMatchObject({
    ok: false,
    error: {code: 'UNKNOWN_KERNEL'},
  });
});
