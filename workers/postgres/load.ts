import type {PGlite} from '@electric-sql/pglite';
import {ask, Failed} from './ask.ts';

/** A statement of a dump, with the lines that a COPY from standard input is followed by. */
export interface Statement {
  readonly text: string;
  readonly data: string | undefined;
  /** Its first line in the dump, from 1. */
  readonly line: number;
}

/** A statement without the space and the comments before it. */
const bare = (text: string): string => text.replace(/^(?:\s+|--[^\n]*\n?|\/\*[^]*?\*\/)+/, '');

const makesFunction = /^CREATE\s+(?:OR\s+REPLACE\s+)?(?:FUNCTION|PROCEDURE)\b/i;

/**
 * Splits a dump as psql does: quotes, dollar quotes, comments, parentheses and the bodies of functions (BEGIN ATOMIC … END) hold semicolons,
 * COPY … FROM stdin brings its rows along.
 */
function* statementsOf(script: string): Generator<Statement> {
  let [start, at] = [0, 0];
  let [parentheses, begun] = [0, 0];
  const skip =
    /'(?:[^']|'')*'|[eE]'(?:[^'\\]|\\[^]|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[^]*?\*\/|\$([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$|[;()]|(?<![\w$\u0080-\uffff])(?:BEGIN\s+ATOMIC|CASE|END)(?![\w$\u0080-\uffff])|^\\[^\n]*/gim;
  let [lines, counted] = [1, 0];
  const lineAt = (offset: number): number => {
    for (; counted < offset; counted++) if (script.charCodeAt(counted) === 10) lines++;
    return lines;
  };
  for (;;) {
    skip.lastIndex = at;
    const found = skip.exec(script);
    if (found === null) {
      // psql runs what stands at the end without a semicolon too; what a quote left open holds is a syntax error then.
      const rest = bare(script.slice(start));
      if (rest.trim() !== '') yield {text: rest.trimEnd(), data: undefined, line: lineAt(script.length - rest.length)};
      break;
    }
    const [token] = found;
    at = found.index + token.length;
    if (token.startsWith('$')) {
      const end = script.indexOf(token, at);
      at = end < 0 ? script.length : end + token.length;
    } else if (token.startsWith('\\') && bare(script.slice(start, found.index)) === '') start = at;
    else if (token === '(') parentheses++;
    else if (token === ')') parentheses = Math.max(0, parentheses - 1);
    else if (/^[A-Z]/i.test(token) && parentheses === 0) {
      if (/^B/i.test(token)) begun += makesFunction.test(bare(script.slice(start, found.index))) ? 1 : 0;
      else if (begun > 0) begun += /^C/i.test(token) ? 1 : -1;
    } else if (token === ';' && parentheses === 0 && begun === 0) {
      const raw = script.slice(start, at);
      const text = bare(raw);
      const line = lineAt(at - text.length);
      let data: string | undefined;
      if (/^COPY\s[^]*\sFROM\s+stdin\b/i.test(text)) {
        const from = script.indexOf('\n', at) + 1;
        const end = script.startsWith('\\.', from) ? from : script.indexOf('\n\\.', from - 1) + 1;
        if (end <= 0) throw new Failed({state: '', message: 'the rows of a COPY have no end', line});
        data = script.slice(from, end);
        at = end + 2;
      }
      start = at;
      if (text !== ';') yield {text, data, line};
    }
  }
}

/** Owners, permissions, settings and extensions belong to the server that wrote the dump: they are left out. */
const ofTheServer =
  /^(?:ALTER\s[^;']*\sOWNER\s+TO\s|GRANT\s|REVOKE\s|ALTER\s+DEFAULT\s+PRIVILEGES|SET\s+(?!search_path|check_function_bodies)|(?:CREATE|COMMENT\s+ON)\s+EXTENSION|(?:BEGIN|START\s+TRANSACTION|COMMIT|END)\b)/i;

/** Statements that would end the transaction in which the dump runs. */
const endsIt = /^(?:ROLLBACK(?!\s+(?:(?:WORK|TRANSACTION)\s+)?TO\b)|ABORT\b|PREPARE\s+TRANSACTION)/i;

/** Runs a dump as one transaction: all of it, or nothing. Gives the number of statements that were run. */
export async function loadScript(pg: PGlite, script: Blob): Promise<number> {
  const encoder = new TextEncoder();
  let count = 0;
  await ask(pg, 'BEGIN');
  try {
    for (const {text, data, line} of statementsOf(await script.text())) {
      if (ofTheServer.test(text)) continue;
      if (endsIt.test(text))
        throw new Failed({state: '', message: 'a dump is loaded as a whole, and this one takes statements back', line});
      count++;
      try {
        if (data === undefined) await ask(pg, text);
        else await ask(pg, text.replace(/\sFROM\s+stdin\b/i, " FROM '/dev/blob'"), encoder.encode(data));
      } catch (thrown) {
        throw thrown instanceof Failed ? new Failed({...thrown.failure, line}) : thrown;
      }
    }
    await ask(pg, 'COMMIT');
    await ask(pg, 'DISCARD ALL');
  } catch (thrown) {
    // After a failure that PostgreSQL doesn't survive its worker is ended: only what was committed is there then.
    if (!(thrown instanceof Failed && thrown.failure.fatal === true)) {
      await ask(pg, 'ROLLBACK');
      await ask(pg, 'DISCARD ALL');
    }
    throw thrown;
  }
  return count;
}
