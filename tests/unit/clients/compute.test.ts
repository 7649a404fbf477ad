import {expect, test, vi} from 'vitest';
import {problemOf} from '../../../src/lib/problem.ts';
import {kernels} from '../../../workers/kernels/index.ts';
import {createComputeService} from '../../../workers/kernels/service.ts';
import {columnSet, nodePause} from '../kernels/run.ts';
import {local} from './local-compute.ts';

const ignore = (): void => undefined;
const points = (n: number) =>
  columnSet({values: Float64Array.from({length: n}, (_, i) => (i * 7919) % 1000), rows: n, columns: 1});
const nowhere = {progress: ignore, rows: () => Promise.resolve()};
const problem = (run: Promise<unknown>) => run.then(() => undefined, problemOf);

test('a job’s result comes back, and the worker is kept for the next', async () => {
  const {port, workers} = local(() => createComputeService(kernels, nodePause));
  const input = points(1000);
  const parts: string[][] = [];
  await port.run(
    'kmeans',
    input,
    {k: 3},
    {...nowhere, rows: (columns) => Promise.resolve(void parts.push(columns.map(({name}) => name)))},
  );
  expect(parts).toEqual([['cluster', 'distance']]);
  expect(input.columns[0]?.values.length, 'the columns were moved').toBe(0);
  await port.run('kmeans', points(10), {k: 1}, nowhere);
  expect(workers.length).toBe(1);
});

test('an error value rejects with its Problem', async () => {
  const {port} = local(() => createComputeService(kernels, nodePause));
  expect(await problem(port.run('kmeans', points(2), {k: 5}, nowhere))).toEqual({
    code: 'TOO_FEW_ROWS',
    message: 'k is 5, and there are only 2 complete rows.',
    hint: 'Set k to 2 or less.',
  });
});

test('what is wrong with taking in the rows is what the job fails with', async () => {
  const {port} = local(() => createComputeService(kernels, nodePause));
  const full = new RangeError('the engine is full');
  await expect(port.run('kmeans', points(10), {k: 1}, {...nowhere, rows: () => Promise.reject(full)})).rejects.toBe(
    full,
  );
});

test('an aborted job stops soon enough that the worker is kept', async () => {
  const {port, workers} = local(() => createComputeService(kernels, nodePause));
  const stop = new AbortController();
  const running = problem(port.run('kmeans', points(100_000), {k: 8, n_init: 1000}, nowhere, {signal: stop.signal}));
  await new Promise((resolve) => setTimeout(resolve, 100));
  stop.abort();
  expect(await running).toMatchObject({code: 'CANCELLED'});
  expect(workers.map(({ended}) => ended)).toEqual([false]);
  expect(await problem(port.run('kmeans', points(2), {}, nowhere, {signal: stop.signal}))).toMatchObject({
    code: 'CANCELLED',
  });
});

test('a job that ignores its cancel for 2 s takes the worker with it; the next job has a new one', async () => {
  vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout']});
  try {
    let deaf = true;
    const {port, workers} = local(() =>
      deaf
        ? {run: () => new Promise(ignore), cancel: () => new Promise(ignore)}
        : createComputeService(kernels, nodePause),
    );
    const stop = new AbortController();
    const stuck = problem(port.run('kmeans', points(10), {}, nowhere, {signal: stop.signal}));
    const beside = problem(port.run('kmeans', points(10), {}, nowhere));
    stop.abort();
    vi.advanceTimersByTime(1999);
    expect(workers[0]?.ended).toBe(false);
    vi.advanceTimersByTime(1);
    expect(await stuck).toMatchObject({code: 'CANCELLED'});
    expect(await beside).toMatchObject({code: 'COMPUTE_RESTARTED'});
    expect(workers[0]?.ended).toBe(true);
    deaf = false;
    expect((await port.run('kmeans', points(10), {k: 2}, nowhere)).facts.rows).toBe(10);
    expect(workers.length).toBe(2);
  } finally {
    vi.useRealTimers();
  }
});
