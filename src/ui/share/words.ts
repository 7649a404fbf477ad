import type {Origin} from '../../notebook/trust.ts';

/** Where a notebook is from, as a sentence. */
export const cameFrom = (from: Origin | undefined): string =>
  ({
    link: 'This notebook came from a link.',
    file: 'This notebook came from a file.',
    workspace: 'This notebook came with a workspace that was brought in.',
  })[from ?? 'file'];
