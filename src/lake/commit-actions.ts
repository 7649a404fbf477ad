import type {Action, Add, CommitInfo, Remove} from './actions.ts';

import type {PlannedWrite, WrittenFile} from './write.ts';

/** Who commits, as commitInfo has it. */
export const engineInfo = 'Lakebook/0.1.0';

/** A commit but for its time, which is known when it is its turn. `timestamp` is in milliseconds since 1970. */
export type ActionsAt = (timestamp: number) => readonly Action[];

/** The `txn` application that stands for rows of a notebook. */
export const appIdOf = (hash: string): string => `lakebook-${hash}`;

/** What commitInfo has beside its time, in the order Spark writes it. */
export const commitInfoAt = (
  timestamp: number,
  info: Omit<CommitInfo, 'timestamp' | 'engineInfo' | 'isolationLevel'> & {readonly txnId: string},
): CommitInfo => {
  const {operation, operationParameters, notebook, readVersion, isBlindAppend, operationMetrics, txnId} = info;
  return {
    timestamp,
    ...(operation === undefined ? {} : {operation}),
    ...(operationParameters === undefined ? {} : {operationParameters}),
    ...(notebook === undefined ? {} : {notebook}),
    ...(readVersion === undefined ? {} : {readVersion}),
    isolationLevel: 'Serializable',
    ...(isBlindAppend === undefined ? {} : {isBlindAppend}),
    ...(operationMetrics === undefined ? {} : {operationMetrics}),
    engineInfo,
    txnId,
  };
};

/** Whether a write only adds files, whatever the table holds: then it may follow commits it hasn't seen. */
export const isBlindAppend = (plan: PlannedWrite): boolean =>
  (plan.intent.mode === 'append' || plan.snapshot === undefined) && !plan.readsTable;

/**
 * The commit of a write, in the order Spark writes one: commitInfo, metaData, protocol, txn, then add before remove (a merge:
 * remove before add). `replaced` are the files that a merge wrote anew; an overwrite takes all of its table. `metrics` are
 * what only the writer of the rows knows, and come over those counted here.
 */
export function actionsOf(
  plan: PlannedWrite,
  written: readonly WrittenFile[],
  replaced: readonly Add[],
  metrics: Readonly<Record<string, string>>,
  txnId: string,
): ActionsAt {
  const {snapshot, intent, metadata, protocol, version} = plan;
  const removed = snapshot === undefined ? [] : intent.mode === 'overwrite' ? [...snapshot.files.values()] : replaced;
  const info = {
    ...operationOf(plan),
    notebook: {
      notebookPath: intent.notebook.path,
      cell: intent.notebook.cell,
      applies: [...intent.applies.before, intent.applies.self],
    },
    ...(version < 0 ? {} : {readVersion: version}),
    isBlindAppend: isBlindAppend(plan),
    operationMetrics: {...metricsOf(plan, written, removed), ...metrics},
    txnId,
  };
  const adds = written.map(({rows: _, ...file}): Action => {
    const {path, partitionValues, size, modificationTime, stats} = file;
    return {add: {path, partitionValues, size, modificationTime, dataChange: true, stats}};
  });
  const hashes = new Set([...intent.applies.before, intent.applies.self]);
  return (timestamp) => {
    const removes = removed.map((add): Action => ({remove: removeOf(add, timestamp)}));
    return [
      {commitInfo: commitInfoAt(timestamp, info)},
      ...(metadata === snapshot?.metadata ? [] : [{metaData: metadata}]),
      ...(protocol === snapshot?.protocol ? [] : [{protocol}]),
      ...Array.from(hashes, (hash) => ({txn: {appId: appIdOf(hash), version: 0, lastUpdated: timestamp}})),
      ...(isMerge(plan) ? [...removes, ...adds] : [...adds, ...removes]),
    ];
  };
}

/** The tombstone of a file. */
export const removeOf = ({path, partitionValues, size, deletionVector}: Add, deletionTimestamp: number): Remove => ({
  path,
  deletionTimestamp,
  dataChange: true,
  extendedFileMetadata: true,
  partitionValues,
  size,
  ...(deletionVector === undefined ? {} : {deletionVector}),
});

const isMerge = ({intent, snapshot}: PlannedWrite): boolean => intent.mode === 'merge' && snapshot !== undefined;

function operationOf(plan: PlannedWrite): Pick<CommitInfo, 'operation' | 'operationParameters'> {
  const {intent, partitionColumns} = plan;
  if (!isMerge(plan)) {
    const mode = intent.mode === 'overwrite' ? 'Overwrite' : 'Append';
    return {operation: 'WRITE', operationParameters: {mode, partitionBy: JSON.stringify(partitionColumns)}};
  }
  const predicate = intent.keys.map((key) => `(target.${quoted(key)} = source.${quoted(key)})`).join(' AND ');
  return {
    operation: 'MERGE',
    operationParameters: {
      predicate: JSON.stringify([predicate]),
      matchedPredicates: JSON.stringify([{actionType: 'update'}]),
      notMatchedPredicates: JSON.stringify([{actionType: 'insert'}]),
      notMatchedBySourcePredicates: '[]',
    },
  };
}

const quoted = (name: string): string => (/^[A-Za-z_]\w*$/.test(name) ? name : `\`${name.replaceAll('`', '``')}\``);

function metricsOf(
  plan: PlannedWrite,
  written: readonly WrittenFile[],
  removed: readonly Add[],
): Record<string, string> {
  const bytes = (files: readonly {readonly size: number}[]) => String(files.reduce((sum, {size}) => sum + size, 0));
  const rows = String(written.reduce((sum, file) => sum + file.rows, 0));
  const [added, gone] = [String(written.length), String(removed.length)];
  if (isMerge(plan))
    return {
      numTargetFilesAdded: added,
      numTargetFilesRemoved: gone,
      numTargetBytesAdded: bytes(written),
      numTargetBytesRemoved: bytes(removed),
      numOutputRows: rows,
    };
  const own = {numFiles: added, numOutputRows: rows, numOutputBytes: bytes(written)};
  if (plan.intent.mode !== 'overwrite' || plan.snapshot === undefined) return own;
  return {...own, numRemovedFiles: gone, numRemovedBytes: bytes(removed)};
}
