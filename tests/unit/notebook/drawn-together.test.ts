import {afterEach, beforeEach, expect, test, vi} from 'vitest';
import {drawnTogether} from '../../../src/notebook/drawn-together.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('changes wait for one another, in their order, and for no more than a tenth of a second', () => {
  const done: number[] = [];
  const {soon} = drawnTogether();
  soon(() => done.push(1));
  vi.advanceTimersByTime(60);
  soon(() => done.push(2));
  expect(done).toEqual([]);
  vi.advanceTimersByTime(40);
  expect(done).toEqual([1, 2]);
  soon(() => done.push(3));
  vi.advanceTimersByTime(99);
  expect(done).toEqual([1, 2]);
  vi.advanceTimersByTime(1);
  expect(done).toEqual([1, 2, 3]);
});

test('what waits is done at once when asked for, and only once', () => {
  const done: number[] = [];
  const {soon, now} = drawnTogether();
  soon(() => done.push(1));
  now();
  expect(done).toEqual([1]);
  vi.advanceTimersByTime(1000);
  expect(done).toEqual([1]);
});
