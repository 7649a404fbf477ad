import type * as Plot from '@observablehq/plot';
import type {Problem} from '../lib/problem.ts';
import {plural} from '../lib/text.ts';
import {isNumber, isTime, type Column} from '../sql/types.ts';
import {lit, sql, type Sql} from '../sql/sql.ts';
import type {ChartRow, Facts, ReducedChart} from './reduced.ts';
import type {ChartSpec, Mark} from './spec.ts';

/** A spec whose columns were found in the table. */
export interface Encoding {
  readonly spec: ChartSpec;
  readonly relation: Sql;
  readonly x: Column | undefined;
  readonly y: readonly Column[];
  readonly color: Column | undefined;
  readonly facet: Column | undefined;
}

/** What a mark draws on: `facets` puts a row into its small multiple, `color` is a paint or how to find it. */
export interface Canvas {
  readonly plot: typeof Plot;
  readonly chart: ReducedChart;
  readonly points: readonly ChartRow[];
  readonly facts: Facts;
  readonly width: number;
  readonly color: string | ((row: ChartRow) => unknown);
  readonly facets: FacetChannels;
}

export interface FacetChannels {
  readonly fx?: (row: ChartRow) => unknown;
  readonly fy?: (row: ChartRow) => unknown;
}

export interface Drawing {
  readonly marks: readonly Plot.Markish[];
  readonly options?: Pick<Plot.PlotOptions, 'x' | 'y' | 'fx' | 'height' | 'marginLeft' | 'marginTop'>;
  /** Bars side by side take `fx` for their own groups, so small multiples go below each other. */
  readonly usesFx?: boolean;
  /** Where the tip points, when not at the middle of a point's own x and y, and which axis it follows. */
  readonly tip?: Omit<Plot.TipOptions, 'title'> & {readonly pointer?: 'x' | 'y' | 'xy'};
}

/** One kind of chart: what it needs, how SQL reduces it, how Plot draws it. */
export interface MarkKind {
  readonly mark: Mark;
  check(encoding: Encoding): readonly Problem[];
  reduce(encoding: Encoding): ReducedChart;
  draw(canvas: Canvas): Drawing;
  /** How the points stand for the rows, as a sentence; undefined when each row is there. */
  sentence(chart: ReducedChart, facts: Facts, points: number): string | undefined;
}

/** What a mark can't be drawn without, as a Problem. */
export const needs = (mark: Mark, param: 'x' | 'y', what: string, hint: string): Problem => ({
  code: 'CHART_NEEDS_COLUMN',
  message: `A ${mark} chart needs ${what} on ${param}.`,
  where: {param},
  hint,
});

/** Says that a column can't stand where it was put. */
export const unfit = (mark: Mark, param: 'x' | 'y' | 'color', column: Column, what: string, hint: string): Problem => ({
  code: 'CHART_COLUMN_TYPE',
  message: `A ${mark} chart takes ${what} on ${param}, and ${column.name} is ${column.type}.`,
  where: {param, column: column.name},
  hint,
});

export const isMeasure = (column: Column): boolean => isNumber(column.type) || column.type === 'BOOLEAN';
export const isContinuous = (column: Column): boolean => isNumber(column.type) || isTime(column.type);

/** An aggregate of `value`; `count` counts the values there are. */
export const aggregate = (name: NonNullable<ChartSpec['aggregate']>, value: Sql): Sql =>
  ({
    avg: sql`avg(${value})`,
    sum: sql`sum(${value})`,
    min: sql`min(${value})`,
    max: sql`max(${value})`,
    median: sql`median(${value})`,
    count: sql`count(${value})::DOUBLE`,
  })[name];

export const seriesName = (columns: readonly Column[]): string => columns.map((column) => column.name).join(', ');

/** `color` of a point in long form: the y column, after the colour column's value when there is one. */
export const seriesColor = (encoding: Encoding, column: Column): Sql => {
  if (encoding.y.length < 2) return sql`color`;
  return encoding.color === undefined ? lit(column.name) : sql`color || ${lit(` · ${column.name}`)}`;
};

const units: readonly (readonly [number, string])[] = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
  [1000, 'second'],
  [1, 'millisecond'],
];
const calendar: Readonly<Record<number, string>> = {
  28: 'month',
  90: 'quarter',
  365: 'year',
  3652: '10 years',
  7: 'week',
};

/** A span on an axis in words: `15 minutes`, `month`, `0.5`. */
export function spanInWords(step: number, kind: 'time' | 'number'): string {
  if (kind === 'number') return String(Number(step.toPrecision(6)));
  const named = calendar[step / 86_400_000];
  if (named !== undefined) return named;
  const [width, word] = units.find(([size]) => step >= size) ?? [1, 'millisecond'];
  const n = Math.round(step / width);
  return n === 1 ? word : plural(n, word);
}

/** Reads a point's place: a Date on a time axis. */
export const place =
  (kind: ReducedChart['y']['kind'], name: string) =>
  (row: ChartRow): unknown => {
    const value = row[name];
    return kind === 'time' && typeof value === 'number' ? new Date(value) : value;
  };

/** The middle of a bucket, or the place itself. */
export const middle =
  (name: 'x' | 'y', kind: ReducedChart['y']['kind']) =>
  (row: ChartRow): unknown => {
    const [from, to] = [row[name], row[`${name}1`]];
    return typeof from === 'number' && typeof to === 'number'
      ? place(kind, 'at')({at: (from + to) / 2})
      : place(kind, name)(row);
  };

/** How the series of a stack lie on each other; a chart without colours has one. */
export const stackOrder = (series: readonly string[]): {z?: 'color'; order?: string[]} =>
  series.length === 0 ? {} : {z: 'color', order: [...series]};
