import {invariant} from '../../lib/invariant.ts';
import {id, lit, sql} from '../../sql/sql.ts';
import {
  asNumber,
  buckets,
  extentCte,
  factsAndPoints,
  groupColumns,
  groupCtes,
  sourceCte,
  withCtes,
} from '../fragments.ts';
import {bandsOf} from '../axes.ts';
import {isContinuous, middle, needs, place, spanInWords, unfit, stackOrder, type MarkKind} from '../mark.ts';
import {channel} from '../reduced.ts';

export const histogram: MarkKind = {
  mark: 'histogram',

  check({spec, x, y}) {
    return [
      ...(x === undefined ? [needs(spec.mark, 'x', 'a number or a time', 'Name the column to count in x.')] : []),
      ...(x !== undefined && !isContinuous(x)
        ? [unfit(spec.mark, 'x', x, 'a number or a time', 'Use mark: bar to count texts.')]
        : []),
      ...(y[0] === undefined
        ? []
        : [unfit(spec.mark, 'y', y[0], 'nothing', 'A histogram counts rows: take y out, or use mark: bar.')]),
    ];
  },

  /** As many bins as Rice's rule says for the rows, 8 to 40, unless the spec names a number; edges are round. */
  reduce({spec, relation, x, color, facet}) {
    invariant(x !== undefined, 'check found x');
    const used = sql`x IS NOT NULL`;
    const about =
      spec.bins === undefined ? sql`(SELECT greatest(8, least(40, ceil(2 * cbrt(used)))) FROM extent)` : lit(spec.bins);
    const bucket = buckets({axis: 'x', extent: 'extent', column: x, about, keepPace: spec.bins === undefined});
    return {
      sql: withCtes(
        [
          sourceCte(relation, [{name: 'x', sql: asNumber(x)}, ...groupColumns({color, facet})]),
          extentCte(used, 'x'),
          ...groupCtes({color, facet}, ['x'], used),
          ...bucket.ctes,
          {
            name: 'bins',
            sql: sql`SELECT facet, color, ${bucket.start} AS x, count(*)::DOUBLE AS y FROM rows, ${id(bucket.name)} GROUP BY ALL`,
          },
          {
            name: 'points',
            sql: sql`SELECT facet, color, x, ${bucket.end(sql`x`)} AS x1, y FROM bins, ${id(bucket.name)}`,
          },
        ],
        factsAndPoints({step: bucket.step, from: sql` CROSS JOIN ${id(bucket.name)}`}, sql`facet, x, color`),
      ),
      spec,
      x: channel(x),
      y: {name: '', label: 'rows', kind: 'number'},
      color: color === undefined ? undefined : {...channel(color), kind: 'category'},
      facet: facet === undefined ? undefined : {...channel(facet), kind: 'category'},
    };
  },

  draw({plot, chart, points, color, facets}) {
    const kind = chart.x?.kind ?? 'number';
    return {
      marks: [
        plot.rectY(points, {
          x1: place(kind, 'x'),
          x2: place(kind, 'x1'),
          y: 'y',
          fill: color,
          ...stackOrder(bandsOf(points, 'color')),
          insetLeft: 0.5,
          insetRight: 0.5,
          ...facets,
        }),
        plot.ruleY([0], {stroke: 'currentColor', strokeOpacity: 0.4}),
      ],
      tip: plot.stackY({x: middle('x', kind), y: 'y', ...stackOrder(bandsOf(points, 'color'))}),
    };
  },

  sentence(chart, facts) {
    if (chart.x === undefined || facts.step === null) return undefined;
    return `Bins of ${chart.x.kind === 'time' ? `one ${spanInWords(facts.step, 'time')}`.replace(/^one (?=\d)/, '') : spanInWords(facts.step, 'number')}.`;
  },
};
