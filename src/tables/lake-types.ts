import {parseDuckType, type DuckType} from '../lib/duckdb-type.ts';
import type {DeltaType, StructField, StructType} from '../lake/schema.ts';
import {duckTypeOf, isNullPartition} from '../lake/types.ts';
import {id, join, lit, sql, typeName, type Sql} from '../sql/sql.ts';

/** The DuckDB type of a Delta type as Sql, whatever its fields are called. */
export function typeSql(type: DeltaType): Sql {
  if (typeof type === 'string') return typeName(duckTypeOf(type));
  if (type.type === 'array') return sql`${typeSql(type.elementType)}[]`;
  if (type.type === 'map') return sql`MAP(${typeSql(type.keyType)}, ${typeSql(type.valueType)})`;
  return sql`STRUCT(${join(type.fields.map((field) => sql`${id(field.name)} ${typeSql(field.type)}`))})`;
}

/** `"a" BIGINT, "b" VARCHAR`: what a table of this schema is created with. */
export const columnsSql = (schema: StructType): Sql[] =>
  schema.fields.map((field) => sql`${id(field.name)} ${typeSql(field.type)}`);

/** What a field is called where the values come from. */
export type SourceName = (field: StructField) => string;

/**
 * A value of another type or with other names inside as a value of the table's type: structs, lists and maps are rebuilt, what
 * a struct lacks is NULL, and leaves are cast.
 */
export function convert(value: Sql, from: DuckType, to: DeltaType, nameOf: SourceName, depth = 1): Sql {
  if (isSame(from, to, nameOf)) return value;
  const item = id(`x${depth}`);
  if (typeof to !== 'string') {
    if (to.type === 'struct' && from.kind === 'struct') {
      const fields = to.fields.map((field) => {
        const source = named(from.fields, nameOf(field));
        const inner =
          source === undefined
            ? nullOf(field.type)
            : convert(sql`struct_extract(${value}, ${lit(source.name)})`, source.type, field.type, nameOf, depth);
        return sql`${id(field.name)} := ${inner}`;
      });
      return sql`CASE WHEN ${value} IS NOT NULL THEN struct_pack(${join(fields)}) END`;
    }
    if (to.type === 'array' && from.kind === 'list')
      return sql`list_transform(${value}, lambda ${item}: ${convert(item, from.child, to.elementType, nameOf, depth + 1)})`;
    if (to.type === 'map' && from.kind === 'map') {
      const key = convert(sql`${item}.key`, from.key, to.keyType, nameOf, depth + 1);
      const entry = convert(sql`${item}.value`, from.value, to.valueType, nameOf, depth + 1);
      return sql`CASE WHEN ${value} IS NOT NULL THEN map_from_entries(list_transform(map_entries(${value}), lambda ${item}: struct_pack("key" := ${key}, "value" := ${entry}))) END`;
    }
  }
  return sql`CAST(${value} AS ${typeSql(to)})`;
}

export const nullOf = (type: DeltaType): Sql => sql`CAST(NULL AS ${typeSql(type)})`;

/** Whether values of `from` are the table's as they are, names inside included. */
export function isSame(from: DuckType, to: DeltaType, nameOf: SourceName): boolean {
  if (typeof to === 'string') return from.kind === 'leaf' && sameLeaf(from.name, duckTypeOf(to));
  if (to.type === 'array')
    return from.kind === 'list' && from.size === undefined && isSame(from.child, to.elementType, nameOf);
  if (to.type === 'map')
    return from.kind === 'map' && isSame(from.key, to.keyType, nameOf) && isSame(from.value, to.valueType, nameOf);
  const {fields} = to;
  if (from.kind !== 'struct' || from.fields.length !== fields.length) return false;
  return fields.every((field, i) => {
    const source = from.fields[i];
    return (
      source !== undefined &&
      source.name === field.name &&
      nameOf(field) === field.name &&
      isSame(source.type, field.type, nameOf)
    );
  });
}

const sameLeaf = (a: string, b: string): boolean => a.replaceAll(' ', '') === b.replaceAll(' ', '');

/** The part of that name; without case when none is spelt the same. */
export function named<T extends {readonly name: string}>(parts: readonly T[], name: string): T | undefined {
  return (
    parts.find((part) => part.name === name) ?? parts.find((part) => part.name.toLowerCase() === name.toLowerCase())
  );
}

/** A value of a partition column from its text in the log. */
export function partitionValue(text: string | null | undefined, type: DeltaType): Sql {
  if (text === undefined || text === null || isNullPartition(text)) return nullOf(type);
  if (type === 'binary') return sql`encode(${lit(text)})`;
  if (type === 'timestamp') return timestampOf(text);
  return sql`CAST(${lit(text)} AS ${typeSql(type)})`;
}

/** DuckDB's TIMESTAMP passes over an offset in silence. */
function timestampOf(text: string): Sql {
  const [, local = text, sign = '', hours = '0', minutes = '0'] =
    /^(.*:.*?) ?([+-])(\d{1,2})(?::?(\d{2}))?$/.exec(text) ?? [];
  const offset = Number(`${sign}1`) * (60 * Number(hours) + Number(minutes));
  const utc = sql`CAST(${lit(local)} AS TIMESTAMP)`;
  return offset === 0 ? utc : sql`(${utc} - to_minutes(${lit(offset)}::BIGINT))`;
}

/** The text in the log of a value of a partition column: UTC for timestamps, and NULL for an empty text, which the log can't tell from it. */
export function partitionText(value: Sql, type: DeltaType): Sql {
  switch (type) {
    case 'timestamp':
      return sql`strftime(${value}, '%Y-%m-%dT%H:%M:%S.%fZ')`;
    case 'float':
    case 'double':
      return sql`CASE WHEN isnan(${value}) THEN 'NaN' WHEN isinf(${value}) THEN IF(${value} > 0, 'Infinity', '-Infinity') ELSE CAST(${value} AS VARCHAR) END`;
    case 'binary':
      return sql`nullif(decode(${value}), '')`;
    default:
      return sql`nullif(CAST(${value} AS VARCHAR), '')`;
  }
}

/** A column of DuckDB as DESCRIBE gives it, with its type's parts. */
export const parsed = ({
  name,
  type,
}: {
  readonly name: string;
  readonly type: string;
}): {name: string; type: DuckType} => ({name, type: parseDuckType(type)});
