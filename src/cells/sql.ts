import {contentHash} from '../lib/hash.ts';
import {list} from '../lib/text.ts';
import type {Problem} from '../lib/problem.ts';
import {py} from '../pyspark/py.ts';
import {inputHash, rejectsOf} from '../run/define.ts';
import type {Touch} from '../run/touch.ts';
import {lakeReads, withTableRenamed, type LakeQuery} from '../sql/lake.ts';
import {checkQuery} from '../sql/lexer.ts';
import {id, query as written} from '../sql/sql.ts';
import {tablesDefined, tablesRead, withTablesRenamed} from '../sql/table-places.ts';
import {notInSpark} from '../steps/spark-expressions.ts';
import type {CellType, NotebookParams, PythonContext, RunnableCell, Scope, Work} from './define.ts';
import {withBody} from './source.ts';
import {readSqlCell, switchedInSql} from './sql-cell.ts';
import {substitute} from './substitute.ts';

/** Raised whenever the same query may give other rows. */
const version = 2;

/** A query over the cells above and the lake's tables, which DuckDB answers. */
export const sqlCell: CellType = {
  fence: 'sql',
  title: 'SQL',
  gives: 'rows',
  language: 'sql',
  mayBeUnnamed: false,
  read: (info, body, report) => readSqlCell('sql', info, body, report),
  header: (_cell, name) => name,
  switched: switchedInSql,
  create(name, above, given) {
    const nearest = above.at(-1);
    const text = nearest === undefined ? "SELECT 'hello' AS greeting" : `SELECT *\nFROM ${id(nearest)}\nLIMIT 100`;
    return {header: name, body: typeof given === 'string' ? given : text};
  },
  params: () => undefined,
  readsFrom: () => false,
  touches(cell, params) {
    const unfilled: Problem[] = [];
    const found = lakeReads(substitute(cell.body.trim(), params, true, unfilled));
    return found.ok && unfilled.length === 0 ? found.value.reads.map(lakeTouch) : undefined;
  },
  renamed: (cell, nameOf) => {
    const body = withTablesRenamed(cell.body, nameOf);
    return body === cell.body ? cell.source : withBody(cell, body);
  },
  tableRenamed: (cell, from, to) => {
    const body = withTableRenamed(cell.body, from, to);
    return body === cell.body ? cell.source : withBody(cell, body);
  },
  understand: (cell, scope, problems) => understand(cell, scope, scope.params, problems),
  describe: () => 'SQL',
};

const lakeTouch = ({name, ...read}: LakeQuery['reads'][number]): Touch => ({
  kind: 'lake-read',
  name: read.table,
  read,
  as: name,
});

function understand(cell: RunnableCell, scope: Scope, params: NotebookParams, problems: Problem[]): Work | undefined {
  const text = substitute(cell.body.trim(), params, true, problems);
  const checked = checkQuery(text);
  const found = checked.ok ? lakeReads(text) : checked;
  if (!found.ok) {
    problems.push(found.error);
    return undefined;
  }
  const withRejects = (names: readonly string[]): string[] => [...names, ...names.map(rejectsOf)];
  const cells = tablesRead(text, withRejects(scope.above));
  // One that is further down is missed, so that this is said, unless another table goes by its name here.
  const named = new Set([...withRejects(scope.above).map((name) => name.toLowerCase()), ...tablesDefined(text)]);
  cells.push(...tablesRead(text, withRejects(scope.below)).filter((name) => !named.has(name.toLowerCase())));
  const program = {kind: 'query', written: text, text: found.value.text, above: scope.above} as const;
  return {
    type: 'sql',
    touches: [...cells.map((name) => ({kind: 'cell', name}) as const), ...found.value.reads.map(lakeTouch)],
    effect: 'new',
    files: [],
    sentence:
      cells.length + found.value.reads.length === 0
        ? 'SQL'
        : `SQL over ${list([...cells, ...found.value.reads.map(({name}) => name)])}`,
    runTimes: [],
    tests: [],
    hash: (inputs) => contentHash(['sql', version, text, inputs.map((input) => [input.name, inputHash(input)])]),
    shown: () => written(text),
    program: () => program,
    check: () => undefined,
    pyspark: (context) => pyspark(text, context),
    withParams: (changed) => understand(cell, scope, changed, []),
  };
}

/** Spark SQL over temporary views. */
function pyspark(
  text: string,
  {spark, naming, target, inputs, sources, columns}: PythonContext,
): ReturnType<Work['pyspark']> {
  const tables = new Map(
    inputs.flatMap((input) => (input.columns.length === 0 ? [] : [[input.name.toLowerCase(), input.columns] as const])),
  );
  const result = columns === undefined ? {} : {result: columns};
  const query = spark.sparkQuery(text, {tables, ...result});
  const why = notInSpark(query.problems);
  if (why !== undefined) return why;
  const lines = query.text.replaceAll('\\', '\\\\').replaceAll('"""', '\\"\\"\\"');
  const views = inputs
    .slice(0, inputs.length - sources)
    .map(({name}) => `${naming.variable(name)}.createOrReplaceTempView(${py(name)})`);
  return [...views, `${target} = spark.sql("""\n${lines}\n""")`].join('\n');
}
