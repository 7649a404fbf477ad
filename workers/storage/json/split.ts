import {ProblemError} from '../../../src/lib/problem.ts';

/** One top-level value of JSON text, as it stands there. */
export interface RawRecord {
  readonly text: string;
  /** The line it starts on, from 1. */
  readonly line: number;
  /** Why it can't be a value, when that shows without parsing it. */
  readonly broken?: string;
}

/** Values nested deeper than this aren't parsed: what walks over them would run out of stack. */
const maxDepth = 1000;
/** Longer records would not fit into one string of the browser. */
const maxRecord = 256 << 20;

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const newline = 0x0a;
const byteOrderMark = 0xfeff;

/**
 * Splits text that comes in chunks into its top-level values: the items of arrays, lines of NDJSON, and objects that follow
 * one another with or without anything between them. It keeps no more than the unfinished value. A value that breaks off
 * ends where the next one starts a line, so that one bad line costs one record.
 */
export class JsonSplitter {
  #text = '';
  /** Where scanning goes on in `#text`. */
  #at = 0;
  #line = 1;
  /** Whether the text is over: nothing more needs to be waited for. */
  #ended = false;
  #inArray = false;

  /** The unfinished value: where it starts (−1 for none), on which line, with what indentation, and the brackets open in it. */
  #start = -1;
  #startLine = 1;
  #indent: string | undefined;
  #open: number[] = [];
  #inString = false;
  #deepest = 0;
  /** The white space the current line starts with; undefined once something else stands there. */
  #margin: string | undefined = '';
  /** Whether values are one a line, as the first one showed. */
  #lines: boolean | undefined;
  /** The first newline at or after the place of the last search. */
  #newline = -1;

  constructor(private readonly file: string) {}

  *push(chunk: string): Generator<RawRecord> {
    const keep = this.#start === -1 ? this.#at : this.#start;
    this.#text = this.#text.slice(keep) + chunk;
    this.#at -= keep;
    if (this.#start !== -1) this.#start = 0;
    this.#newline = -1;
    if (this.#text.length > maxRecord) throw new ProblemError(tooLong(this.file, this.#startLine));
    yield* this.#scan();
  }

  /** What is left when the text is over: an unfinished value is broken. */
  *end(): Generator<RawRecord> {
    this.#ended = true;
    yield* this.#scan();
    if (this.#start === -1) return;
    const text = this.#text.slice(this.#start).trimEnd();
    this.#start = -1;
    yield {text, line: this.#startLine, broken: 'The file ends inside this record.'};
  }

  *#scan(): Generator<RawRecord> {
    for (;;) {
      const record = this.#start === -1 ? this.#between() : this.#within();
      if (record === undefined) return;
      if (record !== null) yield record;
    }
  }

  /** Between values: skips what separates them, starts the next. Undefined: more text is needed. Null: go on. */
  #between(): RawRecord | null | undefined {
    const text = this.#text;
    for (; this.#at < text.length; this.#at++) {
      const code = text.charCodeAt(this.#at);
      if (code === newline) {
        this.#line++;
        this.#margin = '';
      } else if (code <= 0x20)
        this.#margin = this.#margin === undefined ? undefined : this.#margin + text.charAt(this.#at);
      else if (code === openBrace || (code === openBracket && this.#inArray)) return this.#begin();
      else {
        this.#margin = undefined;
        if (code === openBracket) this.#inArray = true;
        else if (code === closeBracket && this.#inArray) this.#inArray = false;
        else if (code !== comma && code !== byteOrderMark) return this.#scalar(code === quote);
      }
    }
    return undefined;
  }

  #begin(): null {
    this.#start = this.#at;
    this.#startLine = this.#line;
    this.#indent = this.#margin;
    this.#margin = undefined;
    this.#open = [];
    this.#inString = false;
    this.#deepest = 0;
    return null;
  }

  /** A number, word or string between brackets, or whatever else stands there up to the next object or line. */
  #scalar(isString: boolean): RawRecord | undefined {
    const pattern = isString ? stringToken : wordToken;
    pattern.lastIndex = this.#at;
    const token = pattern.exec(this.#text)?.[0];
    if (token !== undefined && (this.#ended || this.#at + token.length < this.#text.length)) {
      this.#at += token.length;
      return {text: token, line: this.#line};
    }
    // A string may still be closed on its line.
    if (isString && !this.#ended && this.#text.indexOf('\n', this.#at) === -1) return undefined;
    garbageEnd.lastIndex = this.#at + 1;
    const end = garbageEnd.exec(this.#text)?.index ?? (this.#ended ? this.#text.length : undefined);
    if (end === undefined) return undefined;
    const text = this.#text.slice(this.#at, end).trim();
    this.#at = end;
    return {text, line: this.#line, broken: 'This is no JSON value.'};
  }

  /** Inside an object or array: finds its end. Undefined: more text is needed. */
  #within(): RawRecord | undefined {
    const text = this.#text;
    const open = this.#open;
    let at = this.#at;
    for (;;) {
      if (this.#inString) {
        const close = this.#stringEnd(at);
        const broken = this.#newlineBefore(close === -1 ? text.length : close, at);
        if (broken !== -1) {
          const next = this.#restartAfter(broken, true);
          if (next === 'wait') {
            this.#at = at;
            return undefined;
          }
          if (next === 'yes') return this.#breakOff(broken);
          this.#line++;
          at = broken + 1;
          continue;
        }
        if (close === -1) {
          // An escape at the very end must be seen whole with its next character.
          this.#at = text.endsWith('\\') ? at : text.length;
          return undefined;
        }
        this.#inString = false;
        at = close + 1;
      }
      if (at >= text.length) {
        this.#at = at;
        return undefined;
      }
      const code = text.charCodeAt(at);
      if (code === quote) this.#inString = true;
      else if (code === openBrace || code === openBracket) {
        open.push(code);
        if (open.length > this.#deepest) this.#deepest = open.length;
      } else if (code === closeBrace || code === closeBracket) {
        open.pop();
        if (open.length === 0) return this.#finish(at + 1);
      } else if (code === newline) {
        const next = this.#restartAfter(at, false);
        if (next === 'wait') {
          this.#at = at;
          return undefined;
        }
        if (next === 'yes') return this.#breakOff(at);
        this.#line++;
      }
      at++;
    }
  }

  /** The quote that closes the string whose inside `from` is in, or −1. */
  #stringEnd(from: number): number {
    const text = this.#text;
    for (let at = text.indexOf('"', from); at !== -1; at = text.indexOf('"', at + 1)) {
      let slashes = 0;
      while (at - slashes - 1 >= this.#start && text.charCodeAt(at - slashes - 1) === backslash) slashes++;
      if (slashes % 2 === 0) return at;
    }
    return -1;
  }

  /** The first newline from `from` on, if it comes before `end`, else −1; the search is remembered, as most strings hold none. */
  #newlineBefore(end: number, from: number): number {
    if (this.#newline < from) {
      const found = this.#text.indexOf('\n', from);
      this.#newline = found === -1 ? Number.MAX_SAFE_INTEGER : found;
    }
    return this.#newline < end ? this.#newline : -1;
  }

  /** Whether the unfinished value breaks off at the newline at `at`, because the next line starts a value where none may stand. */
  #restartAfter(at: number, inString: boolean): 'yes' | 'no' | 'wait' {
    if (this.#indent === undefined) return 'no';
    const next = this.#indent.length + at + 1;
    if (next >= this.#text.length && !this.#ended) return 'wait';
    if (this.#text.charCodeAt(next) !== openBrace || !this.#text.startsWith(this.#indent, at + 1)) return 'no';
    return inString || this.#lines === true || !this.#mayStandAfter(at) ? 'yes' : 'no';
  }

  /** Whether JSON allows a value after the last character before `at`: after a colon, an opening bracket, or a comma in an array. */
  #mayStandAfter(at: number): boolean {
    let before = at - 1;
    while (this.#text.charCodeAt(before) <= 0x20) before--;
    const code = this.#text.charCodeAt(before);
    return code === colon || code === openBracket || (code === comma && this.#open.at(-1) === openBracket);
  }

  #breakOff(at: number): RawRecord {
    const text = this.#text.slice(this.#start, at).trimEnd();
    this.#at = at;
    this.#start = -1;
    return {text, line: this.#startLine, broken: 'The record breaks off: the next one starts before it is closed.'};
  }

  #finish(end: number): RawRecord {
    const text = this.#text.slice(this.#start, end);
    this.#at = end;
    this.#start = -1;
    if (this.#indent !== undefined) this.#lines ??= this.#startLine === this.#line;
    const record = {text, line: this.#startLine};
    return this.#deepest > maxDepth
      ? {...record, broken: `The record is nested more than ${maxDepth} levels deep.`}
      : record;
  }
}

const stringToken = /"(?:[^"\\\n]|\\.)*"/y;
const wordToken = /(?:-?\d[\d.eE+-]*|true|false|null|NaN|-?Infinity)(?=[\s,\]{}["]|$)/y;

const garbageEnd = /[\n{]/g;

const tooLong = (file: string, line: number) => ({
  code: 'JSON_RECORD_TOO_LONG',
  message: `${file} has a JSON record of more than 256 MB that starts on line ${line}.`,
  hint: 'Write one object for each row, one a line; or look on that line for a bracket or quote that is never closed.',
  where: {file, line},
});
