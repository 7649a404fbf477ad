const simple: Readonly<Record<string, string>> = {
  BOOLEAN: 'boolean',
  TINYINT: 'tinyint',
  SMALLINT: 'smallint',
  INTEGER: 'int',
  BIGINT: 'bigint',
  UTINYINT: 'smallint',
  USMALLINT: 'int',
  UINTEGER: 'bigint',
  UBIGINT: 'decimal(20,0)',
  HUGEINT: 'decimal(38,0)',
  UHUGEINT: 'decimal(38,0)',
  FLOAT: 'float',
  DOUBLE: 'double',
  DATE: 'date',
  BLOB: 'binary',
};

/** Spark's simple name for a DuckDB type, e.g. `array<struct<a:bigint>>`; what Spark lacks (TIME, UUID, ENUM …) is a string there. */
export function toSparkType(type: string): string {
  if (type.endsWith(']')) return `array<${toSparkType(type.slice(0, type.lastIndexOf('[')))}>`;
  if (type.startsWith('TIMESTAMP')) return 'timestamp';
  if (type.startsWith('DECIMAL(')) return type.toLowerCase();
  const nested = /^(STRUCT|MAP)\(([\s\S]*)\)$/.exec(type);
  if (nested === null) return simple[type] ?? 'string';
  const inner = splitTop(nested[2] ?? '');
  if (nested[1] === 'MAP') return `map<${inner.map(toSparkType).join(',')}>`;
  return `struct<${inner.map(field).join(',')}>`;
}

function field(text: string): string {
  const match = /^("(?:[^"]|"")*"|\S+)\s+([\s\S]+)$/.exec(text);
  const name = (match?.[1] ?? text).replace(/^"|"$/g, '').replaceAll('""', '"');
  return `\`${name.replaceAll('`', '``')}\`:${toSparkType(match?.[2] ?? 'VARCHAR')}`;
}

/** Splits at commas that stand in no parentheses and no quotes. */
function splitTop(text: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let quoted = false;
  let start = 0;
  for (let i = 0; i <= text.length; i++) {
    const char = text[i];
    if (char === '"') quoted = !quoted;
    if (quoted) continue;
    if (char === '(') depth++;
    if (char === ')') depth--;
    if (i === text.length || (char === ',' && depth === 0)) {
      found.push(text.slice(start, i).trim());
      start = i + 1;
    }
  }
  return found;
}
