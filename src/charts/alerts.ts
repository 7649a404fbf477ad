import type * as Plot from '@observablehq/plot';
import type {Problem} from '../lib/problem.ts';
import {count, plural} from '../lib/text.ts';
import {id, join, lit, sql, type Sql} from '../sql/sql.ts';
import {isNumber, isTime, type Column} from '../sql/types.ts';
import {asNumber, withCtes} from './fragments.ts';
import {isMeasure, type Encoding, type FacetChannels} from './mark.ts';
import {otherColor, tipLook} from './palette.ts';
import type {ChartRow, ReducedChart} from './reduced.ts';

/** The table whose rows a chart marks: what an `alerts` cell gives, or any with `timestamp` and `severity`. */
export interface AlertsTable {
  readonly columns: readonly Column[];
  readonly relation: Sql;
}

/** Most alerts that are drawn. */
export const mostAlerts = 300;

const marked: readonly string[] = ['line', 'area', 'bar', 'dot'];

export const columnOf = (name: string, columns: readonly Column[]): Column | undefined =>
  columns.find((column) => column.name === name) ?? columns.find((column) => column.name.toLowerCase() === name);

/** Why alerts can't be marked on a chart; empty when they can. */
export function checkAlerts({spec, x, y}: Encoding, table: AlertsTable | undefined): readonly Problem[] {
  const problem = (message: string, hint: string): Problem => ({
    code: 'CHART_ALERTS',
    message,
    hint,
    where: {param: 'alerts'},
  });
  if (!marked.includes(spec.mark) || x === undefined || !isTime(x.type)) {
    const found = marked.includes(spec.mark)
      ? x === undefined
        ? 'this one has no x'
        : `${x.name} is ${x.type}`
      : `this one is a ${spec.mark}`;
    return [
      problem(
        `Alerts are marked on a line, area, bar or dot chart whose x is a time, and ${found}.`,
        'Put a time on x, or take alerts out.',
      ),
    ];
  }
  if (y.length === 0 || spec.aggregate === 'count' || !y.every(isMeasure))
    return [
      problem(
        'Alerts are marked at their values, so y has to be what was measured.',
        'Name a number column in y, and no count, or take alerts out.',
      ),
    ];
  if (table === undefined) return [];
  const name = spec.alerts ?? 'alerts';
  const time = columnOf('timestamp', table.columns);
  if (time === undefined || !isTime(time.type))
    return [
      problem(
        time === undefined
          ? `${name} has no column timestamp.`
          : `timestamp of ${name} is ${time.type}, which is no time.`,
        'Name an alerts cell, or a table with timestamp and severity.',
      ),
    ];
  if (columnOf('severity', table.columns) === undefined)
    return [problem(`${name} has no column severity.`, 'Name an alerts cell, or a table with timestamp and severity.')];
  return [];
}

/** When an alert was raised, began and was cleared, as SQL; NULL in `cleared` while it is open. */
export function timesOf(columns: readonly Column[]): {readonly at: Sql; readonly since: Sql; readonly cleared: Sql} {
  const time = (name: string): Sql | undefined => {
    const column = columnOf(name, columns);
    return column !== undefined && isTime(column.type) ? asNumber(column) : undefined;
  };
  const at = time('timestamp') ?? sql`NULL::DOUBLE`;
  const since = time('since');
  // Without a column that tells the end, an alert is a moment.
  return {at, since: since === undefined ? at : sql`coalesce(${since}, ${at})`, cleared: time('cleared_at') ?? at};
}

/**
 * A chart's rows, and behind them those of its alerts: of a metric that it draws, within its times, and of a sensor that is one of its
 * colours or facets where it has any; the most severe and the latest first, 300 at most. `alerts` and `critical` count all of them.
 */
export function withAlerts(
  chart: ReducedChart,
  {spec, color, facet, y}: Encoding,
  {columns, relation}: AlertsTable,
): ReducedChart {
  const text = (name: string): Sql => {
    const column = columnOf(name, columns);
    return column === undefined ? sql`NULL::VARCHAR` : sql`${id(column.name)}::VARCHAR`;
  };
  const {at, since, cleared} = timesOf(columns);
  const value = columnOf('value', columns);
  const metric = sql`lower(${text('metric')})`;
  const metrics = join(
    // What was aggregated is called metric_avg.
    y.map(
      ({name}) =>
        sql`${metric} = ${lit(name.toLowerCase())} OR starts_with(${lit(name.toLowerCase())}, ${metric} || '_')`,
    ),
    ' OR ',
  );
  const named = columnOf('sensor', columns) !== undefined;
  const groups = [
    ...(color === undefined || (spec.mark === 'dot' && isNumber(color.type))
      ? []
      : [y.length > 1 ? sql`starts_with(places.color, spells.sensor || ' · ')` : sql`places.color = spells.sensor`]),
    ...(facet === undefined ? [] : [sql`places.facet = spells.sensor`]),
  ];
  const belongs = named && groups.length > 0 ? sql`spells.sensor IS NULL OR ${join(groups, ' OR ')}` : sql`true`;
  return {
    ...chart,
    sql: sql`${withCtes(
      [
        {name: 'chart', sql: chart.sql},
        {
          name: 'limits',
          sql: sql`SELECT min(x) AS lo, max(${spec.mark === 'bar' ? sql`coalesce(x1, x)` : sql`x`}) AS hi, max(y) AS top, (hi - lo) / 20 AS margin FROM chart`,
        },
        {name: 'places', sql: sql`SELECT DISTINCT facet, color FROM chart`},
        {
          name: 'spells',
          sql: sql`SELECT row_number() OVER () AS spell, ${at} AS raised, ${since} AS since, ${cleared} AS cleared, ${text('sensor')} AS sensor, ${text('metric')} AS metric, lower(${text('severity')}) AS severity, ${value !== undefined && isNumber(value.type) ? asNumber(value) : sql`NULL::DOUBLE`} AS value FROM ${relation}${columnOf('metric', columns) === undefined ? sql`` : sql` WHERE ${metrics}`}`,
        },
        {name: 'belonging', sql: sql`SELECT DISTINCT spell, places.facet FROM spells JOIN places ON ${belongs}`},
        {
          name: 'ranked',
          sql: sql`SELECT spells.*, row_number() OVER (ORDER BY CASE severity WHEN 'critical' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END, raised DESC, sensor, metric, spell) AS alert, count(*) OVER () AS alerts, count(*) FILTER (severity = 'critical') OVER () AS critical
FROM spells SEMI JOIN belonging ON spells.spell = belonging.spell CROSS JOIN limits WHERE raised IS NOT NULL AND since <= hi + margin AND coalesce(cleared, hi) >= lo - margin`,
        },
      ],
      // An alert that began before the chart has a band without a mark.
      sql`FROM chart UNION ALL BY NAME SELECT alert::DOUBLE AS alert, alerts::DOUBLE AS alerts, critical::DOUBLE AS critical, facet, CASE WHEN raised BETWEEN lo - margin AND hi + margin THEN raised END AS x, coalesce(value, top) AS y, value, raised, since, cleared, greatest(since, lo - margin) AS band, least(coalesce(cleared, greatest(hi, raised)), hi + margin) AS band1, sensor, metric, severity
FROM ranked JOIN belonging ON ranked.spell = belonging.spell CROSS JOIN limits WHERE alert <= ${lit(mostAlerts)}`,
    )}
ORDER BY alert NULLS FIRST, facet, color, x, y`,
  };
}

/** How many alerts are marked, as a sentence. */
export function alertsInWords(alerts: readonly ChartRow[]): string {
  const [first] = alerts;
  if (first === undefined) return 'No alert belongs here.';
  const [all, critical] = [Number(first['alerts']), Number(first['critical'])];
  const drawn = new Set(alerts.map((alert) => alert['alert'])).size;
  const counted = `${plural(all, 'alert')}${critical > 0 ? `, ${count(critical)} critical` : ''}`;
  return drawn < all ? `${counted}: the ${count(drawn)} most severe and latest are marked.` : `${counted}.`;
}

const looks = [
  {is: (severity: unknown) => severity === 'critical', paint: 'var(--bad, #b42318)', symbol: 'triangle'},
  {is: (severity: unknown) => severity === 'warning', paint: 'var(--warn, #b54708)', symbol: 'diamond'},
  {is: (severity: unknown) => severity !== 'critical' && severity !== 'warning', paint: otherColor, symbol: 'circle'},
] as const;

/** A time of a column as Plot takes it. */
const date =
  (name: string) =>
  (row: ChartRow): Date | null =>
    typeof row[name] === 'number' ? new Date(row[name]) : null;

/** Bands behind the chart's own marks, and symbols with a tip before them, in the colour of their severity. */
export function drawAlerts(
  plot: typeof Plot,
  alerts: readonly ChartRow[],
  facets: FacetChannels,
  tell: {readonly figure: (value: number) => string; readonly moment: (time: Date) => string},
): {
  readonly behind: readonly Plot.Markish[];
  readonly before: readonly Plot.Markish[];
  readonly tips: readonly Plot.Markish[];
} {
  if (alerts.length === 0) return {behind: [], before: [], tips: []};
  const groups = looks
    .map((look) => ({...look, rows: alerts.filter(({severity}) => look.is(severity))}))
    .filter(({rows}) => rows.length > 0);
  const place = {x: date('x'), y: 'y', ...facets};
  const said = (row: ChartRow, name: string): string =>
    typeof row[name] === 'number' ? tell.moment(new Date(row[name])) : '';
  const story = (row: ChartRow): string => {
    const {severity, sensor, metric, value} = row;
    return [
      `${severity ?? 'alert'}  ${said(row, 'raised')}`,
      ...(sensor === null ? [] : [`sensor  ${sensor}`]),
      ...(metric === null
        ? []
        : [
            metric === undefined ? '' : typeof value === 'number' ? `${metric}  ${tell.figure(value)}` : String(metric),
          ]),
      `since  ${said(row, 'since')}`,
      row['cleared'] === null ? 'still open' : `cleared at  ${said(row, 'cleared')}`,
    ].join('\n');
  };
  return {
    behind: groups.map(({rows, paint}) =>
      plot.rectX(rows, {
        x1: date('band'),
        x2: date('band1'),
        fill: paint,
        fillOpacity: 0.09,
        ...facets,
        className: 'alert-band',
      }),
    ),
    // The most severe lie on top.
    before: groups.toReversed().map(({rows, paint, symbol}) =>
      plot.dot(rows, {
        ...place,
        symbol,
        r: 5,
        fill: paint,
        stroke: 'var(--surface, white)',
        strokeWidth: 1,
        className: 'alert-mark',
      }),
    ),
    tips: [
      plot.tip(alerts, plot.pointer({...place, ...tipLook, title: story, maxRadius: 14, preferredAnchor: 'bottom'})),
    ],
  };
}
