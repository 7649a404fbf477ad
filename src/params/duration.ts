/** Microseconds in each unit a duration may be written in. */
const units: Readonly<Record<string, number>> = {ms: 1e3, s: 1e6, m: 6e7, h: 3.6e9, d: 8.64e10, w: 6.048e11};
const words: Readonly<Record<string, string>> = {
  ms: 'milliseconds',
  s: 'seconds',
  m: 'minutes',
  h: 'hours',
  d: 'days',
  w: 'weeks',
};

export interface Duration {
  /** As written: `15m`. */
  readonly text: string;
  readonly microseconds: number;
  /** As SQL and Spark spell it: `15 minutes`. */
  readonly words: string;
}

/** Reads `90s`, `15m`, `1h`, `1.5h`, `7d`; undefined when the text is none. */
export function parseDuration(text: string): Duration | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)$/.exec(text.trim());
  const unit = match?.[2];
  if (match === null || unit === undefined) return undefined;
  const amount = Number(match[1]);
  const microseconds = Math.round(amount * (units[unit] ?? 0));
  if (microseconds <= 0) return undefined;
  const whole = Number.isInteger(amount) ? `${amount} ${words[unit] ?? unit}` : `${microseconds} microseconds`;
  return {text: text.trim(), microseconds, words: whole};
}
