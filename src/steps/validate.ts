import {plural} from '../lib/text.ts';
import {p, type Values} from '../params/index.ts';
import {assignColumns} from '../pyspark/groups.ts';
import {present as sparkPresent} from '../pyspark/missing.ts';
import {assign, col, py} from '../pyspark/py.ts';
import type {SparkProblem} from '../pyspark/sql/translate.ts';
import {isPresent, present} from '../sql/missing.ts';
import {javaRegex, re2Regex, regexProblem} from '../sql/regex.ts';
import {mayReorder} from '../sql/lexer.ts';
import {numberedRows, unusedName} from '../sql/rows.ts';
import {expression, id, join, lit, sql, type Sql} from '../sql/sql.ts';
import {firstValues, stopIf} from '../sql/stop.ts';
import {isText, type Column} from '../sql/types.ts';
import {boundSpark, boundSql, checkLimit, checkValue} from './bounds.ts';
import {checkColumns, checkNames, checkSome, columnNamed, findColumn, inputOf} from './checks.ts';
import {
  defineStep,
  type Input,
  type NotExportable,
  type Program,
  type SparkContext,
  type StepProblem,
} from './define.ts';
import {exprOf, notInSpark} from './spark-expressions.ts';

const params = {
  rules: p.items(
    {
      name: p.text({label: 'Name', help: 'Made from the rule when left out.', default: ''}),
      column: p.column({label: 'Column', default: ''}),
      regex: p.text({label: 'Matches', help: 'A regular expression; ^ and $ make it the whole text.', default: ''}),
      min: p.text({label: 'Smallest', default: ''}),
      max: p.text({label: 'Largest', default: ''}),
      in: p.texts({label: 'One of', default: []}),
      not_null: p.flag({label: 'Not missing', default: false}),
      expression: p.expression({label: 'Expression', help: 'A SQL condition over the row.', default: ''}),
    },
    {label: 'Rules'},
  ),
  on_failure: p.choice(['quarantine', 'drop', 'flag', 'stop'], {
    label: 'Rows that break a rule',
    default: 'quarantine',
  }),
};
type ValidateValues = Values<typeof params>;
type RuleValues = ValidateValues['rules'][number];

/** One test of a rule: true, false, or NULL where there is nothing to test. */
interface Test {
  readonly holds: Sql;
  readonly spark: string;
  readonly reason: string;
}

interface Rule {
  readonly name: string;
  readonly column: Column | undefined;
  readonly tests: readonly Test[];
}

function testsOf(rule: RuleValues, column: Column): Test[] {
  const value = present(column);
  const text = isText(column.type) || column.type === '' ? id(column.name) : sql`${id(column.name)}::VARCHAR`;
  // A missing value breaks not_null only; Spark compares NaN as the largest number, so it is taken out there too.
  const spark = sparkPresent(column);
  const tests: Test[] = [];
  if (rule.not_null)
    tests.push({holds: isPresent(column), spark: `${spark}.isNotNull()`, reason: `${column.name} is missing`});
  if (rule.regex !== '')
    tests.push({
      holds: sql`regexp_matches(${text}, ${lit(re2Regex(rule.regex))})`,
      spark: `${isText(column.type) ? col(column.name) : `${col(column.name)}.cast('string')`}.rlike(${py(javaRegex(rule.regex).pattern)})`,
      reason: `${column.name} doesn’t match ${rule.regex}`,
    });
  if (rule.min !== '')
    tests.push({
      holds: sql`${value} >= ${boundSql(rule.min, column)}`,
      spark: `(${spark} >= ${boundSpark(rule.min, column)})`,
      reason: `${column.name} is below ${rule.min}`,
    });
  if (rule.max !== '')
    tests.push({
      holds: sql`${value} <= ${boundSql(rule.max, column)}`,
      spark: `(${spark} <= ${boundSpark(rule.max, column)})`,
      reason: `${column.name} is above ${rule.max}`,
    });
  if (rule.in.length > 0)
    tests.push({
      holds: sql`${value} IN (${join(rule.in.map((one) => boundSql(one, column)))})`,
      spark: `${spark}.isin(${rule.in.map((one) => boundSpark(one, column)).join(', ')})`,
      reason: `${column.name} is none of ${rule.in.join(', ')}`,
    });
  return tests;
}

const kindOf = (rule: RuleValues): string =>
  rule.regex !== ''
    ? 'regex'
    : rule.min !== '' || rule.max !== ''
      ? 'range'
      : rule.in.length > 0
        ? 'in'
        : rule.not_null
          ? 'not_null'
          : 'expression';

/** `inSpark` gives the Spark column of a free condition; SQL has no need of it. */
function rulesOf(
  values: ValidateValues,
  input: Pick<Input, 'columns'>,
  inSpark: (condition: string) => string = () => '',
): Rule[] {
  return values.rules.map((rule, i) => {
    const column = rule.column === '' ? undefined : columnNamed(rule.column, input.columns);
    const name =
      rule.name !== '' ? rule.name : column === undefined ? `rule_${i + 1}` : `${column.name}_${kindOf(rule)}`;
    const free =
      rule.expression.trim() === ''
        ? []
        : [
            {
              holds: expression(rule.expression),
              spark: inSpark(rule.expression),
              reason: `not ${rule.expression.trim()}`,
            },
          ];
    return {name, column, tests: [...(column === undefined ? [] : testsOf(rule, column)), ...free]};
  });
}

/** True where a rule is broken; never NULL: what can't be decided is not broken, as in SQL's CHECK. */
const breaks = (rule: Rule): Sql =>
  join(
    rule.tests.map(({holds}) => sql`(${holds}) IS FALSE`),
    ' OR ',
  );
const keeps = (rules: readonly Rule[]): Sql =>
  rules.length === 0
    ? sql`true`
    : join(
        rules.flatMap((rule) => rule.tests.map(({holds}) => sql`(${holds}) IS NOT FALSE`)),
        '\n  AND ',
      );

const failedRules = (rules: readonly Rule[]): Sql =>
  sql`concat_ws(', ', ${join(rules.map((rule) => sql`CASE WHEN ${breaks(rule)} THEN ${lit(rule.name)} END`))})`;
const reasons = (rules: readonly Rule[]): Sql =>
  sql`concat_ws('; ', ${join(rules.flatMap((rule) => rule.tests.map(({holds, reason}) => sql`CASE WHEN (${holds}) IS FALSE THEN ${lit(reason)} END`)))})`;

function toSql(values: ValidateValues, input: Input): Program {
  const rules = rulesOf(values, input);
  const {relation, columns} = input;
  const unused = (base: string): string => unusedName(base, columns);
  const name = (base: string): Sql => id(unused(base));
  switch (values.on_failure) {
    case 'flag':
      return {
        kind: 'sql',
        sql: sql`SELECT *, ${keeps(rules)} AS ${name('is_valid')},\n  nullif(${failedRules(rules)}, '') AS ${name('failed_rules')}\nFROM ${relation}`,
        ...(values.rules.some((rule) => mayReorder(rule.expression))
          ? {}
          : {assigned: ['is_valid', 'failed_rules'].map(unused)}),
      };
    case 'stop':
      return {
        kind: 'sql',
        sql: sql`SELECT *\nFROM ${relation}\nWHERE ${join(
          rules.map((rule) => stop(rule, input)),
          '\n  AND ',
        )}`,
      };
    case 'drop':
      return {kind: 'sql', sql: sql`SELECT *\nFROM ${relation}\nWHERE ${keeps(rules)}`};
    case 'quarantine':
      return {
        kind: 'sql',
        sql: sql`SELECT *\nFROM ${relation}\nWHERE ${keeps(rules)}`,
        rejects: sql`SELECT *,\n  ${failedRules(rules)} AS ${name('rule')},\n  ${reasons(rules)} AS ${name('reason')}\nFROM ${relation}\nWHERE ${join(rules.map(breaks), ' OR ')}`,
      };
  }
}

function stop(rule: Rule, input: Input): Sql {
  const rows = numberedRows(input);
  const found =
    rule.column === undefined
      ? sql`'row ' || ${rows.row} + 1`
      : sql`coalesce(${id(rule.column.name)}::VARCHAR, 'NULL')`;
  return stopIf({
    code: 'RULE_BROKEN',
    ...(rule.column === undefined ? {} : {column: rule.column.name}),
    when: sql`(SELECT ${found} AS found, ${rows.row} AS place FROM ${rows.from} WHERE ${breaks(rule)})`,
    message: [
      sql`count(*)`,
      sql`if(count(*) = 1, ' row breaks', ' rows break')`,
      lit(` the rule ${rule.name}: `),
      firstValues(sql`found`, sql`place`),
    ],
  });
}

function check({rules}: ValidateValues, input: Input): StepProblem[] {
  const problems: StepProblem[] = checkSome(
    rules,
    'rules',
    'There is no rule.',
    'Write one such as {column: temperature, min: -40, max: 60}.',
  );
  rules.forEach((rule, i) => {
    const param = `rules[${i + 1}]`;
    const ofColumn = rule.regex !== '' || rule.min !== '' || rule.max !== '' || rule.in.length > 0 || rule.not_null;
    if (!ofColumn && rule.expression.trim() === '')
      problems.push({
        code: 'PARAM',
        message: `Rule ${i + 1} says nothing that could be broken.`,
        hint: 'Give regex, min, max, in, not_null or expression.',
        param,
      });
    if (ofColumn && rule.column === '')
      problems.push({code: 'PARAM', message: `Rule ${i + 1} names no column.`, hint: 'Add column: …', param});
    if (rule.column !== '') problems.push(...checkColumns([rule.column], input, `${param}.column`));
    const regex = rule.regex === '' ? undefined : regexProblem(rule.regex, `${param}.regex`);
    if (regex !== undefined) problems.push(regex);
    const column = findColumn(rule.column, input.columns);
    if (column !== undefined) problems.push(...checkBounds(rule, column, param));
  });
  return [
    ...problems,
    ...checkNames(
      rulesOf({rules, on_failure: 'drop'}, input).map((rule) => rule.name),
      'rules',
    ).map((problem) => ({
      ...problem,
      message: `Two rules are called ${problem.column}.`,
      hint: 'Give one of them another name.',
    })),
  ];
}

/** Bounds that can't be compared with the column. */
const checkBounds = (rule: RuleValues, column: Column, param: string): StepProblem[] => [
  ...(['min', 'max'] as const).flatMap((side) =>
    rule[side] === '' ? [] : checkLimit(rule[side], column, `${param}.${side}`),
  ),
  ...rule.in.flatMap((text) => checkValue(text, column, `${param}.in`)),
];

function toPySpark(values: ValidateValues, context: SparkContext): string[] | NotExportable {
  const {
    target,
    frames: [frame = 'df'],
    inputs: [input],
  } = context;
  const columns = input?.columns ?? [];
  const problems: SparkProblem[] = [];
  const rules = rulesOf(values, {columns}, (condition) => {
    const made = exprOf(condition, columns, context);
    problems.push(...made.problems);
    return made.code;
  });
  const refused = notInSpark(problems);
  if (refused !== undefined) return refused;
  const holds = (rule: Rule): string => rule.tests.map(({spark}) => `F.coalesce(${spark}, F.lit(True))`).join(' & ');
  const lines = [
    'rules = {',
    ...rules.map((rule) => `    ${py(rule.name)}: ${holds(rule)},`),
    '}',
    `failed = F.concat_ws(', ', *[F.when(~holds, F.lit(name)) for name, holds in rules.items()])`,
  ];
  const failed = (base: string): string => py(unusedName(base, columns));
  switch (values.on_failure) {
    case 'flag':
      return [
        ...lines,
        ...assign(target, frame, [
          `withColumns({${failed('is_valid')}: failed == '', ${failed('failed_rules')}: F.when(failed != '', failed)})`,
        ]),
      ];
    case 'stop':
      return [...lines, `assert ${frame}.filter(failed != '').isEmpty(), 'a rule is broken'`, `${target} = ${frame}`];
    case 'drop':
      return [...lines, ...assign(target, frame, [`filter(failed == '')`])];
    case 'quarantine': {
      const reason = `F.concat_ws('; ', ${rules.flatMap((rule) => rule.tests.map(({spark, reason}) => `F.when(~${spark}, ${py(reason)})`)).join(', ')})`;
      return [
        ...lines,
        ...assign(target, frame, [`filter(failed == '')`]),
        ...assign(`${target}_rejects`, frame, [
          `filter(failed != '')`,
          assignColumns([
            [unusedName('rule', columns), 'failed'],
            [unusedName('reason', columns), reason],
          ]),
        ]),
      ];
    }
  }
}

const table = {
  columns: {sensor_id: 'VARCHAR', temperature: 'DOUBLE'},
  rows: [
    ['s-1', 21.5],
    ['S_2', 22],
    ['s-3', 85],
    ['s-4', null],
    [null, 'NaN'],
    ['?', -127],
  ],
} as const;

const rules = [
  {name: 'known id', column: 'sensor_id', regex: '^s-\\d+$'},
  {column: 'temperature', min: -40, max: 60},
];

export const validate = defineStep({
  kind: 'validate',
  version: 2,
  group: 'clean',
  title: 'Validate',
  sentence: ({rules: all, on_failure}) =>
    `Check ${plural(all.length, 'rule')}, ${{quarantine: 'quarantine', drop: 'drop', flag: 'flag', stop: 'stop at'}[on_failure]} rows that break one`,
  lesson: {
    what: 'Tests every row by rules: a regular expression, a range, a set of allowed values, “not missing”, or any SQL condition. Rows that break one go to NAME_rejects with the rule’s name and the reason, or are dropped or flagged, or stop the run. The rest stay unchanged, in their order.',
    why: 'A thermometer that reports 85 °C at once after a restart, an id with a letter O in place of a zero: such rows are wrong in ways that no type can forbid. Write down what must hold, and the data tells you when it doesn’t.',
    without:
      'One −127 moves a daily mean by degrees, and you search for the cause in the report instead of at the door. As with SQL’s CHECK, a missing value breaks no rule but not_null, since nothing is known about it; NaN counts as missing here, where Spark and DuckDB alone would call it greater than every limit.',
  },
  input: 'one',
  effect: 'subset',
  columnTests: ({rules, on_failure}) =>
    on_failure === 'flag'
      ? []
      : rules.flatMap((rule) =>
          rule.column === ''
            ? []
            : [
                ...(rule.not_null ? [{column: rule.column, holds: 'not_null' as const}] : []),
                ...(rule.in.length > 0 ? [{column: rule.column, holds: {accepted: rule.in, quoted: true}}] : []),
              ],
        ),
  effectOf: ({on_failure}) => (on_failure === 'flag' || on_failure === 'stop' ? 'same' : 'subset'),
  params,
  check: (values, inputs) => check(values, inputOf(inputs)),
  toSql: (values, inputs) => toSql(values, inputOf(inputs)),
  toPySpark,
  examples: [
    {
      name: 'quarantine, with rule and reason',
      params: {rules},
      input: table,
      expect: {
        columns: table.columns,
        rows: [
          ['s-1', 21.5],
          ['s-4', null],
          [null, 'NaN'],
        ],
      },
      rejects: {
        columns: {...table.columns, rule: 'VARCHAR', reason: 'VARCHAR'},
        rows: [
          ['S_2', 22, 'known id', 'sensor_id doesn’t match ^s-\\d+$'],
          ['s-3', 85, 'temperature_range', 'temperature is above 60'],
          ['?', -127, 'known id, temperature_range', 'sensor_id doesn’t match ^s-\\d+$; temperature is below -40'],
        ],
      },
    },
    {
      name: 'flagged in columns of their own',
      params: {rules: [...rules, {column: 'temperature', not_null: true}], on_failure: 'flag'},
      input: table,
      expect: {
        columns: {...table.columns, is_valid: 'BOOLEAN', failed_rules: 'VARCHAR'},
        rows: [
          ['s-1', 21.5, true, null],
          ['S_2', 22, false, 'known id'],
          ['s-3', 85, false, 'temperature_range'],
          ['s-4', null, false, 'temperature_not_null'],
          [null, 'NaN', false, 'temperature_not_null'],
          ['?', -127, false, 'known id, temperature_range'],
        ],
      },
    },
    {
      name: 'a set and a condition over the row; rows that break them are dropped',
      params: {
        rules: [
          {column: 'site', in: ['roof', 'cellar']},
          {name: 'ordered', expression: 'low <= high'},
        ],
        on_failure: 'drop',
      },
      input: {
        columns: {site: 'VARCHAR', low: 'INTEGER', high: 'INTEGER'},
        rows: [
          ['roof', 1, 2],
          ['attic', 1, 2],
          ['cellar', 3, 2],
          [null, 1, null],
        ],
      },
      expect: {
        columns: {site: 'VARCHAR', low: 'INTEGER', high: 'INTEGER'},
        rows: [
          ['roof', 1, 2],
          [null, 1, null],
        ],
      },
    },
    {
      name: 'stops when a rule is broken; here none is',
      params: {rules: [{column: 'at', min: '2024-01-01'}], on_failure: 'stop'},
      input: {columns: {at: 'TIMESTAMP'}, rows: [['2024-02-01 10:00:00'], [null]]},
      expect: {columns: {at: 'TIMESTAMP'}, rows: [['2024-02-01 10:00:00'], [null]]},
    },
  ],
});
