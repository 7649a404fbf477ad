import type {PlannedCell} from './plan.ts';
import type {Remembered} from './workspace.ts';

/** How a runnable cell stands. `stale`: it ran, and then something it depends on changed. */
export type CellStatus = 'new' | 'stale' | 'fresh' | 'queued' | 'running' | 'failed' | 'broken' | 'disabled';

/** What is known of cells, by their names, and of results. */
export interface Standing {
  isRunning(name: string): boolean;
  isQueued(name: string): boolean;
  remembered(name: string): Remembered | undefined;
  isKnown(hash: string): boolean;
}

export function statusOf(cell: PlannedCell | undefined, standing: Standing): CellStatus {
  if (cell === undefined) return 'new';
  if (!cell.ready) return cell.disabled ? 'disabled' : 'broken';
  if (standing.isRunning(cell.name)) return 'running';
  if (standing.isQueued(cell.name)) return 'queued';
  const remembered = standing.remembered(cell.name);
  if (remembered?.hash === cell.hash) return remembered.ran.status === 'failed' ? 'failed' : 'fresh';
  if (standing.isKnown(cell.hash)) return 'fresh';
  return remembered === undefined ? 'new' : 'stale';
}
