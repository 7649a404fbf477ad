import {ProblemError} from '../lib/problem.ts';
import type {Add, Remove} from './actions.ts';
import type {LakeFiles} from './checkpoint.ts';
import {commitLock, type CommitStore} from './commit.ts';
import {retentionTooShort} from './errors.ts';
import {checkWritable} from './features.ts';
import {deletionVectorPath, hasHiddenPart, homeOf, pathInTable} from './paths.ts';
import {loadSnapshot} from './snapshot.ts';

export interface VacuumOptions {
  /** Versions that were replaced within so many hours stay readable. */
  readonly retainHours: number;
  readonly dryRun: boolean;
}

export interface Vacuumed {
  readonly files: readonly {readonly path: string; readonly bytes: number}[];
  readonly bytes: number;
}

const hour = 3_600_000;
/** A file that the log doesn't name may belong to a write that isn't committed yet. */
const unknownHours = 1;

/**
 * Deletes the files of a table that its latest version doesn't need and that are older than the retention: tombstones whose
 * time is over, and what writes left that failed. Names that begin with `_` or `.` stay, as in Spark. Nobody may read the table
 * meanwhile; the lock against commits is taken here. `now` is in milliseconds since 1970.
 */
export function vacuum(
  files: LakeFiles & CommitStore,
  table: {readonly root: string; readonly name: string},
  {retainHours, dryRun}: VacuumOptions,
  now: number,
): Promise<Vacuumed> {
  if (!Number.isFinite(retainHours) || retainHours < 0) throw new ProblemError(retentionTooShort(retainHours));
  const {root, name} = table;
  return files.locks.exclusive(commitLock(root), async () => {
    const snapshot = await loadSnapshot(files, root, name);
    checkWritable(snapshot.protocol, snapshot.metadata, name);
    const cutoff = now - retainHours * hour;
    const all = await files.store.walk(root);
    const found = new Set(all.map(({path}) => path));
    const pathsOf = ({path, deletionVector}: Add | Remove): string[] => {
      const vector = deletionVector === undefined ? undefined : deletionVectorPath(deletionVector);
      // Only tombstones may have absolute paths, and those of another place than the files of today.
      return [path, ...(vector === undefined ? [] : [vector])].flatMap(
        (each) => pathInTable(each, snapshot.home) ?? pathInTable(each, homeOf(each, found)) ?? [],
      );
    };
    const young = snapshot.removed.filter(({deletionTimestamp = 0}) => deletionTimestamp > cutoff);
    const needed = new Set([...snapshot.files.values(), ...young].flatMap(pathsOf));
    const known = new Set(snapshot.removed.flatMap(pathsOf));
    const doomed = all
      .filter(
        ({path, modified}) =>
          !hasHiddenPart(path, /^[_.]/) &&
          !needed.has(path) &&
          modified <= cutoff &&
          (known.has(path) || modified <= now - unknownHours * hour),
      )
      .map(({path, bytes}) => ({path, bytes}));
    if (!dryRun) for (const {path} of doomed) await files.store.remove(`${root}/${path}`);
    return {files: doomed, bytes: doomed.reduce((sum, {bytes}) => sum + bytes, 0)};
  });
}
