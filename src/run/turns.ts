/**
 * What waits for the engine, most urgent first: `run` computes cells, `look` fetches rows that are on the screen, `study`
 * profiles and compares whole tables, which can wait until nothing runs.
 */
export type Lane = 'run' | 'look' | 'study';

const lanes = ['run', 'look', 'study'] as const;

/** One piece of work at a time, the most urgent of those that wait. */
export class Turns {
  readonly #waiting: Readonly<Record<Lane, (() => Promise<void>)[]>> = {run: [], look: [], study: []};
  #working = false;
  #held = 0;

  /** `work`'s result, once its turn has come. */
  take<T>(lane: Lane, work: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting[lane].push(() => work().then(resolve, reject));
      void this.#next();
    });
  }

  /** Keeps `study` waiting while `work` goes on. */
  async holding<T>(work: () => Promise<T>): Promise<T> {
    this.#held++;
    try {
      return await work();
    } finally {
      this.#held--;
      void this.#next();
    }
  }

  async #next(): Promise<void> {
    if (this.#working) return;
    const lane = lanes.find((name) => this.#waiting[name].length > 0 && (name !== 'study' || this.#held === 0));
    const work = lane === undefined ? undefined : this.#waiting[lane].shift();
    if (work === undefined) return;
    this.#working = true;
    await work();
    this.#working = false;
    void this.#next();
  }
}
