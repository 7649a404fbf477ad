import {count, list, plural} from '../lib/text.ts';
import type {Action, Add, CommitInfo, Metadata, Protocol, Remove} from './actions.ts';
import {featuresOf} from './features.ts';
import {decodePath} from './paths.ts';
import {parseSchema} from './schema.ts';
import {constraintsOf, rowsOf} from './table.ts';
import {typeName} from './types.ts';

/** What an action of the log says, and why it is there: a sentence or two each, for a learner. */
export interface Explanation {
  readonly what: string;
  readonly why: string;
}

export function explain(action: Action): Explanation {
  const {commitInfo, protocol, metaData, add, remove, txn, domainMetadata, other} = action;
  if (commitInfo !== undefined) return explainInfo(commitInfo);
  if (protocol !== undefined) return explainProtocol(protocol);
  if (metaData !== undefined) return explainMetadata(metaData);
  if (add !== undefined) return explainAdd(add);
  if (remove !== undefined) return explainRemove(remove);
  if (txn !== undefined)
    return {
      what: `The application ${txn.appId} has written up to its version ${txn.version}.`,
      why: 'A writer that runs again after a crash looks for its own mark and does not write the same rows twice: that makes writing idempotent.',
    };
  if (domainMetadata !== undefined)
    return {
      what: `${domainMetadata.removed ? 'Removes what' : 'What'} the feature ${domainMetadata.domain} keeps about the table.`,
      why: 'Features that need more than columns and files, such as clustering, keep their own settings in the log.',
    };
  return explainOther(Object.keys(other ?? {})[0] ?? '');
}

const operations: Readonly<Record<string, string>> = {
  WRITE: 'writes rows',
  MERGE: 'merges rows by key: those that match are updated, the others inserted',
  RESTORE: 'brings an earlier version back as a new one',
  DELETE: 'deletes rows',
  UPDATE: 'changes rows',
  OPTIMIZE: 'puts small files together, without changing a row',
  'CREATE TABLE': 'creates the table',
  'CREATE TABLE AS SELECT': 'creates the table from a query',
  'VACUUM START': 'begins to delete files that no version needs',
  'VACUUM END': 'has deleted files that no version needs',
};

function explainInfo({
  operation,
  operationParameters = {},
  operationMetrics = {},
  timestamp,
  notebook,
  engineInfo,
}: CommitInfo): Explanation {
  const mode = operationParameters['mode'];
  const metric = (name: string) => (operationMetrics[name] === undefined ? undefined : Number(operationMetrics[name]));
  const rows = metric('numOutputRows');
  const files = metric('numFiles');
  const parts = [
    operation === undefined
      ? 'A commit that does not say what it does'
      : `${operation}${typeof mode === 'string' ? ` (${mode})` : ''} ${operations[operation] ?? 'changes the table'}`,
    ...(rows === undefined
      ? []
      : [`${plural(rows, 'row')} written${files === undefined ? '' : ` in ${plural(files, 'file')}`}`]),
    ...(timestamp === undefined
      ? []
      : [`at ${new Date(timestamp).toISOString().replace('T', ' ').replace('Z', ' UTC')}`]),
    ...(notebook?.cell === undefined
      ? []
      : [`by cell ${notebook.cell}${notebook.notebookPath === undefined ? '' : ` of ${notebook.notebookPath}`}`]),
    ...(engineInfo === undefined ? [] : [`with ${engineInfo}`]),
  ];
  return {
    what: `${parts.join(', ')}.`,
    why: 'It is the history of the table: who did what and when. Readers do not need it to find the rows; time travel by time uses its timestamp.',
  };
}

function explainProtocol(protocol: Protocol): Explanation {
  const {minReaderVersion, minWriterVersion, readerFeatures, writerFeatures} = protocol;
  const listed = readerFeatures !== undefined || writerFeatures !== undefined;
  const features = [...new Set([...featuresOf(protocol).reader, ...featuresOf(protocol).writer])];
  return {
    what: `A reader must know version ${minReaderVersion} of the protocol, a writer version ${minWriterVersion}${features.length === 0 ? '' : `${listed ? ', with' : ', that is'} ${list(features)}`}.`,
    why: 'A program that is too old for the table refuses it, instead of reading it wrongly. It is only raised when the table needs a feature.',
  };
}

function explainMetadata(metadata: Metadata): Explanation {
  const columns = columnsOf(metadata);
  const {partitionColumns} = metadata;
  const constraints = Object.entries(constraintsOf({metadata})).map(([name, expression]) => `${name}: ${expression}`);
  const parts = [
    `The table has ${columns.length === 0 ? 'columns that can’t be read here' : `the ${columns.length === 1 ? 'column' : 'columns'} ${list(columns)}`}`,
    ...(partitionColumns.length === 0 ? [] : [`its files are partitioned by ${list(partitionColumns)}`]),
    ...(constraints.length === 0 ? [] : [`its rows fulfil ${list(constraints)}`]),
  ];
  return {
    what: `${parts.join('; ')}.`,
    why: 'The schema is part of the log: it changes in the same commit as the rows, or not at all. The last one counts.',
  };
}

function columnsOf({schemaString}: Metadata): string[] {
  try {
    return parseSchema(schemaString).fields.map(
      ({name, type, nullable}) => `${name} ${typeName(type)}${nullable ? '' : ' NOT NULL'}`,
    );
  } catch {
    return [];
  }
}

const kilobytes = (bytes: number): string =>
  bytes < 1000 ? plural(bytes, 'byte') : `${count(Math.round(bytes / 1000))} kB`;

function explainAdd(add: Add): Explanation {
  const {rows, deleted} = rowsOf(add);
  const partition = Object.entries(add.partitionValues).map(
    ([column, value]) => `${column} = ${value === null || value === '' ? 'null' : value}`,
  );
  const parts = [
    `The file ${decodePath(add.path)} is part of the table from this version on: ${rows === undefined ? '' : `${plural(rows, 'row')}, `}${kilobytes(add.size)}`,
    ...(partition.length === 0 ? [] : [`all with ${list(partition)}`]),
    ...(deleted === 0 ? [] : [`${plural(deleted, 'of its rows is', 'of its rows are')} deleted by a deletion vector`]),
  ];
  return {
    what: `${parts.join('; ')}.`,
    why: 'The file was on disk before this line: only the line makes its rows visible, all at once. Its statistics (least, greatest, nulls) let a reader pass over files that can’t hold what it looks for.',
  };
}

function explainRemove({path, deletionTimestamp}: Remove): Explanation {
  return {
    what: `The file ${decodePath(path)} is no longer part of the table from this version on${deletionTimestamp === undefined ? '' : ` (${new Date(deletionTimestamp).toISOString().slice(0, 10)})`}.`,
    why: 'It is a tombstone: the file stays on disk, so that earlier versions can be read and readers of them are not disturbed, until a vacuum deletes it.',
  };
}

function explainOther(kind: string): Explanation {
  if (kind === 'cdc')
    return {
      what: 'A file of changed rows, for the change data feed.',
      why: 'Who follows the table reads what changed from it; the rows of the table are elsewhere.',
    };
  if (kind === 'checkpointMetadata' || kind === 'sidecar')
    return {
      what: 'A part of a checkpoint.',
      why: 'A checkpoint sums up all commits before it, so that a reader need not read them one by one.',
    };
  return {
    what: kind === '' ? 'An empty action.' : `An action of the kind ${kind}.`,
    why: 'It is not needed to read the rows of the table.',
  };
}
