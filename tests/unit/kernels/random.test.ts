import {expect, test} from 'vitest';
import {seededRandom} from '../../../workers/kernels/random.ts';

const draw = (seed: number, n: number): number[] => {
  const random = seededRandom(seed);
  return Array.from({length: n}, random);
};

test('a seed gives the same numbers every time, another seed others', () => {
  expect(draw(42, 5)).toEqual(draw(42, 5));
  const firsts = [0, 1, 2, -1, 2 ** 32, 2 ** 32 + 1, 2 ** 40].map((seed) => draw(seed, 1)[0]);
  expect(new Set(firsts).size).toBe(firsts.length);
});

test('numbers are in [0, 1) and even: each of 20 bins within five standard deviations', () => {
  const n = 200_000;
  const bins = new Array<number>(20).fill(0);
  for (const x of draw(1, n)) {
    expect(x >= 0 && x < 1).toBe(true);
    bins[Math.floor(x * 20)] = (bins[Math.floor(x * 20)] ?? 0) + 1;
  }
  for (const bin of bins) expect(Math.abs(bin - n / 20)).toBeLessThan(5 * Math.sqrt(n * 0.05 * 0.95));
});
