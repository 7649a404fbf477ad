import {closest, list} from '../../src/lib/text.ts';
import type {WorkerError} from '../contract/outcome.ts';

/** An error on its way to a caller's Outcome. */
export class EngineError extends Error {
  constructor(
    readonly problem: WorkerError,
    options?: ErrorOptions,
  ) {
    super(problem.message, options);
    this.name = 'EngineError';
  }
}

type Explained = Omit<WorkerError, 'sql'>;

interface Rule {
  readonly pattern: RegExp;
  readonly explain: (match: RegExpExecArray, text: string) => Explained;
}

/** What any thrown value means to a person. DuckDB's own words are kept where they are the evidence. */
export function explain(thrown: unknown, sql?: string): WorkerError {
  if (thrown instanceof EngineError) return thrown.problem;
  const text = duckdbText(thrown instanceof Error ? thrown.message : String(thrown));
  const crashed = thrown instanceof Error && thrown.name === 'RuntimeError';
  const problem = crashed || broken.test(text) ? crash(text) : firstRule(text);
  const line = /^LINE (\d+):/m.exec(text)?.[1];
  return {
    ...problem,
    ...(line === undefined || problem.where?.file !== undefined ? {} : {where: {...problem.where, line: Number(line)}}),
    ...(sql === undefined ? {} : {sql}),
  };
}

// After these DuckDB answers nothing any more, or every answer is in doubt.
const broken =
  /memory access out of bounds|table index is out of bounds|unreachable|null function|Aborted\(|bad_alloc|^(INTERNAL|FATAL) Error|database has been invalidated/i;

const crash = (text: string): Explained => ({
  code: 'ENGINE_CRASHED',
  message: `The engine broke down: ${sentence(text)}.`,
  hint: 'It most likely ran out of memory. It is started again and your cells are kept: run them again, on fewer rows or columns if it repeats.',
  fatal: true,
});

/** One form for the three in which errors arrive: plain text, JSON, and either of them inside a sentence about a status code. */
function duckdbText(message: string): string {
  const inner = message.replace(
    /^Unexpected StatusCode from duckdb_web_query_fetch_results \(\d+\) and with self reported error as/,
    '',
  );
  if (!inner.startsWith('{"exception_type"')) return inner;
  try {
    const {exception_type: type, exception_message: said} = JSON.parse(inner) as {
      exception_type: string;
      exception_message: string;
    };
    return `${type} Error: ${said}`;
  } catch {
    return inner;
  }
}

/** The first paragraph without the name of its kind, its full stop and LINE excerpts. */
const sentence = (text: string): string =>
  (text.replace(/^[A-Za-z ]+ Error: /, '').split(/\n\s*\n|\nLINE \d/)[0] ?? '')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/[.!]$/, '');

const names = (quoted: string): string[] => [...quoted.matchAll(/"((?:[^"]|"")*)"/g)].map(([, name]) => name ?? '');

const didYouMean = (name: string, candidates: readonly string[]): string | undefined => {
  const near = closest(
    name,
    candidates.map((candidate) => candidate.split('.').at(-1) ?? candidate),
  );
  return near === undefined ? undefined : `Did you mean ${near}?`;
};

/** `text` is the engine's, which ends with the line of the query. */
function missingColumn(name: string, candidates: readonly string[], text: string): Explained {
  const isQuoted = /\nLINE \d+:([^\n]*)/.exec(text)?.[1]?.includes(`"${name}"`) === true;
  const hint =
    didYouMean(name, candidates) ??
    (isQuoted
      ? `Double quotes name a column; a text stands in single quotes: '${name.replaceAll("'", "''")}'.`
      : undefined) ??
    (candidates.length === 0 ? 'Check its name in the cell above.' : `There is ${list(candidates)}.`);
  return {code: 'COLUMN_NOT_FOUND', message: `There is no column named ${name}.`, hint, where: {column: name}};
}

const offline = (what: string): Explained => ({
  code: 'ENGINE_OFFLINE',
  message: `${what} The engine has no network, so nothing was fetched.`,
  hint: 'Add the file to the workspace, by its address if it is on the web, and load it from there.',
});

const sqlTypes: Readonly<Record<string, string>> = {
  INT8: 'TINYINT',
  INT16: 'SMALLINT',
  INT32: 'INTEGER',
  INT64: 'BIGINT',
  INT128: 'HUGEINT',
  BOOL: 'BOOLEAN',
};
const typeText = (type: string): string => sqlTypes[type] ?? type;

const tryCast =
  'Use TRY_CAST to get NULL where a value can’t be read, or a cast step, which can keep such rows as rejects.';
const utcHint = 'Times are UTC here: cast a TIMESTAMP WITH TIME ZONE to TIMESTAMP first.';
const isAddress = (name: string): boolean => /^\w+:\/\//.test(name);

const extensionHints: Readonly<Record<string, string>> = {
  icu: utcHint,
  parquet: 'Read Parquet files with a load step, and write them with Export.',
  json: 'Read JSON files with a load step: objects become structs.',
  encodings: 'Give the encoding in a load step, which knows more of them.',
};

function missingTable(name: string, candidate: string | undefined): Explained {
  if (isAddress(name)) return offline(`${name} is an address, and the engine reads files of the workspace.`);
  if (/\.(csv|tsv|txt|jsonl?|ndjson|parquet|gz|xlsx?|db|sqlite|duckdb)$/i.test(name))
    return {
      code: 'FILE_NOT_READ',
      message: `${name} can’t be read inside SQL.`,
      hint: 'Load it with a load step and name that step here.',
      where: {file: name},
    };
  const hint =
    (candidate === undefined ? undefined : didYouMean(name, [candidate])) ??
    'Check its name, or run the cell that makes it first.';
  return {code: 'TABLE_NOT_FOUND', message: `There is no table named ${name}.`, hint};
}

// The first pattern that fits decides, so the particular ones come before the general ones.
const rules: readonly Rule[] = [
  {
    // A step's own stop, raised with error(): its message belongs to the step and stays whole.
    pattern: /^Invalid Input Error: (\[\[[A-Z_]+\|[\s\S]*)$/,
    explain: ([, message = '']) => ({code: 'STOPPED', message}),
  },
  {
    pattern: /required extension '(\w+)'|exists in the (\w+) extension|Extension \S*?(\w+)\.duckdb_extension/,
    explain: ([, a, b, c]) => {
      const name = a ?? b ?? c ?? '';
      return {
        code: 'EXTENSION_MISSING',
        message: `This needs DuckDB’s ${name} extension, which is not part of the page; nothing was fetched.`,
        hint: extensionHints[name] ?? 'Write it with the functions that are built in.',
      };
    },
  },
  {
    pattern:
      /^Catalog Error: (?:Table|View)(?: Function)? with name "?(\S.*?)"? does not exist(?:!\s*Did you mean "(.+?)"\?)?/,
    explain: ([, name = '', candidate]) => missingTable(name, candidate),
  },
  {
    pattern: /^Catalog Error: (?:Scalar |Aggregate |Table |Macro |Pragma )*Function with name "?(.+?)"? does not exist/,
    explain: ([, name = ''], text) => ({
      code: 'FUNCTION_NOT_FOUND',
      message: `There is no function named ${name}.`,
      hint:
        didYouMean(name, names(/Did you mean (.*)\?/.exec(text)?.[1] ?? '')) ??
        'Check its name; functions of DuckDB’s extensions are not available here.',
    }),
  },
  {
    pattern: /^Catalog Error: .*?name "?(.+?)"? already exists/,
    explain: ([, name = '']) => ({
      code: 'NAME_EXISTS',
      message: `${name} exists already.`,
      hint: 'Choose another name.',
    }),
  },
  {
    pattern:
      /^Binder Error: (?:Referenced column "((?:[^"]|"")*)" (?:was )?not found|Table ".*?" does not have a column named "((?:[^"]|"")*)"|Column "((?:[^"]|"")*)" in \w+ list not found)/,
    explain: ([, a, b, c], text) =>
      missingColumn(a ?? b ?? c ?? '', names(/Candidate bindings:(.*)/.exec(text)?.[1] ?? ''), text),
  },
  {
    pattern: /^Binder Error: Referenced table "(.*?)" not found!/,
    explain: ([, name = ''], text) => {
      const tables = names(/Candidate tables:(.*)/.exec(text)?.[1] ?? '');
      return {
        code: 'TABLE_NOT_FOUND',
        message: `There is no table named ${name} in this query.`,
        hint: didYouMean(name, tables) ?? (tables.length === 0 ? 'Check its name.' : `It reads ${list(tables)}.`),
      };
    },
  },
  {
    pattern: /^Binder Error: Ambiguous reference to column name "(.*?)" \(use: (.*)\)/,
    explain: ([, name = '', uses = '']) => ({
      code: 'AMBIGUOUS_COLUMN',
      message: `More than one table has a column named ${name}.`,
      hint: `Write ${names(uses).join(' or ')}.`,
      where: {column: name},
    }),
  },
  {
    pattern: /^Binder Error: column "(.*?)" must appear in the GROUP BY/,
    explain: ([, name = '']) => ({
      code: 'NOT_GROUPED',
      message: `Column ${name} is neither in GROUP BY nor inside an aggregate such as avg().`,
      hint: `Add ${name} to GROUP BY, or write any_value(${name}).`,
      where: {column: name},
    }),
  },
  {
    pattern:
      /^Binder Error: (?:No function matches the given name and argument types|Could not choose a best candidate function for the function call) ['"](.*?)\((.*)\)['"]/,
    explain: ([, name = '', types = '']) => ({
      code: 'TYPE_MISMATCH',
      message: `${name} doesn’t work on ${list(types.replaceAll('STRING_LITERAL', 'a text').replaceAll('INTEGER_LITERAL', 'a number').split(', ')) || 'nothing'}.`,
      hint: types.includes('WITH TIME ZONE') ? utcHint : 'Cast the column to the type it needs first.',
    }),
  },
  {
    pattern: /^Binder Error: Invalid named parameter "(.*?)" for function (\w+)\nCandidates:\n([\s\S]*?)\n\n/,
    explain: ([, name = '', of = '', candidates = '']) => ({
      code: 'OPTION_NOT_FOUND',
      message: `${of} has no option named ${name}.`,
      hint:
        didYouMean(
          name,
          candidates.split('\n').map((line) => line.trim().split(' ')[0] ?? ''),
        ) ?? 'Check its name in DuckDB’s documentation.',
    }),
  },
  {
    pattern: /^Parser Error: (.*) at (?:or near "([\s\S]*?)"(?:\n|$)|end of input)/,
    explain: ([, what = '', near]) => ({
      code: 'SYNTAX_ERROR',
      message:
        near === undefined
          ? 'The SQL ends too early.'
          : `The SQL can’t be read at “${near.slice(0, 80)}”${what === 'syntax error' ? '' : ` (${what})`}.`,
      hint:
        near === undefined
          ? 'A bracket or an END may be missing.'
          : 'Look just before it: a word may be misspelt, or a comma, quote or bracket missing.',
    }),
  },
  {
    pattern: /^\w[\w ]* Error: CSV Error on Line: (\d+)\n(?:Original Line:[^\n]*\n)?([^\n]*)/,
    explain: ([, line = '0', what = ''], text) => {
      const file = /^ {2}file = (.*)$/m.exec(text)?.[1];
      const column = /^Error when converting column "((?:[^"]|"")*)"/.exec(what)?.[1];
      return {
        code: 'CSV_ERROR',
        message: `Line ${line}${file === undefined ? '' : ` of ${file}`} can’t be read: ${sentence(what)}.`,
        hint: 'Check the delimiter, quote, encoding and types; rows that can’t be read may also be kept as rejects.',
        where: {line: Number(line), ...(file === undefined ? {} : {file}), ...(column === undefined ? {} : {column})},
      };
    },
  },
  {
    pattern: /^Invalid Input Error: Error when sniffing file "(.*?)"/,
    explain: ([, file = '']) => ({
      code: 'CSV_NOT_UNDERSTOOD',
      message: `${file} could not be understood as a CSV file.`,
      hint: 'Set the delimiter, the quote and the lines to skip by hand; the encoding may differ too.',
      where: {file},
    }),
  },
  {
    pattern:
      /^Conversion Error: Could not convert \w+ ['"]([\s\S]*?)['"] to ['"]?([\w ]+?(?:\(.*?\))?)['"]?(?: when casting from source column (.*))?(?:\n|$)/,
    explain: ([, value = '', type = '', column]) => ({
      code: 'CAST_FAILED',
      message: `“${value.slice(0, 80)}”${column === undefined ? '' : ` in column ${column}`} can’t be read as ${typeText(type)}.`,
      hint: tryCast,
      ...(column === undefined ? {} : {where: {column}}),
    }),
  },
  {
    pattern: /^Invalid Input Error: Could not parse string "([\s\S]*?)" according to format specifier "(.*?)"/,
    explain: ([, value = '', format = '']) => ({
      code: 'CAST_FAILED',
      message: `“${value.slice(0, 80)}” is not written as ${format}.`,
      hint: 'Use try_strptime to get NULL for such texts, or a cast step, which can keep such rows as rejects.',
    }),
  },
  {
    pattern: /^Conversion Error: /,
    explain: (_, text) => {
      const column = / when casting from source column (.*)$/m.exec(text)?.[1];
      return {
        code: 'CAST_FAILED',
        message: `A value${column === undefined ? '' : ` of column ${column}`} can’t be converted: ${sentence(text).replace(/ when casting from source column .*/, '')}.`,
        hint: tryCast,
        ...(column === undefined ? {} : {where: {column}}),
      };
    },
  },
  {
    pattern: /^Out of Memory Error: /,
    explain: (_, text) => {
      const used = /\((.*? used)\)/.exec(text)?.[1];
      return {
        code: 'OUT_OF_MEMORY',
        message: `This needs more memory than the engine has${used === undefined ? '' : ` (${used})`}.`,
        hint: 'Keep fewer columns or rows before this cell, or remove cells whose results you no longer need.',
      };
    },
  },
  {
    pattern:
      /^IO Error: No files found that match the pattern "(.*?)"|Opening file '(.*?)' failed|No network for '(.*?)'/,
    explain: ([, a, b, c]) => {
      const file = a ?? b ?? c ?? '';
      if (isAddress(file)) return offline(`${file} is an address, and the engine reads files of the workspace.`);
      return {
        code: 'FILE_NOT_FOUND',
        message: `There is no file named ${file} in the workspace.`,
        hint: 'Drop the file on the page, or check its name.',
        where: {file},
      };
    },
  },
  {
    pattern: /^Out of Range Error: (.*Overflow)?/i,
    explain: ([, overflow], text) =>
      overflow === undefined
        ? {
            code: 'OUT_OF_RANGE',
            message: `A value can’t be computed: ${sentence(text)}.`,
            hint: 'Filter such rows out first, or use CASE to give NULL for them.',
          }
        : {
            code: 'OUT_OF_RANGE',
            message: `A number became too large: ${sentence(text)}.`,
            hint: 'Cast to DOUBLE or HUGEINT before calculating.',
          },
  },
  {
    pattern: /configuration has been locked|^Permission Error: /,
    explain: (_, text) => ({
      code: 'NOT_ALLOWED',
      message: `${sentence(text)}.`,
      hint: 'The engine’s settings are fixed: UTC, no network, rows in their order.',
    }),
  },
  {
    pattern: /^no statements$/,
    explain: () => ({
      code: 'SQL_EMPTY',
      message: 'There is no SQL here.',
      hint: 'Write a query, for example SELECT * FROM the cell above.',
    }),
  },
];

const kinds: Readonly<Record<string, string>> = {
  Binder: 'SQL_INVALID',
  Catalog: 'SQL_INVALID',
  Parser: 'SYNTAX_ERROR',
  'Invalid Input': 'INVALID_INPUT',
  Constraint: 'CONSTRAINT',
};

function firstRule(text: string): Explained {
  for (const {pattern, explain: rule} of rules) {
    const match = pattern.exec(text);
    if (match !== null) return rule(match, text);
  }
  const kind = /^([A-Za-z ]+) Error: /.exec(text)?.[1] ?? '';
  return {code: kinds[kind] ?? 'SQL_FAILED', message: `${upperFirst(sentence(text)) || 'The statement failed'}.`};
}

const upperFirst = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);
