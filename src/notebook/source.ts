import {id, psqlStatement, query, sql, type Sql} from '../sql/sql.ts';
import {identifiers} from '../sql/lexer.ts';
import {py, pyIdentifier} from '../pyspark/py.ts';
import type {Column} from '../sql/types.ts';
import type {Input, NotExportable, SparkContext} from '../steps/define.ts';
import {notInSpark} from '../steps/spark-expressions.ts';
import {reduceChart} from '../charts/reduce.ts';
import type {CompiledCell, InputTable} from './plan.ts';
import type {StoredResult} from './run.ts';

type Known = (hash: string) => StoredResult | undefined;

/** A cell's inputs under their own names, with the columns last seen: for SQL and Python that people read. */
const shownInputs = (cell: CompiledCell, known: Known): Input[] =>
  cell.inputs.map((input) => ({name: input.name, relation: id(input.name), columns: columnsOf(input, known)}));

const columnsOf = ({hash, rejects}: InputTable, known: Known): readonly Column[] =>
  (rejects ? known(hash)?.rejects : known(hash))?.columns ?? [];

/** The query a cell stands for, over the cells it names, for the page to show. */
export function sqlOf(cell: CompiledCell, known: Known): Sql {
  const shown = querySql(cell, known);
  const isByRow = cell.work.type === 'step' && identifiers(shown, ['rowid']).length > 0;
  return isByRow
    ? sql`-- rowid is the row's place: run this over tables, as the exported script does.\n${shown}`
    : shown;
}

function querySql(cell: CompiledCell, known: Known): Sql {
  const {work} = cell;
  const inputs = shownInputs(cell, known);
  if (work.type === 'sql') return query(work.query);
  if (work.type === 'psql') return psqlStatement(work.query);
  if (work.type === 'chart') {
    const [input, alerts] = inputs;
    const reduced = input === undefined ? undefined : reduceChart(work.spec, input.columns, input.relation, alerts);
    return reduced?.ok === true ? reduced.value.sql : sql`FROM ${input?.relation ?? id(cell.name)}`;
  }
  const program = work.step.toSql(work.values, inputs);
  return program.kind === 'sql' ? program.sql : program.shown;
}

/** How Python that is made of a cell names what it reads and gives. */
export interface Naming {
  /** The variable of a cell. */
  readonly variable: (cell: string) => string;
  readonly file?: SparkContext['file'];
}

/** The module that knows Spark's SQL: it loads when Python is asked for. */
type SparkSql = typeof import('../pyspark/query.ts');

/** The same step as PySpark, or why it can't be one. A SQL cell runs as Spark SQL over temporary views. */
export function pysparkOf(
  cell: CompiledCell,
  known: Known,
  spark: SparkSql,
  naming: Naming = {variable: pyIdentifier},
): string | NotExportable {
  const {work} = cell;
  const target = naming.variable(cell.name);
  if (work.type === 'chart')
    return {notExportable: 'A chart is drawn here; in Spark, collect its table and plot it in the notebook.'};
  if (work.type === 'psql') return psqlInSpark(target, work.query, known(cell.hash)?.columns ?? []);
  const frames = cell.inputs.map((input) => naming.variable(input.name));
  if (work.type === 'sql') {
    const own = cell.inputs.length - cell.sources.length;
    const query = sparkQueryOf(cell, work.query, known, spark);
    if (typeof query !== 'string') return query;
    return [
      ...cell.inputs.slice(0, own).map((input, i) => `${frames[i] ?? ''}.createOrReplaceTempView(${py(input.name)})`),
      `${target} = spark.sql(${query})`,
    ].join('\n');
  }
  const {file} = naming;
  const lines = work.step.toPySpark(work.values, {
    spark,
    target,
    frames,
    inputs: shownInputs(cell, known),
    columns: known(cell.hash)?.columns ?? [],
    rows: cell.inputs.map((input) => rowsOf(input, known)),
    found: known(cell.hash)?.files ?? [],
    rerun: {isOverwritten: cell.isOverwritten ?? false, times: cell.runTimes},
    ...(file === undefined ? {} : {file}),
  });
  return 'notExportable' in lines ? lines : lines.join('\n');
}

/** The statement by JDBC: PostgreSQL answers, wherever it is. Numbers whose digits PostgreSQL doesn't declare get those that they had in the page. */
function psqlInSpark(target: string, statement: string, columns: readonly Column[]): string {
  const decimals = Object.fromEntries(
    columns.flatMap(({name, type}) => (type.startsWith('DECIMAL') ? [[name, type.toLowerCase()] as const] : [])),
  );
  const text = `"""\n${statement.replace(/;\s*$/, '').replaceAll('\\', '\\\\').replaceAll('"""', '\\"\\"\\"')}\n"""`;
  return `${target} = read_postgres(spark, ${text}, ${py(decimals)})`;
}

const rowsOf = ({hash, rejects}: InputTable, known: Known): number | undefined =>
  (rejects ? known(hash)?.rejects : known(hash))?.rows;

/** A SQL cell's query in Spark's words, as a Python text over its lines. */
function sparkQueryOf(cell: CompiledCell, query: string, known: Known, spark: SparkSql): string | NotExportable {
  const tables = new Map(
    shownInputs(cell, known).flatMap(({name, columns}) =>
      columns.length === 0 ? [] : [[name.toLowerCase(), columns] as const],
    ),
  );
  const result = known(cell.hash)?.columns;
  const {text, problems} = spark.sparkQuery(query.trim(), {tables, ...(result === undefined ? {} : {result})});
  return notInSpark(problems) ?? `"""\n${text.replaceAll('\\', '\\\\').replaceAll('"""', '\\"\\"\\"')}\n"""`;
}
