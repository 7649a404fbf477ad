import type {ScaleOptions} from '@observablehq/plot';
import {noValue, other, type ChartRow} from './reduced.ts';

const collator = new Intl.Collator('en', {numeric: true});

/** `S2` before `S10`; `(other)` and `(no value)` last. */
export const naturally = (a: string, b: string): number =>
  Number(a === other) - Number(b === other) || Number(a === noValue) - Number(b === noValue) || collator.compare(a, b);

/** The different values of a text channel, in reading order. */
export const bandsOf = (points: readonly ChartRow[], name: string): string[] =>
  [...new Set(points.flatMap((point) => (typeof point[name] === 'string' ? [point[name]] : [])))].sort(naturally);

/** About how wide a label is in pixels, at the axis' 11px. */
export const textWidth = (text: string): number => text.length * 6.4;

const shorten = (text: string, width: number): string => {
  const room = Math.max(3, Math.floor(width / 6.4));
  return text.length <= room ? text : `${text.slice(0, room - 1)}…`;
};

/** A band axis whose labels fit: shortened first, then only each n-th. */
export function categoryAxis(names: readonly (string | number)[], perBand: number, label: string): ScaleOptions {
  const every = Math.max(1, Math.ceil(24 / perBand));
  return {
    domain: [...names],
    label: label === '' ? null : label,
    tickFormat: (value: string | number) =>
      typeof value === 'number' ? String(value) : shorten(value, Math.max(perBand * every, 30)),
    ...(every === 1 ? {} : {ticks: names.filter((_, i) => i % every === 0)}),
  };
}

/** A band axis down the side: every row is named, as far as `room` pixels allow. */
export const rowAxis = (names: readonly (string | number)[], room: number, label: string): ScaleOptions => ({
  domain: [...names],
  label: label === '' ? null : label,
  labelAnchor: 'top',
  labelArrow: 'none',
  tickSize: 0,
  tickFormat: (value: string | number) => shorten(String(value), room),
});

const hour = 3_600_000;
const day = 24 * hour;
const part = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat('en', {timeZone: 'UTC', hourCycle: 'h23', ...options});
const ofDay = part({hour: '2-digit', minute: '2-digit'});
const ofMinute = part({hour: '2-digit', minute: '2-digit', second: '2-digit'});
const dayName = part({month: 'short', day: 'numeric'});
const monthName = part({month: 'short'});

/** A tick's label on a UTC time axis: the fine part above, and below it the day or year wherever that changes. */
export function timeTick(time: Date, index: number, ticks: readonly Date[]): string {
  const [first, second] = ticks;
  const pace = first === undefined || second === undefined ? hour : second.getTime() - first.getTime();
  const before = index === 0 ? undefined : ticks[index - 1];
  const changed = (format: (at: Date) => string): string =>
    before === undefined || format(before) !== format(time) ? `\n${format(time)}` : '';
  const year = (at: Date): string => String(at.getUTCFullYear());
  if (pace < 1000)
    return `${ofMinute.format(time)}.${String(time.getUTCMilliseconds()).padStart(3, '0')}${changed((at) => dayName.format(at))}`;
  if (pace < day) return (pace < 60_000 ? ofMinute : ofDay).format(time) + changed((at) => dayName.format(at));
  if (pace < 27 * day) return dayName.format(time) + changed(year);
  return pace < 360 * day ? monthName.format(time) + changed(year) : year(time);
}
