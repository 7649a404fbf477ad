import type {CellStatus} from '../../notebook/status.ts';
import type {IconName} from '../parts/icons.ts';

/** Shape and words for every status: colour is never the only sign. */
export const statusWords: Readonly<
  Record<CellStatus, {readonly icon: IconName; readonly word: string; readonly title: string}>
> = {
  new: {icon: 'ring', word: 'not run', title: 'Not run yet.'},
  stale: {
    icon: 'half',
    word: 'out of date',
    title: 'Out of date: this cell, its file or a cell that it reads has changed since it ran.',
  },
  fresh: {icon: 'check', word: 'done', title: 'Up to date.'},
  queued: {icon: 'clock', word: 'waiting', title: 'Waits for its turn in this run.'},
  running: {icon: 'spinner', word: 'running', title: 'Running.'},
  failed: {icon: 'cross', word: 'failed', title: 'Failed; the reason stands in the cell.'},
  broken: {icon: 'warning', word: 'can’t run', title: 'Can’t run as it is written; the reason stands in the cell.'},
  disabled: {icon: 'off', word: 'switched off', title: 'Switched off: it is skipped, and its input goes through.'},
};
