import type {CommitStep} from '../lake/commit.ts';
import type {Intent} from '../lake/write.ts';

/** How rows go to a table of the lake. */
export interface LakeWrite extends Pick<
  Intent,
  'mode' | 'keys' | 'mergeSchema' | 'overwriteSchema' | 'partitionBy' | 'notNull' | 'constraints' | 'comments'
> {
  readonly table: string;
  /** For lessons: the storage worker dies right after this step of the commit. */
  readonly crashAfter: CommitStep | undefined;
}

/** How rows go to a table of PostgreSQL. */
export interface PostgresWrite {
  readonly table: string;
  /** The primary key: rows that are there are updated, the others inserted. Without any, the rows replace the table's. */
  readonly keys: readonly string[];
  /** Columns with an index each. */
  readonly indexes: readonly string[];
  /** Columns that the table doesn't have are added to it. */
  readonly mergeSchema: boolean;
  /** A table of other columns or keys is made anew. */
  readonly overwriteSchema: boolean;
}

/** A table of the lake that a step reads: its latest version, one by number, or the one of a time (ISO 8601). */
export interface LakeRead {
  readonly table: string;
  readonly at?: {readonly version: number} | {readonly timestamp: string};
  /** Only its columns are wanted, not its rows. */
  readonly schemaOnly?: boolean;
}
