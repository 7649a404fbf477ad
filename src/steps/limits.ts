import {p, type Values} from '../params/index.ts';

/** The limits of a column, and the side on which trouble is. */
export const limitFields = {
  warning: p.optionalNumber({label: 'Warning'}),
  critical: p.optionalNumber({label: 'Critical'}),
  direction: p.choice(['above', 'below'], {
    label: 'Direction',
    help: 'On which side of the limits trouble is.',
    default: 'above',
  }),
};
export type Limits = Values<typeof limitFields>;

/** What to say of a column that no limit is given for. */
export const noLimit = (
  column: string,
  {warning, critical}: Limits,
): {readonly message: string; readonly hint: string} | undefined =>
  warning === undefined && critical === undefined
    ? {message: `${column} has no limit.`, hint: 'Give warning, critical or both.'}
    : undefined;
