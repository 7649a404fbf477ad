import {parseDuckType, type DuckType} from '../lib/duckdb-type.ts';
import {id, join, lit, quotedId, sql, type Sql} from './sql.ts';
import type {Column} from './types.ts';

/** The longest name that PostgreSQL keeps whole, in bytes of UTF-8. */
export const longestName = 63;

export const nameBytes = (name: string): number => new TextEncoder().encode(name).length;

const leafTypes: Readonly<Record<string, string>> = {
  BOOLEAN: 'boolean',
  TINYINT: 'smallint',
  UTINYINT: 'smallint',
  SMALLINT: 'smallint',
  USMALLINT: 'integer',
  INTEGER: 'integer',
  UINTEGER: 'bigint',
  BIGINT: 'bigint',
  UBIGINT: 'numeric(20,0)',
  HUGEINT: 'numeric(39,0)',
  UHUGEINT: 'numeric(39,0)',
  BIGNUM: 'numeric',
  FLOAT: 'real',
  DOUBLE: 'double precision',
  DATE: 'date',
  TIME: 'time without time zone',
  TIME_NS: 'time without time zone',
  'TIME WITH TIME ZONE': 'time with time zone',
  TIMESTAMP: 'timestamp without time zone',
  TIMESTAMP_S: 'timestamp without time zone',
  TIMESTAMP_MS: 'timestamp without time zone',
  TIMESTAMP_NS: 'timestamp without time zone',
  'TIMESTAMP WITH TIME ZONE': 'timestamp with time zone',
  INTERVAL: 'interval',
  UUID: 'uuid',
  BLOB: 'bytea',
  BIT: 'bit varying',
};

function leafType(name: string): string {
  const decimal = /^DECIMAL\((\d+),\s*(\d+)\)$/.exec(name);
  return decimal === null ? (leafTypes[name] ?? 'text') : `numeric(${decimal[1]},${decimal[2]})`;
}

/** PostgreSQL's type for a column of DuckDB's, spelt as format_type does. A list of plain values is an array; what is nested deeper is jsonb. */
export function postgresType(type: string): string {
  const parsed = parseDuckType(type);
  if (parsed.kind === 'leaf') return leafType(parsed.name);
  return parsed.kind === 'list' && parsed.child.kind === 'leaf' ? `${leafType(parsed.child.name)}[]` : 'jsonb';
}

const beforeChrist = (text: Sql): Sql =>
  sql`CASE WHEN contains(${text}, '(BC)') THEN replace(${text}, ' (BC)', '') || ' BC' ELSE ${text} END`;

/** A plain value as PostgreSQL reads it. */
function leafText(value: Sql, name: string): Sql {
  if (name === 'BLOB') return sql`'\\x' || hex(${value})`;
  if (name === 'TIMESTAMP_NS') return beforeChrist(sql`${value}::TIMESTAMP::VARCHAR`);
  if (name === 'TIME_NS') return sql`${value}::TIME::VARCHAR`;
  return name === 'DATE' || name.startsWith('TIMESTAMP')
    ? beforeChrist(sql`${value}::VARCHAR`)
    : sql`${value}::VARCHAR`;
}

const isBare = (type: string): boolean =>
  /^(?:boolean|smallint|integer|bigint|numeric.*|real|double precision|date|timestamp.*|time.*|uuid|bit varying)$/.test(
    type,
  );

const escapes: readonly (readonly [code: number, written: string])[] = [
  [92, '\\\\'],
  [34, '\\"'],
  ...Array.from({length: 31}, (_, i) => [i + 1, `\\u${(i + 1).toString(16).padStart(4, '0')}`] as const),
];

const jsonText = (text: Sql): Sql =>
  sql`'"' || ${escapes.reduce((inner, [code, written]) => sql`replace(${inner}, chr(${lit(code)}), ${lit(written)})`, text)} || '"'`;

/** Any value as JSON. NaN and the infinities, which JSON has no numbers for, are texts. */
function json(value: Sql, type: DuckType, depth = 0): Sql {
  const each = id(`e${depth}`);
  const orNull = (text: Sql): Sql => sql`coalesce(${text}, 'null')`;
  switch (type.kind) {
    case 'leaf': {
      const {name} = type;
      if (name === 'BOOLEAN' || /INT$|^INTEGER$|^UINTEGER$|^DECIMAL/.test(name)) return orNull(sql`${value}::VARCHAR`);
      if (name === 'DOUBLE' || name === 'FLOAT')
        return orNull(
          sql`CASE WHEN isfinite(${value}) THEN ${value}::VARCHAR ELSE '"' || ${value}::VARCHAR || '"' END`,
        );
      return orNull(jsonText(leafText(value, name)));
    }
    case 'list':
      return orNull(
        sql`'[' || array_to_string(list_transform(${value}, lambda ${each}: ${json(each, type.child, depth + 1)}), ',') || ']'`,
      );
    case 'struct': {
      const fields = type.fields.map(
        (field) =>
          sql`${lit(`${JSON.stringify(field.name)}:`)} || ${json(sql`struct_extract(${value}, ${lit(field.name)})`, field.type, depth + 1)}`,
      );
      return sql`CASE WHEN ${value} IS NULL THEN 'null' ELSE '{' || ${fields.length === 0 ? sql`''` : join(fields, " || ',' || ")} || '}' END`;
    }
    case 'map':
      return orNull(
        sql`'{' || array_to_string(list_transform(map_entries(${value}), lambda ${each}: ${jsonText(sql`${each}.key::VARCHAR`)} || ':' || ${json(sql`${each}.value`, type.value, depth + 1)}), ',') || '}'`,
      );
    case 'union':
      return orNull(jsonText(sql`${value}::VARCHAR`));
  }
}

/** One column's field of a CSV line: an unquoted nothing is NULL, a quoted nothing the empty text. */
function field(column: Column): Sql {
  const value = id(column.name);
  const type = parseDuckType(column.type);
  const quoted = (text: Sql): Sql => sql`'"' || replace(${text}, '"', '""') || '"'`;
  if (type.kind === 'leaf') {
    const text = leafText(value, type.name);
    return sql`coalesce(${isBare(leafType(type.name)) ? text : quoted(text)}, '')`;
  }
  if (type.kind === 'list' && type.child.kind === 'leaf') {
    const inner = leafText(sql`e`, type.child.name);
    const element = sql`coalesce('"' || replace(replace(${inner}, '\\', '\\\\'), '"', '\\"') || '"', 'NULL')`;
    return sql`coalesce(${quoted(sql`'{' || array_to_string(list_transform(${value}, lambda e: ${element}), ',') || '}'`)}, '')`;
  }
  return sql`CASE WHEN ${value} IS NULL THEN '' ELSE ${quoted(json(value, type))} END`;
}

/** A table's rows as lines that PostgreSQL's COPY reads as CSV, one text column. */
export const copyLines = (columns: readonly Column[], relation: Sql): Sql =>
  sql`SELECT ${join(columns.map(field), sql` || ',' || `)} || chr(10) AS line FROM ${relation}`;

/** The statement that makes a table for these columns. */
export function createTable(table: Sql, columns: readonly Column[], keys: readonly string[]): Sql {
  // The types are of the list above.
  const definitions = columns.map(({name, type}) => sql`${quotedId(name)} ${postgresTypeSql(postgresType(type))}`);
  return sql`CREATE TABLE ${table} (\n  ${join([...definitions, ...(keys.length === 0 ? [] : [sql`PRIMARY KEY (${names(keys)})`])], ',\n  ')}\n)`;
}

export const names = (columns: readonly string[]): Sql => join(columns.map(quotedId));

const spelt: Readonly<Record<string, Sql>> = {
  boolean: sql`boolean`,
  smallint: sql`smallint`,
  integer: sql`integer`,
  bigint: sql`bigint`,
  numeric: sql`numeric`,
  real: sql`real`,
  'double precision': sql`double precision`,
  text: sql`text`,
  date: sql`date`,
  'time without time zone': sql`time`,
  'time with time zone': sql`timetz`,
  'timestamp without time zone': sql`timestamp`,
  'timestamp with time zone': sql`timestamptz`,
  interval: sql`interval`,
  uuid: sql`uuid`,
  bytea: sql`bytea`,
  jsonb: sql`jsonb`,
  'bit varying': sql`bit varying`,
};

/** A type that `postgresType` gave, in SQL. */
export function postgresTypeSql(type: string): Sql {
  if (type.endsWith('[]')) return sql`${postgresTypeSql(type.slice(0, -2))}[]`;
  const numeric = /^numeric\((\d+),(\d+)\)$/.exec(type);
  return numeric === null
    ? (spelt[type] ?? sql`text`)
    : sql`numeric(${lit(Number(numeric[1]))}, ${lit(Number(numeric[2]))})`;
}

/** Puts the rows of `source` into a table with a primary key: those that are there are updated, the others inserted, equal ones left alone. Gives how many of each. */
export function upsert(table: Sql, source: Sql, columns: readonly string[], keys: readonly string[]): Sql {
  const others = columns.filter((name) => !keys.includes(name));
  const set = (prefix: Sql): Sql => join(others.map((name) => sql`${prefix}.${quotedId(name)}`));
  const action =
    others.length === 0
      ? sql`DO NOTHING`
      : sql`DO UPDATE SET ${join(others.map((name) => sql`${quotedId(name)} = excluded.${quotedId(name)}`))}\n  WHERE (${set(table)}) IS DISTINCT FROM (${set(sql`excluded`)})`;
  return sql`INSERT INTO ${table} (${names(columns)})\nSELECT ${names(columns)} FROM ${source}\nON CONFLICT (${names(keys)}) ${action}`;
}

const readAs: Readonly<Record<string, string>> = {
  boolean: 'BOOLEAN',
  smallint: 'SMALLINT',
  integer: 'INTEGER',
  bigint: 'BIGINT',
  oid: 'UINTEGER',
  real: 'FLOAT',
  'double precision': 'DOUBLE',
  date: 'DATE',
  uuid: 'UUID',
  interval: 'INTERVAL',
};

/** DuckDB's type for a column of PostgreSQL's; undefined for numeric without digits, which its values decide, and VARCHAR where DuckDB has no such type. */
export function duckTypeOf(type: string): string | undefined {
  if (type === 'numeric') return undefined;
  if (type.endsWith('[]')) {
    const inner = duckTypeOf(type.slice(0, -2));
    return inner === undefined || inner === 'BLOB' || inner === 'INTERVAL' ? 'VARCHAR' : `${inner}[]`;
  }
  const numeric = /^numeric\((\d+),(-?\d+)\)$/.exec(type);
  if (numeric !== null) {
    const [digits, scale] = [Number(numeric[1]), Number(numeric[2])];
    if (type === 'numeric(39,0)') return 'HUGEINT';
    return digits <= 38 && scale >= 0 && scale <= digits ? `DECIMAL(${digits},${scale})` : undefined;
  }
  if (/^timestamp(?:\(\d\))? without/.test(type)) return 'TIMESTAMP';
  if (/^timestamp(?:\(\d\))? with /.test(type)) return 'TIMESTAMP WITH TIME ZONE';
  if (/^time(?:\(\d\))? without/.test(type)) return 'TIME';
  if (/^time(?:\(\d\))? with /.test(type)) return 'TIME WITH TIME ZONE';
  if (/^bit varying|^bit\b/.test(type)) return 'BIT';
  return type === 'bytea' ? 'BLOB' : (readAs[type] ?? 'VARCHAR');
}
