import {ProblemError} from '../lib/problem.ts';
import type {CommitInfo} from './actions.ts';
import type {FileStore} from './file-store.ts';
import {commitName, commitPath, parseAction, parseCommit, type LogListing} from './log.ts';

/** A version by number, or the last one at a time in milliseconds since 1970. */
export type At = {readonly version: number} | {readonly timestamp: number};

/** When each version was committed, from the first that can be opened. Each is at least 1 ms after the one before. */
export interface CommitTimes {
  readonly firstVersion: number;
  /** Milliseconds since 1970; the first is that of `firstVersion`. */
  readonly times: readonly number[];
  /** The notebook that made each, null where none did. */
  readonly origins: readonly (Origin | null)[];
}

/** A notebook by its path, and what it brought to the table up to a commit, that commit's own last. */
export interface Origin {
  readonly path: string;
  readonly applies: readonly string[];
}

/** The first and the last version that the log still has in full. Throws a `ProblemError` for a log with a gap, or none. */
export function versionsOf(log: LogListing, name: string): {readonly first: number; readonly last: number} {
  const {commits, checkpoints} = log;
  const newest = checkpoints.at(-1)?.version ?? -1;
  const last = Math.max(commits.at(-1) ?? -1, newest);
  if (last < 0) throw noLog(name, log);
  // The oldest commit of the row without gaps that ends at the last version.
  let oldest = last + 1;
  for (let index = commits.length - 1; index >= 0 && commits[index] === oldest - 1; index--) oldest--;
  if (oldest === 0) return {first: 0, last};
  const checkpoint = checkpoints.find(({version}) => version >= oldest - 1);
  if (checkpoint !== undefined) return {first: checkpoint.version, last};
  throw missingVersions(name, log, oldest);
}

/** What the times need of a commit. */
export interface CommitHead {
  readonly timestamp: number;
  readonly origin: Origin | null;
}

export const headOf = (info: CommitInfo | undefined, file: File): CommitHead => ({
  timestamp: timestampOf(info, file),
  origin: originOf(info),
});

/** Reads when the versions up to `last` were committed; `known` are those of an earlier look at the same log, `heads` of commits that were just read. */
export async function commitTimes(
  store: FileStore,
  log: LogListing,
  name: string,
  known?: CommitTimes,
  last?: number,
  heads?: ReadonlyMap<number, CommitHead>,
): Promise<CommitTimes> {
  const versions = versionsOf(log, name);
  const end = last ?? versions.last;
  const reuse =
    known !== undefined && known.firstVersion === versions.first
      ? known
      : {firstVersion: versions.first, times: [], origins: []};
  const start = versions.first + reuse.times.length;
  const found = await mapParallel(
    Math.max(0, end - start + 1),
    async (index) => heads?.get(start + index) ?? readHead(store, log, name, start + index),
  );
  const times = reuse.times.slice(0, end - versions.first + 1);
  const origins = reuse.origins.slice(0, times.length);
  for (const {timestamp, origin} of found) {
    times.push(Math.max(timestamp, (times.at(-1) ?? -Infinity) + 1));
    origins.push(origin);
  }
  return {firstVersion: versions.first, times, origins};
}

/** The last version that was committed at or before a time. */
export function versionAt(
  {firstVersion, times}: Pick<CommitTimes, 'firstVersion' | 'times'>,
  timestamp: number,
  name: string,
): number {
  const [earliest = 0, latest = 0] = [times[0], times.at(-1)];
  const shown = (time: number) => new Date(time).toISOString().replace('T', ' ').replace('Z', '');
  if (timestamp < earliest)
    throw new ProblemError({
      code: 'DELTA_TIMESTAMP_EARLIER_THAN_COMMIT_RETENTION',
      message: `Table ${name} has no version from ${shown(timestamp)}: its first is from ${shown(earliest)} (UTC).`,
      hint: `Use a time from ${shown(earliest)} on, or VERSION => ${firstVersion}.`,
      sqlState: '42816',
    });
  if (timestamp > latest)
    throw new ProblemError({
      code: 'DELTA_TIMESTAMP_GREATER_THAN_COMMIT',
      message: `Table ${name} has no version from ${shown(timestamp)} yet: its latest is from ${shown(latest)} (UTC).`,
      hint: `Use a time up to ${shown(latest)}, or leave the time out to read the latest version.`,
      sqlState: '42816',
    });
  let low = 0;
  for (let high = times.length - 1; low < high;) {
    const middle = Math.ceil((low + high) / 2);
    if ((times[middle] ?? Infinity) <= timestamp) low = middle;
    else high = middle - 1;
  }
  return firstVersion + low;
}

/** Throws `DELTA_VERSION_NOT_FOUND` unless the log has that version in full. */
export function checkVersion(
  version: number,
  {first, last}: {readonly first: number; readonly last: number},
  name: string,
): void {
  if (Number.isInteger(version) && version >= first && version <= last) return;
  throw new ProblemError({
    code: 'DELTA_VERSION_NOT_FOUND',
    message: `Table ${name} has no version ${version}: it has ${first === last ? `only version ${first}` : `versions ${first} to ${last}`}.`,
    hint: first === last ? `Use VERSION => ${first}.` : `Use a version from ${first} to ${last}.`,
    sqlState: '22003',
  });
}

/** When a commit says it was made; its file's time when it doesn't say. */
export const timestampOf = (info: CommitInfo | undefined, file: File): number =>
  info?.inCommitTimestamp ?? info?.timestamp ?? file.lastModified;

/** Only commits of a snapshot cell name it: one that doesn't was made by hand, or elsewhere. */
function originOf(info: CommitInfo | undefined): Origin | null {
  const {notebookPath, cell, applies} = info?.notebook ?? {};
  return cell === undefined ? null : {path: notebookPath ?? '', applies: applies ?? []};
}

/** `task` for each index below `count`, some at a time: a log may have more files than a browser opens at once. */
export async function mapParallel<T>(count: number, task: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < count; index = next++) results[index] = await task(index);
  };
  await Promise.all(Array.from({length: Math.min(count, 64)}, worker));
  return results;
}

/** How much of a commit is read for its commitInfo, which writers put first. */
const headBytes = 16_384;

async function readHead(store: FileStore, log: LogListing, name: string, version: number): Promise<CommitHead> {
  const file = await store.read(commitPath(log.root, version));
  if (file !== null) return headOf(await commitInfo(file, version), file);
  // The time of a version of which only the checkpoint is left is that of its file.
  const part = log.checkpoints.find((checkpoint) => checkpoint.version === version)?.parts[0];
  const checkpoint = part === undefined ? null : await store.read(part);
  if (checkpoint === null) throw missingVersions(name, log, version + 1);
  return {timestamp: checkpoint.lastModified, origin: null};
}

async function commitInfo(file: File, version: number): Promise<CommitInfo | undefined> {
  const head = await file.slice(0, headBytes).text();
  const end = head.indexOf('\n');
  if (head.startsWith('{"commitInfo"') && end > 0)
    return parseAction(head.slice(0, end), {file: commitName(version), line: 1}).commitInfo;
  return parseCommit(await file.text(), commitName(version)).find((action) => action.commitInfo !== undefined)
    ?.commitInfo;
}

const noLog = (name: string, log: LogListing) => {
  const [broken] = log.broken;
  if (broken !== undefined) return missingPart(name, broken);
  return new ProblemError({
    code: 'DELTA_TABLE_NOT_FOUND',
    message: `There is no Delta table ${name}: no _delta_log folder with commits.`,
    hint: 'Check the name, or import the whole folder of the table, its _delta_log included.',
    sqlState: '42P01',
  });
};

const missingPart = (name: string, {version, missing}: {readonly version: number; readonly missing: string}) =>
  new ProblemError({
    code: 'DELTA_MISSING_PART_FILES',
    message: `The log of table ${name} lacks ${missing}, a part of the checkpoint of version ${version}.`,
    where: {file: missing},
    hint: 'Take this table from a copy: its earlier commits were cleaned up, so the checkpoint is needed whole.',
    sqlState: '42KD6',
  });

function missingVersions(name: string, log: LogListing, oldest: number): ProblemError {
  const broken = log.broken.find(({version}) => version >= oldest - 1);
  if (broken !== undefined) return missingPart(name, broken);
  const before = log.commits.filter((version) => version < oldest).at(-1);
  const lacking =
    (before ?? -1) + 1 === oldest - 1
      ? commitName(oldest - 1)
      : `${commitName((before ?? -1) + 1)} to ${commitName(oldest - 1)}`;
  return new ProblemError({
    code: before === undefined ? 'DELTA_TRUNCATED_TRANSACTION_LOG' : 'DELTA_VERSIONS_NOT_CONTIGUOUS',
    message: `The log of table ${name} lacks ${lacking}${before === undefined ? ', and has no checkpoint to begin with' : ''}.`,
    where: {file: commitName(oldest - 1)},
    hint: 'Files of the _delta_log folder were deleted or not copied: take this table from a whole copy.',
    sqlState: before === undefined ? '42K03' : 'KD00C',
  });
}
