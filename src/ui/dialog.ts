import type {Items} from './intake/items.ts';
import type {FileAt} from '../ports/index.ts';
import type {LakeTab} from './lake/view.svelte.ts';

/** What may be the output of a Spark run. */
export interface SparkOutput {
  /** What the folder or the zip is called. */
  readonly from: string;
  readonly files: readonly FileAt[];
  /** What else may be done with it: then the user is asked. */
  readonly otherwise?: {readonly label: string; readonly run: () => void};
}

type Nothing = Readonly<Record<never, never>>;

/** What each dialog is opened with. */
export interface DialogProps {
  readonly palette: Nothing;
  readonly shortcuts: Nothing;
  readonly url: Nothing;
  readonly replace: Nothing;
  readonly handover: Nothing;
  readonly link: Nothing;
  readonly report: Nothing;
  readonly dump: Nothing;
  /** What a notebook from elsewhere may use; then the cell `run` runs, or with null the notebook, or nothing. */
  readonly allow: {readonly run?: string | null};
  readonly import: {readonly files: readonly string[]};
  readonly export: {readonly cellId: string};
  readonly lake: {readonly table: string; readonly tab?: LakeTab};
  /** Saves this workspace, or brings in that of a zip. */
  readonly workspace: {readonly zip?: File};
  /** Asks for what opens encrypted files; `others` came with them. */
  readonly decrypt: {readonly files: readonly File[]; readonly others: Items};
  /** Saves a file that was made in the page, encrypted. */
  readonly encrypt: {readonly file: File};
  readonly 'lake-import': {readonly from: string; readonly source: File | readonly FileAt[]};
  /** Compares what a Spark run wrote; without it, shows what was found last, of a cell first. */
  readonly compare: {readonly output?: SparkOutput; readonly cellId?: string};
  readonly confirm: {
    readonly title: string;
    readonly text: string;
    readonly action: string;
    readonly run: () => void;
  };
}

export type DialogKind = keyof DialogProps;

/** The one dialog that is open. */
export type OpenDialog = {[K in DialogKind]: {readonly kind: K} & DialogProps[K]}[DialogKind];
