import {id, join, lit, sql, typeName, type Sql} from './sql.ts';
import {isFloat, isNumber, type Column} from './types.ts';

// Parquet has no such types, or readers disagree on them: cast to the next one that every reader knows.
const parquetTypes: Readonly<Record<string, string>> = {
  HUGEINT: 'DECIMAL(38,0)',
  UHUGEINT: 'DECIMAL(38,0)',
  UBIGINT: 'DECIMAL(20,0)',
  UINTEGER: 'BIGINT',
  USMALLINT: 'INTEGER',
  UTINYINT: 'SMALLINT',
  TIMESTAMP_S: 'TIMESTAMP',
  TIMESTAMP_MS: 'TIMESTAMP',
  TIMESTAMP_NS: 'TIMESTAMP',
  TIME: 'VARCHAR',
  'TIME WITH TIME ZONE': 'VARCHAR',
  UUID: 'VARCHAR',
  BIT: 'VARCHAR',
  INTERVAL: 'VARCHAR',
};

/** A table's rows in types that Spark, DuckDB and pandas all read from Parquet. */
export function parquetSelect(columns: readonly Column[], relation: Sql): Sql {
  const each = columns.map((column) => {
    const type = column.type.startsWith('ENUM(') ? 'VARCHAR' : parquetTypes[column.type];
    return type === undefined ? id(column.name) : sql`${id(column.name)}::${typeName(type)} AS ${id(column.name)}`;
  });
  return sql`SELECT ${join(each)} FROM ${relation}`;
}

const quoted = (text: Sql): Sql =>
  sql`CASE WHEN regexp_matches(${text}, '[",\r\n]') OR ${text} = '' THEN '"' || replace(${text}, '"', '""') || '"' ELSE ${text} END`;

/** RFC 4180 lines of a table as one text column, each ending in a newline; NULL is empty, the empty text is `""`. */
export function csvLines(columns: readonly Column[], relation: Sql): {header: string; lines: Sql} {
  const field = (column: Column): Sql => {
    const text = sql`${id(column.name)}::VARCHAR`;
    const plain =
      isNumber(column.type) ||
      isFloat(column.type) ||
      column.type === 'BOOLEAN' ||
      column.type === 'DATE' ||
      column.type === 'TIMESTAMP';
    return sql`coalesce(${plain ? text : quoted(text)}, '')`;
  };
  const header = columns
    .map((column) => (/[",\r\n]/.test(column.name) ? `"${column.name.replaceAll('"', '""')}"` : column.name))
    .join(',');
  return {
    header: `${header}\n`,
    lines: sql`SELECT ${join(columns.map(field), sql` || ${lit(',')} || `)} || chr(10) AS line FROM ${relation}`,
  };
}
