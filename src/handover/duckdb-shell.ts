import {tokens, type Token} from '../sql/lexer.ts';
import {lit} from '../sql/sql.ts';

/**
 * A script as DuckDB's command line reads it, which cuts it into statements by simpler rules than the engine's: it knows neither escapes in
 * strings (`e'\''`) nor comments in comments, and after a statement a line that begins with a dot is a command of its own, `.shell` among them.
 * So strings are written the plain way, comments lose their semicolons, and no line begins with a dot.
 */
export function forShell(script: string): string {
  const lexed = tokens(script);
  // What can't be told apart is not written: a script is made of texts that were.
  if (!lexed.ok) throw new Error(lexed.error.message);
  let [text, at] = ['', 0];
  for (const token of lexed.value) {
    text += plainGap(script.slice(at, token.start));
    // A line of its own would begin with it.
    if (/(?:^|[\r\n])$/.test(text) && /^[.#]/.test(token.text)) text += ' ';
    text += token.type === 'string' ? plainString(token, script) : script.slice(token.start, token.end);
    at = token.end;
  }
  return text + plainGap(script.slice(at));
}

/** Comments and white space, without comments that have comments in them. */
const plainGap = (gap: string): string =>
  gap
    .replace(/--[^\r\n]*|\/\*(?:[^*]|\*(?!\/))*\/\*[^]*\*\//g, (comment) => (comment.startsWith('--') ? comment : ' '))
    .replace(/(^|[\r\n])(?=[.#])/g, '$1 ');

function plainString({start, end, text}: Token, script: string): string {
  const parts = text.split(/([\r\n]+)(?=[.#])/);
  if (parts.length > 1)
    return `(${parts.map((part, i) => (i % 2 === 0 ? lit(part) : Array.from(part, (code) => `chr(${code.charCodeAt(0)})`).join(' || '))).join(' || ')})`;
  return script[start] === "'" ? script.slice(start, end) : lit(text);
}
