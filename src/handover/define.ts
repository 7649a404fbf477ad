import type {Notebook} from '../notebook/define.ts';
import type {PlannedCell} from '../notebook/plan.ts';
import type {StoredResult} from '../run/define.ts';

/** What a hand-over is made from: the open notebook, and what is known of its last results. */
export interface Handover {
  /** The notebook's path in the workspace. */
  readonly path: string;
  readonly notebook: Notebook;
  readonly plan: readonly PlannedCell[];
  readonly known: (hash: string) => StoredResult | undefined;
}

/** A cell that can't go, and what to do instead. */
export interface Left {
  readonly cell: string;
  /** Of the notebook, from 1. */
  readonly line: number;
  readonly why: string;
  readonly instead: string;
}

export interface HandedOver {
  readonly text: string;
  readonly left: readonly Left[];
}

/** A file that is made of the notebook. */
export interface TextFile {
  /** Relative, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** One file of a hand-over that is a folder: a text, or bytes. */
export type HandoverFile = TextFile | {readonly path: string; readonly data: Blob};
