/** What JSON text holds, with numbers exact: integers that a float64 may not hold are bigints. */
export type Json = null | boolean | number | bigint | string | readonly Json[] | {readonly [key: string]: Json};

/** An integer that may lie beyond 2^53, anywhere in the text. */
const longInteger = /(?<![\d.])(?:[1-9]\d{16}|9\d{15})/;
/** The same as a value. */
const longIntegerValue = /([:,[\s]|^)(-?[1-9]\d{15,})(?=[\s,\]}]|$)/g;
/** A float that is a whole number: `21.0`, `1e3`. JavaScript no longer tells it from an integer. */
const wholeFloat = /\d(?:\.0+|[eE][+-]?\d+)(?=[\s,\]}]|$)/;
/** Finds strings, which stay as they are, and numbers, some of which JSON.parse would change. */
const tokens = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|-?Infinity|NaN/g;
const integerToken = /^-?[1-9]\d{15,}$/;
const notFinite = /^-?(?:NaN|Infinity)$/;

/** Numbers pass through JSON.parse as strings that start so; strings of the text that start with the same control character get `own` in front. */
const number = '\\u0001n';
const own = '\\u0001s';
const startsMarked = /^"\\u0001/;

/**
 * Parses one value. Duplicate keys: the last wins. `NaN` and `Infinity`, which Python writes, are numbers, as in Spark. Throws a
 * SyntaxError.
 */
export function parseJson(text: string): Json {
  if (longInteger.test(text)) return parseLong(text);
  try {
    // The cast: JSON.parse gives nothing else.
    return JSON.parse(text) as Json;
  } catch (thrown) {
    if (/NaN|Infinity/.test(text)) return parseTokens(text, false);
    throw thrown;
  }
}

/** As `parseJson`, but whole floats come back as fractions, so that a column of `21.0` is seen to be DOUBLE. */
export const parseForTypes = (text: string): Json =>
  wholeFloat.test(text) ? parseTokens(text, true) : parseJson(text);

/** The quick way for long integers: were one inside a string, the backslash of its mark would end up outside of it, which is no JSON. */
function parseLong(text: string): Json {
  if (!text.includes('\\u0001')) {
    try {
      // The cast: JSON.parse gives nothing else.
      return unmarked(JSON.parse(text.replace(longIntegerValue, `$1"${number}$2"`)) as Json);
    } catch {
      // The careful way finds out whether the text itself is wrong.
    }
  }
  return parseTokens(text, false);
}

function parseTokens(text: string, forTypes: boolean): Json {
  const marked = text.replace(tokens, (token) => {
    if (token.startsWith('"')) return startsMarked.test(token) ? `"${own}${token.slice(1)}` : token;
    if (integerToken.test(token) || notFinite.test(token)) return `"${number}${token}"`;
    return forTypes && /[.eE]/.test(token) ? '0.5' : token;
  });
  // The cast: JSON.parse gives nothing else.
  return unmarked(JSON.parse(marked) as Json);
}

/** Puts the numbers back, in place. */
function unmarked(value: Json): Json {
  if (typeof value === 'string') return value.startsWith('\u0001') ? unmark(value) : value;
  if (value === null || typeof value !== 'object') return value;
  // The cast: the value was parsed for this alone, so it may be changed.
  const inner = value as Record<string, Json>;
  for (const key in inner) {
    const old = inner[key];
    if (typeof old === 'object' || typeof old === 'string') inner[key] = unmarked(old);
  }
  return value;
}

function unmark(text: string): Json {
  const rest = text.slice(2);
  if (text[1] === 's') return rest;
  return notFinite.test(rest) ? Number(rest) : BigInt(rest);
}

/** JSON text of a value, bigints as digits. */
export function jsonText(value: Json): string {
  if (typeof value === 'bigint') return value.toString();
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  // The cast: TypeScript doesn't narrow readonly arrays by isArray.
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(jsonText).join(',')}]`;
  return `{${Object.entries(value)
    .map(([key, inner]) => `${JSON.stringify(key)}:${jsonText(inner)}`)
    .join(',')}}`;
}
