import {count, plural} from '../../lib/text.ts';
import {numberedRows, unusedName} from '../../sql/rows.ts';
import {double, id, join, lit, sql, type Sql} from '../../sql/sql.ts';
import type {Input, Program, Verdict} from '../define.ts';
import {partsOf, type Quality} from './quality.ts';

/** One row for each check; NAME_rejects has the rows that make one fail. */
export function program(quality: Quality, input: Input, stops: boolean): Program {
  const {checks, now} = quality;
  const {relation, columns} = input;
  const lines = checks.map(
    (check) =>
      sql`{dimension: ${lit(check.dimension)}, check_name: ${lit(check.name)}, column_name: ${lit(check.column)}, observed: ${check.observed.sql}, threshold: ${lit(check.threshold)}, unit: ${lit(check.unit)}, rows_failing: ${check.failing?.sql ?? lit(null)}, rows_checked: ${check.checked?.sql ?? lit(null)}, expected: ${lit(check.expected)}, found: ${check.found?.sql ?? lit(null)}}`,
  );
  const beside = partsOf(quality, 'beside');
  const placed = partsOf(quality, 'placed').map((one) => one.beside);
  const placedRows = rowsWith(quality, input, id(unusedName('row', columns)));
  const queries = [
    ...counting(quality, relation, () => true),
    ...beside.map((query) => query.sql(relation)),
    ...placed.map((query) => query.sql(placedRows)),
  ];
  const from = ['totals', ...[...beside, ...placed].map(({name}) => name)].map(id);
  const result = sql`WITH ${join(queries, ',\n')}
SELECT ${now.sql} AS run_at, ${lit(input.name)} AS table_name, dimension, check_name, column_name::VARCHAR AS column_name,
  observed::DOUBLE AS observed, threshold::DOUBLE AS threshold, unit, coalesce(observed <= threshold, rows_checked = 0, false) AS passed,
  rows_failing::BIGINT AS rows_failing, rows_checked::BIGINT AS rows_checked, expected, found::VARCHAR AS found
FROM (
  SELECT unnest([
    ${join(lines, ',\n    ')}
  ], recursive := true)
  FROM ${join(from)}
)`;
  const rejects = rejectsSql(quality, input);
  const judge: Extract<Program, {kind: 'sql'}>['judge'] = {
    ask: (made) =>
      sql`SELECT check_name, CASE WHEN unit = 'percent' THEN coalesce(rows_failing, 0) ELSE 0 END, passed FROM ${made}`,
    read: (answer) =>
      verdictOf(
        answer.map(([name, failing, passed]) => ({
          name: typeof name === 'string' ? name : '',
          failing: Number(failing),
          passed: passed === true,
        })),
        stops,
      ),
    ...(stops
      ? {
          halt: (made: Sql) =>
            sql`SELECT CASE WHEN count(*) > 0 THEN error('checks failed: ' || string_agg(check_name, ', ')) END AS failed FROM ${made} WHERE NOT passed`,
        }
      : {}),
  };
  return {kind: 'sql', sql: result, ...(rejects === undefined ? {} : {rejects}), judge};
}

/** The rows with their places, and the columns that look at the rows before. */
function rowsWith(quality: Quality, {relation, columns}: Pick<Input, 'relation' | 'columns'>, row: Sql): Sql {
  const {from, row: place, all} = numberedRows({relation, columns});
  const placed = partsOf(quality, 'placed').map(({column, value}) => sql`${value.sql(place)} AS ${id(column)}`);
  return sql`(SELECT ${join([all, sql`${place} AS ${row}`, ...placed])} FROM ${from})`;
}

/** The queries that both the result and the rejects begin with. */
function counting(quality: Quality, relation: Sql, isWanted: (check: Quality['checks'][number]) => boolean): Sql[] {
  const counts = [...quality.checks.filter(isWanted).map((check) => check.counts ?? {}), ...partsOf(quality, 'totals')];
  const totals = [
    sql`count(*) AS rows`,
    ...counts.flatMap((named) => Object.entries(named)).map(([name, value]) => sql`${value.sql} AS ${id(name)}`),
  ];
  return [
    sql`totals AS MATERIALIZED (\n  SELECT ${join(totals, ',\n    ')}\n  FROM ${relation}\n)`,
    ...partsOf(quality, 'base').map((query) => query.sql(relation)),
  ];
}

function verdictOf(
  checks: readonly {readonly name: string; readonly failing: number; readonly passed: boolean}[],
  stops: boolean,
): Verdict | undefined {
  const failed = checks.filter(({passed}) => !passed);
  if (failed.length === 0) return undefined;
  const said = failed
    .slice(0, 5)
    .map(({name, failing}) => (failing === 0 ? name : `${name} (${plural(failing, 'row')})`));
  const mark = `${count(failed.length)} of ${plural(checks.length, 'check')} ${failed.length === 1 ? 'fails' : 'fail'}`;
  return {
    stops,
    mark,
    problem: {
      code: 'QUALITY',
      message: `${mark}: ${said.join(', ')}${failed.length > said.length ? ' …' : '.'}`,
      hint: 'The result below says what was expected and what was found, with the rows that fail. Mend them in a cell above, or choose on_failure: warn to go on.',
    },
  };
}

/** The rows that make a check fail, with what is wrong: once for each such check, in the order of the checks and then of the rows. */
function rejectsSql(quality: Quality, input: Input): Sql | undefined {
  const {checks, asked} = quality;
  const {relation, columns} = input;
  const free = (base: string): Sql => id(unusedName(base, columns));
  const [row, place] = [free('row'), free('place')];
  const [dimension, checkName, reason] = [free('dimension'), free('check_name'), free('reason')];
  const over = (i: number): Sql => free(`too_many_${i}`);
  const gates = checks.flatMap(({row: test, observed, threshold}, i) =>
    test?.counted === true
      ? [{name: over(i), value: sql`coalesce(${observed.sql} > ${double(threshold)}, false) AS ${over(i)}`}]
      : [],
  );
  const tests = checks.flatMap(({dimension: of, name, row: test}, i) =>
    test === undefined
      ? []
      : [
          {
            fails: test.counted === true ? sql`${over(i)} AND ${test.fails.sql}` : test.fails.sql,
            said: sql`{${place}: ${lit(i)}, ${dimension}: ${lit(of)}, ${checkName}: ${lit(name)}, ${reason}: ${lit(test.reason)}}`,
          },
        ],
  );
  const picked = asked.flatMap(({picked: found, dimension: of}) => {
    const i = checks.findIndex((check) => check.dimension === of);
    const check = checks[i];
    return found === undefined || check === undefined ? [] : [{...found, i, check}];
  });
  if (tests.length + picked.length === 0) return undefined;
  const parts: Sql[] = [];
  if (tests.length > 0) {
    const joined = partsOf(quality, 'joined');
    const sources = [
      rowsWith(quality, input, row),
      ...(gates.length > 0 ? [sql`CROSS JOIN (SELECT ${join(gates.map(({value}) => value))} FROM totals)`] : []),
      ...joined.map((one) => one.sql(relation)),
    ];
    const helpers = [
      ...partsOf(quality, 'placed').map(({column}) => id(column)),
      ...gates.map((gate) => gate.name),
      ...joined.flatMap(({added}) => added),
    ];
    parts.push(sql`SELECT *${helpers.length === 0 ? sql`` : sql` EXCLUDE (${join(helpers)})`}, unnest([
    ${join(
      tests.map(({fails, said}) => sql`CASE WHEN ${fails} THEN ${said} END`),
      ',\n    ',
    )}
  ], recursive := true)
  FROM ${join(sources, '\n  ')}
  WHERE ${join(
    tests.map(({fails}) => fails),
    '\n    OR ',
  )}`);
  }
  const rows = rowsWith({...quality, asked: []}, input, row);
  for (const {i, check, reason: why, sql: pick} of picked)
    parts.push(
      pick({
        rows,
        row,
        said: sql`${lit(i)} AS ${place}, ${lit(check.dimension)} AS ${dimension}, ${lit(check.name)} AS ${checkName}, ${lit(why)} AS ${reason}`,
      }),
    );
  return sql`WITH ${join(
    counting(quality, relation, (check) => check.row?.counted === true),
    ',\n',
  )}
SELECT * EXCLUDE (${row}, ${place})
FROM (
  ${join(parts, '\n  UNION ALL\n  ')}
)
WHERE ${place} IS NOT NULL
ORDER BY ${place}, ${row}`;
}
