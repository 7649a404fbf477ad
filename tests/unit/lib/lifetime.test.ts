import {expect, test} from 'vitest';
import {Lifetime} from '../../../src/lib/lifetime.ts';

const never = new Promise<never>(() => undefined);

test('work that is done before the end settles as it does', async () => {
  const life = new Lifetime();
  await expect(life.during(Promise.resolve(1))).resolves.toBe(1);
  await expect(life.during(Promise.reject(new RangeError('own')))).rejects.toThrow('own');
});

test('the first end rejects everyone who waits, and everyone after it', async () => {
  const life = new Lifetime();
  const waiting = [life.during(never), life.during(never)];
  life.end(new Error('first'));
  life.end(new Error('second'));
  for (const each of waiting) await expect(each).rejects.toThrow('first');
  await expect(life.during(never)).rejects.toThrow('first');
  expect(life.over).toBe(true);
});
