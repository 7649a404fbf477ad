import type {Params} from '../params/index.ts';
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

/** A form over some parameters; one that is inside a field is given by the form around it. */
export interface FormProps {
  params: Params;
  /** The values as the notebook has them; what is missing has its default. */
  values: Readonly<Record<string, unknown>>;
  offers: Offers;
  problems?: readonly FieldProblem[];
  /** Where these parameters stand in the cell's body: '' at the top. */
  path?: string;
  /** What holds for a parameter left out, where that is known better than by its default. */
  found?: Readonly<Record<string, string>>;
  /** A row of short fields instead of a grid. */
  compact?: boolean;
  /** Whether all of it may be left out, and is: then no field is needed. */
  absent?: boolean;
  /** Called with the changed parameters; undefined takes one out. */
  onchange: (changes: Readonly<Record<string, unknown>>) => void;
}

/** The problems at a path or below it. */
export const problemsAt = (problems: readonly FieldProblem[], path: string): FieldProblem[] =>
  problems.filter(({param}) => param === path || param.startsWith(`${path}.`) || param.startsWith(`${path}[`));
