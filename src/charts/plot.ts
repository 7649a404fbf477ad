import type * as Plot from '@observablehq/plot';
import {count} from '../lib/text.ts';
import {alertsInWords, drawAlerts} from './alerts.ts';
import {bandsOf, textWidth, timeTick} from './axes.ts';
import {middle, type Canvas, type Drawing, type FacetChannels} from './mark.ts';
import {markKinds} from './marks/index.ts';
import {firstColor, otherColor, ramps, seriesColors, tipLook, type Theme} from './palette.ts';
import {noValue, other, readRows, type ChartRow, type Kind, type ReducedChart} from './reduced.ts';

export interface Look {
  /** In CSS pixels. */
  readonly width: number;
  readonly theme: Theme;
}

/** What the colours mean, for the page to draw in its own type. */
export type Legend =
  | {
      readonly kind: 'swatches';
      readonly label: string;
      readonly items: readonly {readonly label: string; readonly color: string}[];
    }
  | {
      readonly kind: 'ramp';
      readonly label: string;
      readonly colors: readonly string[];
      readonly from: string;
      readonly to: string;
    };

export interface Picture {
  readonly options: Plot.PlotOptions;
  readonly legend: Legend | undefined;
  /** False when there is nothing to draw. */
  readonly filled: boolean;
}

const compact = new Intl.NumberFormat('en', {notation: 'compact', maximumSignificantDigits: 4});
const plain = new Intl.NumberFormat('en', {maximumSignificantDigits: 6});

/** A number on an axis or a tip: `1,013.25`, `5M`, `1.2e-7`. */
export function figure(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e15)) return value.toExponential(3).replace(/\.?0+e/, 'e');
  return (size >= 1e6 ? compact : plain).format(value);
}

/** A time as the tables show it, in UTC, without a midnight. */
export const moment = (time: Date): string =>
  time
    .toISOString()
    .replace('T', ' ')
    .replace(/(:00)?\.000Z$|Z$/, '')
    .replace(/ 00:00$/, '');

const tell =
  (kind: Kind) =>
  (value: unknown): string => {
    if (value instanceof Date) return moment(value);
    if (typeof value === 'number') return kind === 'time' ? moment(new Date(value)) : figure(value);
    return String(value);
  };

interface Coloring {
  readonly color: Canvas['color'];
  readonly scale: Plot.ScaleOptions | undefined;
  readonly legend: Legend | undefined;
}

/** Few whole numbers are names (clusters, months); many are a scale. */
const namesOf = (colors: readonly unknown[]): readonly number[] | undefined => {
  const values = new Set(colors.filter((color) => typeof color === 'number'));
  return values.size <= 10 && [...values].every(Number.isInteger) ? [...values].sort((a, b) => a - b) : undefined;
};

/** The colour of each name: that of its place among those that were there before a filter, else one that no other name has. */
function paintsOf(names: readonly (string | number)[], before: readonly (string | number)[] = names): string[] {
  const places = new Map(before.map((name, i) => [name, i % seriesColors.length]));
  const taken = new Set(names.map((name) => places.get(name)));
  const free = seriesColors.filter((_, i) => !taken.has(i));
  return names.map((name) => {
    if (name === other || name === noValue) return otherColor;
    const place = places.get(name);
    return (place === undefined ? free.shift() : seriesColors[place]) ?? otherColor;
  });
}

function coloring(chart: ReducedChart, points: readonly ChartRow[], theme: Theme): Coloring {
  const label = chart.color?.label ?? '';
  if (chart.color === undefined) return {color: firstColor, scale: undefined, legend: undefined};
  const before = chart.colorsBefore ?? [];
  const numbers = (): readonly number[] | undefined =>
    chart.spec.mark === 'dot' ? namesOf([...before, ...points.map((point) => point['color'])]) : undefined;
  const names = chart.color.kind === 'number' ? numbers() : bandsOf(points, 'color');
  if (names !== undefined) {
    const range = paintsOf(names, chart.colorsBefore);
    return {
      color: (point) => (point['color'] === null ? noValue : point['color']),
      scale: {type: 'ordinal', domain: [...names], range, unknown: otherColor},
      legend: {
        kind: 'swatches',
        label,
        items: names.map((name, i) => ({label: String(name), color: range[i] ?? otherColor})),
      },
    };
  }
  const values = points.flatMap((point) => (typeof point['color'] === 'number' ? [point['color']] : []));
  const [from, to] = [
    values.reduce((a, b) => Math.min(a, b), Infinity),
    values.reduce((a, b) => Math.max(a, b), -Infinity),
  ];
  const colors = ramps[theme];
  return {
    color: 'color',
    scale: {
      type: 'linear',
      domain: from === to ? [from - 1, to] : [from, to],
      interpolate: piecewise(colors),
      unknown: otherColor,
    },
    legend:
      values.length === 0
        ? undefined
        : {
            kind: 'ramp',
            label,
            colors,
            from: figure(Number(from.toPrecision(4))),
            to: figure(Number(to.toPrecision(4))),
          },
  };
}

const channels = (color: string): readonly number[] => [1, 3, 5].map((i) => Number.parseInt(color.slice(i, i + 2), 16));

/** A ramp through all of its colours, t from 0 to 1. */
const piecewise =
  (colors: readonly string[]) =>
  (t: number): string => {
    const at = Math.min(Math.max(t, 0), 1) * (colors.length - 1);
    const [low, high] = [channels(colors[Math.floor(at)] ?? '#000000'), channels(colors[Math.ceil(at)] ?? '#000000')];
    return `rgb(${low.map((value, i) => Math.round(value + ((high[i] ?? value) - value) * (at % 1))).join(',')})`;
  };

interface Facets {
  readonly channels: FacetChannels;
  readonly marks: readonly Plot.Markish[];
  readonly rows: number;
  readonly options: Pick<Plot.PlotOptions, 'fx' | 'fy'>;
}

/** Small multiples wrap into rows; each carries its name in its corner. */
function faceted(
  plot: typeof Plot,
  chart: ReducedChart,
  points: readonly ChartRow[],
  width: number,
  usesFx: boolean,
): Facets {
  const names = bandsOf(points, 'facet');
  if (chart.facet === undefined || names.length === 0) return {channels: {}, marks: [], rows: 1, options: {}};
  const across = usesFx ? 1 : Math.min(names.length, width >= 640 ? 3 : width >= 320 ? 2 : 1);
  const index = (name: unknown): number => names.indexOf(String(name));
  const fx = (name: unknown): number => index(name) % across;
  const fy = (name: unknown): number => Math.floor(index(name) / across);
  const text = {
    text: (name: string) => name,
    frameAnchor: 'top-left' as const,
    dy: -13,
    fontWeight: 600,
    fill: 'currentColor',
    ...(usesFx ? {} : {fx: (name: string) => fx(name)}),
    fy: (name: string) => fy(name),
  };
  return {
    channels: {...(usesFx ? {} : {fx: (row: ChartRow) => fx(row['facet'])}), fy: (row: ChartRow) => fy(row['facet'])},
    marks: usesFx ? [plot.text(names, {...text, fx: () => points[0]?.['x']})] : [plot.text(names, text)],
    rows: Math.ceil(names.length / across),
    options: {...(usesFx ? {} : {fx: {axis: null, padding: 0.1}}), fy: {axis: null, padding: 0.22}},
  };
}

/** A few rows are counted in whole ones. */
function wholeTicks(chart: ReducedChart, points: readonly ChartRow[]): Plot.ScaleOptions {
  const most = points.reduce((max, point) => Math.max(max, Number(point['y'])), 0);
  return chart.y.label === 'rows' && most <= 5 ? {ticks: Array.from({length: most + 1}, (_, i) => i)} : {};
}

/** Room for the tick labels of a y axis, in pixels. */
function tickMargin(points: readonly ChartRow[], kind: Kind): number {
  if (kind !== 'number') return 64;
  const values = points.flatMap((point) =>
    ['y', 'y1', 'low', 'high'].flatMap((name) => (typeof point[name] === 'number' ? [point[name]] : [])),
  );
  const low = values.reduce((a, b) => Math.min(a, b), Infinity);
  const high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  if (low >= high) return 48;
  // Ticks are round fifths of the range, so they have as many decimals as those.
  const decimals = Math.max(0, Math.ceil(-Math.log10((high - low) / 5)));
  const widest = Math.max(
    ...[low, high].map((value) => textWidth(figure(Number(value.toFixed(Math.min(20, decimals)))))),
  );
  return Math.min(96, Math.max(36, Math.ceil(widest) + 18));
}

/** Observable Plot's options for a reduced chart's rows (plain objects). Text takes the page's fonts and colours; times are UTC. */
export function plotOptions(
  plot: typeof Plot,
  chart: ReducedChart,
  rows: readonly ChartRow[],
  {width, theme}: Look,
): Picture {
  const {facts, points, alerts} = readRows(rows);
  const {color, scale, legend} = coloring(chart, points, theme);
  const canvas = {plot, chart, points, facts, width, color};
  const kind = markKinds[chart.spec.mark];
  const usesFx = kind.draw({...canvas, facets: {}}).usesFx === true;
  const facets = faceted(plot, chart, points, width, usesFx);
  const drawing = kind.draw({...canvas, facets: facets.channels});
  const alarms = drawAlerts(plot, alerts, facets.channels, {figure, moment});
  const {x = {}, y = {}, fx, height, marginLeft, marginTop} = drawing.options ?? {};
  const single = Math.round(Math.min(400, Math.max(240, width * 0.42)));
  const axis = (channel: Kind, own: object): Plot.ScaleOptions =>
    channel === 'category'
      ? own
      : {
          ...(channel === 'time'
            ? {type: 'utc', tickFormat: timeTick as (value: Date, index: number) => string}
            : {tickFormat: (value: number) => figure(value)}),
          ...own,
        };
  return {
    filled: points.length > 0,
    legend,
    options: {
      width,
      height: height ?? (facets.rows === 1 ? single : facets.rows * 190 + 40),
      marginLeft: marginLeft ?? tickMargin(points, chart.y.kind),
      marginRight: 16,
      marginTop: Math.max(marginTop ?? 24, facets.marks.length > 0 ? 34 : 0),
      style: {
        fontFamily: 'var(--font-ui, system-ui, sans-serif)',
        fontSize: '11px',
        background: 'transparent',
        overflow: 'visible',
      },
      ariaLabel: chart.spec.title ?? describe(chart),
      ariaDescription: `${describe(chart)}, ${count(facts.used)} rows.${chart.spec.alerts === undefined ? '' : ` ${alertsInWords(alerts)}`}`,
      x: {label: chart.x?.label ?? null, ...axis(chart.x?.kind ?? 'category', x)},
      y: {
        label: chart.y.label,
        grid: true,
        tickSize: 0,
        nice: chart.y.kind === 'number',
        ...wholeTicks(chart, points),
        ...axis(chart.y.kind, y),
      },
      ...facets.options,
      ...(fx === undefined ? {} : {fx}),
      ...(scale === undefined ? {} : {color: scale}),
      marks: [
        ...alarms.behind,
        ...drawing.marks,
        ...alarms.before,
        ...facets.marks,
        // Of two tips at one place the chart's own is below.
        tip(canvas, facets.channels, {...(alerts.length > 0 ? {preferredAnchor: 'top'} : {}), ...drawing.tip}),
        ...alarms.tips,
      ],
    },
  };
}

/** A chart in words, for those who can't see it. */
function describe(chart: ReducedChart): string {
  const name =
    chart.spec.mark === 'heatmap'
      ? 'Heat map'
      : chart.spec.mark === 'dot'
        ? 'Scatter plot'
        : `${chart.spec.mark.charAt(0).toUpperCase()}${chart.spec.mark.slice(1)} chart`;
  const over = chart.x === undefined ? '' : ` by ${chart.x.name}`;
  return `${name} of ${chart.y.label}${over}${chart.color === undefined || chart.color.label === '' ? '' : `, coloured by ${chart.color.label}`}`;
}

/** What a point stands for, line by line. */
const story =
  (chart: ReducedChart) =>
  (point: ChartRow): string => {
    const {facet, color, x, y} = chart;
    const lines: string[] = [];
    const add = (label: string, name: string, kind: Kind): void => {
      const [from, to] = [point[name] ?? null, point[`${name}1`]];
      if (from !== null)
        lines.push(
          `${label === '' ? '' : `${label}  `}${tell(kind)(from)}${typeof to === 'number' ? ` – ${tell(kind)(to)}` : ''}`,
        );
    };
    if (facet !== undefined) add(facet.label, 'facet', 'category');
    if (x !== undefined) add(x.label, 'x', x.kind);
    const isSeries = chart.spec.y.length > 1 && typeof point['color'] === 'string';
    if (color !== undefined && color.name !== x?.name && !isSeries) add(color.label, 'color', color.kind);
    add(isSeries ? String(point['color']) : y.label, 'y', y.kind);
    if (chart.spec.mark === 'box' && point['y'] === null)
      for (const name of ['high', 'q3', 'median', 'q1', 'low', 'n']) add(name === 'n' ? 'rows' : name, name, 'number');
    return lines.join('\n');
  };

/** The nearest point's story, as the pointer moves. */
function tip(
  {plot, chart, points}: Omit<Canvas, 'facets'>,
  facets: FacetChannels,
  {pointer, ...own}: NonNullable<Drawing['tip']>,
): Plot.Markish {
  const places = {x: middle('x', chart.x?.kind ?? 'category'), y: middle('y', chart.y.kind), ...own};
  const look = {
    title: story(chart),
    ...tipLook,
    ...facets,
  };
  const near = {x: plot.pointerX, y: plot.pointerY, xy: plot.pointer}[pointer ?? 'x'];
  return plot.tip(points, near({...look, ...places}));
}
