import {fail, ok, type Problem, type Result} from '../lib/problem.ts';
import {join, lit, sql, type Sql} from './sql.ts';

/** A Spark datetime pattern as DuckDB reads it. */
export interface TimePattern {
  readonly spark: string;
  /** strptime formats that together accept what the pattern accepts. */
  readonly formats: readonly string[];
  /** The lengths a matching text can have, or undefined when names or one-letter fields leave them open. */
  readonly lengths: readonly number[] | undefined;
  /** The text carries an offset from UTC. */
  readonly zoned: boolean;
  /** The offset may be written Z. */
  readonly zulu: boolean;
  /** The year has two digits; Spark puts it in 2000 to 2099, strptime in 1969 to 2068. */
  readonly shortYear: boolean;
  /** There is a year; Spark takes 1970 where there is none, strptime 1900. */
  readonly year: boolean;
}

/** One way to write part of a pattern: strptime text and how long the matching text can be. */
interface Piece {
  readonly format: string;
  readonly lengths: readonly number[] | undefined;
}

interface Field {
  readonly letter: string;
  readonly count: number;
}

type Part =
  | {readonly type: 'literal'; readonly text: string}
  | ({readonly type: 'field'} & Field)
  | {readonly type: 'optional'; readonly parts: readonly Part[]};

const problem = (pattern: string, message: string, hint: string): Problem => ({
  code: 'DATETIME_PATTERN',
  message: `The pattern ${pattern} ${message}`,
  hint,
});

/** Splits a pattern into fields, literals and `[optional]` sections. */
function parts(pattern: string): Result<readonly Part[]> {
  const stack: Part[][] = [[]];
  const top = (): Part[] => stack.at(-1) ?? [];
  let i = 0;
  while (i < pattern.length) {
    const char = pattern.charAt(i);
    if (char === "'") {
      const [text, end] = quoted(pattern, i);
      if (end < 0)
        return fail(
          problem(
            pattern,
            'opens a quote and never closes it.',
            "Write literal text between two quotes, as in yyyy-MM-dd'T'HH:mm.",
          ),
        );
      top().push({type: 'literal', text});
      i = end;
    } else if (/[A-Za-z]/.test(char)) {
      const count = /^(.)\1*/.exec(pattern.slice(i))?.[0].length ?? 1;
      top().push({type: 'field', letter: char, count});
      i += count;
    } else if (char === '[') {
      stack.push([]);
      i++;
    } else if (char === ']') {
      const inner = stack.length > 1 ? stack.pop() : undefined;
      if (inner === undefined)
        return fail(
          problem(
            pattern,
            'has a “]” that closes nothing.',
            "Write '[' and ']' in quotes when they stand in the text.",
          ),
        );
      top().push({type: 'optional', parts: inner});
      i++;
    } else if (char === '{' || char === '}' || char === '#') {
      return fail(problem(pattern, `has a bare “${char}”, which Spark reserves.`, `Write '${char}' in quotes.`));
    } else {
      top().push({type: 'literal', text: char});
      i++;
    }
  }
  return stack.length === 1
    ? ok(stack[0] ?? [])
    : fail(problem(pattern, 'opens a “[” and never closes it.', 'Close the optional part with “]”.'));
}

/** The literal that starts with the quote at `start`, and where the text goes on; −1 when it never ends. `''` is one quote. */
function quoted(pattern: string, start: number): readonly [string, number] {
  if (pattern[start + 1] === "'") return ["'", start + 2];
  let text = '';
  for (let i = start + 1; i < pattern.length; i++) {
    if (pattern[i] !== "'") text += pattern.charAt(i);
    else if (pattern[i + 1] === "'") {
      text += "'";
      i++;
    } else return [text, i + 1];
  }
  return [text, -1];
}

const repeat = (field: Field): string => field.letter.repeat(field.count);
const upTo = (n: number): number[] => Array.from({length: n}, (_, i) => i + 1);
const digits = (format: string, count: number): Piece => ({format, lengths: count === 1 ? undefined : [count]});
const name = (format: string): Piece => ({format, lengths: undefined});
const offsetLengths: Readonly<Record<number, readonly number[]>> = {1: [3, 5], 2: [5], 3: [6]};

/** The ways a field can be read, or undefined when DuckDB has none. */
function readable({letter, count}: Field): readonly Piece[] | undefined {
  switch (letter) {
    case 'y':
      return count === 2 ? [digits('%y', 2)] : count <= 4 ? [digits('%Y', count === 4 ? 4 : 1)] : undefined;
    case 'M':
    case 'L':
      return count <= 2
        ? [digits('%m', count)]
        : count === 3
          ? [{format: '%b', lengths: [3]}]
          : count === 4
            ? [name('%B')]
            : undefined;
    case 'd':
      return count <= 2 ? [digits('%d', count)] : undefined;
    case 'D':
      return count <= 3 ? [digits('%j', count === 3 ? 3 : 1)] : undefined;
    case 'E':
      return count <= 3 ? [{format: '%a', lengths: [3]}] : count === 4 ? [name('%A')] : undefined;
    case 'a':
      return count === 1 ? [{format: '%p', lengths: [2]}] : undefined;
    case 'H':
      return count <= 2 ? [digits('%H', count)] : undefined;
    case 'h':
      return count <= 2 ? [digits('%I', count)] : undefined;
    case 'm':
      return count <= 2 ? [digits('%M', count)] : undefined;
    case 's':
      return count <= 2 ? [digits('%S', count)] : undefined;
    case 'S':
      return count <= 6 ? [{format: '%f', lengths: upTo(count)}] : undefined;
    case 'X':
      return count <= 3 ? [{format: '%z', lengths: [1, ...(offsetLengths[count] ?? [])]}] : undefined;
    case 'x':
      return count <= 3 ? [{format: '%z', lengths: offsetLengths[count]}] : undefined;
    case 'Z':
      return count <= 3 ? [{format: '%z', lengths: [5]}] : count === 5 ? [{format: '%z', lengths: [1, 6]}] : undefined;
    default:
      return undefined;
  }
}

const supported = 'y, M, L, d, D, E, a, H, h, m, s, S (up to six), X, x and Z';
const unsupported = (pattern: string, field: Field): Problem =>
  field.letter === 'S'
    ? problem(
        pattern,
        `asks for ${field.count} digits of a second, and times here have six.`,
        'Write SSSSSS, and cut the text with derive when it is longer.',
      )
    : problem(
        pattern,
        `has ${repeat(field)}, which can’t be read here.`,
        `The letters that can are ${supported}; literal text goes in quotes, as in 'T'.`,
      );

/** A Spark pattern as strptime formats; the Problem names the letter that DuckDB can't read. */
export function parsePattern(spark: string): Result<TimePattern> {
  const found = parts(spark);
  if (!found.ok) return found;
  if (spark.trim() === '') return fail(problem('', 'is empty.', 'Write one such as yyyy-MM-dd HH:mm:ss.'));
  const fields = allFields(found.value);
  for (const field of fields) if (readable(field) === undefined) return fail(unsupported(spark, field));
  const ways = expand(found.value);
  if (ways.length > 16)
    return fail(problem(spark, 'has too many optional parts.', 'Give several formats instead of one with many “[ ]”.'));
  const lengths = ways.every((way) => way.lengths !== undefined)
    ? [...new Set(ways.flatMap((way) => way.lengths ?? []))].sort((a, b) => a - b)
    : undefined;
  return ok({
    spark,
    formats: [...new Set(ways.map((way) => way.format))],
    lengths,
    zoned: fields.some((field) => 'XxZ'.includes(field.letter)),
    zulu: fields.some((field) => field.letter === 'X' || repeat(field) === 'ZZZZZ'),
    shortYear: fields.some((field) => field.letter === 'y' && field.count === 2),
    year: fields.some((field) => field.letter === 'y'),
  });
}

const allFields = (list: readonly Part[]): Field[] =>
  list.flatMap((part) => (part.type === 'field' ? [part] : part.type === 'optional' ? allFields(part.parts) : []));

const sums = (a: readonly number[] | undefined, b: readonly number[] | undefined): readonly number[] | undefined =>
  a === undefined || b === undefined ? undefined : [...new Set(a.flatMap((x) => b.map((y) => x + y)))];

/** Every way to write the pattern: optional parts in and out. */
function expand(list: readonly Part[]): Piece[] {
  return list.reduce<Piece[]>(
    (ways, part) =>
      ways.flatMap((way) =>
        piecesOf(part).map((piece) => ({format: way.format + piece.format, lengths: sums(way.lengths, piece.lengths)})),
      ),
    [{format: '', lengths: [0]}],
  );
}

function piecesOf(part: Part): readonly Piece[] {
  if (part.type === 'field') return readable(part) ?? [];
  if (part.type === 'optional') return [...expand(part.parts), {format: '', lengths: [0]}];
  return [{format: part.text.replaceAll('%', '%%'), lengths: [[...part.text].length]}];
}

/** SQL that reads `text` by a pattern as a TIMESTAMP in UTC, NULL where it doesn't match. */
export function readTime(text: Sql, pattern: TimePattern): Sql {
  // strptime's %z knows no Z, so a Z is written as an offset first.
  const zuluText = pattern.zulu ? sql`replace(${text}, 'Z', '+00')` : text;
  const source = pattern.year ? zuluText : sql`'1970 ' || ${zuluText}`;
  const formats = pattern.formats
    .map((format) => (pattern.zulu ? format.replaceAll('Z', '+00') : format))
    .map((format) => (pattern.year ? format : `%Y ${format}`));
  // Formats with and without an offset go apart: in one list strptime carries an offset on to the next row that has none.
  const parsed = [
    formats.filter((format) => format.includes('%z')),
    formats.filter((format) => !format.includes('%z')),
  ].flatMap((list, i) => {
    if (list.length === 0) return [];
    const time = sql`try_strptime(${source}, ${list.length === 1 ? join(list.map(lit)) : sql`[${join(list.map(lit))}]`})`;
    return [i === 0 ? sql`make_timestamp(epoch_us(${time}))` : time];
  });
  const time = parsed.length === 1 ? join(parsed) : sql`coalesce(${join(parsed)})`;
  const century = pattern.shortYear ? sql`if(year(${time}) < 2000, ${time} + INTERVAL 100 YEAR, ${time})` : time;
  if (pattern.lengths === undefined) return century;
  const [length] = pattern.lengths;
  const fits =
    pattern.lengths.length === 1 && length !== undefined
      ? sql`= ${lit(length)}`
      : sql`IN (${join(pattern.lengths.map(lit))})`;
  return sql`CASE WHEN length(${text}) ${fits} THEN ${century} END`;
}

/** The strftime text of a field, or undefined when it can't be written. Times are UTC, so offsets are constants. */
function written({letter, count}: Field): string | undefined {
  const short = count === 1 ? '-' : '';
  switch (letter) {
    case 'D':
      return count === 1 ? '%-j' : count === 3 ? '%j' : undefined;
    case 'd':
    case 'H':
    case 'h':
    case 'm':
    case 's':
    case 'M':
    case 'L':
      return count <= 2
        ? `%${short}${{d: 'd', H: 'H', h: 'I', m: 'M', s: 'S', M: 'm', L: 'm'}[letter]}`
        : letter === 'M' || letter === 'L'
          ? {3: '%b', 4: '%B'}[count]
          : undefined;
    case 'S':
      return {3: '%g', 6: '%f'}[count];
    case 'X':
      return count <= 3 ? 'Z' : undefined;
    case 'x':
      return {1: '+00', 2: '+0000', 3: '+00:00'}[count];
    case 'Z':
      return count <= 3 ? '+0000' : count === 5 ? 'Z' : undefined;
    default:
      return readable({letter, count})?.[0]?.format;
  }
}

/** A Spark pattern as a strftime format, for writing times as text. */
export function formatPattern(spark: string): Result<string> {
  const found = parts(spark);
  if (!found.ok) return found;
  const texts: string[] = [];
  for (const part of found.value) {
    if (part.type === 'optional')
      return fail(problem(spark, 'has an optional part, and text is written in one way.', 'Leave out the “[ ]”.'));
    if (part.type === 'literal') {
      texts.push(part.text.replaceAll('%', '%%'));
      continue;
    }
    const text = written(part);
    if (text === undefined)
      return fail(
        part.letter === 'S'
          ? problem(spark, `writes ${part.count} digits of a second.`, 'Write SSS or SSSSSS.')
          : unsupported(spark, part),
      );
    texts.push(text);
  }
  return ok(texts.join(''));
}
