import {commitLock, type CommitStore} from './commit.ts';
import {commitPath, listLog, logFolder} from './log.ts';

/** What was mended: names of the log's folder that were deleted, and the version that was put aside. */
export interface Recovered {
  readonly deleted: readonly string[];
  readonly quarantined: number | undefined;
}

/**
 * Mends what a writer that died may have left in a table's log, under its lock: temporary files go, and a last commit that is
 * empty or cut off is put aside as `.<version>.json.broken`, so that the table is what it was before. One in the middle is
 * left for the reader to refuse: versions after it were made from it.
 */
export const recover = (files: CommitStore, root: string): Promise<Recovered> =>
  files.locks.exclusive(commitLock(root), async () => {
    const {store} = files;
    const folder = logFolder(root);
    const stale = (await store.list(folder)).filter((name) => name.startsWith('.tmp-') || name.endsWith('.crswap'));
    for (const name of stale) await store.remove(`${folder}/${name}`);
    const last = (await listLog(store, root)).commits.at(-1);
    if (last === undefined) return {deleted: stale, quarantined: undefined};
    const path = commitPath(root, last);
    const text = (await (await store.read(path))?.text()) ?? '';
    if (isWhole(text)) return {deleted: stale, quarantined: undefined};
    const aside = await store.create(path.replace(/[^/]+$/, '.$&.broken'));
    await aside.write(new TextEncoder().encode(text));
    await aside.close();
    await store.remove(path);
    return {deleted: stale, quarantined: last};
  });

/** Whether a commit's text was written to its end. What its lines mean is the reader's to judge. */
function isWhole(text: string): boolean {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  try {
    for (const line of lines) JSON.parse(line);
  } catch {
    return false;
  }
  return lines.length > 0;
}
