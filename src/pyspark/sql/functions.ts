import {literalNumber, literalText, inside, level, out, sparkText, type Out} from './out.ts';
import type {Call, Expr} from './ast.ts';
import {lengthOf, readLength, sparkInterval, unitOf, type Length} from './intervals.ts';
import {quoteRegex, sparkRegex, sparkReplacement} from './regex.ts';
import {readPattern, writePattern} from './strftime.ts';
import {common, elementOf, familyOf, fieldOf, isNumeric} from './types.ts';

/** One call with its arguments translated. */
export interface CallContext {
  readonly node: Call;
  readonly args: readonly Out[];
  readonly nodes: readonly Expr[];
  /** FILTER and OVER, translated; empty where there are none. */
  readonly suffix: string;
  /** A condition to be met as well by the rows of an aggregate, in place of `suffix`. */
  readonly suffixWhere: (condition: string) => string;
  /** The rows' order given in the call, as Spark writes it; `''` where there is none. */
  readonly order: string;
  /** What the rows are ordered by first, without its direction. */
  readonly key: string;
  /** The call as it was written, under another name; its arguments translated. */
  readonly keep: (name?: string) => string;
  readonly problem: (message: string, hint: string) => Out;
  /** Says that what an argument is has to be known. */
  readonly unknown: (value: Out) => Out;
}

type Handler = (c: CallContext) => Out;

const arg = (c: CallContext, i: number): Out => c.args[i] ?? out('NULL', 'NULL');
const made = (name: string, ...texts: readonly string[]): string => `${name}(${texts.join(', ')})`;
/** Under the same name or another, with a result of this type. */
const as =
  (type: string | undefined, name?: string): Handler =>
  (c) =>
    out(c.keep(name), type);
const likeFirst =
  (name?: string): Handler =>
  (c) =>
    out(c.keep(name), arg(c, 0).type);
const commonType = (c: CallContext): string | undefined => c.args.map((value) => value.type).reduce(common);
const unify: Handler = (c) => out(c.keep(), commonType(c));
const never =
  (why: string, hint: string): Handler =>
  (c) =>
    c.problem(why, hint);

const all = (names: string, handler: Handler): [string, Handler][] => names.split(' ').map((name) => [name, handler]);

/** A value as text, as `||` and concat make it. */
export function textOf(value: Out): string {
  const family = familyOf(value.type);
  // Between 0.001 and ten million both write a floating-point number the same way.
  return family === 'float' || family === 'double' ? `CAST(${value.text} AS STRING)` : value.text;
}

// From here on every double is a whole number.
const whole = '9e15';

/** ceil and floor of a DOUBLE stay doubles in DuckDB; Spark makes them BIGINT, where NaN and infinity have no place. */
const wholeNumber =
  (name: string): Handler =>
  (c) => {
    const value = arg(c, 0);
    const family = familyOf(value.type);
    if (family === undefined) return c.unknown(value);
    if (family === 'decimal') return out(c.keep(name), 'DECIMAL(38,0)');
    if (family === 'int') return out(`CAST(${value.text} AS DOUBLE)`, 'DOUBLE');
    return {
      ...out(`if(abs(${value.text}) < ${whole}, ${name}(${value.text}), ${value.text})`, value.type),
      whole: `${name}(${value.text})`,
    };
  };

/** DuckDB rounds the binary number times a power of ten; Spark the decimal digits that are shown for it. */
const round: Handler = (c) => {
  const value = arg(c, 0);
  const family = familyOf(value.type);
  if (family === undefined) return c.unknown(value);
  if (family === 'int' || family === 'decimal') return out(c.keep('round'), value.type);
  const digits = c.nodes.length < 2 ? 0 : literalNumber(c.nodes[1]);
  const double = family === 'float' ? `CAST(${value.text} AS DOUBLE)` : inside(value, level.multiply);
  const typed = (text: string, at: number): Out =>
    family === 'float' ? out(`CAST(${text} AS FLOAT)`, 'FLOAT') : out(text, 'DOUBLE', at);
  if (digits === undefined)
    return c.problem('round() to computed digits can’t be handed over', 'Write the number of digits out.');
  if (digits === 0) return {...out(made('round', value.text), value.type), whole: made('round', value.text)};
  const power = String(10 ** Math.abs(digits));
  if (digits > 0) return typed(`round(${double} * ${power}) / ${power}`, level.multiply);
  // To tens, what is no number becomes 0.
  return typed(
    `if(abs(${value.text}) < double('Infinity') OR ${inside(value, level.comparison)} IS NULL, round(${double} / ${power}) * ${power}, 0D)`,
    level.primary,
  );
};

const trim =
  (side: string, name: string): Handler =>
  (c) => {
    const mark = c.node.args.find((each) => each.name !== undefined)?.name;
    const chars = c.args[1];
    const where = (mark ?? side).toUpperCase();
    if (mark === undefined && c.args.length === 1) return out(c.keep(name), 'VARCHAR');
    const only = mark !== undefined && c.args.length === 2;
    return out(
      only ? `trim(${where} FROM ${arg(c, 0).text})` : `trim(${where} ${chars?.text ?? ''} FROM ${arg(c, 0).text})`,
      'VARCHAR',
    );
  };

const substring: Handler = (c) => {
  const start = literalNumber(c.nodes[1]);
  const [value, first, length] = [arg(c, 0).text, arg(c, 1), c.args[2]];
  const negative = literalNumber(c.nodes[2]);
  if (negative !== undefined && negative < 0)
    return c.problem(
      'substring() with a negative length reads backwards in DuckDB and gives nothing in Spark',
      'Give the first position and a length.',
    );
  const plain =
    length === undefined ? made('substring', value, first.text) : made('substring', value, first.text, length.text);
  if (start !== undefined && start !== 0) return out(plain, 'VARCHAR');
  // Position 0 is one before the first character in DuckDB, and the first in Spark.
  const fromZero = length === undefined ? value : made('substring', value, '1', `${inside(length, level.add)} - 1`);
  return start === 0
    ? out(fromZero, 'VARCHAR')
    : out(made('if', `${inside(first, level.add)} = 0`, fromZero, plain), 'VARCHAR');
};

/** left and right with a negative number drop so many characters in DuckDB. */
const edge =
  (name: string): Handler =>
  (c) => {
    const count = literalNumber(c.nodes[1]);
    const [value, n] = [arg(c, 0).text, arg(c, 1)];
    const rest = (by: string): string => made(name, value, made('greatest', `length(${value}) ${by}`, '0'));
    if (count !== undefined && count >= 0) return out(c.keep(), 'VARCHAR');
    if (count !== undefined) return out(rest(`- ${-count}`), 'VARCHAR');
    return out(
      made('if', `${inside(n, level.add)} < 0`, rest(`+ ${inside(n, level.multiply)}`), made(name, value, n.text)),
      'VARCHAR',
    );
  };

const listOr =
  (list: Handler, text: Handler): Handler =>
  (c) =>
    familyOf(arg(c, 0).type) === 'list' ? list(c) : text(c);
const known =
  (handler: Handler): Handler =>
  (c) =>
    familyOf(arg(c, 0).type) === undefined ? c.unknown(arg(c, 0)) : handler(c);

const contains: Handler = listOr(
  (c) => out(`array_position(${arg(c, 0).text}, ${arg(c, 1).text}) > 0`, 'BOOLEAN', level.comparison),
  as('BOOLEAN', 'contains'),
);

// ── regular expressions ──

const notLiteral = (c: CallContext): Out =>
  c.problem(
    `the pattern of ${c.node.name}() isn’t written out`,
    'Write the pattern as a text; DuckDB and Spark read patterns in slightly different ways.',
  );

const pattern = (c: CallContext, i: number, options = ''): string | undefined => {
  const text = literalText(c.nodes[i]);
  return text === undefined ? undefined : sparkRegex(text, options);
};

const regexpMatches: Handler = (c) => {
  const regex = pattern(c, 1, literalText(c.nodes[2]) ?? '');
  return regex === undefined ? notLiteral(c) : out(made('regexp_like', arg(c, 0).text, sparkText(regex)), 'BOOLEAN');
};

/** The whole text matches. */
export const fullMatch = (value: string, regex: string): string =>
  made('regexp_like', value, sparkText(`^(?:${sparkRegex(regex)})\\z`));

const regexpExtract =
  (name: string, type: string): Handler =>
  (c) => {
    const regex = pattern(c, 1, literalText(c.nodes[3]) ?? '');
    if (regex === undefined) return notLiteral(c);
    const group = c.nodes[2] === undefined ? 0 : literalNumber(c.nodes[2]);
    if (group === undefined)
      return c.problem(
        `${c.node.name}() with names of groups makes a struct in DuckDB`,
        'Take the groups one by one, by their number.',
      );
    return out(made(name, arg(c, 0).text, sparkText(regex), String(group)), type);
  };

const regexpReplace: Handler = (c) => {
  const [regex, replacement, options] = [
    literalText(c.nodes[1]),
    literalText(c.nodes[2]),
    literalText(c.nodes[3]) ?? '',
  ];
  if (regex === undefined || replacement === undefined) return notLiteral(c);
  const flags = options.replace('g', '');
  if (options.includes('g'))
    return out(
      made(
        'regexp_replace',
        arg(c, 0).text,
        sparkText(sparkRegex(regex, flags)),
        sparkText(sparkReplacement(replacement)),
      ),
      'VARCHAR',
    );
  // Spark replaces every match: the text before the first is matched along, and put back.
  const first = `(?s)\\A(.*?)(?-s:${sparkRegex(regex, flags)})`;
  return out(
    made('regexp_replace', arg(c, 0).text, sparkText(first), sparkText(`$1${sparkReplacement(replacement, 1)}`)),
    'VARCHAR',
  );
};

const split: Handler = (c) => {
  const separator = literalText(c.nodes[1]);
  if (separator === undefined || separator === '')
    return c.problem(
      `${c.node.name}() needs its separator written out`,
      'Write the separator as a text that isn’t empty.',
    );
  return out(made('split', arg(c, 0).text, sparkText(quoteRegex(separator)), '-1'), 'VARCHAR[]');
};

const splitPart: Handler = (c) =>
  literalNumber(c.nodes[2]) === undefined || literalNumber(c.nodes[2]) === 0
    ? c.problem(
        'split_part() with place 0 gives an empty text in DuckDB and an error in Spark',
        'Write the place as a number other than 0.',
      )
    : out(c.keep('split_part'), 'VARCHAR');

// ── times ──

const asTimestamp = (value: Out): string =>
  familyOf(value.type) === 'timestamp' ? value.text : `CAST(${value.text} AS TIMESTAMP)`;
const isInterval = (value: Out): boolean => familyOf(value.type) === 'interval';
const micros = (value: Out): string => made('unix_micros', asTimestamp(value));
const noInterval = (c: CallContext, part: string): Out =>
  c.problem(
    `${part} of an interval counts in another way in Spark`,
    'Use epoch(b) - epoch(a), which are seconds, or date_diff().',
  );

/** A part of a time, as extract and date_part give it. */
function partOf(c: CallContext, name: string, value: Out): Out {
  const part = name.toLowerCase();
  if (isInterval(value))
    return ['hour', 'hours', 'minute', 'minutes', 'day', 'days'].includes(part)
      ? out(`extract(${part.replace(/s$/, '').toUpperCase()} FROM ${value.text})`, 'BIGINT')
      : noInterval(c, part);
  const unit = unitOf(part) ?? part;
  const x = value.text;
  const bigint = (text: string, at: number = level.primary): Out => out(text, 'BIGINT', at);
  switch (unit) {
    case 'year':
    case 'quarter':
    case 'month':
    case 'day':
    case 'hour':
    case 'minute':
    case 'second':
      return bigint(made(unit, x));
    case 'millisecond':
      return bigint(`CAST(extract(SECOND FROM ${x}) * 1000 AS BIGINT)`);
    case 'microsecond':
      return bigint(`CAST(extract(SECOND FROM ${x}) * 1000000 AS BIGINT)`);
    case 'doy':
    case 'dayofyear':
      return bigint(made('dayofyear', x));
    case 'week':
    case 'weekofyear':
      return bigint(made('weekofyear', x));
    case 'isodow':
      return bigint(`${made('weekday', x)} + 1`, level.add);
    case 'dow':
    case 'weekday':
    case 'dayofweek':
      return bigint(`${made('dayofweek', x)} - 1`, level.add);
    case 'isoyear':
      return bigint(`extract(YEAROFWEEK FROM ${x})`);
    case 'yearweek':
      return bigint(`extract(YEAROFWEEK FROM ${x}) * 100 + weekofyear(${x})`, level.add);
    case 'decade':
      return bigint(`floor(year(${x}) / 10)`);
    case 'epoch':
      return out(`${micros(value)} / 1000000`, 'DOUBLE', level.multiply);
    default:
      return c.problem(
        `${part} is no part of a time that Spark has`,
        'Use year, quarter, month, week, day, isodow, hour, minute, second or epoch.',
      );
  }
}

const part =
  (name: string): Handler =>
  (c) =>
    partOf(c, name, arg(c, 0));

const datePart: Handler = (c) => {
  const name = literalText(c.nodes[0]);
  return name === undefined
    ? c.problem('the part of the time isn’t written out', 'Write it as a text, as in date_part(‘year’, x).')
    : partOf(c, name, arg(c, 1));
};

const truncUnits = new Set([
  'year',
  'quarter',
  'month',
  'week',
  'day',
  'hour',
  'minute',
  'second',
  'millisecond',
  'microsecond',
]);

const dateTrunc: Handler = (c) => {
  const unit = unitOf(literalText(c.nodes[0]) ?? '');
  if (unit === undefined || !truncUnits.has(unit) || isInterval(arg(c, 1)))
    return c.problem(
      'this part of a time can’t be truncated to in Spark',
      'Use year, quarter, month, week, day, hour, minute or second.',
    );
  return out(made('date_trunc', `'${unit}'`, arg(c, 1).text), 'TIMESTAMP');
};

/** date_diff counts the borders between two times. */
const dateDiff: Handler = (c) => {
  const unit = unitOf(literalText(c.nodes[0]) ?? '');
  const [a, b] = [arg(c, 1), arg(c, 2)];
  if (unit === undefined)
    return c.problem(
      'this part of a time can’t be counted in Spark',
      'Use year, quarter, month, week, day, hour, minute or second.',
    );
  if (unit === 'day') return out(made('datediff', b.text, a.text), 'BIGINT');
  // Whole weeks between the days, wherever the weeks begin.
  if (unit === 'week') return out(`datediff(${b.text}, ${a.text}) div 7`, 'BIGINT', level.multiply);
  if (unit === 'year') return out(`year(${b.text}) - year(${a.text})`, 'BIGINT', level.add);
  if (unit === 'microsecond') return out(`${micros(b)} - ${micros(a)}`, 'BIGINT', level.add);
  const cut = (value: Out): string => made('date_trunc', `'${unit}'`, value.text);
  return out(made('timestampdiff', unit.toUpperCase(), cut(a), cut(b)), 'BIGINT');
};

/** date_sub counts the whole units between two times. */
const dateSub: Handler = (c) => {
  const unit = unitOf(literalText(c.nodes[0]) ?? '');
  if (unit === undefined || !['week', 'day', 'hour', 'minute', 'second', 'millisecond', 'microsecond'].includes(unit))
    return c.problem(
      'whole months and years between two dates are counted in another way in Spark',
      'Use date_diff(‘month’, a, b), or date_sub with days or smaller units.',
    );
  return out(made('timestampdiff', unit.toUpperCase(), asTimestamp(arg(c, 1)), asTimestamp(arg(c, 2))), 'BIGINT');
};

/** The length of an interval that is written out. */
export function lengthOfLiteral(node: Expr | undefined): Length | undefined {
  if (node?.kind === 'paren') return lengthOfLiteral(node.inner);
  if (node?.kind === 'cast' && /^interval$/i.test(node.type)) return readLength(literalText(node.value) ?? '');
  if (node?.kind !== 'interval') return undefined;
  const text = literalText(node.value);
  const count =
    literalNumber(node.value) ?? (text !== undefined && /^\s*-?\d+\s*$/.test(text) ? Number(text) : undefined);
  if (node.unit === undefined) return text === undefined ? undefined : readLength(text);
  const unit = unitOf(node.unit);
  return unit === undefined || count === undefined || !Number.isInteger(count) ? undefined : lengthOf(count, unit);
}

const day = 86_400_000_000;
// Buckets of days and less are counted from Monday, 3 January 2000.
const bucketOrigin = 10_959 * day;

const timeBucket: Handler = (c) => {
  const length = lengthOfLiteral(c.nodes[0]);
  const value = arg(c, 1);
  if (length === undefined || c.args.length > 2 || (length.months !== 0 && length.micros !== 0))
    return c.problem(
      'time_bucket() needs its width written out, and no origin',
      'Write time_bucket(INTERVAL ‘15 minutes’, x).',
    );
  const family = familyOf(value.type);
  if (family === undefined) return c.unknown(value);
  const typed = (text: string): Out =>
    family === 'date' ? out(`CAST(${text} AS DATE)`, 'DATE') : out(text, 'TIMESTAMP');
  if (length.months !== 0) {
    const unit = {1: 'month', 3: 'quarter', 12: 'year'}[length.months];
    if (unit !== undefined) return typed(made('date_trunc', `'${unit}'`, value.text));
    const since = `(year(${value.text}) - 2000) * 12 + month(${value.text}) - 1`;
    const start = `add_months(DATE '2000-01-01', CAST(floor((${since}) / ${length.months}) * ${length.months} AS INT))`;
    return family === 'date' ? out(start, 'DATE') : out(`CAST(${start} AS TIMESTAMP)`, 'TIMESTAMP');
  }
  const unit = {1_000_000: 'second', 60_000_000: 'minute', 3_600_000_000: 'hour', [day]: 'day', [7 * day]: 'week'}[
    length.micros
  ];
  if (unit !== undefined) return typed(made('date_trunc', `'${unit}'`, value.text));
  const offset = bucketOrigin % length.micros;
  const place = micros(value);
  return typed(`timestamp_micros(${place} - pmod(${place}${offset === 0 ? '' : ` - ${offset}`}, ${length.micros}))`);
};

const strftime: Handler = (c) => {
  const format = literalText(c.nodes[1]);
  if (format === undefined)
    return c.problem('the format of strftime() isn’t written out', 'Write the format as a text, such as ‘%Y-%m-%d’.');
  const written = writePattern(format);
  if (!written.ok)
    return c.problem(
      `strftime() can’t write ${written.found} in Spark`,
      'Use %Y, %y, %m, %d, %H, %I, %M, %S, %f, %p, %j, %a, %A, %b or %B.',
    );
  return out(made('date_format', arg(c, 0).text, sparkText(written.pattern)), 'VARCHAR');
};

const strptime =
  (isTry: boolean): Handler =>
  (c) => {
    const node = c.nodes[1];
    const formats = node?.kind === 'list' ? node.items.map(literalText) : [literalText(node)];
    const patterns: string[] = [];
    for (const format of formats) {
      if (format === undefined)
        return c.problem(
          `the format of ${c.node.name}() isn’t written out`,
          'Write the format as a text, such as ‘%Y-%m-%d’.',
        );
      const read = readPattern(format);
      if (!read.ok)
        return c.problem(
          `${c.node.name}() can’t read ${read.found} in Spark`,
          'Use %Y, %m, %d, %H, %I, %M, %S, %f, %p, %j, %b or %B; or a cast step with a format.',
        );
      patterns.push(read.pattern);
    }
    const name = isTry || patterns.length > 1 ? 'try_to_timestamp' : 'to_timestamp';
    const ways = patterns.map((each) => made(name, arg(c, 0).text, sparkText(each)));
    return out(ways.length === 1 ? ways.join('') : made('coalesce', ...ways), 'TIMESTAMP');
  };

/** to_days(n) and the like. */
const toInterval =
  (unit: string): Handler =>
  (c) =>
    variableInterval(arg(c, 0), unit);

/** An interval of as many units as an expression says. */
export function variableInterval(count: Out, unit: string): Out {
  const n = familyOf(count.type) === 'int' ? count.text : `CAST(${count.text} AS INT)`;
  const times = (factor: number): string =>
    factor === 1 ? n : `${factor} * ${inside({...count, text: n}, level.multiply)}`;
  const texts: Readonly<Record<string, string>> = {
    year: made('make_ym_interval', n),
    quarter: made('make_ym_interval', '0', times(3)),
    month: made('make_ym_interval', '0', n),
    week: made('make_dt_interval', times(7)),
    day: made('make_dt_interval', n),
    hour: made('make_dt_interval', '0', n),
    minute: made('make_dt_interval', '0', '0', n),
    // Seconds may have fractions.
    second: made('make_dt_interval', '0', '0', '0', count.text),
    millisecond: made('make_dt_interval', '0', '0', '0', `${inside(count, level.multiply)} / 1000`),
    microsecond: made('make_dt_interval', '0', '0', '0', `${inside(count, level.multiply)} / 1000000`),
  };
  return out(texts[unit] ?? '', 'INTERVAL');
}

const epoch: Handler = (c) => {
  const [node] = c.nodes;
  const length = lengthOfLiteral(node);
  if (length?.months === 0) return out(`${length.micros / 1e6}D`, 'DOUBLE');
  if (!isInterval(arg(c, 0))) return partOf(c, 'epoch', arg(c, 0));
  return c.problem(
    'the seconds of an interval can’t be taken in Spark',
    'Write epoch(b) - epoch(a) instead of epoch(b - a).',
  );
};

const epochMs: Handler = (c) => {
  const value = arg(c, 0);
  const family = familyOf(value.type);
  if (family === undefined) return c.unknown(value);
  if (family === 'int') return out(made('timestamp_millis', value.text), 'TIMESTAMP');
  return isInterval(value) ? epoch(c) : out(`${micros(value)} div 1000`, 'BIGINT', level.multiply);
};

// ── lists ──

const listRange =
  (inclusive: boolean): Handler =>
  (c) => {
    const [from, to] = c.args.length === 1 ? [out('0'), arg(c, 0)] : [arg(c, 0), arg(c, 1)];
    if (c.args.length > 2 || c.args.some((value) => familyOf(value.type) !== 'int'))
      return c.problem(
        `${c.node.name}() with a step or of times isn’t handed over as a list`,
        'Write it with two whole numbers, or in FROM.',
      );
    const last = inclusive ? to.text : `${inside(to, level.add)} - 1`;
    return out(
      `if(${inside(from, level.add)} <= ${inside(out(last, '', inclusive ? to.level : level.add), level.add)}, sequence(${from.text}, ${last}), array())`,
      'BIGINT[]',
    );
  };

const listOf =
  (handler: string): Handler =>
  (c) =>
    out(made(handler, ...c.args.map((value) => value.text)), arg(c, 0).type);
const element: Handler = (c) =>
  familyOf(arg(c, 0).type) === 'list'
    ? out(made('try_element_at', arg(c, 0).text, arg(c, 1).text), elementOf(arg(c, 0).type))
    : c.unknown(arg(c, 0));

const struct: Handler = (c) =>
  out(
    made('named_struct', ...c.args.map((value, i) => `${sparkText(c.node.args[i]?.name ?? '')}, ${value.text}`)),
    undefined,
  );

const random = never(
  'it gives other values at every run',
  'Make the value from the row, for instance from md5() of its key.',
);
const divisor = (value: Out, node: Expr | undefined): string =>
  literalNumber(node) !== undefined && literalNumber(node) !== 0
    ? inside(value, level.unary)
    : made('nullif', value.text, '0');

/** `a % b`: NULL where b is zero. */
export const remainder = (a: Out, b: Out, node: Expr | undefined): Out =>
  out(`${inside(a, level.multiply)} % ${divisor(b, node)}`, common(a.type, b.type), level.multiply);
export {divisor};

const sha =
  (bits: number): Handler =>
  (c) =>
    out(made('sha2', arg(c, 0).text, String(bits)), 'VARCHAR');

/** Functions of one row. */
export const scalars: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ...all('abs', likeFirst()),
  ...all(
    'acos asin atan atan2 cbrt cos cot degrees exp ln log2 log10 pi radians sin sqrt tan sinh cosh tanh',
    as('DOUBLE'),
  ),
  ...all('pow power', as('DOUBLE', 'power')),
  [
    'sign',
    (c) =>
      out(
        `CAST(${isNumeric(familyOf(arg(c, 0).type)) && familyOf(arg(c, 0).type) !== 'double' && familyOf(arg(c, 0).type) !== 'float' ? c.keep() : `if(isnan(${arg(c, 0).text}), 0, ${c.keep()})`} AS INT)`,
        'TINYINT',
      ),
  ],
  ['log', (c) => out(c.args.length === 1 ? c.keep('log10') : c.keep(), 'DOUBLE')],
  ['mod', (c) => out(made('mod', arg(c, 0).text, divisor(arg(c, 1), c.nodes[1])), commonType(c))],
  ...all('ceil ceiling', wholeNumber('ceil')),
  ['floor', wholeNumber('floor')],
  ['round', round],
  [
    'trunc',
    (c) =>
      c.args.length > 1
        ? c.problem('trunc() to digits has no counterpart in Spark', 'Use round().')
        : out(`${inside(arg(c, 0), level.add)} - ${inside(arg(c, 0), level.multiply)} % 1`, arg(c, 0).type, level.add),
  ],
  ...all('greatest least coalesce ifnull', unify),
  ['nullif', likeFirst()],
  ['if', (c) => out(c.keep(), common(arg(c, 1).type, arg(c, 2).type))],
  // Spark's isnan(NULL) is false.
  ['isnan', (c) => out(`${inside(arg(c, 0), level.add)} = double('NaN')`, 'BOOLEAN', level.comparison)],
  ['isinf', (c) => out(`abs(${arg(c, 0).text}) = double('Infinity')`, 'BOOLEAN', level.comparison)],
  [
    'isfinite',
    known((c) =>
      isNumeric(familyOf(arg(c, 0).type))
        ? out(`abs(${arg(c, 0).text}) < double('Infinity')`, 'BOOLEAN', level.comparison)
        : c.problem('infinite dates don’t exist in Spark', 'Take isfinite() out.'),
    ),
  ],
  // ── text ──
  ...all('lower lcase', as('VARCHAR', 'lower')),
  ...all('upper ucase', as('VARCHAR', 'upper')),
  ['length', known(listOr(as('BIGINT', 'size'), as('BIGINT')))],
  ['len', known(listOr(as('BIGINT', 'size'), as('BIGINT', 'length')))],
  ...all('char_length character_length', as('BIGINT', 'length')),
  ['strlen', as('BIGINT', 'octet_length')],
  ['trim', trim('both', 'trim')],
  ['ltrim', trim('leading', 'ltrim')],
  ['rtrim', trim('trailing', 'rtrim')],
  ...all('substring substr', substring),
  ['left', edge('left')],
  ['right', edge('right')],
  ...all('lpad rpad replace repeat translate md5 chr', as('VARCHAR')),
  ['reverse', listOr(likeFirst(), as('VARCHAR'))],
  [
    'concat',
    (c) =>
      c.args.some((value) => familyOf(value.type) === 'list')
        ? c.problem(
            'concat() of lists treats NULL in another way in Spark',
            'Use list_concat() on lists that aren’t NULL.',
          )
        : out(made('concat_ws', "''", ...c.args.map(textOf)), 'VARCHAR'),
  ],
  ['concat_ws', (c) => out(made('concat_ws', ...c.args.map(textOf)), 'VARCHAR')],
  ...all('contains', contains),
  ...all('starts_with prefix', as('BOOLEAN', 'startswith')),
  ...all('ends_with suffix', as('BOOLEAN', 'endswith')),
  ...all('instr strpos', (c) => out(made('instr', arg(c, 0).text, arg(c, 1).text), 'BIGINT')),
  ['position', (c) => out(made('instr', arg(c, 1).text, arg(c, 0).text), 'BIGINT')],
  ['ascii', as('INTEGER')],
  ...all('unicode ord', as('INTEGER', 'ascii')),
  ['levenshtein', as('BIGINT')],
  ['sha256', sha(256)],
  ['regexp_matches', regexpMatches],
  [
    'regexp_full_match',
    (c) =>
      literalText(c.nodes[1]) === undefined
        ? notLiteral(c)
        : out(fullMatch(arg(c, 0).text, literalText(c.nodes[1]) ?? ''), 'BOOLEAN'),
  ],
  ['regexp_extract', regexpExtract('regexp_extract', 'VARCHAR')],
  ['regexp_extract_all', regexpExtract('regexp_extract_all', 'VARCHAR[]')],
  ['regexp_replace', regexpReplace],
  ['split_part', splitPart],
  ...all('string_split str_split split string_to_array', split),
  // ── times ──
  ...all('date_part datepart', datePart),
  ['extract', (c) => partOf(c, literalText(c.nodes[0]) ?? '', arg(c, 1))],
  ...all('year', part('year')),
  ...[
    'quarter',
    'month',
    'hour',
    'minute',
    'second',
    'week',
    'weekofyear',
    'isodow',
    'dayofweek',
    'weekday',
    'dayofyear',
    'isoyear',
    'yearweek',
    'decade',
    'millisecond',
    'microsecond',
  ].map((name): [string, Handler] => [name, part(name)]),
  ...all('day dayofmonth', part('day')),
  ['epoch', epoch],
  ['epoch_ms', epochMs],
  ['epoch_us', (c) => out(micros(arg(c, 0)), 'BIGINT')],
  ['epoch_ns', (c) => out(`${micros(arg(c, 0))} * 1000`, 'BIGINT', level.multiply)],
  ['to_timestamp', (c) => out(c.keep('timestamp_seconds'), 'TIMESTAMP WITH TIME ZONE')],
  ['make_timestamp', (c) => out(c.keep(c.args.length === 1 ? 'timestamp_micros' : 'make_timestamp'), 'TIMESTAMP')],
  ['make_date', as('DATE')],
  ['last_day', as('DATE')],
  ['dayname', (c) => out(made('date_format', arg(c, 0).text, "'EEEE'"), 'VARCHAR')],
  ['monthname', (c) => out(made('date_format', arg(c, 0).text, "'MMMM'"), 'VARCHAR')],
  ...all('date_trunc datetrunc', dateTrunc),
  ...all('date_diff datediff', dateDiff),
  ...all('date_sub datesub', dateSub),
  ['time_bucket', timeBucket],
  ['strftime', strftime],
  ['strptime', strptime(false)],
  ['try_strptime', strptime(true)],
  ...['year', 'quarter', 'month', 'week', 'day', 'hour', 'minute', 'second', 'millisecond', 'microsecond'].map(
    (unit): [string, Handler] => [`to_${unit}s`, toInterval(unit)],
  ),
  ...all('current_date today', (c) => out(made('current_date'), 'DATE', c.node.args.length)),
  ...all('now current_timestamp get_current_timestamp', () => out('current_timestamp()', 'TIMESTAMP WITH TIME ZONE')),
  ['age', never('age() has no counterpart in Spark', 'Use date_diff().')],
  // ── lists and structs ──
  ...all('list_value array list_pack', (c) =>
    out(c.keep('array'), arg(c, 0).type === undefined ? undefined : `${commonType(c) ?? 'NULL'}[]`),
  ),
  ...all('list_contains array_contains list_has array_has', contains),
  ...all('list_position array_position list_indexof', (c) =>
    out(`nullif(${made('array_position', arg(c, 0).text, arg(c, 1).text)}, 0)`, 'INTEGER'),
  ),
  ...all('array_length', as('BIGINT', 'size')),
  ...all('list_transform array_transform list_apply apply', (c) =>
    out(c.keep('transform'), arg(c, 1).type === undefined ? undefined : `${arg(c, 1).type}[]`),
  ),
  ...all('list_filter array_filter filter', (c) => out(c.keep('filter'), arg(c, 0).type)),
  ...all('list_sort array_sort', (c) =>
    c.args.length > 1
      ? c.problem(
          'list_sort() with an order can’t be handed over',
          'Use list_sort(list) alone, or list_reverse(list_sort(list)).',
        )
      : listOf('array_sort')(c),
  ),
  ...all('list_reverse array_reverse', listOf('reverse')),
  ...all('list_min array_min', (c) => out(c.keep('array_min'), elementOf(arg(c, 0).type))),
  ...all('list_max array_max', (c) => out(c.keep('array_max'), elementOf(arg(c, 0).type))),
  ['flatten', (c) => out(c.keep(), elementOf(arg(c, 0).type))],
  ...all('list_extract list_element array_extract', element),
  ...all('array_to_string', as('VARCHAR', 'array_join')),
  ['range', listRange(false)],
  ['generate_series', listRange(true)],
  [
    'unnest',
    (c) =>
      familyOf(arg(c, 0).type) === 'struct'
        ? c.problem('unnest() of a struct can’t be handed over', 'Name the fields: s.a, s.b.')
        : out(made('explode', arg(c, 0).text), elementOf(arg(c, 0).type)),
  ],
  ['struct_pack', struct],
  [
    'struct_extract',
    (c) =>
      out(
        `${arg(c, 0).text}.\`${literalText(c.nodes[1]) ?? ''}\``,
        fieldOf(arg(c, 0).type, literalText(c.nodes[1]) ?? ''),
      ),
  ],
  // ── GROUP BY ──
  ...all('rollup cube', as(undefined)),
  // ── never ──
  ...all('random uuid gen_random_uuid uuidv4 uuidv7 setseed', random),
  ...all('hash', never('hash() gives other numbers in Spark', 'Use md5() or sha256(), which are the same in both.')),
  ...all('typeof', never('types have other names in Spark', 'Write the name you need as a text.')),
  ...all('error', never('error() has no counterpart', 'Use a validate step that stops.')),
  ...all('columns', never('columns picked by a pattern depend on the table', 'Name the columns.')),
]);

// ── aggregates and window functions ──

const aggregate =
  (type: string | ((value: Out) => string | undefined), name?: string): Handler =>
  (c) =>
    out(c.keep(name) + c.suffix, typeof type === 'string' ? type : type(arg(c, 0)));

const ofFirst = (value: Out): string | undefined => value.type;

/** DISTINCT kept, with the argument’s text replaced. */
const over = (c: CallContext, name: string, text: string): string =>
  `${name}(${c.node.distinct ? 'DISTINCT ' : ''}${text})${c.suffix}`;

const sum: Handler = (c) => {
  const value = arg(c, 0);
  const family = familyOf(value.type);
  if (family === 'bool') return out(over(c, 'sum', `CAST(${value.text} AS INT)`), 'HUGEINT');
  return out(
    c.keep('sum') + c.suffix,
    family === 'int'
      ? 'HUGEINT'
      : family === 'decimal'
        ? value.type?.replace(/\d+/, '38')
        : family === undefined
          ? undefined
          : 'DOUBLE',
  );
};

const avg: Handler = (c) => {
  const value = arg(c, 0);
  const family = familyOf(value.type);
  if (family === 'int' || family === 'double' || family === 'float') return out(c.keep('avg') + c.suffix, 'DOUBLE');
  if (family !== undefined && family !== 'decimal' && family !== 'null')
    return c.problem(
      `the mean of ${value.type ?? 'it'} can’t be taken in Spark`,
      'Take the mean of epoch(x), or of a number.',
    );
  return out(over(c, 'avg', `CAST(${value.text} AS DOUBLE)`), 'DOUBLE');
};

const middle =
  (name: string): Handler =>
  (c) => {
    const value = arg(c, 0);
    const family = familyOf(value.type);
    if (family === undefined) return c.unknown(value);
    if (family === 'decimal')
      return c.problem(
        `${c.node.name}() of decimals is cut to their digits in DuckDB and isn’t in Spark`,
        `Write ${c.node.name}(x::DOUBLE …).`,
      );
    if (!isNumeric(family))
      return c.problem(`${c.node.name}() of ${value.type ?? ''} has no counterpart in Spark`, 'Use it on numbers.');
    const type = family === 'int' ? 'DOUBLE' : value.type;
    const text = c.args.length > 1 ? made(name, value.text, arg(c, 1).text) : made(name, value.text);
    return out(family === 'float' ? `CAST(${text}${c.suffix} AS FLOAT)` : text + c.suffix, type);
  };

const discrete: Handler = (c) =>
  isNumeric(familyOf(arg(c, 0).type))
    ? out(`percentile_disc(${arg(c, 1).text}) WITHIN GROUP (ORDER BY ${arg(c, 0).text})${c.suffix}`, arg(c, 0).type)
    : c.problem('quantile_disc() is for numbers in Spark', 'Use it on numbers.');

const by =
  (name: string): Handler =>
  (c) =>
    c.args.length > 2
      ? c.problem(
          `${c.node.name}() of several rows can’t be handed over`,
          'Number the rows with row_number() and keep the first ones.',
        )
      : out(
          made(name, arg(c, 0).text, arg(c, 1).text) +
            c.suffixWhere(`${inside(arg(c, 0), level.comparison)} IS NOT NULL`),
          arg(c, 0).type,
        );

const unordered = (c: CallContext): Out =>
  c.problem(
    `${c.node.name}() without ORDER BY goes by the rows’ order, and Spark’s tables have none`,
    `Write ${c.node.name}(x ORDER BY …), or arg_min(x, y) for the row with the least y.`,
  );

/** first(x ORDER BY y) is the x of the least y. */
const first =
  (isFirst: boolean): Handler =>
  (c) => {
    const [item] = c.node.order;
    if (c.node.over !== undefined)
      return c.node.over.order.length === 0 && !c.node.over.bare
        ? unordered(c)
        : out(c.keep(isFirst ? 'first_value' : 'last_value') + c.suffix, arg(c, 0).type);
    if (item?.value === undefined || c.node.order.length > 1 || item.nulls !== undefined || !isFirst)
      return unordered(c);
    return out(made(item.descending ? 'max_by' : 'min_by', arg(c, 0).text, c.key) + c.suffix, arg(c, 0).type);
  };

const list: Handler = (c) => {
  const [value, [item]] = [arg(c, 0), c.node.order];
  const type = value.type === undefined ? undefined : `${value.type}[]`;
  if (item?.value === undefined || c.node.order.length > 1 || c.node.distinct || item.nulls !== undefined)
    return unordered(c);
  const key = c.key;
  // Spark leaves NULL out of lists: in a struct it stays.
  const pairs = `collect_list(struct(${item.descending ? `${key} AS k` : `${key} IS NULL AS n, ${key} AS k`}, ${value.text} AS v))${c.suffix}`;
  return out(`transform(sort_array(${pairs}${item.descending ? ', false' : ''}), x -> x.v)`, type);
};

const stringAgg: Handler = (c) => {
  if (c.order === '') return unordered(c);
  const separator = c.args[1]?.text ?? "','";
  return out(
    `listagg(${c.node.distinct ? 'DISTINCT ' : ''}${textOf(arg(c, 0))}, ${separator}) WITHIN GROUP (ORDER BY ${c.order})${c.suffix}`,
    'VARCHAR',
  );
};

/** Without variation there is no correlation: NaN in DuckDB, an error in Spark. */
const corr: Handler = (c) => {
  const [a, b] = [arg(c, 0).text, arg(c, 1).text];
  const spread = (x: string, y: string): string => `stddev_pop(if(${y} IS NULL, NULL, ${x}))${c.suffix}`;
  const found = `covar_pop(${a}, ${b})${c.suffix} / nullif(${spread(a, b)} * ${spread(b, a)}, 0)`;
  return out(`coalesce(${found}, if(regr_count(${a}, ${b})${c.suffix} > 0, double('NaN'), NULL))`, 'DOUBLE');
};

const ordered =
  (type: string | ((value: Out) => string | undefined)): Handler =>
  (c) => {
    const window = c.node.over;
    if (window === undefined)
      return c.problem(`${c.node.name}() needs OVER (…)`, 'Add OVER (PARTITION BY … ORDER BY …).');
    if (!window.bare && window.name === undefined && window.order.length === 0)
      return c.problem(
        `${c.node.name}() without ORDER BY goes by the rows’ order, and Spark’s tables have none`,
        'Add ORDER BY to its OVER (…).',
      );
    return aggregate(type)(c);
  };

const several = never(
  'what it gives is defined in another way in Spark',
  'Work it out from count, sum, avg and stddev.',
);
const approximate = never(
  'it is an approximation, and Spark’s is another',
  'Use the exact one: count(DISTINCT x), quantile_cont(x, q).',
);

const minMax: Handler = (c) =>
  c.args.length > 1
    ? c.problem(
        `${c.node.name}() of several rows can’t be handed over`,
        'Number the rows with row_number() and keep the first ones.',
      )
    : out(c.keep() + c.suffix, arg(c, 0).type);

/** Functions of many rows. */
export const aggregates: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['count', (c) => out((c.args.length === 0 && !c.node.star ? 'count(*)' : c.keep()) + c.suffix, 'BIGINT')],
  ['count_star', (c) => out(`count(*)${c.suffix}`, 'BIGINT')],
  ...all('count_if countif', aggregate('HUGEINT', 'count_if')),
  ...all('sum fsum kahan_sum sumkahan', sum),
  ...all('avg mean favg', avg),
  ...all('min max', minMax),
  ...all('stddev stddev_samp stddev_pop var_pop var_samp covar_pop covar_samp', aggregate('DOUBLE')),
  ...all('variance', aggregate('DOUBLE', 'var_samp')),
  ['regr_count', aggregate('BIGINT')],
  ['corr', corr],
  ...all('bool_and bool_or', aggregate('BOOLEAN')),
  ...all('bit_and bit_or bit_xor', aggregate(ofFirst)),
  ['median', middle('median')],
  ...all('quantile_cont percentile_cont', middle('percentile')),
  ...all('quantile_disc quantile', discrete),
  ...all('arg_min argmin min_by', by('min_by')),
  ...all('arg_max argmax max_by', by('max_by')),
  // Any of them will do, but not NULL where there is another.
  ['any_value', (c) => out(made('any_value', arg(c, 0).text, 'true') + c.suffix, arg(c, 0).type)],
  ...all('first arbitrary', first(true)),
  ['last', first(false)],
  ...all('list array_agg', list),
  ...all('string_agg group_concat listagg', stringAgg),
  ['geomean', (c) => out(`exp(avg(ln(${arg(c, 0).text}))${c.suffix})`, 'DOUBLE')],
  [
    'mode',
    never(
      'among values that are equally frequent DuckDB takes the first, and Spark any',
      'Count them, and take the first by count and value: ORDER BY count(*) DESC, x LIMIT 1.',
    ),
  ],
  ['product', never('Spark SQL has no product()', 'Write exp(sum(ln(x))) for positive numbers.')],
  ...all(
    'skewness kurtosis kurtosis_pop mad entropy sem histogram regr_slope regr_intercept regr_r2 regr_avgx regr_avgy regr_sxx regr_syy regr_sxy',
    several,
  ),
  ...all('approx_count_distinct approx_quantile approx_top_k reservoir_quantile', approximate),
  // ── window functions ──
  ...all('row_number ntile', ordered('BIGINT')),
  ...all('rank dense_rank', ordered('BIGINT')),
  ...all('percent_rank cume_dist', ordered('DOUBLE')),
  ...all('lag lead first_value last_value nth_value', ordered(ofFirst)),
]);

/** A length of time as Spark writes it, or a problem. */
export function intervalOut(length: Length | undefined, problem: (message: string, hint: string) => Out): Out {
  const text = length === undefined ? undefined : sparkInterval(length);
  return text === undefined
    ? problem(
        'this interval can’t be written in Spark',
        'Write months and days apart, with whole numbers: + INTERVAL 1 MONTH + INTERVAL 2 DAY.',
      )
    : out(text, 'INTERVAL');
}
