import {expect, test} from 'vitest';
import type {ColumnProfile} from '../../../../src/sql/profile.ts';
import {Profiles} from '../../../../src/ui/grid/profiles.svelte.ts';

const profileOf = (name: string): ColumnProfile => ({
  name,
  type: 'DOUBLE',
  rows: 1,
  nulls: 0,
  nans: 0,
  distinct: 1,
  distinctExact: true,
  min: '0',
  max: '0',
  mean: 0,
  histogram: [],
  top: undefined,
  sampled: false,
});

/** Profiles whose batches come when the test says so. */
function slow() {
  const asked: number[] = [];
  const answers: (() => void)[] = [];
  let fails = false;
  const profiles = new Profiles((first) => {
    asked.push(first);
    return new Promise((resolve, reject) =>
      answers.push(() => {
        if (fails) reject(new Error('The rows are not in memory.'));
        else resolve(Array.from({length: 16}, (_, i) => profileOf(`c${first + i}`)));
      }),
    );
  }, 16);
  const answer = async (failing = false): Promise<void> => {
    fails = failing;
    answers.shift()?.();
    await new Promise((done) => setTimeout(done));
  };
  return {profiles, asked, answer};
}

test('of 1,500 columns those in view are looked up, one batch at a time, and a scroll passes over the rest', async () => {
  const {profiles, asked, answer} = slow();
  profiles.want(0, 20);
  expect(asked).toEqual([0]);
  profiles.want(700, 709);
  profiles.want(1490, 1499);
  await answer();
  expect(asked).toEqual([0, 1488]);
  expect(profiles.of(3)?.name).toBe('c3');
  expect(profiles.of(1495)).toBeUndefined();
  await answer();
  expect(profiles.of(1495)?.name).toBe('c1495');
  expect(profiles.of(704)).toBeUndefined();
  // Known ones are there at once.
  profiles.want(0, 10);
  expect(asked).toEqual([0, 1488]);
});

test('what could not be looked up is tried again once the rows are there', async () => {
  const {profiles, asked, answer} = slow();
  profiles.want(0, 10);
  await answer(true);
  expect(profiles.available).toBe(false);
  profiles.want(0, 12);
  expect(asked).toEqual([0]);
  profiles.again();
  await answer();
  expect([profiles.available, profiles.of(5)?.name]).toEqual([true, 'c5']);
});
