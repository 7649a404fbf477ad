import {tokens} from '../sql/lexer.ts';
import type {Column} from '../sql/types.ts';
import {
  SqlUnreadable,
  type Body,
  type Expr,
  type Query,
  type Select,
  type SelectItem,
  type Span,
  type Star,
  type Table,
  type TableAlias,
  type Version,
} from './sql/ast.ts';
import {inside, level, literalNumber, literalText, out, sparkName, sparkText, type Out} from './sql/out.ts';
import {Parser} from './sql/parser.ts';
import {
  emptyScope,
  piece,
  span,
  Translator,
  type Piece,
  type Relation,
  type Scope,
  type SparkProblem,
} from './sql/translate.ts';
import {common, elementOf, familyOf, isNumeric} from './sql/types.ts';

export {sparkCondition} from './expression.ts';

/** What is known where an expression or a query stands. */
export interface Known {
  /** Tables by name, in lower case, with their columns; those of the lake as `lake.readings` or `lake.readings at (version => 3)`. */
  readonly tables?: ReadonlyMap<string, readonly Column[]>;
  /** The columns of the result, once it has been computed: unnamed ones get their names. */
  readonly result?: readonly Column[];
}

export interface SparkSql {
  readonly text: string;
  /** DuckDB's type of an expression's values, where it is known. */
  readonly type?: string;
  readonly problems: readonly SparkProblem[];
}

/** A DuckDB expression over these columns as Spark SQL in one line; a type that is `''` isn’t known yet. */
export function sparkExpression(sql: string, columns: readonly Column[]): SparkSql {
  return translated(oneLine(sql), (parser, source) => {
    const queries = new Queries(source, {});
    const relation: Relation = {name: undefined, columns: columns.length === 0 ? undefined : columns};
    const {text, type} = queries.translator.condition(parser.wholeExpression(), {...emptyScope, relations: [relation]});
    return {text, ...(type === undefined ? {} : {type}), problems: [...queries.translator.problems.values()]};
  });
}

/** A DuckDB query as Spark SQL, laid out as it was written; its comments stay. */
export function sparkQuery(sql: string, known: Known): SparkSql {
  return translated(sql, (parser, source) => {
    const queries = new Queries(source, known);
    const query = parser.wholeQuery();
    const {text} = queries.whole(query);
    const {translator} = queries;
    const after = source.slice(query.to).replace(';', '');
    return {text: translator.gap(0, query.from) + text + after.trimEnd(), problems: [...translator.problems.values()]};
  });
}

function translated(source: string, translate: (parser: Parser, source: string) => SparkSql): SparkSql {
  const lexed = tokens(source);
  if (!lexed.ok)
    return {text: source, problems: [{message: lexed.error.message, hint: lexed.error.hint ?? 'Correct it.'}]};
  try {
    return translate(new Parser(lexed.value, source), source);
  } catch (error) {
    if (!(error instanceof SqlUnreadable)) throw error;
    const [what = '', hint = 'Write it in the usual way, with functions and clauses of SQL.'] =
      error.what.split(/; (.*)/s);
    return {
      text: source,
      problems: [{message: `${what} (near “${error.found}”)`, hint: hint.charAt(0).toUpperCase() + hint.slice(1)}],
    };
  }
}

/** An expression without its comments and line breaks. */
function oneLine(sql: string): string {
  const lexed = tokens(sql);
  if (!lexed.ok) return sql;
  let [text, at] = ['', 0];
  for (const token of lexed.value) {
    const gap = sql.slice(at, token.start);
    text += (gap === '' || text === '' ? '' : ' ') + sql.slice(token.start, token.end);
    at = token.end;
  }
  return text;
}

/** Columns in order; one without a name has none that is sure. Undefined as a whole where they aren’t known. */
type Columns = readonly OutputColumn[] | undefined;

interface OutputColumn {
  readonly name: string | undefined;
  readonly type: string | undefined;
}

interface Translated {
  readonly text: string;
  readonly columns: Columns;
}

/** One item of SELECT in Spark’s words. */
interface Item extends OutputColumn {
  readonly text: string;
}

type Ctes = ReadonlyMap<string, Columns>;

const sameName = (a: string | undefined, b: string | undefined): boolean =>
  a !== undefined && b !== undefined && a.toLowerCase() === b.toLowerCase();

class Queries {
  readonly translator: Translator;
  #ctes: Ctes = new Map();
  /** The names of the next SELECT's columns are asked for: not so on the right of a UNION. */
  #isNamed = true;

  constructor(
    private readonly source: string,
    private readonly known: Known,
  ) {
    this.translator = new Translator(source, (query, scope) => {
      const {text, columns} = this.#query(query, scope.parent);
      return {text, columns: columns?.map(({name, type}) => ({name: name ?? '', type: type ?? ''}))};
    });
  }

  whole(query: Query): Translated {
    return this.#query(query, undefined, this.known.result ?? []);
  }

  #problem(message: string, hint: string): void {
    this.translator.problem(message, hint);
  }

  // ── queries ──

  #query(query: Query, parent: Scope | undefined, names?: readonly Column[]): Translated {
    const outer = this.#ctes;
    if (query.recursive)
      this.#problem('WITH RECURSIVE doesn’t exist in Spark 4.0', 'Write the steps out, or make the rows with range().');
    const pieces: Piece[] = [];
    for (const cte of query.ctes) {
      const {text, columns} = this.#query(cte.query, parent);
      const named =
        cte.columns.length === 0 ? columns : cte.columns.map((name, i) => ({name, type: columns?.[i]?.type}));
      this.#ctes = new Map([...this.#ctes, [cte.name.toLowerCase(), named]]);
      const list = cte.columns.length === 0 ? '' : `(${cte.columns.map(sparkName).join(', ')})`;
      pieces.push(
        {from: cte.from, to: cte.head.to, text: `${sparkName(cte.name)}${list} AS`},
        {...span(cte.query), text},
      );
    }
    const scope: {current: Scope} = {current: {...emptyScope, parent}};
    const body = this.#body(query.body, parent, names, query, scope);
    pieces.push({...span(query.body), text: body.text});
    const output: Relation = {
      name: undefined,
      columns: body.columns?.map(({name, type}) => ({name: name ?? '', type: type ?? ''})),
    };
    const orderScope: Scope = {...scope.current, relations: [output, ...scope.current.relations]};
    for (const item of query.order) pieces.push({...span(item), text: this.translator.orderItem(item, orderScope)});
    if (query.limitPercent) this.#problem('LIMIT with a percentage doesn’t exist in Spark', 'Write a number of rows.');
    if (
      query.limit !== undefined &&
      query.order.length === 0 &&
      literalNumber(query.limit) !== 0 &&
      !isOneRow(query.body)
    )
      this.#problem(
        'LIMIT without ORDER BY takes the first rows, and Spark’s tables have no order',
        'Add ORDER BY with a key, so that the same rows come first everywhere.',
      );
    const result = {text: this.translator.patch(query, pieces), columns: body.columns};
    this.#ctes = outer;
    return result;
  }

  #body(
    body: Body,
    parent: Scope | undefined,
    names: readonly Column[] | undefined,
    query: Query | undefined,
    scope: {current: Scope},
  ): Translated {
    switch (body.kind) {
      case 'select':
        return this.#select(body, parent, names, query, scope);
      case 'values':
        return this.#values(body);
      case 'nested': {
        const {text, columns} = this.#query(body.query, parent, names);
        return {text: this.translator.patch(body, [{...span(body.query), text}]), columns};
      }
      case 'set':
        return this.#set(body, parent, names);
    }
  }

  #values(body: Extract<Body, {kind: 'values'}>): Translated {
    const rows = body.rows.map((row) => row.map((item) => ({item, value: this.translator.expr(item, emptyScope)})));
    const text = this.translator.patch(
      body,
      rows.flat().map(({item, value}) => piece(item, value.text)),
    );
    const columns = (rows[0] ?? []).map((_, i) => ({
      name: `col${i}`,
      type: rows.map((row) => row[i]?.value.type).reduce(common),
    }));
    return {text, columns};
  }

  #set(
    body: Extract<Body, {kind: 'set'}>,
    parent: Scope | undefined,
    names: readonly Column[] | undefined,
  ): Translated {
    const scope = {current: emptyScope};
    const left = this.#body(body.left, parent, names, undefined, scope);
    this.#isNamed = body.byName;
    const right = this.#body(body.right, parent, undefined, undefined, scope);
    this.#isNamed = true;
    const pieces = [{...span(body.left), text: left.text}];
    if (!body.byName) {
      pieces.push({...span(body.right), text: right.text});
      const columns = left.columns?.map((column, i) => {
        const other = right.columns?.[i];
        const [a, b] = [familyOf(column.type), familyOf(other?.type)];
        if ((a === 'text' && isNumeric(b)) || (b === 'text' && isNumeric(a)))
          this.#problem(
            `${body.op.toUpperCase()} puts text and numbers into the column ${column.name ?? ''}`,
            'Cast one of them, so that both are the same.',
          );
        return {name: column.name, type: common(column.type, other?.type)};
      });
      return {text: this.translator.patch(body, pieces), columns};
    }
    if (
      left.columns === undefined ||
      right.columns === undefined ||
      [...left.columns, ...right.columns].some(({name}) => name === undefined)
    ) {
      this.#problem(
        'UNION BY NAME needs the columns of both sides, and they aren’t known yet',
        'Run the cells above it once: columns come from their results.',
      );
      return {text: this.translator.patch(body, pieces), columns: undefined};
    }
    const added = right.columns.filter(
      ({name}) => left.columns?.some((column) => sameName(column.name, name)) !== true,
    );
    const all = [...left.columns, ...added];
    const side = (columns: readonly OutputColumn[], text: string): string =>
      `SELECT ${all.map(({name}) => (columns.some((column) => sameName(column.name, name)) ? sparkName(name ?? '') : `NULL AS ${sparkName(name ?? '')}`)).join(', ')} FROM (${text})`;
    const text = this.translator.patch(body, [
      {...span(body.left), text: side(left.columns, left.text)},
      {...body.opSpan, text: `UNION${body.all ? ' ALL' : ''}`},
      {...span(body.right), text: side(right.columns, right.text)},
    ]);
    return {text, columns: all};
  }

  #select(
    select: Select,
    parent: Scope | undefined,
    names: readonly Column[] | undefined,
    query: Query | undefined,
    scopeOut: {current: Scope},
  ): Translated {
    const {translator} = this;
    const isNamed = this.#isNamed;
    this.#isNamed = true;
    const relations: Relation[] = [];
    const from = select.table === undefined ? undefined : this.#table(select.table, relations, parent);
    const base: Scope = {...emptyScope, relations, parent};
    const items = this.#items(select, base, names, isNamed);
    const aliases = new Map(
      items
        .filter(({alias}) => alias !== undefined)
        .map(({alias, value}): [string, Out] => [(alias ?? '').toLowerCase(), value]),
    );
    const scope: Scope = {...base, aliases};
    scopeOut.current = scope;
    const spelled: Scope = {...scope, spelled: true};
    const columns = items.every((item) => item.columns !== undefined)
      ? items.flatMap((item) => item.columns ?? [])
      : undefined;
    const clauses: Piece[] = [];
    const clause = (node: Expr | undefined, within: Scope): void => {
      if (node !== undefined) clauses.push(piece(node, translator.condition(node, within).text));
    };
    clause(select.where, spelled);
    for (const item of select.group?.items ?? []) clauses.push(piece(item, translator.expr(item, scope).text));
    clause(select.having, scope);
    for (const {over} of select.windows) clauses.push(piece(over, translator.over(over, scope)));

    const list = items.map(({text}) => text);
    const kept = select.qualify === undefined ? undefined : translator.expr(select.qualify.value, spelled).text;
    const first = this.#distinctOn(select, query, scope);
    const extra = kept ?? first;
    if (kept !== undefined && (select.distinct || first !== undefined))
      this.#problem(
        'QUALIFY together with DISTINCT isn’t handed over',
        'Put the query with QUALIFY into a WITH, and select distinct rows from it.',
      );
    const flag = unusedFlag(columns);

    let text: string;
    if (select.fromFirst || select.distinctOn !== undefined) {
      const rest = select.table === undefined ? '' : `FROM ${from?.text ?? ''}`;
      const end = Math.max(select.list.to, select.table?.to ?? 0);
      const shown = extra === undefined ? list : [...list, `${extra} AS ${flag}`];
      const tail = translator.patch({from: end, to: select.qualify?.from ?? select.to}, clauses).trimEnd();
      const distinct = select.distinct ? 'DISTINCT ' : '';
      const before = select.fromFirst
        ? ''
        : translator.gap(select.table === undefined ? select.list.to : select.list.to, select.list.to);
      text = `SELECT ${distinct}${(shown.length === 0 ? ['*'] : shown).join(', ')}${before}${rest === '' ? '' : `${/\n/.test(this.source.slice(select.from, select.to)) ? '\n' : ' '}${rest}`}${tail}`;
    } else {
      const pieces = [...clauses, ...items.map((item) => piece(item.span, item.text))];
      if (select.table !== undefined) pieces.push(piece(select.table, from?.text ?? ''));
      if (select.qualify !== undefined)
        pieces.push({from: select.list.to, to: select.list.to, text: `, ${kept ?? ''} AS ${flag}`});
      text = translator
        .patch(
          {from: select.from, to: select.qualify?.from ?? select.to},
          pieces.filter((each) => each.from < (select.qualify?.from ?? Infinity)),
        )
        .trimEnd();
    }
    if (extra === undefined) return {text, columns};
    return {
      text: `SELECT * EXCEPT (${flag})\nFROM (\n${text}\n)\nWHERE ${flag}${first === undefined ? '' : ' = 1'}`,
      columns,
    };
  }

  /** The number of a row among those that DISTINCT ON takes for one. */
  #distinctOn(select: Select, query: Query | undefined, scope: Scope): string | undefined {
    if (select.distinctOn === undefined) return undefined;
    const keys = select.distinctOn.map((node) => this.translator.expr(node, {...scope, spelled: true}).text);
    const order = query?.order ?? [];
    if (order.length === 0)
      this.#problem(
        'DISTINCT ON without ORDER BY takes the first rows, and Spark’s tables have no order',
        'Add ORDER BY: the keys, and then what decides which row is kept.',
      );
    const by = order.map((item) => this.translator.orderItem(item, {...scope, spelled: true}));
    return `row_number() OVER (PARTITION BY ${keys.join(', ')} ORDER BY ${by.join(', ')})`;
  }

  // ── SELECT’s items ──

  #items(select: Select, scope: Scope, names: readonly Column[] | undefined, isNamed: boolean): SelectedItem[] {
    if (select.items === undefined) {
      const columns = this.#starColumns(undefined, scope);
      return [
        {
          text: this.#inOtherOrder(columns, scope) ? (columns ?? []).map(({place}) => place).join(', ') : '*',
          span: select.list,
          alias: undefined,
          value: out('*'),
          columns,
        },
      ];
    }
    const items: SelectedItem[] = [];
    let aliases: ReadonlyMap<string, Out> = new Map();
    let place: number | undefined = 0;
    const allNamed = select.items.length;
    for (const item of select.items) {
      const made: SelectedItem =
        item.value.kind === 'star'
          ? this.#starItem(item, item.value, {...scope, aliases})
          : this.#item(
              item,
              {...scope, aliases},
              names === undefined || place === undefined ? undefined : names[place]?.name,
              names !== undefined,
              isNamed,
            );
      items.push(made);
      if (made.alias !== undefined) aliases = new Map([...aliases, [made.alias.toLowerCase(), made.value]]);
      place = place === undefined || made.columns === undefined ? undefined : place + made.columns.length;
    }
    return allNamed > 0 ? this.#withoutDoubles(items, scope, select) : items;
  }

  #item(
    item: SelectItem,
    scope: Scope,
    resultName: string | undefined,
    isResult: boolean,
    isNamed: boolean,
  ): SelectedItem {
    const value = this.translator.expr(item.value, scope);
    if (isResult && familyOf(value.type) === 'interval')
      this.#problem(
        'a column of intervals has no counterpart in Spark',
        'Give its length as a number: epoch(b) - epoch(a), or date_diff().',
      );
    const written = this.translator.gap(item.from, item.to);
    const at = span(item);
    if (item.alias !== undefined) {
      const prefix = item.value.from > item.from && /^\s*"?[\w ]+"?\s*:/.test(written);
      const text = prefix ? `${value.text} AS ${sparkName(item.alias)}` : this.#aliased(item, value);
      return {text, span: at, alias: item.alias, value, columns: [{name: item.alias, type: value.type}]};
    }
    const actual = this.#columnName(item.value, scope);
    const ends = item.value.kind === 'column' ? item.value.parts.at(-1) : undefined;
    const name = resultName ?? actual ?? simpleName(item.value);
    if (name !== undefined && name === ends)
      return {text: value.text, span: at, alias: undefined, value, columns: [{name, type: value.type}]};
    if (name === undefined && isResult)
      this.#problem(
        `a column has no name, and Spark would call it something else: ${written.slice(0, 60)}`,
        'Give it a name with AS.',
      );
    const explicit =
      name === undefined || !isNamed || (item.value.kind === 'call' && item.value.name === 'unnest' && !isResult)
        ? value.text
        : `${value.text} AS ${sparkName(name)}`;
    return {text: explicit, span: at, alias: undefined, value, columns: [{name, type: value.type}]};
  }

  #aliased(item: SelectItem, value: Out): string {
    const middle = this.translator.gap(item.value.to, item.to);
    const plain = /^\s*(?:as\s+)?/i.exec(middle)?.[0] ?? ' ';
    const rest = /--|\/\*/.test(middle) ? ' AS ' : plain;
    return `${value.text}${/as\s*$/i.test(rest) ? rest : rest.trim() === '' ? ' AS ' : rest}${sparkName(item.alias ?? '')}`;
  }

  /** The name a column has in its table, which may be in other case than written. */
  #columnName(node: Expr, scope: Scope): string | undefined {
    if (node.kind !== 'column') return undefined;
    const last = node.parts.at(-1) ?? '';
    const relation = node.parts.length > 1 ? node.parts.at(-2) : undefined;
    return this.translator.find(last, scope, relation).column?.name ?? last;
  }

  #starItem(item: SelectItem, star: Star, scope: Scope): SelectedItem {
    const columns = this.#starColumns(star.table.at(-1), scope);
    const base = {span: span(item), alias: undefined, value: out('*')};
    const kept = columns?.filter(({name}) => !star.exclude.some((excluded) => sameName(excluded, name)));
    const prefix = star.table
      .map(sparkName)
      .slice(-1)
      .map((name) => `${name}.`)
      .join('');
    if (
      star.replace.length === 0 &&
      star.rename.length === 0 &&
      !(star.table.length === 0 && this.#inOtherOrder(columns, scope))
    ) {
      const text = `${prefix}*${star.exclude.length === 0 ? '' : ` EXCEPT (${star.exclude.map(sparkName).join(', ')})`}`;
      return {...base, text, columns: kept};
    }
    if (kept === undefined) {
      this.#problem(
        '* REPLACE and * RENAME need the columns of the table, and they aren’t known yet',
        'Run the cells above it once: columns come from their results.',
      );
      return {...base, text: `${prefix}*`, columns: undefined};
    }
    const made = kept.map((column): Item => {
      const replaced = star.replace.find(({name}) => sameName(name, column.name));
      if (replaced !== undefined) {
        const value = this.translator.expr(replaced.value, scope);
        return {name: column.name, type: value.type, text: `${value.text} AS ${sparkName(column.name ?? '')}`};
      }
      const renamed = star.rename.find((each) => sameName(each.from, column.name));
      const name = renamed?.to ?? column.name;
      return {
        name,
        type: column.type,
        text: `${column.place}${renamed === undefined ? '' : ` AS ${sparkName(name ?? '')}`}`,
      };
    });
    return {...base, text: made.map(({text}) => text).join(', '), columns: made};
  }

  /** Spark puts the columns of USING first. */
  #inOtherOrder(columns: readonly OutputColumn[] | undefined, scope: Scope): boolean {
    const shared = scope.relations.flatMap((relation) => this.#using.get(relation) ?? []);
    if (shared.length === 0) return false;
    if (columns === undefined) {
      this.#problem(
        '* after USING needs the columns of the tables, and they aren’t known yet',
        'Run the cells above it once: columns come from their results.',
      );
      return false;
    }
    return shared.some((name, i) => !sameName(columns[i]?.name, name));
  }

  /** The columns of `*` or `table.*`, each with how it is called; undefined where a table’s aren’t known. */
  #starColumns(table: string | undefined, scope: Scope): (OutputColumn & {readonly place: string})[] | undefined {
    const found: (OutputColumn & {readonly place: string})[] = [];
    const several = scope.relations.length > 1;
    for (const relation of scope.relations) {
      if (table !== undefined && !sameName(relation.name, table)) continue;
      if (relation.columns === undefined) return undefined;
      const hidden = table === undefined ? (this.#using.get(relation) ?? []) : [];
      for (const column of relation.columns) {
        if (hidden.some((name) => sameName(name, column.name))) continue;
        const joined = [...this.#using.values()].flat().some((name) => sameName(name, column.name));
        found.push({
          name: column.name === '' ? undefined : column.name,
          type: column.type === '' ? undefined : column.type,
          place: `${several && !joined && relation.name !== undefined ? `${sparkName(relation.name)}.` : ''}${sparkName(column.name)}`,
        });
      }
    }
    return found;
  }

  /** Columns of the same name get the names that DuckDB gives them: k, k_1. */
  #withoutDoubles(items: readonly SelectedItem[], scope: Scope, select: Select): SelectedItem[] {
    const all = items.flatMap((item) => item.columns ?? []);
    const names = all.map(({name}) => name?.toLowerCase());
    if (items.some((item) => item.columns === undefined) || new Set(names).size === names.length) return [...items];
    const taken = new Set<string>();
    return items.map((item, i) => {
      const isStar = select.items?.[i]?.value.kind === 'star';
      const node = select.items?.[i]?.value;
      const places =
        isStar && node?.kind === 'star' && node.replace.length === 0 && node.rename.length === 0
          ? this.#starColumns(node.table.at(-1), scope)?.filter(
              ({name}) => !node.exclude.some((excluded) => sameName(excluded, name)),
            )
          : undefined;
      let changed = false;
      const columns = (item.columns ?? []).map((column) => {
        const name = column.name ?? '';
        let unused = name;
        for (let n = 1; taken.has(unused.toLowerCase()); n++) unused = `${name}_${n}`;
        taken.add(unused.toLowerCase());
        if (unused !== name) changed = true;
        return {...column, name: unused, was: name};
      });
      if (!changed) return item;
      if (!isStar) return {...item, columns, text: `${item.value.text} AS ${sparkName(columns[0]?.name ?? '')}`};
      if (places === undefined) {
        this.#problem('two columns have the same name', 'Name the columns, and give one of them another name with AS.');
        return item;
      }
      return {
        ...item,
        columns,
        text: places
          .map(
            (place, j) =>
              `${place.place}${columns[j]?.name === columns[j]?.was ? '' : ` AS ${sparkName(columns[j]?.name ?? '')}`}`,
          )
          .join(', '),
      };
    });
  }

  // ── tables ──

  /** Columns of a relation that USING shows once, from the table before. */
  readonly #using = new Map<Relation, readonly string[]>();

  #table(table: Table, relations: Relation[], parent: Scope | undefined): {readonly text: string} {
    const {translator} = this;
    switch (table.kind) {
      case 'table':
        return {text: this.#named(table, relations)};
      case 'derived': {
        const scope: Scope | undefined =
          table.lateral || relations.length > 0 ? {...emptyScope, relations: [...relations], parent} : parent;
        const {text, columns} = this.#query(table.query, scope);
        const names = columns?.map(({name, type}) => ({name: name ?? '', type: type ?? ''}));
        const isValues = table.query.body.kind === 'values';
        const alias =
          isValues && (table.alias === undefined || table.alias.columns.length === 0)
            ? {name: table.alias?.name ?? 'valueslist', columns: names?.map(({name}) => name) ?? []}
            : table.alias;
        relations.push({name: alias?.name, columns: renamed(names, alias?.columns)});
        const inner =
          this.source.charAt(table.query.from - 1) === '(' ||
          this.source.slice(table.from, table.query.from).includes('(')
            ? translator.patch(
                {from: table.from, to: table.alias === undefined ? table.to : this.#beforeAlias(table, table.alias)},
                [{...span(table.query), text}],
              )
            : text;
        return {text: inner.trimEnd() + aliasText(alias)};
      }
      case 'function':
        return {text: this.#function(table, relations, parent)};
      case 'joined': {
        const inner = this.#table(table.inner, relations, parent);
        if (table.alias !== undefined) this.#problem('a join in parentheses has a name', 'Put it into a WITH.');
        return {text: translator.patch(table, [{...span(table.inner), text: inner.text}])};
      }
      case 'join':
        return {text: this.#join(table, relations, parent)};
      case 'unpivot': {
        const own: Relation[] = [];
        const source = this.#table(table.source, own, parent);
        const names = table.columns.map((node) => (node.kind === 'column' ? (node.parts.at(-1) ?? '') : ''));
        const columns = own[0]?.columns;
        const value =
          columns === undefined
            ? undefined
            : names.map((name) => columns.find((column) => sameName(column.name, name))?.type).reduce(common);
        const rest = columns?.filter((column) => !names.some((name) => sameName(name, column.name)));
        relations.push({
          name: table.alias?.name,
          columns: rest && [...rest, {name: table.name, type: 'VARCHAR'}, {name: table.value, type: value ?? ''}],
        });
        return {
          text: `${source.text} UNPIVOT ${table.nulls ? 'INCLUDE NULLS ' : ''}(${sparkName(table.value)} FOR ${sparkName(table.name)} IN (${names.map(sparkName).join(', ')}))${aliasText(table.alias)}`,
        };
      }
    }
  }

  #beforeAlias(table: Span, alias: Span): number {
    const before = this.source.slice(table.from, alias.from);
    return table.from + before.replace(/\s+$/, '').length;
  }

  #named(table: Extract<Table, {kind: 'table'}>, relations: Relation[]): string {
    const parts = table.parts;
    const key = parts.join('.').toLowerCase();
    const columns =
      parts.length === 1 && this.#ctes.has(key)
        ? this.#ctes.get(key)?.map(({name, type}) => ({name: name ?? '', type: type ?? ''}))
        : this.#stored(key, table.at);
    if (parts.length > 2 || (parts.length === 2 && !sameName(parts[0], 'lake')))
      this.#problem(
        `${parts.join('.')} is no table of the notebook`,
        'Name a cell above, or a table of the lake as lake.name.',
      );
    relations.push({name: table.alias?.name ?? parts.at(-1), columns: renamed(columns, table.alias?.columns)});
    const name = parts.map(sparkName).join('.');
    if (table.at === undefined) return name + aliasText(table.alias);
    const [unit, value] = 'version' in table.at ? ['VERSION', table.at.version] : ['TIMESTAMP', table.at.timestamp];
    const literal = value.kind === 'cast' ? value.value : value;
    const text = literalText(literal);
    const at = text === undefined ? this.translator.expr(literal, emptyScope).text : sparkText(text);
    // Without an alias of its own the table stays known by its name.
    const own = table.alias === undefined ? ` AS ${sparkName(parts.at(-1) ?? '')}` : aliasText(table.alias);
    return `${name} ${unit} AS OF ${at}${own}`;
  }

  /** The columns of a table of the notebook, or of one of the lake as it was. */
  #stored(key: string, at: Version | undefined): readonly Column[] | undefined {
    const {tables} = this.known;
    if (at === undefined || tables === undefined) return tables?.get(key);
    const version = 'version' in at ? literalNumber(at.version) : undefined;
    return (
      tables.get(`${key} at (version => ${version ?? ''})`) ??
      [...tables].find(([name]) => version === undefined && name.startsWith(`${key} at (timestamp`))?.[1]
    );
  }

  #join(table: Extract<Table, {kind: 'join'}>, relations: Relation[], parent: Scope | undefined): string {
    const {translator} = this;
    const left = this.#table(table.left, relations, parent);
    const before = relations.length;
    const right = this.#table(table.right, relations, parent);
    const pieces = [
      {...span(table.left), text: left.text},
      {...span(table.right), text: right.text},
    ];
    if (table.on !== undefined)
      pieces.push(piece(table.on, translator.expr(table.on, {...emptyScope, relations, parent}).text));
    const added = relations.slice(before);
    const shared = table.natural ? undefined : table.using;
    if (table.natural) this.#problem('NATURAL JOIN goes by whatever names agree', 'Write JOIN … USING (the columns).');
    if (shared !== undefined)
      for (const relation of added) this.#using.set(relation, [...(this.#using.get(relation) ?? []), ...shared]);
    // Of semi and anti joins only the left columns stay.
    if (table.type === 'SEMI' || table.type === 'ANTI') relations.splice(before);
    return translator.patch(table, pieces);
  }

  #function(table: Extract<Table, {kind: 'function'}>, relations: Relation[], parent: Scope | undefined): string {
    const {call, alias} = table;
    const scope: Scope = {...emptyScope, relations: [...relations], parent};
    const args = call.args.map((each) => this.translator.expr(each.value, scope));
    const named = (text: string, type: string, name: string): string => {
      const shown = {name: alias?.name ?? name, columns: alias?.columns.length === 1 ? alias.columns : [name]};
      relations.push({name: shown.name, columns: [{name: shown.columns[0] ?? name, type}]});
      return text + aliasText(shown);
    };
    if (call.name === 'unnest' && args.length === 1) {
      const lateral = relations.length > 0 ? 'LATERAL ' : '';
      return named(`${lateral}explode(${args[0]?.text ?? ''})`, elementOf(args[0]?.type) ?? '', 'unnest');
    }
    if (call.name === 'range' || call.name === 'generate_series') {
      const inclusive = call.name === 'generate_series';
      if (args.every((value) => familyOf(value.type) === 'int')) {
        const [first, second, third] =
          args.length === 1
            ? [out('0'), args[0] ?? out('0'), undefined]
            : [args[0] ?? out('0'), args[1] ?? out('0'), args[2]];
        const step = third === undefined ? 1 : literalNumber(call.args[2]?.value);
        const end = inclusive ? `${inside(second, level.add)} ${(step ?? 1) < 0 ? '-' : '+'} 1` : second.text;
        return named(
          `range(${args.length === 1 && !inclusive ? '' : `${first.text}, `}${end}${third === undefined ? '' : `, ${third.text}`})`,
          'BIGINT',
          call.name,
        );
      }
      if (args.length === 3 && familyOf(args[2]?.type) === 'interval') {
        const [a = out(''), b = out(''), step = out('')] = args;
        const asTime = (value: Out): string =>
          familyOf(value.type) === 'timestamp' ? value.text : `CAST(${value.text} AS TIMESTAMP)`;
        const rows = `explode(sequence(${asTime(a)}, ${asTime(b)}, ${step.text}))`;
        return named(inclusive ? rows : `(SELECT * FROM ${rows} AS t(x) WHERE x < ${b.text})`, 'TIMESTAMP', call.name);
      }
    }
    this.#problem(
      `${call.name}() in FROM isn’t handed over`,
      'Load files with a load step; in SQL use range(), generate_series() and unnest().',
    );
    relations.push({name: alias?.name, columns: undefined});
    return 'range(0)';
  }
}

interface SelectedItem {
  readonly text: string;
  readonly span: Span;
  readonly alias: string | undefined;
  readonly value: Out;
  readonly columns: Columns;
}

const renamed = (
  columns: readonly Column[] | undefined,
  names: readonly string[] | undefined,
): readonly Column[] | undefined => {
  if (names === undefined || names.length === 0) return columns;
  if (columns === undefined) return names.map((name) => ({name, type: ''}));
  return columns.map((column, i) => ({...column, name: names[i] ?? column.name}));
};

const aliasText = (alias: Pick<TableAlias, 'name' | 'columns'> | undefined): string =>
  alias === undefined
    ? ''
    : ` AS ${sparkName(alias.name)}${alias.columns.length === 0 ? '' : `(${alias.columns.map(sparkName).join(', ')})`}`;

/** A name for the column that says which rows stay. */
function unusedFlag(columns: Columns): string {
  let name = 'is_kept';
  while (columns?.some((column) => sameName(column.name, name)) === true) name += '_';
  return name;
}

/** An aggregate without GROUP BY is one row. */
const isOneRow = (body: Body): boolean => body.kind === 'select' && body.table === undefined;

/** What DuckDB calls an expression without a name, where that is plain. */
function simpleName(node: Expr): string | undefined {
  if (
    node.kind === 'call' &&
    node.name === 'count' &&
    (node.star || node.args.length === 0) &&
    node.over === undefined &&
    node.filter === undefined
  )
    return 'count_star()';
  if (node.kind === 'call' && node.name === 'unnest' && node.args[0]?.value.kind === 'column')
    return `unnest(${node.args[0].value.parts.at(-1) ?? ''})`;
  if (
    node.kind === 'call' &&
    /^(sum|avg|min|max|count|round|abs|stddev|median)$/.test(node.name) &&
    node.over === undefined &&
    node.filter === undefined &&
    !node.distinct &&
    node.order.length === 0
  ) {
    const args = node.args.map(({value}) =>
      value.kind === 'column' && value.parts.length === 1 && /^[a-z_][a-z0-9_]*$/.test(value.parts[0] ?? '')
        ? value.parts[0]
        : value.kind === 'number'
          ? value.text
          : simpleName(value),
    );
    return args.includes(undefined) ? undefined : `${node.name}(${args.join(', ')})`;
  }
  return undefined;
}
