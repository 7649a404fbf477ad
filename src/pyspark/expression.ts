import {fromSparkType} from '../sql/types.ts';
import {tokens, type Token} from '../sql/lexer.ts';
import {py} from './py.ts';
import {toSparkType} from './types.ts';

/** A DuckDB expression as Spark SQL, and what a person should look at before trusting it. */
export interface SparkExpression {
  readonly text: string;
  readonly notes: readonly string[];
}

// Functions and words that mean the same in both.
const same = new Set(
  `abs acos asin atan atan2 ascii avg bool_and bool_or btrim cast ceil ceiling char_length character_length chr coalesce contains corr cos cot count
  covar_pop covar_samp cume_dist date_trunc day dayofmonth dayofyear decode degrees dense_rank encode exp exists first_value
  floor greatest hash hex hour if ifnull in instr isnan lag last_day last_value lcase lead least left length ln log2 log10
  lower lpad ltrim make_date max md5 median min minute mod month not ntile nullif nvl percent_rank pi pow power printf quarter
  radians rank regexp_replace repeat replace reverse right round row_number rpad rtrim second sign sin sqrt stddev
  stddev_pop stddev_samp substr substring sum tan translate trim try_cast ucase unhex upper var_pop var_samp variance
  weekofyear year and or between then else when values over partition by order interval filter within group is like ilike
  decimal numeric varchar char timestamp date rows range preceding following as on case`.split(/\s+/),
);

// The same thing under another name.
const renamed: Readonly<Record<string, string>> = {
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
};

const differing: Readonly<Record<string, string>> = {
  log: 'log(x) is to base 10 in DuckDB and to base e in Spark',
  concat: 'concat() skips NULL in DuckDB and gives NULL in Spark',
  dayofweek: 'dayofweek() counts Sunday as 0 in DuckDB and as 1 in Spark',
  to_timestamp: 'to_timestamp() takes epoch seconds in DuckDB and a text in Spark',
};

const spelling = new Map([
  ['varchar', 'STRING'],
  ['text', 'STRING'],
  ['hugeint', 'DECIMAL(38,0)'],
  ['real', 'FLOAT'],
]);

/** Rewrites names, texts and casts into Spark's spelling; what is left to check is in `notes`. */
export function sparkExpression(sql: string): SparkExpression {
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
      const type = castType(list, i + 2);
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

/** `F.expr('…')`, with its notes as Python comments in front. */
export function expr(sql: string): {readonly code: string; readonly comments: readonly string[]} {
  const {text, notes} = sparkExpression(sql);
  return {code: `F.expr(${py(text)})`, comments: notes.map((note) => `# Check before use: ${note}.`)};
}

const spaceBetween = (gap: string): string => (gap === '' ? '' : ' ');

function spell(token: Token, before: Token | undefined, next: Token | undefined, notes: Set<string>): string {
  if (token.type === 'string') return `'${token.text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  if (token.type === 'identifier' && token.quoted) return `\`${token.text.replaceAll('`', '``')}\``;
  if (token.type === 'symbol' && token.text === '/' && next?.text === '/' && next.start === token.end) return ' div ';
  if (token.type === 'symbol' && token.text === '/' && before?.text === '/' && before.end === token.start) return '';
  if (token.type === 'symbol' && '^~[{@'.includes(token.text)) notes.add(`“${token.text}” means something else in Spark`);
  if (token.type !== 'identifier') return token.text;
  const word = token.text.toLowerCase();
  if (before?.text.toLowerCase() === 'as') return spelling.get(word) ?? token.text;
  if (next?.text !== '(' || next.quoted) return token.text;
  const difference = differing[word];
  if (difference !== undefined) notes.add(difference);
  else if (renamed[word] !== undefined) return renamed[word];
  else if (!same.has(word)) notes.add(`Spark may have no function ${word}()`);
  return token.text;
}

/** The type after `::`, and the index of the token after it. */
function castType(list: readonly Token[], start: number): {readonly text: string; readonly end: number} {
  const word = list[start]?.text ?? '';
  let end = start + 1;
  let suffix = '';
  if (list[end]?.text === '(') {
    while (end < list.length && list[end]?.text !== ')') suffix += list[end++]?.text ?? '';
    suffix += list[end++]?.text ?? '';
  }
  const duck = `${word.toUpperCase()}${suffix}`;
  const spark = fromSparkType(word + suffix) === undefined && /^(INT|INTEGER|INT4)$/.test(duck) ? 'int' : toSparkType(fromSparkType(word + suffix) ?? duck);
  return {text: spark.toUpperCase(), end};
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
  while (i >= 2 && out[i - 1]?.trim() === '.') i -= 2;
  return Math.max(i, 0);
}
