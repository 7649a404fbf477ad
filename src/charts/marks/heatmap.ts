import {invariant} from '../../lib/invariant.ts';
import {id, sql} from '../../sql/sql.ts';
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
import {bandsOf, categoryAxis, rowAxis, textWidth} from '../axes.ts';
import {
  aggregate,
  isMeasure,
  needs,
  place,
  spanInWords,
  unfit,
  type Canvas,
  type Drawing,
  type MarkKind,
} from '../mark.ts';
import {placesOf} from '../places.ts';
import {channel, type ChartRow} from '../reduced.ts';

export const heatmap: MarkKind = {
  mark: 'heatmap',

  check({spec, x, y, color}) {
    return [
      ...(x === undefined ? [needs(spec.mark, 'x', 'a column', 'Name one in x.')] : []),
      ...(y[0] === undefined
        ? [needs(spec.mark, 'y', 'a column', 'Name one in y; the number to show goes in color.')]
        : []),
      ...(y[1] === undefined ? [] : [unfit(spec.mark, 'y', y[1], 'one column', 'Put the number to show in color.')]),
      ...(color !== undefined && !isMeasure(color) && spec.aggregate !== 'count'
        ? [unfit(spec.mark, 'color', color, 'a number', 'Leave color out to count rows.')]
        : []),
      ...(color === undefined && spec.aggregate !== undefined && spec.aggregate !== 'count'
        ? [
            {
              code: 'CHART_NEEDS_COLUMN',
              message: `A heat map needs a number in color to take the ${spec.aggregate} of.`,
              where: {param: 'color'},
              hint: 'Name it in color, or leave aggregate out to count rows.',
            },
          ]
        : []),
    ];
  },

  reduce({spec, relation, x, y, color, facet}) {
    const [vertical] = y;
    invariant(x !== undefined && vertical !== undefined, 'check found x and y');
    const value =
      color === undefined
        ? sql`1`
        : isMeasure(color)
          ? asNumber(color)
          : sql`CASE WHEN ${id(color.name)} IS NOT NULL THEN 1 END`;
    const how = color === undefined ? 'count' : (spec.aggregate ?? 'avg');
    const used = sql`x IS NOT NULL AND y IS NOT NULL AND shade IS NOT NULL`;
    const across = placesOf('x', x, {about: 60, exactUpTo: 30, bands: 60});
    const up = placesOf('y', vertical, {about: 40, exactUpTo: 20, bands: 40});
    return {
      sql: withCtes(
        [
          sourceCte(relation, [
            {name: 'x', sql: asPlace(x)},
            {name: 'y', sql: asPlace(vertical)},
            {name: 'shade', sql: value},
            ...groupColumns({color: undefined, facet}),
          ]),
          extentCte(used, undefined),
          ...groupCtes({color: undefined, facet}, ['x', 'y', 'shade'], used),
          ...across.ctes,
          ...up.ctes,
          {
            name: 'tiles',
            sql: sql`SELECT facet, ${across.key} AS x, ${up.key} AS y, ${aggregate(how, sql`shade`)} AS color FROM rows${across.from}${up.from} GROUP BY ALL`,
          },
          {
            name: 'points',
            sql: sql`SELECT facet, x, ${across.end} AS x1, y, ${up.end} AS y1, color FROM tiles${across.behind}${up.behind}`,
          },
        ],
        factsAndPoints(across.facts, sql`facet, x, y`),
      ),
      spec,
      x: channel(x),
      y: channel(vertical),
      color: {
        name: color?.name ?? '',
        label:
          color === undefined ? 'rows' : spec.aggregate === undefined ? color.name : `${spec.aggregate} ${color.name}`,
        kind: 'number',
      },
      facet: facet === undefined ? undefined : {...channel(facet), kind: 'category'},
    };
  },

  draw,

  sentence(chart, facts) {
    return chart.x !== undefined && chart.x.kind !== 'category' && facts.step !== null
      ? `One column for each ${spanInWords(facts.step, chart.x.kind)}${chart.x.kind === 'time' ? '' : ` of ${chart.x.name}`}.`
      : undefined;
  },
};

const isNumeric = (points: readonly ChartRow[], name: string): boolean =>
  points.some((point) => typeof point[name] === 'number');

/** A band for each value, in reading order; times keep their order as text of the axis. */
const bands = (points: readonly ChartRow[], name: 'x' | 'y'): (string | number)[] =>
  isNumeric(points, name)
    ? [...new Set(points.flatMap((point) => (typeof point[name] === 'number' ? [point[name]] : [])))].sort(
        (a, b) => a - b,
      )
    : bandsOf(points, name);

function draw({plot, chart, points, color, facets, width}: Canvas): Drawing {
  const [spanX, spanY] = [isNumeric(points, 'x1'), isNumeric(points, 'y1')];
  const across = spanX
    ? {x1: place(chart.x?.kind ?? 'number', 'x'), x2: place(chart.x?.kind ?? 'number', 'x1')}
    : {x: 'x'};
  const up = spanY ? {y1: place(chart.y.kind, 'y'), y2: place(chart.y.kind, 'y1')} : {y: 'y'};
  const columns = new Set(points.map((point) => point['x'])).size;
  const look = {fill: color, inset: width / Math.max(1, columns) < 8 ? 0 : 0.5, ...facets};
  const names = spanX ? [] : bands(points, 'x');
  const rows = spanY ? [] : bands(points, 'y');
  const margin =
    Math.min(Math.ceil(Math.max(0, ...rows.map((row) => textWidth(String(row))))), Math.floor(width * 0.36)) + 14;
  const tiles =
    spanX && spanY
      ? plot.rect(points, {...across, ...up, ...look})
      : spanX
        ? plot.barX(points, {...across, ...up, ...look})
        : spanY
          ? plot.barY(points, {...across, ...up, ...look})
          : plot.cell(points, {...across, ...up, ...look});
  return {
    marks: [tiles],
    tip: {pointer: 'xy', ...(spanX ? {} : {x: 'x'}), ...(spanY ? {} : {y: 'y'})},
    options: {
      x: {
        grid: false,
        ...(spanX
          ? {}
          : {
              type: 'band' as const,
              padding: 0,
              ...categoryAxis(names, (width - 60) / Math.max(1, names.length), chart.x?.label ?? ''),
            }),
      },
      y: {
        grid: false,
        ...(spanY ? {} : {type: 'band' as const, padding: 0, ...rowAxis(rows, margin - 8, chart.y.label)}),
      },
      ...(spanY
        ? {}
        : {marginLeft: Math.max(40, margin), height: Math.max(160, rows.length * (rows.length > 16 ? 16 : 26) + 60)}),
    },
  };
}
