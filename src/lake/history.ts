import type {Action, Add, CommitInfo, Remove} from './actions.ts';
import {readCheckpoint, type LakeFiles} from './checkpoint.ts';
import {listLog} from './log.ts';
import {canonicalPath, deletionVectorPath, fileKey, homeOf, isAbsolute, pathInTable} from './paths.ts';
import {readCommit} from './snapshot.ts';
import {rowsOf, total} from './table.ts';
import {commitTimes, mapParallel} from './travel.ts';

/** Every version that the log still has in full, the newest first; `readable` says whether its files are still there. */
export async function history(files: LakeFiles, root: string, name: string) {
  const log = await listLog(files.store, root);
  const {firstVersion, times} = await commitTimes(files.store, log, name);
  const found = new Set((await files.store.walk(root)).map(({path}) => path));
  const checkpoint =
    log.commits[0] === 0 && firstVersion === 0
      ? undefined
      : log.checkpoints.find(({version}) => version === firstVersion);
  const missing = new MissingFiles(found);
  if (checkpoint !== undefined) missing.apply(await readCheckpoint(files, root, checkpoint));
  const withCommit = new Set(log.commits);
  const versions = await mapParallel(times.length, async (index) => {
    const version = firstVersion + index;
    return withCommit.has(version) ? (await readCommit(files, root, version)).actions : [];
  });
  const commits = versions.map((actions, index) => {
    const version = firstVersion + index;
    if (version !== checkpoint?.version) missing.apply(actions);
    const isReadable = missing.count === 0;
    const adds = actions.flatMap(({add}) => add ?? []);
    const removes = actions.flatMap(({remove}) => remove ?? []);
    // A file that only gets another deletion vector is neither new nor gone.
    const added = without(adds, removes);
    const info: CommitInfo = actions.find((action) => action.commitInfo !== undefined)?.commitInfo ?? {};
    return {
      version,
      timestamp: times[index] ?? 0,
      info,
      filesAdded: added.length,
      filesRemoved: without(removes, adds).length,
      bytesAdded: added.reduce((sum, add) => sum + add.size, 0),
      rowsAdded: total(added.map((add) => rowsOf(add).rows)),
      readable: isReadable,
    };
  });
  return commits.reverse();
}

function without<T extends Add | Remove>(files: readonly T[], others: readonly (Add | Remove)[]): T[] {
  const paths = new Set(others.map(({path}) => canonicalPath(path)));
  return files.filter(({path}) => !paths.has(canonicalPath(path)));
}

/** The files of a version that are no longer in the table's folder, while its commits are gone through. */
class MissingFiles {
  readonly #missing = new Set<string>();
  readonly #found: ReadonlySet<string>;
  #home: string | undefined;

  constructor(found: ReadonlySet<string>) {
    this.#found = found;
  }

  get count(): number {
    return this.#missing.size;
  }

  apply(actions: readonly Action[]): void {
    for (const {add, remove} of actions) {
      if (add !== undefined && !this.#isThere(add)) this.#missing.add(fileKey(add));
      if (remove !== undefined) this.#missing.delete(fileKey(remove));
    }
  }

  #isThere({path, deletionVector}: Add): boolean {
    const vector = deletionVector === undefined ? undefined : deletionVectorPath(deletionVector);
    return this.#has(path) && (vector === undefined || this.#has(vector));
  }

  #has(path: string): boolean {
    if (isAbsolute(path)) this.#home ??= homeOf(path, this.#found);
    const inside = pathInTable(path, this.#home);
    return inside !== undefined && this.#found.has(inside);
  }
}
