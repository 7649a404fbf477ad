import type {Cell, NotebookParams} from '../cells/define.ts';
import type {Problem} from '../lib/problem.ts';
import type {Dashboard} from './dashboard.ts';

/** A notebook as it was read. Joining `front` and the cells' sources, in order, gives the file's bytes back. */
export interface Notebook {
  /** The YAML between the `---` lines with those lines, or '' when the file has none. */
  readonly front: string;
  readonly title: string;
  /** Values for `${name}` in bodies. */
  readonly params: NotebookParams;
  readonly dashboard: Dashboard;
  readonly cells: readonly Cell[];
  /** Problems of the front matter; a cell's own are on the cell. */
  readonly problems: readonly Problem[];
}
