import {p} from '../params/index.ts';
import {assign} from '../pyspark/py.ts';
import {expression, sql} from '../sql/sql.ts';
import {inputOf} from './checks.ts';
import {defineStep} from './define.ts';
import {exprOf, notInSpark} from './spark-expressions.ts';

export const filter = defineStep({
  kind: 'filter',
  version: 2,
  group: 'shape',
  title: 'Filter',
  sentence: ({condition}) => `Keep rows where ${condition.trim() || '…'}`,
  lesson: {
    what: 'Keeps the rows for which a condition is true, in their order: SQL’s WHERE, Spark’s filter. Where the condition is NULL, because a value it asks for is missing, the row goes too.',
    why: 'Fewer rows make everything after it faster, and a question sharper: one building, one week, one kind of sensor.',
    without:
      'You look at all rows and hope that the odd ones don’t matter. And mind the third answer: `temperature > 28` and `temperature <= 28` together don’t give all rows back, since a missing temperature is in neither. NaN is greater than every number, in DuckDB as in Spark.',
  },
  input: 'one',
  effect: 'subset',
  params: {condition: p.expression({label: 'Condition', help: 'A SQL expression such as temperature > 28.'})},
  toSql: ({condition}, inputs) => ({
    kind: 'sql',
    sql: sql`SELECT * FROM ${inputOf(inputs).relation} WHERE ${expression(condition)}`,
  }),
  toPySpark: ({condition}, context) => {
    const {code, problems} = exprOf(condition, context.inputs[0]?.columns ?? [], context);
    return notInSpark(problems) ?? assign(context.target, context.frames[0] ?? 'df', [`filter(${code})`]);
  },
  examples: [
    {
      name: 'rows for which it is NULL go too',
      params: {condition: 'temperature > 28'},
      input: {
        columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE'},
        rows: [
          ['s-1', 29],
          ['s-2', 28],
          ['s-3', null],
          ['s-4', 'NaN'],
        ],
      },
      expect: {
        columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE'},
        rows: [
          ['s-1', 29],
          ['s-4', 'NaN'],
        ],
      },
    },
    {
      name: 'two conditions, one of them in parentheses',
      params: {condition: "sensor_id = 's-1' OR (temperature BETWEEN 10 AND 20)"},
      input: {
        columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE'},
        rows: [
          ['s-1', 29],
          ['s-2', 15],
          ['s-3', 25],
        ],
      },
      expect: {
        columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE'},
        rows: [
          ['s-1', 29],
          ['s-2', 15],
        ],
      },
    },
    {
      name: 'nothing is left',
      params: {condition: 'false'},
      input: {columns: {sensor_id: 'VARCHAR'}, rows: [['s-1']]},
      expect: {columns: {sensor_id: 'VARCHAR'}, rows: []},
    },
  ],
});
