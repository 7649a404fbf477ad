import type {Expr} from './ast.ts';

/** How tightly Spark binds what a text is made of. */
export const level = {
  or: 1,
  and: 2,
  not: 3,
  predicate: 4,
  comparison: 5,
  add: 9,
  multiply: 10,
  unary: 11,
  primary: 12,
} as const;

/** A translated expression. */
export interface Out {
  readonly text: string;
  readonly level: number;
  /** As DuckDB’s DESCRIBE prints it; undefined where it isn’t known. */
  readonly type: string | undefined;
  /** What it may be where it is cast to an integer anyway. */
  readonly whole?: string;
}

export const out = (text: string, type?: string, at: number = level.primary): Out => ({text, type, level: at});

/** The text in parentheses where it binds less tightly than its place asks for. */
export const inside = (value: Out, least: number): string => (value.level < least ? `(${value.text})` : value.text);

const plain = /^[A-Za-z_][A-Za-z0-9_]*$/;
// Spark's reserved words where a name would be misread even though keywords aren't enforced.
const quotedWords = new Set(
  'anti cross except exists from full inner intersect join lateral left minus natural on right select semi setminus union using where'.split(
    ' ',
  ),
);

/** A name as Spark SQL has it, in backticks where it has to be. */
export const sparkName = (name: string): string =>
  plain.test(name) && !quotedWords.has(name.toLowerCase()) ? name : `\`${name.replaceAll('`', '``')}\``;

/** A text literal of Spark SQL; one with backslashes is raw where it can be. */
export function sparkText(value: string): string {
  if (value.includes('\\') && !/['\n\r]/.test(value)) return `r'${value}'`;
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** The text of a literal, and undefined for anything else. */
export function literalText(value: Expr | undefined): string | undefined {
  if (value?.kind === 'paren') return literalText(value.inner);
  return value?.kind === 'text' ? value.value : undefined;
}

/** The number of a literal, and undefined for anything else. */
export function literalNumber(value: Expr | undefined): number | undefined {
  if (value?.kind === 'paren') return literalNumber(value.inner);
  if (value?.kind === 'unary' && value.op === '-') {
    const inner = literalNumber(value.value);
    return inner === undefined ? undefined : -inner;
  }
  return value?.kind === 'number' ? Number(value.text) : undefined;
}
