import type {Sql} from '../sql/sql.ts';
import {isNumber, isTime, type Column} from '../sql/types.ts';
import type {ChartSpec} from './spec.ts';

/** How a channel is placed: on a number scale, a UTC time scale, or one band for each value. */
export type Kind = 'number' | 'time' | 'category';

export interface Channel {
  /** The column, or for several y columns their names joined. */
  readonly name: string;
  /** As an axis or legend says it, e.g. `avg temperature`. */
  readonly label: string;
  readonly kind: Kind;
}

/**
 * A chart's rows as one query. Its columns are DOUBLE or VARCHAR only: `total`, `used`, `step`, `color_values`, `facet_values` and
 * `x_values` say the same on every row (see `Facts`); the rest are the mark's own points. Times are milliseconds since 1970, UTC.
 * There is always one row at least; a chart without points has one whose `x` and `y` are NULL.
 */
export interface ReducedChart {
  readonly sql: Sql;
  readonly spec: ChartSpec;
  readonly x: Channel | undefined;
  readonly y: Channel;
  readonly color: Channel | undefined;
  /** The colours' values before a filter took rows out: what had a colour then keeps it. */
  readonly colorsBefore?: readonly (string | number)[] | undefined;
  readonly facet: Channel | undefined;
}

/** One row of a reduced chart as a plain object. */
export type ChartRow = Readonly<Record<string, number | string | null>>;

export interface Facts {
  /** Rows of the table. */
  readonly total: number;
  /** Rows with a value on every axis. */
  readonly used: number;
  /** How long one span, bucket or bin is (milliseconds on a time axis), null when x is taken as it is. */
  readonly step: number | null;
  /** How many different values the colour, facet and category columns have. */
  readonly colorValues: number | null;
  readonly facetValues: number | null;
  readonly xValues: number | null;
}

/** Most points a query may give to the page. */
export const mostPoints = 20_000;
export const mostColors = 12;
export const mostFacets = 9;
export const other = '(other)';
export const noValue = '(no value)';

export const kindOf = (type: string): Kind => (isNumber(type) ? 'number' : isTime(type) ? 'time' : 'category');
export const channel = (column: Column, label = column.name): Channel => ({
  name: column.name,
  label,
  kind: kindOf(column.type),
});

const number = (value: number | string | null | undefined): number | null => (typeof value === 'number' ? value : null);

const isAlert = ({alert}: ChartRow): boolean => typeof alert === 'number';

/** Splits a reduced chart's rows into what holds for all of them, the points, and the alerts marked on it. */
export function readRows(rows: readonly ChartRow[]): {
  readonly facts: Facts;
  readonly points: readonly ChartRow[];
  readonly alerts: readonly ChartRow[];
} {
  const first = rows[0];
  return {
    facts: {
      total: number(first?.['total']) ?? 0,
      used: number(first?.['used']) ?? 0,
      step: number(first?.['step']),
      colorValues: number(first?.['color_values']),
      facetValues: number(first?.['facet_values']),
      xValues: number(first?.['x_values']),
    },
    points: rows.filter((row) => !isAlert(row) && (row['x'] !== null || row['y'] !== null)),
    alerts: rows.filter(isAlert),
  };
}
