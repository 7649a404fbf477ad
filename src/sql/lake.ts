import {fail, ok, type Problem, type Result} from '../lib/problem.ts';
import {tokens, type Token} from './lexer.ts';
import {id} from './sql.ts';
import {isAlias, isSymbol, isWord, tablePlaces} from './table-places.ts';

/** One version of a table of the lake that a query reads. */
export interface LakeTableRead {
  /** In lower case: names match without case. */
  readonly table: string;
  /** The latest version when absent; a time is ISO 8601 in UTC. */
  readonly at?: {readonly version: number} | {readonly timestamp: string};
  /** What the query calls it, as a plain name: the view that has to be there when it runs. */
  readonly name: string;
}

/** A query whose tables of the lake have become views. */
export interface LakeQuery {
  readonly text: string;
  /** Each version once, in the order of the query. */
  readonly reads: readonly LakeTableRead[];
}

/**
 * Finds `lake.<table>` wherever a query names a table, with DuckDB's `AT (VERSION => 3)` and `AT (TIMESTAMP => '…')` or Spark's
 * `VERSION AS OF 3` and `TIMESTAMP AS OF '…'`, and puts the name of a view in its place.
 */
export function lakeReads(query: string): Result<LakeQuery> {
  const lexed = tokens(query);
  if (!lexed.ok) return lexed;
  const all = lexed.value;
  const reads = new Map<string, LakeTableRead>();
  const edits: Edit[] = [];
  const bare = new Set<string>();
  for (const place of tablePlaces(all, (i) => isTable(all, i))) {
    const table = all[place.token + 2];
    const clause = readAt(all, place.token + 3);
    if (!clause.ok) return clause;
    const {at, next} = clause.value;
    const read = named((table?.text ?? '').toLowerCase(), at);
    if (!reads.has(read.name)) reads.set(read.name, read);
    // Without an alias of its own the table stays known by its name, as in t.column.
    const alias = place.aliased || !place.inFrom || isAlias(all[next]) ? '' : ` AS ${id(table?.text ?? '')}`;
    if (alias !== '') bare.add(read.table);
    edits.push({
      start: all[place.token]?.start ?? 0,
      end: all[next - 1]?.end ?? query.length,
      text: id(read.name) + alias,
    });
  }
  edits.push(...qualifiedColumns(all, bare, edits));
  return ok({text: replace(query, edits), reads: [...reads.values()]});
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

function replace(text: string, edits: readonly Edit[]): string {
  let result = '';
  let done = 0;
  for (const edit of [...edits].sort((a, b) => a.start - b.start)) {
    result += text.slice(done, edit.start) + edit.text;
    done = edit.end;
  }
  return result + text.slice(done);
}

function named(table: string, at: LakeTableRead['at']): LakeTableRead {
  if (at === undefined) return {table, name: `lake.${table}`};
  return {
    table,
    at,
    name:
      'version' in at
        ? `lake.${table} AT (VERSION => ${at.version})`
        : `lake.${table} AT (TIMESTAMP => '${at.timestamp}')`,
  };
}

/** `lake.<name>`, and neither `lake.<name>.…` nor a function `lake.<name>(…)`. */
function isTable(all: readonly Token[], i: number): boolean {
  const after = all[i + 3];
  return (
    all[i]?.text.toLowerCase() === 'lake' &&
    isSymbol(all[i + 1], '.') &&
    all[i + 2]?.type === 'identifier' &&
    !isSymbol(after, '.', '(')
  );
}

/** `lake.t.column`, where t is read without an alias. */
function qualifiedColumns(all: readonly Token[], tables: ReadonlySet<string>, edits: readonly Edit[]): Edit[] {
  const taken = new Set(edits.map((edit) => edit.start));
  return all.flatMap((token, i) => {
    const [dot, table, next] = [all[i + 1], all[i + 2], all[i + 3]];
    const found =
      token.type === 'identifier' &&
      token.text.toLowerCase() === 'lake' &&
      isSymbol(dot, '.') &&
      isSymbol(next, '.') &&
      !isSymbol(all[i - 1], '.');
    if (!found || table?.type !== 'identifier' || !tables.has(table.text.toLowerCase()) || taken.has(token.start))
      return [];
    return [{start: token.start, end: table.end, text: id(table.text)}];
  });
}

/** The clause that says which version, if there is one at `i`, and the token after it. */
function readAt(all: readonly Token[], i: number): Result<{at: LakeTableRead['at']; next: number}> {
  if (isWord(all[i], 'at') && isSymbol(all[i + 1], '(')) {
    const unit = all[i + 2];
    if (!isWord(unit, versionOrTime) || !isSymbol(all[i + 3], '=') || !isSymbol(all[i + 4], '>'))
      return fail(notALiteral);
    const value = readValue(all, i + 5, isWord(unit, 'version'));
    if (!value.ok) return value;
    return isSymbol(all[value.value.next], ')')
      ? ok({at: value.value.at, next: value.value.next + 1})
      : fail(notALiteral);
  }
  const start = isWord(all[i], 'for') ? i + 1 : i;
  const unit = all[start];
  if (!isWord(unit, sparkUnits) || !isWord(all[start + 1], 'as') || !isWord(all[start + 2], 'of'))
    return ok({at: undefined, next: i});
  return readValue(all, start + 3, isWord(unit, new Set(['version', 'system_version'])));
}

const versionOrTime = new Set(['version', 'timestamp']);
const sparkUnits = new Set(['version', 'system_version', 'timestamp', 'system_time']);
const timeTypes = new Set(['timestamp', 'timestamptz', 'timestamp_ntz', 'date']);

const notALiteral: Problem = {
  code: 'LAKE_AT_NOT_A_LITERAL',
  message: 'Which version of the table is meant has to be a number or a time, written out.',
  hint: "Write AT (VERSION => 3) or AT (TIMESTAMP => '2024-01-31 12:00:00').",
};

function readValue(
  all: readonly Token[],
  i: number,
  version: boolean,
): Result<{at: LakeTableRead['at']; next: number}> {
  if (version) {
    const token = all[i];
    const number = token?.type === 'number' || token?.type === 'string' ? token.text.replaceAll('_', '') : '';
    if (!/^\d+$/.test(number) || !Number.isSafeInteger(Number(number))) return fail(notALiteral);
    return ok({at: {version: Number(number)}, next: i + 1});
  }
  const typed = isWord(all[i], timeTypes);
  const token = all[typed ? i + 1 : i];
  if (token?.type !== 'string') return fail(notALiteral);
  const timestamp = isoTime(token.text);
  if (timestamp === undefined)
    return fail({
      code: 'LAKE_AT_NOT_A_TIME',
      message: `“${token.text}” is not a time.`,
      hint: "Write it as '2024-01-31', '2024-01-31 12:00:00' or '2024-01-31T12:00:00.123Z'; without a zone it is UTC.",
    });
  const after = typed ? i + 2 : i + 1;
  const cast = isSymbol(all[after], ':') && isSymbol(all[after + 1], ':') && isWord(all[after + 2], timeTypes);
  return ok({at: {timestamp}, next: cast ? after + 3 : after});
}

/** A time as SQL and ISO 8601 write it, in UTC unless it names an offset, as ISO 8601 to the millisecond; undefined when it is none. */
export function isoTime(text: string): string | undefined {
  const parts = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d)(:\d\d)?(?:\.(\d{1,9}))?)?\s*(Z|UTC|[+-]\d\d(?::?\d\d)?)?$/i.exec(
    text.trim(),
  );
  if (parts === null) return undefined;
  const [, day = '', minutes = '00:00', seconds = ':00', fraction = '', zone = 'Z'] = parts;
  const local = new Date(`${day}T${minutes}${seconds}.${fraction.padEnd(3, '0').slice(0, 3)}Z`);
  // Date rolls the 31st of February over to March.
  if (Number.isNaN(local.getTime()) || !local.toISOString().startsWith(day)) return undefined;
  const offset = /^([+-])(\d\d):?(\d\d)?$/.exec(zone);
  if (offset === null) return local.toISOString();
  const [, sign, hours = '0', rest = '0'] = offset;
  return new Date(
    local.getTime() - (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(rest)) * 60_000,
  ).toISOString();
}

/** A query that reads `to` wherever it read the table `from` of the lake. */
export function withTableRenamed(query: string, from: string, to: string): string {
  const lexed = tokens(query);
  if (!lexed.ok) return query;
  const all = lexed.value;
  const is = (at: number, word: string): boolean => all[at]?.text.toLowerCase() === word;
  let text = query;
  for (let i = all.length - 1; i >= 2; i--) {
    const token = all[i];
    if (
      token === undefined ||
      token.text.toLowerCase() !== from.toLowerCase() ||
      !is(i - 1, '.') ||
      !is(i - 2, 'lake') ||
      is(i - 3, '.')
    )
      continue;
    text = text.slice(0, token.start) + id(to) + text.slice(token.end);
  }
  return text;
}
