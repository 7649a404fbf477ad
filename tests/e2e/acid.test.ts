import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {root} from '../tools/setup.mjs';
import {launch, type App} from './harness.ts';

const lesson = readFileSync(join(root, 'notebooks/acid-and-time-travel.md'), 'utf8');
const crashing = (step: number): string => lesson.replace('crash_after: 6', `crash_after: ${step}`);

let app: App;
beforeAll(async () => {
  app = await launch();
  await app.addFileFromDisk('readings.parquet', join(root, 'public/samples/readings.parquet'));
});
afterAll(() => app.close());

/** Runs the lesson to its end: what is left of its crash. */
async function leftAfter(markdown: string): Promise<unknown> {
  expect(await app.open(markdown)).toEqual([]);
  const report = await app.run();
  expect(report.cells.flatMap((cell) => cell.error ?? [])).toEqual([]);
  return (await app.query('FROM nothing_lost')).rows;
}

test('nothing that was committed is lost in the lesson’s crashes, and nothing else is there', async () => {
  for (const step of [2, 3, 4, 6])
    expect(await leftAfter(crashing(step)), `after step ${step}`).toEqual([[10_052n, 0n]]);
  expect(await leftAfter(crashing(7)), 'after step 7').toEqual([[10_053n, 1n]]);
});

test('what a crash left committed is there in a new page, and is not written again', async () => {
  await app.reload();
  expect(await leftAfter(crashing(7))).toEqual([[10_053n, 1n]]);
  expect(await leftAfter(lesson.replace('crash_after: 6\n', ''))).toEqual([[10_053n, 1n]]);
});
