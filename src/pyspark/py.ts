/** A value that has a literal in Python. */
export type PyValue =
  string | number | bigint | boolean | null | readonly PyValue[] | {readonly [key: string]: PyValue};

/** Why something can't be Python for Spark. */
export interface NotExportable {
  /** Why not, as sentences. */
  readonly notExportable: string;
  /** What to do instead, as sentences. */
  readonly instead?: string;
}

const escapes: Readonly<Record<string, string>> = {'\\': '\\\\', "'": "\\'", '\n': '\\n', '\r': '\\r', '\t': '\\t'};

/** A Python literal: text in single quotes, in double ones where that saves escapes; every character that could end the line or the quote is escaped. */
export function py(value: PyValue): string {
  if (value === null) return 'None';
  if (typeof value === 'string') return text(value);
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number' && !Number.isFinite(value))
    return `float('${Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf'}')`;
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (isList(value)) return `[${value.map(py).join(', ')}]`;
  return `{${Object.entries(value)
    .map(([key, inner]) => `${py(key)}: ${py(inner)}`)
    .join(', ')}}`;
}

function text(value: string): string {
  const quote = value.includes("'") && !value.includes('"') ? '"' : "'";
  const escaped = value.replace(/[\\'\p{Cc}\u2028\u2029]/gu, (char) =>
    char === "'" && quote === '"' ? char : (escapes[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`),
  );
  return quote + escaped + quote;
}

const isList = (value: PyValue): value is readonly PyValue[] => Array.isArray(value);

/** A column's name where Spark parses it, as in `select`: a dot would mean a field of a struct, so such a name goes in backticks. */
export const pyName = (name: string): string => py(/[.`]/.test(name) ? `\`${name.replaceAll('`', '``')}\`` : name);

/** Several column names as arguments. */
export const pyNames = (names: readonly string[]): string => names.map(pyName).join(', ');

/** `F.col('temperature')` */
export const col = (name: string): string => `F.col(${pyName(name)})`;

/** `target = frame.first().second()`; a long chain is put in parentheses, one call a line. */
export function assign(target: string, frame: string, calls: readonly string[]): string[] {
  const line = `${target} = ${frame}${calls.map((call) => `.${call}`).join('')}`;
  if (line.length <= 100 || calls.length === 0) return [line];
  return [`${target} = (`, `    ${frame}`, ...calls.map((call) => `    .${call}`), ')'];
}

/** Lines joined into one call with an argument a line, when one line would be too long. */
export function call(name: string, args: readonly string[]): string {
  const line = `${name}(${args.join(', ')})`;
  return line.length <= 90 ? line : `${name}(\n        ${args.join(',\n        ')},\n    )`;
}

// Python's keywords, and its functions that generated code calls.
const words = new Set(
  `False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal
  not or pass raise return try while with yield enumerate float int len list map max min print range sum zip F spark path params`.split(
    /\s+/,
  ),
);

/** A name as a variable of Python, apart from its keywords and from `taken`: `class` is `class_`. */
export function pyIdentifier(name: string, taken?: ReadonlySet<string>): string {
  return words.has(name) || taken?.has(name) === true ? pyIdentifier(`${name}_`, taken) : name;
}
