import {inputHash} from '../run/define.ts';
import {chartParams, readChart} from '../charts/parse.ts';
import {reduceChart} from '../charts/reduce.ts';
import type {ChartSpec} from '../charts/spec.ts';
import {contentHash} from '../lib/hash.ts';
import {ProblemError, unwrap, type Problem} from '../lib/problem.ts';
import {list} from '../lib/text.ts';
import {id, sql} from '../sql/sql.ts';
import type {CellType, RunnableCell, Scope, Work} from './define.ts';
import {checkName, paramIssue, readBody, renamedInYaml, switchedInYaml} from './yaml-cell.ts';

/** A picture of a table above. */
export const chartCell: CellType = {
  fence: 'chart',
  title: 'Chart',
  gives: 'picture',
  language: 'yaml',
  mayBeUnnamed: true,
  read(info, body, report) {
    if (info !== '') checkName(info, report);
    return {name: info, kind: 'chart', ...readBody(body, report)};
  },
  header: (_cell, name) => name,
  switched: switchedInYaml,
  create: (name, _above, given = {mark: 'line'}) => ({header: name, body: given}),
  params: () => chartParams,
  readsFrom: () => true,
  touches: (cell) => touchesOf(cell, undefined),
  renamed: (cell, nameOf) => renamedInYaml(cell, touchesOf(cell, undefined), nameOf),
  tableRenamed: (cell) => cell.source,
  understand,
  describe(cell) {
    const spec = readChart(cell.values);
    return spec.ok ? sentenceOf(spec.value) : 'Chart';
  },
};

function touchesOf(cell: RunnableCell, nearest: string | undefined): Work['touches'] {
  const from = cell.from ?? nearest;
  const alerts = cell.values['alerts'];
  return [
    ...(from === undefined ? [] : [{kind: 'cell', name: from, param: 'from'} as const]),
    ...(typeof alerts === 'string' && alerts !== '' ? [{kind: 'cell', name: alerts, param: 'alerts'} as const] : []),
  ];
}

function understand(cell: RunnableCell, scope: Scope, problems: Problem[]): Work | undefined {
  const read = readChart(cell.values);
  if (!read.ok) {
    problems.push(...read.problems.map((problem) => paramIssue(problem, cell)));
    return undefined;
  }
  if (cell.from === undefined && scope.nearest === undefined) {
    problems.push({
      code: 'NOTHING_ABOVE',
      message: 'A chart draws the table of a cell above, and there is none.',
      hint: 'Load a file first, or move the chart below a table.',
    });
    return undefined;
  }
  const chart = read.value;
  return {
    type: 'chart',
    chart,
    touches: touchesOf(cell, scope.nearest),
    effect: 'new',
    files: [],
    sentence: sentenceOf(chart),
    runTimes: [],
    tests: [],
    hash: (inputs) => contentHash(['chart', {...chart, alerts: undefined}, inputs.map(inputHash)]),
    shown([input, alerts], name) {
      const reduced = input === undefined ? undefined : reduceChart(chart, input.columns, input.relation, alerts);
      return reduced?.ok === true ? reduced.value.sql : sql`FROM ${input?.relation ?? id(name)}`;
    },
    program([input, alerts]) {
      if (input === undefined)
        throw new ProblemError({
          code: 'NOTHING_ABOVE',
          message: 'The chart reads no table.',
          hint: 'Name one with from.',
        });
      return {kind: 'sql', sql: unwrap(reduceChart(chart, input.columns, input.relation, alerts)).sql};
    },
    check: () => undefined,
    pyspark: () => ({
      notExportable: 'A chart is drawn here; in Spark, collect its table and plot it in the notebook.',
    }),
    withParams: () => undefined,
  };
}

const markNames: Readonly<Record<ChartSpec['mark'], string>> = {
  line: 'Line',
  area: 'Area',
  bar: 'Bars',
  dot: 'Dots',
  histogram: 'Histogram',
  box: 'Box plot',
  heatmap: 'Heat map',
};

function sentenceOf({mark, x, y, color, facet, alerts}: ChartSpec): string {
  const what = y.length > 0 ? ` of ${list(y)}` : '';
  const by = x === undefined ? '' : y.length > 0 ? ` by ${x}` : ` of ${x}`;
  const coloured = color === undefined ? '' : `, coloured by ${color}`;
  const facets = facet === undefined ? '' : `, for each ${facet}`;
  return `${markNames[mark]}${what}${by}${coloured}${facets}${alerts === undefined ? '' : `, with ${alerts}`}`;
}
