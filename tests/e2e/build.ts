import {ensureBuilt} from '../tools/setup.mjs';

/** Builds the site once before any browser test; a fresh one is used as it is. */
export default async function setup(): Promise<void> {
  await ensureBuilt();
}
