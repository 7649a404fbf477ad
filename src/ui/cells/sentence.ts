import {typeOf} from '../../cells/index.ts';
import type {RunnableCell} from '../../cells/define.ts';
import type {PlannedCell} from '../../notebook/plan.ts';

/** The cell at rest, in words; as much as can be said of one that can't run as written. */
export const sentenceOf = (cell: RunnableCell, planned: PlannedCell | undefined): string =>
  planned?.ready === true ? planned.work.sentence : typeOf(cell).describe(cell);
