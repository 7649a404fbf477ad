import {list} from '../../lib/text.ts';
import type {SparkProblem} from '../../pyspark/sql/translate.ts';
import {isTime} from '../../sql/types.ts';
import {checkColumns, checkFamily, checkNames, checkSome, inputOf} from '../checks.ts';
import {defineStep, type Input, type NotExportable, type SparkContext, type StepProblem} from '../define.ts';
import {checkMoment, momentSpark} from '../moment.ts';
import {exprOf, notInSpark} from '../spark-expressions.ts';
import {dimensions} from './dimensions.ts';
import {examples} from './examples.ts';
import {params, qualityOf, type QualityValues} from './quality.ts';
import {notUnexpected} from './schema.ts';
import {sparkLines} from './spark.ts';
import {program} from './sql.ts';

function sentence(values: QualityValues): string {
  const asked = dimensions.flatMap((dimension) => dimension.sentence(values, !values.skip.includes(dimension.name)));
  return `Check quality${asked.length === 0 ? '' : `: ${list(asked)}`}${values.on_failure === 'stop' ? '; stop when a check fails' : ''}`;
}

function check(values: QualityValues, input: Input): readonly StepProblem[] {
  const problems = [
    ...checkMoment(values.now, 'now'),
    ...checkTime(values, input),
    ...checkColumns(values.by, input, 'by'),
    ...dimensions.flatMap((dimension) => dimension.check?.(values, input) ?? []),
  ];
  if (problems.length > 0) return problems;
  const {checks} = qualityOf(values, input.columns);
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

function checkTime(values: QualityValues, input: Input): readonly StepProblem[] {
  const {name, columns} = input;
  if (values.time !== '')
    return checkFamily(notUnexpected([values.time], values, columns), input, 'time', 'time', 'Freshness');
  const needs = dimensions.flatMap((dimension) => dimension.needsTime?.(values) ?? []).at(-1);
  if (needs === undefined) return [];
  const time = columns.find(({type}) => isTime(type))?.name;
  return [
    {
      code: 'PARAM',
      message: `${needs} a column of times, and none is named.`,
      hint:
        time === undefined
          ? `${name} has no column of times: put a cast step before it that makes one a timestamp.`
          : `Add time: ${time}.`,
      param: 'time',
    },
  ];
}

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
  const place = {target, frame, name: input?.name ?? '', columns};
  return notInSpark(problems) ?? sparkLines(quality, place, momentSpark(values.now), values.on_failure === 'stop');
}

export const quality = defineStep({
  kind: 'quality',
  version: 1,
  group: 'quality',
  title: 'Quality',
  sentence,
  lesson: {
    what: `Looks at all rows once and gives one row for each check: ${dimensions.map(({name, about}) => `${name} (${about})`).join(', ')}. A check passes when \`observed\` is at most \`threshold\`. The rows that make a check fail are in NAME_rejects, once for each such check; the input stays as it is under its own name. A dimension’s score is the share of its checks that pass.`,
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
  toSql: (values, inputs) => {
    const input = inputOf(inputs);
    return program(qualityOf(values, input.columns), input, values.on_failure === 'stop');
  },
  toPySpark,
  propose: async () => (await import('./proposal.ts')).proposeQuality,
  examples,
});
