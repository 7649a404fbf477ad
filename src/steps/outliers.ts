import {list} from '../lib/text.ts';
import {p} from '../params/index.ts';
import {agg, assignColumns, perGroup, type Made} from '../pyspark/groups.ts';
import {asDouble, finite, present as sparkPresent} from '../pyspark/missing.ts';
import {assign, call, col, py, pyNames} from '../pyspark/py.ts';
import {toSparkType} from '../pyspark/types.ts';
import {finiteOnly, present, standIn} from '../sql/missing.ts';
import {numberedRows, unusedName} from '../sql/rows.ts';
import {withColumns} from '../sql/select.ts';
import {double, id, join, sql, type Sql} from '../sql/sql.ts';
import type {Column} from '../sql/types.ts';
import {checkColumns, checkFamily, checkNames, checkSome, columnsNamed, inputOf} from './checks.ts';
import {defineStep} from './define.ts';

const methods = ['zscore', 'iqr', 'mad'] as const;
type Method = (typeof methods)[number];

/** Tukey's fences reach 1.5 IQR; Iglewicz and Hoaglin (1993) take 3.5 for the modified z-score. */
const usual: Readonly<Record<Method, number>> = {zscore: 3, iqr: 1.5, mad: 3.5};
// The MAD of a normal distribution is 0.6745 standard deviations.
const madPerDeviation = 0.6745;

const spread: Readonly<Record<Method, string>> = {
  zscore: 'standard deviations',
  iqr: 'times the interquartile range',
  mad: 'modified z-scores (MAD)',
};
const verbs = {remove: 'Remove rows whose', flag: 'Flag', clip: 'Clip', null: 'Empty'} as const;

/** The lowest and the highest value that is no outlier, as aggregates; both NULL where nothing deviates. */
function fences(column: Column, method: Method, threshold: number): {readonly low: Sql; readonly high: Sql} {
  // Decimals and floats would round their median to their own digits.
  const value = /^(FLOAT|DECIMAL)/.test(column.type) ? sql`${present(column)}::DOUBLE` : present(column);
  const only = finiteOnly(column);
  const t = double(threshold);
  if (method === 'iqr') {
    const at = (fraction: number): Sql => sql`quantile_cont(${value}, ${double(fraction)})${only}`;
    const reach = sql`${t} * nullif(${at(0.75)} - ${at(0.25)}, 0)`;
    return {low: sql`${at(0.25)} - ${reach}`, high: sql`${at(0.75)} + ${reach}`};
  }
  const centre = method === 'zscore' ? sql`avg(${value})${only}` : sql`median(${value})${only}`;
  const deviation = method === 'zscore' ? sql`stddev_samp(${value})${only}` : sql`mad(${value})${only}`;
  const reach =
    method === 'zscore'
      ? sql`${t} * nullif(${deviation}, 0)`
      : sql`${t} * nullif(${deviation}, 0) / ${double(madPerDeviation)}`;
  return {low: sql`${centre} - ${reach}`, high: sql`${centre} + ${reach}`};
}

const flagOf = (name: string): string => `${name}_outlier`;

export const outliers = defineStep({
  kind: 'outliers',
  version: 2,
  group: 'clean',
  title: 'Find outliers',
  sentence: ({columns, method, threshold, by, action}) => {
    const what = columns.length > 0 ? list(columns) : '…';
    const how = `more than ${threshold || usual[method]} ${spread[method]} away${by.length > 0 ? ` per ${list(by)}` : ''}`;
    return action === 'remove' ? `${verbs.remove} ${what} is ${how}` : `${verbs[action]} ${what} where it is ${how}`;
  },
  lesson: {
    what: 'A value is an outlier when it is too far from the middle. The z-score counts sample standard deviations from the mean (3 by default); IQR sets fences 1.5 interquartile ranges beyond the quartiles; MAD counts from the median in robust deviations (3.5). “By” measures each sensor against itself.',
    why: 'A broken sensor says 85 °C, −127 °C or 65535: numbers, but no measurements. Removing the row, marking it, bringing it back to the fence or emptying the value are four honest answers; which one is right depends on what comes next.',
    without:
      'One absurd value moves a mean and makes every real peak look small. Beware of the z-score on few rows: with n readings none can be further than (n − 1)/√n deviations away, so among ten readings nothing passes 3. The outliers also widen the deviation they are measured by; MAD does not have that weakness. A constant column has no outliers here, though its deviation is zero.',
  },
  input: 'one',
  effect: 'same',
  effectOf: ({action}) => (action === 'remove' ? 'subset' : 'same'),
  params: {
    columns: p.columns({label: 'Columns', types: 'number'}),
    method: p.choice(methods, {label: 'Method', default: 'zscore'}),
    threshold: p.number({
      label: 'Threshold',
      help: '3 for zscore, 1.5 for iqr, 3.5 for mad when left out.',
      default: 0,
      min: 0,
    }),
    by: p.columns({label: 'Per', help: 'Each group is measured against itself.', default: []}),
    action: p.choice(['remove', 'flag', 'clip', 'null'], {label: 'Action', default: 'remove'}),
  },
  check: ({columns, by, action}, inputs) => {
    const input = inputOf(inputs);
    return [
      ...checkSome(columns, 'columns', 'No column is named to look at.', 'Name columns of numbers.'),
      ...checkFamily(columns, input, 'columns', 'number', 'Finding outliers'),
      ...checkColumns(by, input, 'by'),
      ...(action === 'flag'
        ? checkNames([...input.columns.map((column) => column.name), ...columns.map(flagOf)], 'columns')
        : []),
    ];
  },
  toSql: ({columns, method, threshold, by, action}, inputs) => {
    const input = inputOf(inputs);
    const looked = columnsNamed(columns, input.columns);
    const keys = columnsNamed(by, input.columns).map((column) => id(column.name));
    const bounds = looked.map((column, i) => ({
      column,
      value: present(column, sql`r.${id(column.name)}`),
      low: id(unusedName(`low_${i + 1}`, input.columns)),
      high: id(unusedName(`high_${i + 1}`, input.columns)),
      fence: fences(column, method, threshold || usual[method]),
    }));
    const aggregates = bounds.flatMap(({low, high, fence}) => [
      sql`${fence.low} AS ${low}`,
      sql`${fence.high} AS ${high}`,
    ]);
    const bounding = id(unusedName('fences', [input]));
    const grouped = keys.length === 0 ? sql`` : sql` GROUP BY ${join(keys)}`;
    const match =
      keys.length === 0
        ? sql`CROSS JOIN ${bounding}`
        : sql`LEFT JOIN ${bounding} ON ${join(
            keys.map((key) => sql`r.${key} IS NOT DISTINCT FROM ${bounding}.${key}`),
            ' AND ',
          )}`;
    const out = bounds.map(({value, low, high}) => sql`coalesce(${value} < ${low} OR ${value} > ${high}, false)`);
    const changed = bounds.map(({column, low, high}, i) => {
      const is = out[i] ?? sql`false`;
      const name = sql`r.${id(column.name)}`;
      if (action === 'flag') return {name: flagOf(column.name), value: is};
      if (action === 'null') return {name: column.name, value: sql`CASE WHEN ${is} THEN NULL ELSE ${name} END`};
      return {
        name: column.name,
        value: sql`CASE WHEN ${is} THEN ${standIn(column, sql`CASE WHEN ${name} < ${low} THEN ${low} ELSE ${high} END`)} ELSE ${name} END`,
      };
    });
    const {from, row, added} = numberedRows(input);
    const selected = withColumns(input.columns, action === 'remove' ? [] : changed, added, sql`r.*`);
    // A join may emit rows out of turn; sorting what is sorted already costs next to nothing.
    const order = keys.length === 0 ? sql`` : sql` ORDER BY r.${row}`;
    const where = action === 'remove' ? sql` WHERE NOT (${join(out, ' OR ')})` : sql``;
    return {
      kind: 'sql',
      sql: sql`WITH ${bounding} AS (SELECT ${join([...keys, ...aggregates])} FROM ${input.relation}${grouped}) SELECT ${selected} FROM ${from} r ${match}${where}${order}`,
      ...(action === 'remove' ? {} : {assigned: changed.map(({name}) => name)}),
    };
  },
  toPySpark: ({columns, method, threshold, by, action}, {target, frames: [frame = 'df'], inputs: [input]}) => {
    const known = input?.columns ?? [];
    const looked = columnsNamed(columns, known);
    const {group, beside, added} = perGroup(columnsNamed(by, known), known);
    const bounds = looked.map((column, i) => ({
      column,
      low: unusedName(`_low_${i + 1}`, known),
      high: unusedName(`_high_${i + 1}`, known),
      centre: unusedName(`_centre_${i + 1}`, known),
    }));
    const values = looked.map((column, i) => `_value_${i + 1} = ${sparkNumber(column)}`);
    const fences = agg(
      bounds.flatMap(({low, high, centre}, i): Made => {
        const {from, to} = sparkFences(`_value_${i + 1}`, method, threshold || usual[method], centre);
        return [
          [low, from],
          [high, to],
        ];
      }),
    );
    // The MAD is the median distance from the median, which has to be known first.
    const centres =
      method === 'mad' ? bounds.map(({centre}, i): [string, string] => [centre, `F.median(_value_${i + 1})`]) : [];
    const lines =
      method === 'mad'
        ? [
            ...assign('_centres', frame, [...group, agg(centres)]),
            ...assign('_fences', frame, [
              beside('_centres'),
              call(
                'groupBy',
                [...added, ...centres.map(([name]) => name)].map((name) => py(name)),
              ),
              fences,
            ]),
          ]
        : assign('_fences', frame, [...group, fences]);
    const is = bounds.map(
      ({column, low, high}) =>
        `F.coalesce((${sparkPresent(column)} < ${col(low)}) | (${sparkPresent(column)} > ${col(high)}), F.lit(False))`,
    );
    const acted = bounds.map(({column, low, high}, i): [string, string] => {
      const out = `_out_${i + 1}`;
      if (action === 'flag') return [flagOf(column.name), out];
      if (action === 'null') return [column.name, `F.when(~${out}, ${col(column.name)})`];
      const fence = `F.when(${col(column.name)} < ${col(low)}, ${col(low)}).otherwise(${col(high)}).cast(${py(toSparkType(column.type))})`;
      return [column.name, `F.when(${out}, ${fence}).otherwise(${col(column.name)})`];
    });
    return [
      ...values,
      ...lines,
      ...is.map((out, i) => `_out_${i + 1} = ${out}`),
      ...assign(target, frame, [
        beside('_fences'),
        action === 'remove' ? `where(~(${is.map((_, i) => `_out_${i + 1}`).join(' | ')}))` : assignColumns(acted),
        `drop(${pyNames([...added, ...centres.map(([name]) => name), ...bounds.flatMap(({low, high}) => [low, high])])})`,
      ]),
    ];
  },
  examples: [
    {
      name: 'z-score: rows beyond the threshold go, missing values stay',
      params: {columns: ['value'], threshold: 1},
      input: {
        columns: {id: 'INTEGER', value: 'DOUBLE'},
        rows: [
          [1, 10],
          [2, 11],
          [3, null],
          [4, 50],
          [5, 'NaN'],
          [6, 9],
        ],
      },
      expect: {
        columns: {id: 'INTEGER', value: 'DOUBLE'},
        rows: [
          [1, 10],
          [2, 11],
          [3, null],
          [5, 'NaN'],
          [6, 9],
        ],
      },
    },
    {
      name: 'IQR, clipped to the fence',
      params: {columns: ['value'], method: 'iqr', action: 'clip'},
      input: {columns: {value: 'DOUBLE'}, rows: [[1], [2], [3], [4], [100]]},
      expect: {columns: {value: 'DOUBLE'}, rows: [[1], [2], [3], [4], [7]]},
    },
    {
      name: 'whole numbers are brought back to a whole number',
      params: {columns: ['value'], method: 'iqr', action: 'clip'},
      input: {columns: {value: 'INTEGER'}, rows: [[1], [2], [3], [5], [100], [-50]]},
      expect: {columns: {value: 'INTEGER'}, rows: [[1], [2], [3], [5], [9], [-3]]},
    },
    {
      name: 'MAD per sensor, emptied; one reading or no deviation is no outlier',
      params: {columns: ['value'], method: 'mad', by: ['sensor_id'], action: 'null'},
      input: {
        columns: {sensor_id: 'VARCHAR', value: 'DOUBLE'},
        rows: [
          ['c', 1],
          ['a', 1],
          ['a', 2],
          ['a', 3],
          ['a', 90],
          ['b', 5],
          ['b', 5],
          ['b', 5],
          ['b', 99],
        ],
      },
      expect: {
        columns: {sensor_id: 'VARCHAR', value: 'DOUBLE'},
        rows: [
          ['c', 1],
          ['a', 1],
          ['a', 2],
          ['a', 3],
          ['a', null],
          ['b', 5],
          ['b', 5],
          ['b', 5],
          ['b', 99],
        ],
      },
    },
    {
      name: 'flagged in a column of its own',
      params: {columns: ['value'], method: 'iqr', action: 'flag'},
      input: {columns: {value: 'INTEGER'}, rows: [[1], [2], [3], [4], [100], [null]]},
      expect: {
        columns: {value: 'INTEGER', value_outlier: 'BOOLEAN'},
        rows: [
          [1, false],
          [2, false],
          [3, false],
          [4, false],
          [100, true],
          [null, false],
        ],
      },
    },
    {
      name: 'a constant column has no outliers',
      params: {columns: ['value'], action: 'flag'},
      input: {columns: {value: 'DOUBLE'}, rows: [[5], [5], [5]]},
      expect: {
        columns: {value: 'DOUBLE', value_outlier: 'BOOLEAN'},
        rows: [
          [5, false],
          [5, false],
          [5, false],
        ],
      },
    },
  ],
});

const sparkNumber = (column: Column): string => asDouble(finite(column), column);

/** The fences as aggregates of PySpark; `centre` is the column of the median. */
function sparkFences(
  value: string,
  method: Method,
  threshold: number,
  centre: string,
): {readonly from: string; readonly to: string} {
  const t = py(threshold);
  const around = (from: string, to: string, reach: string): {readonly from: string; readonly to: string} => ({
    from: `(${from} - ${reach})`,
    to: `(${to} + ${reach})`,
  });
  if (method === 'iqr') {
    const [low, high] = [`F.percentile(${value}, 0.25)`, `F.percentile(${value}, 0.75)`];
    return around(low, high, `${t} * F.nullif(${high} - ${low}, F.lit(0.0))`);
  }
  if (method === 'zscore')
    return around(`F.avg(${value})`, `F.avg(${value})`, `${t} * F.nullif(F.stddev(${value}), F.lit(0.0))`);
  return around(
    col(centre),
    col(centre),
    `${t} * F.nullif(F.median(F.abs(${value} - ${col(centre)})), F.lit(0.0)) / ${madPerDeviation}`,
  );
}
