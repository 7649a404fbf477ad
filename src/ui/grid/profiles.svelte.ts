import type {ColumnProfile} from '../../sql/profile.ts';

/** Looks up the profiles of a batch of columns, from one on. */
export type FetchProfiles = (first: number) => Promise<readonly ColumnProfile[]>;

/** The profiles of columns that were in view. One batch is looked up at a time, always one that is in view by then: the rest of a wide table costs nothing. */
export class Profiles {
  /** False where they could not be had: a table that has gone from memory shows its rows alone. */
  available = $state(true);
  #batches = $state.raw<ReadonlyMap<number, readonly ColumnProfile[]>>(new Map());
  #wanted: readonly [number, number] = [0, -1];
  #isLooking = false;

  constructor(
    private readonly fetch: FetchProfiles,
    private readonly size: number,
  ) {}

  of(column: number): ColumnProfile | undefined {
    return this.#batches.get(Math.floor(column / this.size))?.[column % this.size];
  }

  /** Says which columns are in view. */
  want(first: number, last: number): void {
    this.#wanted = [first, last];
    if (!this.#isLooking && this.available) void this.#look();
  }

  /** Tries again after they could not be had. */
  again(): void {
    this.available = true;
    this.want(...this.#wanted);
  }

  #missing(): number | undefined {
    const [first, last] = this.#wanted;
    for (let batch = Math.floor(first / this.size); batch <= Math.floor(last / this.size); batch++)
      if (!this.#batches.has(batch)) return batch;
    return undefined;
  }

  async #look(): Promise<void> {
    this.#isLooking = true;
    for (let batch = this.#missing(); batch !== undefined; batch = this.#missing()) {
      try {
        this.#batches = new Map(this.#batches).set(batch, await this.fetch(batch * this.size));
      } catch {
        this.available = false;
        break;
      }
    }
    this.#isLooking = false;
  }
}
