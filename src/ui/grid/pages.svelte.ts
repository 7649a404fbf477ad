import {problemOf, type Problem} from '../../lib/problem.ts';
import type {Row} from '../../lib/value.ts';
import type {Sort} from '../../sql/page.ts';

export type FetchPage = (offset: number, limit: number, sort: readonly Sort[]) => Promise<readonly Row[]>;

const mostPages = 40;

/** Rows to a page: about so many values that a wide table's first rows are there as soon as a narrow one's. */
export const pageSize = (columns: number): number => Math.max(25, Math.min(200, Math.floor(20_000 / columns)));

/** The pages of a result that are at hand. One request runs at a time, always for what is in view by then: a fast scroll asks for little. */
export class Pages {
  #pages = $state.raw<ReadonlyMap<number, readonly Row[]>>(new Map());
  problem = $state.raw<Problem | undefined>();
  loading = $state(false);
  #wanted: readonly [number, number] = [0, -1];
  #turn = 0;

  constructor(
    private readonly fetch: FetchPage,
    private readonly sort: readonly Sort[],
    private readonly size: number,
  ) {}

  row(index: number): Row | undefined {
    return this.#pages.get(Math.floor(index / this.size))?.[index % this.size];
  }

  /** Says which rows are in view. */
  want(first: number, last: number): void {
    this.#wanted = [first, last];
    if (!this.loading && this.problem === undefined) void this.#pump();
  }

  retry(): void {
    this.problem = undefined;
    void this.#pump();
  }

  /** No request starts any more. */
  close(): void {
    this.#turn++;
    this.#wanted = [0, -1];
  }

  /** Rows `first` to `last`, fetched where they are not at hand. */
  async rows(first: number, last: number): Promise<readonly Row[]> {
    const found: Row[] = [];
    for (let i = first; i <= last; i++) {
      const row = this.row(i);
      if (row === undefined) return [...found, ...(await this.fetch(i, last - i + 1, this.sort))];
      found.push(row);
    }
    return found;
  }

  #missing(): number | undefined {
    const [first, last] = this.#wanted;
    for (let page = Math.floor(first / this.size); page <= Math.floor(last / this.size); page++)
      if (!this.#pages.has(page)) return page;
    return undefined;
  }

  async #pump(): Promise<void> {
    const turn = this.#turn;
    this.loading = true;
    for (let page = this.#missing(); page !== undefined; page = this.#missing()) {
      try {
        const rows = await this.fetch(page * this.size, this.size, this.sort);
        if (turn !== this.#turn) break;
        this.#keep(page, rows);
      } catch (thrown) {
        if (turn === this.#turn) this.problem = problemOf(thrown);
        break;
      }
    }
    this.loading = false;
  }

  #keep(page: number, rows: readonly Row[]): void {
    const kept = new Map(this.#pages).set(page, rows);
    // The pages furthest from the view go first.
    const middle = Math.floor((this.#wanted[0] + this.#wanted[1]) / 2 / this.size);
    while (kept.size > mostPages)
      kept.delete(
        [...kept.keys()].reduce((far, key) => (Math.abs(key - middle) > Math.abs(far - middle) ? key : far), page),
      );
    this.#pages = kept;
  }
}
