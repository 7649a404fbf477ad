/** The actions of a Delta commit, spelt as in the protocol (https://github.com/delta-io/delta/blob/master/PROTOCOL.md). */
export interface CommitInfo {
  /** Milliseconds since 1970. */
  readonly timestamp?: number;
  readonly inCommitTimestamp?: number;
  readonly operation?: string;
  readonly operationParameters?: Readonly<Record<string, unknown>>;
  readonly operationMetrics?: Readonly<Record<string, unknown>>;
  readonly readVersion?: number;
  readonly isolationLevel?: string;
  readonly isBlindAppend?: boolean;
  readonly engineInfo?: string;
  readonly txnId?: string;
  readonly userMetadata?: string;
  /** The notebook and cell that wrote it: a notebook as Databricks writes it, with the cell beside, and what of the notebook is in the table then. */
  readonly notebook?: {
    readonly notebookId?: string;
    readonly notebookPath?: string;
    readonly cell?: string;
    readonly applies?: readonly string[];
  };
}

export interface Protocol {
  readonly minReaderVersion: number;
  readonly minWriterVersion: number;
  readonly readerFeatures?: readonly string[];
  readonly writerFeatures?: readonly string[];
}

export interface Metadata {
  readonly id: string;
  readonly name?: string;
  readonly description?: string;
  readonly format: {readonly provider: string; readonly options: Readonly<Record<string, string>>};
  /** The schema as Spark writes it in JSON. */
  readonly schemaString: string;
  readonly partitionColumns: readonly string[];
  readonly configuration: Readonly<Record<string, string>>;
  readonly createdTime?: number;
}

export interface DeletionVector {
  readonly storageType: 'u' | 'i' | 'p';
  readonly pathOrInlineDv: string;
  readonly offset?: number;
  readonly sizeInBytes: number;
  readonly cardinality: number;
}

export interface Add {
  /** As the log has it: URI-encoded, relative to the table or absolute. */
  readonly path: string;
  /** By physical column name; a null or empty string stands for NULL. */
  readonly partitionValues: Readonly<Record<string, string | null>>;
  readonly size: number;
  readonly modificationTime: number;
  readonly dataChange: boolean;
  readonly stats?: string;
  readonly tags?: Readonly<Record<string, string>> | null;
  readonly deletionVector?: DeletionVector;
  readonly baseRowId?: number;
  readonly defaultRowCommitVersion?: number;
}

export interface Remove {
  readonly path: string;
  readonly deletionTimestamp?: number;
  readonly dataChange: boolean;
  readonly extendedFileMetadata?: boolean;
  readonly partitionValues?: Readonly<Record<string, string | null>>;
  readonly size?: number;
  readonly deletionVector?: DeletionVector;
}

export interface Txn {
  readonly appId: string;
  readonly version: number;
  readonly lastUpdated?: number;
}

export interface DomainMetadata {
  readonly domain: string;
  readonly configuration: string;
  readonly removed: boolean;
}

/** One line of a commit: exactly one of these is there. What this reader doesn't know (`cdc`, `sidecar` …) is kept in `other`. */
export interface Action {
  readonly commitInfo?: CommitInfo;
  readonly protocol?: Protocol;
  readonly metaData?: Metadata;
  readonly add?: Add;
  readonly remove?: Remove;
  readonly txn?: Txn;
  readonly domainMetadata?: DomainMetadata;
  readonly other?: Readonly<Record<string, unknown>>;
}
