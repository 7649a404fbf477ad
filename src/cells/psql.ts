import {inputHash} from '../run/define.ts';
import {contentHash} from '../lib/hash.ts';
import type {Problem} from '../lib/problem.ts';
import {py} from '../pyspark/py.ts';
import {psqlStatement} from '../sql/sql.ts';
import type {Column} from '../sql/types.ts';
import type {CellType, NotebookParams, RunnableCell, Work} from './define.ts';
import {readSqlCell, switchedInSql} from './sql-cell.ts';
import {substitute} from './substitute.ts';

/** Raised whenever the same statement may give other rows. */
const version = 2;

/** A statement that PostgreSQL answers, over the tables that postgres cells write. */
export const psqlCell: CellType = {
  fence: 'psql',
  title: 'PostgreSQL',
  gives: 'rows',
  language: 'sql',
  mayBeUnnamed: false,
  read: (info, body, report) => readSqlCell('psql', info, body, report),
  header: (_cell, name) => name,
  switched: switchedInSql,
  create: (name, _above, given) => ({header: name, body: typeof given === 'string' ? given : 'SELECT version()'}),
  params: () => undefined,
  readsFrom: () => false,
  touches: (cell, params) => [{kind: 'postgres-read', statement: substitute(cell.body.trim(), params, true, [])}],
  // It names tables of PostgreSQL, which are called as they are whatever the cells are called.
  renamed: (cell) => cell.source,
  tableRenamed: (cell) => cell.source,
  understand: (cell, scope, problems) => understand(cell, scope.params, problems),
  describe: () => 'PostgreSQL',
};

function understand(cell: RunnableCell, params: NotebookParams, problems: Problem[]): Work | undefined {
  const statement = substitute(cell.body.trim(), params, true, problems);
  if (statement.replace(/--[^\n]*|;/g, '').trim() === '') {
    problems.push({
      code: 'SQL_EMPTY',
      message: 'There is no statement here.',
      hint: 'Write what PostgreSQL is to be asked: SELECT * FROM a_table.',
    });
    return undefined;
  }
  return {
    type: 'psql',
    touches: [{kind: 'postgres-read', statement}],
    effect: 'new',
    files: [],
    sentence: 'PostgreSQL',
    runTimes: [],
    tests: [],
    hash: (inputs) => contentHash(['psql', version, statement, inputs.map(inputHash)]),
    shown: () => psqlStatement(statement),
    program: () => ({kind: 'postgres', statement, line: cell.line}),
    check: () => undefined,
    pyspark: ({target, columns = []}) => overJdbc(target, statement, columns),
    withParams: (changed) => understand(cell, changed, []),
  };
}

/** The statement by JDBC: PostgreSQL answers, wherever it is. Numbers whose digits PostgreSQL doesn't declare get those that they had in the page. */
function overJdbc(target: string, statement: string, columns: readonly Column[]): string {
  const decimals = Object.fromEntries(
    columns.flatMap(({name, type}) => (type.startsWith('DECIMAL') ? [[name, type.toLowerCase()] as const] : [])),
  );
  const text = `"""\n${statement.replace(/;\s*$/, '').replaceAll('\\', '\\\\').replaceAll('"""', '\\"\\"\\"')}\n"""`;
  return `${target} = read_postgres(spark, ${text}, ${py(decimals)})`;
}
