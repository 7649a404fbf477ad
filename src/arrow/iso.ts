// Texts for DuckDB's dates and times. Days and instants count from 1970-01-01 UTC in the proleptic Gregorian calendar.

const two = (n: number): string => String(n).padStart(2, '0');

/** `2024-02-29`; years outside 0 to 9999 as in ISO 8601's expanded form: `-000043-03-15`, `+294247-01-10`. */
export function dateText(days: number): string {
  // Hinnant, "chrono-compatible low-level date algorithms": civil_from_days. It exceeds JavaScript's own Date at both ends.
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const yearText =
    year >= 0 && year <= 9999
      ? String(year).padStart(4, '0')
      : `${year < 0 ? '-' : '+'}${String(Math.abs(year)).padStart(6, '0')}`;
  return `${yearText}-${two(month)}-${two(day)}`;
}

/** `12:34:56`, or `12:34:56.789012` with as many digits as are not zero; `digits` is the unit: 0 for s, 3 ms, 6 µs, 9 ns. */
export function timeText(units: bigint, digits: number): string {
  const perSecond = 10n ** BigInt(digits);
  const seconds = Number(units / perSecond);
  const fraction =
    digits === 0
      ? ''
      : String(units % perSecond)
          .padStart(digits, '0')
          .replace(/0+$/, '');
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}${fraction === '' ? '' : `.${fraction}`}`;
}

const endOfTime = 2n ** 63n - 1n;

/** `2024-02-29T12:34:56.789012`, or `infinity` and `-infinity` as DuckDB has them; `digits` as for `timeText`. */
export function timestampText(units: bigint, digits: number): string {
  if (units === endOfTime) return 'infinity';
  if (units === -endOfTime) return '-infinity';
  const perDay = 86_400n * 10n ** BigInt(digits);
  const time = ((units % perDay) + perDay) % perDay;
  return `${dateText(Number((units - time) / perDay))}T${timeText(time, digits)}`;
}
