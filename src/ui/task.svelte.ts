import {problemOf, type Problem} from '../lib/problem.ts';
import type {Progress} from '../ports/index.ts';

export interface TaskControl {
  readonly onProgress: (progress: Progress) => void;
  readonly signal: AbortSignal;
}

/** Long work that a reader started: how far it is, how to stop it, and what went wrong with the last one. */
export class Task {
  progress = $state.raw<Progress | undefined>();
  /** On the clock of `performance.now()`; undefined while nothing runs. */
  startedAt = $state<number | undefined>();
  problem = $state.raw<Problem | undefined>();
  readonly busy = $derived(this.startedAt !== undefined);
  #abort: AbortController | undefined;

  /** Starts `work` and stops what ran before; undefined when it fails, is stopped or superseded. */
  async run<T>(work: (control: TaskControl) => Promise<T>): Promise<T | undefined> {
    this.stop();
    const abort = new AbortController();
    this.#abort = abort;
    [this.startedAt, this.progress, this.problem] = [performance.now(), undefined, undefined];
    try {
      const value = await work({
        signal: abort.signal,
        onProgress: (progress) => this.#abort === abort && (this.progress = progress),
      });
      return this.#abort === abort ? value : undefined;
    } catch (thrown) {
      if (this.#abort === abort) this.problem = problemOf(thrown);
      return undefined;
    } finally {
      if (this.#abort === abort) this.startedAt = undefined;
    }
  }

  stop(): void {
    this.#abort?.abort();
  }
}
