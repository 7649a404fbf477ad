import {place, type MarkKind} from '../mark.ts';
import {checkSeries, reduceSeries, seriesSentence} from './series.ts';

export const line: MarkKind = {
  mark: 'line',
  check: checkSeries,
  reduce: reduceSeries,
  sentence: seriesSentence,
  draw({plot, chart, points, color, facets}) {
    const x = place(chart.x?.kind ?? 'number', 'x');
    return {
      marks: [
        plot.lineY(points, {
          x,
          y: 'y',
          z: 'color',
          stroke: color,
          strokeWidth: 1.5,
          strokeLinejoin: 'round',
          ...facets,
        }),
        // A reading between two gaps has no line of its own.
        ...(points.length <= 60
          ? [
              plot.dot(points, {
                x,
                y: 'y',
                fill: color,
                r: new Set(points.map((point) => point['x'])).size === 1 ? 4 : 2,
                ...facets,
              }),
            ]
          : []),
      ],
    };
  },
};
