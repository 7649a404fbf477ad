/** What Hive escapes in a folder's name besides control characters. */
const hiveSpecial = new Set('"#%\'*/:=?\\{[]^\u007f');

const hex = (code: number) => `%${code.toString(16).toUpperCase().padStart(2, '0')}`;

/** A partition column's name or value as Hive spells it in a folder's name, e.g. `a%2Fb`. */
export function escapeHive(text: string): string {
  return Array.from(text, (char) => (hiveSpecial.has(char) || char < ' ' ? hex(char.charCodeAt(0)) : char)).join('');
}

const nullFolder = '__HIVE_DEFAULT_PARTITION__';
/** Most file systems take 255 bytes a name. */
const longestName = 200;

/** `day=2024-01-31/city=Den%20Haag/`, or nothing for values too long to be a folder's name: the log's `partitionValues` are what counts. */
export function partitionFolder(values: readonly (readonly [name: string, value: string | null])[]): string {
  const names = values.map(
    ([name, value]) => `${escapeHive(name)}=${value === null || value === '' ? nullFolder : escapeHive(value)}`,
  );
  if (names.some((name) => new TextEncoder().encode(name).length > longestName)) return '';
  return names.map((name) => `${name}/`).join('');
}

/** A path inside the table as the log has it: URI-encoded as Java's `URI` does, so letters outside ASCII stay as they are. */
export function encodePath(path: string): string {
  return path.replace(/[^A-Za-z0-9_\-!.~'()*,;:$&+=/@]/gu, (char) =>
    char > '\u007f' && !/[\p{Z}\p{Cc}]/u.test(char) ? char : encodeURIComponent(char),
  );
}
