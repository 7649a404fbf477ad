import type {Value} from '../../lib/value.ts';

/** How a row of “What changed” is told apart. */
export type RowMark = 'removed' | 'changed' | undefined;

/** The value a cell had before. */
export interface Before {
  readonly value: Value;
}
