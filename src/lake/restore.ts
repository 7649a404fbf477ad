import {ProblemError} from '../lib/problem.ts';
import type {Action, Add} from './actions.ts';
import type {LakeFiles} from './checkpoint.ts';
import {commitInfoAt, removeOf} from './commit-actions.ts';
import {commitLock, commitLocked, type Committed, type CommitStore, type Reached} from './commit.ts';
import {filesOnlyIn} from './diff.ts';
import {missingDataFiles} from './errors.ts';
import {checkWritable} from './features.ts';
import {deletionVectorPath} from './paths.ts';
import {mergeProtocols} from './protocol.ts';
import {loadSnapshot, storePath, type Snapshot} from './snapshot.ts';
import type {At} from './travel.ts';
import {checkModifiable} from './write.ts';
import {randomUUID} from '../lib/uuid.ts';

/**
 * Delta's RESTORE as one more version: the files and metadata of an earlier one, and the features of both. Nothing is copied;
 * throws when vacuum has deleted a file that is needed.
 */
export const restore = (
  files: LakeFiles & CommitStore,
  table: {readonly root: string; readonly name: string},
  at: At,
  reached?: Reached,
): Promise<Committed> =>
  files.locks.exclusive(commitLock(table.root), async () => {
    const {root, name} = table;
    const current = await loadSnapshot(files, root, name);
    const target = await loadSnapshot(files, root, name, at);
    checkModifiable(current, 'overwrite');
    const protocol = mergeProtocols(current.protocol, target.protocol);
    checkWritable(protocol, target.metadata, name);
    await checkFiles(files, target);

    const restored = filesOnlyIn(target, current);
    const removed = filesOnlyIn(current, target);
    const [restoredBytes, removedBytes, tableBytes] = [
      bytesOf(restored),
      bytesOf(removed),
      bytesOf([...target.files.values()]),
    ];
    const txnId = randomUUID();
    const info = {
      operation: 'RESTORE',
      operationParameters: {version: target.version, timestamp: null},
      readVersion: current.version,
      isBlindAppend: false,
      operationMetrics: {
        numRestoredFiles: String(restored.length),
        removedFilesSize: String(removedBytes),
        numRemovedFiles: String(removed.length),
        restoredFilesSize: String(restoredBytes),
        numOfFilesAfterRestore: String(target.files.size),
        tableSizeAfterRestore: String(tableBytes),
      },
      txnId,
    };
    const actions = (timestamp: number): readonly Action[] => [
      {commitInfo: commitInfoAt(timestamp, info)},
      {metaData: target.metadata},
      {protocol},
      ...restored.map((add) => ({add: {...add, dataChange: true}})),
      ...removed.map((add) => ({remove: removeOf(add, timestamp)})),
    ];
    const {version, timestamp} = current;
    const committed = await commitLocked(
      files.store,
      {root, name, version, timestamp, isBlindAppend: false, self: undefined, txnId, actions},
      reached,
    );
    return {...committed, filesAdded: restored.length, filesRemoved: removed.length, bytesAdded: restoredBytes};
  });

const bytesOf = (adds: readonly Add[]): number => adds.reduce((sum, {size}) => sum + size, 0);

async function checkFiles({store}: LakeFiles, target: Snapshot): Promise<void> {
  const found = new Set((await store.walk(target.root)).map(({path}) => `${target.root}/${path}`));
  const missing = [...target.files.values()].flatMap(({path, deletionVector}) => {
    const vector = deletionVector === undefined ? undefined : deletionVectorPath(deletionVector);
    return [path, ...(vector === undefined ? [] : [vector])].filter((each) => !found.has(storePath(target, each)));
  });
  if (missing.length > 0) throw new ProblemError(missingDataFiles(target.name, target.version, missing));
}
