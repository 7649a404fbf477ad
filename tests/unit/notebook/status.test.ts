import {expect, test} from 'vitest';
import type {PlannedCell} from '../../../src/notebook/plan.ts';
import {statusOf, type CellStatus, type Standing} from '../../../src/notebook/status.ts';
import type {Remembered} from '../../../src/notebook/workspace.ts';
import {parseNotebook} from '../../../src/notebook/model.ts';
import {plan} from '../../../src/notebook/plan.ts';
import type {RanStatus} from '../../../src/run/define.ts';

const planned = (source: string): PlannedCell | undefined =>
  plan(parseNotebook(`\`\`\`sql a\n${source}\n\`\`\`\n`), new Map(), new Map(), 'here')[0];
const ready = planned('SELECT 1');
const hash = ready?.ready === true ? ready.hash : '';

const nothing: Standing = {
  isRunning: () => false,
  isQueued: () => false,
  remembered: () => undefined,
  isKnown: () => false,
};
const ran = (of: string, status: RanStatus): Partial<Standing> => ({
  remembered: (): Remembered => ({
    hash: of,
    ran: {name: 'a', kind: 'sql', status, rowsIn: null, rowsOut: 1, rejected: 0, ms: 0, bytes: 0},
  }),
});
const known: Partial<Standing> = {isKnown: (of) => of === hash};

test.for<[CellStatus, string, PlannedCell | undefined, Partial<Standing>]>([
  ['new', 'no such cell', undefined, {}],
  ['new', 'it never ran', ready, {}],
  ['fresh', 'another cell gave the same rows', ready, known],
  ['fresh', 'it ran', ready, ran(hash, 'ok')],
  ['failed', 'it failed', ready, ran(hash, 'failed')],
  ['failed', 'it failed, with rows to show', ready, {...ran(hash, 'failed'), ...known}],
  ['stale', 'it ran as another one', ready, ran('other', 'ok')],
  ['stale', 'it failed as another one', ready, ran('other', 'failed')],
  ['fresh', 'it ran as another one, and is again what ran before', ready, {...ran('other', 'ok'), ...known}],
  ['queued', 'it waits', ready, {...ran(hash, 'ok'), isQueued: (name) => name === 'a'}],
  ['running', 'it runs, in the queue or not', ready, {isRunning: (name) => name === 'a', isQueued: () => true}],
  ['broken', 'it can’t run as written', planned('SELECT ${none}'), {isQueued: () => true}],
])('%s: %s', ([status, , cell, standing]) => {
  expect(statusOf(cell, {...nothing, ...standing})).toBe(status);
});

test('a cell that is switched off is neither new nor broken', () => {
  const [off] = plan(parseNotebook('```step a = dedup\ndisabled: true\n```\n'), new Map(), new Map(), 'here');
  expect(statusOf(off, nothing)).toBe('disabled');
});
