import {ProblemError} from '../lib/problem.ts';
import type {Action, Add, DomainMetadata, Metadata, Protocol, Remove, Txn} from './actions.ts';
import {readCheckpoint, type LakeFiles} from './checkpoint.ts';
import {checkReadable, checkVersions} from './features.ts';
import {commitName, commitPath, listLog, parseCommit, type LogListing} from './log.ts';
import {fileKey, homeOf, isAbsolute, pathInTable} from './paths.ts';
import {parseSchema, type StructType} from './schema.ts';
import {
  checkVersion,
  commitTimes,
  headOf,
  mapParallel,
  versionAt,
  versionsOf,
  type At,
  type CommitHead,
  type CommitTimes,
} from './travel.ts';

/** One version of a table, as its log gives it. */
export interface Snapshot {
  readonly root: string;
  readonly name: string;
  readonly version: number;
  /** When it was committed, in milliseconds since 1970. */
  readonly timestamp: number;
  readonly protocol: Protocol;
  readonly metadata: Metadata;
  readonly schema: StructType;
  /** The files it is made of, by `fileKey`. */
  readonly files: ReadonlyMap<string, Add>;
  /** Tombstones that the log still has. */
  readonly removed: readonly Remove[];
  readonly transactions: ReadonlyMap<string, Txn>;
  readonly domains: ReadonlyMap<string, DomainMetadata>;
  /** Of the versions up to this one. */
  readonly commits: CommitTimes;
  /** Where absolute paths of the log say that the table was: `/old/place/table/`. */
  readonly home: string | undefined;
  /** Tells this table's last commit from that of another table of the same name. */
  readonly stamp: string | undefined;
}

/**
 * Replays the log of the table in the folder `root`: its latest version, or the one `at` says. Of a `known` earlier snapshot of
 * the same table only what came after is read; it is returned itself when nothing did. Throws a `ProblemError` for a table that
 * isn't there or can't be read, and a version it doesn't have.
 */
export async function loadSnapshot(
  files: LakeFiles,
  root: string,
  name: string,
  at?: At,
  known?: Snapshot,
): Promise<Snapshot> {
  const {store} = files;
  const log = await listLog(store, root);
  const versions = versionsOf(log, name);
  const base = known !== undefined && (await isSameTable(files, log, known)) ? known : undefined;
  let version = versions.last;
  let commits: CommitTimes | undefined;
  if (at !== undefined && 'timestamp' in at) {
    commits = await commitTimes(store, log, name, base?.commits);
    version = versionAt(commits, at.timestamp, name);
  } else if (at !== undefined) {
    checkVersion(at.version, versions, name);
    version = at.version;
  }
  if (base !== undefined && base.version === version && base.commits.firstVersion === versions.first) return base;
  const earlier = base !== undefined && base.version <= version ? base : undefined;
  const [{replay, heads}, stamp] = await Promise.all([
    replayTo(files, log, version, earlier),
    stampOf(files, log, version),
  ]);
  const times = await commitTimes(store, log, name, commits ?? earlier?.commits, version, heads);
  const {protocol, metadata} = replay;
  // The protocol comes first: what else a later one has may not be readable at all.
  if (protocol !== undefined) checkVersions(protocol, name);
  if (protocol === undefined || metadata === undefined)
    throw unrecoverable(name, version, protocol === undefined ? 'protocol' : 'metaData');
  checkReadable(protocol, metadata, name);
  const schema = parseSchema(metadata.schemaString);
  const home = await findHome(files, root, name, replay.files.values(), earlier?.home);
  return {
    root,
    name,
    version,
    timestamp: times.times.at(-1) ?? 0,
    protocol,
    metadata,
    schema,
    files: replay.files,
    removed: [...replay.removed.values()],
    transactions: replay.transactions,
    domains: replay.domains,
    commits: times,
    home,
    stamp,
  };
}

/** Replaying the log up to some version, with what each action changes. */
class Replay {
  protocol: Protocol | undefined;
  metadata: Metadata | undefined;
  readonly files: Map<string, Add>;
  readonly removed: Map<string, Remove>;
  readonly transactions: Map<string, Txn>;
  readonly domains: Map<string, DomainMetadata>;

  constructor(earlier?: Snapshot) {
    this.protocol = earlier?.protocol;
    this.metadata = earlier?.metadata;
    this.files = new Map(earlier?.files);
    this.removed = new Map(earlier?.removed.map((remove) => [fileKey(remove), remove]));
    this.transactions = new Map(earlier?.transactions);
    this.domains = new Map(earlier?.domains);
  }

  /** One commit, or a whole checkpoint (“Action Reconciliation” in the protocol). */
  apply(actions: readonly Action[]): void {
    for (const {protocol, metaData, add, remove, txn, domainMetadata} of actions) {
      this.protocol = protocol ?? this.protocol;
      this.metadata = metaData ?? this.metadata;
      if (add !== undefined) {
        const key = fileKey(add);
        this.removed.delete(key);
        this.files.set(key, add);
      }
      if (remove !== undefined) {
        const key = fileKey(remove);
        this.files.delete(key);
        this.removed.set(key, remove);
      }
      if (txn !== undefined) this.transactions.set(txn.appId, txn);
      if (domainMetadata?.removed === true) this.domains.delete(domainMetadata.domain);
      else if (domainMetadata !== undefined) this.domains.set(domainMetadata.domain, domainMetadata);
    }
  }
}

/** Replays to `version` from the newest of: an earlier snapshot, a checkpoint, nothing. A checkpoint that can't be read is passed over, as Spark does. */
async function replayTo(files: LakeFiles, log: LogListing, version: number, earlier?: Snapshot) {
  const usable = log.checkpoints.filter((each) => each.version <= version && each.version > (earlier?.version ?? -1));
  const isThere = new Set(log.commits);
  const areThere = (first: number): boolean => {
    for (let each = first; each <= version; each++) if (!isThere.has(each)) return false;
    return true;
  };
  // Commits after an earlier snapshot are few and need no checkpoint as long as they are all there.
  const fromEarlier = earlier !== undefined && (usable.length === 0 || isThere.has(earlier.version + 1));
  let start: {readonly version: number} | undefined = fromEarlier ? earlier : undefined;
  const replay = new Replay(fromEarlier ? earlier : undefined);
  let failure: Error | undefined;
  for (const checkpoint of fromEarlier ? [] : usable.reverse()) {
    // The first failure is the one to tell.
    if (failure !== undefined && !areThere(checkpoint.version + 1)) continue;
    try {
      replay.apply(await readCheckpoint(files, log.root, checkpoint));
      start = checkpoint;
      break;
    } catch (thrown) {
      failure ??= thrown instanceof Error ? thrown : new Error(String(thrown));
    }
  }
  if (failure !== undefined && start === undefined && !areThere(0)) throw failure;
  const first = (start?.version ?? -1) + 1;
  const heads = new Map<number, CommitHead>();
  for (const [index, {actions, head}] of (
    await mapParallel(version - first + 1, (ahead) => readCommit(files, log.root, first + ahead))
  ).entries()) {
    replay.apply(actions);
    heads.set(first + index, head);
  }
  return {replay, heads};
}

/** One commit. */
export async function readCommit(
  {store}: LakeFiles,
  root: string,
  version: number,
): Promise<{readonly actions: readonly Action[]; readonly head: CommitHead}> {
  const file = await store.read(commitPath(root, version));
  if (file === null)
    throw new ProblemError({
      code: 'DELTA_VERSIONS_NOT_CONTIGUOUS',
      message: `The log lacks ${commitName(version)}.`,
      where: {file: commitName(version)},
      hint: 'Files of the _delta_log folder were deleted or not copied: take this table from a whole copy.',
      sqlState: 'KD00C',
    });
  const actions = parseCommit(await file.text(), commitName(version));
  return {actions, head: headOf(actions.find(({commitInfo}) => commitInfo !== undefined)?.commitInfo, file)};
}

/** A log's path of this table as a path in the store. Throws a `ProblemError` for one that leads elsewhere. */
export function storePath(
  table: {readonly root: string; readonly name: string; readonly home: string | undefined},
  path: string,
): string {
  const inside = pathInTable(path, table.home);
  if (inside === undefined) throw outside(table.name, path);
  return `${table.root}/${inside}`;
}

async function stampOf({store}: LakeFiles, log: LogListing, version: number): Promise<string | undefined> {
  const file = await store.read(commitPath(log.root, version));
  return file === null ? undefined : `${file.size} ${file.lastModified}`;
}

/** Whether the commit that a known snapshot ends with is still the one it was: the name may be another table's by now. */
async function isSameTable(files: LakeFiles, log: LogListing, known: Snapshot): Promise<boolean> {
  if (known.root !== log.root || known.stamp === undefined) return false;
  return (await stampOf(files, log, known.version)) === known.stamp;
}

/** Absolute paths are fine as long as their files are in the table's folder, wherever it was when they were written. */
async function findHome(
  {store}: LakeFiles,
  root: string,
  name: string,
  adds: Iterable<Add>,
  known: string | undefined,
): Promise<string | undefined> {
  let home = known;
  for (const {path} of adds) {
    if (isAbsolute(path) && home === undefined)
      home = homeOf(path, new Set((await store.walk(root)).map((file) => file.path)));
    if (pathInTable(path, home) === undefined) throw outside(name, path);
  }
  return home;
}

const outside = (name: string, path: string) =>
  new ProblemError({
    code: 'DELTA_FILE_OUTSIDE_TABLE',
    message: `Table ${name} uses ${path}, which lies outside its folder.`,
    hint: 'It may be a shallow clone: make a deep clone of it where it came from, or write its rows to a new table, and import that.',
  });

const unrecoverable = (name: string, version: number, lacking: string) =>
  new ProblemError({
    code: 'DELTA_STATE_RECOVER_ERROR',
    message: `Version ${version} of table ${name} has no ${lacking}: the log doesn't say ${lacking === 'protocol' ? 'how to read it' : 'what its columns are'}.`,
    where: {file: commitName(version)},
    hint: 'Files of the _delta_log folder were deleted or changed by hand: take this table from a whole copy.',
    sqlState: 'XXKDS',
  });
