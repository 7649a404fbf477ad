import type {RunnableCell} from '../../cells/define.ts';
import type {CompiledCell} from '../../notebook/plan.ts';
import type {CellStatus} from '../../notebook/session.svelte.ts';

/** What every face of a cell gets. `ready`: the cell has run as it stands and is near the window. */
export interface FaceProps {
  readonly cell: RunnableCell;
  readonly planned: CompiledCell;
  readonly status: CellStatus;
  readonly ready: boolean;
}
