import type {FigureTile, FigureValue, Tile} from '../../notebook/dashboard.ts';
import type {QuickRange} from '../../notebook/dashboard-choice.ts';

export const valueWords: Readonly<Record<FigureValue, string>> = {
  count: 'Number of rows',
  last: 'Last value',
  avg: 'Average',
  min: 'Smallest',
  max: 'Largest',
  sum: 'Sum',
  distinct: 'Different values',
};

export const rangeWords: Readonly<Record<QuickRange, string>> = {'1h': 'Last hour', '24h': '24 hours', '7d': '7 days'};

const figureTitle = ({cell, value, column}: FigureTile): string =>
  column === undefined
    ? `Rows of ${cell}`
    : value === 'count'
      ? `Values of ${column}`
      : value === 'distinct'
        ? `Different ${column}`
        : `${valueWords[value]} ${column}`;

/** What stands above a tile that has no title of its own. */
export const titleOf = (tile: Tile, chartTitle: unknown): string =>
  tile.title ??
  (tile.show === 'figure'
    ? figureTitle(tile)
    : typeof chartTitle === 'string' && chartTitle !== ''
      ? chartTitle
      : tile.cell);

const day = new Intl.DateTimeFormat('en-GB', {day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC'});
const clock = new Intl.DateTimeFormat('en-GB', {hour: '2-digit', minute: '2-digit', timeZone: 'UTC'});

/** `1 Feb 2024, 00:00 – 7 Feb 2024, 23:50`, both in microseconds since 1970. */
export function spanInText({from, to}: {readonly from: number; readonly to: number}): string {
  const [a, b] = [new Date(from / 1000), new Date(to / 1000)];
  const [start, end] = [`${day.format(a)}, ${clock.format(a)}`, `${day.format(b)}, ${clock.format(b)}`];
  return day.format(a) === day.format(b) ? `${start} – ${clock.format(b)}` : `${start} – ${end}`;
}

/** What a datetime-local input holds. */
export const inputText = (us: number): string => new Date(us / 1000).toISOString().slice(0, 19);
export function inputTime(text: string): number | undefined {
  const ms = Date.parse(`${text}Z`);
  return Number.isNaN(ms) ? undefined : ms * 1000;
}

/** How bad an alert is, by the word its row says it with. */
export function severityOf(value: unknown): 'bad' | 'warn' | 'good' | undefined {
  if (typeof value !== 'string') return undefined;
  const word = value.toLowerCase();
  if (['critical', 'error', 'fatal', 'high', 'failed', 'alarm'].includes(word)) return 'bad';
  if (['warning', 'warn', 'medium', 'degraded'].includes(word)) return 'warn';
  return ['normal', 'ok', 'info', 'low', 'passed'].includes(word) ? 'good' : undefined;
}
