/** Milliseconds since 1970 of an ISO 8601 time or date, UTC when it names no zone; undefined when it is none. */
export function timeOf(text: string): number | undefined {
  const iso = text.trim().replace(/^(\d{4}-\d\d-\d\d) (?=\d)/, '$1T');
  const isLocal = iso.includes('T') && !/(Z|[+-]\d\d:?\d\d)$/i.test(iso);
  const time = Date.parse(isLocal ? `${iso}Z` : iso);
  return Number.isNaN(time) || !/^[+-]?\d{4,6}-\d\d/.test(iso) ? undefined : time;
}
