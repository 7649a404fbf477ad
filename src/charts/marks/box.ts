import {invariant} from '../../lib/invariant.ts';
import {count} from '../../lib/text.ts';
import {lit, sql} from '../../sql/sql.ts';
import {
  asNumber,
  asPlace,
  extentCte,
  factsAndPoints,
  groupColumns,
  groupCtes,
  sourceCte,
  withCtes,
} from '../fragments.ts';
import {bandsOf, categoryAxis} from '../axes.ts';
import {isMeasure, needs, place, seriesName, unfit, type Canvas, type Drawing, type MarkKind} from '../mark.ts';
import {placesOf} from '../places.ts';
import {channel, type ChartRow} from '../reduced.ts';

const mostBoxes = 24;
const mostOutliers = 20;

export const box: MarkKind = {
  mark: 'box',

  check({spec, x, y, color}) {
    return [
      ...(y[0] === undefined ? [needs(spec.mark, 'y', 'a number', 'Name the number column in y.')] : []),
      ...(y[0] !== undefined && !isMeasure(y[0])
        ? [unfit(spec.mark, 'y', y[0], 'a number', `Cast ${y[0].name} to a number first.`)]
        : []),
      ...(y[1] === undefined ? [] : [unfit(spec.mark, 'y', y[1], 'one column', 'Draw a chart for each column.')]),
      ...(color === undefined || color.name === x?.name
        ? []
        : [unfit(spec.mark, 'color', color, 'only the column on x', `Put ${color.name} in facet instead.`)]),
    ];
  },

  /** Tukey's box: quartiles, whiskers to the last reading within 1.5 interquartile ranges, and the farthest readings beyond them. */
  reduce({spec, relation, x, y, color, facet}) {
    const [value] = y;
    invariant(value !== undefined, 'check found y');
    const used = sql`x IS NOT NULL AND y IS NOT NULL`;
    const at =
      x === undefined ? undefined : placesOf('x', x, {about: mostBoxes, exactUpTo: mostBoxes, bands: mostBoxes});
    const same = sql`placed.x = quartiles.x AND placed.facet IS NOT DISTINCT FROM quartiles.facet`;
    const columns = sql`facet, color, x, x1, low, q1, median, q3, high, n, outliers`;
    return {
      sql: withCtes(
        [
          sourceCte(relation, [
            {name: 'x', sql: x === undefined ? lit('') : asPlace(x)},
            {name: 'y', sql: asNumber(value)},
            ...groupColumns({color: undefined, facet}),
          ]),
          extentCte(used, 'x'),
          ...groupCtes({color: undefined, facet}, ['x', 'y'], used),
          ...(at?.ctes ?? []),
          {
            name: 'placed',
            inline: true,
            sql: sql`SELECT facet, ${at?.key ?? sql`x`} AS x, y FROM rows${at?.from ?? sql``}`,
          },
          {
            name: 'quartiles',
            sql: sql`SELECT facet, x, q[1] AS q1, q[2] AS median, q[3] AS q3, q[1] - 1.5 * (q[3] - q[1]) AS below, q[3] + 1.5 * (q[3] - q[1]) AS above FROM (SELECT facet, x, quantile_cont(y, [0.25, 0.5, 0.75]) AS q FROM placed GROUP BY ALL)`,
          },
          {
            name: 'boxes',
            sql: sql`SELECT quartiles.facet, quartiles.x, q1, median, q3, min(y) FILTER (WHERE y >= below) AS low, max(y) FILTER (WHERE y <= above) AS high, count(*)::DOUBLE AS n, count(*) FILTER (WHERE y < below OR y > above)::DOUBLE AS outliers, list_concat(min(y, ${lit(mostOutliers)}) FILTER (WHERE y < below), max(y, ${lit(mostOutliers)}) FILTER (WHERE y > above)) AS far FROM placed JOIN quartiles ON ${same} GROUP BY ALL`,
          },
          {
            name: 'spread',
            sql: sql`SELECT facet, ${x !== undefined && color?.name === x.name ? sql`x::VARCHAR` : sql`NULL::VARCHAR`} AS color, x, ${at?.end ?? sql`NULL::DOUBLE`} AS x1, low, q1, median, q3, high, n, outliers, far FROM boxes${at?.behind ?? sql``}`,
          },
          {
            name: 'points',
            sql: sql`SELECT ${columns}, NULL::DOUBLE AS y FROM spread\nUNION ALL SELECT ${columns}, unnest(far) AS y FROM spread`,
          },
        ],
        factsAndPoints(at?.facts ?? {}, sql`facet, x, y NULLS FIRST`),
      ),
      spec,
      x: x === undefined ? undefined : channel(x),
      y: {name: seriesName(y), label: seriesName(y), kind: 'number'},
      color: color === undefined ? undefined : {...channel(color), kind: 'category'},
      facet: facet === undefined ? undefined : {...channel(facet), kind: 'category'},
    };
  },

  draw,

  sentence() {
    return `A box holds the middle half and the median; whiskers reach 1.5 box heights; dots lie beyond, at most ${count(2 * mostOutliers)} for a box.`;
  },
};

const isBox = (point: ChartRow): boolean => point['y'] === null;

const whiskers = [
  {y1: 'low', y2: 'q1'},
  {y1: 'q3', y2: 'high'},
] as const;

function draw({plot, chart, points, color, facets, width}: Canvas): Drawing {
  const boxes = points.filter(isBox);
  const beyond = points.filter((point) => !isBox(point));
  const paint = {stroke: color, strokeOpacity: 0.9};
  const tip = {y: (point: ChartRow) => point['y'] ?? point['median']};
  if (boxes.some((point) => typeof point['x1'] === 'number')) {
    const kind = chart.x?.kind ?? 'number';
    const within = (share: number) => (point: ChartRow) =>
      place(kind, 'at')({at: Number(point['x']) + (Number(point['x1']) - Number(point['x'])) * share});
    return {
      marks: [
        ...whiskers.map((ends) => plot.ruleX(boxes, {x: within(0.5), ...ends, ...paint, ...facets})),
        plot.rect(boxes, {
          x1: within(0.15),
          x2: within(0.85),
          y1: 'q1',
          y2: 'q3',
          fill: color,
          fillOpacity: 0.35,
          ...paint,
          ...facets,
        }),
        plot.ruleY(boxes, {x1: within(0.15), x2: within(0.85), y: 'median', stroke: color, strokeWidth: 2, ...facets}),
        plot.dot(beyond, {x: within(0.5), y: 'y', r: 1.5, fill: color, fillOpacity: 0.6, ...facets}),
      ],
      tip,
    };
  }
  const names =
    chart.x?.kind === 'category'
      ? bandsOf(boxes, 'x')
      : [...new Set(boxes.map((point) => point['x'] ?? ''))].sort((a, b) => Number(a) - Number(b));
  return {
    marks: [
      ...whiskers.map((ends) => plot.ruleX(boxes, {x: 'x', ...ends, ...paint, ...facets})),
      plot.barY(boxes, {x: 'x', y1: 'q1', y2: 'q3', fill: color, fillOpacity: 0.35, ...paint, ...facets}),
      plot.tickY(boxes, {x: 'x', y: 'median', stroke: color, strokeWidth: 2, ...facets}),
      plot.dot(beyond, {x: 'x', y: 'y', r: 1.5, fill: color, fillOpacity: 0.6, ...facets}),
    ],
    tip: {...tip, x: 'x'},
    options: {
      x: {
        type: 'band',
        padding: names.length < 4 ? 0.5 : 0.3,
        grid: false,
        ...(chart.x === undefined
          ? {axis: null}
          : categoryAxis(names, (width - 60) / Math.max(1, names.length), chart.x.label)),
      },
      y: {grid: true, zero: false},
    },
  };
}
