import {tokens} from '../sql/lexer.ts';
import type {LakeRead, LakeWrite} from '../tables/define.ts';

/**
 * One thing that a cell reads or writes outside of itself, as its text names it. `param` is the parameter that holds the name, where one does.
 * Plans, renames, trust, “used by”, staleness, reports and hints read these, and nothing else.
 */
export type Touch =
  /** A file of the workspace, or a glob of files. */
  | {readonly kind: 'file'; readonly name: string; readonly param: string}
  /** The rows of a cell above, or those that it rejected: `name` is NAME_rejects then. */
  | {readonly kind: 'cell'; readonly name: string; readonly param?: string}
  /** A version of a table of the lake, which SQL finds `as` a view. */
  | {
      readonly kind: 'lake-read';
      readonly name: string;
      readonly read: LakeRead;
      readonly as: string;
      readonly param?: string;
    }
  /** `rows` are the values that decide which rows and columns come to the table. */
  | {
      readonly kind: 'lake-write';
      readonly name: string;
      readonly mode: LakeWrite['mode'];
      /** What a merge matches rows by. */
      readonly keys: readonly string[];
      readonly rows: Readonly<Record<string, unknown>>;
      readonly param: string;
    }
  /** All of the PostgreSQL database: which of its tables a statement reads can't be told for certain from its text. */
  | {readonly kind: 'postgres-read'; readonly statement: string}
  | {readonly kind: 'postgres-write'; readonly name: string; readonly param: string}
  /** The time of the run: then the same data may give other rows, and every run computes them anew. */
  | {readonly kind: 'clock'}
  /** An address outside of the page. */
  | {readonly kind: 'network'; readonly name: string; readonly param: string};

export type TouchOf<K extends Touch['kind']> = Extract<Touch, {readonly kind: K}>;

/** Those of one kind, in their order. */
export const touching = <K extends Touch['kind']>(touches: readonly Touch[], kind: K): TouchOf<K>[] =>
  touches.filter((touch): touch is TouchOf<K> => touch.kind === kind);

/** Whether a table of the lake, by its name without case, is read or written. */
export const isLakeTable = (touch: Touch, name: string): touch is TouchOf<'lake-read' | 'lake-write'> =>
  (touch.kind === 'lake-read' || touch.kind === 'lake-write') && touch.name.toLowerCase() === name.toLowerCase();

/** Whether a cell reads or writes PostgreSQL. */
export const isPostgres = ({kind}: Touch): boolean => kind === 'postgres-read' || kind === 'postgres-write';

/** Whether a statement of PostgreSQL's names the table; one that can't be taken apart may name any. */
export function mentionsTable(statement: string, table: string): boolean {
  const lexed = tokens(statement);
  if (!lexed.ok) return true;
  // PostgreSQL folds a bare name to lower case. In a text there may be a query, as for query_to_xml.
  return lexed.value.some((token) =>
    token.type === 'identifier'
      ? (token.quoted ? token.text : token.text.toLowerCase()) === table
      : token.type === 'string' && token.text.includes(table),
  );
}
