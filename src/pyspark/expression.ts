import {fromSparkType} from '../sql/types.ts';
import {tokens, type Token} from '../sql/lexer.ts';
import {lit} from '../sql/sql.ts';

/** A DuckDB expression as Spark SQL, and what a person should look at before trusting it. */
export interface SparkExpression {
  readonly text: string;
  readonly notes: readonly string[];
}

// Functions and words that mean the same in both.
const same = new Set(
  `abs acos asin atan atan2 ascii avg bool_and bool_or btrim cast ceil ceiling char_length character_length chr coalesce contains corr cos cot count
  covar_pop covar_samp cume_dist date_trunc day dayofmonth dayofyear decode degrees dense_rank encode exp exists first_value
  floor greatest hex hour if ifnull in instr isnan lag last_day last_value lcase lead least left length ln log2 log10
  lower lpad ltrim make_date max md5 median min minute mod month not ntile nullif nvl percent_rank pi pow power printf quarter
  radians rank repeat replace reverse right round row_number rpad rtrim second sign sin sqrt stddev
  stddev_pop stddev_samp substr substring sum tan translate trim try_cast ucase unhex upper var_pop var_samp variance
  weekofyear year and or between then else when values over partition by order interval filter within group is like ilike
  decimal numeric varchar char timestamp date rows range preceding following as on case`.split(/\s+/),
);

// The same thing under another name.
const renamed = named({
  regexp_matches: 'regexp_like',
  starts_with: 'startswith',
  ends_with: 'endswith',
  prefix: 'startswith',
  suffix: 'endswith',
  len: 'length',
  strlen: 'octet_length',
  list_contains: 'array_contains',
  arg_min: 'min_by',
  arg_max: 'max_by',
  any_value: 'any_value',
  list: 'collect_list',
});

// Of several names the first is the usual one; DuckDB has length() itself.
const renamedBack = new Map(
  [...renamed]
    .filter(([duck]) => duck !== 'len')
    .map(([duck, spark]) => [spark, duck] as const)
    .reverse(),
);

/** Functions that both have, and that don't give the same, with what does. */
const differing = named({
  log: 'log(x) is to base 10 in DuckDB and to base e in Spark; log10(x) and ln(x) are the same in both',
  concat: 'concat() skips NULL in DuckDB and gives NULL in Spark; a || b gives NULL in both',
  dayofweek: 'dayofweek() counts Sunday as 0 in DuckDB and as 1 in Spark; date_trunc(‘week’, x) is a Monday in both',
  to_timestamp:
    'to_timestamp() takes epoch seconds in DuckDB and a text in Spark; CAST(x AS TIMESTAMP) takes a text in both',
  regexp_replace:
    'regexp_replace() replaces the first match in DuckDB, or all with ‘g’, and all in Spark; replace() replaces all of a text in both',
  hash: 'hash() gives other numbers in DuckDB than in Spark; md5() is the same in both',
});

const differingSymbols = named({
  '^': 'power(a, b) is the same in both',
  '~': 'regexp_matches(text, pattern) is a match',
  '[': 'list_contains(list, value) is the same in both',
  '{': 'a field of a struct is written s.field in both',
  '@': 'abs(x) is the same in both',
});

// DuckDB's other names of types that Spark has.
const types = named({
  bool: 'BOOLEAN',
  int1: 'TINYINT',
  int2: 'SMALLINT',
  short: 'SMALLINT',
  int4: 'INT',
  integer: 'INT',
  int8: 'BIGINT',
  long: 'BIGINT',
  hugeint: 'DECIMAL(38,0)',
  float4: 'FLOAT',
  real: 'FLOAT',
  float8: 'DOUBLE',
  // What DuckDB takes it for; Spark would take it for DECIMAL(10,0).
  decimal: 'DECIMAL(18,3)',
  numeric: 'DECIMAL(18,3)',
  dec: 'DECIMAL(18,3)',
  varchar: 'STRING',
  text: 'STRING',
  char: 'STRING',
  datetime: 'TIMESTAMP',
  timestamptz: 'TIMESTAMP',
  blob: 'BINARY',
  bytea: 'BINARY',
});

function named(entries: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(entries));
}

/** A condition of a Delta table, which is kept in Spark's words and read back by `duckdbExpression`: only what both spell alike. */
export function sparkCondition(sql: string): SparkExpression {
  const lexed = tokens(sql);
  if (!lexed.ok) return {text: sql, notes: ['this expression could not be read']};
  const list = lexed.value;
  const notes = new Set<string>();
  const out: string[] = [];
  for (let i = 0; i < list.length; i++) {
    const token = list[i];
    if (token === undefined) break;
    const before = list[i - 1];
    const next = list[i + 1];
    const gap = before === undefined ? '' : spaceBetween(sql.slice(before.end, token.start));
    if (token.text === ':' && next?.text === ':' && next.start === token.end) {
      const type = castType(list, i + 2, notes);
      const start = operandStart(out);
      const operand = out.splice(start).join('');
      const lead = /^\s*/.exec(operand)?.[0] ?? '';
      out.push(`${lead}CAST(${operand.trim()} AS ${type.text})`);
      i = type.end - 1;
      continue;
    }
    out.push(gap + spell(token, before, next, notes));
  }
  return {text: out.join(''), notes: [...notes]};
}

const spaceBetween = (gap: string): string => (gap === '' ? '' : ' ');

function spell(token: Token, before: Token | undefined, next: Token | undefined, notes: Set<string>): string {
  if (token.type === 'string') return `'${token.text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  if (token.type === 'identifier' && token.quoted) return `\`${token.text.replaceAll('`', '``')}\``;
  if (token.type === 'symbol' && token.text === '/' && next?.text === '/' && next.start === token.end) return ' div ';
  if (token.type === 'symbol' && token.text === '/' && before?.text === '/' && before.end === token.start) return '';
  if (token.type === 'symbol') noteSymbol(token, next, notes);
  if (token.type !== 'identifier') return token.text;
  const word = token.text.toLowerCase();
  if (before?.text.toLowerCase() === 'as')
    return next?.text === '(' ? sizedType(token.text, notes) : plainType(token.text, notes);
  const type = `${before?.text ?? ''} ${word}`.toLowerCase();
  if (type === 'time zone' || type === 'double precision')
    notes.add(`Spark has no type that ends in ${type.toUpperCase()}`);
  if (next?.text !== '(' || next.quoted) return token.text;
  const [difference, other] = [differing.get(word), renamed.get(word)];
  if (difference !== undefined) notes.add(difference);
  else if (other !== undefined) return other;
  else if (!same.has(word)) notes.add(`Spark may have no function ${word}()`);
  return token.text;
}

function noteSymbol({text, end}: Token, next: Token | undefined, notes: Set<string>): void {
  const instead = differingSymbols.get(text);
  if (instead !== undefined) notes.add(`“${text}” means something else in Spark; ${instead}`);
  if (text === '*' && next?.text === '*' && next.start === end)
    notes.add('Spark has no “**”; power(a, b) is the same in both');
}

/**
 * A Spark SQL expression as one of DuckDB: what `sparkCondition` rewrites is turned back; `notes` tell what means something
 * else in DuckDB. In Spark names are quoted with `` ` ``, and texts with either quote.
 */
export function duckdbExpression(spark: string): SparkExpression {
  const quoted = spark.replace(
    /`((?:[^`]|``)*)`|"((?:[^"\\]|\\[^])*)"|'((?:[^'\\]|\\[^]|'')*)'/g,
    (_whole, name?: string, double?: string, single?: string) => {
      if (name !== undefined) return `"${name.replaceAll('``', '`').replaceAll('"', '""')}"`;
      return lit(unescaped(double ?? (single ?? '').replaceAll("''", "'")));
    },
  );
  const lexed = tokens(quoted);
  if (!lexed.ok) return {text: quoted, notes: ['this expression could not be read']};
  const notes = new Set<string>();
  let [text, done] = ['', 0];
  lexed.value.forEach((token, i) => {
    const [before, next] = [lexed.value[i - 1], lexed.value[i + 1]];
    text +=
      quoted.slice(done, token.start) +
      (duckdbWord(token, before, next, notes) ?? quoted.slice(token.start, token.end));
    done = token.end;
  });
  return {text: text + quoted.slice(done), notes: [...notes]};
}

/** What a word of Spark is in DuckDB, where that is another. */
function duckdbWord(
  token: Token,
  before: Token | undefined,
  next: Token | undefined,
  notes: Set<string>,
): string | undefined {
  const word = token.text.toLowerCase();
  if (token.type === 'symbol' && differingSymbols.has(token.text))
    notes.add(`“${token.text}” means something else in DuckDB`);
  if (token.type !== 'identifier' || token.quoted) return undefined;
  if (word === 'div' && before !== undefined && next !== undefined && isOperandEnd(before) && isOperandStart(next))
    return '//';
  if (next?.text !== '(' || next.quoted) return undefined;
  const difference = differing.get(word);
  if (difference !== undefined) notes.add(difference);
  return renamedBack.get(word);
}

// Words between operands, which are none themselves.
const between = new Set('and or not when then else case between in is like ilike rlike regexp div as from'.split(' '));
const isWord = (token: Token): boolean =>
  token.type === 'identifier' && (token.quoted || !between.has(token.text.toLowerCase()));
const isOperandEnd = (token: Token): boolean =>
  isWord(token) || token.type === 'string' || token.type === 'number' || token.text === ')';
const isOperandStart = (token: Token): boolean =>
  isWord(token) ||
  token.type === 'string' ||
  token.type === 'number' ||
  ['(', '-', '+'].includes(token.text) ||
  token.text.toLowerCase() === 'case';

const escapes = named({0: '\0', b: '\b', n: '\n', r: '\r', t: '\t', Z: '\x1a', '%': '\\%', _: '\\_'});

/** A text of Spark SQL without its escapes. */
const unescaped = (text: string): string =>
  text.replace(/\\(?:u([0-9a-fA-F]{4})|([^]))/g, (_whole, code: string | undefined, char: string) =>
    code === undefined ? (escapes.get(char) ?? char) : String.fromCharCode(parseInt(code, 16)),
  );

/** The type after `::`, and the index of the token after it. */
function castType(
  list: readonly Token[],
  start: number,
  notes: Set<string>,
): {readonly text: string; readonly end: number} {
  const word = list[start]?.text ?? '';
  let end = start + 1;
  if (list[end]?.text !== '(') return {text: plainType(word, notes).toUpperCase(), end};
  let size = '';
  while (end < list.length && list[end]?.text !== ')') size += list[end++]?.text ?? '';
  size += list[end++]?.text ?? '';
  return {text: `${sizedType(word, notes)}${size}`.toUpperCase(), end};
}

function plainType(word: string, notes: Set<string>): string {
  const other = types.get(word.toLowerCase());
  if (other !== undefined) return other;
  if (fromSparkType(word) === undefined) notes.add(`Spark may have no type ${word.toUpperCase()}`);
  return word;
}

/** The word in front of a size, as in `DECIMAL(10,2)`. */
function sizedType(word: string, notes: Set<string>): string {
  if (/^(decimal|numeric|dec)$/i.test(word)) return 'DECIMAL';
  if (!/^(varchar|char)$/i.test(word)) notes.add(`Spark may have no type ${word.toUpperCase()}(…)`);
  return word;
}

/** Where the operand of a `::` that comes next starts: a name, a literal, a call or something in parentheses. */
function operandStart(out: readonly string[]): number {
  let i = out.length - 1;
  if (out[i]?.trim() === ')') {
    let depth = 0;
    for (; i >= 0; i--) {
      const text = out[i]?.trim();
      if (text === ')') depth++;
      if (text === '(' && --depth === 0) break;
    }
    if (i > 0 && /^\s*[\w`]+$/.test(out[i - 1] ?? '') && !out[i]?.startsWith(' ')) i--;
  }
  if (out[i]?.trim().startsWith("'") === true && /^\s*(date|timestamp|interval)$/i.test(out[i - 1] ?? '')) i--;
  while (i >= 2 && out[i - 1]?.trim() === '.') i -= 2;
  return Math.max(i, 0);
}
