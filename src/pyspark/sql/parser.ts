import type {Token} from '../../sql/lexer.ts';
import {
  SqlUnreadable,
  type Arg,
  type Body,
  type Cte,
  type Expr,
  type Frame,
  type OrderItem,
  type Over,
  type Query,
  type Select,
  type SelectItem,
  type Span,
  type Star,
  type Table,
  type TableAlias,
  type Version,
} from './ast.ts';

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/));

// Words that end an expression or a table: no name without quotes.
const reserved = words(
  `all and any as asc asof between by case collate cross desc distinct else end except exists for from full glob group having ilike in inner intersect
  is isnull join lateral left like limit natural not notnull null offset on or order pivot positional qualify right select semi anti similar tablesample
  then union unpivot using when where window with`,
);
const setOps = words('union except intersect');
const units = words(
  `year years month months day days hour hours minute minutes second seconds millisecond milliseconds microsecond microseconds week weeks quarter
  quarters decade decades century centuries millennium millennia`,
);
// The longest come first.
const operators = [
  '!~~*',
  '~~*',
  '!~~',
  '->>',
  '<->',
  '!~',
  '~~',
  '||',
  '//',
  '**',
  '::',
  '->',
  '=>',
  ':=',
  '^@',
  '<=',
  '>=',
  '<>',
  '!=',
  '==',
  '<<',
  '>>',
  '&&',
  '@>',
  '<@',
];

// How tightly an operator binds in DuckDB; what isn't listed binds as any other operator (||, ^@, ~ …).
const binds: Readonly<Record<string, number>> = {
  ...Object.fromEntries(['=', '==', '<>', '!=', '<', '>', '<=', '>='].map((op) => [op, 5])),
  '+': 8,
  '-': 8,
  '*': 9,
  '/': 9,
  '//': 9,
  '%': 9,
  '^': 10,
  '**': 10,
};
const otherOperators = words('|| ^@ ~ ~~ !~~ ~~* !~~* !~ -> ->> <-> << >> && @> <@ & |');

/** Reads one DuckDB query or expression from its tokens; throws SqlUnreadable at what it doesn't know. */
export class Parser {
  #at = 0;

  constructor(
    private readonly tokens: readonly Token[],
    private readonly source: string,
  ) {}

  wholeExpression(): Expr {
    const value = this.#expr();
    if (this.#peek() !== undefined) this.#fail('This can’t be read');
    return value;
  }

  wholeQuery(): Query {
    const query = this.#query();
    this.#symbol(';');
    if (this.#peek() !== undefined) this.#fail('This part of the query can’t be read');
    return query;
  }

  // ── tokens ──

  #peek(ahead = 0): Token | undefined {
    return this.tokens[this.#at + ahead];
  }

  #fail(what: string): never {
    const token = this.#peek();
    throw new SqlUnreadable(
      what,
      token === undefined ? 'the end' : (this.source.slice(token.start, token.start + 30).split('\n')[0] ?? ''),
    );
  }

  #start(): number {
    return this.#peek()?.start ?? this.source.length;
  }

  /** After the token read last. */
  #end(): number {
    return this.tokens[this.#at - 1]?.end ?? 0;
  }

  #isWord(word: string, ahead = 0): boolean {
    const token = this.#peek(ahead);
    return token?.type === 'identifier' && !token.quoted && token.text.toLowerCase() === word;
  }

  /** Reads these words in a row if they are all there. */
  #words(...list: readonly string[]): boolean {
    if (!list.every((word, i) => this.#isWord(word, i))) return false;
    this.#at += list.length;
    return true;
  }

  #expectWord(word: string): void {
    if (!this.#words(word)) this.#fail(`${word.toUpperCase()} is missing`);
  }

  #operator(): string | undefined {
    const token = this.#peek();
    if (token?.type !== 'symbol') return undefined;
    return (
      operators.find((op) =>
        [...op].every((char, i) => {
          const part = this.#peek(i);
          return part?.type === 'symbol' && part.text === char && part.start === token.start + i;
        }),
      ) ?? token.text
    );
  }

  #isSymbol(text: string): boolean {
    return this.#operator() === text;
  }

  #symbol(text: string): boolean {
    if (!this.#isSymbol(text)) return false;
    this.#at += text.length;
    return true;
  }

  #expect(text: string): void {
    // `[[` and `))` are no operators, and so come one by one.
    if (!this.#symbol(text)) this.#fail(`“${text}” is missing`);
  }

  #identifier(): string | undefined {
    const token = this.#peek();
    if (token?.type !== 'identifier') return undefined;
    this.#at++;
    return token.text;
  }

  #name(): string {
    return this.#identifier() ?? this.#fail('A name is missing');
  }

  /** A name that is no reserved word. */
  #plainName(): string | undefined {
    const token = this.#peek();
    return token?.type === 'identifier' && (token.quoted || !reserved.has(token.text.toLowerCase()))
      ? this.#identifier()
      : undefined;
  }

  #names(): string[] {
    this.#expect('(');
    const found = this.#list(() => this.#name());
    this.#expect(')');
    return found;
  }

  #list<T>(item: () => T): T[] {
    const found = [item()];
    while (this.#symbol(',')) {
      // DuckDB allows a comma after the last item.
      if (
        this.#isSymbol(')') ||
        this.#isSymbol(']') ||
        this.#isSymbol('}') ||
        this.#peek() === undefined ||
        this.#isReservedNext()
      )
        break;
      found.push(item());
    }
    return found;
  }

  #isReservedNext(): boolean {
    return ['from', 'where', 'group', 'having', 'order', 'limit'].some((word) => this.#isWord(word));
  }

  #spanned<const T extends object>(from: number, node: T): T & Span {
    return {...node, from, to: this.#end()};
  }

  // ── expressions ──

  #expr(): Expr {
    if (this.#isWord('lambda') && this.#peek(1)?.type === 'identifier') return this.#pythonLambda();
    return this.#or();
  }

  #pythonLambda(): Expr {
    const from = this.#start();
    this.#at++;
    const names = this.#list(() => this.#name());
    this.#expect(':');
    const body = this.#expr();
    return this.#spanned(from, {kind: 'lambda', names, body});
  }

  #or(): Expr {
    return this.#joined(['or'], () => this.#joined(['and'], () => this.#not()));
  }

  #joined(list: readonly string[], next: () => Expr): Expr {
    const from = this.#start();
    let left = next();
    for (;;) {
      const op = list.find((word) => this.#isWord(word));
      if (op === undefined) return left;
      this.#at++;
      const right = next();
      left = this.#spanned(from, {kind: 'binary', op, left, right});
    }
  }

  #not(): Expr {
    const from = this.#start();
    if (!this.#isWord('not') || this.#isWord('exists', 1)) return this.#is();
    this.#at++;
    const value = this.#not();
    return this.#spanned(from, {kind: 'unary', op: 'not', value});
  }

  #is(): Expr {
    const from = this.#start();
    let value = this.#binary(5);
    for (;;) {
      if (this.#words('isnull'))
        value = this.#spanned(from, {kind: 'is', value, not: false, what: 'null', other: undefined});
      else if (this.#words('notnull') || this.#words('not', 'null'))
        value = this.#spanned(from, {kind: 'is', value, not: true, what: 'null', other: undefined});
      else if (this.#words('is')) {
        const not = this.#words('not');
        if (this.#words('distinct', 'from')) {
          const other = this.#binary(5);
          value = this.#spanned(from, {kind: 'is', value, not, what: 'distinct', other});
        } else {
          const what = this.#name().toLowerCase();
          value = this.#spanned(from, {kind: 'is', value, not, what, other: undefined});
        }
      } else return value;
    }
  }

  /** Comparisons, then BETWEEN, IN and LIKE, then the operators by how tightly they bind. */
  #binary(least: number): Expr {
    const from = this.#start();
    let left = this.#unary();
    for (;;) {
      const word = least <= 6 ? this.#predicate(from, left) : undefined;
      if (word !== undefined) {
        left = word;
        continue;
      }
      const op = this.#operator();
      const bind = op === undefined ? undefined : (binds[op] ?? (otherOperators.has(op) ? 7 : undefined));
      if (op === undefined || bind === undefined || bind < least) return left;
      this.#at += op.length;
      if (op === '->' && (left.kind === 'column' || left.kind === 'row' || left.kind === 'paren')) {
        const body = this.#expr();
        left = this.#spanned(from, {kind: 'lambda', names: lambdaNames(left), body});
        continue;
      }
      const right = this.#binary(bind + 1);
      left = this.#spanned(from, {kind: 'binary', op, left, right});
    }
  }

  #predicate(from: number, value: Expr): Expr | undefined {
    const not =
      this.#isWord('not') &&
      ['between', 'in', 'like', 'ilike', 'similar', 'glob'].some((word) => this.#isWord(word, 1));
    if (not) this.#at++;
    if (this.#words('between')) {
      const low = this.#binary(7);
      this.#expectWord('and');
      const high = this.#binary(7);
      return this.#spanned(from, {kind: 'between', value, low, high, not});
    }
    if (this.#words('in')) {
      const items = this.#inItems();
      return this.#spanned(from, {kind: 'in', value, items, not});
    }
    const op = this.#words('like')
      ? 'like'
      : this.#words('ilike')
        ? 'ilike'
        : this.#words('glob')
          ? 'glob'
          : this.#words('similar', 'to')
            ? 'similar'
            : undefined;
    if (op === undefined) return undefined;
    const pattern = this.#binary(7);
    const escape = this.#words('escape') ? this.#binary(7) : undefined;
    return this.#spanned(from, {kind: 'like', op, value, pattern, escape, not});
  }

  #inItems(): readonly Expr[] | Query | Expr {
    if (!this.#isSymbol('(')) return this.#binary(7);
    this.#expect('(');
    const found = this.#isQuery() ? this.#query() : this.#isSymbol(')') ? [] : this.#list(() => this.#expr());
    this.#expect(')');
    return found;
  }

  #unary(): Expr {
    const from = this.#start();
    const op = this.#operator();
    if (op === '-' || op === '+' || op === '~' || op === '@') {
      this.#at++;
      const value = this.#unary();
      return this.#spanned(from, {kind: 'unary', op, value});
    }
    return this.#postfix(from);
  }

  #postfix(from: number): Expr {
    let value = this.#primary();
    for (;;) {
      if (this.#symbol('::')) {
        const type = this.#type();
        value = this.#spanned(from, {kind: 'cast', value, type, isTry: false});
      } else if (this.#isSymbol('[')) value = this.#subscript(from, value);
      else if (this.#isSymbol('.') && value.kind !== 'number') {
        this.#at++;
        const name = this.#name();
        if (this.#isSymbol('(')) value = this.#method(from, value, name);
        else value = this.#spanned(from, {kind: 'field', value, name});
      } else if (this.#isWord('collate')) this.#fail('COLLATE can’t be handed over; lower(x) compares without case');
      else if (this.#words('at', 'time', 'zone')) this.#fail('AT TIME ZONE can’t be handed over; times here are UTC');
      else return value;
    }
  }

  /** `value.f(args)` is `f(value, args)`. */
  #method(from: number, value: Expr, name: string): Expr {
    const nameTo = this.#end();
    const call = this.#call(from, name, nameTo);
    return call.kind === 'call' ? {...call, args: [{value}, ...call.args]} : this.#fail('This call can’t be read');
  }

  #subscript(from: number, value: Expr): Expr {
    this.#expect('[');
    const low = this.#isSymbol(':') || this.#isSymbol('::') ? undefined : this.#expr();
    if (this.#symbol(']'))
      return low === undefined
        ? this.#fail('An index is missing')
        : this.#spanned(from, {kind: 'index', value, index: low});
    this.#expect(':');
    const high = this.#isSymbol(']') ? undefined : this.#expr();
    this.#expect(']');
    return this.#spanned(from, {kind: 'slice', value, low, high});
  }

  #primary(): Expr {
    const from = this.#start();
    const token = this.#peek();
    if (token === undefined) return this.#fail('An expression is missing');
    if (token.type === 'number') {
      this.#at++;
      return this.#spanned(from, {kind: 'number', text: token.text.replaceAll('_', '')});
    }
    if (token.type === 'string') {
      this.#at++;
      return this.#spanned(from, {kind: 'text', value: token.text});
    }
    if (token.type === 'symbol') return this.#bracketed(from);
    return this.#worded(from, token);
  }

  #bracketed(from: number): Expr {
    if (this.#symbol('*')) return this.#star(from, []);
    if (this.#symbol('[')) {
      const items = this.#isSymbol(']') ? [] : this.#list(() => this.#expr());
      this.#expect(']');
      return this.#spanned(from, {kind: 'list', items});
    }
    if (this.#symbol('{')) {
      const fields = this.#list(() => {
        const token = this.#peek();
        if (token?.type === 'string') this.#at++;
        const name = token?.type === 'string' ? token.text : this.#name();
        this.#expect(':');
        return {name, value: this.#expr()};
      });
      this.#expect('}');
      return this.#spanned(from, {kind: 'struct', fields});
    }
    if (!this.#symbol('(')) return this.#fail('This can’t be read');
    if (this.#isQuery()) {
      const query = this.#query();
      this.#expect(')');
      return this.#spanned(from, {kind: 'subquery', query, exists: false});
    }
    const items = this.#list(() => this.#expr());
    this.#expect(')');
    const [inner] = items;
    if (items.length === 1 && inner !== undefined) return this.#spanned(from, {kind: 'paren', inner});
    return this.#spanned(from, {kind: 'row', items});
  }

  #worded(from: number, token: Token): Expr {
    const word = token.quoted ? '' : token.text.toLowerCase();
    const next = this.#peek(1);
    if (word === 'null' || word === 'true' || word === 'false') {
      this.#at++;
      return this.#spanned(from, {kind: 'constant', value: word});
    }
    if (word === 'case') return this.#case(from);
    if (word === 'exists' || (word === 'not' && this.#isWord('exists', 1))) return this.#exists(from);
    if ((word === 'cast' || word === 'try_cast') && next?.text === '(') return this.#cast(from, word === 'try_cast');
    if (
      word === 'interval' &&
      next !== undefined &&
      (next.type === 'string' || next.type === 'number' || next.text === '(' || next.type === 'identifier')
    )
      return this.#interval(from);
    if (next?.type === 'string' && !token.quoted) {
      if (['date', 'timestamp', 'timestamptz', 'time'].includes(word)) {
        this.#at++;
        const value = this.#primary();
        return this.#spanned(from, {kind: 'cast', value, type: token.text, isTry: false});
      }
      if (next.start === token.end) this.#fail('A text with a prefix can’t be handed over');
    }
    if (word !== '' && reserved.has(word) && !(next?.text === '(' && ['left', 'right', 'glob'].includes(word)))
      this.#fail('An expression is missing');
    this.#at++;
    if (this.#isSymbol('(') && !this.#peek()?.quoted) return this.#call(from, token.text, token.end);
    return this.#column(from, token.text);
  }

  #column(from: number, first: string): Expr {
    const parts = [first];
    while (this.#isSymbol('.')) {
      const after = this.#peek(1);
      if (after?.type === 'symbol' && after.text === '*') {
        this.#at += 2;
        return this.#star(from, parts);
      }
      if (after?.type !== 'identifier') break;
      // column.method(…), or schema.function(…)
      if (this.#peek(2)?.text === '(' && this.#peek(2)?.type === 'symbol') {
        if (first.toLowerCase() === 'main' && parts.length === 1) {
          this.#at += 2;
          return this.#call(from, after.text, after.end);
        }
        break;
      }
      this.#at += 2;
      parts.push(after.text);
    }
    return this.#spanned(from, {kind: 'column', parts});
  }

  #star(from: number, table: readonly string[]): Star {
    const exclude: string[] = [];
    const replace: {value: Expr; name: string}[] = [];
    const rename: {from: string; to: string}[] = [];
    for (;;) {
      if (this.#words('exclude')) exclude.push(...(this.#isSymbol('(') ? this.#names() : [this.#name()]));
      else if (this.#words('replace')) replace.push(...this.#wrapped(() => this.#replacement()));
      else if (this.#words('rename'))
        rename.push(
          ...this.#wrapped(() => {
            const old = this.#name();
            this.#expectWord('as');
            return {from: old, to: this.#name()};
          }),
        );
      else break;
    }
    if (this.#isWord('like') || this.#isWord('ilike') || this.#isWord('glob') || this.#isWord('similar'))
      this.#fail('Columns picked by a pattern can’t be handed over; name them');
    return this.#spanned(from, {kind: 'star', table, exclude, replace, rename});
  }

  #replacement(): {value: Expr; name: string} {
    const value = this.#expr();
    this.#expectWord('as');
    return {value, name: this.#name()};
  }

  /** One item, or several in parentheses. */
  #wrapped<T>(item: () => T): T[] {
    if (!this.#symbol('(')) return [item()];
    const found = this.#list(item);
    this.#expect(')');
    return found;
  }

  #case(from: number): Expr {
    this.#at++;
    const operand = this.#isWord('when') ? undefined : this.#expr();
    const whens: {when: Expr; then: Expr}[] = [];
    while (this.#words('when')) {
      const when = this.#expr();
      this.#expectWord('then');
      whens.push({when, then: this.#expr()});
    }
    const otherwise = this.#words('else') ? this.#expr() : undefined;
    this.#expectWord('end');
    return this.#spanned(from, {kind: 'case', operand, whens, otherwise});
  }

  #exists(from: number): Expr {
    const not = this.#words('not');
    this.#expectWord('exists');
    this.#expect('(');
    const query = this.#query();
    this.#expect(')');
    const exists: Expr = this.#spanned(from, {kind: 'subquery', query, exists: true});
    return not
      ? this.#spanned(from, {kind: 'unary', op: 'not', value: {...exists, from: this.#afterNot(from)}})
      : exists;
  }

  #afterNot(from: number): number {
    return this.tokens.find((token) => token.start > from)?.start ?? from;
  }

  #cast(from: number, isTry: boolean): Expr {
    this.#at++;
    this.#expect('(');
    const value = this.#expr();
    this.#expectWord('as');
    const type = this.#type();
    this.#expect(')');
    return this.#spanned(from, {kind: 'cast', value, type, isTry});
  }

  /** A type’s text as it stands. */
  #type(): string {
    const from = this.#start();
    const first = this.#name().toLowerCase();
    if (first === 'double') this.#words('precision');
    if (first === 'timestamp' || first === 'time') {
      if (!this.#words('with', 'time', 'zone')) this.#words('without', 'time', 'zone');
    }
    if (this.#isSymbol('(')) {
      let depth = 0;
      do {
        if (this.#peek() === undefined) this.#fail('A type is not finished');
        if (this.#isSymbol('(')) depth++;
        if (this.#isSymbol(')')) depth--;
        this.#at++;
      } while (depth > 0);
    }
    while (this.#isSymbol('[')) {
      this.#at++;
      if (this.#peek()?.type === 'number') this.#at++;
      this.#expect(']');
    }
    return this.source.slice(from, this.#end());
  }

  #interval(from: number): Expr {
    this.#at++;
    const value = this.#primary();
    const token = this.#peek();
    const unit =
      token?.type === 'identifier' && !token.quoted && units.has(token.text.toLowerCase())
        ? token.text.toLowerCase()
        : undefined;
    if (unit !== undefined) this.#at++;
    return this.#spanned(from, {kind: 'interval', value, unit});
  }

  #call(from: number, name: string, nameTo: number): Expr {
    const lower = name.toLowerCase();
    this.#expect('(');
    const common = {
      kind: 'call' as const,
      name: lower,
      nameTo,
      star: false,
      distinct: false,
      order: [],
      nulls: undefined,
      within: undefined,
      filter: undefined,
      over: undefined,
    };
    const special = this.#specialArgs(lower);
    if (special !== undefined) {
      this.#expect(')');
      return this.#spanned(from, {...common, args: special, callTo: this.#end()});
    }
    const distinct = this.#words('distinct');
    if (!distinct) this.#words('all');
    let star = false;
    let args: Arg[] = [];
    if (this.#isSymbol('*') && lower === 'count') {
      this.#at++;
      star = true;
    } else if (!this.#isSymbol(')') && !this.#isWord('order')) args = this.#list(() => this.#arg());
    const order = this.#words('order', 'by') ? this.#orderItems() : [];
    let nulls = this.#nulls();
    this.#expect(')');
    const callTo = this.#end();
    const within = this.#words('within', 'group') ? this.#within() : undefined;
    const filter = this.#words('filter') ? this.#filter() : undefined;
    nulls ??= this.#nulls();
    const over = this.#words('over') ? this.#over() : undefined;
    return this.#spanned(from, {...common, args, star, distinct, order, nulls, within, filter, over, callTo});
  }

  /** The arguments of functions with words between them: extract(year FROM x), position(a IN b), substring(x FROM a FOR b), trim(BOTH a FROM x). */
  #specialArgs(name: string): Arg[] | undefined {
    const from = this.#start();
    const start = this.#at;
    if (name === 'extract') {
      const token = this.#peek();
      this.#at++;
      if (token !== undefined && this.#words('from'))
        return [{value: {kind: 'text', value: token.text, from: token.start, to: token.end}}, {value: this.#expr()}];
    } else if (name === 'position') {
      const part = this.#binary(7);
      if (this.#words('in')) return [{value: part}, {value: this.#expr()}];
    } else if (name === 'substring') {
      const value = this.#expr();
      if (this.#words('from')) {
        const first = this.#expr();
        return this.#words('for') ? [{value}, {value: first}, {value: this.#expr()}] : [{value}, {value: first}];
      }
    } else if (name === 'trim') {
      const side = ['both', 'leading', 'trailing'].find((word) => this.#words(word));
      if (side !== undefined) {
        const chars = this.#isWord('from') ? undefined : this.#expr();
        this.#expectWord('from');
        const value = this.#expr();
        const mark: Arg = {name: side, value: {kind: 'constant', value: 'null', from, to: from}};
        return [{value}, ...(chars === undefined ? [] : [{value: chars}]), mark];
      }
    }
    this.#at = start;
    return undefined;
  }

  #nulls(): 'ignore' | 'respect' | undefined {
    return this.#words('ignore', 'nulls') ? 'ignore' : this.#words('respect', 'nulls') ? 'respect' : undefined;
  }

  #within(): readonly OrderItem[] {
    this.#expect('(');
    if (!this.#words('order', 'by')) this.#fail('ORDER BY is missing');
    const items = this.#orderItems();
    this.#expect(')');
    return items;
  }

  #filter(): Expr {
    this.#expect('(');
    this.#words('where');
    const value = this.#expr();
    this.#expect(')');
    return value;
  }

  #arg(): Arg {
    const next = this.#peek(1);
    if (
      this.#peek()?.type === 'identifier' &&
      next?.type === 'symbol' &&
      (next.text === ':' || next.text === '=') &&
      this.#peek(2)?.text === (next.text === ':' ? '=' : '>')
    ) {
      const name = this.#name();
      this.#at += 2;
      return {name, value: this.#expr()};
    }
    return {value: this.#expr()};
  }

  #over(): Over {
    const from = this.#start();
    if (!this.#isSymbol('(')) {
      const name = this.#name();
      return this.#spanned(from, {name, bare: true, partition: [], order: [], frame: undefined});
    }
    this.#expect('(');
    const named =
      !['partition', 'order', 'rows', 'range', 'groups'].some((word) => this.#isWord(word)) && !this.#isSymbol(')');
    const name = named ? this.#name() : undefined;
    const partition = this.#words('partition', 'by') ? this.#list(() => this.#expr()) : [];
    const order = this.#words('order', 'by') ? this.#orderItems() : [];
    const frame = this.#frame();
    this.#expect(')');
    return this.#spanned(from, {name, bare: false, partition, order, frame});
  }

  #frame(): Frame | undefined {
    const from = this.#start();
    const unit = ['rows', 'range', 'groups'].find((word) => this.#words(word));
    if (unit === undefined) return undefined;
    const between = this.#words('between');
    const bounds = [...this.#bound()];
    if (between) {
      this.#expectWord('and');
      bounds.push(...this.#bound());
    }
    const exclude = this.#words('exclude');
    if (exclude) while (!this.#isSymbol(')') && this.#peek() !== undefined) this.#at++;
    return this.#spanned(from, {unit, bounds, exclude});
  }

  #bound(): Expr[] {
    if (this.#words('unbounded', 'preceding') || this.#words('unbounded', 'following') || this.#words('current', 'row'))
      return [];
    const value = this.#binary(7);
    if (!this.#words('preceding')) this.#expectWord('following');
    return [value];
  }

  #orderItems(): OrderItem[] {
    return this.#list(() => {
      const from = this.#start();
      const value = this.#words('all') ? undefined : this.#expr();
      const descending = this.#words('desc');
      if (!descending) this.#words('asc');
      const nulls = this.#words('nulls', 'first') ? 'first' : this.#words('nulls', 'last') ? 'last' : undefined;
      return this.#spanned(from, {value, descending, nulls});
    });
  }

  // ── queries ──

  #isQuery(): boolean {
    let ahead = 0;
    while (this.#peek(ahead)?.type === 'symbol' && this.#peek(ahead)?.text === '(') ahead++;
    return (
      ['select', 'from', 'with', 'values', 'table', 'pivot', 'unpivot', 'summarize', 'describe', 'show'].some((word) =>
        this.#isWord(word, ahead),
      ) && this.#isClause(ahead)
    );
  }

  /** `values` and `table` may be columns too. */
  #isClause(ahead: number): boolean {
    if (this.#isWord('values', ahead)) return this.#peek(ahead + 1)?.text === '(';
    if (['table', 'pivot', 'unpivot', 'summarize', 'describe', 'show'].some((word) => this.#isWord(word, ahead)))
      return this.#peek(ahead + 1)?.type === 'identifier';
    return true;
  }

  #query(): Query {
    const from = this.#start();
    const ctes: Cte[] = [];
    let recursive = false;
    if (this.#words('with')) {
      recursive = this.#words('recursive');
      ctes.push(...this.#list(() => this.#cte()));
    }
    const body = this.#setBody(1);
    const order = this.#words('order', 'by') ? this.#orderItems() : [];
    let limit: Expr | undefined;
    let offset: Expr | undefined;
    let limitPercent = false;
    for (;;) {
      if (this.#words('limit')) {
        limit = this.#words('all') ? undefined : this.#binary(10);
        limitPercent = this.#symbol('%') || this.#words('percent');
      } else if (this.#words('offset')) {
        offset = this.#binary(7);
        if (!this.#words('rows')) this.#words('row');
      } else break;
    }
    if (this.#isWord('using') && this.#isWord('sample', 1))
      this.#fail('A sample is random: it can’t be the same in Spark. Filter by a hash of a key instead');
    return this.#spanned(from, {kind: 'query', recursive, ctes, body, order, limit, limitPercent, offset});
  }

  #cte(): Cte {
    const from = this.#start();
    const name = this.#name();
    const headFrom = this.#end();
    const columns = this.#isSymbol('(') ? this.#names() : [];
    if (this.#isWord('using')) this.#fail('USING KEY can’t be handed over');
    this.#expectWord('as');
    if (!this.#words('materialized')) this.#words('not', 'materialized');
    const head = {from: headFrom, to: this.#end()};
    this.#expect('(');
    const query = this.#query();
    this.#expect(')');
    return this.#spanned(from, {name, columns, head, query});
  }

  /** INTERSECT binds tighter than UNION and EXCEPT. */
  #setBody(level: number): Body {
    const from = this.#start();
    let left = level === 1 ? this.#setBody(2) : this.#simpleBody();
    for (;;) {
      const op = [...setOps].find((word) => this.#isWord(word) && (word === 'intersect') === (level === 2));
      if (op === undefined) return left;
      const opFrom = this.#start();
      this.#at++;
      const all = this.#words('all');
      if (!all) this.#words('distinct');
      const byName = this.#words('by', 'name');
      const opSpan = {from: opFrom, to: this.#end()};
      const right = level === 1 ? this.#setBody(2) : this.#simpleBody();
      left = this.#spanned(from, {kind: 'set', op, all, byName, left, right, opSpan});
    }
  }

  #simpleBody(): Body {
    const from = this.#start();
    if (this.#symbol('(')) {
      const query = this.#query();
      this.#expect(')');
      return this.#spanned(from, {kind: 'nested', query});
    }
    if (this.#words('values')) {
      const rows = this.#list(() => {
        this.#expect('(');
        const items = this.#list(() => this.#expr());
        this.#expect(')');
        return items;
      });
      return this.#spanned(from, {kind: 'values', rows});
    }
    for (const [word, instead] of [
      ['pivot', 'The columns of a PIVOT come from the data; write one aggregate with FILTER (WHERE …) for each column'],
      ['unpivot', 'Write SELECT * FROM t UNPIVOT (value FOR name IN (a, b))'],
      ['summarize', 'SUMMARIZE has no counterpart in Spark SQL; write the aggregates you need'],
      ['describe', 'DESCRIBE tells about a table and gives no rows of it'],
      ['show', 'SHOW tells about tables and gives no rows of them'],
    ] as const)
      if (this.#isWord(word)) this.#fail(instead);
    return this.#select();
  }

  #select(): Select {
    const from = this.#start();
    const fromFirst = this.#isWord('from') || this.#isWord('table');
    let table: Table | undefined;
    if (this.#words('table')) table = this.#tableName(this.#start());
    else if (this.#words('from')) table = this.#tables();
    let items: SelectItem[] | undefined;
    let [distinct, distinctOn]: [boolean, readonly Expr[] | undefined] = [false, undefined];
    let list: Span = {from: this.#start(), to: this.#start()};
    if (this.#words('select')) {
      if (this.#words('distinct')) {
        if (this.#words('on')) {
          this.#expect('(');
          distinctOn = this.#list(() => this.#expr());
          this.#expect(')');
        } else distinct = true;
      } else this.#words('all');
      const listFrom = this.#start();
      items = this.#list(() => this.#selectItem());
      list = {from: listFrom, to: items.at(-1)?.to ?? this.#end()};
    } else if (!fromFirst) this.#fail('SELECT or FROM is missing');
    if (this.#words('from')) table = this.#tables();
    if (this.#isWord('tablesample') || (this.#isWord('using') && this.#isWord('sample', 1)))
      this.#fail('A sample is random: it can’t be the same in Spark. Filter by a hash of a key instead');
    const where = this.#words('where') ? this.#expr() : undefined;
    const group = this.#group();
    const having = this.#words('having') ? this.#expr() : undefined;
    const windows = this.#words('window')
      ? this.#list(() => {
          const name = this.#name();
          this.#expectWord('as');
          return {name, over: this.#over()};
        })
      : [];
    const qualifyFrom = this.#start();
    const qualify = this.#words('qualify') ? this.#spanned(qualifyFrom, {value: this.#expr()}) : undefined;
    const qualified = qualify === undefined ? undefined : {...qualify, to: this.#end()};
    return this.#spanned(from, {
      kind: 'select',
      fromFirst,
      distinct,
      distinctOn,
      items,
      list,
      table,
      where,
      group,
      having,
      windows,
      qualify: qualified,
    });
  }

  #group(): Select['group'] {
    const from = this.#start();
    if (!this.#words('group', 'by')) return undefined;
    const all = this.#words('all');
    const items = all
      ? []
      : this.#list(() =>
          this.#isWord('grouping') && this.#isWord('sets', 1)
            ? this.#fail('GROUPING SETS can’t be handed over; write ROLLUP or CUBE')
            : this.#expr(),
        );
    return {items, all, span: {from, to: this.#end()}};
  }

  #selectItem(): SelectItem {
    const from = this.#start();
    const next = this.#peek(1);
    if (
      this.#peek()?.type === 'identifier' &&
      next?.type === 'symbol' &&
      next.text === ':' &&
      this.#peek(2)?.text !== ':' &&
      this.#peek(2)?.text !== '='
    ) {
      const alias = this.#name();
      this.#at++;
      return this.#spanned(from, {value: this.#expr(), alias});
    }
    const value = this.#expr();
    return this.#spanned(from, {value, alias: this.#aliasName()});
  }

  #aliasName(): string | undefined {
    if (this.#words('as')) {
      const token = this.#peek();
      if (token?.type === 'string') {
        this.#at++;
        return token.text;
      }
      return this.#name();
    }
    return this.#plainName();
  }

  #tables(): Table {
    const from = this.#start();
    let left = this.#joins();
    while (this.#symbol(',')) {
      if (this.#peek() === undefined || this.#isSymbol(')') || this.#isReservedNext() || this.#isWord('select')) break;
      const right = this.#joins();
      left = this.#spanned(from, {
        kind: 'join',
        left,
        right,
        type: 'CROSS',
        comma: true,
        natural: false,
        on: undefined,
        using: undefined,
      });
    }
    return left;
  }

  #joins(): Table {
    const from = this.#start();
    let left = this.#table();
    for (;;) {
      const start = this.#at;
      const natural = this.#words('natural');
      if (this.#isWord('asof'))
        this.#fail(
          'ASOF JOIN has no counterpart in Spark SQL; use a join step, or number the matches with row_number()',
        );
      if (this.#isWord('positional'))
        this.#fail('POSITIONAL JOIN goes by the rows’ places, and Spark’s tables have no order; join on a key');
      const side = ['inner', 'left', 'right', 'full', 'cross', 'semi', 'anti'].find((word) => this.#isWord(word));
      if (side !== undefined) this.#at++;
      this.#words('outer');
      if (!this.#words('join')) {
        this.#at = start;
        return left;
      }
      const right = this.#table();
      const on = this.#words('on') ? this.#expr() : undefined;
      const using = this.#words('using') ? this.#names() : undefined;
      left = this.#spanned(from, {
        kind: 'join',
        left,
        right,
        type: (side ?? 'inner').toUpperCase(),
        comma: false,
        natural,
        on,
        using,
      });
    }
  }

  #table(): Table {
    const from = this.#start();
    // alias: table
    if (this.#peek()?.type === 'identifier' && this.#peek(1)?.type === 'symbol' && this.#peek(1)?.text === ':') {
      const name = this.#name();
      const alias: TableAlias = {name, columns: [], from, to: this.#end()};
      this.#at++;
      const table = this.#plainTable();
      if (table.kind === 'join') return this.#fail('An alias before a join can’t be read');
      return {...table, alias, from};
    }
    const table = this.#plainTable();
    return this.#suffixes(from, table);
  }

  #suffixes(from: number, table: Table): Table {
    if (this.#isWord('pivot'))
      this.#fail(
        'The columns of a PIVOT come from the data; write one aggregate with FILTER (WHERE …) for each column',
      );
    if (!this.#words('unpivot')) return table;
    const nulls = this.#words('include', 'nulls');
    this.#expect('(');
    const value = this.#name();
    this.#expectWord('for');
    const name = this.#name();
    this.#expectWord('in');
    this.#expect('(');
    const columns = this.#list(() => this.#expr());
    this.#expect(')');
    this.#expect(')');
    return this.#spanned(from, {kind: 'unpivot', source: table, value, name, columns, nulls, alias: this.#alias()});
  }

  #plainTable(): Table {
    const from = this.#start();
    const lateral = this.#words('lateral');
    const token = this.#peek();
    if (token?.type === 'string') {
      this.#at++;
      return this.#spanned(from, {
        kind: 'table',
        parts: [token.text],
        nameTo: token.end,
        at: undefined,
        alias: this.#alias(),
      });
    }
    if (this.#isSymbol('(')) {
      if (this.#isQuery()) {
        this.#expect('(');
        const query = this.#query();
        this.#expect(')');
        return this.#spanned(from, {kind: 'derived', query, lateral, alias: this.#alias()});
      }
      this.#expect('(');
      const inner = this.#tables();
      this.#expect(')');
      return this.#spanned(from, {kind: 'joined', inner, alias: this.#alias()});
    }
    if (this.#isWord('values') && this.#peek(1)?.text === '(') {
      const body = this.#simpleBody();
      const query: Query = {
        kind: 'query',
        recursive: false,
        ctes: [],
        body,
        order: [],
        limit: undefined,
        limitPercent: false,
        offset: undefined,
        from: body.from,
        to: body.to,
      };
      return this.#spanned(from, {kind: 'derived', query, lateral, alias: this.#alias()});
    }
    if (token?.type === 'identifier' && this.#peek(1)?.type === 'symbol' && this.#peek(1)?.text === '(') {
      this.#at++;
      const call = this.#call(from, token.text, token.end);
      if (call.kind !== 'call') return this.#fail('This table can’t be read');
      if (this.#isWord('with') && this.#isWord('ordinality', 1)) this.#fail('WITH ORDINALITY can’t be handed over');
      return this.#spanned(from, {kind: 'function', call, alias: this.#alias()});
    }
    return this.#tableName(from);
  }

  #tableName(from: number): Table {
    const parts = [this.#plainName() ?? this.#fail('A table is missing')];
    while (this.#symbol('.')) parts.push(this.#name());
    const nameTo = this.#end();
    const at = this.#version();
    const alias = this.#alias();
    if (this.#isWord('tablesample'))
      this.#fail('A sample is random: it can’t be the same in Spark. Filter by a hash of a key instead');
    return this.#spanned(from, {kind: 'table', parts, nameTo, at, alias});
  }

  /** `AT (VERSION => 3)`, or Spark’s `VERSION AS OF 3`. */
  #version(): Version | undefined {
    if (this.#isWord('at') && this.#peek(1)?.text === '(') {
      this.#at += 2;
      const unit = this.#name().toLowerCase();
      this.#expect('=>');
      const value = this.#expr();
      this.#expect(')');
      return unit === 'version' ? {version: value} : {timestamp: value};
    }
    for (const unit of ['version', 'timestamp'] as const)
      if (this.#words(unit, 'as', 'of')) {
        const value = this.#expr();
        return unit === 'version' ? {version: value} : {timestamp: value};
      }
    return undefined;
  }

  #alias(): TableAlias | undefined {
    const from = this.#start();
    const name = this.#words('as')
      ? this.#name()
      : this.#isWord('at') && this.#peek(1)?.text === '('
        ? undefined
        : this.#plainName();
    if (name === undefined) return undefined;
    const columns = this.#isSymbol('(') ? this.#names() : [];
    return this.#spanned(from, {name, columns});
  }
}

function lambdaNames(left: Expr): string[] {
  if (left.kind === 'column') return [left.parts.join('.')];
  if (left.kind === 'paren') return lambdaNames(left.inner);
  if (left.kind === 'row') return left.items.flatMap(lambdaNames);
  return [];
}
