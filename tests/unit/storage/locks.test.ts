import {expect, test} from 'vitest';
import {createWebLocks} from '../../../workers/files/locks.ts';

interface Request {
  readonly mode: LockMode;
  readonly run: () => Promise<unknown>;
}

/** The browser's locks as far as they are used: requests of a name in the order of asking (https://w3c.github.io/web-locks/#algorithms), granted in a later turn. */
function createLockManager(): LockManager {
  const held = new Map<string, Set<Request>>();
  const queues = new Map<string, Request[]>();
  const isGrantable = (name: string, mode: LockMode): boolean => {
    const holders = [...(held.get(name) ?? [])];
    return (
      (queues.get(name) ?? []).length === 0 &&
      (holders.length === 0 || (mode === 'shared' && holders.every((holder) => holder.mode === 'shared')))
    );
  };
  const hold = async (name: string, request: Request): Promise<unknown> => {
    const holders = held.get(name) ?? new Set();
    held.set(name, holders.add(request));
    try {
      return await request.run();
    } finally {
      holders.delete(request);
      grant(name);
    }
  };
  const grant = (name: string): void => {
    for (;;) {
      const [next, ...rest] = queues.get(name) ?? [];
      queues.delete(name);
      if (next === undefined) return;
      if (!isGrantable(name, next.mode)) {
        queues.set(name, [next, ...rest]);
        return;
      }
      queues.set(name, rest);
      void hold(name, next).catch(() => undefined);
    }
  };
  const request = async (
    name: string,
    {mode = 'exclusive', ifAvailable = false}: LockOptions,
    task: (lock: Lock | null) => Promise<unknown>,
  ): Promise<unknown> => {
    await new Promise((resolve) => setTimeout(resolve));
    const own = {name, mode};
    if (isGrantable(name, mode)) return hold(name, {mode, run: () => task(own)});
    if (ifAvailable) return task(null);
    return new Promise((resolve, reject) => {
      const run = (): Promise<unknown> => {
        const done = task(own);
        done.then(resolve, reject);
        return done;
      };
      queues.set(name, [...(queues.get(name) ?? []), {mode, run}]);
    });
  };
  // The cast: only this form is used.
  return {request} as unknown as LockManager;
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

test('a tab that is not the first works only once the first has done its task', async () => {
  const manager = createLockManager();
  const happened: string[] = [];
  let finish = (): void => undefined;
  const first = createWebLocks(manager)
    .whenFirst('open', async () => {
      happened.push('first clears');
      await new Promise<void>((resolve) => (finish = resolve));
      happened.push('first is done');
    })
    .then(() => happened.push('first works'));
  await pause();
  const second = createWebLocks(manager)
    .whenFirst('open', async () => void happened.push('second clears'))
    .then(() => happened.push('second works'));
  await pause();
  expect(happened).toEqual(['first clears']);
  finish();
  await Promise.all([first, second]);
  expect(happened.slice(0, 2)).toEqual(['first clears', 'first is done']);
  expect(happened.slice(2).sort()).toEqual(['first works', 'second works']);
});

test('nobody is first between a task and the tab that ran it', async () => {
  const manager = createLockManager();
  const cleared: number[] = [];
  const tabs = Array.from({length: 20}, async (_, tab) => {
    await new Promise((resolve) => setTimeout(resolve, tab));
    await createWebLocks(manager).whenFirst('open', async () => {
      await pause();
      cleared.push(tab);
    });
  });
  await Promise.all(tabs);
  expect(cleared).toEqual([0]);
});

test('a task that fails is told, and the next tab is first', async () => {
  const manager = createLockManager();
  await expect(createWebLocks(manager).whenFirst('open', () => Promise.reject(new Error('no room')))).rejects.toThrow(
    'no room',
  );
  const ran: string[] = [];
  await createWebLocks(manager).whenFirst('open', async () => void ran.push('next'));
  expect(ran).toEqual(['next']);
});
