import {existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {sparkJob} from '../../../src/handover/job.ts';
import {root} from '../../tools/setup.mjs';
import {openPage} from './page.ts';

const samples = join(root, 'public/samples');
const notebooks = readdirSync(join(root, 'notebooks')).filter((name) => name.endsWith('.md'));

let page: Awaited<ReturnType<typeof openPage>>;
beforeAll(async () => {
  page = await openPage(Object.fromEntries(readdirSync(samples).map((name) => [name, readFileSync(join(samples, name))])));
}, 120_000);
afterAll(() => page.close());

describe.each(notebooks)('%s', (name) => {
  test('its job is the golden one, and nothing is left out', async () => {
    const {handover} = await page.run(readFileSync(join(root, 'notebooks', name), 'utf8'), name);
    const {text, left} = sparkJob(handover);
    expect(left).toEqual([]);
    expect(text).toBe(golden(name.replace(/\.md$/, '.py'), text));
  });
});

/** The golden file of a job; UPDATE=1 writes it anew. */
function golden(name: string, text: string): string {
  const file = join(root, 'tests/golden/jobs', name);
  if (process.env['UPDATE'] === '1' || !existsSync(file)) {
    if (process.env['CI'] !== undefined) throw new Error(`${file} is missing: run the tests with UPDATE=1 and read it.`);
    mkdirSync(join(root, 'tests/golden/jobs'), {recursive: true});
    writeFileSync(file, text);
  }
  return readFileSync(file, 'utf8');
}
