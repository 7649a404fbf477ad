import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {root} from '../tools/setup.mjs';
import {launch, type App} from './harness.ts';

const lesson = readFileSync(join(root, 'notebooks/acid-and-time-travel.md'), 'utf8');
const crashing = (step: number): string => {
  const at = lesson.indexOf('step crashed ');
  return lesson.slice(0, at) + lesson.slice(at).replace('disabled: true\n', '').replace('crash_after: 6', `crash_after: ${step}`);
};

let app: App;
beforeAll(async () => {
  app = await launch();
  await app.addFileFromDisk('readings.parquet', join(root, 'public/samples/readings.parquet'));
});
afterAll(() => app.close());

/** Runs the lesson up to its crash, and then, with the cell switched off again, to its end: what is left of the crash. */
async function crash(step: number): Promise<unknown> {
  await app.open(crashing(step));
  const {cells} = await app.run('crashed');
  expect(cells.at(-1)).toMatchObject({name: 'crashed', status: 'failed', error: {code: 'STORAGE_RESTARTED'}});
  // What the page had in memory goes, too: the answer comes from the disk.
  await app.reload();
  await app.open(lesson);
  const report = await app.run();
  expect(report.cells.flatMap((cell) => cell.error ?? [])).toEqual([]);
  return (await app.query('FROM nothing_lost')).rows;
}

test('the lesson runs, and nothing that was committed is lost in its crashes', async () => {
  expect(await app.open(lesson)).toEqual([]);
  expect((await app.run()).cells.flatMap((cell) => cell.error ?? [])).toEqual([]);
  expect((await app.query('FROM nothing_lost')).rows).toEqual([[10_052n, 0n]]);
  for (const step of [2, 3, 4, 6]) expect(await crash(step), `after step ${step}`).toEqual([[10_052n, 0n]]);
  expect(await crash(7), 'after step 7').toEqual([[10_053n, 1n]]);
});
