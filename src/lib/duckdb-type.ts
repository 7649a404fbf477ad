/** A DuckDB type with its parts. `leaf` is any type without parts, `DECIMAL(10,2)` and enums included. */
export type DuckType =
  | {readonly kind: 'leaf'; readonly name: string}
  | {readonly kind: 'list'; readonly child: DuckType; readonly size: number | undefined}
  | {readonly kind: 'struct' | 'union'; readonly fields: readonly {readonly name: string; readonly type: DuckType}[]}
  | {readonly kind: 'map'; readonly key: DuckType; readonly value: DuckType};

/** Reads a type as DESCRIBE prints it, e.g. `STRUCT("a b" INTEGER[], m MAP(VARCHAR, BIGINT))`. */
export function parseDuckType(text: string): DuckType {
  const trimmed = text.trim();
  const list = /\[(\d*)\]$/.exec(trimmed);
  if (list !== null)
    return {
      kind: 'list',
      child: parseDuckType(trimmed.slice(0, list.index)),
      size: list[1] === '' ? undefined : Number(list[1]),
    };
  const nested = /^(STRUCT|UNION|MAP)\((.*)\)$/s.exec(trimmed);
  if (nested === null) return {kind: 'leaf', name: trimmed};
  const [, kind = '', inside = ''] = nested;
  const parts = splitParts(inside);
  if (kind === 'MAP') return {kind: 'map', key: parseDuckType(parts[0] ?? ''), value: parseDuckType(parts[1] ?? '')};
  return {kind: kind === 'STRUCT' ? 'struct' : 'union', fields: parts.map(parseField)};
}

function parseField(text: string): {name: string; type: DuckType} {
  const [whole = '', quoted, bare = ''] = /^\s*(?:"((?:[^"]|"")*)"|(\S+))\s+/.exec(text) ?? [];
  return {name: quoted?.replaceAll('""', '"') ?? bare, type: parseDuckType(text.slice(whole.length))};
}

/** The texts between commas that are outside brackets, quoted names and enum values. */
function splitParts(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (const {0: token, index} of text.matchAll(/"(?:[^"]|"")*"|'(?:[^']|'')*'|[(),]/g)) {
    if (token === '(') depth++;
    else if (token === ')') depth--;
    else if (token === ',' && depth === 0) {
      parts.push(text.slice(start, index));
      start = index + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}
