/** A length of time: calendar months apart from exact microseconds (a day has 24 hours, as times are UTC). */
export interface Length {
  readonly months: number;
  readonly micros: number;
}

const second = 1_000_000;
const unitLengths: Readonly<Record<string, Length>> = {
  microsecond: {months: 0, micros: 1},
  millisecond: {months: 0, micros: 1000},
  second: {months: 0, micros: second},
  minute: {months: 0, micros: 60 * second},
  hour: {months: 0, micros: 3600 * second},
  day: {months: 0, micros: 86_400 * second},
  week: {months: 0, micros: 7 * 86_400 * second},
  month: {months: 1, micros: 0},
  quarter: {months: 3, micros: 0},
  year: {months: 12, micros: 0},
};

const unitNames: Readonly<Record<string, string>> = {
  us: 'microsecond',
  usec: 'microsecond',
  usecs: 'microsecond',
  microseconds: 'microsecond',
  ms: 'millisecond',
  msec: 'millisecond',
  msecs: 'millisecond',
  milliseconds: 'millisecond',
  s: 'second',
  sec: 'second',
  secs: 'second',
  seconds: 'second',
  m: 'minute',
  min: 'minute',
  mins: 'minute',
  minutes: 'minute',
  h: 'hour',
  hr: 'hour',
  hrs: 'hour',
  hours: 'hour',
  d: 'day',
  days: 'day',
  dayofmonth: 'day',
  w: 'week',
  weeks: 'week',
  mon: 'month',
  mons: 'month',
  months: 'month',
  quarters: 'quarter',
  y: 'year',
  yr: 'year',
  yrs: 'year',
  years: 'year',
};

/** The unit in the singular, as date_trunc and INTERVAL name it; undefined for what Spark lacks. */
export function unitOf(text: string): string | undefined {
  const lower = text.trim().toLowerCase();
  const name = unitNames[lower] ?? lower;
  return name in unitLengths ? name : undefined;
}

/** How long `count` of a unit is. */
export function lengthOf(count: number, unit: string): Length | undefined {
  const one = unitLengths[unit];
  return one && {months: one.months * count, micros: one.micros * count};
}

/** `1 day 2 hours` or `15 minutes`, read. */
export function readLength(text: string): Length | undefined {
  const whole = /^\s*(?:[+-]?\d+\s*[a-z]+\s*)+$/i;
  if (!whole.test(text)) return undefined;
  let [months, micros] = [0, 0];
  for (const [, count = '', name = ''] of text.matchAll(/([+-]?\d+)\s*([a-z]+)/gi)) {
    const unit = unitOf(name);
    const length = unit === undefined ? undefined : lengthOf(Number(count), unit);
    if (length === undefined) return undefined;
    months += length.months;
    micros += length.micros;
  }
  return {months, micros};
}

/** An interval of Spark SQL; undefined for months together with days, which Spark keeps apart. */
export function sparkInterval({months, micros}: Length): string | undefined {
  if (months !== 0 && micros !== 0) return undefined;
  if (months !== 0) return months % 12 === 0 ? `INTERVAL '${months / 12}' YEAR` : `INTERVAL '${months}' MONTH`;
  for (const unit of ['day', 'hour', 'minute'] as const) {
    const length = unitLengths[unit]?.micros ?? 1;
    if (micros % length === 0 && micros !== 0) return `INTERVAL '${micros / length}' ${unit.toUpperCase()}`;
  }
  return `INTERVAL '${micros / second}' SECOND`;
}
