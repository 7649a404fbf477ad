import type {Column} from '../sql/types.ts';

/** What a form may offer: columns of the table the cell reads, tables above it, files of the workspace, tables of the lake. */
export interface Offers {
  readonly columns: readonly Column[];
  readonly cells: readonly string[];
  readonly files: readonly string[];
  readonly tables: readonly string[];
}

/** What is wrong with a parameter; `param` is its path, such as `columns.timestamp.to`. */
export interface FieldProblem {
  readonly param: string;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** The problems at a path or below it. */
export const problemsAt = (problems: readonly FieldProblem[], path: string): FieldProblem[] =>
  problems.filter(({param}) => param === path || param.startsWith(`${path}.`) || param.startsWith(`${path}[`));
