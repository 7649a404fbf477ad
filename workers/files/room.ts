import {ProblemError} from '../../src/lib/problem.ts';
import type {Room, Store} from './store.ts';

const gigabytes = new Intl.NumberFormat('en', {maximumFractionDigits: 1});

/** `3.2 GB`, `12 MB`, `640 KB` */
function size(bytes: number): string {
  const [unit, scale] = bytes >= 1e9 ? ['GB', 1e9] : bytes >= 1e6 ? ['MB', 1e6] : ['KB', 1e3];
  return `${gigabytes.format(bytes / scale)} ${unit}`;
}

/** Throws `QUOTA_EXCEEDED` when `needed` bytes certainly don't fit. */
export async function requireRoom(store: Store, needed: number, what: string): Promise<void> {
  const room = await store.room();
  if (needed > room.quota - room.usage) throw quotaExceeded(room, what, needed);
}

/** Runs what writes; the browser's refusal becomes `QUOTA_EXCEEDED` with the figures. `needed` is unknown for what is still growing. */
export async function withRoom<T>(
  store: Store,
  what: string,
  needed: number | undefined,
  write: () => Promise<T>,
): Promise<T> {
  try {
    return await write();
  } catch (thrown) {
    // Newer browsers throw a class of its own with the same name.
    if (thrown instanceof Error && thrown.name === 'QuotaExceededError')
      throw quotaExceeded(await store.room(), what, needed, thrown);
    throw thrown;
  }
}

function quotaExceeded({usage, quota}: Room, what: string, needed: number | undefined, cause?: unknown): ProblemError {
  const free = Math.max(0, quota - usage);
  const needs = needed === undefined ? '' : `it needs ${size(needed)}, and `;
  // Browsers round their estimate up to hide the disk's size: free room that was refused isn't told.
  const has =
    needed !== undefined && needed > free
      ? `${size(free)} of ${size(quota)} are free`
      : `the browser takes no more than the ${size(usage)} it holds`;
  return new ProblemError(
    {
      code: 'QUOTA_EXCEEDED',
      message: `There is no room for ${what} in the browser’s storage: ${needs}${has}.`,
      hint: 'Remove files from the workspace or free space on the disk, then try again. Nothing was changed.',
    },
    {cause},
  );
}
