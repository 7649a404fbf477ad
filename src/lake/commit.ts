import {ProblemError} from '../lib/problem.ts';
import type {Action} from './actions.ts';
import {appIdOf, type ActionsAt} from './commit-actions.ts';
import {concurrentTransaction, concurrentWrite} from './errors.ts';
import type {FileStore, Locks} from './file-store.ts';
import {commitName, commitPath, listLog, parseCommit, serializeCommit} from './log.ts';
import {timestampOf} from './travel.ts';

export interface CommitStore {
  readonly store: FileStore;
  readonly locks: Locks;
}

/** Steps of a commit, after which lessons and tests let it die: 2 file written, 3 checked, 4 lock taken and log listed, 6 commit file written, 7 moved into place. */
export type CommitStep = 2 | 3 | 4 | 6 | 7;
export type Reached = (step: CommitStep) => void | Promise<void>;

/** What came of a write. */
export interface Committed {
  readonly version: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly filesAdded: number;
  readonly filesRemoved: number;
  readonly bytesAdded: number;
}

export interface CommitRequest {
  readonly root: string;
  readonly name: string;
  /** The version it starts from, −1 for a new table, and its time in milliseconds since 1970. */
  readonly version: number;
  readonly timestamp: number;
  /** It may follow commits that change neither metadata nor protocol. */
  readonly isBlindAppend: boolean;
  /** Hash of its rows: they come to the table once. */
  readonly self: string | undefined;
  readonly txnId: string;
  readonly actions: ActionsAt;
}

/** Held by whoever adds a version to the table in the folder `root`, or mends its log. */
export const commitLock = (root: string): string => `${root} commit`;

/**
 * Steps 4 to 7 of a commit: under the table's lock the log is listed, a blind append that others overtook is rebased, and the
 * commit's file appears whole as the next version. Answers the version and its time. Throws `DELTA_CONCURRENT_WRITE` when the
 * table isn't what it was read as.
 */
export const commit = (
  files: CommitStore,
  request: CommitRequest,
  reached: Reached = () => undefined,
): Promise<{readonly version: number; readonly timestamp: number}> =>
  files.locks.exclusive(commitLock(request.root), () => commitLocked(files.store, request, reached));

/** `commit` for one who holds the lock. */
export async function commitLocked(
  store: FileStore,
  request: CommitRequest,
  reached: Reached = () => undefined,
): Promise<{readonly version: number; readonly timestamp: number}> {
  const {root, version: read} = request;
  const log = await listLog(store, root);
  const latest = Math.max(log.commits.at(-1) ?? -1, log.checkpoints.at(-1)?.version ?? -1);
  await reached(4);
  const before = latest === read ? request.timestamp : await rebase(store, request, latest);
  const version = latest + 1;
  // No two versions are from the same millisecond: each can be had by its time.
  const timestamp = Math.max(Date.now(), before + 1);
  try {
    await writeCommit(store, commitPath(root, version), request.actions(timestamp), reached);
  } catch (thrown) {
    if (!(await isOwn(store, root, version, request.txnId))) throw thrown;
  }
  await reached(7);
  return {version, timestamp};
}

/** Checks the commits that came after the version that was read, and answers the time of the last. */
async function rebase(store: FileStore, request: CommitRequest, latest: number): Promise<number> {
  const {root, name, version: read, self} = request;
  const conflict = () => new ProblemError(concurrentWrite(name, read, latest));
  if (latest < read) throw conflict();
  let last = request.timestamp;
  for (let version = read + 1; version <= latest; version++) {
    const file = await store.read(commitPath(root, version));
    if (file === null) throw conflict();
    const actions = parseCommit(await file.text(), commitName(version));
    if (self !== undefined && actions.some(({txn}) => txn?.appId === appIdOf(self)))
      throw new ProblemError(concurrentTransaction(name, version));
    if (
      !request.isBlindAppend ||
      actions.some(({metaData, protocol}) => metaData !== undefined || protocol !== undefined)
    )
      throw conflict();
    last = Math.max(last + 1, timestampOf(actions.find(({commitInfo}) => commitInfo !== undefined)?.commitInfo, file));
  }
  return last;
}

async function writeCommit(
  store: FileStore,
  path: string,
  actions: readonly Action[],
  reached: Reached,
): Promise<void> {
  const sink = await store.create(path);
  try {
    await sink.write(new TextEncoder().encode(serializeCommit(actions)));
    await reached(6);
    await sink.close();
  } catch (thrown) {
    await sink.discard().catch(() => undefined);
    throw thrown;
  }
}

/** Whether a version that was perhaps written is there, by this commit: a store may fail after the file is in place. */
async function isOwn(store: FileStore, root: string, version: number, txnId: string): Promise<boolean> {
  const file = await store.read(commitPath(root, version)).catch(() => null);
  if (file === null) return false;
  try {
    return parseCommit(await file.text(), commitName(version)).some(({commitInfo}) => commitInfo?.txnId === txnId);
  } catch {
    return false;
  }
}
