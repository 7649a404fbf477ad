import {checkViolated, newCheckViolated, newNotNullViolated, notNullViolated} from '../lake/errors.ts';
import type {StructField, StructType} from '../lake/schema.ts';
import {problemOf, ProblemError, unwrap} from '../lib/problem.ts';
import type {Ports, ReadPlan, WritePlan} from '../ports/index.ts';
import {checkExpression, identifiers} from '../sql/lexer.ts';
import {expression, id, join, lit, sql, type Sql} from '../sql/sql.ts';
import {allFiles} from './lake-read.ts';
import {createLakeTable, fileGroups, loadFiles} from './lake-load.ts';

interface Call {
  readonly signal: AbortSignal | undefined;
}

/** What rows must fulfil: `broken` is true for those that don't. */
interface Rule {
  readonly column: string;
  /** Undefined for NOT NULL. */
  readonly constraint?: {readonly name: string; readonly text: string; readonly duck: string};
  readonly broken: Sql;
}

/** Throws Delta's error when new rows break NOT NULL or a CHECK constraint of their table. `rows` stands in FROM. */
export async function checkRows({engine}: Pick<Ports, 'engine'>, table: string, plan: WritePlan, rows: Sql, call: Call): Promise<void> {
  for (const rule of [...notNullRules(plan.schema.fields), ...constraintRules(plan.constraints)]) {
    const broken = await countBroken({engine}, table, rows, rule, call);
    if (broken === 0) continue;
    const {constraint} = rule;
    if (constraint === undefined) throw new ProblemError(notNullViolated(table, rule.column, broken));
    const columns = plan.schema.fields.map(({name}) => name);
    const used = identifiers(constraint.duck, columns);
    const shown = used.length > 0 ? used : columns.slice(0, 5);
    const texts = shown.map((name) => sql`coalesce(CAST(${id(name)} AS VARCHAR), 'NULL')`);
    const {rows: found} = await engine.rows(sql`SELECT [${join(texts)}] FROM ${rows} WHERE ${rule.broken} LIMIT 1`, call);
    // The cast: the one value is a list of texts.
    const first = (found[0]?.[0] ?? []) as readonly string[];
    const values = Object.fromEntries(shown.map((name, i) => [name, first[i] ?? 'NULL']));
    throw new ProblemError(checkViolated(table, constraint.name, constraint.text, broken, values));
  }
}

/** Counts how many of the rows that a table keeps break its new constraints, table by table of rows, and throws Delta's error in the end. */
export class KeptRows {
  readonly #rules: readonly Rule[];
  readonly #broken: number[];

  constructor(
    private readonly ports: Pick<Ports, 'engine'>,
    private readonly table: string,
    plan: WritePlan,
  ) {
    const {notNull, constraints} = plan.added;
    const fields = (plan.read?.schema ?? plan.schema).fields;
    const nullable = notNull.flatMap((name) => fields.filter((field) => field.name.toLowerCase() === name.toLowerCase()));
    this.#rules = [...notNullRules(nullable.map((field) => ({...field, nullable: false, type: 'string'}))), ...constraintRules(constraints)];
    this.#broken = this.#rules.map(() => 0);
  }

  /** Whether there is nothing to check. */
  get isFree(): boolean {
    return this.#rules.length === 0;
  }

  async add(rows: Sql, call: Call): Promise<void> {
    for (const [i, rule] of this.#rules.entries()) this.#broken[i] = (this.#broken[i] ?? 0) + (await countBroken(this.ports, this.table, rows, rule, call));
  }

  finish(): void {
    this.#rules.forEach(({column, constraint}, i) => {
      const broken = this.#broken[i] ?? 0;
      if (broken === 0) return;
      throw new ProblemError(constraint === undefined ? newNotNullViolated(this.table, column, broken) : newCheckViolated(this.table, constraint.name, constraint.text, broken));
    });
  }
}

/** Checks the new constraints of an append on the rows that are in the table. */
export async function checkKept(ports: Pick<Ports, 'engine' | 'lake'>, table: string, plan: WritePlan, scratch: string, call: Call): Promise<void> {
  const kept = new KeptRows(ports, table, plan);
  if (kept.isFree || plan.read === undefined) return;
  const read: ReadPlan = plan.read;
  for (const files of fileGroups(read, allFiles(read))) {
    const into = {table: scratch, ...call};
    await createLakeTable(ports, read, into);
    await loadFiles(ports, read, files, into);
    await kept.add(id(scratch), call);
  }
  kept.finish();
}

/** Columns that are NOT NULL, and such fields of structs where the struct is there. */
function notNullRules(fields: readonly StructField[], parent?: {readonly path: string; readonly value: Sql}): Rule[] {
  return fields.flatMap((field) => {
    const value = parent === undefined ? id(field.name) : sql`struct_extract(${parent.value}, ${lit(field.name)})`;
    const path = parent === undefined ? field.name : `${parent.path}.${field.name}`;
    const own: Rule[] = field.nullable ? [] : [{column: path, broken: parent === undefined ? sql`${value} IS NULL` : sql`(${parent.value} IS NOT NULL AND ${value} IS NULL)`}];
    return [...own, ...(isStruct(field.type) ? notNullRules(field.type.fields, {path, value}) : [])];
  });
}

const isStruct = (type: StructField['type']): type is StructType => typeof type !== 'string' && type.type === 'struct';

// A condition that is NULL is not fulfilled either, as in Delta (its CheckDeltaInvariant and AlterTableAddConstraint).
const constraintRules = (constraints: Readonly<Record<string, string>>): Rule[] =>
  Object.entries(constraints).map(([name, text]) => {
    const duck = unwrap(checkExpression(fromSpark(text)));
    return {column: '', constraint: {name, text, duck}, broken: sql`${expression(duck)} IS NOT TRUE`};
  });

async function countBroken({engine}: Pick<Ports, 'engine'>, table: string, rows: Sql, rule: Rule, call: Call): Promise<number> {
  try {
    const {rows: counted} = await engine.rows(sql`SELECT count(*) FROM ${rows} WHERE ${rule.broken}`, call);
    return Number(counted[0]?.[0] ?? 0);
  } catch (thrown) {
    const problem = problemOf(thrown);
    if (rule.constraint === undefined || problem.code === 'CANCELLED' || problem.code === 'ENGINE_RESTARTED') throw thrown;
    const {name, text} = rule.constraint;
    throw new ProblemError(
      {
        code: 'CONSTRAINT_NOT_CHECKED',
        message: `CHECK constraint ${name} (${text}) of table ${table} can't be checked on these rows: ${problem.message}`,
        hint: 'Correct the expression, or write it with operators and functions that DuckDB and Spark share.',
      },
      {cause: thrown},
    );
  }
}

/** A constraint as the log has it, in Spark SQL, for DuckDB: names are quoted with `"` there, texts with `'` only. */
function fromSpark(text: string): string {
  return text.replace(/`((?:[^`]|``)*)`|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.|'')*)'/g, (_whole, name?: string, double?: string, single?: string) => {
    if (name !== undefined) return id(name.replaceAll('``', '`'));
    return lit((double ?? (single ?? '').replaceAll("''", "'")).replace(/\\(.)/g, '$1'));
  });
}
