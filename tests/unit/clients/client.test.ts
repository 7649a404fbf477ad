import {expect, test, vi} from 'vitest';
import {Client, type Manner} from '../../../src/clients/client.ts';
import {fail, ok, ProblemError, problemOf, type Problem} from '../../../src/lib/problem.ts';
import type {Outcome} from '../../../workers/contract/outcome.ts';

interface Work {
  start(): Promise<void>;
  run(job: number): Promise<Outcome<string>>;
  cancel(job: number): Promise<void>;
}

class InThread implements Work {
  isOver = false;
  breakDown: () => void = () => undefined;
  readonly cancelled: number[] = [];
  outcome: Promise<Outcome<string>> = never();
  starting: Promise<void> = Promise.resolve();
  start = (): Promise<void> => this.starting;
  run = (): Promise<Outcome<string>> => this.outcome;
  cancel = async (job: number): Promise<void> => void this.cancelled.push(job);
}

const never = <T>(): Promise<T> => new Promise(() => undefined);
const end = (code: string): Problem => ({code, message: code});
const told = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    (value) => value,
    (thrown: unknown) => problemOf(thrown).code,
  );
/** All that already may happen has happened. */
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

function clientOf(manner: Partial<Manner<Work>>, prepare: (worker: InThread) => void = () => undefined) {
  const workers: InThread[] = [];
  const client = new Client<Work>({
    connect() {
      const worker = new InThread();
      prepare(worker);
      workers.push(worker);
      return {
        remote: worker,
        onError: (listener) => (worker.breakDown = () => listener('')),
        terminate: () => (worker.isOver = true),
      };
    },
    problemOf: end,
    ...manner,
  });
  return {client, workers, ended: () => workers.map(({isOver}) => isOver)};
}
const cancel = (remote: Work, job: number): Promise<void> => remote.cancel(job);

test('a worker starts with the first call, or with the client', async () => {
  const later = clientOf({});
  expect(later.workers).toHaveLength(0);
  void later.client.call((remote, job) => remote.run(job));
  expect(later.workers).toHaveLength(1);
  expect(clientOf({startsAtOnce: true}).workers).toHaveLength(1);
});

test.each([false, true])(
  'a breakdown ends the worker and its calls; the next call has a new one (at once: %s)',
  async (startsAtOnce) => {
    const {client, workers, ended} = clientOf({startsAtOnce, startUp: (remote) => remote.start()});
    const heard: string[] = [];
    client.onRestart((why) => heard.push(why));
    const calls = [told(client.call((remote, job) => remote.run(job))), told(client.ask((remote) => remote.run(0)))];
    await settled();
    workers[0]?.breakDown();
    expect(await Promise.all(calls)).toEqual(['broke down', 'broke down']);
    expect(ended()).toEqual(startsAtOnce ? [true, false] : [true]);
    expect(heard).toEqual(startsAtOnce ? ['broke down'] : []);
    void client.call((remote, job) => remote.run(job));
    expect(ended()).toEqual([true, false]);
  },
);

test('a failure is the call’s own; a fatal one ends the worker and all calls beside it', async () => {
  const {client, workers, ended} = clientOf({});
  const beside = told(client.call((remote, job) => remote.run(job)));
  const [worker] = workers;
  if (worker === undefined) throw new Error('There is no worker.');
  worker.outcome = Promise.resolve(fail(end('WRONG')));
  expect(await told(client.call((remote, job) => remote.run(job)))).toBe('WRONG');
  expect(ended()).toEqual([false]);
  worker.outcome = Promise.resolve(fail({...end('FULL'), fatal: true}));
  expect(await told(client.call((remote, job) => remote.run(job)))).toBe('FULL');
  expect(await beside).toBe('fatal');
  expect(ended()).toEqual([true]);
});

test('one that starts at once but never came up is not started again, and says why to every call', async () => {
  const {client, workers, ended} = clientOf({startsAtOnce: true, startUp: never});
  workers[0]?.breakDown();
  expect(await told(client.ask((remote) => remote.start()))).toBe('not started');
  expect(await told(client.call((remote, job) => remote.run(job)))).toBe('not started');
  expect(ended()).toEqual([true]);
});

test('one that starts with a call is tried anew after a failed start', async () => {
  let isDown = true;
  const {client, workers} = clientOf({startUp: (remote) => remote.start()}, (worker) => {
    worker.outcome = Promise.resolve(ok('done'));
    if (isDown) worker.starting = Promise.reject(new ProblemError(end('DOWN')));
  });
  expect(await told(client.call((remote, job) => remote.run(job)))).toBe('DOWN');
  await settled();
  isDown = false;
  expect(await told(client.call((remote, job) => remote.run(job)))).toBe('done');
  expect(workers).toHaveLength(2);
});

test('a stop before the job was sent is obeyed at once, and nobody is asked to cancel', async () => {
  const {client, workers} = clientOf({startUp: never, cancel});
  const abort = new AbortController();
  const call = told(client.call((remote, job) => remote.run(job), abort.signal));
  abort.abort();
  expect(await call).toBe('CANCELLED');
  expect(await told(client.call((remote, job) => remote.run(job), abort.signal))).toBe('CANCELLED');
  expect(workers[0]?.cancelled).toEqual([]);
});

test('a stop is answered by the job; without an answer in time the worker ends', async () => {
  vi.useFakeTimers();
  try {
    const {client, workers, ended} = clientOf({cancel, patience: 2000});
    const abort = new AbortController();
    const call = told(client.call((remote, job) => remote.run(job), abort.signal));
    const beside = told(client.call((remote, job) => remote.run(job)));
    abort.abort();
    expect(workers[0]?.cancelled).toHaveLength(1);
    vi.advanceTimersByTime(1999);
    expect(ended()).toEqual([false]);
    vi.advanceTimersByTime(1);
    expect(await Promise.all([call, beside])).toEqual(['CANCELLED', 'deaf']);
    expect(ended()).toEqual([true]);
  } finally {
    vi.useRealTimers();
  }
});

test('what is done in spite of a stop keeps the worker, however long its patience has been over', async () => {
  vi.useFakeTimers();
  try {
    const {client, ended} = clientOf({cancel, patience: 2000}, (worker) => {
      worker.outcome = Promise.resolve(ok('done'));
    });
    const abort = new AbortController();
    const call = told(client.call((remote, job) => remote.run(job), abort.signal));
    abort.abort();
    expect(await call).toBe('done');
    vi.advanceTimersByTime(10_000);
    expect(ended()).toEqual([false]);
  } finally {
    vi.useRealTimers();
  }
});

test('where jobs can’t be cancelled, a stop ends the worker', async () => {
  const {client, ended} = clientOf({});
  const abort = new AbortController();
  const call = told(client.call((remote, job) => remote.run(job), abort.signal));
  abort.abort();
  expect(await call).toBe('CANCELLED');
  expect(ended()).toEqual([true]);
  const whole = new AbortController();
  const {life} = client;
  const several = told(life.whole(whole.signal, () => life.ask((remote) => remote.run(0))));
  whole.abort();
  expect(await several).toBe('CANCELLED');
  expect(ended()).toEqual([true, true]);
});
