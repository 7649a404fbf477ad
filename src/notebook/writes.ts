import {problemOf, type Problem} from '../lib/problem.ts';

export interface WritesEvents {
  /** Whether this tab may change the workspace. */
  mayWrite(): boolean;
  notify(problem: Problem): void;
}

/** What is written to the workspace: by the tab that owns it, and in the order in which it was asked for. */
export class Writes {
  #last: Promise<void> = Promise.resolve();

  constructor(private readonly events: WritesEvents) {}

  get mayWrite(): boolean {
    return this.events.mayWrite();
  }

  /** Does `work` after all that was asked for before. */
  next(work: () => Promise<void>): Promise<void> {
    this.#last = this.#last.then(work);
    return this.#last;
  }

  /** Writes at once and says whether it is kept; what is on the page stays. A failure is told, unless it is known from a try before. */
  async keep(write: () => Promise<void>, isKnown = false): Promise<boolean> {
    if (!this.mayWrite) return false;
    try {
      await write();
      return true;
    } catch (thrown) {
      if (!isKnown) this.events.notify(problemOf(thrown));
      return false;
    }
  }
}
