import {bandsOf} from '../axes.ts';
import {place, stackOrder, type MarkKind} from '../mark.ts';
import type {ChartRow} from '../reduced.ts';
import {checkSeries, reduceSeries, seriesSentence} from './series.ts';

/** Sums and counts of parts add up to a whole; other readings are drawn over each other. */
const stacks = (aggregate: string | undefined): boolean => aggregate === 'sum' || aggregate === 'count';

/** A stack needs every series at every x; where one has no rows its part is 0. */
function filled(points: readonly ChartRow[]): readonly ChartRow[] {
  const places = [...new Set(points.map((point) => Number(point['x'])))].sort((a, b) => a - b);
  const groups = new Map<
    string,
    {facet: ChartRow[string]; color: ChartRow[string]; at: Map<ChartRow[string], ChartRow>}
  >();
  for (const point of points) {
    const {facet = null, color = null, x = null} = point;
    const key = JSON.stringify([facet, color]);
    const group = groups.get(key) ?? {facet, color, at: new Map<ChartRow[string], ChartRow>()};
    group.at.set(x, point);
    groups.set(key, group);
  }
  return [...groups.values()].flatMap(({facet, color, at}) => places.map((x) => at.get(x) ?? {facet, color, x, y: 0}));
}

export const area: MarkKind = {
  mark: 'area',
  check: checkSeries,
  reduce: reduceSeries,
  sentence: seriesSentence,
  draw({plot, chart, points, color, facets}) {
    const x = place(chart.x?.kind ?? 'number', 'x');
    const base = plot.ruleY([0], {stroke: 'currentColor', strokeOpacity: 0.4});
    if (stacks(chart.spec.aggregate))
      return {
        marks: [
          plot.areaY(filled(points), {
            x,
            y: 'y',
            fill: color,
            fillOpacity: 0.85,
            ...stackOrder(bandsOf(points, 'color')),
            ...facets,
          }),
          base,
        ],
        tip: plot.stackY2({x, y: 'y', ...stackOrder(bandsOf(points, 'color'))}),
      };
    return {
      marks: [
        plot.areaY(points, {x, y1: 0, y2: 'y', z: 'color', fill: color, fillOpacity: 0.18, ...facets}),
        plot.lineY(points, {x, y: 'y', z: 'color', stroke: color, strokeWidth: 1.5, ...facets}),
        base,
      ],
    };
  },
};
