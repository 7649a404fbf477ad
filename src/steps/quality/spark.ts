import {agg} from '../../pyspark/groups.ts';
import {assign, call, col, py} from '../../pyspark/py.ts';
import {unusedName} from '../../sql/rows.ts';
import type {Column} from '../../sql/types.ts';
import {partsOf, type Quality} from './quality.ts';

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

/** Where the lines stand: `name` is the input's, as the result tells it. */
interface Place {
  readonly target: string;
  readonly frame: string;
  readonly name: string;
  readonly columns: readonly Column[];
}

/** The same in Spark; `now` is Python for the moment of the run. */
export function sparkLines(quality: Quality, place: Place, now: string, stops: boolean): string[] {
  const {checks} = quality;
  const {target, frame, name, columns} = place;
  const counts = [...checks.map((check) => check.counts ?? {}), ...partsOf(quality, 'totals')]
    .flatMap((named) => Object.entries(named))
    .map(([counted, {spark}]): [string, string] => [counted, spark]);
  const placed = partsOf(quality, 'placed');
  const row = unusedName('_row', columns);
  const all = [...partsOf(quality, 'beside'), ...placed.map(({beside}) => beside)].map((query) => `_${query.name}`);
  const tuples = checks.map((check) =>
    [
      py(check.dimension),
      py(check.name),
      py(check.column),
      check.observed.spark,
      py(check.threshold),
      py(check.unit),
      check.failing?.spark ?? 'None',
      check.checked?.spark ?? 'None',
      py(check.expected),
      check.found?.spark ?? 'None',
    ].join(', '),
  );
  return [
    `_now = ${now}`,
    ...partsOf(quality, 'spark').flatMap((lines) => lines(frame)),
    ...assign('_totals', frame, [agg([['rows', "F.count('*')"], ...counts])]),
    ...partsOf(quality, 'base').flatMap((query) => query.spark(frame)),
    ...partsOf(quality, 'beside').flatMap((query) => query.spark(frame)),
    ...(placed.length === 0
      ? []
      : assign('_placed', frame, [
          `withColumn(${py(row)}, F.monotonically_increasing_id())`,
          ...placed.map(({column, value}) => `withColumn(${py(column)}, ${value.spark(row)})`),
        ])),
    ...placed.flatMap(({beside}) => beside.spark('_placed')),
    `_fields = ${py(fields)}`,
    '_checks = [',
    ...tuples.map((tuple) => `    (${tuple}),`),
    ']',
    ...assign(target, '_totals', [
      ...all.map((other) => `crossJoin(${other})`),
      `select(F.inline(F.array(*[F.struct(*[F.lit(value).cast(kind).alias(name) for value, (name, kind) in zip(check, _fields.items())]) for check in _checks])))`,
      `select(_now.alias('run_at'), F.lit(${py(name)}).alias('table_name'), 'dimension', 'check_name', 'column_name', 'observed', 'threshold', 'unit', F.coalesce(F.col('observed') <= F.col('threshold'), F.col('rows_checked') == 0, F.lit(False)).alias('passed'), 'rows_failing', 'rows_checked', 'expected', 'found')`,
    ]),
    ...rejects(quality, place),
    ...(stops
      ? [
          `_failed = [row.check_name for row in ${target}.where('NOT passed').collect()]`,
          "assert not _failed, f'checks failed: {_failed}'",
        ]
      : []),
  ];
}

/** The rejects in Spark: each row with the checks that it makes fail. */
function rejects(quality: Quality, {target, frame, columns}: Place): string[] {
  const {checks, asked} = quality;
  const free = (base: string): string => unusedName(base, columns);
  const [row, place] = [free('_row'), free('_place')];
  const named = py([place, free('dimension'), free('check_name'), free('reason')]);
  const wrong = (i: number, why: string): string =>
    `(${i}, ${py(checks[i]?.dimension ?? '')}, ${py(checks[i]?.name ?? '')}, ${py(why)})`;
  const over = (i: number): string => free(`_too_many_${i}`);
  const gates = checks.flatMap(({row: test, observed, threshold}, i) =>
    test?.counted === true
      ? [`F.coalesce(${observed.spark} > ${py(threshold)}, F.lit(False)).alias(${py(over(i))})`]
      : [],
  );
  const tests = checks.flatMap(({row: test}, i) =>
    test === undefined
      ? []
      : [`    ${wrong(i, test.reason)}: ${test.counted === true ? `${col(over(i))} & ` : ''}${test.fails.spark},`],
  );
  const numbered = asked.some(({placed}) => placed !== undefined) ? '_placed' : '_numbered';
  const picked = asked.flatMap(({picked: found, dimension}) => {
    const i = checks.findIndex((check) => check.dimension === dimension);
    if (found === undefined) return [];
    const said = `*[F.lit(value).alias(name) for value, name in zip(${wrong(i, found.reason)}, ${named})]`;
    return [found.spark({frame: numbered, row, said})];
  });
  if (tests.length + picked.length === 0) return [];
  const lines =
    numbered === '_placed' ? [] : assign(numbered, frame, [`withColumn(${py(row)}, F.monotonically_increasing_id())`]);
  if (tests.length > 0) {
    const joined = partsOf(quality, 'joined').map((one) => one.spark(frame));
    const struct = `F.struct(*[F.lit(value).alias(name) for value, name in zip(what, ${named})])`;
    lines.push(
      ...joined.flatMap((one) => one.lines),
      '_wrong = {',
      ...tests,
      '}',
      ...assign('_failing', numbered, [
        ...(gates.length > 0 ? [`crossJoin(F.broadcast(_totals.${call('select', gates)}))`] : []),
        ...joined.map((one) => one.call),
        `select(${[...columns.map((column) => col(column.name)), py(row)].join(', ')}, F.inline(F.filter(F.array(*[F.when(fails, ${struct}) for what, fails in _wrong.items()]), lambda one: one.isNotNull())))`,
      ]),
    );
  }
  const [first = '', ...others] = [...(tests.length > 0 ? ['_failing'] : []), ...picked.map(({name}) => name)];
  return [
    ...lines,
    ...picked.flatMap((one) => one.lines),
    ...assign(`${target}_rejects`, first, [
      ...others.map((other) => `unionByName(${other})`),
      `orderBy(${py(place)}, ${py(row)})`,
      `drop(${py(place)}, ${py(row)})`,
    ]),
  ];
}
