import {plural} from '../../lib/text.ts';
import {p} from '../../params/index.ts';
import {col} from '../../pyspark/py.ts';
import {expression, id, lit, sql} from '../../sql/sql.ts';
import {apart, counted, share, type Both, type Check} from './check.ts';
import {defineDimension, type Rows} from './define.ts';
import {broken} from './schema.ts';

export const validity = defineDimension({
  name: 'validity',
  about: 'no times in the future, and conditions of your own',
  params: {
    no_future: p.flag({label: 'No times in the future', default: true}),
    conditions: p.items(
      {
        name: p.text({label: 'Name', help: 'Made from its place when left out.', default: ''}),
        expression: p.expression({label: 'Condition', help: 'SQL that is true of every good row.'}),
      },
      {label: 'Conditions', default: []},
    ),
  },
  sentence: ({conditions}) => (conditions.length === 0 ? [] : [plural(conditions.length, 'condition')]),
  ask: ({time, no_future, conditions}, rows) => ({
    checks: [
      ...(time !== '' && no_future ? [futureCheck(time, rows)] : []),
      ...conditions.map(({name, expression: text}, i) =>
        conditionCheck(name === '' ? `condition_${i + 1}` : name, text, i + 1, rows.inSpark(text)),
      ),
    ],
  }),
});

function futureCheck(name: string, {columns, now, time: {column, isThere, at}}: Rows): Check {
  const check = {
    name: 'no_future_times',
    column: column.name,
    unit: 'percent',
    threshold: 0,
    expected: 'not in the future',
  } as const;
  if (!isThere) return broken(check, name, columns);
  const fails: Both = {sql: sql`${at.sql} > ${now.sql}`, spark: `${at.spark} > ${now.spark}`};
  return {
    ...check,
    observed: share(counted('future'), counted('timed')),
    failing: counted('future'),
    checked: counted('timed'),
    counts: {
      future: {sql: sql`count(*) FILTER (WHERE ${fails.sql})`, spark: `F.count_if(${fails.spark})`},
      timed: {sql: sql`count(${id(column.name)})`, spark: `F.count(${col(column.name)})`},
    },
    row: {fails: apart(fails), reason: `${column.name} is in the future`},
  };
}

function conditionCheck(name: string, text: string, place: number, spark: string): Check {
  const [failing, checked] = [counted(`untrue_${place}`), counted(`decided_${place}`)];
  // What is no condition stops with a sentence; DuckDB would make one of a number.
  const holds = sql`CASE WHEN typeof(${expression(text)}) IN ('BOOLEAN', '"NULL"') THEN TRY_CAST(${expression(text)} AS BOOLEAN) ELSE error(${lit(`[[CONDITION|]] ${name} gives no true or false: ${text.trim()}`)})::BOOLEAN END`;
  return {
    name,
    column: null,
    unit: 'percent',
    threshold: 0,
    expected: text.trim(),
    observed: share(failing, checked),
    failing,
    checked,
    counts: {
      [`untrue_${place}`]: {sql: sql`count(*) FILTER (WHERE (${holds}) IS FALSE)`, spark: `F.count_if(~${spark})`},
      [`decided_${place}`]: {sql: sql`count(${holds})`, spark: `F.count(${spark})`},
    },
    row: {fails: apart({sql: sql`${expression(text)} IS FALSE`, spark: `~${spark}`}), reason: `not ${text.trim()}`},
  };
}
