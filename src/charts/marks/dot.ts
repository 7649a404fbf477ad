import {invariant} from '../../lib/invariant.ts';
import {count} from '../../lib/text.ts';
import {double, id, join, lit, sql} from '../../sql/sql.ts';
import {isNumber} from '../../sql/types.ts';
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
import {needs, place, seriesColor, seriesName, unfit, type MarkKind} from '../mark.ts';
import {channel, kindOf, mostColors} from '../reduced.ts';
import {colorChannel} from './series.ts';

const mostDots = 12_000;

export const dot: MarkKind = {
  mark: 'dot',

  check({spec, x, y}) {
    const kinds = new Set(y.map((column) => kindOf(column.type)));
    return [
      ...(x === undefined ? [needs(spec.mark, 'x', 'a column', 'Name one in x.')] : []),
      ...(y.length === 0 ? [needs(spec.mark, 'y', 'a column', 'Name one in y.')] : []),
      ...(kinds.size > 1 && y[1] !== undefined
        ? [unfit(spec.mark, 'y', y[1], 'columns of one kind', 'Put only numbers in y, or one column.')]
        : []),
    ];
  },

  /** Rows are taken by a hash of their place, so the sample is the same each time and follows no pattern in the rows. */
  reduce(encoding) {
    const {spec, relation, x, y, color, facet} = encoding;
    invariant(x !== undefined, 'check found x');
    const shade = color !== undefined && isNumber(color.type) && y.length === 1 ? color : undefined;
    const grouping = {color: shade === undefined ? color : undefined, facet};
    const names = y.map((_, i) => `y${i}`);
    const used = sql`x IS NOT NULL AND (${join(
      names.map((name) => sql`${id(name)} IS NOT NULL`),
      ' OR ',
    )})`;
    const columns = ['row', 'x', ...names, ...(shade === undefined ? [] : ['shade'])];
    const most = Math.floor(mostDots / names.length);
    const points = join(
      names.map((name, i) => {
        const column = y[i];
        const series =
          shade !== undefined ? sql`shade` : column === undefined ? sql`color` : seriesColor(encoding, column);
        return sql`SELECT facet, ${series} AS color, x, ${id(name)} AS y FROM sample WHERE ${id(name)} IS NOT NULL`;
      }),
      '\nUNION ALL ',
    );
    return {
      sql: withCtes(
        [
          sourceCte(relation, [
            {name: 'row', sql: sql`row_number() OVER ()`},
            {name: 'x', sql: asPlace(x)},
            ...y.map((column, i) => ({name: `y${i}`, sql: asPlace(column)})),
            ...(shade === undefined ? [] : [{name: 'shade', sql: asNumber(shade)}]),
            ...groupColumns(grouping),
          ]),
          extentCte(used, undefined),
          ...groupCtes(grouping, columns, used, Math.max(1, Math.floor(mostColors / names.length))),
          {
            name: 'sample',
            sql: sql`SELECT rows.* FROM rows, extent WHERE extent.used <= ${lit(most)} OR hash(rows.row) % 1000000 < ${double(most * 960_000)} / extent.used LIMIT ${lit(most)}`,
          },
          {name: 'points', sql: points},
        ],
        factsAndPoints({}, sql`facet, color, x, y`),
      ),
      spec,
      x: channel(x),
      y: {name: seriesName(y), label: seriesName(y), kind: y[0] === undefined ? 'number' : kindOf(y[0].type)},
      color: shade === undefined ? colorChannel(encoding) : channel(shade),
      facet: facet === undefined ? undefined : {...channel(facet), kind: 'category'},
    };
  },

  draw({plot, chart, points, color, facets, width}) {
    const crowded = points.length > 400;
    const names = chart.x?.kind === 'category' ? bandsOf(points, 'x') : [];
    const rows = chart.y.kind === 'category' ? bandsOf(points, 'y') : [];
    const margin = Math.min(Math.ceil(Math.max(0, ...rows.map(textWidth))), Math.floor(width * 0.36)) + 14;
    return {
      marks: [
        plot.dot(points, {
          x: place(chart.x?.kind ?? 'number', 'x'),
          y: place(chart.y.kind, 'y'),
          ...(crowded
            ? {fill: color, fillOpacity: 0.55, r: points.length > 2000 ? 1.8 : 2.2}
            : {stroke: color, strokeWidth: 1.5, r: 3}),
          ...facets,
        }),
      ],
      tip: {pointer: 'xy'},
      options: {
        ...(names.length === 0
          ? {}
          : {x: {type: 'point' as const, ...categoryAxis(names, (width - 60) / names.length, chart.x?.label ?? '')}}),
        ...(rows.length === 0
          ? {}
          : {
              marginLeft: margin,
              height: rows.length * 22 + 56,
              y: {type: 'point' as const, ...rowAxis(rows, margin - 8, '')},
            }),
      },
    };
  },

  sentence(_chart, facts, points) {
    return facts.used > mostDots && points < facts.used
      ? `A sample of ${count(points)} of ${count(facts.used)} rows.`
      : undefined;
  },
};
