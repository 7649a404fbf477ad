import type {Problem} from '../../lib/problem.ts';
import {invariant} from '../../lib/invariant.ts';
import {id, join, sql} from '../../sql/sql.ts';
import {
  asNumber,
  asPlace,
  extentCte,
  factsAndPoints,
  groupColumns,
  groupCtes,
  sourceCte,
  withCtes,
  type Cte,
} from '../fragments.ts';
import {
  aggregate,
  isMeasure,
  middle,
  needs,
  place,
  seriesColor,
  seriesName,
  spanInWords,
  unfit,
  stackOrder,
  type Canvas,
  type Drawing,
  type Encoding,
  type MarkKind,
} from '../mark.ts';
import {placesOf} from '../places.ts';
import {channel, mostColors, other, type ChartRow, type ReducedChart} from '../reduced.ts';
import {colorChannel} from './series.ts';
import {bandsOf, categoryAxis, naturally, rowAxis, textWidth} from '../axes.ts';

const mostBars = 50;
const mostGroups = 20;

const how = ({spec, y}: Encoding): NonNullable<Encoding['spec']['aggregate']> =>
  y.length === 0 ? 'count' : (spec.aggregate ?? 'avg');
/** Parts of a whole stand on each other; averages stand side by side. */
const stacks = (chart: ReducedChart): boolean =>
  chart.spec.y.length === 0 || chart.spec.aggregate === 'sum' || chart.spec.aggregate === 'count';

function check(encoding: Encoding): readonly Problem[] {
  const {spec, x, y} = encoding;
  const found: Problem[] = [];
  if (x === undefined) found.push(needs(spec.mark, 'x', 'a column', 'Name the column that gives the bars in x.'));
  if (y.length === 0 && spec.aggregate !== undefined && spec.aggregate !== 'count')
    found.push(
      needs(spec.mark, 'y', `a number to take the ${spec.aggregate} of`, 'Name it in y; without y a bar counts rows.'),
    );
  for (const column of y)
    if (!isMeasure(column) && how(encoding) !== 'count')
      found.push(unfit(spec.mark, 'y', column, 'a number', 'Use aggregate: count, or cast it to a number first.'));
  return found;
}

function reduce(encoding: Encoding): ReducedChart {
  const {spec, relation, x, y, color, facet} = encoding;
  invariant(x !== undefined, 'check found x');
  const aggregateName = how(encoding);
  const names = y.length === 0 ? ['y0'] : y.map((_, i) => `y${i}`);
  const used = sql`x IS NOT NULL AND (${join(
    names.map((name) => sql`${id(name)} IS NOT NULL`),
    ' OR ',
  )})`;
  const source: readonly Cte[] = [
    sourceCte(relation, [
      {name: 'x', sql: asPlace(x)},
      ...names.map((name, i) => {
        const column = y[i];
        return {
          name,
          sql:
            column === undefined
              ? sql`1`
              : aggregateName === 'count'
                ? sql`CASE WHEN ${id(column.name)} IS NOT NULL THEN 1 END`
                : asNumber(column),
        };
      }),
      ...groupColumns({color, facet}),
    ]),
    extentCte(used, undefined),
    ...groupCtes({color, facet}, ['x', ...names], used, Math.max(1, Math.floor(mostColors / names.length))),
  ];
  const values = join(names.map((name) => sql`${aggregate(aggregateName, id(name))} AS ${id(name)}`));
  const grouped = names.length > 1 || (color !== undefined && color.name !== x.name);
  const bars = placesOf('x', x, {
    about: 100,
    exactUpTo: mostBars,
    bands: grouped ? mostGroups : mostBars,
    rank: aggregate(aggregateName, sql`y0`),
  });
  const points = join(
    names.map((name, i) => {
      const column = y[i];
      return sql`SELECT facet, ${column === undefined ? sql`color` : seriesColor(encoding, column)} AS color, x, ${bars.end} AS x1, ${id(name)} AS y FROM bars${bars.behind}`;
    }),
    '\nUNION ALL ',
  );
  const label = seriesName(y);
  return {
    sql: withCtes(
      [
        ...source,
        ...bars.ctes,
        {name: 'bars', sql: sql`SELECT facet, color, ${bars.key} AS x, ${values} FROM rows${bars.from} GROUP BY ALL`},
        {name: 'points', sql: points},
      ],
      factsAndPoints(bars.facts, sql`facet, x, color`),
    ),
    spec,
    x: channel(x),
    y: {
      name: label,
      label: y.length === 0 ? 'rows' : spec.aggregate === undefined ? label : `${spec.aggregate} ${label}`,
      kind: 'number',
    },
    color: colorChannel(encoding),
    facet: facet === undefined ? undefined : {...channel(facet), kind: 'category'},
  };
}

/** The bars' names, the largest first, `(other)` last; numbers in their own order. */
function order(chart: ReducedChart, points: readonly ChartRow[]): readonly (string | number)[] {
  const totals = new Map<string | number, number>();
  for (const point of points) {
    const x = point['x'] ?? null;
    if (x !== null) totals.set(x, (totals.get(x) ?? 0) + (typeof point['y'] === 'number' ? point['y'] : 0));
  }
  if (chart.x?.kind !== 'category') return [...totals.keys()].sort((a, b) => Number(a) - Number(b));
  return [...totals]
    .sort(([a, m], [b, n]) => Number(a === other) - Number(b === other) || n - m || naturally(String(a), String(b)))
    .map(([name]) => name);
}

/** Whether two bars would stand at one place; where none do, a colour only tells them apart. */
const sharePlaces = (points: readonly ChartRow[]): boolean =>
  new Set(points.map(({facet, x}) => JSON.stringify([facet, x]))).size < points.length;

function draw(canvas: Canvas): Drawing {
  const {chart, points} = canvas;
  return points.some((point) => typeof point['x1'] === 'number')
    ? drawSpans(canvas)
    : drawBands(canvas, order(chart, points));
}

function drawSpans({plot, chart, points, color, facets}: Canvas): Drawing {
  const series = bandsOf(points, 'color');
  const beside = chart.color !== undefined && !stacks(chart) && sharePlaces(points);
  const kind = chart.x?.kind ?? 'number';
  const share = (point: ChartRow, at: 0 | 1): number => {
    const [from, to] = [Number(point['x']), Number(point['x1'])];
    return from + ((to - from) * (series.indexOf(String(point['color'])) + at)) / series.length;
  };
  const shown = beside ? points.map((point) => ({...point, x: share(point, 0), x1: share(point, 1)})) : points;
  const span = {
    x1: place(kind, 'x'),
    x2: place(kind, 'x1'),
    fill: color,
    inset: 0,
    insetLeft: 0.5,
    insetRight: 0.5,
    ...facets,
  };
  return {
    marks: [
      beside || chart.color === undefined
        ? plot.rectY(shown, {...span, y1: 0, y2: 'y'})
        : plot.rectY(shown, {...span, y: 'y', ...stackOrder(series)}),
      plot.ruleY([0], {stroke: 'currentColor', strokeOpacity: 0.4}),
    ],
    tip: beside
      ? {x: (point: ChartRow) => place(kind, 'at')({at: (share(point, 0) + share(point, 1)) / 2})}
      : chart.color === undefined
        ? {}
        : plot.stackY({x: middle('x', kind), y: 'y', ...stackOrder(series)}),
  };
}

function drawBands({plot, chart, points, color, facets, width}: Canvas, names: readonly (string | number)[]): Drawing {
  const series = bandsOf(points, 'color');
  const beside =
    chart.color !== undefined && chart.color.name !== chart.x?.name && !stacks(chart) && sharePlaces(points);
  const widest = Math.max(0, ...names.map((name) => textWidth(String(name))));
  const perBand = (width - 60) / Math.max(1, names.length);
  if (beside) {
    const {fy} = facets;
    return {
      usesFx: true,
      marks: [
        plot.barY(points, {
          fx: 'x',
          ...(fy === undefined ? {} : {fy}),
          x: 'color',
          y: 'y',
          fill: color,
          insetLeft: 0.5,
          insetRight: 0.5,
        }),
        plot.ruleY([0], {stroke: 'currentColor', strokeOpacity: 0.4}),
      ],
      tip: {fx: 'x', x: 'color', y: 'y'},
      options: {
        x: {axis: null, domain: [...series], padding: 0},
        fx: {...categoryAxis(names, perBand, chart.x?.label ?? ''), padding: 0.16},
      },
    };
  }
  if (widest > perBand * 1.1 && chart.x?.kind === 'category') {
    const margin = Math.min(Math.ceil(widest), Math.floor(width * 0.36)) + 20;
    return {
      marks: [
        plot.barX(points, {
          x: 'y',
          y: 'x',
          fill: color,
          insetTop: 0.5,
          insetBottom: 0.5,
          ...stackOrder(series),
          ...facets,
        }),
        plot.ruleX([0], {stroke: 'currentColor', strokeOpacity: 0.4}),
      ],
      tip: {pointer: 'y', ...plot.stackX({x: 'y', y: 'x', ...stackOrder(series)})},
      options: {
        marginLeft: margin,
        marginTop: 36,
        height: names.length * (names.length > 20 ? 18 : 24) + 60,
        x: {label: chart.y.label, grid: true, axis: 'top', tickSize: 0},
        y: {...rowAxis(names, margin - 14, ''), grid: false},
      },
    };
  }
  return {
    marks: [
      plot.barY(points, {
        x: 'x',
        y: 'y',
        fill: color,
        insetLeft: 0.5,
        insetRight: 0.5,
        ...stackOrder(series),
        ...facets,
      }),
      plot.ruleY([0], {stroke: 'currentColor', strokeOpacity: 0.4}),
    ],
    tip: plot.stackY({x: 'x', y: 'y', ...stackOrder(series)}),
    options: {x: {...categoryAxis(names, perBand, chart.x?.label ?? ''), grid: false}},
  };
}

export const bar: MarkKind = {
  mark: 'bar',
  check,
  reduce,
  draw,
  sentence(chart, facts, points) {
    const {x, y, spec} = chart;
    if (x !== undefined && x.kind !== 'category' && facts.step !== null)
      return x.kind === 'time'
        ? `One bar for each ${spanInWords(facts.step, x.kind)}.`
        : `One bar for each ${spanInWords(facts.step, x.kind)} of ${x.name}.`;
    return spec.aggregate === undefined && spec.y.length > 0 && facts.used * spec.y.length > points
      ? `Each bar is the average ${y.name} of its rows.`
      : undefined;
  },
};
