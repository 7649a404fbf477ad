import {existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {sparkJob} from '../../../src/handover/job.ts';
import {root} from '../../tools/setup.mjs';
import {nodeWorkspace, type NodeWorkspace} from './node-workspace.ts';

const samples = join(root, 'public/samples');
const notebooks = readdirSync(join(root, 'notebooks')).filter((name) => name.endsWith('.md'));

let workspace: NodeWorkspace;
beforeAll(async () => {
  workspace = await nodeWorkspace();
  for (const name of readdirSync(samples)) await workspace.addFile(name, readFileSync(join(samples, name)));
});
afterAll(() => workspace.close());

describe.each(notebooks)('%s', (name) => {
  test('its job is the golden one, and nothing is left out', async () => {
    const {handover} = await workspace.run(name, readFileSync(join(root, 'notebooks', name), 'utf8'));
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
