import type {Problem} from '../lib/problem.ts';

export interface Notice {
  readonly id: number;
  readonly problem: Problem;
}

/** Problems that no command of the user waits for: the page shows them until the user dismisses them. */
export class Notices {
  list = $state.raw<readonly Notice[]>([]);
  #last = 0;

  notify(problem: Problem): void {
    this.list = [...this.list, {id: ++this.#last, problem}];
  }
  dismiss(id: number): void {
    this.list = this.list.filter((notice) => notice.id !== id);
  }
}
