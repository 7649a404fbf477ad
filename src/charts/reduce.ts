import {alertsInWords, checkAlerts, withAlerts, type AlertsTable} from './alerts.ts';
import {fail, ok, type Problem, type Result} from '../lib/problem.ts';
import {closest, count, list} from '../lib/text.ts';
import type {Sql} from '../sql/sql.ts';
import type {Column} from '../sql/types.ts';
import type {Encoding} from './mark.ts';
import {markKinds} from './marks/index.ts';
import {mostColors, mostFacets, readRows, type ChartRow, type ReducedChart} from './reduced.ts';
import type {ChartSpec} from './spec.ts';

type Found = {readonly ok: true; readonly column: Column} | {readonly ok: false; readonly problem: Problem};

/** Column names are compared without case, as SQL does. */
function find(name: string, columns: readonly Column[], param: string): Found {
  const column =
    columns.find((candidate) => candidate.name === name) ??
    columns.find((candidate) => candidate.name.toLowerCase() === name.toLowerCase());
  if (column !== undefined) return {ok: true, column};
  const names = columns.map((candidate) => candidate.name);
  const near = closest(name, names);
  const hint =
    near === undefined
      ? `The columns are ${list(names.slice(0, 12))}${names.length > 12 ? ' …' : ''}.`
      : `Did you mean ${near}?`;
  return {
    ok: false,
    problem: {code: 'COLUMN_NOT_FOUND', message: `There is no column ${name}.`, where: {param, column: name}, hint},
  };
}

function encode(
  spec: ChartSpec,
  columns: readonly Column[],
  relation: Sql,
): {readonly encoding: Encoding; readonly problems: readonly Problem[]} {
  const problems: Problem[] = [];
  const one = (name: string | undefined, param: string): Column | undefined => {
    if (name === undefined) return undefined;
    const found = find(name, columns, param);
    if (found.ok) return found.column;
    problems.push(found.problem);
    return undefined;
  };
  const y = [...new Set(spec.y)].flatMap((name) => one(name, 'y') ?? []);
  return {
    encoding: {
      spec,
      relation,
      x: one(spec.x, 'x'),
      y,
      color: one(spec.color, 'color'),
      facet: one(spec.facet, 'facet'),
    },
    problems,
  };
}

/** Everything that is wrong with a chart on these columns; empty when it can be drawn. */
export function checkChart(
  spec: ChartSpec,
  columns: readonly Column[],
  relation: Sql,
  alerts?: AlertsTable,
): readonly Problem[] {
  const {encoding, problems} = encode(spec, columns, relation);
  if (problems.length > 0) return problems;
  return [...markKinds[spec.mark].check(encoding), ...(spec.alerts === undefined ? [] : checkAlerts(encoding, alerts))];
}

/** A chart's rows as one query over `relation`, at most about 20,000 of them however many the table has; the first Problem when it can't be drawn. */
export function reduceChart(
  spec: ChartSpec,
  columns: readonly Column[],
  relation: Sql,
  alerts?: AlertsTable,
): Result<ReducedChart> {
  const [problem] = checkChart(spec, columns, relation, alerts);
  if (problem !== undefined) return fail(problem);
  const {encoding} = encode(spec, columns, relation);
  const chart = markKinds[spec.mark].reduce(encoding);
  return ok(spec.alerts === undefined || alerts === undefined ? chart : withAlerts(chart, encoding, alerts));
}

/** What a chart leaves out or sums up, in sentences; empty when every row is drawn as it is. */
export function captionOf(chart: ReducedChart, rows: readonly ChartRow[]): string {
  const {facts, points, alerts} = readRows(rows);
  const sentences = [
    points.length === 0 ? undefined : markKinds[chart.spec.mark].sentence(chart, facts, points.length),
  ];
  const colors = Math.max(1, Math.floor(mostColors / Math.max(1, chart.spec.y.length)));
  if (facts.colorValues !== null && facts.colorValues > colors)
    sentences.push(
      `${colors} of ${count(facts.colorValues)} values of ${chart.color?.name ?? 'color'} have a colour; the rest is “other”.`,
    );
  if (facts.facetValues !== null && facts.facetValues > mostFacets)
    sentences.push(
      `${mostFacets} of ${count(facts.facetValues)} values of ${chart.facet?.name ?? 'facet'} are shown, those with most rows.`,
    );
  const places = new Set(points.map((point) => point['x'])).size;
  if (facts.xValues !== null && facts.xValues > places)
    sentences.push(
      `${count(places - 1)} of ${count(facts.xValues)} values of ${chart.x?.name ?? 'x'}; the rest is “other”.`,
    );
  const dropped = facts.total - facts.used;
  if (dropped > 0)
    sentences.push(`${count(dropped)} of ${count(facts.total)} rows have no value here and are left out.`);
  if (chart.spec.alerts !== undefined) sentences.push(alertsInWords(alerts));
  return sentences.filter((sentence) => sentence !== undefined).join(' ');
}
