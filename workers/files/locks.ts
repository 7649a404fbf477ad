import type {Locks} from '../../src/lake/file-store.ts';
import {holdLock, lockNames} from '../../src/lib/tabs.ts';

/** Locks of a store: they exclude whoever else may use the same files. */
export interface StoreLocks extends Locks {
  /** Runs `task` unless another tab has called this and is still open, and waits for one that runs it now; once it resolves this tab counts as open. */
  whenFirst(name: string, task: () => Promise<void>): Promise<void>;
}

/** Locks over every tab of this origin; the browser frees those of a tab or worker that dies. */
export function createWebLocks(locks: LockManager): StoreLocks {
  const request = <T>(name: string, mode: LockMode, task: () => Promise<T>): Promise<T> =>
    locks.request(lockNames.files(name), {mode}, task);
  return {
    exclusive: (name, task) => request(name, 'exclusive', task),
    shared: (name, task) => request(name, 'shared', task),
    async whenFirst(name, task) {
      const {isOpen} = await locks.request(lockNames.files(name), {ifAvailable: true}, async (lock) => {
        if (lock !== null) await task();
        // Asked for before the exclusive lock ends, so that nobody who comes later is first once more. It is never released: this tab stays open.
        return {isOpen: holdLock((holding) => request(name, 'shared', holding))};
      });
      await isOpen;
    },
  };
}

/** Locks within this worker, in the order of asking: for files that nobody else sees, and where the page isn't a secure context. */
export function createOwnLocks(): StoreLocks {
  const tails = new Map<string, {exclusive: Promise<unknown>; all: Promise<unknown>}>();

  function request<T>(name: string, isExclusive: boolean, task: () => Promise<T>): Promise<T> {
    const tail = tails.get(name) ?? {exclusive: Promise.resolve(), all: Promise.resolve()};
    const turn = (isExclusive ? tail.all : tail.exclusive).then(task);
    const done = turn.catch(() => undefined);
    const all = isExclusive ? done : Promise.all([tail.all, done]);
    tails.set(name, {exclusive: isExclusive ? done : tail.exclusive, all});
    void all.then(() => {
      if (tails.get(name)?.all === all) tails.delete(name);
    });
    return turn;
  }

  return {
    exclusive: (name, task) => request(name, true, task),
    shared: (name, task) => request(name, false, task),
    whenFirst: (_name, task) => task(),
  };
}
