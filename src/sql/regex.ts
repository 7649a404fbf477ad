/** What is wrong with a regular expression for RE2, which DuckDB uses; undefined when nothing is. */
export function regexProblem(
  pattern: string,
  param: string,
): {code: string; message: string; hint: string; param: string} | undefined {
  const code = 'REGEX';
  const bare = pattern.replace(/\\\\/g, '').replace(/\\Q[\s\S]*?\\E/g, '');
  if (/\(\?(<?[=!]|>)/.test(bare.replace(/\\\(/g, '')))
    return {
      code,
      message: `The pattern ${pattern} looks ahead or behind, which DuckDB’s expressions can’t.`,
      hint: 'Match the text around with a group of its own.',
      param,
    };
  if (/\\([1-9]|k<)/.test(bare))
    return {
      code,
      message: `The pattern ${pattern} refers back to a group, which DuckDB’s expressions can’t.`,
      hint: 'Take the part out first, and compare with derive.',
      param,
    };
  try {
    // Possessive quantifiers and a few classes differ; DuckDB names those itself.
    new RegExp(pattern.replace(/\(\?P</g, '(?<').replace(/^\(\?[a-zA-Z]+\)/, ''));
    return undefined;
  } catch (error) {
    return {
      code,
      message: `The pattern ${pattern} is no regular expression: ${error instanceof Error ? error.message.replace(/^Invalid regular expression: /, '') : String(error)}.`,
      hint: 'Check its parentheses and brackets; a literal ( or [ is written \\( or \\[.',
      param,
    };
  }
}

/** Capturing groups in order: the name of a named one, undefined for a plain one. */
function groups(pattern: string): {readonly name: string | undefined; readonly start: number; readonly end: number}[] {
  const found: {name: string | undefined; start: number; end: number}[] = [];
  let inClass = false;
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i];
    if (char === '\\') i++;
    else if (inClass) inClass = char !== ']';
    else if (char === '[') inClass = true;
    else if (char === '(') {
      const named = /^\(\?P?<(\w+)>/.exec(pattern.slice(i));
      if (named !== null) found.push({name: named[1], start: i, end: i + named[0].length});
      else if (pattern[i + 1] !== '?') found.push({name: undefined, start: i, end: i + 1});
    }
  }
  return found;
}

/** The names of a pattern's named groups, in order. */
export const groupNames = (pattern: string): string[] => groups(pattern).flatMap((group) => group.name ?? []);

/** The pattern as RE2 writes it: named groups are `(?P<name>…)`, and the plain ones give way, since DuckDB names groups by place. */
export const re2Regex = (pattern: string): string =>
  rewrite(pattern, (name) => (name === undefined ? '(?:' : `(?P<${name}>`));

/**
 * The pattern as Java writes it, whose group names know no underscore: groups are plain, and told apart by their place. Java's `$`
 * would also match before a line break at the end, its `.` leaves out six kinds of line breaks, and its (?i) knows ASCII alone.
 */
export function javaRegex(pattern: string): {
  readonly pattern: string;
  readonly groups: readonly (string | undefined)[];
} {
  const [flags = '', letters = ''] = /^\(\?([imsU]+)\)/.exec(pattern) ?? [];
  const plain = rewrite(pattern.slice(flags.length), () => '(');
  const body = letters.includes('m') ? plain : outsideClasses(plain, '$', '\\z');
  const needed = `${outsideClasses(body, '.', '') === body ? '' : 'd'}${letters.includes('i') ? 'u' : ''}`;
  const all = letters.replace('U', '') + needed;
  return {pattern: (all === '' ? '' : `(?${all})`) + body, groups: groups(pattern).map((group) => group.name)};
}

/** The pattern with a character that stands for itself alone replaced. */
function outsideClasses(pattern: string, char: string, by: string): string {
  let inClass = false;
  return pattern.replace(/\\[\s\S]|[\s\S]/g, (token) => {
    if (token === '[') inClass = true;
    else if (token === ']') inClass = false;
    return token === char && !inClass ? by : token;
  });
}

function rewrite(pattern: string, open: (name: string | undefined) => string): string {
  let text = '';
  let from = 0;
  for (const group of groups(pattern)) {
    text += pattern.slice(from, group.start) + open(group.name);
    from = group.end;
  }
  return text + pattern.slice(from);
}
