/**
 * The life of something that others wait for. A race against one promise that lives long would keep every answer alive
 * until that promise settles; this keeps nothing of what is over.
 */
export class Lifetime {
  #ended: {readonly reason: Error} | undefined;
  readonly #waiting = new Set<(reason: Error) => void>();

  get over(): boolean {
    return this.#ended !== undefined;
  }

  /** Everyone who waits, now or later, is told `reason`; only the first end counts. */
  end(reason: Error): void {
    if (this.#ended !== undefined) return;
    this.#ended = {reason};
    for (const reject of this.#waiting) reject(reason);
    this.#waiting.clear();
  }

  /** Settles as `work` does, or rejects when the end comes first. */
  during<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) reject(this.#ended.reason);
      this.#waiting.add(reject);
      work.then(resolve, reject).finally(() => this.#waiting.delete(reject));
    });
  }
}
