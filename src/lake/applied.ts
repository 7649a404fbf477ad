import type {CommitInfo} from './actions.ts';
import {appIdOf} from './commit-actions.ts';
import type {FileStore} from './file-store.ts';
import {commitName, commitPath, parseCommit} from './log.ts';
import type {Snapshot} from './snapshot.ts';

/**
 * The version with which rows of the hash `self` came to the table, or undefined when they aren't in it: a commit that
 * replaced the table since then (an overwrite) took them away, and a restore brought back what was there at its version.
 */
export async function appliedVersion(
  store: FileStore,
  {root, version: latest, transactions}: Snapshot,
  self: string,
): Promise<number | undefined> {
  const appId = appIdOf(self);
  // A table that never had them is the usual case, and needs no look at the log.
  if (!transactions.has(appId)) return undefined;
  for (let version = latest; version >= 0;) {
    const file = await store.read(commitPath(root, version));
    if (file === null) return undefined;
    const actions = parseCommit(await file.text(), commitName(version));
    if (actions.some(({txn}) => txn?.appId === appId)) return version;
    const info = actions.find(({commitInfo}) => commitInfo !== undefined)?.commitInfo;
    if (replaces(info)) return undefined;
    version = restoredVersion(info, version) ?? version - 1;
  }
  return undefined;
}

/** Whether nothing that was in the table before this commit is still in it. */
function replaces(info: CommitInfo | undefined): boolean {
  const {operation = '', operationParameters = {}} = info ?? {};
  if (/REPLACE TABLE/.test(operation)) return true;
  const predicate = operationParameters['predicate'];
  return (
    operation === 'WRITE' &&
    operationParameters['mode'] === 'Overwrite' &&
    (predicate == null || predicate === '' || predicate === '[]')
  );
}

function restoredVersion(info: CommitInfo | undefined, version: number): number | undefined {
  if (info?.operation !== 'RESTORE' || info.operationParameters?.['version'] == null) return undefined;
  const to = Number(info.operationParameters['version']);
  return Number.isInteger(to) && to >= 0 && to < version ? to : undefined;
}
