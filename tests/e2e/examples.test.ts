import {readParams} from '../../src/params/index.ts';
import {touching} from '../../src/run/touch.ts';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {stringify} from 'yaml';
import type {Example, ExampleTable} from '../../src/steps/define.ts';
import {steps, type AnyStep} from '../../src/steps/index.ts';
import {tableSql} from '../unit/steps/native.ts';
import {launch, type App} from './harness.ts';

let app: App;
beforeAll(async () => {
  app = await launch();
});
afterAll(() => app.close());

const sqlCell = ([name, table]: readonly [string, ExampleTable]): string =>
  `\`\`\`sql ${name}\n${tableSql(table)}\n\`\`\`\n\n`;

/** A table of the lake as the example finds it: written by a SQL cell and a snapshot of it. */
const lakeCells = ([name, table]: readonly [string, ExampleTable]): string =>
  `${sqlCell([`rows_of_${name}`, table])}\`\`\`step ${name}_before = snapshot\n${stringify({from: `rows_of_${name}`, table: name})}\`\`\`\n\n`;

/** The example as a notebook: its tables as SQL cells, the step below them. */
function notebookOf(step: AnyStep, example: Example): string {
  const tables = [
    ...Object.entries(example.others ?? {}),
    ...(step.input === 'one' ? [['input', example.input] as const] : []),
  ];
  return `${Object.entries(example.lake ?? {})
    .map(lakeCells)
    .join(
      '',
    )}${tables.map(sqlCell).join('')}\`\`\`step result = ${step.kind}\n${stringify({...(step.input === 'one' ? {from: 'input'} : {}), ...example.params}, {lineWidth: 0})}\`\`\`\n`;
}

/** Column types and values as text, in order. */
async function contentOf(query: string): Promise<unknown> {
  const {columns} = await app.query(`${query} LIMIT 0`);
  return {columns, rows: (await app.query(`SELECT COLUMNS(*)::VARCHAR FROM (${query}\n)`)).rows};
}

/** The table that was written holds the example’s rows. */
async function expectWritten(example: Example): Promise<void> {
  const {rows} = await app.query(`SELECT COLUMNS(*)::VARCHAR FROM lake.${String(example.params['table'])}`);
  const {rows: expected} = await app.query(`SELECT COLUMNS(*)::VARCHAR FROM (${tableSql(example.expect)}\n)`);
  for (const row of expected) expect(rows).toContainEqual(row);
}

async function emptyLake(): Promise<void> {
  await app.page.evaluate(async () => {
    for (const {name} of await window.lakebook.lake.tables()) await window.lakebook.lake.remove(name);
  });
}

function writesLake(step: AnyStep, example: Example): boolean {
  const values = readParams(step.params, example.params);
  return values.ok && touching(step.touches?.(values.value) ?? [], 'lake-write').length > 0;
}

describe.each(steps.map((step): [string, AnyStep] => [step.kind, step]))('%s in the browser', (_kind, step) => {
  test.each(step.examples.map((example): [string, Example] => [example.name, example]))(
    '%s',
    async (_name, example) => {
      await emptyLake();
      for (const [name, text] of Object.entries(example.files ?? {})) await app.addFile(name, text);
      expect(await app.open(notebookOf(step, example))).toEqual([]);
      const report = await app.run();
      expect(report.cells.flatMap((cell) => cell.error ?? [])).toEqual([]);
      expect(await contentOf('FROM result')).toEqual(await contentOf(`FROM (${tableSql(example.expect)})`));
      if (writesLake(step, example)) await expectWritten(example);
      if (example.rejects !== undefined)
        expect(await contentOf('FROM result_rejects')).toEqual(await contentOf(`FROM (${tableSql(example.rejects)})`));
    },
  );
});
