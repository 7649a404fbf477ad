import {id, join, lit, quotedId, sql, typeName, type Sql} from '../../sql/sql.ts';

/** How DuckDB opens a kind of database file. */
export interface Attaching {
  /** Its TYPE for ATTACH. */
  readonly type: string;
  /** Its views may name their database, which DuckDB calls like its file. */
  readonly isNamedByFile: boolean;
}

/** A table of a database file: its schema and name. */
export interface DatabaseTable {
  readonly file: string;
  readonly attach: Attaching;
  readonly path: readonly string[];
}

/** A database's file, which DuckDB opens under a name. */
export interface AttachedFile {
  readonly file: string;
  readonly name: string;
  readonly type: string;
  readonly attach: Sql;
}

/** What DuckDB calls a database by its file: as far as the first dot. */
export const databaseName = (file: string): string => (file.split('/').at(-1) ?? '').split('.')[0] ?? '';

/** DuckDB's own databases and schemas, and the schema of the lake's tables. */
const reserved = ['', 'main', 'memory', 'system', 'temp', 'pg_catalog', 'information_schema', 'lake'];

/**
 * The names that database files are opened under, side by side. Views of a DuckDB file may name their database as DuckDB calls it by its file;
 * where that may mean something else too, it is the file's whole name.
 */
export function attachedNames(
  tables: readonly DatabaseTable[],
  taken: readonly string[] = [],
): ReadonlyMap<string, string> {
  const others = new Set([...reserved, ...taken.map((name) => name.toLowerCase())]);
  const isOther = (name: string, own: string): boolean =>
    others.has(name) ||
    tables.some(
      ({file, path}) =>
        (file !== own && [databaseName(file), file].some((one) => one.toLowerCase() === name)) ||
        (path.length > 1 && path[0]?.toLowerCase() === name),
    );
  return new Map(
    tables.map(({file, attach}) => {
      const name = databaseName(file);
      return [file, !attach.isNamedByFile || isOther(name.toLowerCase(), file) ? file : name];
    }),
  );
}

/** A database file as a script of DuckDB's opens it, and a table of it. */
export function attached(
  {file, attach, path}: DatabaseTable,
  name: string,
): {readonly attach: Sql; readonly relation: Sql} {
  return {
    attach: sql`ATTACH IF NOT EXISTS ${lit(file)} AS ${id(name)} (TYPE ${typeName(attach.type)}, READ_ONLY)`,
    relation: join([id(name), ...path.map(id)], '.'),
  };
}

const isPlain = (name: string): boolean => !name.includes('.') && !name.startsWith('"');
const part = (name: string): string => (isPlain(name) ? name : quotedId(name));

/** How a load's `table` names a table: without the database's own first schema, and quoted as in SQL where a dot is a part of a name. */
export const tableName = (path: readonly string[], first: string): string =>
  (path[0] === first && path.length > 1 ? path.slice(1) : path).map(part).join('.');

/** A table's schema and name as far as a load's `table` tells them. */
export function schemaAndName(table: string): readonly string[] {
  const [, ...parts] = /^("(?:[^"]|"")+"|[^".][^.]*)(?:\.("(?:[^"]|"")+"|[^".][^.]*))?$/.exec(table) ?? [];
  if (parts[0] === undefined) return [table];
  return parts.flatMap((text) =>
    text === undefined ? [] : [text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text],
  );
}
