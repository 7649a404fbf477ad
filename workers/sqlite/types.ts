/** DuckDB's types that a column of SQLite's can have here. */
export const kinds = ['BIGINT', 'DOUBLE', 'VARCHAR', 'BLOB', 'DATE', 'TIMESTAMP', 'BOOLEAN'] as const;
export type Kind = (typeof kinds)[number];

/**
 * The type for a declared one, by SQLite's rules of affinity (https://sqlite.org/datatype3.html#determination_of_column_affinity) after those
 * for dates, times and truth values, which SQLite doesn't have; undefined where none is declared.
 */
export function kindOf(declared: string): Kind | undefined {
  const type = declared.toUpperCase().replace(/\(.*$/s, '').trim();
  if (type === '') return undefined;
  if (type === 'DATE') return 'DATE';
  if (/^(TIMESTAMP|DATETIME)/.test(type)) return 'TIMESTAMP';
  if (/^BOOL/.test(type)) return 'BOOLEAN';
  if (type.includes('INT')) return 'BIGINT';
  if (/CHAR|CLOB|TEXT/.test(type)) return 'VARCHAR';
  if (type.includes('BLOB')) return 'BLOB';
  if (/REAL|FLOA|DOUB|DEC|NUM/.test(type)) return 'DOUBLE';
  return 'VARCHAR';
}

/** Days from 1970 of `2024-02-29`; undefined for what is no date. */
export function dayOf(text: string): number | undefined {
  const found = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (found === null) return undefined;
  const [, year, month, day] = found.map(Number);
  const time = new Date(0).setUTCFullYear(year ?? 0, (month ?? 0) - 1, day);
  return new Date(time).toISOString().slice(-19, -14) === text.slice(-5) && new Date(time).getUTCFullYear() === year
    ? time / 86_400_000
    : undefined;
}

/** Microseconds from 1970, in UTC where no zone is given, of `2024-02-29 12:34:56.789012`; undefined for what is no time, or has more digits. */
export function timeOf(text: string): bigint | undefined {
  const found =
    /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6})0*)?)?\s*(Z|[+-](?:0\d|1[0-4]):?[0-5]\d)?)?$/.exec(
      text.trim(),
    );
  const day = dayOf(found?.[1] ?? '');
  if (found === null || day === undefined) return undefined;
  const [hour, minute, second] = [found[2], found[3], found[4]].map((part) => Number(part ?? 0));
  if ((hour ?? 0) > 23 || (minute ?? 0) > 59 || (second ?? 0) > 59) return undefined;
  const seconds = day * 86_400 + (hour ?? 0) * 3600 + (minute ?? 0) * 60 + (second ?? 0) - offsetOf(found[6] ?? 'Z');
  return BigInt(seconds) * 1_000_000n + BigInt((found[5] ?? '').padEnd(6, '0'));
}

/** Seconds east of UTC. */
function offsetOf(zone: string): number {
  if (zone === 'Z') return 0;
  const [hours, minutes] = [zone.slice(1, 3), zone.slice(-2)].map(Number);
  return (zone.startsWith('-') ? -1 : 1) * ((hours ?? 0) * 3600 + (minutes ?? 0) * 60);
}
