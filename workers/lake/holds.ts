import type {Locks} from '../../src/lake/file-store.ts';

export type Release = () => void;

interface Hold {
  users: number;
  readonly ready: Promise<void>;
  readonly end: () => void;
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
      hold.end();
    };
    try {
      await hold.ready;
    } catch (thrown) {
      release();
      throw thrown;
    }
    return release;
  }

  #start(name: string): Hold {
    let end = (): void => undefined;
    const over = new Promise<void>((resolve) => (end = resolve));
    const ready = new Promise<void>((resolve, reject) => {
      const holding = (): Promise<void> => {
        resolve();
        return over;
      };
      this.locks.shared(name, holding).catch(reject);
    });
    const hold = {users: 0, ready, end};
    this.#held.set(name, hold);
    return hold;
  }
}
