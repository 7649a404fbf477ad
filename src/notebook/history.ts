/** Undo and redo over whole values: states share what they don't change, so keeping them costs little. */
export class History<T> {
  #past: T[] = [];
  #future: T[] = [];
  #lastTopic: string | undefined;
  #lastAt = 0;

  constructor(private readonly most = 200) {}

  get canUndo(): boolean {
    return this.#past.length > 0;
  }
  get canRedo(): boolean {
    return this.#future.length > 0;
  }

  /** Remembers `state` as what undo goes back to. Steps on one topic within a second, such as typing in one cell, are one. */
  record(state: T, topic: string | undefined, now: number): void {
    const joined = topic !== undefined && topic === this.#lastTopic && now - this.#lastAt < 1000;
    if (!joined) this.#past = [...this.#past.slice(-this.most + 1), state];
    this.#future = [];
    this.#lastTopic = topic;
    this.#lastAt = now;
  }

  undo(current: T): T | undefined {
    const state = this.#past.pop();
    if (state !== undefined) this.#future.push(current);
    this.#lastTopic = undefined;
    return state;
  }

  redo(current: T): T | undefined {
    const state = this.#future.pop();
    if (state !== undefined) this.#past.push(current);
    this.#lastTopic = undefined;
    return state;
  }

  clear(): void {
    this.#past = [];
    this.#future = [];
    this.#lastTopic = undefined;
  }
}
