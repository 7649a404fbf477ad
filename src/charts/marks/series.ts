import type {Problem} from '../../lib/problem.ts';
import {count} from '../../lib/text.ts';
import {id, join, lit, sql, type Sql} from '../../sql/sql.ts';
import {
  asNumber,
  buckets,
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
  isContinuous,
  isMeasure,
  needs,
  seriesColor,
  seriesName,
  spanInWords,
  unfit,
  type Encoding,
} from '../mark.ts';
import {channel, mostColors, mostPoints, type Channel, type Facts, type ReducedChart} from '../reduced.ts';
import {invariant} from '../../lib/invariant.ts';

/** Below this, each reading is drawn as it is. */
const fewRows = 5000;
const mostSpans = 1000;

/** What line and area need: time or a number on x, numbers on y. */
export function checkSeries({spec, x, y}: Encoding): readonly Problem[] {
  const {mark} = spec;
  const found: Problem[] = [];
  if (x === undefined) found.push(needs(mark, 'x', 'a time or a number', 'Name a column such as timestamp in x.'));
  else if (!isContinuous(x))
    found.push(
      unfit(mark, 'x', x, 'a time or a number', `Use mark: bar, or cast ${x.name} to a time or a number first.`),
    );
  if (y.length === 0 && spec.aggregate !== 'count')
    found.push(needs(mark, 'y', 'a number', 'Name one or more number columns in y, or set aggregate: count.'));
  for (const column of y)
    if (!isMeasure(column) && spec.aggregate !== 'count')
      found.push(
        unfit(mark, 'y', column, 'a number', `Cast ${column.name} to a number first, or set aggregate: count.`),
      );
  return found;
}

const yNames = (encoding: Encoding): readonly string[] =>
  encoding.y.length === 0 ? ['y0'] : encoding.y.map((_, i) => `y${i}`);

/**
 * Without an aggregate, each of about 1,000 spans of x keeps its first, lowest, highest and last reading: the picture is then the
 * one that all readings would draw (M4, Jugel et al. 2014). With one, it is taken per x, or per round span when x has many values.
 */
export function reduceSeries(encoding: Encoding): ReducedChart {
  const {spec, relation, x, y, color, facet} = encoding;
  invariant(x !== undefined, 'checkSeries found x');
  const names = yNames(encoding);
  const some = join(
    names.map((name) => sql`${id(name)} IS NOT NULL`),
    ' OR ',
  );
  const used = sql`x IS NOT NULL AND (${some})`;
  const colors = Math.max(1, Math.floor(mostColors / names.length));
  const shared: readonly Cte[] = [
    sourceCte(relation, [
      {name: 'x', sql: asNumber(x)},
      ...names.map((name, i) => {
        const column = y[i];
        return {
          name,
          sql:
            column === undefined
              ? sql`1`
              : isMeasure(column)
                ? asNumber(column)
                : sql`CASE WHEN ${id(column.name)} IS NOT NULL THEN 1 END`,
        };
      }),
      ...groupColumns({color, facet}),
    ]),
    extentCte(used, 'x'),
    // A row without any y stays: it is the gap in the line.
    ...groupCtes({color, facet}, ['x', ...names], sql`x IS NOT NULL`, colors),
  ];
  const reduced = spec.aggregate === undefined ? spansOf(encoding, names) : aggregated(encoding, names, spec.aggregate);
  const label = seriesName(y);
  return {
    sql: withCtes([...shared, ...reduced.ctes], factsAndPoints(reduced.facts, sql`facet, color, x`)),
    spec,
    x: channel(x),
    y: {
      name: label,
      label: spec.aggregate === undefined ? label : y.length === 0 ? 'rows' : `${spec.aggregate} ${label}`,
      kind: 'number',
    },
    color: colorChannel(encoding),
    facet: facet === undefined ? undefined : {...channel(facet), kind: 'category'},
  };
}

/** With several y columns their names are the colours. */
export const colorChannel = ({color, y}: Encoding): Channel | undefined => {
  if (y.length > 1) return {name: color?.name ?? '', label: color?.name ?? '', kind: 'category'};
  return color === undefined ? undefined : {...channel(color), kind: 'category'};
};

interface Reduced {
  readonly ctes: readonly Cte[];
  readonly facts: {readonly step?: Sql; readonly from?: Sql};
}

function spansOf(encoding: Encoding, names: readonly string[]): Reduced {
  const reading = (name: string): Sql => {
    const y = id(name);
    return sql`[{x: coalesce(min(x) FILTER (WHERE ${y} IS NOT NULL), min(x)), y: arg_min(${y}, x)}, {x: coalesce(arg_min(x, ${y}), min(x)), y: min(${y})}, {x: coalesce(arg_max(x, ${y}), min(x)), y: max(${y})}, {x: coalesce(max(x) FILTER (WHERE ${y} IS NOT NULL), min(x)), y: arg_max(${y}, x)}] AS ${y}`;
  };
  const few = Math.min(fewRows, Math.floor(mostPoints / names.length));
  const perGroup = Math.floor(mostPoints / (4 * names.length));
  const groups = sql`greatest(1, least(coalesce(color_values, 1), 13)) * greatest(1, least(coalesce(facet_values, 1), 9))`;
  return {
    ctes: [
      {
        name: 'spans',
        sql: sql`SELECT CASE WHEN total > ${lit(few)} THEN (hi - lo) / least(${lit(mostSpans)}, floor(${lit(perGroup)} / (${groups}))) END AS width FROM extent, groups`,
      },
      {
        name: 'readings',
        sql: sql`SELECT facet, color, ${join(names.map(reading))} FROM rows, spans, extent GROUP BY facet, color, CASE WHEN spans.width > 0 THEN floor((x - lo) / spans.width) ELSE x END`,
      },
      {
        name: 'points',
        sql: join(
          names.map((name, i) => {
            const column = encoding.y[i];
            const series = column === undefined ? sql`color` : seriesColor(encoding, column);
            return sql`SELECT DISTINCT facet, ${series} AS color, reading.x AS x, reading.y AS y FROM (SELECT facet, color, unnest(${id(name)}) AS reading FROM readings)`;
          }),
          '\nUNION ALL ',
        ),
      },
    ],
    facts: {step: sql`spans.width`, from: sql` CROSS JOIN spans`},
  };
}

function aggregated(
  encoding: Encoding,
  names: readonly string[],
  how: NonNullable<Encoding['spec']['aggregate']>,
): Reduced {
  const {x} = encoding;
  invariant(x !== undefined, 'checkSeries found x');
  const bucket = buckets({
    axis: 'x',
    extent: 'extent',
    column: x,
    about: sql`400`,
    exactUpTo: Math.floor(mostSpans / names.length),
  });
  return {
    ctes: [
      ...bucket.ctes,
      {
        name: 'readings',
        sql: sql`SELECT facet, color, ${bucket.start} AS x, ${join(names.map((name) => sql`${aggregate(how, id(name))} AS ${id(name)}`))} FROM rows, extent, ${id(bucket.name)} GROUP BY ALL`,
      },
      {
        name: 'points',
        sql: join(
          names.map((name, i) => {
            const column = encoding.y[i];
            return sql`SELECT facet, ${column === undefined ? sql`color` : seriesColor(encoding, column)} AS color, x, ${id(name)} AS y FROM readings`;
          }),
          '\nUNION ALL ',
        ),
      },
    ],
    facts: {step: bucket.step, from: sql` CROSS JOIN ${id(bucket.name)}`},
  };
}

export function seriesSentence(chart: ReducedChart, facts: Facts): string | undefined {
  if (facts.step === null || facts.step === 0 || chart.x === undefined) return undefined;
  const kind = chart.x.kind === 'time' ? 'time' : 'number';
  if (chart.spec.aggregate !== undefined)
    return `One point for each ${spanInWords(facts.step, kind)}${kind === 'time' ? '' : ` of ${chart.x.name}`}.`;
  return `${count(facts.total)} rows, drawn by the first, lowest, highest and last reading of each short stretch.`;
}
