import {checkExpression} from '../sql/lexer.ts';
import {closest, list} from '../lib/text.ts';
import type {ColumnFamily, Control, Param, ParamProblem, Params, Read, Values} from './control.ts';
import {parseDuration, type Duration} from './duration.ts';

export type {ColumnFamily, Control, Param, ParamProblem, Params, Read, Values} from './control.ts';
export type {Duration} from './duration.ts';

interface Words<T> {
  readonly label: string;
  readonly help?: string;
  readonly default?: T;
  readonly when?: Param<T>['when'];
  readonly later?: boolean;
}

const good = <T>(value: T): Read<T> => ({ok: true, value});
const bad = (path: string, message: string, hint?: string): Read<never> => ({
  ok: false,
  problems: [{path, message, ...(hint === undefined ? {} : {hint})}],
});
const show = (found: unknown): string => (found === null ? 'nothing' : (JSON.stringify(found) ?? typeof found));

/** A parameter the notebook has to give unless `words.default` is there. `empty` is what a new cell starts from. */
function param<T>(control: Control, words: Words<T>, empty: T, read: Param<T>['read']): Param<T> {
  const required = !('default' in words);
  return {
    control,
    label: words.label,
    default: words.default ?? empty,
    required,
    read,
    ...(words.help === undefined ? {} : {help: words.help}),
    ...(words.when === undefined ? {} : {when: words.when}),
    ...(words.later === undefined ? {} : {later: words.later}),
  };
}

const readText: Param<string>['read'] = (found, path) =>
  typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean' || typeof found === 'bigint'
    ? good(String(found))
    : bad(path, `${path} takes a text, and this is ${show(found)}.`);

const readDuration = (found: unknown, path: string): Read<Duration> => {
  const value = typeof found === 'string' ? parseDuration(found) : undefined;
  return value === undefined
    ? bad(path, `${path} takes a span of time, and this is ${show(found)}.`, 'Write 30s, 15m, 1h or 7d.')
    : good(value);
};

const readTexts: Param<readonly string[]>['read'] = (found, path) =>
  typeof found === 'string' || typeof found === 'number'
    ? good([String(found)])
    : readList(found, path, readText, 'a list');

function readList<T>(found: unknown, path: string, read: Param<T>['read'], what: string): Read<readonly T[]> {
  if (!Array.isArray(found)) return bad(path, `${path} takes ${what}, and this is ${show(found)}.`, 'Write [a, b].');
  const results = found.map((item: unknown, i) => read(item, `${path}[${i + 1}]`));
  return collect(results, (values) => values);
}

function collect<T, U>(results: readonly Read<T>[], make: (values: readonly T[]) => U): Read<U> {
  const problems = results.flatMap((result) => (result.ok ? [] : result.problems));
  if (problems.length > 0) return {ok: false, problems};
  return good(make(results.flatMap((result) => (result.ok ? [result.value] : []))));
}

const readChoice =
  <const O extends readonly string[]>(options: O): Param<O[number]>['read'] =>
  (found, path) => {
    // YAML reads a bare null, true or false as itself, and they are words here.
    const word = found === null || typeof found === 'boolean' ? String(found) : found;
    const match = options.find((option) => option === word);
    if (match !== undefined) return good(match);
    const near = typeof found === 'string' ? closest(found, options) : undefined;
    return bad(
      path,
      `${path} is ${show(found)}; it takes ${list(options)}.`,
      near === undefined ? undefined : `Did you mean ${near}?`,
    );
  };

const isRecord = (found: unknown): found is Record<string, unknown> =>
  found !== null && typeof found === 'object' && !Array.isArray(found);

const takesNull = (control: Control): boolean => control.kind === 'choice' && control.options.includes('null');

/** Reads an object by its parameters; keys that are none of them are problems. */
export function readParams<P extends Params>(params: P, found: unknown, path = ''): Read<Values<P>> {
  if (!isRecord(found))
    return bad(path, `${path || 'The body'} takes “name: value” lines, and this is ${show(found)}.`);
  const prefix = path === '' ? '' : `${path}.`;
  const problems: ParamProblem[] = Object.keys(found)
    .filter((key) => !(key in params))
    .map((key) => {
      const near = closest(key, Object.keys(params));
      return {
        path: prefix + key,
        message: `There is no parameter ${key}.`,
        hint: near === undefined ? `It takes ${list(Object.keys(params))}.` : `Did you mean ${near}?`,
      };
    });
  const values: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(params)) {
    const value = found[name];
    if (value === undefined || (value === null && !takesNull(spec.control))) {
      if (spec.required)
        problems.push({
          path: prefix + name,
          message: `${prefix}${name} is missing.`,
          hint: spec.help ?? `Give ${spec.label.toLowerCase()}.`,
        });
      else values[name] = spec.default;
      continue;
    }
    const result = spec.read(value, prefix + name);
    if (result.ok) values[name] = result.value;
    else problems.push(...result.problems);
  }
  // The loop above has read each parameter with its own reader, so the record has the inferred type.
  return problems.length > 0 ? {ok: false, problems} : good(values as Values<P>);
}

/** The builders a step declares its parameters with. `default: …` makes one optional. */
export const p = {
  text: (words: Words<string> & {placeholder?: string}): Param<string> =>
    param(
      {kind: 'text', ...(words.placeholder === undefined ? {} : {placeholder: words.placeholder})},
      words,
      '',
      readText,
    ),

  texts: (words: Words<readonly string[]>): Param<readonly string[]> => param({kind: 'texts'}, words, [], readTexts),

  number: (words: Words<number> & {min?: number; max?: number; integer?: boolean}): Param<number> => {
    const {min, max, integer} = words;
    const control: Control = {
      kind: 'number',
      ...(min === undefined ? {} : {min}),
      ...(max === undefined ? {} : {max}),
      ...(integer === undefined ? {} : {integer}),
    };
    return param(control, words, min ?? 0, (found, path) => {
      const value = typeof found === 'bigint' ? Number(found) : found;
      if (typeof value !== 'number' || Number.isNaN(value))
        return bad(path, `${path} takes a number, and this is ${show(found)}.`);
      if (integer === true && !Number.isInteger(value))
        return bad(path, `${path} takes a whole number, and this is ${value}.`);
      if (min !== undefined && value < min) return bad(path, `${path} is ${value}; the smallest it takes is ${min}.`);
      if (max !== undefined && value > max) return bad(path, `${path} is ${value}; the largest it takes is ${max}.`);
      return good(value);
    });
  },

  /** A number that may be left out, and is undefined then. */
  optionalNumber: (
    words: Omit<Words<number>, 'default'> & {min?: number; max?: number; integer?: boolean},
  ): Param<number | undefined> => ({
    ...p.number({...words, default: 0}),
    default: undefined,
  }),

  flag: (words: Words<boolean>): Param<boolean> =>
    param({kind: 'flag'}, words, false, (found, path) =>
      typeof found === 'boolean' ? good(found) : bad(path, `${path} takes true or false, and this is ${show(found)}.`),
    ),

  choice: <const O extends readonly [string, ...string[]]>(options: O, words: Words<O[number]>): Param<O[number]> =>
    param({kind: 'choice', options}, words, options[0], readChoice(options)),

  choices: <const O extends readonly string[]>(
    options: O,
    words: Words<readonly O[number][]>,
  ): Param<readonly O[number][]> =>
    param({kind: 'choices', options}, words, [], (found, path) =>
      readList(typeof found === 'string' ? [found] : found, path, readChoice(options), 'a list'),
    ),

  column: (words: Words<string> & {types?: ColumnFamily}): Param<string> =>
    param({kind: 'column', ...(words.types === undefined ? {} : {types: words.types})}, words, '', readText),

  columns: (words: Words<readonly string[]> & {types?: ColumnFamily}): Param<readonly string[]> =>
    param({kind: 'columns', ...(words.types === undefined ? {} : {types: words.types})}, words, [], readTexts),

  duration: (words: Words<Duration | undefined>): Param<Duration | undefined> =>
    param<Duration | undefined>({kind: 'duration'}, words, undefined, readDuration),
  durations: (words: Words<readonly Duration[]>): Param<readonly Duration[]> =>
    param({kind: 'texts'}, words, [], (found, path) =>
      readList(typeof found === 'string' ? [found] : found, path, readDuration, 'a list of spans of time'),
    ),

  expression: (words: Words<string>): Param<string> =>
    param({kind: 'expression'}, words, '', (found, path) => {
      const read = readText(found, path);
      if (!read.ok) return read;
      const checked = checkExpression(read.value);
      return checked.ok ? good(checked.value) : bad(path, `${path}: ${checked.error.message}`, checked.error.hint);
    }),

  cell: (words: Words<string>): Param<string> => param({kind: 'cell'}, words, '', readText),
  cells: (words: Words<readonly string[]>): Param<readonly string[]> => param({kind: 'cells'}, words, [], readTexts),
  files: (words: Words<readonly string[]>): Param<readonly string[]> => param({kind: 'files'}, words, [], readTexts),

  /** The name of a table of the lake: one that SQL takes without quotes. */
  table: (words: Words<string>): Param<string> =>
    param({kind: 'table'}, words, '', (found, path) =>
      typeof found === 'string' && /^[A-Za-z_][A-Za-z0-9_]*$/.test(found)
        ? good(found)
        : bad(
            path,
            `${path} takes the name of a table, and this is ${show(found)}.`,
            'Write letters, digits and _, with no digit first: daily_readings.',
          ),
    ),

  /** Name → fields. With `short`, `name: value` stands for `name: {short: value}`. */
  map: <F extends Params>(
    keys: 'column' | 'name',
    fields: F,
    words: Words<Readonly<Record<string, Values<F>>>> & {short?: keyof F & string},
  ): Param<Readonly<Record<string, Values<F>>>> => {
    const {short} = words;
    return param<Readonly<Record<string, Values<F>>>>(
      {kind: 'map', keys, fields, ...(short === undefined ? {} : {short})},
      words,
      {},
      (found, path) => {
        if (!isRecord(found)) return bad(path, `${path} takes “name: value” lines, and this is ${show(found)}.`);
        const entries = Object.entries(found).map(([name, value]): Read<readonly [string, Values<F>]> => {
          const body = short !== undefined && !isRecord(value) ? {[short]: value} : value;
          const result = readParams(fields, body, `${path}.${name}`);
          return result.ok ? good([name, result.value] as const) : result;
        });
        return collect(entries, (pairs) => Object.fromEntries(pairs));
      },
    );
  },

  items: <F extends Params>(fields: F, words: Words<readonly Values<F>[]>): Param<readonly Values<F>[]> =>
    param<readonly Values<F>[]>({kind: 'items', fields}, words, [], (found, path) =>
      readList(
        isRecord(found) ? [found] : found,
        path,
        (item, itemPath) => readParams(fields, item, itemPath),
        'a list',
      ),
    ),

  /** One object, undefined when the notebook leaves it out. */
  group: <F extends Params>(fields: F, words: {label: string; help?: string}): Param<Values<F> | undefined> =>
    param<Values<F> | undefined>({kind: 'group', fields}, {...words, default: undefined}, undefined, (found, path) =>
      readParams(fields, found, path),
    ),
};
