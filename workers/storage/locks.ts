/** Null in Node and where the page isn't a secure context: then this is the only page, or the last writer wins. */
const locks = (globalThis.navigator as Navigator | undefined)?.locks ?? null;

/** A queue of tasks: one runs at a time, in all tabs of this origin together. */
export function createQueue(name: string): <T>(task: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(task: () => Promise<T>): Promise<T> => {
    const turn = last.then(() => (locks === null ? task() : locks.request(name, task)));
    last = turn.catch(() => undefined);
    return turn;
  };
}

/** Runs `task` unless another tab has called this and is still open; from then on this tab counts as open. */
export async function whenFirst(name: string, task: () => Promise<void>): Promise<void> {
  if (locks === null) return task();
  await locks.request(name, {ifAvailable: true}, async (lock) => {
    if (lock !== null) await task();
  });
  // Held until the worker ends.
  void locks.request(name, {mode: 'shared'}, () => new Promise(() => undefined));
}
