import {beforeAll, describe, expect, test} from 'vitest';
import {reportAs, reportFile, reportOf, type FinishedRun} from '../../../src/handover/report.ts';
import {parseNotebook} from '../../../src/notebook/model.ts';
import {plan} from '../../../src/notebook/plan.ts';
import {Runner} from '../../../src/run/runner.ts';
import {engineAlone, nativeEngine} from '../notebook/native-engine.ts';

const cell = (header: string, body = ''): string => `\`\`\`${header}\n${body}${body === '' ? '' : '\n'}\`\`\`\n\n`;
const evil = '<script>alert("1")</script> & co';
const text = `---
title: '${evil}'
---

## Bronze

${cell('sql raw', "SELECT i % 950 AS id, CASE WHEN i = 3 THEN '<img src=x onerror=alert(1)>' ELSE 'S' || i % 3 END AS sensor FROM range(1000) t(i)")}
### Bronze, again

${cell('step raw_once = dedup', 'keys: [id]')}
## Silver

${cell('step known = validate', 'rules: [{name: known, column: sensor, regex: "^S[0-9]$"}]\non_failure: quarantine')}
${cell('chart per_sensor', 'mark: bar\nx: sensor')}
${cell('step off = dedup', 'disabled: true')}
## Anything else

${cell('sql per', 'SELECT sensor, count(*) AS n FROM known GROUP BY ALL')}
${cell('step wrong = dedup', 'keys: [no_such_column]')}
${cell('sql never', 'SELECT 1 AS one')}
`;

async function finished(markdown: string, runs = 1): Promise<FinishedRun> {
  const native = await nativeEngine();
  const runner = new Runner(engineAlone(native.engine));
  const notebook = parseNotebook(markdown);
  const planned = plan(notebook, new Map());
  runner.usePlan(planned);
  let cells = await runner.run(undefined, {}, new AbortController().signal);
  for (let i = 1; i < runs; i++) cells = await runner.run(undefined, {}, new AbortController().signal);
  const timed = cells.map((ran, i) => ({...ran, ms: i * 100}));
  return {
    title: notebook.title,
    startedAt: '2024-02-01T10:00:00.123Z',
    ms: 1234,
    ok: cells.every(({status}) => status === 'ok'),
    cells: timed,
    notebook,
    plan: planned,
  };
}

let run: FinishedRun;
beforeAll(async () => {
  run = await finished(text);
});

describe('the report of a run', () => {
  test('as text says how it ended, a line a cell, layers and problems', () => {
    expect(reportAs(run, 'text')).toBe(`================================
<script>alert("1")</script> & co
Halted at wrong.
2024-02-01 10:00:00 UTC, 1.2 s
1,000 rows in, 3 rows out
8 cells: 5 run
================================

CELLS
raw                      1,000 rows, 0 ms
raw_once                 1,000 → 950 rows, 5.0 % dropped, 0.1 s
known                    950 → 949 rows, 0.1 % dropped, 1 rejected, 0.2 s
per_sensor               drawn, 0.3 s
off                      switched off
per                      949 → 3 rows, 0.5 s
wrong                    failed: per has no column called no_such_column.
never                    not run

LAYERS
bronze                   2 cells, 950 rows, 0.1 s
silver                   3 cells, 949 rows, 1 rejected, 0.5 s

PROBLEMS
known                    1 row rejected: known_rejects has them, with the reason.
wrong                    per has no column called no_such_column. Its columns are sensor, n.
`);
  });

  test('as JSON has the same figures for programs', () => {
    const report = JSON.parse(reportAs(run, 'json')) as ReturnType<typeof reportOf>;
    expect(report).toEqual(reportOf(run));
    expect(report).toMatchObject({ok: false, outcome: 'Halted at wrong.', rowsIn: 1000, rowsOut: 3, ran: 5, kept: 0});
    expect(report.cells[2]).toEqual({
      name: 'known',
      kind: 'validate',
      layer: 'silver',
      status: 'ok',
      rowsIn: 950,
      rowsOut: 949,
      dropped: 1,
      droppedShare: 1 / 950,
      rejected: 1,
      ms: 200,
    });
    // An aggregate makes other rows: none are dropped.
    expect(report.cells[5]).toMatchObject({layer: null, dropped: null, droppedShare: null});
  });

  test('as HTML runs nothing and fetches nothing, whatever is in names and messages', () => {
    const html = reportAs(run, 'html');
    expect(html).not.toMatch(/<script|<img|src=|href=|onerror="/i);
    expect(html).toContain('&#60;script&#62;alert(&#34;1&#34;)&#60;/script&#62; &#38; co');
    expect(html).toContain("default-src 'none'");
    expect(html).toContain('<tr class="bad"><th scope="row">wrong</th>');
  });

  test('is saved under the notebook’s name', () => {
    expect([
      reportFile(run, 'html').name,
      reportFile(run, 'text').name,
      reportFile({...run, title: '…'}, 'json').name,
    ]).toEqual(['script-alert-1-script-co-run.html', 'script-alert-1-script-co-run.txt', 'notebook-run.json']);
  });
});

test('a run that found everything there says so, and one that went well has no problems', async () => {
  const again = await finished(text.slice(0, text.indexOf('## Silver')), 2);
  expect(reportOf({...again, ok: true})).toMatchObject({
    outcome: 'Finished.',
    ran: 0,
    kept: 2,
    problems: [],
    rowsIn: 1000,
    rowsOut: 950,
  });
  expect(reportAs(again, 'text')).toContain(
    'raw_once                 1,000 → 950 rows, 5.0 % dropped, kept from before\n',
  );
});

test('alerts that were raised and cells that can’t run are problems', async () => {
  const readings = cell(
    'sql readings',
    "SELECT 'C1' AS sensor, TIMESTAMP '2024-02-01' + INTERVAL 1 HOUR * i AS \"timestamp\", 5.0 + i AS vibration FROM range(10) t(i)",
  );
  const alerts =
    cell('step alarms = alerts', 'by: [sensor]\ntime: timestamp\nrules: {vibration: {critical: 10}}') +
    cell('sql broken', 'SELEC 1');
  const report = reportOf(await finished(readings + alerts));
  expect(report.outcome).toBe('Finished, but 1 cell can’t run as written.');
  expect(report.problems.map(({cell: name, kind}) => `${name} ${kind}`)).toEqual(['alarms alerts', 'broken broken']);
  expect(report.problems[0]?.message).toMatch(/^\d+ alerts? raised\.$/);
});

test('a layer came to the rows that the lake keeps, not to those of the summary below, nor to those served from PostgreSQL', () => {
  const source = (name: string): string => cell(`sql ${name}`, 'SELECT 1 AS id');
  const markdown = `## Silver\n\n${source('raw')}${cell('step silver = snapshot', 'table: silver')}## Gold\n\n${source('wide')}${cell('step gold = snapshot', 'table: gold')}${source('worst')}${cell('step served = postgres', 'table: worst')}`;
  const notebook = parseNotebook(markdown);
  const rows: Readonly<Record<string, number>> = {raw: 60, silver: 50, wide: 50, gold: 40, worst: 2, served: 2};
  const planned = plan(notebook, new Map());
  const cells = planned.map(({name}) => ({
    name,
    kind: 'sql',
    status: 'ok' as const,
    rowsIn: null,
    rowsOut: rows[name] ?? null,
    rejected: 0,
    ms: 1,
    bytes: 0,
  }));
  const report = reportOf({
    title: 'Layers',
    startedAt: '2024-02-01T10:00:00.123Z',
    ms: 5,
    ok: true,
    cells,
    notebook,
    plan: planned,
  });
  expect(report.layers.map(({layer, rows: left}) => [layer, left])).toEqual([
    ['silver', 50],
    ['gold', 40],
  ]);
  expect(report.rowsOut).toBe(40);
});
