import {expect, test, vi} from 'vitest';
import {parseNotebook} from '../../../src/notebook/model.ts';
import {plan} from '../../../src/notebook/plan.ts';
import {Runner} from '../../../src/run/runner.ts';
import {sql} from '../../../src/sql/sql.ts';
import {engineAlone, nativeEngine} from './native-engine.ts';

// What is written matters to other tests; here it is who reads the rows afterwards.
vi.mock('../../../src/tables/postgres-write.ts', () => ({writePostgres: () => Promise.resolve({rows_written: 0})}));

const cell = (header: string, body: string): string => `\`\`\`${header}\n${body}\n\`\`\`\n\n`;

test('a cell that passes rows on has those of now when they had to be made again, and so has what lies beside them', async () => {
  const native = await nativeEngine();
  const runner = new Runner(engineAlone(native.engine));
  const text =
    cell('sql sample', 'SELECT i FROM range(10000) t(i) USING SAMPLE 10% (bernoulli)') +
    cell('step served = postgres', 'table: samples') +
    cell('step doubled = derive', 'columns: {twice: i * 2}');
  runner.usePlan(plan(parseNotebook(text), new Map()));
  const run = async (): Promise<string[]> =>
    (await runner.run('doubled', {mayWrite: true}, new AbortController().signal)).map(({status}) => status);
  const counted = (name: string) =>
    runner.withResult(name, 'look', async ({rows, relation}) => [
      BigInt(rows),
      ...((await native.engine.rows(sql`SELECT count(*) FROM ${relation}`)).rows[0] ?? []),
    ]);
  expect(await run()).toEqual(['ok', 'ok', 'ok']);
  await native.restart();
  expect(await run()).not.toContain('failed');
  const [rows] = await counted('sample');
  for (const name of ['sample', 'served', 'doubled']) expect(await counted(name)).toEqual([rows, rows]);
  expect(
    (
      await runner.withResult('doubled', 'look', ({relation}) =>
        native.engine.rows(sql`SELECT count(*) FROM ${relation} WHERE twice IS DISTINCT FROM i * 2`),
      )
    ).rows,
  ).toEqual([[0n]]);
});
