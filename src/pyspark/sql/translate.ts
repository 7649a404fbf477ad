import type {Column} from '../../sql/types.ts';
import type {Call, Expr, Frame, OrderItem, Over, Query, Span} from './ast.ts';
import {
  aggregates,
  divisor,
  fullMatch,
  intervalOut,
  lengthOfLiteral,
  remainder,
  scalars,
  textOf,
  variableInterval,
  type CallContext,
} from './functions.ts';
import {unitOf} from './intervals.ts';
import {inside, level, literalNumber, literalText, out, sparkName, sparkText, type Out} from './out.ts';
import {castType, common, elementOf, familyOf, fieldOf, isNumeric} from './types.ts';

/** What can’t be said in Spark SQL with the same result, and what to write instead. */
export interface SparkProblem {
  readonly message: string;
  readonly hint: string;
}

/** A table in FROM: its columns are undefined where they aren’t known. */
export interface Relation {
  readonly name: string | undefined;
  readonly columns: readonly Column[] | undefined;
}

export interface Scope {
  readonly relations: readonly Relation[];
  readonly parent: Scope | undefined;
  /** What SELECT calls its items. */
  readonly aliases: ReadonlyMap<string, Out>;
  /** Aliases stand for their expressions: in WHERE Spark doesn’t know them. */
  readonly spelled: boolean;
  readonly lambdas: ReadonlyMap<string, string | undefined>;
}

/** A piece of the source and what it becomes. */
export interface Piece extends Span {
  readonly text: string;
}

interface Found {
  readonly certain: boolean;
  readonly column: Column | undefined;
}

const sameName = (a: string | undefined, b: string): boolean => a?.toLowerCase() === b.toLowerCase();

const comparisons = new Set(['=', '==', '<>', '!=', '<', '>', '<=', '>=']);

/** DuckDB expressions as Spark SQL. Queries are given to `query`, which knows their clauses. */
export class Translator {
  readonly problems = new Map<string, SparkProblem>();
  /** The IN (SELECT …) that decide only whether a row stays: elsewhere Spark gives false for NULL. */
  readonly deciding = new Set<Expr>();

  constructor(
    private readonly source: string,
    private readonly query: (
      query: Query,
      scope: Scope,
    ) => {readonly text: string; readonly columns: readonly (Column | undefined)[] | undefined},
  ) {}

  problem(message: string, hint: string): Out {
    this.problems.set(message, {message, hint});
    return out('NULL');
  }

  unknown(value: Out): Out {
    this.problem(
      `the type of ${value.text} isn’t known yet`,
      'Run the cells above it once: types come from their results.',
    );
    return out(value.text);
  }

  /** The source between two places, as Spark reads it: comments stay. */
  gap(from: number, to: number): string {
    // A comment that ends in a backslash goes on in Spark, and `/*+` begins a hint.
    return this.source
      .slice(from, to)
      .replace(/\\(?=\r?\n)/g, '\\ ')
      .replaceAll('/*+', '/* +');
  }

  /** The source of a span with pieces of it replaced. */
  patch(span: Span, pieces: readonly Piece[]): string {
    let [text, at] = ['', span.from];
    for (const piece of [...pieces].sort((a, b) => a.from - b.from || a.to - b.to)) {
      text += this.gap(at, piece.from) + piece.text;
      at = piece.to;
    }
    return text + this.gap(at, span.to);
  }

  /** Where the next token after a place starts. */
  skip(at: number): number {
    for (;;) {
      const rest = this.source.slice(at);
      const blank = /^(?:\s+|--[^\n]*\n?|\/\*[\s\S]*?\*\/)/.exec(rest)?.[0];
      if (blank === undefined) return at;
      at += blank.length;
    }
  }

  expr(node: Expr, scope: Scope): Out {
    const of = (inner: Expr): Out => this.expr(inner, scope);
    const same = (children: readonly Expr[], type?: string, at?: number): Out =>
      out(this.patch(node, this.pieces(children, scope)), type, at);
    switch (node.kind) {
      case 'column':
        return this.#column(node.parts, scope);
      case 'number':
        return out(
          node.text,
          /e/i.test(node.text) ? 'DOUBLE' : node.text.includes('.') ? decimalType(node.text) : integerType(node.text),
        );
      case 'text':
        return out(sparkText(node.value), 'VARCHAR');
      case 'constant':
        return out(this.gap(node.from, node.to), node.value === 'null' ? 'NULL' : 'BOOLEAN');
      case 'paren':
        return {...of(node.inner), text: this.patch(node, this.pieces([node.inner], scope)), level: level.primary};
      case 'unary':
        return this.#unary(node.op, node.value, node, scope);
      case 'binary':
        return this.#binary(node, scope);
      case 'is':
        return this.#is(node, scope);
      case 'between': {
        const [value, low, high] = [of(node.value), of(node.low), of(node.high)];
        this.#comparable(value, low, node.low);
        this.#comparable(value, high, node.high);
        const parts = [node.value, node.low, node.high];
        return out(
          this.patch(
            node,
            [value, low, high].map((one, i) =>
              piece(parts[i] ?? node, inside(this.#asFloat(one, [value, low, high]), level.add)),
            ),
          ),
          'BOOLEAN',
          level.predicate,
        );
      }
      case 'in':
        return this.#in(node, scope);
      case 'like':
        return this.#like(node, scope);
      case 'cast':
        return this.#cast(node, scope);
      case 'case':
        return this.#case(node, scope);
      case 'interval':
        return this.#interval(node, scope);
      case 'call':
        return this.#call(node, scope);
      case 'list': {
        const items = node.items.map(of);
        const type = items.map((item) => item.type).reduce<string | undefined>(common, 'NULL');
        return out(`array(${items.map((item) => item.text).join(', ')})`, type === undefined ? undefined : `${type}[]`);
      }
      case 'struct':
        return out(
          `named_struct(${node.fields.map(({name, value}) => `${sparkText(name)}, ${of(value).text}`).join(', ')})`,
        );
      case 'row':
        return same(node.items);
      case 'field': {
        const value = of(node.value);
        return out(`${inside(value, level.primary)}.${sparkName(node.name)}`, fieldOf(value.type, node.name));
      }
      case 'index':
        return this.#index(of(node.value), node.index, scope);
      case 'slice':
        return this.#slice(node, scope);
      case 'lambda':
        return this.#lambda(node.names, node.body, scope, []);
      case 'subquery': {
        const {text, columns} = this.query(node.query, {...emptyScope, parent: scope});
        return out(this.patch(node, [{...node.query, text}]), node.exists ? 'BOOLEAN' : columns?.[0]?.type);
      }
      case 'star':
        return this.problem('a * stands where Spark has none', 'Name the columns.');
    }
  }

  /** A condition that rows have to meet. */
  condition(node: Expr, scope: Scope): Out {
    this.#decide(node, true);
    return this.expr(node, scope);
  }

  #decide(node: Expr, positive: boolean): void {
    if (node.kind === 'paren') this.#decide(node.inner, positive);
    else if (node.kind === 'binary' && (node.op === 'and' || node.op === 'or'))
      for (const side of [node.left, node.right]) this.#decide(side, positive && node.op === 'and');
    else if (node.kind === 'unary' && node.op === 'not' && positive && node.value.kind === 'in')
      this.deciding.add(node.value);
    else if (node.kind === 'in' && (positive || !node.not)) this.deciding.add(node);
  }

  pieces(children: readonly Expr[], scope: Scope): Piece[] {
    return children.map((child) => ({...span(child), text: this.expr(child, scope).text}));
  }

  orderItem(item: OrderItem, scope: Scope): string {
    const keep = item.nulls !== undefined || item.descending;
    // DuckDB puts NULL last in either direction; Spark puts it first in the ascending one.
    const text =
      item.value === undefined ? this.gap(item.from, item.to) : this.patch(item, this.pieces([item.value], scope));
    return keep ? text : `${text} NULLS LAST`;
  }

  over(over: Over, scope: Scope): string {
    if (over.bare) return this.gap(over.from, over.to);
    if (over.name !== undefined) {
      this.problem(
        `a window that builds on the window ${over.name} can’t be handed over`,
        'Write PARTITION BY and ORDER BY out in it.',
      );
      return '';
    }
    const pieces: Piece[] = this.pieces(over.partition, scope);
    for (const item of over.order) pieces.push({...span(item), text: this.orderItem(item, scope)});
    if (over.frame !== undefined) pieces.push({...span(over.frame), text: this.#frame(over.frame, over, scope)});
    return this.patch(over, pieces);
  }

  #frame(frame: Frame, over: Over, scope: Scope): string {
    if (frame.exclude || frame.unit === 'groups')
      this.problem('window frames with GROUPS or EXCLUDE don’t exist in Spark', 'Use ROWS or RANGE.');
    if (frame.unit === 'rows' && over.order.length === 0 && frame.bounds.length > 0)
      this.problem(
        'a frame of ROWS without ORDER BY goes by the rows’ order, and Spark’s tables have none',
        'Add ORDER BY to its OVER (…).',
      );
    return this.patch(frame, this.pieces(frame.bounds, scope));
  }

  // ── names ──

  find(name: string, scope: Scope, relation?: string): Found {
    let certain = true;
    for (const one of scope.relations) {
      if (relation !== undefined && !sameName(one.name, relation)) continue;
      const column = one.columns?.find((each) => sameName(each.name, name));
      if (column !== undefined) return {certain: true, column};
      if (one.columns === undefined) certain = false;
    }
    if (!certain || scope.parent === undefined) return {certain, column: undefined};
    return this.find(name, scope.parent, relation);
  }

  #column(parts: readonly string[], scope: Scope): Out {
    const [first = '', ...rest] = parts;
    const text = parts.map(sparkName).join('.');
    if (scope.lambdas.has(first.toLowerCase())) return out(text, fields(scope.lambdas.get(first.toLowerCase()), rest));
    const {certain, column} = this.find(first, scope);
    if (column !== undefined) return out(text, fields(column.type, rest));
    const alias = scope.aliases.get(first.toLowerCase());
    if (alias !== undefined && rest.length === 0) {
      if (!scope.spelled) return out(text, alias.type);
      return certain
        ? {...alias, text: inside(alias, level.primary + 1), level: level.primary}
        : this.unknown(out(text));
    }
    // table.column, lake.table.column
    const named = isRelation(first, scope)
      ? rest
      : sameName(first, 'lake') && isRelation(rest[0] ?? '', scope)
        ? rest.slice(1)
        : undefined;
    if (named === undefined) return out(text);
    const table = parts[parts.length - named.length - 1];
    const {column: found} = this.find(named[0] ?? '', scope, table);
    return out([table ?? '', ...named].map(sparkName).join('.'), fields(found?.type, named.slice(1)));
  }

  // ── operators ──

  #unary(op: string, operand: Expr, node: Expr, scope: Scope): Out {
    const value = this.expr(operand, scope);
    const text = (least: number): string => this.patch(node, [piece(operand, inside(value, least))]);
    if (op === 'not') return out(text(level.not), 'BOOLEAN', level.not);
    if (op === '-' || op === '+') return out(text(level.unary), value.type, level.unary);
    if (op === '@') return out(`abs(${value.text})`, value.type);
    return out(text(level.unary), value.type, level.unary);
  }

  #binary(node: Extract<Expr, {kind: 'binary'}>, scope: Scope): Out {
    const [left, right] = [this.expr(node.left, scope), this.expr(node.right, scope)];
    const {op} = node;
    if (op === 'and' || op === 'or')
      return this.#joined(node, left, right, op.toUpperCase(), 'BOOLEAN', level[op], level[op]);
    if (comparisons.has(op)) {
      this.#comparable(left, right, node.right);
      this.#comparable(right, left, node.left);
      const [a, b] = [this.#asFloat(left, [left, right]), this.#asFloat(right, [left, right])];
      return this.#joined(node, a, b, op === '==' ? '=' : op, 'BOOLEAN', level.comparison, level.add, level.add);
    }
    if (op === '+' || op === '-') return this.#sum(node, left, right);
    const type = common(left.type, right.type);
    switch (op) {
      case '*':
        if (familyOf(left.type) === 'interval' || familyOf(right.type) === 'interval')
          return this.#joined(node, left, right, op, 'INTERVAL', level.multiply, level.multiply);
        return this.#joined(
          node,
          this.#asFloat(left, [left, right]),
          this.#asFloat(right, [left, right]),
          op,
          type,
          level.multiply,
          level.multiply,
          level.unary,
        );
      case '/':
        return this.#divide(node, left, right);
      case '//': {
        const families = [familyOf(left.type), familyOf(right.type)];
        if (families.every((family) => family === 'int'))
          return this.#joined(
            node,
            left,
            out(divisor(right, node.right)),
            'div',
            type,
            level.multiply,
            level.multiply,
            level.unary,
          );
        if (families.includes(undefined)) return this.unknown(familyOf(left.type) === undefined ? left : right);
        // Of other numbers // is plain division.
        return this.#divide(node, left, right);
      }
      case '%': {
        const rest = remainder(left, right, node.right);
        return this.#joined(
          node,
          left,
          out(divisor(right, node.right)),
          '%',
          rest.type,
          level.multiply,
          level.multiply,
          level.unary,
        );
      }
      case '^':
      case '**':
        return out(`power(${left.text}, ${right.text})`, 'DOUBLE');
      case '||':
        return this.#concat(node, left, right);
      case '^@':
        return out(`startswith(${left.text}, ${right.text})`, 'BOOLEAN');
      case '~':
      case '!~': {
        const regex = literalText(node.right);
        if (regex === undefined)
          return this.problem('the pattern after ~ isn’t written out', 'Write the pattern as a text.');
        return op === '~'
          ? out(fullMatch(left.text, regex), 'BOOLEAN')
          : out(`NOT ${fullMatch(left.text, regex)}`, 'BOOLEAN', level.not);
      }
      case '&':
      case '|':
        return this.#joined(node, left, right, op, type, level.comparison, level.add, level.add);
      default:
        return this.problem(
          `the operator ${op} has no counterpart in Spark`,
          'Use a function of DuckDB and Spark: contains(), regexp_matches(), power().',
        );
    }
  }

  /** `left op right` as it was written, comments and lines included. */
  #joined(
    node: Extract<Expr, {kind: 'binary'}>,
    left: Out,
    right: Out,
    op: string,
    type: string | undefined,
    at: number,
    leftLeast: number,
    rightLeast = leftLeast + 1,
  ): Out {
    const start = this.skip(node.left.to);
    const middle = {
      from: start,
      to: start + node.op.length,
      text:
        this.source.slice(start, start + node.op.length).toLowerCase() === op.toLowerCase()
          ? this.source.slice(start, start + node.op.length)
          : op,
    };
    // `7//2` needs room for a word.
    const spaced = /^\w/.test(op)
      ? {
          ...middle,
          text: `${start === node.left.to ? ' ' : ''}${middle.text}${this.skip(middle.to) === middle.to ? ' ' : ''}`,
        }
      : middle;
    return out(
      this.patch(node, [
        piece(node.left, inside(left, leftLeast)),
        spaced,
        piece(node.right, inside(right, rightLeast)),
      ]),
      type,
      at,
    );
  }

  /** A FLOAT meets only FLOATs in DuckDB, and Spark would make them doubles. */
  #asFloat(value: Out, all: readonly Out[]): Out {
    const families = all.map((one) => familyOf(one.type));
    if (
      !families.includes('float') ||
      families.includes('double') ||
      !isNumeric(familyOf(value.type)) ||
      familyOf(value.type) === 'float'
    )
      return value;
    return out(`CAST(${value.text} AS FLOAT)`, 'FLOAT');
  }

  #sum(node: Extract<Expr, {kind: 'binary'}>, left: Out, right: Out): Out {
    const [a, b] = [familyOf(left.type), familyOf(right.type)];
    const join = (x: Out, y: Out, type: string | undefined): Out =>
      this.#joined(node, x, y, node.op, type, level.add, level.add, level.multiply);
    if (b === 'interval' || a === 'interval') {
      if (a === 'interval' && b === 'interval') return join(left, right, 'INTERVAL');
      const [time, family] = b === 'interval' ? [left, a] : [right, b];
      if (family === undefined) return this.unknown(time);
      // A date and an interval are a timestamp in DuckDB.
      const moved = family === 'date' ? out(`CAST(${time.text} AS TIMESTAMP)`, 'TIMESTAMP') : time;
      return b === 'interval' ? join(moved, right, moved.type) : join(left, moved, moved.type);
    }
    if (node.op === '-' && a === 'date' && b === 'date') return out(`datediff(${left.text}, ${right.text})`, 'BIGINT');
    const times = [a, b].filter((family) => family === 'timestamp' || family === 'date').length;
    if (node.op === '-' && times === 2) return join(left, right, 'INTERVAL');
    if (node.op === '-' && times === 1 && (a === undefined || b === undefined))
      return this.unknown(a === undefined ? left : right);
    if (a === 'date' && b === 'int') return join(left, right, 'DATE');
    if (b === 'date' && a === 'int') return join(right, left, 'DATE');
    return join(this.#asFloat(left, [left, right]), this.#asFloat(right, [left, right]), common(left.type, right.type));
  }

  #divide(node: Extract<Expr, {kind: 'binary'}>, left: Out, right: Out): Out {
    const families = [familyOf(left.type), familyOf(right.type)];
    if (families[0] === 'interval')
      return this.problem(
        'an interval divided by a number has other parts in Spark',
        'Divide the seconds: epoch(b) - epoch(a).',
      );
    const by = out(divisor(right, node.right));
    const join = (dividend: Out): Out =>
      this.#joined(node, dividend, by, '/', 'DOUBLE', level.multiply, level.multiply, level.unary);
    if (families.includes('float') && !families.includes('double'))
      return out(`CAST(${join(out(`CAST(${left.text} AS DOUBLE)`)).text} AS FLOAT)`, 'FLOAT');
    // Decimals are divided as doubles in DuckDB, and as decimals in Spark.
    const asDoubles = families.includes('double') || families.every((family) => family === 'int');
    return join(asDoubles ? left : out(`CAST(${left.text} AS DOUBLE)`));
  }

  #concat(node: Extract<Expr, {kind: 'binary'}>, left: Out, right: Out): Out {
    if (familyOf(left.type) === 'list' || familyOf(right.type) === 'list')
      return this.problem(
        '|| of lists treats NULL in another way in Spark',
        'Use flatten([a, b]) on lists that aren’t NULL.',
      );
    const [a, b] = [
      {...left, text: textOf(left)},
      {...right, text: textOf(right)},
    ];
    const chained = node.left.kind === 'binary' && node.left.op === '||';
    return this.#joined(node, a, b, '||', 'VARCHAR', level.add, chained ? level.add : level.multiply, level.multiply);
  }

  /** Names what DuckDB casts silently and Spark otherwise. */
  #comparable(value: Out, other: Out, node: Expr): void {
    const [a, b] = [familyOf(value.type), familyOf(other.type)];
    if (b === 'text' && isNumeric(a) && node.kind !== 'text')
      this.problem(
        `${other.text} is text and is compared with a number`,
        `Cast it first: TRY_CAST(${other.text} AS DOUBLE).`,
      );
  }

  #is(node: Extract<Expr, {kind: 'is'}>, scope: Scope): Out {
    const value = this.expr(node.value, scope);
    if (!['null', 'true', 'false', 'distinct', 'unknown'].includes(node.what))
      return this.problem(`IS ${node.what.toUpperCase()} has no counterpart in Spark`, 'Compare with = or IS NULL.');
    const pieces = [piece(node.value, inside(value, level.comparison))];
    if (node.other !== undefined)
      pieces.push(piece(node.other, inside(this.expr(node.other, scope), level.comparison)));
    const written = this.source.slice(this.skip(node.value.to), node.to);
    // ISNULL and NOTNULL are functions in Spark.
    if (!/^is\b/i.test(written))
      return out(`${inside(value, level.comparison)} IS ${node.not ? 'NOT ' : ''}NULL`, 'BOOLEAN', level.predicate);
    return out(this.patch(node, pieces), 'BOOLEAN', level.predicate);
  }

  #in(node: Extract<Expr, {kind: 'in'}>, scope: Scope): Out {
    const value = this.expr(node.value, scope);
    const {items} = node;
    const first = piece(node.value, inside(value, level.add));
    if (Array.isArray(items)) {
      // The cast: Array.isArray leaves readonly arrays out of its guess.
      const list = items as readonly Expr[];
      const texts = list.map((item) => ({item, value: this.expr(item, scope)}));
      for (const {item, value: other} of texts) this.#comparable(value, other, item);
      const every = [value, ...texts.map((each) => each.value)];
      return out(
        this.patch(node, [
          piece(node.value, inside(this.#asFloat(value, every), level.add)),
          ...texts.map((each) => piece(each.item, this.#asFloat(each.value, every).text)),
        ]),
        'BOOLEAN',
        level.predicate,
      );
    }
    if ('kind' in items && items.kind === 'query') {
      if (!this.deciding.has(node))
        this.problem(
          'IN (SELECT …) is false in Spark where DuckDB says NULL, unless WHERE alone asks for it',
          'Join with the other table, or ask with EXISTS (SELECT … WHERE …).',
        );
      const {text} = this.query(items, {...emptyScope, parent: scope});
      return out(this.patch(node, [first, {...span(items), text}]), 'BOOLEAN', level.predicate);
    }
    // The cast: what is no list and no query is an expression.
    const list = this.expr(items as Expr, scope);
    const found = `array_position(${list.text}, ${value.text}) > 0`;
    return node.not ? out(`NOT ${found}`, 'BOOLEAN', level.not) : out(found, 'BOOLEAN', level.comparison);
  }

  #like(node: Extract<Expr, {kind: 'like'}>, scope: Scope): Out {
    const value = this.expr(node.value, scope);
    const not = node.not ? 'NOT ' : '';
    const text = literalText(node.pattern);
    if (node.op === 'similar') {
      if (text === undefined)
        return this.problem('the pattern of SIMILAR TO isn’t written out', 'Write the pattern as a text.');
      return out(not + fullMatch(value.text, text), 'BOOLEAN', node.not ? level.not : level.primary);
    }
    if (node.op === 'glob')
      return this.problem('GLOB has no counterpart in Spark', 'Use LIKE with % and _, or regexp_matches().');
    if (text === undefined)
      return this.problem(
        'the pattern of LIKE isn’t written out',
        'Write the pattern as a text, or use contains(), starts_with() or ends_with().',
      );
    const escape = literalText(node.escape);
    if (node.escape !== undefined && escape?.length !== 1)
      return this.problem('the ESCAPE of LIKE has to be one character', 'Write ESCAPE ‘!’ .');
    // A backslash is itself in DuckDB, and escapes in Spark.
    const spark = escape === undefined ? text.replaceAll('\\', '\\\\') : text;
    const pieces = [piece(node.value, inside(value, level.add)), piece(node.pattern, sparkText(spark))];
    if (node.escape !== undefined) pieces.push(piece(node.escape, sparkText(escape ?? '')));
    return out(this.patch(node, pieces), 'BOOLEAN', level.predicate);
  }

  #case(node: Extract<Expr, {kind: 'case'}>, scope: Scope): Out {
    const results = [...node.whens.map((when) => when.then), ...(node.otherwise === undefined ? [] : [node.otherwise])];
    const types = results.map((result) => this.expr(result, scope));
    const families = types.map((result) => familyOf(result.type));
    if (families.includes('text') && families.some((family) => isNumeric(family) || family === 'bool'))
      this.problem('the branches of CASE are texts and numbers', 'Cast the numbers: n::VARCHAR.');
    const tests = [...(node.operand === undefined ? [] : [node.operand]), ...node.whens.map((when) => when.when)];
    const pieces = [
      ...this.pieces(tests, scope),
      ...results.map((result, i) => piece(result, this.#asFloat(types[i] ?? out(''), types).text)),
    ];
    return out(this.patch(node, pieces), types.map((one) => one.type).reduce<string | undefined>(common, 'NULL'));
  }

  #interval(node: Extract<Expr, {kind: 'interval'}>, scope: Scope): Out {
    const length = lengthOfLiteral(node);
    const unit = node.unit === undefined ? undefined : unitOf(node.unit);
    if (length === undefined && unit !== undefined && literalText(node.value) === undefined)
      return variableInterval(this.expr(node.value, scope), unit);
    return intervalOut(length, (message, hint) => this.problem(message, hint));
  }

  #index(value: Out, index: Expr, scope: Scope): Out {
    const name = literalText(index);
    if (name !== undefined) return out(`${inside(value, level.primary)}.${sparkName(name)}`, fieldOf(value.type, name));
    const family = familyOf(value.type);
    const at = this.expr(index, scope).text;
    if (family === 'list') return out(`try_element_at(${value.text}, ${at})`, elementOf(value.type));
    if (family === 'text') return out(`substring(${value.text}, ${at}, 1)`, 'VARCHAR');
    return this.unknown(value);
  }

  #slice(node: Extract<Expr, {kind: 'slice'}>, scope: Scope): Out {
    const value = this.expr(node.value, scope);
    const [low, high] = [
      node.low === undefined ? 1 : literalNumber(node.low),
      node.high === undefined ? Infinity : literalNumber(node.high),
    ];
    if (low === undefined || high === undefined || low < 1 || high < 0)
      return this.problem(
        'a slice with computed or negative ends can’t be handed over',
        'Write its ends as numbers from 1, or use substring().',
      );
    const length = Math.max(high - low + 1, 0);
    const family = familyOf(value.type);
    if (family === 'list')
      return out(
        `slice(${value.text}, ${low}, ${Number.isFinite(length) ? length : `greatest(size(${value.text}), 1)`})`,
        value.type,
      );
    if (family === 'text')
      return out(`substring(${value.text}, ${low}${Number.isFinite(length) ? `, ${length}` : ''})`, 'VARCHAR');
    return this.unknown(value);
  }

  #lambda(names: readonly string[], body: Expr, scope: Scope, types: readonly (string | undefined)[]): Out {
    const lambdas = new Map(scope.lambdas);
    names.forEach((name, i) => lambdas.set(name.toLowerCase(), types[i]));
    const value = this.expr(body, {...scope, lambdas});
    const head = names.length === 1 ? names.map(sparkName).join('') : `(${names.map(sparkName).join(', ')})`;
    return out(`${head} -> ${value.text}`, value.type, 0);
  }

  // ── casts ──

  #cast(node: Extract<Expr, {kind: 'cast'}>, scope: Scope): Out {
    const target = castType(node.type);
    if (/^interval$/i.test(node.type))
      return intervalOut(lengthOfLiteral(node), (message, hint) => this.problem(message, hint));
    if (target === undefined || /TIME ZONE/.test(target.duck))
      return this.problem(
        `Spark has no type ${node.type.toUpperCase()} like DuckDB’s`,
        'Cast to a number, VARCHAR, BOOLEAN, DATE or TIMESTAMP; times are UTC.',
      );
    const value = this.expr(node.value, scope);
    const literal = literalText(node.value);
    // DATE '2024-02-01'
    if (
      literal !== undefined &&
      /^(date|timestamp)$/i.test(node.type) &&
      this.source.slice(node.from, node.from + node.type.length).toLowerCase() === node.type.toLowerCase()
    )
      return /^\d{4}-\d\d-\d\d( \d\d:\d\d(:\d\d(\.\d{1,6})?)?)?$/.test(literal)
        ? out(`${node.type.toUpperCase()} ${sparkText(literal)}`, target.duck)
        : this.#castText(value, target, node.isTry);
    const from = familyOf(value.type);
    const cast = (text: string): Out =>
      out(`${node.isTry ? 'TRY_CAST' : 'CAST'}(${text} AS ${target.spark})`, target.duck);
    const to = familyOf(target.duck);
    if (from === undefined && (to === 'int' || to === 'decimal' || to === 'text' || to === 'timestamp')) {
      const unknown = this.unknown(value);
      return out(cast(unknown.text).text, target.duck);
    }
    if (from === 'interval' || from === 'timestamptz')
      return this.problem(
        `${value.type ?? ''} can’t be cast alike in Spark`,
        'Take its parts first, for instance with epoch().',
      );
    if (to === 'text')
      return from === 'list' || from === 'struct' || from === 'map'
        ? this.problem(
            'lists and structs are written in another way by Spark',
            'Make a text of them with array_to_string() or of their fields.',
          )
        : from === 'double' || from === 'float'
          ? out(textOf(value), 'VARCHAR')
          : cast(value.text);
    if (from === 'text') return this.#castText(value, target, node.isTry);
    const floating = from === 'double' || from === 'float';
    // DuckDB rounds to the nearest number, doubles to an even one and decimals away from zero; Spark cuts.
    if (to === 'int' && floating)
      return cast(node.isTry ? `rint(${value.text})` : (value.whole ?? `rint(${value.text})`));
    if (to === 'int' && from === 'decimal') return cast(`round(${value.text})`);
    if (to === 'decimal' && floating) {
      const digits = Number(/,(\d+)\)$/.exec(target.duck)?.[1] ?? 0);
      const power = String(10 ** digits);
      const wide = from === 'float' ? `CAST(${value.text} AS DOUBLE)` : inside(value, level.multiply);
      return cast(digits === 0 ? `round(${value.text})` : `round(${wide} * ${power}) / ${power}`);
    }
    return cast(value.text);
  }

  #castText(value: Out, target: {readonly duck: string; readonly spark: string}, isTry: boolean): Out {
    const to = familyOf(target.duck);
    const name = isTry ? 'TRY_CAST' : 'CAST';
    const cast = (text: string): Out => out(`${name}(${text} AS ${target.spark})`, target.duck);
    // Spark would apply an offset, and take a time alone for today’s.
    if (to === 'timestamp')
      return cast(
        `${name}(${isTry ? `if(${value.text} RLIKE r'^\\s*\\d+-\\d+-\\d+\\s*([ T]\\s*\\d+:\\d+.*)?$', ${value.text}, NULL)` : value.text} AS TIMESTAMP_NTZ)`,
      );
    if (!isTry) return cast(value.text);
    if (to === 'date') return cast(`if(${value.text} RLIKE r'^\\s*\\d+-\\d+-\\d+', ${value.text}, NULL)`);
    if (to === 'int') return cast(`round(TRY_CAST(${value.text} AS DECIMAL(38,10)))`);
    // Java takes 1.5f and 1.5d for numbers.
    if (to === 'double' || to === 'float')
      return cast(`regexp_replace(${value.text}, r'(?i)([0-9.])[df]\\s*$', '$1_')`);
    return cast(value.text);
  }

  // ── calls ──

  #call(node: Call, scope: Scope): Out {
    const isAggregate = aggregates.has(node.name);
    const handler = aggregates.get(node.name) ?? scalars.get(node.name);
    if (handler === undefined)
      return this.problem(
        `${node.name}() isn’t known to be the same in Spark`,
        'Use a function of both, or compute the column in a step.',
      );
    if (
      !isAggregate &&
      (node.filter !== undefined || node.over !== undefined || node.distinct || node.order.length > 0)
    )
      return this.problem(`${node.name}() is no aggregate in Spark`, 'Take OVER, FILTER or DISTINCT out.');
    if (node.within !== undefined)
      return this.problem(`${node.name}() … WITHIN GROUP isn’t handed over`, 'Write quantile_cont(x, 0.5).');
    const nodes = node.args
      .filter((each) => each.name === undefined || each.value.kind !== 'constant' || node.name === 'struct_pack')
      .map((each) => each.value);
    const window = node.over === undefined ? '' : ` OVER ${this.over(node.over, scope)}`;
    const filter = node.filter === undefined ? undefined : this.expr(node.filter, scope);
    // Spark has no FILTER before OVER: the argument is NULL where the condition isn’t met.
    const conditional = filter !== undefined && node.over !== undefined;
    const args = nodes.map((each, i) => {
      const types =
        each.kind === 'lambda' ? nodes.slice(0, i).map((list) => elementOf(this.expr(list, scope).type)) : [];
      const value = each.kind === 'lambda' ? this.#lambda(each.names, each.body, scope, types) : this.expr(each, scope);
      return conditional && i === 0 ? out(`CASE WHEN ${filter.text} THEN ${value.text} END`, value.type) : value;
    });
    const ignored = node.nulls === 'ignore' ? ' IGNORE NULLS' : '';
    const suffix = (extra?: string): string => {
      const conditions = [
        filter === undefined || conditional ? undefined : inside(filter, extra === undefined ? 0 : level.and),
        extra,
      ].filter((text) => text !== undefined);
      if (extra !== undefined && node.over !== undefined)
        this.problem(`${node.name}() isn’t handed over with OVER`, 'Use first_value(x) OVER (… ORDER BY y).');
      return `${conditions.length === 0 ? '' : ` FILTER (WHERE ${conditions.join(' AND ')})`}${ignored}${window}`;
    };
    const context: CallContext = {
      node,
      args: conditional && node.star ? [out(`CASE WHEN ${filter.text} THEN 1 END`, 'INTEGER')] : args,
      nodes,
      suffix: suffix(),
      suffixWhere: suffix,
      key: node.order[0]?.value === undefined ? '' : this.expr(node.order[0].value, scope).text,
      order: node.order.map((item) => this.orderItem(item, scope)).join(', '),
      keep: (name) =>
        conditional && node.star ? `count(CASE WHEN ${filter.text} THEN 1 END)` : this.#kept(node, name, nodes, args),
      problem: (message, hint) => this.problem(message, hint),
      unknown: (value) => this.unknown(value),
    };
    return handler(context);
  }

  /** The call as it was written, with its arguments translated. */
  #kept(node: Call, name: string | undefined, nodes: readonly Expr[], args: readonly Out[]): string {
    const plain =
      node.order.length === 0 && node.nulls === undefined && nodes.every((each) => each.from >= node.nameTo);
    if (!plain)
      return `${name ?? node.name}(${node.distinct ? 'DISTINCT ' : ''}${args.map((value) => value.text).join(', ')})`;
    const written = this.source.slice(node.from, node.nameTo);
    const shown = name === undefined || name === written.toLowerCase() ? written : name;
    return this.patch({from: node.from, to: node.callTo}, [
      {from: node.from, to: node.nameTo, text: shown},
      ...nodes.map((each, i) => piece(each, args[i]?.text ?? '')),
    ]);
  }
}

export const emptyScope: Scope = {
  relations: [],
  parent: undefined,
  aliases: new Map(),
  spelled: false,
  lambdas: new Map(),
};

export const span = ({from, to}: Span): Span => ({from, to});
export const piece = (at: Span, text: string): Piece => ({from: at.from, to: at.to, text});

const fields = (type: string | undefined, names: readonly string[]): string | undefined =>
  names.reduce<string | undefined>((inner, name) => fieldOf(inner, name), type);

const isRelation = (name: string, scope: Scope): boolean =>
  scope.relations.some((relation) => sameName(relation.name, name)) ||
  (scope.parent !== undefined && isRelation(name, scope.parent));

function integerType(text: string): string {
  const value = BigInt(text);
  return value <= 2147483647n ? 'INTEGER' : value <= 9223372036854775807n ? 'BIGINT' : 'HUGEINT';
}

function decimalType(text: string): string {
  const [whole = '', fraction = ''] = text.split('.');
  return whole.length + fraction.length > 38
    ? 'DOUBLE'
    : `DECIMAL(${Math.max(whole.length + fraction.length, 1)},${fraction.length})`;
}
