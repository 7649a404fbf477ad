import {tokens, type Token} from './lexer.ts';
import {id} from './sql.ts';

/** A token that begins the name of a table. */
export interface TablePlace {
  readonly token: number;
  /** In a FROM clause, where a table may have an alias. */
  readonly inFrom: boolean;
  /** Its alias stands before it: `FROM r: lake.readings`. */
  readonly aliased: boolean;
}

/** What is between one pair of brackets. */
interface Frame {
  /** A comma here separates tables. */
  inFrom: boolean;
  /** FROM is a word of a function's arguments here: extract(year FROM t). */
  readonly call: boolean;
}

const functionsWithFrom = new Set(['extract', 'trim', 'substring', 'overlay', 'position']);
const fromEnds = new Set([
  'select',
  'where',
  'group',
  'order',
  'having',
  'window',
  'qualify',
  'limit',
  'offset',
  'union',
  'except',
  'intersect',
  'values',
  'with',
  'set',
]);
const beforeTable = new Set([
  'table',
  'summarize',
  'describe',
  'show',
  'pivot',
  'pivot_wider',
  'unpivot',
  'pivot_longer',
]);

/** The tokens where a query names a table, of those that `isTable` says may be one. */
export function tablePlaces(all: readonly Token[], isTable: (i: number) => boolean): TablePlace[] {
  const places: TablePlace[] = [];
  const outer: Frame[] = [];
  let frame: Frame = {inFrom: false, call: false};
  /** The next token may be a table. */
  let expecting = false;
  let aliased = false;
  all.forEach((token, i) => {
    const expected = expecting;
    const hadAlias = aliased;
    expecting = aliased = false;
    if (isSymbol(token, '(', '[', '{')) {
      outer.push(frame);
      const inFrom = expected && token.text === '(';
      frame = {inFrom, call: isWord(all[i - 1], functionsWithFrom)};
      expecting = inFrom;
    } else if (isSymbol(token, ')', ']', '}')) frame = outer.pop() ?? {inFrom: false, call: false};
    else if (isSymbol(token, ',')) expecting = frame.inFrom;
    else if (expected && isSymbol(token, ':')) expecting = aliased = true;
    else if (token.type === 'string') {
      if (expected && isTable(i)) places.push({token: i, inFrom: frame.inFrom, aliased: hadAlias});
    } else if (token.type === 'identifier' && !isSymbol(all[i - 1], '.')) {
      if (expected && isSymbol(all[i + 1], ':')) expecting = true;
      else if (expected && isTable(i)) places.push({token: i, inFrom: frame.inFrom, aliased: hadAlias});
      else if (isWord(token, 'from') && !frame.call && !isComparison(all, i)) expecting = frame.inFrom = true;
      else if (isWord(token, 'join')) expecting = frame.inFrom = true;
      else if (isWord(token, beforeTable)) expecting = true;
      else if (isWord(token, fromEnds)) frame.inFrom = false;
    }
  });
  return places;
}

/** The FROM of IS [NOT] DISTINCT FROM. */
const isComparison = (all: readonly Token[], i: number): boolean =>
  isWord(all[i - 1], 'distinct') && isWord(all[i - 2], new Set(['is', 'not']));

export const isSymbol = (token: Token | undefined, ...texts: readonly string[]): boolean =>
  token?.type === 'symbol' && texts.includes(token.text);

export const isWord = (token: Token | undefined, word: string | ReadonlySet<string>): boolean => {
  if (token?.type !== 'identifier' || token.quoted) return false;
  const text = token.text.toLowerCase();
  return typeof word === 'string' ? text === word : word.has(text);
};

// The words that may follow a table; any other name there is its alias.
const afterTable = new Set(
  `where group order having window qualify limit offset union except intersect select from join inner left right full outer cross natural asof
  positional semi anti on using tablesample pivot unpivot`.split(/\s+/),
);

/** Whether a token right after a table is its alias. */
export const isAlias = (token: Token | undefined): boolean =>
  (token?.type === 'identifier' && !isWord(token, afterTable)) || (token?.type === 'string' && token.quoted);

/** Words that begin a query of its own, or a table that is made, where a table is expected: as names they need quotes. */
const beginQuery = new Set([
  'select',
  'from',
  'with',
  'values',
  'lateral',
  'table',
  'pivot',
  'unpivot',
  'summarize',
  'describe',
  'show',
]);

/** Neither a word of SQL nor a function. */
const mayBeTable = (all: readonly Token[], i: number): boolean =>
  !isWord(all[i], beginQuery) && !isSymbol(all[i + 1], '(');

/**
 * The names among `candidates` that a query reads as tables, compared without case, as SQL does: where it names a table (`FROM cell`,
 * `JOIN 'cell'`), or in a text of `query_table('cell')`. A column or an alias of that name is none.
 */
export function tablesRead(text: string, candidates: readonly string[]): string[] {
  const lexed = tokens(text);
  if (!lexed.ok) return [];
  const all = lexed.value;
  const names = new Set(candidates.map((name) => name.toLowerCase()));
  const places = tablePlaces(all, (i) => mayBeTable(all, i) && names.has(all[i]?.text.toLowerCase() ?? '')).map(
    ({token}) => token,
  );
  const isByText = all.some((token) => isWord(token, 'query_table'));
  const named = new Set(
    all.flatMap((token, i) =>
      places.includes(i) || (isByText && token.type === 'string') ? [token.text.toLowerCase()] : [],
    ),
  );
  return candidates.filter((name) => named.has(name.toLowerCase()));
}

/** A query with tables renamed wherever it reads them, and where it qualifies a column with one that has no alias. Texts stay. */
export function withTablesRenamed(text: string, nameOf: (table: string) => string | undefined): string {
  const lexed = tokens(text);
  if (!lexed.ok) return text;
  const all = lexed.value;
  const places = tablePlaces(
    all,
    (i) => mayBeTable(all, i) && nameOf(all[i]?.text ?? '') !== undefined && all[i]?.type === 'identifier',
  );
  const bare = new Set(
    places
      .filter(({token, aliased}) => !aliased && !isAlias(all[token + 1]))
      .map(({token}) => all[token]?.text.toLowerCase()),
  );
  const renamed = new Set(places.map(({token}) => token));
  let result = text;
  for (let i = all.length - 1; i >= 0; i--) {
    const token = all[i];
    if (token?.type !== 'identifier' || isSymbol(all[i - 1], '.')) continue;
    const isQualifier = isSymbol(all[i + 1], '.') && bare.has(token.text.toLowerCase());
    const name = renamed.has(i) || isQualifier ? nameOf(token.text) : undefined;
    if (name !== undefined) result = result.slice(0, token.start) + bareIfPlain(name) + result.slice(token.end);
  }
  return result;
}

/** A name as a person writes it: in quotes only where SQL needs them. */
const bareIfPlain = (name: string): string => (id(name.toLowerCase()) === name.toLowerCase() ? name : id(name));

/** The lower-case names of the tables that a query itself defines: `WITH name (columns) AS (…)`. */
export function tablesDefined(text: string): ReadonlySet<string> {
  const lexed = tokens(text);
  const all = lexed.ok ? lexed.value : [];
  const names = all.filter((token, i) => {
    const isFirst = isWord(all[i - 1], new Set(['with', 'recursive'])) || isSymbol(all[i - 1], ',');
    if (token.type !== 'identifier' || !isFirst) return false;
    let next = i + 1;
    if (isSymbol(all[next], '(')) {
      while (next < all.length && !isSymbol(all[next], ')')) next++;
      next++;
    }
    return isWord(all[next], new Set(['as', 'using']));
  });
  return new Set(names.map(({text: name}) => name.toLowerCase()));
}
