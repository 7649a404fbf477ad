import {p} from '../params/index.ts';
import {assignColumns} from '../pyspark/groups.ts';
import {asDouble, present as sparkPresent} from '../pyspark/missing.ts';
import {assign, py} from '../pyspark/py.ts';
import {isPresent, present} from '../sql/missing.ts';
import {withColumns} from '../sql/select.ts';
import {double, join, lit, sql, type Sql} from '../sql/sql.ts';
import {isWhole, type Column} from '../sql/types.ts';
import {checkFamily, checkNames, checkSome, columnNamed, inputOf} from './checks.ts';
import {defineStep} from './define.ts';
import {limitFields, noLimit, type Limits} from './limits.ts';

const statusOf = (name: string): string => `${name}_status`;

/** The limits that a rule gives, the worse first. */
const limits = ({critical, warning}: Limits): readonly (readonly [status: string, limit: number])[] => [
  ...(critical === undefined ? [] : [['critical', critical] as const]),
  ...(warning === undefined ? [] : [['warning', warning] as const]),
];

const sign = ({direction}: Limits): Sql => (direction === 'above' ? sql`>` : sql`<`);

/** As a float 0.1 is another number than as a double; whole numbers are compared with every digit. */
const limitSql = (limit: number, {type}: Column): Sql =>
  type === 'FLOAT' ? sql`${lit(limit)}::FLOAT` : isWhole(type) && Number.isInteger(limit) ? lit(limit) : double(limit);
const limitSpark = (limit: number, {type}: Column): string =>
  type === 'FLOAT' ? `F.lit(${py(limit)}).cast('float')` : py(limit);

export const thresholds = defineStep({
  kind: 'thresholds',
  version: 1,
  group: 'features',
  title: 'Compare with thresholds',
  sentence: ({rules}) => {
    const parts = Object.entries(rules).map(([column, rule]) => {
      const said = [...limits(rule)].reverse().map(([status, limit]) => `${status} ${rule.direction} ${limit}`);
      return `${column} (${said.join(', ') || '…'})`;
    });
    return `Compare ${parts.join('; ') || '…'}`;
  },
  lesson: {
    what: 'Each column gets a second one, COLUMN_status, that says normal, warning or critical: Spark’s when().otherwise(). A value is beyond a limit when it is greater (or, with direction “below”, smaller) than it; a value exactly at the limit is still within. Rows stay in their order.',
    why: 'A mechanic does not ask how many millimetres a second a bearing shakes, but whether it may run on. Limits come from a standard such as ISO 10816, from the maker’s data sheet, or from months of healthy readings, and belong in one place where they can be read and argued about.',
    without:
      'The limit 7.1 is typed into a dashboard, an alert and a report, and one of them says 7. A missing value has no status: NULL is no good news, and NaN counts as missing here, while both Spark and SQL would call NaN greater than any limit. Mind the units: limits in °F mean nothing for a column in °C.',
  },
  input: 'one',
  effect: 'same',
  params: {
    rules: p.map('column', limitFields, {
      label: 'Limits',
      help: 'Column → warning and critical; the result has COLUMN_status.',
    }),
  },
  check: ({rules}, inputs) => {
    const input = inputOf(inputs);
    const names = Object.keys(rules);
    const taken = [
      ...input.columns.map(({name}) => name),
      ...names.map((name) => statusOf(columnNamed(name, input.columns).name)),
    ];
    return [
      ...checkSome(names, 'rules', 'No limit is given.', 'Write column: {warning: 4.5, critical: 7.1}.'),
      ...checkFamily(names, input, 'rules', 'number', 'A threshold'),
      ...checkNames(taken, 'rules'),
      ...Object.entries(rules).flatMap(([name, rule]) => problemsOf(name, rule)),
    ];
  },
  toSql: ({rules}, inputs) => {
    const input = inputOf(inputs);
    const added = Object.entries(rules).map(([name, rule]) => {
      const column = columnNamed(name, input.columns);
      const tests = limits(rule).map(
        ([status, limit]) => sql`WHEN ${present(column)} ${sign(rule)} ${limitSql(limit, column)} THEN ${lit(status)}`,
      );
      return {
        name: statusOf(column.name),
        value: sql`CASE ${join(tests, ' ')} WHEN ${isPresent(column)} THEN 'normal' END`,
      };
    });
    return {
      kind: 'sql',
      sql: sql`SELECT ${withColumns(input.columns, added)} FROM ${input.relation}`,
      assigned: added.map(({name}) => name),
    };
  },
  toPySpark: ({rules}, {target, frames: [frame = 'df'], inputs: [input]}) => {
    const made = Object.entries(rules).map(([name, rule]): [string, string] => {
      const column = columnNamed(name, input?.columns ?? []);
      const value = asDouble(sparkPresent(column), column);
      const tests = limits(rule).map(
        ([status, limit]) => `when(${value} ${sign(rule)} ${limitSpark(limit, column)}, ${py(status)})`,
      );
      return [statusOf(column.name), `F.${tests.join('.')}.when(${value}.isNotNull(), 'normal')`];
    });
    return assign(target, frame, [assignColumns(made)]);
  },
  examples: [
    {
      name: 'vibration of a bearing; the limit itself is within, a missing value has no status',
      params: {rules: {vibration_mms: {warning: 4.5, critical: 7.1}}},
      input: {
        columns: {compressor_id: 'VARCHAR', vibration_mms: 'DOUBLE'},
        rows: [
          ['COMP-001', 2.8],
          ['COMP-002', 4.5],
          ['COMP-003', 7.1],
          ['COMP-004', 7.11],
          ['COMP-005', null],
          ['COMP-006', 'NaN'],
        ],
      },
      expect: {
        columns: {compressor_id: 'VARCHAR', vibration_mms: 'DOUBLE', vibration_mms_status: 'VARCHAR'},
        rows: [
          ['COMP-001', 2.8, 'normal'],
          ['COMP-002', 4.5, 'normal'],
          ['COMP-003', 7.1, 'warning'],
          ['COMP-004', 7.11, 'critical'],
          ['COMP-005', null, null],
          ['COMP-006', 'NaN', null],
        ],
      },
    },
    {
      name: 'trouble below the limits, beside a column with one limit only',
      params: {rules: {suction_pressure_psi: {warning: 40, critical: 30, direction: 'below'}, level: {critical: 3}}},
      input: {
        columns: {suction_pressure_psi: 'DOUBLE', level: 'INTEGER'},
        rows: [
          [55.5, 3],
          [39.9, 4],
          [-1, null],
          ['-Infinity', 2],
        ],
      },
      expect: {
        columns: {
          suction_pressure_psi: 'DOUBLE',
          level: 'INTEGER',
          suction_pressure_psi_status: 'VARCHAR',
          level_status: 'VARCHAR',
        },
        rows: [
          [55.5, 3, 'normal', 'normal'],
          [39.9, 4, 'warning', 'critical'],
          [-1, null, 'critical', null],
          ['-Infinity', 2, 'critical', 'normal'],
        ],
      },
    },
    {
      name: 'floats and prices are compared as what they are',
      params: {rules: {voltage: {warning: 0.1}, price: {warning: 2.5, critical: 2.51}}},
      input: {
        columns: {voltage: 'FLOAT', price: 'DECIMAL(10,2)'},
        rows: [
          [0.1, '2.50'],
          [0.2, '2.51'],
          [null, '2.52'],
        ],
      },
      expect: {
        columns: {voltage: 'FLOAT', price: 'DECIMAL(10,2)', voltage_status: 'VARCHAR', price_status: 'VARCHAR'},
        rows: [
          [0.1, '2.50', 'normal', 'normal'],
          [0.2, '2.51', 'warning', 'warning'],
          [null, '2.52', null, 'critical'],
        ],
      },
    },
    {
      name: 'a column with an odd name, all of it missing',
      params: {rules: {'Rel. Humidity': {warning: 60}}},
      input: {columns: {'rel. humidity': 'DOUBLE'}, rows: [[null], [null]]},
      expect: {
        columns: {'rel. humidity': 'DOUBLE', 'rel. humidity_status': 'VARCHAR'},
        rows: [
          [null, null],
          [null, null],
        ],
      },
    },
    {
      name: 'an empty table',
      params: {rules: {vibration_mms: {critical: 7.1}}},
      input: {columns: {vibration_mms: 'DOUBLE'}, rows: []},
      expect: {columns: {vibration_mms: 'DOUBLE', vibration_mms_status: 'VARCHAR'}, rows: []},
    },
  ],
});

function problemsOf(column: string, rule: Limits) {
  const {warning, critical, direction} = rule;
  const where = {code: 'PARAM', param: 'rules', column};
  const missing = noLimit(column, rule);
  if (missing !== undefined) return [{...where, ...missing}];
  if (
    warning === undefined ||
    critical === undefined ||
    (direction === 'above' ? warning <= critical : warning >= critical)
  )
    return [];
  return [
    {
      ...where,
      message: `${column} would be critical ${direction} ${critical} and a warning only ${direction} ${warning}, so nothing would ever be a warning.`,
      hint: `Exchange them, or set direction to ${direction === 'above' ? 'below' : 'above'}.`,
    },
  ];
}
