import {plainSpaces, tokens, type Token} from './lexer.ts';

declare const brand: unique symbol;

/** SQL text that was put together from safe pieces only. */
export type Sql = string & {readonly [brand]: 'Sql'};

// The only two casts to Sql outside `id`, `lit` and `expression`: every piece is already Sql.
const trusted = (text: string): Sql => text as Sql;

/** Joins constant text with pieces that are themselves Sql: `` sql`SELECT ${id(column)} FROM ${id(table)}` ``. */
export const sql = (strings: TemplateStringsArray, ...parts: readonly Sql[]): Sql =>
  trusted(strings.reduce((text, piece, i) => text + (parts[i - 1] ?? '') + piece));

/** Pieces with a separator between them. */
export const join = (parts: readonly Sql[], separator = ', '): Sql => trusted(parts.join(separator));

/** A quoted identifier; plain lower-case words that are no keyword stay bare, so that generated SQL reads well. */
export function id(name: string): Sql {
  return trusted(/^[a-z_][a-z0-9_]*$/.test(name) && !reserved.has(name) ? name : `"${name.replaceAll('"', '""')}"`);
}

/** An identifier that is always quoted, for SQL that another engine reads too: its reserved words are others. */
export const quotedId = (name: string): Sql => trusted(`"${name.replaceAll('"', '""')}"`);

/** A statement of a psql cell, as the user wrote it. It is sent to PostgreSQL by itself and in a read-only transaction, never put into another. */
export const psqlStatement = (text: string): Sql => trusted(text);

/**
 * A finite number as SQL that is this very number to DuckDB. Digits with a point are a DECIMAL to it, and the way from there to DOUBLE rounds
 * twice from the sixteenth digit on: one number in ten between 0 and 1 would be another. Texts and exponents are read exactly.
 */
function exactly(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e21) return String(BigInt(value));
  const text = String(value);
  return text.includes('e') || text.replace(/^-?0?\.?0*/, '').replace('.', '').length <= 15
    ? text
    : `'${text}'::DOUBLE`;
}

/** A literal: text is quoted, numbers keep every digit, NaN and infinities are cast, null is NULL. */
export function lit(value: string | number | bigint | boolean | null): Sql {
  if (value === null) return trusted('NULL');
  if (typeof value === 'string') {
    const quoted = value.split('\0').map((part) => `'${part.replaceAll("'", "''")}'`);
    // A NUL would end the whole statement.
    return trusted(quoted.length === 1 ? quoted.join('') : `(${quoted.join(' || chr(0) || ')})`);
  }
  if (typeof value === 'number') return trusted(Number.isFinite(value) ? exactly(value) : `'${value}'::DOUBLE`);
  return trusted(String(value));
}

/** A number as a DOUBLE literal (`0.5` alone would be a DECIMAL in DuckDB). */
export const double = (value: number): Sql => {
  const text = lit(value);
  return text.endsWith('::DOUBLE') ? text : trusted(`${text}::DOUBLE`);
};

/** The tokens of a text that was checked before. */
function tokensOf(written: string): readonly Token[] {
  const lexed = tokens(written);
  return lexed.ok ? lexed.value : [];
}

/** An expression the user wrote in a notebook, in parentheses. `checkExpression` has said that it is one whole expression. */
export const expression = (written: string): Sql => {
  const text = plainSpaces(written, tokensOf(written)).trim();
  return trusted(`(${text.includes('--') ? `${text}\n` : text})`);
};

/** A query the user wrote in a SQL cell, so that it can stand in parentheses. `checkQuery` has said that it is one query. */
export function query(written: string): Sql {
  const found = tokensOf(written);
  const text = plainSpaces(written, found);
  const last = found.at(-1);
  const body = last?.type === 'symbol' && last.text === ';' ? text.slice(0, last.start).trim() : text.trim();
  const first = found.find((token) => token.text !== '(');
  // These are statements, and a table can only be made of them as FROM (…); a remark at the end would hide the parenthesis.
  return trusted(
    first?.type === 'identifier' && ['summarize', 'describe', 'show'].includes(first.text.toLowerCase())
      ? `FROM (${body}\n)`
      : body,
  );
}

/** Names of types come from a fixed grammar: letters, digits, spaces, brackets, commas, and field names that are whole between their quotes. */
export const typeName = (type: string): Sql => {
  if (!/^(?:[\w \t\r\n(),[\]]|"(?:[^"]|"")*")+$/.test(type)) throw new Error(`Not a type: ${type}`);
  return trusted(type);
};

// DuckDB's reserved and function-position keywords that would be misread when bare.
const reserved = new Set(
  `all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create default deferrable desc
  describe distinct do else end except false fetch for foreign from grant group having in initially intersect into lambda lateral
  leading limit not null offset on only or order pivot pivot_longer pivot_wider placing primary qualify references returning select
  show some summarize symmetric table then to trailing true union unique unpivot using variadic when where window with anti asof
  at authorization binary collation concurrently cross freeze full generated glob ilike inner is isnull join left like map natural
  notnull outer overlaps positional right semi similar struct tablesample try_cast verbose between bigint bit boolean char character
  coalesce columns dec decimal exists extract float grouping grouping_id inout int integer interval nchar none nullif numeric
  out overlay position precision real row setof smallint substring time timestamp treat trim values varchar xmlattributes
  timestamp_ns date by unpack`.split(/\s+/),
);
