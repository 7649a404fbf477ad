import {afterAll, beforeAll, expect, test} from 'vitest';
import {parseNotebook} from '../../../src/notebook/model.ts';
import {plan} from '../../../src/notebook/plan.ts';
import {Runner} from '../../../src/run/runner.ts';
import {startNodeEngine, type NodeEngine} from '../engine/node-engine.ts';
import {engineAlone} from './native-engine.ts';

let node: NodeEngine;
beforeAll(async () => {
  node = await startNodeEngine();
});
afterAll(() => node.close());

test.each([
  ['readigns', 'Did you mean readings?'],
  ['"READING"', 'Did you mean readings?'],
  ['tidied', 'Check its name, or run the cell that makes it first.'],
])('a query of %s, which is none of the cells above: %s', async (table, hint) => {
  const runner = new Runner(engineAlone(node.engine));
  runner.usePlan(
    plan(
      parseNotebook(`\`\`\`sql readings\nSELECT 1 AS n\n\`\`\`\n\n\`\`\`sql wrong\nSELECT n FROM ${table}\n\`\`\`\n`),
      new Map(),
    ),
  );
  const report = await runner.run(undefined, {}, new AbortController().signal);
  expect(report.map(({status}) => status)).toEqual(['ok', 'failed']);
  expect(report[1]?.error).toMatchObject({code: 'TABLE_NOT_FOUND', hint});
});
