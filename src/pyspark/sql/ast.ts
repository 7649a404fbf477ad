/** Where a node stands in the source: offsets of its first character and after its last. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Arg {
  /** Of `name := value`. */
  readonly name?: string;
  readonly value: Expr;
}

export interface OrderItem extends Span {
  /** Undefined for ALL. */
  readonly value: Expr | undefined;
  readonly descending: boolean;
  readonly nulls: 'first' | 'last' | undefined;
}

export interface Frame extends Span {
  readonly unit: string;
  readonly bounds: readonly Expr[];
  readonly exclude: boolean;
}

export interface Over extends Span {
  /** `OVER w`, or the base of `OVER (w …)`. */
  readonly name: string | undefined;
  readonly bare: boolean;
  readonly partition: readonly Expr[];
  readonly order: readonly OrderItem[];
  readonly frame: Frame | undefined;
}

export interface Call extends Span {
  readonly kind: 'call';
  /** In lower case, without a schema. */
  readonly name: string;
  readonly nameTo: number;
  readonly args: readonly Arg[];
  readonly star: boolean;
  readonly distinct: boolean;
  readonly order: readonly OrderItem[];
  readonly nulls: 'ignore' | 'respect' | undefined;
  readonly within: readonly OrderItem[] | undefined;
  readonly filter: Expr | undefined;
  readonly over: Over | undefined;
  /** Of the call alone: before WITHIN GROUP, FILTER and OVER. */
  readonly callTo: number;
}

export interface Star extends Span {
  readonly kind: 'star';
  readonly table: readonly string[];
  readonly exclude: readonly string[];
  readonly replace: readonly {readonly value: Expr; readonly name: string}[];
  readonly rename: readonly {readonly from: string; readonly to: string}[];
}

export interface Column extends Span {
  readonly kind: 'column';
  readonly parts: readonly string[];
}

/** A DuckDB expression. */
export type Expr =
  | Column
  | Star
  | Call
  | ({readonly kind: 'number'; readonly text: string} & Span)
  | ({readonly kind: 'text'; readonly value: string} & Span)
  | ({readonly kind: 'constant'; readonly value: 'null' | 'true' | 'false'} & Span)
  | ({readonly kind: 'paren'; readonly inner: Expr} & Span)
  | ({readonly kind: 'row'; readonly items: readonly Expr[]} & Span)
  | ({readonly kind: 'unary'; readonly op: string; readonly value: Expr} & Span)
  | ({readonly kind: 'binary'; readonly op: string; readonly left: Expr; readonly right: Expr} & Span)
  | ({
      readonly kind: 'is';
      readonly value: Expr;
      readonly not: boolean;
      readonly what: string;
      readonly other: Expr | undefined;
    } & Span)
  | ({
      readonly kind: 'between';
      readonly value: Expr;
      readonly low: Expr;
      readonly high: Expr;
      readonly not: boolean;
    } & Span)
  | ({
      readonly kind: 'in';
      readonly value: Expr;
      readonly items: readonly Expr[] | Query | Expr;
      readonly not: boolean;
    } & Span)
  | ({
      readonly kind: 'like';
      readonly op: string;
      readonly value: Expr;
      readonly pattern: Expr;
      readonly escape: Expr | undefined;
      readonly not: boolean;
    } & Span)
  | ({readonly kind: 'cast'; readonly value: Expr; readonly type: string; readonly isTry: boolean} & Span)
  | ({
      readonly kind: 'case';
      readonly operand: Expr | undefined;
      readonly whens: readonly {readonly when: Expr; readonly then: Expr}[];
      readonly otherwise: Expr | undefined;
    } & Span)
  | ({readonly kind: 'interval'; readonly value: Expr; readonly unit: string | undefined} & Span)
  | ({readonly kind: 'list'; readonly items: readonly Expr[]} & Span)
  | ({readonly kind: 'struct'; readonly fields: readonly {readonly name: string; readonly value: Expr}[]} & Span)
  | ({readonly kind: 'index'; readonly value: Expr; readonly index: Expr} & Span)
  | ({
      readonly kind: 'slice';
      readonly value: Expr;
      readonly low: Expr | undefined;
      readonly high: Expr | undefined;
    } & Span)
  | ({readonly kind: 'field'; readonly value: Expr; readonly name: string} & Span)
  | ({readonly kind: 'lambda'; readonly names: readonly string[]; readonly body: Expr} & Span)
  | ({readonly kind: 'subquery'; readonly query: Query; readonly exists: boolean} & Span);

export interface SelectItem extends Span {
  readonly value: Expr;
  readonly alias: string | undefined;
}

export interface TableAlias extends Span {
  readonly name: string;
  readonly columns: readonly string[];
}

export type Version = {readonly version: Expr} | {readonly timestamp: Expr};

export type Table =
  | ({
      readonly kind: 'table';
      readonly parts: readonly string[];
      readonly nameTo: number;
      readonly at: Version | undefined;
      readonly alias: TableAlias | undefined;
    } & Span)
  | ({
      readonly kind: 'derived';
      readonly query: Query;
      readonly lateral: boolean;
      readonly alias: TableAlias | undefined;
    } & Span)
  | ({readonly kind: 'function'; readonly call: Call; readonly alias: TableAlias | undefined} & Span)
  | ({readonly kind: 'joined'; readonly inner: Table; readonly alias: TableAlias | undefined} & Span)
  | ({
      readonly kind: 'join';
      readonly left: Table;
      readonly right: Table;
      /** In upper case: INNER, LEFT, …; a comma is CROSS. */
      readonly type: string;
      readonly comma: boolean;
      readonly natural: boolean;
      readonly on: Expr | undefined;
      readonly using: readonly string[] | undefined;
    } & Span)
  | ({
      readonly kind: 'unpivot';
      readonly source: Table;
      readonly value: string;
      readonly name: string;
      readonly columns: readonly Expr[];
      readonly nulls: boolean;
      readonly alias: TableAlias | undefined;
    } & Span);

export interface Select extends Span {
  readonly kind: 'select';
  /** Its FROM stands first, or alone. */
  readonly fromFirst: boolean;
  readonly distinct: boolean;
  readonly distinctOn: readonly Expr[] | undefined;
  /** The items of SELECT; undefined where a FROM stands alone. */
  readonly items: readonly SelectItem[] | undefined;
  readonly list: Span;
  readonly table: Table | undefined;
  readonly where: Expr | undefined;
  readonly group: {readonly items: readonly Expr[]; readonly all: boolean; readonly span: Span} | undefined;
  readonly having: Expr | undefined;
  readonly windows: readonly {readonly name: string; readonly over: Over}[];
  readonly qualify: ({readonly value: Expr} & Span) | undefined;
}

export type Body =
  | Select
  | ({readonly kind: 'values'; readonly rows: readonly (readonly Expr[])[]} & Span)
  | ({
      readonly kind: 'set';
      readonly op: string;
      readonly all: boolean;
      readonly byName: boolean;
      readonly left: Body;
      readonly right: Body;
      readonly opSpan: Span;
    } & Span)
  | ({readonly kind: 'nested'; readonly query: Query} & Span);

export interface Cte extends Span {
  readonly name: string;
  readonly columns: readonly string[];
  /** Between name and the query’s parenthesis. */
  readonly head: Span;
  readonly query: Query;
}

export interface Query extends Span {
  readonly kind: 'query';
  readonly recursive: boolean;
  readonly ctes: readonly Cte[];
  readonly body: Body;
  readonly order: readonly OrderItem[];
  readonly limit: Expr | undefined;
  readonly limitPercent: boolean;
  readonly offset: Expr | undefined;
  /** After it nothing but white space and a `;`. */
}

/** Raised where SQL can't be read; `found` is the text there. */
export class SqlUnreadable extends Error {
  constructor(
    readonly what: string,
    readonly found: string,
  ) {
    super(`${what} near “${found}”`);
  }
}
