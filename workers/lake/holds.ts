import type {Locks} from '../../src/lake/file-store.ts';
import {holdLock, type Release} from '../../src/lib/tabs.ts';

interface Hold {
  users: number;
  readonly lock: Promise<Release | undefined>;
}

/**
 * Shared locks that are held until they are released, one for all that this worker does with a table: while it reads a table,
 * reading more of it never waits for a vacuum that waits for the first.
 */
export class Holds {
  readonly #held = new Map<string, Hold>();

  constructor(private readonly locks: Locks) {}

  /** Resolves once the lock is held; releasing twice does nothing. */
  async take(name: string): Promise<Release> {
    const hold = this.#held.get(name) ?? this.#start(name);
    hold.users++;
    let isOver = false;
    const release = (): void => {
      if (isOver) return;
      isOver = true;
      if (--hold.users > 0) return;
      if (this.#held.get(name) === hold) this.#held.delete(name);
      hold.lock.then((end) => end?.(), ignore);
    };
    try {
      await hold.lock;
    } catch (thrown) {
      release();
      throw thrown;
    }
    return release;
  }

  #start(name: string): Hold {
    const hold = {users: 0, lock: holdLock((holding) => this.locks.shared(name, holding))};
    this.#held.set(name, hold);
    return hold;
  }
}

const ignore = (): void => undefined;
