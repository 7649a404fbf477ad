import type {Progress} from '../contract/compute.ts';

/** Multiply-adds between two yields: some 5 ms of work in a browser on a slow machine, far below the 50 ms a kernel may take. */
const blockCost = 500_000;

/** Counts the work of a kernel in multiply-adds, and cuts each pass over the rows into blocks short enough to be interrupted. */
export class Meter {
  readonly #total: number;
  #done = 0;
  /** Work of `among` since it last yielded. */
  #since = 0;
  /** The latest inertia or such, for people. */
  note = '';

  /** `total` is how much work there will be at most. */
  constructor(total: number) {
    this.#total = total;
  }

  get done(): number {
    return this.#done;
  }

  /** Does `work(from, to)` block by block over all rows; `cost` is about how many multiply-adds a row takes. */
  *pass(rows: number, cost: number, work: (from: number, to: number) => void): Generator<Progress, void, void> {
    const size = Math.max(1, Math.floor(blockCost / Math.max(1, cost)));
    for (let from = 0; from < rows; from += size) {
      const to = Math.min(rows, from + size);
      work(from, to);
      this.#done += (to - from) * cost;
      yield this.#progress();
    }
  }

  /** Like `pass`, for work of which there are many small pieces: it yields only once there was enough of it. */
  *among(rows: number, cost: number, work: (from: number, to: number) => void): Generator<Progress, void, void> {
    for (let from = 0; from < rows;) {
      const to = Math.min(rows, from + Math.max(1, Math.ceil((blockCost - this.#since) / cost)));
      work(from, to);
      this.#done += (to - from) * cost;
      this.#since += (to - from) * cost;
      from = to;
      if (this.#since < blockCost) continue;
      this.#since = 0;
      yield this.#progress();
    }
  }

  /** Says that all work up to `done` is over, what turned out not to be needed included. */
  reach(done: number): void {
    this.#done = Math.max(this.#done, done);
  }

  #progress(): Progress {
    const progress = {done: Math.min(this.#done, this.#total), total: this.#total};
    return this.note === '' ? progress : {...progress, note: this.note};
  }
}
