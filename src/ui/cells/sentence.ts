import {list} from '../../lib/text.ts';
import type {RunnableCell} from '../../notebook/cells.ts';
import type {PlannedCell} from '../../notebook/plan.ts';
import {readParams} from '../../params/index.ts';
import {readChart} from '../../charts/parse.ts';
import type {ChartSpec} from '../../charts/spec.ts';
import type {Step} from '../../steps/define.ts';

const markNames: Readonly<Record<ChartSpec['mark'], string>> = {
  line: 'Line',
  area: 'Area',
  bar: 'Bars',
  dot: 'Dots',
  histogram: 'Histogram',
  box: 'Box plot',
  heatmap: 'Heat map',
};

function chartSentence({mark, x, y, color, facet, alerts}: ChartSpec): string {
  const what = y.length > 0 ? ` of ${list(y)}` : '';
  const by = x === undefined ? '' : y.length > 0 ? ` by ${x}` : ` of ${x}`;
  return `${markNames[mark]}${what}${by}${color === undefined ? '' : `, coloured by ${color}`}${facet === undefined ? '' : `, for each ${facet}`}${alerts === undefined ? '' : `, with ${alerts}`}`;
}

/** The cell at rest, in words; as much as can be said of one that can't run as written. */
export function sentenceOf(cell: RunnableCell, planned: PlannedCell | undefined, steps: readonly Step[]): string {
  if (planned?.ready === true && planned.work.type === 'step') return planned.work.step.sentence(planned.work.values);
  if (cell.type === 'sql' && cell.engine === 'postgres') return 'PostgreSQL';
  if (cell.type === 'sql')
    return planned?.ready === true && planned.inputs.length > 0
      ? `SQL over ${list(planned.inputs.map((input) => input.name))}`
      : 'SQL';
  if (cell.type === 'chart') {
    const spec = readChart(cell.values);
    return spec.ok ? chartSentence(spec.value) : 'Chart';
  }
  const step = steps.find((known) => known.kind === cell.kind);
  if (step === undefined) return `Unknown step ${cell.kind}`;
  const values = readParams(step.params, cell.values);
  return values.ok ? step.sentence(values.value) : step.title;
}
