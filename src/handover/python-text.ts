/** A line of Python; one that begins inside a text of several lines can't be indented. */
export interface PythonLine {
  readonly text: string;
  readonly inText: boolean;
}

/** Python's comments and string literals, in order. */
export const commentsAndStrings = (python: string): IterableIterator<RegExpExecArray> =>
  python.matchAll(/#[^\n]*|f?"""(?:[^\\]|\\[^])*?"""|f?'(?:[^'\\\n]|\\.)*'|f?"(?:[^"\\\n]|\\.)*"/g);

export function pythonLines(python: string): PythonLine[] {
  const literals = [...commentsAndStrings(python)].map(({index, 0: {length}}) => ({from: index, to: index + length}));
  let start = 0;
  return python.split('\n').map((text) => {
    const line = {text, inText: literals.some(({from, to}) => from < start && start < to)};
    start += text.length + 1;
    return line;
  });
}

/** Lines four spaces in; what stands inside a text of several lines stays where it is. */
export const indented = (lines: readonly PythonLine[]): string[] =>
  lines.map(({text, inText}) => (inText || text === '' ? text : `    ${text}`));

// What a notebook's text could do to a source file: end a line where no editor does, or show it in another order than it runs.
const unseen = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const clean = (text: string): string =>
  text
    .replace(/\r\n?/g, '\n')
    .replaceAll('\t', '    ')
    .replace(unseen, (char) => (char === '\n' ? char : ' '));

/** Markdown in lines of at most `width` characters: paragraphs and items are filled anew, the rest stays. */
export function filledMarkdown(markdown: string, width: number): string[] {
  const out: string[] = [];
  let paragraph = '';
  let isCode = false;
  const flush = (): void => {
    if (paragraph !== '') out.push(...filled(paragraph, width));
    paragraph = '';
  };
  for (const line of clean(markdown).split('\n')) {
    const fence = /^\s*(```|~~~)/.test(line);
    if (fence) isCode = !isCode;
    const item = /^\s*([-*+]|\d+[.)])\s/.test(line);
    if (fence || isCode || line.trim() === '' || /^\s*(#|>|\|)/.test(line)) {
      flush();
      out.push(line.trimEnd());
    } else {
      if (item) flush();
      paragraph = paragraph === '' ? line.trimEnd() : `${paragraph} ${line.trim()}`;
    }
  }
  flush();
  return out;
}

/** One paragraph or item in lines; those after the first of an item are as far in as its text. */
function filled(text: string, width: number): string[] {
  const lead = /^\s*(?:(?:[-*+]|\d+[.)])\s+)?/.exec(text)?.[0] ?? '';
  const rest = ' '.repeat(lead.length);
  const lines: string[] = [];
  let line = lead;
  for (const word of text.slice(lead.length).split(/\s+/)) {
    if (line.trim() !== lead.trim() && line.length + 1 + word.length > width) {
      lines.push(line);
      line = rest + word;
    } else line = line === lead || line === rest ? line + word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** Markdown as Python comments of at most 100 characters; headings are underlined. */
export function comments(markdown: string): string[] {
  return filledMarkdown(markdown, 98).flatMap((line) => {
    const heading = /^\s*#{1,6}\s+(.*)$/.exec(line)?.[1];
    if (heading !== undefined) return [`# ${heading}`, `# ${'-'.repeat(Math.min(heading.length, 98))}`];
    return [`# ${line}`.trimEnd()];
  });
}

/** A docstring of these lines; nothing in them ends it. */
export function docstring(lines: readonly string[], indent = ''): string[] {
  const safe = lines.map((line) => clean(line).replaceAll('\\', '\\\\').replaceAll('"""', '\\"\\"\\"'));
  const [only = ''] = safe;
  if (safe.length === 1 && !only.endsWith('"')) return [`${indent}"""${only}"""`];
  return [`${indent}"""${only}`, ...safe.slice(1).map((line) => (line === '' ? '' : indent + line)), `${indent}"""`];
}

/** Import statements in the order in which ruff and isort want them. */
export function importBlock(lines: readonly string[]): string {
  const plain = new Set<string>();
  const members = new Map<string, Set<string>>();
  for (const line of lines) {
    const from = /^from (\S+) import (.+)$/.exec(line);
    if (from === null) plain.add(line);
    else members.set(from[1] ?? '', new Set([...(members.get(from[1] ?? '') ?? []), ...(from[2] ?? '').split(/,\s*/)]));
  }
  const froms = [...members]
    .sort(([a], [b]) => compare(a, b))
    .flatMap(([module, names]) => fromLines(module, [...names]));
  const all = [...[...plain].sort(compare), ...froms];
  const sections = [
    /^from __future__ /,
    /^(?:from|import) (?!__future__|pyspark|delta)/,
    /^(?:from|import) (?:pyspark|delta)/,
  ];
  return sections
    .flatMap((section) => [all.filter((line) => section.test(line)).join('\n')].filter((text) => text !== ''))
    .join('\n\n');
}

function fromLines(module: string, names: readonly string[]): string[] {
  const kind = (name: string): number =>
    /^[A-Z0-9_]+$/.test(name) && name.length > 1 ? 0 : /^[A-Z]/.test(name) ? 1 : 2;
  const own = names.filter((name) => !name.includes(' as ')).sort((a, b) => kind(a) - kind(b) || compare(a, b));
  const line = `from ${module} import ${own.join(', ')}`;
  const short = line.length <= 88 ? line : `from ${module} import (\n${own.map((name) => `    ${name},\n`).join('')})`;
  const renamed = names.filter((name) => name.includes(' as ')).sort(compare);
  return [...(own.length === 0 ? [] : [short]), ...renamed.map((name) => `from ${module} import ${name}`)];
}

/** The names that an import statement brings. */
export const importedNames = (line: string): string[] => (/import (.+)$/.exec(line)?.[1] ?? '').split(/,\s*/);

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
