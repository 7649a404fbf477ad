import {fail, ok, type Problem, type Result} from '../lib/problem.ts';

/** One token of DuckDB SQL. Comments and white space are not tokens; `text` of a quoted identifier is without its quotes. */
export interface Token {
  readonly type: 'identifier' | 'string' | 'number' | 'symbol';
  readonly text: string;
  readonly quoted: boolean;
  readonly start: number;
  readonly end: number;
}

const unfinished = (what: string, found: string): Problem => ({
  code: 'SQL_UNFINISHED',
  message: `A ${what} is opened and never closed: ${found.slice(0, 40)}`,
  hint: `Close the ${what}.`,
});

/** DuckDB SQL split into tokens: quoted names and strings, dollar quotes, nested block comments. */
export function tokens(sql: string): Result<readonly Token[]> {
  const found: Token[] = [];
  let i = 0;
  const push = (type: Token['type'], text: string, start: number, end: number, quoted = false): void => {
    found.push({type, text, quoted, start, end});
    i = end;
  };
  while (i < sql.length) {
    const rest = sql.slice(i, i + 2);
    const char = sql.charAt(i);
    const tag = char === '$' ? matchAt(dollarTag, sql, i) : undefined;
    if (space.test(char)) i++;
    else if (rest === '--') {
      const end = sql.slice(i).search(/[\n\r]/);
      i = end < 0 ? sql.length : i + end + 1;
    } else if (rest === '/*') {
      const end = commentEnd(sql, i);
      if (end < 0) return fail(unfinished('comment', sql.slice(i)));
      i = end;
    } else if (/[eE]/.test(char) && sql[i + 1] === "'") {
      const end = closingQuote(sql, i + 1, "'", true);
      if (end < 0) return fail(unfinished('string', sql.slice(i)));
      push(
        'string',
        sql
          .slice(i + 2, end)
          .replace(/\\([^])|''/g, (_escape, escaped: string | undefined) =>
            escaped === undefined ? "'" : (controls[escaped] ?? escaped),
          ),
        i,
        end + 1,
        true,
      );
    } else if (char === "'" || char === '"') {
      const end = closingQuote(sql, i, char);
      if (end < 0) return fail(unfinished(char === "'" ? 'string' : 'quoted name', sql.slice(i)));
      push(
        char === "'" ? 'string' : 'identifier',
        sql.slice(i + 1, end).replaceAll(char + char, char),
        i,
        end + 1,
        true,
      );
    } else if (tag !== undefined) {
      const end = sql.indexOf(tag, i + tag.length);
      if (end < 0) return fail(unfinished('string', sql.slice(i)));
      push('string', sql.slice(i + tag.length, end), i, end + tag.length, true);
    } else {
      const word = matchAt(wordPattern, sql, i);
      const number = matchAt(numberPattern, sql, i);
      if (word !== undefined) push('identifier', word, i, i + word.length);
      else if (number !== undefined) push('number', number, i, i + number.length);
      else push('symbol', char, i, i + 1);
    }
  }
  return ok(found);
}

// What DuckDB takes for a space; every other character beyond ASCII is a letter to it, an emoji and U+2028 too.
const wideSpaces = '\\u00a0\\u2000-\\u200b\\u202f\\u205f\\u2060\\u3000\\ufeff';
const space = new RegExp(`[\\t-\\r ${wideSpaces}]`);
const letter = `(?:[A-Za-z_]|[^\\0-\\x7f${wideSpaces}])`;
const wordPattern = new RegExp(`${letter}(?:${letter}|[\\d$])*`, 'y');
const dollarTag = new RegExp(`\\$(?:${letter}(?:${letter}|\\d)*)?\\$`, 'y');
const numberPattern = /(\d[\d_]*\.?\d*|\.\d+)([eE][+-]?\d+)?/y;

const everyWideSpace = new RegExp(`[${wideSpaces}]`, 'g');

/** A text with plain spaces between its tokens, each where it was: behind what DuckDB mistakes for an open quote, a wide one is a letter to it. */
export function plainSpaces(sql: string, found: readonly Token[]): string {
  if (found.length === 0) return sql;
  let [plain, at] = ['', 0];
  for (const {start, end} of [...found, {start: sql.length, end: sql.length}]) {
    plain += sql.slice(at, start).replace(everyWideSpace, ' ') + sql.slice(start, end);
    at = end;
  }
  return plain;
}

/** What a sticky pattern finds at a place of a text. */
function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

const controls: Readonly<Record<string, string>> = {b: '\b', f: '\f', n: '\n', r: '\r', t: '\t'};

/** Where the comment that opens at `start` ends: comments stand in one another. */
function commentEnd(sql: string, start: number): number {
  let depth = 0;
  for (let i = start; i < sql.length; i++) {
    const pair = sql.slice(i, i + 2);
    if (pair === '/*') depth++;
    else if (pair === '*/') depth--;
    else continue;
    if (depth === 0) return i + 2;
    i++;
  }
  return -1;
}

function closingQuote(sql: string, start: number, quote: string, escapes = false): number {
  for (let i = start + 1; i < sql.length; i++) {
    if (escapes && sql[i] === '\\') {
      i++;
      continue;
    }
    if (sql[i] !== quote) continue;
    if (sql[i + 1] !== quote) return i;
    i++;
  }
  return -1;
}

const pairs: Record<string, string> = {')': '(', ']': '[', '}': '{'};

function checkBalanced(text: string): Result<readonly Token[]> {
  const lexed = tokens(text);
  if (!lexed.ok) return lexed;
  const open: string[] = [];
  for (const token of lexed.value) {
    if (token.type !== 'symbol') continue;
    if ('([{'.includes(token.text)) open.push(token.text);
    else if (token.text in pairs && open.pop() !== pairs[token.text])
      return fail({
        code: 'SQL_UNBALANCED',
        message: `A “${token.text}” closes nothing.`,
        hint: 'Check the parentheses.',
      });
  }
  const left = open.at(-1);
  return left === undefined
    ? lexed
    : fail({code: 'SQL_UNBALANCED', message: `A “${left}” is never closed.`, hint: 'Check the parentheses.'});
}

/** Says whether text is one whole SQL expression, so that it can stand in parentheses and change nothing around it. */
export function checkExpression(text: string): Result<string> {
  const lexed = checkBalanced(text);
  if (!lexed.ok) return lexed;
  if (lexed.value.length === 0)
    return fail({
      code: 'SQL_EMPTY',
      message: 'The expression is empty.',
      hint: 'Write an expression such as temperature > 28.',
    });
  if (lexed.value.some((token) => token.type === 'symbol' && token.text === ';'))
    return fail({
      code: 'SQL_NOT_AN_EXPRESSION',
      message: 'A “;” ends a statement, and an expression has none.',
      hint: 'Take the “;” out.',
    });
  return ok(text);
}

/** Says whether text is one query (SELECT, FROM, WITH, VALUES, PIVOT …), the only kind of statement a SQL cell may hold. */
export function checkQuery(text: string): Result<string> {
  const lexed = checkBalanced(text);
  if (!lexed.ok) return lexed;
  const body =
    lexed.value.at(-1)?.text === ';' && lexed.value.at(-1)?.type === 'symbol' ? lexed.value.slice(0, -1) : lexed.value;
  const first = mainWord(body);
  if (first === undefined)
    return fail({
      code: 'SQL_EMPTY',
      message: 'The SQL cell is empty.',
      hint: 'Write a query, such as FROM the_name_of_a_cell_above.',
    });
  if (body.some((token) => token.type === 'symbol' && token.text === ';'))
    return fail({
      code: 'SQL_SEVERAL_STATEMENTS',
      message: 'A SQL cell holds one query, and this one holds several.',
      hint: 'Give each query a cell of its own.',
    });
  if (!queryStarts.has(first))
    return fail({
      code: 'SQL_NOT_A_QUERY',
      message: `A SQL cell holds a query, and this one starts with ${first.toUpperCase()}.`,
      hint: 'Start with SELECT, FROM or WITH; a cell never changes another cell’s rows.',
    });
  return ok(text);
}

/** The word that says what a statement does, in lower case: after parentheses and the tables that WITH defines. */
function mainWord(body: readonly Token[]): string | undefined {
  const start = body.findIndex((token) => token.text !== '(');
  const word = body[start]?.text.toLowerCase();
  if (word !== 'with') return word;
  let depth = 0;
  for (let i = start; i < body.length; i++) {
    const token = body[i];
    if (token?.type !== 'symbol') continue;
    if (token.text === '(') depth++;
    if (token.text !== ')' || --depth !== 0) continue;
    const next = body[i + 1]?.text.toLowerCase();
    // WITH name (columns) USING KEY (key) AS (query), …
    if (next !== undefined && ![',', 'as', 'using'].includes(next)) return mainWord(body.slice(i + 1));
  }
  return word;
}

const queryStarts = new Set([
  'select',
  'from',
  'with',
  'values',
  'pivot',
  'unpivot',
  'table',
  'summarize',
  'describe',
  'show',
]);

/** Whether an expression may give several rows for one, so that rows can't be compared by place. */
export const multiplies = (text: string): boolean =>
  identifiers(text, ['unnest', 'generate_subscripts', 'regexp_split_to_table']).length > 0;

/** Whether an expression may hand rows on in another order than they came: one with a window function, or with a query of its own. */
export function mayReorder(text: string): boolean {
  const lexed = tokens(text);
  const words = lexed.ok ? lexed.value : [];
  return words.some(
    ({type, text: word}, i) =>
      type === 'identifier' &&
      (/^(over|select|values)$/i.test(word) || (/^from$/i.test(word) && words[i - 1]?.text === '(')),
  );
}

/** The names among `candidates` that an expression holds as whole identifiers, compared without case, as SQL does. */
export function identifiers(text: string, candidates: readonly string[]): string[] {
  const lexed = tokens(text);
  if (!lexed.ok) return [];
  const words = new Set<string>();
  lexed.value.forEach((token, i) => {
    const before = lexed.value[i - 1];
    if (token.type === 'identifier' && !(before?.type === 'symbol' && before.text === '.'))
      words.add(token.text.toLowerCase());
  });
  return candidates.filter((name) => words.has(name.toLowerCase()));
}
