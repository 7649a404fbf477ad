import {ProblemError, type Problem} from '../../src/lib/problem.ts';

/** What a worker holds open for the page, by number. */
export interface Handles<T> {
  add(held: T): number;
  get(number: number): T;
  has(number: number): boolean;
  take(number: number): T;
  /** Undefined where it is closed already. */
  release(number: number): T | undefined;
}

/** `closed` is what a number is told that isn't open here. A worker started later never gives a number again. */
export function createHandles<T>(closed: Problem): Handles<T> {
  const open = new Map<number, T>();
  let last = Date.now() * 1000;
  const get = (number: number): T => {
    const held = open.get(number);
    if (held === undefined) throw new ProblemError(closed);
    return held;
  };
  const release = (number: number): T | undefined => {
    const held = open.get(number);
    open.delete(number);
    return held;
  };
  return {
    add(held) {
      open.set(++last, held);
      return last;
    },
    get,
    has: (number) => open.has(number),
    take(number) {
      const held = get(number);
      open.delete(number);
      return held;
    },
    release,
  };
}
