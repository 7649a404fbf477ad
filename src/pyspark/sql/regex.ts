import {javaRegex} from '../../sql/regex.ts';

const posix: Readonly<Record<string, string>> = {
  alpha: '\\p{Alpha}',
  digit: '\\d',
  alnum: '\\p{Alnum}',
  upper: '\\p{Upper}',
  lower: '\\p{Lower}',
  space: '\\s',
  punct: '\\p{Punct}',
  xdigit: '\\p{XDigit}',
  word: '\\w',
};

/** A pattern of RE2 as Java reads it the same way: POSIX classes, plain groups, and an end that is the very end of the text. */
export function sparkRegex(pattern: string, options = ''): string {
  const flags = [...options].filter((flag) => flag === 'i' || flag === 's').join('');
  const classes = javaRegex(pattern).pattern.replace(/\[:(\^?)(\w+):\]/g, (whole, not: string, name: string) => {
    const java = posix[name];
    return java === undefined ? whole : not === '' ? java : `[^${java}]`;
  });
  let text = '';
  let inClass = false;
  for (let i = 0; i < classes.length; i++) {
    const char = classes.charAt(i);
    if (char === '\\') text += char + classes.charAt(++i);
    else if (inClass) {
      inClass = char !== ']' || classes[i - 1] === '[';
      // Java would take an inner bracket for a class in the class, and && for their intersection.
      text += char === '[' || (char === '&' && classes[i + 1] === '&') ? `\\${char}` : char;
    } else {
      inClass = char === '[';
      text += char === '$' ? '\\z' : char;
    }
  }
  return (flags === '' ? '' : `(?${flags})`) + text;
}

/** A replacement of RE2 (\1) as Java’s ($1); `shift` groups come before the pattern’s own. */
export const sparkReplacement = (text: string, shift = 0): string =>
  text.replace(/\\(\d)|\\\\|\$|\\/g, (found, group?: string) =>
    group !== undefined ? `$${Number(group) + shift}` : found === '$' ? '\\$' : '\\\\',
  );

/** Characters that mean something in a pattern, taken literally. */
export const quoteRegex = (text: string): string => text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&');
