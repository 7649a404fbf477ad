import type {Action, Add} from '../../../../src/lake/actions.ts';
import type {LakeFiles} from '../../../../src/lake/checkpoint.ts';
import {commitPath, serializeCommit} from '../../../../src/lake/log.ts';
import type {StructField} from '../../../../src/lake/schema.ts';
import {problemOf, type Problem} from '../../../../src/lib/problem.ts';

/** Files by path. What ends in `.parquet` is a checkpoint whose rows are written as JSON. `reads` says which were read, in order. */
export function handMade(
  contents: Readonly<Record<string, string | Uint8Array<ArrayBuffer>>>,
): LakeFiles & {readonly reads: string[]; readonly contents: Record<string, string | Uint8Array<ArrayBuffer>>} {
  const files = {...contents};
  const reads: string[] = [];
  const refuse = () => Promise.reject(new Error('This store is only for reading.'));
  return {
    reads,
    contents: files,
    readParquetRows: async (file) => {
      // The cast: the tests wrote it.
      const rows = JSON.parse(await file.text()) as Record<string, unknown>[];
      return rows;
    },
    store: {
      read: async (path) => {
        reads.push(path);
        const content = files[path];
        return content === undefined
          ? null
          : new File([content], path.split('/').at(-1) ?? '', {lastModified: 1_700_000_000_000});
      },
      create: refuse,
      remove: refuse,
      list: async (folder) =>
        Object.keys(files).flatMap((path) =>
          path.startsWith(`${folder}/`) && !path.slice(folder.length + 1).includes('/')
            ? [path.slice(folder.length + 1)]
            : [],
        ),
      walk: async (folder) =>
        Object.keys(files).flatMap((path) =>
          path.startsWith(`${folder}/`) ? [{path: path.slice(folder.length + 1), bytes: 1, modified: 0}] : [],
        ),
    },
  };
}

export const field = (
  name: string,
  type: StructField['type'],
  metadata: StructField['metadata'] = {},
): StructField => ({name, type, nullable: true, metadata});

export const protocol: Action = {protocol: {minReaderVersion: 1, minWriterVersion: 2}};

export const metaData = (
  fields: readonly StructField[] = [field('a', 'long')],
  configuration: Readonly<Record<string, string>> = {},
  partitionColumns: readonly string[] = [],
): Action => ({
  metaData: {
    id: 'an-id',
    format: {provider: 'parquet', options: {}},
    schemaString: JSON.stringify({type: 'struct', fields}),
    partitionColumns,
    configuration,
  },
});

export const add = (path: string, more: Partial<Add> = {}): Action => ({
  add: {path, partitionValues: {}, size: 10, modificationTime: 0, dataChange: true, ...more},
});
export const remove = (path: string, more: Partial<Action['remove']> = {}): Action => ({
  remove: {path, dataChange: true, deletionTimestamp: 1, ...more},
});
export const at = (timestamp: number): Action => ({commitInfo: {timestamp, operation: 'WRITE'}});

/** A table `t` with these commits from version `first` on. */
export const commits = (actions: readonly (readonly Action[])[], first = 0): Record<string, string> =>
  Object.fromEntries(actions.map((each, index) => [commitPath('t', first + index), serializeCommit(each)]));

/** The Problem that a promise fails with. */
export async function problem(work: Promise<unknown>): Promise<Problem> {
  try {
    await work;
  } catch (thrown) {
    return problemOf(thrown);
  }
  throw new Error('It did not fail.');
}
