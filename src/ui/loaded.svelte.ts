import {problemOf, type Problem} from '../lib/problem.ts';

/** A value on its way: a newer request makes an older one's answer count for nothing. The last value stays while the next one loads. */
export class Loaded<T> {
  value = $state.raw<T | undefined>();
  problem = $state.raw<Problem | undefined>();
  loading = $state(false);
  #turn = 0;

  async load(work: () => Promise<T>): Promise<void> {
    const turn = ++this.#turn;
    this.loading = true;
    try {
      const value = await work();
      if (turn !== this.#turn) return;
      this.value = value;
      this.problem = undefined;
    } catch (thrown) {
      if (turn !== this.#turn) return;
      this.problem = problemOf(thrown);
    }
    this.loading = false;
  }

  clear(): void {
    this.#turn++;
    this.value = undefined;
    this.problem = undefined;
    this.loading = false;
  }
}
