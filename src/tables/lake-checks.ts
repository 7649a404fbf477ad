import {checkViolated, newCheckViolated, newNotNullViolated, notNullViolated} from '../lake/errors.ts';
import type {DeltaType, StructField, StructType} from '../lake/schema.ts';
import {problemOf, ProblemError, unwrap, type Problem} from '../lib/problem.ts';
import {plural} from '../lib/text.ts';
import type {Row} from '../lib/value.ts';
import type {Ports, ReadPlan, WritePlan} from '../ports/index.ts';
import {duckdbExpression, sparkCondition} from '../pyspark/expression.ts';
import {checkExpression, identifiers} from '../sql/lexer.ts';
import {expression, id, join, lit, sql, type Sql} from '../sql/sql.ts';
import {allFiles} from './lake-read.ts';
import {createLakeTable, fileGroups, loadFiles} from './lake-load.ts';

interface Call {
  readonly signal: AbortSignal | undefined;
}

/** Throws when rows hold dates or times that Delta has no value for, and gives the values of `wanted`, aggregates over all of them. */
export async function lookThrough(
  {engine}: Pick<Ports, 'engine'>,
  table: string,
  {fields}: StructType,
  rows: Sql,
  wanted: readonly Sql[],
  call: Call,
): Promise<Row> {
  const moments = fields.flatMap((field) => {
    const infinite = hasInfinite(id(field.name), field.type);
    return infinite === undefined ? [] : [{name: field.name, infinite}];
  });
  const each = moments.map(({infinite}) => sql`count(*) FILTER (WHERE ${infinite})`);
  const {rows: found} = await engine.rows(sql`SELECT ${join([...each, ...wanted])} FROM ${rows}`, call);
  const values = found[0] ?? [];
  moments.forEach(({name}, i) => {
    const infinite = Number(values[i] ?? 0);
    if (infinite > 0)
      throw new ProblemError({
        code: 'LAKE_INFINITE_DATE',
        message: `Column ${name} holds infinity or -infinity in ${plural(infinite, 'row')}, and the Delta table ${table} has no such date.`,
        where: {column: name},
        hint: `Write NULL or a real date there, e.g. with a derive step: ${name} as CASE WHEN isfinite(${id(name)}) THEN ${id(name)} END.`,
      });
  });
  return values.slice(moments.length);
}

/** Whether a value is an infinite date or time, or holds one; undefined for types that have none. */
function hasInfinite(value: Sql, type: DeltaType, depth = 1): Sql | undefined {
  if (typeof type === 'string')
    return type === 'date' || type.startsWith('timestamp') ? sql`NOT isfinite(${value})` : undefined;
  if (type.type === 'struct') {
    const parts = type.fields.flatMap(
      (field) => hasInfinite(sql`struct_extract(${value}, ${lit(field.name)})`, field.type, depth) ?? [],
    );
    return parts.length === 0 ? undefined : sql`(${join(parts, ' OR ')})`;
  }
  const item = id(`x${depth}`);
  const among = (list: Sql, element: DeltaType): Sql[] => {
    const found = hasInfinite(item, element, depth + 1);
    return found === undefined ? [] : [sql`len(list_filter(${list}, lambda ${item}: ${found})) > 0`];
  };
  const parts =
    type.type === 'array'
      ? among(value, type.elementType)
      : [...among(sql`map_keys(${value})`, type.keyType), ...among(sql`map_values(${value})`, type.valueType)];
  return parts.length === 0 ? undefined : sql`(${join(parts, ' OR ')})`;
}

/** What rows must fulfil: `broken` is true for those that don't. */
interface Rule {
  readonly column: string;
  /** Undefined for NOT NULL. */
  readonly constraint?: {readonly name: string; readonly text: string; readonly duck: string};
  readonly broken: Sql;
}

/** Throws Delta's error when new rows break NOT NULL or a CHECK constraint of their table. `rows` stands in FROM. */
export async function checkRows(
  {engine}: Pick<Ports, 'engine'>,
  table: string,
  plan: WritePlan,
  rows: Sql,
  call: Call,
): Promise<void> {
  const rules = [...notNullRules(plan.schema.fields, plan.partitionColumns), ...constraintRules(plan.constraints)];
  const together = rules.length > 1 ? await countAllBroken({engine}, rows, rules, call) : undefined;
  for (const [i, rule] of rules.entries()) {
    const broken = together?.[i] ?? (await countBroken({engine}, table, rows, rule, call));
    if (broken === 0) continue;
    const {constraint} = rule;
    if (constraint === undefined) throw new ProblemError(notNullViolated(table, rule.column, broken));
    const columns = plan.schema.fields.map(({name}) => name);
    const used = identifiers(constraint.duck, columns);
    const shown = used.length > 0 ? used : columns.slice(0, 5);
    const texts = shown.map((name) => sql`coalesce(CAST(${id(name)} AS VARCHAR), 'NULL')`);
    const {rows: found} = await engine.rows(
      sql`SELECT [${join(texts)}] FROM ${rows} WHERE ${rule.broken} LIMIT 1`,
      call,
    );
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
    const nullable = notNull.flatMap((name) =>
      fields.filter((field) => field.name.toLowerCase() === name.toLowerCase()),
    );
    this.#rules = [
      ...notNullRules(nullable.map((field) => ({...field, nullable: false, type: 'string'}))),
      ...constraintRules(constraints),
    ];
    this.#broken = this.#rules.map(() => 0);
  }

  /** Whether there is nothing to check. */
  get isFree(): boolean {
    return this.#rules.length === 0;
  }

  async add(rows: Sql, call: Call): Promise<void> {
    for (const [i, rule] of this.#rules.entries())
      this.#broken[i] = (this.#broken[i] ?? 0) + (await countBroken(this.ports, this.table, rows, rule, call));
  }

  finish(): void {
    this.#rules.forEach(({column, constraint}, i) => {
      const broken = this.#broken[i] ?? 0;
      if (broken === 0) return;
      throw new ProblemError(
        constraint === undefined
          ? newNotNullViolated(this.table, column, broken)
          : newCheckViolated(this.table, constraint.name, constraint.text, broken),
      );
    });
  }
}

/** Checks the new constraints of an append on the rows that are in the table. */
export async function checkKept(
  ports: Pick<Ports, 'engine' | 'lake'>,
  table: string,
  plan: WritePlan,
  scratch: string,
  call: Call,
): Promise<void> {
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

/** Columns that are NOT NULL, and such fields of structs where the struct is there. An empty text is NULL in a partition column: the log has one word for both. */
function notNullRules(
  fields: readonly StructField[],
  partitionColumns: readonly string[] = [],
  parent?: {readonly path: string; readonly value: Sql},
): Rule[] {
  return fields.flatMap((field) => {
    const value = parent === undefined ? id(field.name) : sql`struct_extract(${parent.value}, ${lit(field.name)})`;
    const path = parent === undefined ? field.name : `${parent.path}.${field.name}`;
    const own: Rule[] = field.nullable
      ? []
      : [
          {
            column: path,
            broken:
              parent !== undefined
                ? sql`(${parent.value} IS NOT NULL AND ${value} IS NULL)`
                : field.type === 'string' && partitionColumns.includes(field.name)
                  ? sql`nullif(${value}, '') IS NULL`
                  : sql`${value} IS NULL`,
          },
        ];
    return [...own, ...(isStruct(field.type) ? notNullRules(field.type.fields, [], {path, value}) : [])];
  });
}

const isStruct = (type: StructField['type']): type is StructType => typeof type !== 'string' && type.type === 'struct';

// A condition that is NULL is not fulfilled either, as in Delta (its CheckDeltaInvariant and AlterTableAddConstraint).
const constraintRules = (constraints: Readonly<Record<string, string>>): Rule[] =>
  Object.entries(constraints).map(([name, text]) => {
    const {text: translated, notes} = duckdbExpression(text);
    if (notes.length > 0) throw new ProblemError(notAlike(name, text, notes));
    const duck = unwrap(checkExpression(translated));
    return {column: '', constraint: {name, text, duck}, broken: sql`${expression(duck)} IS NOT TRUE`};
  });

/** A CHECK constraint as the log keeps it: in Spark SQL, for every reader of the table. Refused when it would mean something else there. */
export function sparkConstraint(name: string, condition: string): string {
  const {text, notes} = sparkCondition(unwrap(checkExpression(condition)));
  if (notes.length > 0) throw new ProblemError(notAlike(name, condition, notes));
  return text.trim();
}

const notAlike = (name: string, text: string, notes: readonly string[]): Problem => ({
  code: 'CONSTRAINT_NOT_CHECKED',
  message: `CHECK constraint ${name} (${text}) can't be checked alike in DuckDB and in Spark: ${notes.join('. Also, ')}.`,
  hint: 'Write it with what means the same in both; or compute a column in a derive step, and make the constraint a condition on that column.',
  where: {param: `constraints.${name}`},
});

/** All rules in one query; undefined when that fails, which one by one they tell better. */
async function countAllBroken(
  {engine}: Pick<Ports, 'engine'>,
  rows: Sql,
  rules: readonly Rule[],
  call: Call,
): Promise<number[] | undefined> {
  try {
    const {rows: counted} = await engine.rows(
      sql`SELECT ${join(rules.map(({broken}) => sql`count(*) FILTER (WHERE ${broken})`))} FROM ${rows}`,
      call,
    );
    return counted[0]?.map(Number);
  } catch (thrown) {
    if (isStopped(problemOf(thrown))) throw thrown;
    return undefined;
  }
}

const isStopped = ({code}: Problem): boolean => code === 'CANCELLED' || code === 'ENGINE_RESTARTED';

async function countBroken(
  {engine}: Pick<Ports, 'engine'>,
  table: string,
  rows: Sql,
  rule: Rule,
  call: Call,
): Promise<number> {
  try {
    const {rows: counted} = await engine.rows(sql`SELECT count(*) FROM ${rows} WHERE ${rule.broken}`, call);
    return Number(counted[0]?.[0] ?? 0);
  } catch (thrown) {
    const problem = problemOf(thrown);
    if (rule.constraint === undefined || isStopped(problem)) throw thrown;
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
