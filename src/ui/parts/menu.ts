import type {IconName} from './icons.ts';

export interface MenuEntry {
  readonly label: string;
  readonly run: () => void;
  readonly icon?: IconName;
  readonly keys?: string;
  /** Why it can't be done now. */
  readonly why?: string | undefined;
  readonly danger?: boolean;
  /** Draws a line above it. */
  readonly separate?: boolean;
}
