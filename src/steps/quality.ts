import {count, list, plural} from '../lib/text.ts';
import {p, type Values} from '../params/index.ts';
import {agg} from '../pyspark/groups.ts';
import {present as sparkPresent} from '../pyspark/missing.ts';
import {assign, call, col, py, type PyValue} from '../pyspark/py.ts';
import type {SparkProblem} from '../pyspark/sql/translate.ts';
import {toSparkType} from '../pyspark/types.ts';
import {duckType} from '../sql/cast.ts';
import {isPresent, present} from '../sql/missing.ts';
import {numberedRows, unusedName} from '../sql/rows.ts';
import {double, expression, id, join, lit, sql, type Sql} from '../sql/sql.ts';
import {isTime, type Column} from '../sql/types.ts';
import {boundSpark, boundSql, checkLimit} from './bounds.ts';
import {
  checkColumns,
  checkFamily,
  checkNames,
  checkSome,
  columnNamed,
  columnsNamed,
  findColumn,
  inputOf,
} from './checks.ts';
import {
  defineStep,
  type ExampleTable,
  type Input,
  type NotExportable,
  type Program,
  type SparkContext,
  type StepProblem,
  type Verdict,
} from './define.ts';
import {checkMoment, momentSpark, momentSql, timestampSql} from './moment.ts';
import {exprOf, notInSpark} from './spark-expressions.ts';

const dimensions = ['freshness', 'completeness', 'consistency', 'accuracy', 'uniqueness', 'validity'] as const;

const params = {
  time: p.column({
    label: 'Time column',
    help: 'For freshness, and for times in the future.',
    types: 'time',
    default: '',
  }),
  freshness: p.duration({
    label: 'Fresh within',
    help: 'How old the newest time may be; 15m when left out.',
    default: undefined,
  }),
  by: p.columns({
    label: 'Freshness per',
    help: 'Each of their values has to be fresh, so one sensor that stops is seen. Times in order are asked for each, too.',
    default: [],
  }),
  now: p.text({
    label: 'Now',
    help: 'What ages are counted from; left out, the moment of the run.',
    default: '',
    placeholder: '2024-03-31 12:00:00',
  }),
  no_future: p.flag({label: 'No times in the future', default: true}),
  in_order: p.flag({
    label: 'Times in order',
    help: 'From row to row times stay or go on: a clock that was set back is seen. For rows as they were read, not sorted.',
    default: false,
  }),
  missing_percent: p.number({
    label: 'Missing values, percent',
    help: 'At most so many in each column; NaN counts as missing.',
    default: 5,
    min: 0,
    max: 100,
  }),
  missing: p.map(
    'column',
    {percent: p.number({label: 'Percent', min: 0, max: 100})},
    {label: 'Missing values by column', help: 'Where a column may have more, or fewer.', default: {}, short: 'percent'},
  ),
  schema: p.map(
    'column',
    {type: p.text({label: 'Type', placeholder: 'double'})},
    {label: 'Expected columns', help: 'Column: type, as Spark names it.', default: {}, short: 'type'},
  ),
  other_columns: p.flag({label: 'Other columns may be there', default: false}),
  ranges: p.map(
    'column',
    {min: p.text({label: 'Smallest', default: ''}), max: p.text({label: 'Largest', default: ''})},
    {label: 'Ranges', help: 'Column: what is physically possible.', default: {}},
  ),
  keys: p.columns({label: 'Unique', help: 'No two rows agree in all of these.', default: []}),
  conditions: p.items(
    {
      name: p.text({label: 'Name', help: 'Made from its place when left out.', default: ''}),
      expression: p.expression({label: 'Condition', help: 'SQL that is true of every good row.'}),
    },
    {label: 'Conditions', default: []},
  ),
  skip: p.choices(dimensions, {label: 'Leave out', default: []}),
  on_failure: p.choice(['warn', 'stop'], {label: 'When a check fails', default: 'warn'}),
};
type QualityValues = Values<typeof params>;
type Dimension = (typeof dimensions)[number];

/** The same thing in both engines. */
interface Both {
  readonly sql: Sql;
  readonly spark: string;
}

/** One line of the result: it passes when `observed` is at most `threshold`, or when there was nothing to be checked. */
interface Check {
  readonly dimension: Dimension;
  readonly name: string;
  readonly column: string | null;
  readonly unit: 'minutes' | 'percent' | 'columns';
  readonly threshold: number;
  readonly expected: string;
  readonly found?: Both;
  readonly observed: Both;
  readonly failing?: Both;
  readonly checked?: Both;
  /** What it counts in the one pass over the rows, by name. */
  readonly counts?: Readonly<Record<string, Both>>;
  /** What is wrong with a row, and how to see it; `counted` when only so many of them make the check fail. */
  readonly row?: {readonly fails: Both; readonly reason: string; readonly counted?: boolean};
}

const counted = (name: string): Both => ({sql: id(name), spark: `F.col(${py(name)})`});
const rows = counted('rows');

/** The share of rows that fail; NULL when there were none. */
const share = (failing: Both, checked: Both): Both => ({
  sql: sql`${double(100)} * ${failing.sql} / nullif(${checked.sql}, 0)`,
  spark: `F.when(${checked.spark} > 0, 100.0 * ${failing.spark} / ${checked.spark})`,
});

/** A type as Spark prints it. */
const sparkName = (type: string): string => toSparkType(type).replaceAll('`', '');

/** The type that a notebook names in Spark’s words or DuckDB’s, as Spark prints it; undefined when it is none. */
function expectedType(text: string): string | undefined {
  const duck = duckType(text);
  if (duck !== undefined) return sparkName(duck);
  const plain = text.replaceAll(/\s+/g, '');
  return /^(array|map|struct)<.+>$/.test(plain) ? plain : undefined;
}

/** Conditions of Spark put together; one alone stands without parentheses. */
const either = (conditions: readonly string[], by: '&' | '|'): string =>
  conditions.length === 1 ? conditions.join('') : conditions.map((one) => `(${one})`).join(` ${by} `);

/** What the rows are asked for, once their columns are known. */
interface Quality {
  readonly checks: readonly Check[];
  /** The time of a row, NULL where it is missing or in the future; undefined when freshness isn’t asked for. */
  readonly usable: Both | undefined;
  readonly by: readonly Column[];
  readonly limit: number;
  readonly keys: readonly Column[];
  /** The time of a row as above, and the column that says that the one before it was later; undefined when order isn’t asked for. */
  readonly order: {readonly at: Both; readonly isBack: string} | undefined;
}

const defaultSpan = {text: '15m', microseconds: 9e8};

/** `inSpark` gives the Spark column of a condition; SQL has no need of it. */
function qualityOf(
  values: QualityValues,
  columns: readonly Column[],
  inSpark: (condition: string) => string = () => '',
): Quality {
  const checks: Check[] = [];
  const wants = (dimension: Dimension): boolean => !values.skip.includes(dimension);
  const now: Both = {sql: momentSql(values.now), spark: '_now'};

  /** A check of a column that isn’t there, or isn’t of the type that the schema expects: it fails, and says what was found. */
  const broken = (check: Omit<Check, 'observed'>, name: string): Check => {
    const column = findColumn(name, columns);
    const text = column === undefined ? 'missing' : sparkName(column.type);
    return {...check, observed: {sql: sql`NULL`, spark: 'None'}, found: {sql: lit(text), spark: py(text)}};
  };
  const isUsable = (name: string): boolean => columns.length === 0 || !isUnexpected(name, values, columns);

  const time = columnNamed(values.time, columns);
  const at: Both = {
    sql: timestampSql(time),
    spark: time.type === 'DATE' ? `${col(time.name)}.cast('timestamp')` : col(time.name),
  };
  const usable: Both = {
    sql: sql`CASE WHEN isfinite(${at.sql}) AND ${at.sql} <= ${now.sql} THEN ${at.sql} END`,
    spark: `F.when(${at.spark} <= _now, ${at.spark})`,
  };
  const hasTime = values.time !== '' && isUsable(values.time);
  const by = columnsNamed(values.by, columns);
  const span = values.freshness ?? defaultSpan;
  if (values.time !== '' && wants('freshness')) {
    const words = `at most ${span.text} old${by.length === 0 ? '' : `, for each ${list(by.map(({name}) => name))}`}`;
    const check = {
      dimension: 'freshness',
      name: 'freshness',
      column: time.name,
      unit: 'minutes',
      threshold: span.microseconds / 6e7,
      expected: words,
    } as const;
    checks.push(
      hasTime
        ? {
            ...check,
            observed: counted('age'),
            // A table without rows has none that is stale; it fails all the same.
            failing:
              by.length > 0 ? counted('stale') : {sql: sql`least(stale, rows)`, spark: "F.least('stale', 'rows')"},
            checked:
              by.length > 0
                ? counted('sources')
                : {sql: sql`nullif(least(sources, rows), 0)`, spark: "F.nullif(F.least('sources', 'rows'), F.lit(0))"},
            found: {
              sql: sql`strftime(oldest, '%Y-%m-%d %H:%M:%S')`,
              spark: "F.date_format('oldest', 'yyyy-MM-dd HH:mm:ss')",
            },
          }
        : broken(check, values.time),
    );
  }

  const limits = new Map(Object.entries(values.missing).map(([name, {percent}]) => [name.toLowerCase(), percent]));
  const gone = Object.keys(values.missing).filter((name) => findColumn(name, columns) === undefined);
  const complete = [...columns, ...columnsNamed(gone, [])];
  if (wants('completeness'))
    complete.forEach((column, i) => {
      const {name} = column;
      const threshold = limits.get(name.toLowerCase()) ?? values.missing_percent;
      const failing = counted(`missing_${i + 1}`);
      const expected = threshold === 0 ? 'never missing' : `at most ${threshold} % missing`;
      const check = {
        dimension: 'completeness',
        name: `${name}_missing`,
        column: name,
        unit: 'percent',
        threshold,
        expected,
      } as const;
      if (columns.length > 0 && gone.includes(name)) checks.push(broken(check, name));
      else
        checks.push({
          ...check,
          observed: share(failing, rows),
          failing,
          checked: rows,
          counts: {
            [`missing_${i + 1}`]: {
              sql: sql`count(*) - count(${present(column)})`,
              spark: `F.count_if(${sparkPresent(column)}.isNull())`,
            },
          },
          row: {
            fails: {sql: sql`${present(column)} IS NULL`, spark: `${sparkPresent(column)}.isNull()`},
            reason: `${name} is missing`,
            counted: true,
          },
        });
    });

  const schema = Object.entries(values.schema);
  if (wants('consistency')) {
    for (const [name, {type}] of schema) {
      const expected = expectedType(type) ?? type;
      const column = findColumn(name, columns);
      const found = column === undefined ? 'missing' : sparkName(column.type);
      const there = `_types.get(${py(name.toLowerCase())}, 'missing')`;
      checks.push({
        dimension: 'consistency',
        name: `${name}_type`,
        column: name,
        unit: 'columns',
        threshold: 0,
        expected,
        observed: {sql: lit(found === expected ? 0 : 1), spark: `float(${there} != ${py(expected)})`},
        found: {sql: lit(found), spark: there},
      });
    }
    if (schema.length > 0 && !values.other_columns) {
      const others = columns.filter(({name}) => schema.every(([known]) => known.toLowerCase() !== name.toLowerCase()));
      checks.push({
        dimension: 'consistency',
        name: 'no_other_columns',
        column: null,
        unit: 'columns',
        threshold: 0,
        expected: 'no other columns',
        observed: {sql: lit(others.length), spark: 'float(len(_others))'},
        found: {
          sql: lit(others.length === 0 ? null : others.map(({name}) => name).join(', ')),
          spark: "', '.join(_others) or None",
        },
      });
    }
  }

  const isBack = unusedName('is_back', columns);
  const isOrdered = values.in_order && values.time !== '' && wants('consistency');
  if (isOrdered) {
    const each = by.length === 0 ? '' : `, for each ${list(by.map(({name}) => name))}`;
    const check = {
      dimension: 'consistency',
      name: 'times_in_order',
      column: time.name,
      unit: 'percent',
      threshold: 0,
      expected: `not earlier than in the previous row${each}`,
    } as const;
    checks.push(
      hasTime
        ? {
            ...check,
            observed: share(counted('back'), counted('placed')),
            failing: counted('back'),
            checked: counted('placed'),
            row: {
              fails: {sql: id(isBack), spark: col(isBack)},
              reason: `${time.name} is earlier than in the previous row${by.length === 0 ? '' : ` of its ${list(by.map(({name}) => name))}`}`,
            },
          }
        : broken(check, values.time),
    );
  }

  if (wants('accuracy'))
    Object.entries(values.ranges).forEach(([name, {min, max}], i) => {
      const column = columnNamed(name, columns);
      const [failing, checked] = [counted(`outside_${i + 1}`), counted(`ranged_${i + 1}`)];
      const expected = min === '' ? `at most ${max}` : max === '' ? `at least ${min}` : `${min} to ${max}`;
      const check = {
        dimension: 'accuracy',
        name: `${column.name}_range`,
        column: column.name,
        unit: 'percent',
        threshold: 0,
        expected,
      } as const;
      if (!isUsable(name)) {
        checks.push(broken(check, name));
        return;
      }
      const [value, sparkValue] = [present(column), sparkPresent(column)];
      const fails: Both = {
        sql: join(
          [
            ...(min === '' ? [] : [sql`${value} < ${boundSql(min, column)}`]),
            ...(max === '' ? [] : [sql`${value} > ${boundSql(max, column)}`]),
          ],
          ' OR ',
        ),
        spark: either(
          [
            ...(min === '' ? [] : [`${sparkValue} < ${boundSpark(min, column)}`]),
            ...(max === '' ? [] : [`${sparkValue} > ${boundSpark(max, column)}`]),
          ],
          '|',
        ),
      };
      checks.push({
        ...check,
        observed: share(failing, checked),
        failing,
        checked,
        counts: {
          [`outside_${i + 1}`]: {sql: sql`count(*) FILTER (WHERE ${fails.sql})`, spark: `F.count_if(${fails.spark})`},
          [`ranged_${i + 1}`]: {sql: sql`count(${value})`, spark: `F.count(${sparkValue})`},
        },
        row: {fails, reason: `${column.name} is not ${/^at /.test(expected) ? expected : `from ${expected}`}`},
      });
    });

  const keys = columnsNamed(values.keys, columns);
  const areKeys = values.keys.every(isUsable);
  if (keys.length > 0 && wants('uniqueness')) {
    const named = list(keys.map(({name}) => name));
    const one = keys.length === 1 ? (keys[0]?.name ?? null) : null;
    const check = {
      dimension: 'uniqueness',
      name: 'unique_key',
      column: one,
      unit: 'percent',
      threshold: 0,
      expected: `one row for each ${named}`,
    } as const;
    const missing = values.keys.find((name) => !isUsable(name)) ?? '';
    checks.push(
      areKeys
        ? {
            ...check,
            observed: share(counted('repeated'), counted('keyed')),
            failing: counted('repeated'),
            checked: counted('keyed'),
          }
        : broken(check, missing),
    );
  }

  if (values.time !== '' && values.no_future && wants('validity')) {
    const check = {
      dimension: 'validity',
      name: 'no_future_times',
      column: time.name,
      unit: 'percent',
      threshold: 0,
      expected: 'not in the future',
    } as const;
    const fails: Both = {sql: sql`${at.sql} > ${now.sql}`, spark: `${at.spark} > _now`};
    checks.push(
      hasTime
        ? {
            ...check,
            observed: share(counted('future'), counted('timed')),
            failing: counted('future'),
            checked: counted('timed'),
            counts: {
              future: {sql: sql`count(*) FILTER (WHERE ${fails.sql})`, spark: `F.count_if(${fails.spark})`},
              timed: {sql: sql`count(${id(time.name)})`, spark: `F.count(${col(time.name)})`},
            },
            row: {fails, reason: `${time.name} is in the future`},
          }
        : broken(check, values.time),
    );
  }
  if (wants('validity'))
    values.conditions.forEach(({name, expression: text}, i) => {
      const [failing, checked] = [counted(`untrue_${i + 1}`), counted(`decided_${i + 1}`)];
      const title = name === '' ? `condition_${i + 1}` : name;
      const spark = inSpark(text);
      // What is no condition stops with a sentence; DuckDB would make one of a number.
      const holds = sql`CASE WHEN typeof(${expression(text)}) IN ('BOOLEAN', '"NULL"') THEN TRY_CAST(${expression(text)} AS BOOLEAN) ELSE error(${lit(`[[CONDITION|]] ${title} gives no true or false: ${text.trim()}`)})::BOOLEAN END`;
      const [untrue, asked]: readonly [Both, Both] = [
        {sql: sql`count(*) FILTER (WHERE (${holds}) IS FALSE)`, spark: `F.count_if(~${spark})`},
        {sql: sql`count(${holds})`, spark: `F.count(${spark})`},
      ];
      checks.push({
        dimension: 'validity',
        name: title,
        column: null,
        unit: 'percent',
        threshold: 0,
        expected: text.trim(),
        observed: share(failing, checked),
        failing,
        checked,
        counts: {[`untrue_${i + 1}`]: untrue, [`decided_${i + 1}`]: asked},
        row: {fails: {sql: sql`${expression(text)} IS FALSE`, spark: `~${spark}`}, reason: `not ${text.trim()}`},
      });
    });

  const isTimed = hasTime && wants('freshness');
  return {
    checks,
    usable: isTimed ? usable : undefined,
    by,
    limit: span.microseconds,
    keys: areKeys && wants('uniqueness') ? keys : [],
    order: isOrdered && hasTime ? {at: usable, isBack} : undefined,
  };
}

/** Whether a column that the schema names is missing, or of another family than it says: then checks of it fail, and the cell doesn’t. */
function isUnexpected(name: string, {schema}: QualityValues, columns: readonly Column[]): boolean {
  const [, expected] = Object.entries(schema).find(([known]) => known.toLowerCase() === name.toLowerCase()) ?? [];
  const column = findColumn(name, columns);
  return expected !== undefined && (column === undefined || sparkName(column.type) !== expectedType(expected.type));
}

/** The rows with their places, and whether their times go back: the last one before that is neither missing nor in the future was later. */
function placedRows({order, by}: Quality, relation: Sql, columns: readonly Column[], row: Sql): Sql {
  const {from, row: rowOf, all} = numberedRows({relation, columns});
  if (order === undefined) return sql`(SELECT ${all}, ${rowOf} AS ${row} FROM ${from})`;
  const apart = by.length === 0 ? sql`` : sql`PARTITION BY ${names(by)} `;
  const before = sql`last_value(${order.at.sql} IGNORE NULLS) OVER (${apart}ORDER BY ${rowOf} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)`;
  return sql`(SELECT ${all}, ${rowOf} AS ${row}, coalesce(${order.at.sql} < ${before}, false) AS ${id(order.isBack)} FROM ${from})`;
}

/** The queries that both the result and the rejects begin with. */
function counting(
  {checks, usable, by, limit}: Quality,
  relation: Sql,
  now: Sql,
  wanted: (check: Check) => boolean,
): Sql[] {
  const counts = checks.filter(wanted).flatMap((check) => Object.entries(check.counts ?? {}));
  const newest = usable === undefined || by.length > 0 ? [] : [sql`max(${usable.sql}) AS newest`];
  const totals = [
    sql`count(*) AS rows`,
    ...counts.map(([name, {sql: counts}]) => sql`${counts} AS ${id(name)}`),
    ...newest,
  ];
  const keys = by.map((column, i) => sql`${id(column.name)} AS ${id(`by_${i + 1}`)}`);
  const isStale = sql`newest IS NULL OR epoch_us(${now}) - epoch_us(newest) > ${lit(limit)}`;
  return [
    sql`totals AS MATERIALIZED (\n  SELECT ${join(totals, ',\n    ')}\n  FROM ${relation}\n)`,
    ...(usable === undefined
      ? []
      : [
          by.length === 0
            ? sql`fresh AS MATERIALIZED (SELECT newest, ${isStale} AS is_stale FROM totals)`
            : sql`fresh AS MATERIALIZED (\n  SELECT *, ${isStale} AS is_stale\n  FROM (SELECT ${join([...keys, sql`max(${usable.sql}) AS newest`])} FROM ${relation} GROUP BY ALL)\n)`,
        ]),
  ];
}

function toSql(values: QualityValues, input: Input): Program {
  const quality = qualityOf(values, input.columns);
  const {checks, usable, keys, order} = quality;
  const now = momentSql(values.now);
  const {relation, columns} = input;
  const lines = checks.map(
    (check) =>
      sql`{dimension: ${lit(check.dimension)}, check_name: ${lit(check.name)}, column_name: ${lit(check.column)}, observed: ${check.observed.sql}, threshold: ${lit(check.threshold)}, unit: ${lit(check.unit)}, rows_failing: ${check.failing?.sql ?? lit(null)}, rows_checked: ${check.checked?.sql ?? lit(null)}, expected: ${lit(check.expected)}, found: ${check.found?.sql ?? lit(null)}}`,
  );
  const keyed =
    keys.length === 0
      ? []
      : [
          sql`keyed AS (\n  SELECT coalesce(sum(n) FILTER (WHERE n > 1), 0) AS repeated, coalesce(sum(n), 0) AS keyed\n  FROM (SELECT count(*) AS n FROM ${relation} WHERE ${arePresent(keys)} GROUP BY ${names(keys)})\n)`,
        ];
  const ages =
    usable === undefined
      ? []
      : [
          sql`ages AS (\n  SELECT CASE WHEN count(newest) = count(*) THEN min(newest) END AS oldest,\n    (epoch_us(${now}) - epoch_us(oldest)) / ${double(6e7)} AS age,\n    count(*) FILTER (WHERE is_stale) AS stale,\n    nullif(count(*), 0) AS sources\n  FROM fresh\n)`,
        ];
  const placed =
    order === undefined
      ? []
      : [
          sql`in_order AS (\n  SELECT count(*) FILTER (WHERE ${id(order.isBack)}) AS back, count(${order.at.sql}) AS placed\n  FROM ${placedRows(quality, relation, columns, id(unusedName('row', columns)))}\n)`,
        ];
  const others = [
    ...(usable === undefined ? [] : [sql`ages`]),
    ...(keys.length === 0 ? [] : [sql`keyed`]),
    ...(order === undefined ? [] : [sql`in_order`]),
  ];
  const from = join([sql`totals`, ...others]);
  const result = sql`WITH ${join([...counting(quality, relation, now, () => true), ...ages, ...keyed, ...placed], ',\n')}
SELECT ${now} AS run_at, ${lit(input.name)} AS table_name, dimension, check_name, column_name::VARCHAR AS column_name,
  observed::DOUBLE AS observed, threshold::DOUBLE AS threshold, unit, coalesce(observed <= threshold, rows_checked = 0, false) AS passed,
  rows_failing::BIGINT AS rows_failing, rows_checked::BIGINT AS rows_checked, expected, found::VARCHAR AS found
FROM (
  SELECT unnest([
    ${join(lines, ',\n    ')}
  ], recursive := true)
  FROM ${from}
)`;
  const rejects = rejectsSql(quality, input, now);
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
        values.on_failure === 'stop',
      ),
    ...(values.on_failure === 'stop'
      ? {
          halt: (made: Sql) =>
            sql`SELECT CASE WHEN count(*) > 0 THEN error('checks failed: ' || string_agg(check_name, ', ')) END AS failed FROM ${made} WHERE NOT passed`,
        }
      : {}),
  };
  return {kind: 'sql', sql: result, ...(rejects === undefined ? {} : {rejects}), judge};
}

const names = (columns: readonly Column[]): Sql => join(columns.map(({name}) => id(name)));
const arePresent = (columns: readonly Column[]): Sql =>
  join(
    columns.map((column) => isPresent(column)),
    ' AND ',
  );

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
function rejectsSql(quality: Quality, input: Input, now: Sql): Sql | undefined {
  const {checks, usable, by, keys, order} = quality;
  const {relation, columns} = input;
  const free = (base: string): Sql => id(unusedName(base, columns));
  const [row, place, twice] = [free('row'), free('place'), free('is_repeated')];
  const [dimension, checkName, reason] = [free('dimension'), free('check_name'), free('reason')];
  const wrong = (check: Check, why: string): readonly [Sql, Sql, Sql, Sql] => [
    lit(checks.indexOf(check)),
    lit(check.dimension),
    lit(check.name),
    lit(why),
  ];
  const over = (i: number): Sql => free(`too_many_${i}`);
  const gates = checks.filter((check) => check.row?.counted === true);
  const tests = checks.flatMap((check) => {
    if (check.name === 'unique_key' && check.dimension === 'uniqueness' && keys.length > 0)
      return [{check, fails: sql`${twice}`, reason: `another row has the same ${list(keys.map(({name}) => name))}`}];
    if (check.row === undefined) return [];
    return [
      {
        check,
        fails: gates.includes(check)
          ? sql`${over(checks.indexOf(check))} AND ${check.row.fails.sql}`
          : sql`(${check.row.fails.sql})`,
        reason: check.row.reason,
      },
    ];
  });
  if (tests.length === 0 && usable === undefined) return undefined;
  const ctes = counting(quality, relation, now, (check) => check.row?.counted === true);
  const parts: Sql[] = [];
  if (tests.length > 0) {
    const sources = [placedRows(quality, relation, columns, row)];
    if (gates.length > 0)
      sources.push(
        sql`CROSS JOIN (SELECT ${join(gates.map((check) => sql`coalesce(${check.observed.sql} > ${double(check.threshold)}, false) AS ${over(checks.indexOf(check))}`))} FROM totals)`,
      );
    if (keys.length > 0) {
      const others = keys.map((_, i) => free(`key_${i + 1}`));
      const grouped = join(keys.map((column, i) => sql`${id(column.name)} AS ${others[i] ?? sql``}`));
      sources.push(sql`LEFT JOIN (SELECT ${grouped}, true AS ${twice} FROM ${relation} WHERE ${arePresent(keys)} GROUP BY ALL HAVING count(*) > 1)
    ON ${join(
      keys.map((column, i) => sql`${id(column.name)} = ${others[i] ?? sql``}`),
      ' AND ',
    )}`);
    }
    const cases = tests.map(({check, fails, reason: why}) => {
      const [at, what, name, said] = wrong(check, why);
      return sql`CASE WHEN ${fails} THEN {${place}: ${at}, ${dimension}: ${what}, ${checkName}: ${name}, ${reason}: ${said}} END`;
    });
    const helpers = [
      ...(order === undefined ? [] : [id(order.isBack)]),
      ...gates.map((check) => over(checks.indexOf(check))),
      ...(keys.length === 0 ? [] : [...keys.map((_, i) => free(`key_${i + 1}`)), twice]),
    ];
    parts.push(sql`SELECT *${helpers.length === 0 ? sql`` : sql` EXCLUDE (${join(helpers)})`}, unnest([
    ${join(cases, ',\n    ')}
  ], recursive := true)
  FROM ${join(sources, '\n  ')}
  WHERE ${join(
    tests.map(({fails}) => fails),
    '\n    OR ',
  )}`);
  }
  const fresh = checks.find((check) => check.dimension === 'freshness');
  if (usable !== undefined && fresh !== undefined) {
    const sources = by.map((_, i) => free(`by_${i + 1}`));
    const newest = free('newest');
    const renamed = by.map((_, i) => sql`${id(`by_${i + 1}`)} AS ${sources[i] ?? sql``}`);
    const same = [
      ...by.map((column, i) => sql`${id(column.name)} IS NOT DISTINCT FROM ${sources[i] ?? sql``}`),
      sql`${usable.sql} IS NOT DISTINCT FROM ${newest}`,
    ];
    const [at, what, name, said] = wrong(
      fresh,
      by.length === 0
        ? 'the newest row is too old'
        : `the newest row of its ${list(by.map(({name: of}) => of))} is too old`,
    );
    const stale = sql`SELECT * EXCLUDE (${join([...sources, newest])}), ${at} AS ${place}, ${what} AS ${dimension}, ${name} AS ${checkName}, ${said} AS ${reason}
  FROM ${placedRows({...quality, order: undefined}, relation, columns, row)}
  JOIN (SELECT ${join([...renamed, sql`newest AS ${newest}`])} FROM fresh WHERE is_stale) ON ${join(same, ' AND ')}`;
    // Of no rows at all, DuckDB 1.5 numbers one.
    parts.push(
      by.length === 0
        ? sql`(${stale}\n  ORDER BY ${row} LIMIT 1)`
        : sql`${stale}\n  QUALIFY row_number() OVER (PARTITION BY ${join(sources)} ORDER BY ${row}) = 1`,
    );
  }
  return sql`WITH ${join(ctes, ',\n')}
SELECT * EXCLUDE (${row}, ${place})
FROM (
  ${join(parts, '\n  UNION ALL\n  ')}
)
WHERE ${place} IS NOT NULL
ORDER BY ${place}, ${row}`;
}

function check(values: QualityValues, input: Input): StepProblem[] {
  const {columns} = input;
  const problems: StepProblem[] = [...checkMoment(values.now, 'now')];
  const expected = Object.keys(values.schema);
  /** What the schema names and isn’t there, or is of another type, fails its checks instead. */
  const others = (all: readonly string[]): string[] => all.filter((name) => !isUnexpected(name, values, columns));
  const times = columns.filter(({type}) => isTime(type)).map(({name}) => name);
  if (values.time === '' && (values.freshness !== undefined || values.by.length > 0 || values.in_order))
    problems.push({
      code: 'PARAM',
      message: `${values.in_order ? 'Times in order need' : 'Freshness needs'} a column of times, and none is named.`,
      hint:
        times.length > 0
          ? `Add time: ${times[0] ?? ''}.`
          : `${input.name} has no column of times: put a cast step before it that makes one a timestamp.`,
      param: 'time',
    });
  if (values.time !== '') problems.push(...checkFamily(others([values.time]), input, 'time', 'time', 'Freshness'));
  problems.push(...checkColumns(values.by, input, 'by'));
  problems.push(...checkColumns(others(Object.keys(values.missing)), input, 'missing'));
  for (const name of expected)
    if (expectedType(values.schema[name]?.type ?? '') === undefined)
      problems.push({
        code: 'TYPE_UNKNOWN',
        message: `There is no type called ${values.schema[name]?.type ?? ''}, which schema gives ${name}.`,
        hint: 'Write string, boolean, int, bigint, double, decimal(10,2), date or timestamp.',
        param: `schema.${name}`,
      });
  for (const [name, {min, max}] of Object.entries(values.ranges)) {
    const param = `ranges.${name}`;
    const column = findColumn(name, columns);
    if (min === '' && max === '')
      problems.push({
        code: 'PARAM',
        message: `The range of ${name} has neither a smallest nor a largest value.`,
        hint: 'Give min, max or both.',
        param,
      });
    problems.push(...checkColumns(others([name]), input, param));
    if (column === undefined || isUnexpected(name, values, columns)) continue;
    if (min !== '') problems.push(...checkLimit(min, column, `${param}.min`));
    if (max !== '') problems.push(...checkLimit(max, column, `${param}.max`));
  }
  problems.push(...checkColumns(others(values.keys), input, 'keys'));
  if (problems.length > 0) return problems;
  const {checks} = qualityOf(values, columns);
  return [
    ...checkSome(checks, 'skip', 'Everything is left out: there is nothing to check.', 'Take a dimension out of skip.'),
    ...checkNames(
      checks.map(({name}) => name),
      'conditions',
    ).map((problem) => ({
      ...problem,
      message: `Two checks are called ${problem.column}.`,
      hint: 'Give one of the conditions another name.',
    })),
  ];
}

const fields: Readonly<Record<string, string>> = {
  dimension: 'string',
  check_name: 'string',
  column_name: 'string',
  observed: 'double',
  threshold: 'double',
  unit: 'string',
  rows_failing: 'bigint',
  rows_checked: 'bigint',
  expected: 'string',
  found: 'string',
};

function toPySpark(values: QualityValues, context: SparkContext): string[] | NotExportable {
  const {
    target,
    frames: [frame = 'df'],
    inputs: [input],
  } = context;
  const columns = input?.columns ?? [];
  const problems: SparkProblem[] = [];
  const quality = qualityOf(values, columns, (condition) => {
    const made = exprOf(condition, columns, context);
    problems.push(...made.problems);
    return made.code;
  });
  const refused = notInSpark(problems);
  if (refused !== undefined) return refused;
  const {checks, usable, by, limit, keys, order} = quality;
  const lines = [`_now = ${momentSpark(values.now)}`];
  if (checks.some(({unit}) => unit === 'columns'))
    lines.push(`_types = {name.lower(): kind for name, kind in ${frame}.dtypes}`);
  if (checks.some(({name, dimension}) => dimension === 'consistency' && name === 'no_other_columns'))
    lines.push(
      `_others = [name for name in ${frame}.columns if name.lower() not in ${py(Object.keys(values.schema).map((name) => name.toLowerCase()))}]`,
    );

  const counts = checks
    .flatMap((one) => Object.entries(one.counts ?? {}))
    .map(([name, {spark}]): [string, string] => [name, spark]);
  const newest: [string, string][] = usable === undefined ? [] : [['newest', `F.max(${usable.spark})`]];
  lines.push(
    ...assign('_totals', frame, [agg([['rows', "F.count('*')"], ...counts, ...(by.length === 0 ? newest : [])])]),
  );
  const all = ['_totals'];
  if (usable !== undefined) {
    const isStale = `F.col('newest').isNull() | (F.unix_micros(_now) - F.unix_micros('newest') > ${limit})`;
    const grouped = call(
      'groupBy',
      by.map((column, i) => `${col(column.name)}.alias(${py(`by_${i + 1}`)})`),
    );
    lines.push(
      ...assign('_fresh', by.length === 0 ? '_totals' : frame, [
        ...(by.length === 0 ? [`select('newest')`] : [grouped, agg(newest)]),
        `withColumn('is_stale', ${isStale})`,
      ]),
      ...assign('_ages', '_fresh', [
        agg([
          ['oldest', "F.when(F.count('newest') == F.count('*'), F.min('newest'))"],
          ['stale', "F.count_if('is_stale')"],
          ['sources', "F.nullif(F.count('*'), F.lit(0))"],
        ]),
        `withColumn('age', (F.unix_micros(_now) - F.unix_micros('oldest')) / 60000000.0)`,
      ]),
    );
    all.push('_ages');
  }
  const there = keys.map((column) => `${sparkPresent(column)}.isNotNull()`).join(' & ');
  if (keys.length > 0) {
    lines.push(
      ...assign('_keyed', frame, [
        `where(${there})`,
        call(
          'groupBy',
          keys.map((column) => col(column.name)),
        ),
        agg([['n', "F.count('*')"]]),
        agg([
          ['repeated', "F.coalesce(F.sum(F.when(F.col('n') > 1, F.col('n'))), F.lit(0))"],
          ['keyed', "F.coalesce(F.sum('n'), F.lit(0))"],
        ]),
      ]),
    );
    all.push('_keyed');
  }
  if (order !== undefined) {
    const row = unusedName('_row', columns);
    const apart = by.length === 0 ? 'F.lit(0)' : by.map(({name}) => py(name)).join(', ');
    const before = `F.last(${order.at.spark}, ignorenulls=True).over(Window.partitionBy(${apart}).orderBy(${py(row)}).rowsBetween(Window.unboundedPreceding, -1))`;
    lines.push(
      ...assign('_placed', frame, [
        `withColumn(${py(row)}, F.monotonically_increasing_id())`,
        `withColumn(${py(order.isBack)}, F.coalesce(${order.at.spark} < ${before}, F.lit(False)))`,
      ]),
      ...assign('_in_order', '_placed', [
        agg([
          ['back', `F.count_if(${col(order.isBack)})`],
          ['placed', `F.count(${order.at.spark})`],
        ]),
      ]),
    );
    all.push('_in_order');
  }
  const value = (found: PyValue): string => py(found);
  const tuple = (one: Check): string =>
    [
      value(one.dimension),
      value(one.name),
      value(one.column),
      one.observed.spark,
      value(one.threshold),
      value(one.unit),
      one.failing?.spark ?? 'None',
      one.checked?.spark ?? 'None',
      value(one.expected),
      one.found?.spark ?? 'None',
    ].join(', ');
  lines.push(`_fields = ${py(fields)}`, '_checks = [', ...checks.map((one) => `    (${tuple(one)}),`), ']');
  lines.push(
    ...assign(target, all[0] ?? '', [
      ...all.slice(1).map((other) => `crossJoin(${other})`),
      `select(F.inline(F.array(*[F.struct(*[F.lit(value).cast(kind).alias(name) for value, (name, kind) in zip(check, _fields.items())]) for check in _checks])))`,
      `select(_now.alias('run_at'), F.lit(${py(input?.name ?? '')}).alias('table_name'), 'dimension', 'check_name', 'column_name', 'observed', 'threshold', 'unit', F.coalesce(F.col('observed') <= F.col('threshold'), F.col('rows_checked') == 0, F.lit(False)).alias('passed'), 'rows_failing', 'rows_checked', 'expected', 'found')`,
    ]),
    ...sparkRejects(quality, {target, frame, columns, there}),
    ...(values.on_failure === 'stop'
      ? [
          `_failed = [row.check_name for row in ${target}.where('NOT passed').collect()]`,
          "assert not _failed, f'checks failed: {_failed}'",
        ]
      : []),
  );
  return lines;
}

/** The rejects in Spark: each row with the checks that it makes fail. */
function sparkRejects(
  {checks, usable, by, keys, order}: Quality,
  {target, frame, columns, there}: {target: string; frame: string; columns: readonly Column[]; there: string},
): string[] {
  const free = (base: string): string => unusedName(base, columns);
  const [row, place, twice, newest] = [free('_row'), free('_place'), free('_repeated'), free('_newest')];
  const gates = checks.filter((one) => one.row?.counted === true);
  const over = (one: Check): string => free(`_too_many_${checks.indexOf(one)}`);
  const wrong = (one: Check, why: string): string =>
    `(${checks.indexOf(one)}, ${py(one.dimension)}, ${py(one.name)}, ${py(why)})`;
  const added = [free('dimension'), free('check_name'), free('reason')] as const;
  const named = py([place, ...added]);
  const tests = checks.flatMap((one) => {
    if (one.dimension === 'uniqueness' && keys.length > 0)
      return [`${wrong(one, `another row has the same ${list(keys.map(({name}) => name))}`)}: ${col(twice)}`];
    if (one.row === undefined) return [];
    return [
      `${wrong(one, one.row.reason)}: ${one.row.counted === true ? `${col(over(one))} & ` : ''}${one.row.fails.spark}`,
    ];
  });
  if (tests.length === 0 && usable === undefined) return [];
  const numbered = order === undefined ? '_numbered' : '_placed';
  const lines =
    order === undefined ? assign(numbered, frame, [`withColumn(${py(row)}, F.monotonically_increasing_id())`]) : [];
  const parts: string[] = [];
  if (tests.length > 0) {
    const calls: string[] = [];
    if (gates.length > 0) {
      const made = gates.map(
        (one) => `F.coalesce(${one.observed.spark} > ${py(one.threshold)}, F.lit(False)).alias(${py(over(one))})`,
      );
      calls.push(`crossJoin(F.broadcast(_totals.${call('select', made)}))`);
    }
    if (keys.length > 0) {
      const others = keys.map((_, i) => free(`_key_${i + 1}`));
      lines.push(
        ...assign('_repeated', frame, [
          `where(${there})`,
          call(
            'groupBy',
            keys.map((column, i) => `${col(column.name)}.alias(${py(others[i] ?? '')})`),
          ),
          agg([[twice, "(F.count('*') > 1)"]]),
          `where(${py(twice)})`,
        ]),
      );
      const same = keys.map((column, i) => `${col(column.name)} == ${col(others[i] ?? '')}`);
      calls.push(`join(_repeated, ${either(same, '&')}, 'left')`);
    }
    lines.push('_wrong = {', ...tests.map((test) => `    ${test},`), '}');
    const struct = `F.struct(*[F.lit(value).alias(name) for value, name in zip(what, ${named})])`;
    calls.push(
      `select(${[...columns.map(({name}) => col(name)), py(row)].join(', ')}, F.inline(F.filter(F.array(*[F.when(fails, ${struct}) for what, fails in _wrong.items()]), lambda one: one.isNotNull())))`,
    );
    lines.push(...assign('_failing', numbered, calls));
    parts.push('_failing');
  }
  const fresh = checks.find((one) => one.dimension === 'freshness');
  if (usable !== undefined && fresh !== undefined) {
    const sources = by.map((_, i) => free(`_by_${i + 1}`));
    const renamed = [
      ...by.map((_, i) => `F.col(${py(`by_${i + 1}`)}).alias(${py(sources[i] ?? '')})`),
      `F.col('newest').alias(${py(newest)})`,
    ];
    const same = [
      ...by.map((column, i) => `${col(column.name)}.eqNullSafe(${col(sources[i] ?? '')})`),
      `${usable.spark}.eqNullSafe(${col(newest)})`,
    ];
    const first = free('_first');
    const partition = by.length === 0 ? 'F.lit(0)' : sources.map((name) => py(name)).join(', ');
    const why = wrong(
      fresh,
      by.length === 0
        ? 'the newest row is too old'
        : `the newest row of its ${list(by.map(({name}) => name))} is too old`,
    );
    lines.push(
      ...assign('_stale', numbered, [
        `join(F.broadcast(_fresh.where('is_stale').select(${renamed.join(', ')})), ${same.join(' & ')})`,
        `withColumn(${py(first)}, F.row_number().over(Window.partitionBy(${partition}).orderBy(${py(row)})))`,
        `where(F.col(${py(first)}) == 1)`,
        `select(${[...columns.map(({name}) => col(name)), py(row)].join(', ')}, *[F.lit(value).alias(name) for value, name in zip(${why}, ${named})])`,
      ]),
    );
    parts.push('_stale');
  }
  const [first = '', ...others] = parts;
  return [
    ...lines,
    ...assign(`${target}_rejects`, first, [
      ...others.map((other) => `unionByName(${other})`),
      `orderBy(${py(place)}, ${py(row)})`,
      `drop(${py(place)}, ${py(row)})`,
    ]),
  ];
}

const readings = {
  columns: {sensor_id: 'VARCHAR', read_at: 'TIMESTAMP', temperature: 'DOUBLE', humidity: 'DOUBLE'},
  rows: [
    ['s-1', '2024-02-01 10:00:00', 21.5, 40],
    ['s-2', '2024-02-01 10:00:00', null, 41],
    ['s-1', '2024-02-01 10:10:00', 85, 'NaN'],
    ['s-2', '2024-02-01 10:10:00', 22, 42],
    ['s-2', '2024-02-01 10:10:00', 22, 42],
    ['s-1', '2031-01-01 00:00:00', 21, 43],
  ],
} as const;

type Value = ExampleTable['rows'][number][number];

/** The rows of an example’s result, after the first two columns. */
const resultOf = (now: string, lines: readonly (readonly Value[])[]): ExampleTable => ({
  columns: {
    run_at: 'TIMESTAMP',
    table_name: 'VARCHAR',
    dimension: 'VARCHAR',
    check_name: 'VARCHAR',
    column_name: 'VARCHAR',
    observed: 'DOUBLE',
    threshold: 'DOUBLE',
    unit: 'VARCHAR',
    passed: 'BOOLEAN',
    rows_failing: 'BIGINT',
    rows_checked: 'BIGINT',
    expected: 'VARCHAR',
    found: 'VARCHAR',
  },
  rows: lines.map((line) => [now, 'input', ...line]),
});
const wrongColumns = {dimension: 'VARCHAR', check_name: 'VARCHAR', reason: 'VARCHAR'} as const;

export const quality = defineStep({
  kind: 'quality',
  version: 1,
  group: 'quality',
  title: 'Quality',
  sentence: ({time, freshness, in_order, missing_percent, schema, ranges, keys, conditions, on_failure, skip}) => {
    const asked = [
      ...(time === '' || skip.includes('freshness') ? [] : [`fresh within ${(freshness ?? defaultSpan).text}`]),
      ...(skip.includes('completeness') ? [] : [`at most ${missing_percent} % missing`]),
      ...(Object.keys(schema).length === 0 ? [] : [`${plural(Object.keys(schema).length, 'column')} as expected`]),
      ...(in_order && time !== '' && !skip.includes('consistency') ? ['times in order'] : []),
      ...(Object.keys(ranges).length === 0 ? [] : [plural(Object.keys(ranges).length, 'range')]),
      ...(keys.length === 0 ? [] : [`unique by ${list(keys)}`]),
      ...(conditions.length === 0 ? [] : [plural(conditions.length, 'condition')]),
    ];
    return `Check quality${asked.length === 0 ? '' : `: ${list(asked)}`}${on_failure === 'stop' ? '; stop when a check fails' : ''}`;
  },
  lesson: {
    what: 'Looks at all rows once and gives one row for each check: freshness (how old the newest time is that is not in the future), completeness (the share of missing values), consistency (the columns and types that you expect, and, where `in_order` asks for it, times that don’t go back from row to row), accuracy (values within what is physically possible), uniqueness (no two rows with the same key), validity (no times in the future, and conditions of your own). A check passes when `observed` is at most `threshold`. The rows that make a check fail are in NAME_rejects, once for each such check; the input stays as it is under its own name. A dimension’s score is the share of its checks that pass.',
    why: 'Great Expectations, Soda, Deequ and dbt tests all do this: what good data looks like is written down, and every load is measured against it. One condition would tell that something is wrong; six dimensions tell what. A snapshot below it that appends to a table keeps every run, and the score over time shows a sensor that decays weeks before it fails.',
    without:
      'A pipeline that ran without an error is taken for one that is right. Then a feed stops, yesterday’s values are reported as today’s, and nobody asks. Mind the edges: no rows have nothing wrong with them, so on an empty table every check of rows passes, as in dbt and Great Expectations, and only freshness fails; missing keys are a matter of completeness and are never duplicates, as in SQL’s UNIQUE; a condition that is NULL is not broken, as in SQL’s CHECK.',
  },
  input: 'one',
  effect: 'new',
  namesInput: true,
  view: 'checks',
  touches: ({now, time}) => (now === '' && time !== '' ? [{kind: 'clock'}] : []),
  columnTests: ({on_failure}) => [
    {column: 'passed', holds: {accepted: ['true'], quoted: false}, otherwise: on_failure},
  ],
  params,
  check: (values, inputs) => check(values, inputOf(inputs)),
  toSql: (values, inputs) => toSql(values, inputOf(inputs)),
  toPySpark,
  propose: async () => (await import('./quality-proposal.ts')).proposeQuality,
  examples: [
    {
      name: 'six dimensions, each with something wrong',
      params: {
        time: 'read_at',
        now: '2024-02-01 10:30:00',
        schema: {sensor_id: 'string', read_at: 'timestamp', temperature: 'double'},
        missing: {humidity: 20},
        ranges: {temperature: {min: -40, max: 60}},
        keys: ['sensor_id', 'read_at'],
        conditions: [{name: 'indoors', expression: 'temperature BETWEEN 15 AND 30'}],
      },
      input: readings,
      expect: resultOf('2024-02-01 10:30:00', [
        ['freshness', 'freshness', 'read_at', 20, 15, 'minutes', false, 1, 1, 'at most 15m old', '2024-02-01 10:10:00'],
        ['completeness', 'sensor_id_missing', 'sensor_id', 0, 5, 'percent', true, 0, 6, 'at most 5 % missing', null],
        ['completeness', 'read_at_missing', 'read_at', 0, 5, 'percent', true, 0, 6, 'at most 5 % missing', null],
        [
          'completeness',
          'temperature_missing',
          'temperature',
          16.666666666666668,
          5,
          'percent',
          false,
          1,
          6,
          'at most 5 % missing',
          null,
        ],
        [
          'completeness',
          'humidity_missing',
          'humidity',
          16.666666666666668,
          20,
          'percent',
          true,
          1,
          6,
          'at most 20 % missing',
          null,
        ],
        ['consistency', 'sensor_id_type', 'sensor_id', 0, 0, 'columns', true, null, null, 'string', 'string'],
        ['consistency', 'read_at_type', 'read_at', 0, 0, 'columns', true, null, null, 'timestamp', 'timestamp'],
        ['consistency', 'temperature_type', 'temperature', 0, 0, 'columns', true, null, null, 'double', 'double'],
        ['consistency', 'no_other_columns', null, 1, 0, 'columns', false, null, null, 'no other columns', 'humidity'],
        ['accuracy', 'temperature_range', 'temperature', 20, 0, 'percent', false, 1, 5, '-40 to 60', null],
        [
          'uniqueness',
          'unique_key',
          null,
          33.333333333333336,
          0,
          'percent',
          false,
          2,
          6,
          'one row for each sensor_id and read_at',
          null,
        ],
        [
          'validity',
          'no_future_times',
          'read_at',
          16.666666666666668,
          0,
          'percent',
          false,
          1,
          6,
          'not in the future',
          null,
        ],
        ['validity', 'indoors', null, 20, 0, 'percent', false, 1, 5, 'temperature BETWEEN 15 AND 30', null],
      ]),
      rejects: {
        columns: {...readings.columns, ...wrongColumns},
        rows: [
          ['s-1', '2024-02-01 10:10:00', 85, 'NaN', 'freshness', 'freshness', 'the newest row is too old'],
          ['s-2', '2024-02-01 10:00:00', null, 41, 'completeness', 'temperature_missing', 'temperature is missing'],
          [
            's-1',
            '2024-02-01 10:10:00',
            85,
            'NaN',
            'accuracy',
            'temperature_range',
            'temperature is not from -40 to 60',
          ],
          [
            's-2',
            '2024-02-01 10:10:00',
            22,
            42,
            'uniqueness',
            'unique_key',
            'another row has the same sensor_id and read_at',
          ],
          [
            's-2',
            '2024-02-01 10:10:00',
            22,
            42,
            'uniqueness',
            'unique_key',
            'another row has the same sensor_id and read_at',
          ],
          ['s-1', '2031-01-01 00:00:00', 21, 43, 'validity', 'no_future_times', 'read_at is in the future'],
          ['s-1', '2024-02-01 10:10:00', 85, 'NaN', 'validity', 'indoors', 'not temperature BETWEEN 15 AND 30'],
        ],
      },
    },
    {
      name: 'good rows pass',
      params: {
        time: 'read_at',
        freshness: '1h',
        now: '2024-02-01 10:30:00',
        missing_percent: 0,
        ranges: {temperature: {min: -40}},
        keys: ['sensor_id'],
        on_failure: 'stop',
      },
      input: {
        columns: {sensor_id: 'VARCHAR', read_at: 'TIMESTAMP', temperature: 'DOUBLE'},
        rows: [
          ['s-1', '2024-02-01 09:30:00', 21.5],
          ['s-2', '2024-02-01 09:20:00', 22],
        ],
      },
      expect: resultOf('2024-02-01 10:30:00', [
        ['freshness', 'freshness', 'read_at', 60, 60, 'minutes', true, 0, 1, 'at most 1h old', '2024-02-01 09:30:00'],
        ['completeness', 'sensor_id_missing', 'sensor_id', 0, 0, 'percent', true, 0, 2, 'never missing', null],
        ['completeness', 'read_at_missing', 'read_at', 0, 0, 'percent', true, 0, 2, 'never missing', null],
        ['completeness', 'temperature_missing', 'temperature', 0, 0, 'percent', true, 0, 2, 'never missing', null],
        ['accuracy', 'temperature_range', 'temperature', 0, 0, 'percent', true, 0, 2, 'at least -40', null],
        ['uniqueness', 'unique_key', 'sensor_id', 0, 0, 'percent', true, 0, 2, 'one row for each sensor_id', null],
        ['validity', 'no_future_times', 'read_at', 0, 0, 'percent', true, 0, 2, 'not in the future', null],
      ]),
      rejects: {
        columns: {...{sensor_id: 'VARCHAR', read_at: 'TIMESTAMP', temperature: 'DOUBLE'}, ...wrongColumns},
        rows: [],
      },
    },
    {
      name: 'in a table without rows nothing is wrong, and nothing is fresh',
      params: {time: 'read_at', now: '2024-02-01 10:30:00', ranges: {temperature: {max: 60}}, keys: ['sensor_id']},
      input: {columns: {sensor_id: 'VARCHAR', read_at: 'TIMESTAMP', temperature: 'DOUBLE'}, rows: []},
      expect: resultOf('2024-02-01 10:30:00', [
        ['freshness', 'freshness', 'read_at', null, 15, 'minutes', false, 0, null, 'at most 15m old', null],
        ['completeness', 'sensor_id_missing', 'sensor_id', null, 5, 'percent', true, 0, 0, 'at most 5 % missing', null],
        ['completeness', 'read_at_missing', 'read_at', null, 5, 'percent', true, 0, 0, 'at most 5 % missing', null],
        [
          'completeness',
          'temperature_missing',
          'temperature',
          null,
          5,
          'percent',
          true,
          0,
          0,
          'at most 5 % missing',
          null,
        ],
        ['accuracy', 'temperature_range', 'temperature', null, 0, 'percent', true, 0, 0, 'at most 60', null],
        ['uniqueness', 'unique_key', 'sensor_id', null, 0, 'percent', true, 0, 0, 'one row for each sensor_id', null],
        ['validity', 'no_future_times', 'read_at', null, 0, 'percent', true, 0, 0, 'not in the future', null],
      ]),
      rejects: {
        columns: {...{sensor_id: 'VARCHAR', read_at: 'TIMESTAMP', temperature: 'DOUBLE'}, ...wrongColumns},
        rows: [],
      },
    },
    {
      name: 'a sensor that stopped, and one without any time',
      params: {
        time: 'day',
        freshness: '2d',
        by: ['sensor'],
        now: '2024-02-10T12:00:00Z',
        no_future: false,
        skip: ['completeness'],
      },
      input: {
        columns: {sensor: 'VARCHAR', day: 'DATE', v: 'INTEGER'},
        rows: [
          ['a', '2024-02-09', 1],
          ['b', '2024-02-01', 2],
          ['b', '2024-02-03', 3],
          ['b', '2024-02-03', 4],
          ['c', null, 5],
          ['c', '2024-12-31', 6],
          ['a', '2024-01-01', 7],
        ],
      },
      expect: resultOf('2024-02-10 12:00:00', [
        ['freshness', 'freshness', 'day', null, 2880, 'minutes', false, 2, 3, 'at most 2d old, for each sensor', null],
      ]),
      rejects: {
        columns: {...{sensor: 'VARCHAR', day: 'DATE', v: 'INTEGER'}, ...wrongColumns},
        rows: [
          ['b', '2024-02-03', 3, 'freshness', 'freshness', 'the newest row of its sensor is too old'],
          ['c', null, 5, 'freshness', 'freshness', 'the newest row of its sensor is too old'],
        ],
      },
    },
    {
      name: 'a clock that is set back by an hour; missing times and those in the future are passed over',
      params: {
        time: 'read_at',
        freshness: '1h',
        by: ['sensor'],
        now: '2024-10-27 03:00:00',
        in_order: true,
        no_future: false,
        skip: ['completeness'],
      },
      input: {
        columns: {sensor: 'VARCHAR', read_at: 'TIMESTAMP', v: 'INTEGER'},
        rows: [
          ['a', '2024-10-27 02:40:00', 1],
          ['b', '2024-10-27 02:45:00', 2],
          ['a', '2024-10-27 02:50:00', 3],
          ['a', '2024-10-27 02:00:00', 4],
          ['b', '2024-10-27 02:45:00', 5],
          ['a', null, 6],
          ['a', '2024-10-27 02:10:00', 7],
          ['b', '2031-01-01 00:00:00', 8],
          ['b', '2024-10-27 02:55:00', 9],
        ],
      },
      expect: resultOf('2024-10-27 03:00:00', [
        [
          'freshness',
          'freshness',
          'read_at',
          10,
          60,
          'minutes',
          true,
          0,
          2,
          'at most 1h old, for each sensor',
          '2024-10-27 02:50:00',
        ],
        [
          'consistency',
          'times_in_order',
          'read_at',
          14.285714285714286,
          0,
          'percent',
          false,
          1,
          7,
          'not earlier than in the previous row, for each sensor',
          null,
        ],
      ]),
      rejects: {
        columns: {...{sensor: 'VARCHAR', read_at: 'TIMESTAMP', v: 'INTEGER'}, ...wrongColumns},
        rows: [
          [
            'a',
            '2024-10-27 02:00:00',
            4,
            'consistency',
            'times_in_order',
            'read_at is earlier than in the previous row of its sensor',
          ],
        ],
      },
    },
    {
      name: 'columns that are missing, of another type, or not expected; names with quotes',
      params: {
        time: 'at',
        now: '2024-02-01',
        schema: {at: 'timestamp', "it's": 'int', gone: 'double'},
        missing: {gone: 0},
        ranges: {gone: {min: 0}, "it's": {max: 3}},
      },
      input: {
        columns: {at: 'VARCHAR', "it's": 'INTEGER', 'a "b"': 'BOOLEAN', 'Größe °C': 'FLOAT'},
        rows: [
          ['2024-02-01 10:00', 4, null, 1.5],
          ['x', null, null, 'NaN'],
        ],
      },
      expect: resultOf('2024-02-01 00:00:00', [
        ['freshness', 'freshness', 'at', null, 15, 'minutes', false, null, null, 'at most 15m old', 'string'],
        ['completeness', 'at_missing', 'at', 0, 5, 'percent', true, 0, 2, 'at most 5 % missing', null],
        ['completeness', "it's_missing", "it's", 50, 5, 'percent', false, 1, 2, 'at most 5 % missing', null],
        ['completeness', 'a "b"_missing', 'a "b"', 100, 5, 'percent', false, 2, 2, 'at most 5 % missing', null],
        ['completeness', 'Größe °C_missing', 'Größe °C', 50, 5, 'percent', false, 1, 2, 'at most 5 % missing', null],
        ['completeness', 'gone_missing', 'gone', null, 0, 'percent', false, null, null, 'never missing', 'missing'],
        ['consistency', 'at_type', 'at', 1, 0, 'columns', false, null, null, 'timestamp', 'string'],
        ['consistency', "it's_type", "it's", 0, 0, 'columns', true, null, null, 'int', 'int'],
        ['consistency', 'gone_type', 'gone', 1, 0, 'columns', false, null, null, 'double', 'missing'],
        [
          'consistency',
          'no_other_columns',
          null,
          2,
          0,
          'columns',
          false,
          null,
          null,
          'no other columns',
          'a "b", Größe °C',
        ],
        ['accuracy', 'gone_range', 'gone', null, 0, 'percent', false, null, null, 'at least 0', 'missing'],
        ['accuracy', "it's_range", "it's", 100, 0, 'percent', false, 1, 1, 'at most 3', null],
        ['validity', 'no_future_times', 'at', null, 0, 'percent', false, null, null, 'not in the future', 'string'],
      ]),
      rejects: {
        columns: {...{at: 'VARCHAR', "it's": 'INTEGER', 'a "b"': 'BOOLEAN', 'Größe °C': 'FLOAT'}, ...wrongColumns},
        rows: [
          ['x', null, null, 'NaN', 'completeness', "it's_missing", "it's is missing"],
          ['2024-02-01 10:00', 4, null, 1.5, 'completeness', 'a "b"_missing', 'a "b" is missing'],
          ['x', null, null, 'NaN', 'completeness', 'a "b"_missing', 'a "b" is missing'],
          ['x', null, null, 'NaN', 'completeness', 'Größe °C_missing', 'Größe °C is missing'],
          ['2024-02-01 10:00', 4, null, 1.5, 'accuracy', "it's_range", "it's is not at most 3"],
        ],
      },
    },
  ],
});
