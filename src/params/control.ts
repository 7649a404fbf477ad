/** How a parameter is edited. One renderer in `src/forms` draws each kind; nothing else switches on it. */
export type Control =
  | {readonly kind: 'text'; readonly placeholder?: string}
  | {readonly kind: 'number'; readonly min?: number; readonly max?: number; readonly integer?: boolean}
  | {readonly kind: 'flag'}
  | {readonly kind: 'choice'; readonly options: readonly string[]}
  | {readonly kind: 'choices'; readonly options: readonly string[]}
  /** One column of the input; `types` limits the offer to a family of types. */
  | {readonly kind: 'column'; readonly types?: ColumnFamily}
  | {readonly kind: 'columns'; readonly types?: ColumnFamily}
  /** A span of time such as `15m`, `1h`, `7d`. */
  | {readonly kind: 'duration'}
  /** A SQL expression over the input's columns. */
  | {readonly kind: 'expression'}
  /** The name of a table cell above. */
  | {readonly kind: 'cell'}
  | {readonly kind: 'cells'}
  /** Names of files in the workspace. */
  | {readonly kind: 'files'}
  /** The name of a table of the lake, there already or yet to be made. */
  | {readonly kind: 'table'}
  /** A plain list of short texts. */
  | {readonly kind: 'texts'}
  /** Name → fields, e.g. column → {to, format}. `keys` says what the names are; `short` names the field a bare scalar stands for. */
  | {
      readonly kind: 'map';
      readonly keys: 'column' | 'name';
      readonly fields: Readonly<Record<string, Param<unknown>>>;
      readonly short?: string;
    }
  /** A list of objects with these fields. */
  | {readonly kind: 'items'; readonly fields: Readonly<Record<string, Param<unknown>>>}
  /** One object with these fields, all optional. */
  | {readonly kind: 'group'; readonly fields: Readonly<Record<string, Param<unknown>>>};

export type ColumnFamily = 'number' | 'time' | 'text';

/** What a step's parameter is: data that drives the form, the defaults, the validation, the docs and the inferred types. */
export interface Param<T> {
  readonly control: Control;
  readonly label: string;
  readonly help?: string;
  /** Used when the notebook says nothing; `required` then is false. */
  readonly default: T;
  readonly required: boolean;
  /** The form hides it unless that other parameter has one of these values. */
  readonly when?: {readonly param: string; readonly is: readonly unknown[]};
  /** Came after notebooks were written with the step: its default is left out of results' hashes, so that theirs stay as they are. */
  readonly later?: boolean;
  /** Reads the value found in a notebook, YAML already parsed. Messages name the parameter by `path`. */
  readonly read: (found: unknown, path: string) => Read<T>;
}

export type Read<T> =
  {readonly ok: true; readonly value: T} | {readonly ok: false; readonly problems: readonly ParamProblem[]};

/** `path` is the way into the body, e.g. `columns.timestamp.to`. */
export interface ParamProblem {
  readonly path: string;
  readonly message: string;
  readonly hint?: string;
}

export type Params = Readonly<Record<string, Param<unknown>>>;
/** The values a step's functions receive, inferred from its parameters. */
export type Values<P extends Params> = {readonly [K in keyof P]: P[K] extends Param<infer T> ? T : never};
