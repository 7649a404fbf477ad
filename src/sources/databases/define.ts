import type {Ports, Progress} from '../../ports/index.ts';
import type {Column} from '../../sql/types.ts';

/** A table or view of a database file. */
export interface SourceTable {
  /** As the `table` of a load names it, which no other table is: with its schema where that isn't the database's own first one. */
  readonly name: string;
  /** Its schema, where it has one, and its own name. */
  readonly path: readonly string[];
  readonly kind: 'table' | 'view';
  /** With DuckDB's types, as its rows will have them; an empty one is found out from the values. */
  readonly columns: readonly Column[];
  /** Undefined where to count them would mean to read them. */
  readonly rows: number | undefined;
}

/** Where a table's rows go. */
export interface Into {
  /** The engine's tables for the rows and for what doesn't fit the columns' types. */
  readonly table: string;
  readonly rejects: string;
  /** Types of the user's, which go before the declared ones where values decide. */
  readonly types: Readonly<Record<string, string>>;
  readonly onProgress: (progress: Progress) => void;
  readonly signal: AbortSignal | undefined;
  /** Reads only about so many rows: for previews. */
  readonly limit?: number;
}

/** A database file that is open. */
export interface OpenDatabase {
  readonly tables: readonly SourceTable[];
  /** Makes `into.table` of a table's rows; says whether rows of it went to `into.rejects` (file, line, column_name, raw, reason). */
  read(table: SourceTable, into: Into): Promise<boolean>;
  close(): Promise<void>;
}

/** Opens a file of the workspace to read, by handle. */
export type OpensDatabase = (
  ports: Ports,
  file: string,
  call: Pick<Into, 'onProgress' | 'signal'>,
) => Promise<OpenDatabase>;
