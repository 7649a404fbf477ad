import {isNumber, isText, isTime, type Column} from '../sql/types.ts';
import {mostColors} from './reduced.ts';
import type {ChartSpec} from './spec.ts';

const empty: ChartSpec = {
  mark: 'histogram',
  x: undefined,
  y: [],
  color: undefined,
  facet: undefined,
  aggregate: undefined,
  bins: undefined,
  title: undefined,
  alerts: undefined,
};

/** A number that names or counts rather than measures. */
const isKey = (name: string): boolean =>
  /(^|_)(id|key|index|row|rank|year|month|day|hour|minute|cluster|epoch|count|n)$/i.test(name) ||
  /^column\d+$/.test(name);

/**
 * The chart that shows a table best by its columns' types alone, undefined when none would. `distinct` (about how many values each
 * column has), once known, keeps a column with very many values from becoming the colour.
 */
export function suggestChart(
  columns: readonly Column[],
  distinct: Readonly<Record<string, number>> = {},
): ChartSpec | undefined {
  const few = (column: Column, most: number): boolean => (distinct[column.name] ?? 0) <= most;
  const time = columns.find((column) => isTime(column.type));
  const numbers = columns.filter((column) => isNumber(column.type));
  const measures = numbers.filter((column) => !isKey(column.name));
  const texts = columns.filter((column) => isText(column.type) || column.type.startsWith('ENUM'));
  const [first, second] = measures;
  const cluster = columns.find((column) => column.name === 'cluster' && isNumber(column.type));

  if (cluster !== undefined && first !== undefined && second !== undefined)
    return {...empty, mark: 'dot', x: first.name, y: [second.name], color: cluster.name};
  if (time !== undefined && first !== undefined)
    return {
      ...empty,
      mark: 'line',
      x: time.name,
      y: [first.name],
      color: texts.find((column) => few(column, mostColors))?.name,
    };
  const group = texts.find((column) => few(column, 50));
  if (group !== undefined && first !== undefined) return {...empty, mark: 'bar', x: group.name, y: [first.name]};
  if (first !== undefined && second !== undefined) return {...empty, mark: 'dot', x: first.name, y: [second.name]};
  const number = first ?? numbers[0];
  if (group !== undefined && number !== undefined && isKey(number.name) && /count|(^|_)n$/i.test(number.name))
    return {...empty, mark: 'bar', x: group.name, y: [number.name]};
  if (number !== undefined) return {...empty, x: number.name};
  if (time !== undefined) return {...empty, x: time.name};
  const bars = group ?? columns.find((column) => column.type === 'BOOLEAN');
  return bars === undefined ? undefined : {...empty, mark: 'bar', x: bars.name};
}
