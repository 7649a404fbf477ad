/** How rows go to a table of the lake. */
export interface LakeWrite {
  readonly table: string;
  readonly mode: 'append' | 'overwrite' | 'merge';
  /** What a merge matches rows by. */
  readonly keys: readonly string[];
  readonly mergeSchema: boolean;
  readonly overwriteSchema: boolean;
  /** Undefined leaves the table's own partitions. */
  readonly partitionBy: readonly string[] | undefined;
  readonly notNull: readonly string[];
  /** CHECK constraints by name. */
  readonly constraints: Readonly<Record<string, string>>;
  readonly comments: Readonly<Record<string, string>>;
  /** For lessons: the storage worker dies right after this step of the commit. */
  readonly crashAfter: 2 | 3 | 4 | 6 | 7 | undefined;
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
