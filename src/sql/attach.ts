import type {DatabaseFormat} from '../lib/file-format.ts';
import {id, join, lit, sql, type Sql} from './sql.ts';

/** A dump is no database, but text that makes one. */
export type AttachedFormat = Exclude<DatabaseFormat, 'postgres'>;

/** A database file as a script of DuckDB's opens it, under its own name, and a table of it by its schema and name. */
export function attached(file: string, format: AttachedFormat, path: readonly string[]): {readonly attach: Sql; readonly relation: Sql} {
  return {
    attach: sql`ATTACH IF NOT EXISTS ${lit(file)} AS ${id(file)} (TYPE ${types[format]}, READ_ONLY)`,
    relation: join([id(file), ...path.map(id)], '.'),
  };
}

const types: Readonly<Record<AttachedFormat, Sql>> = {duckdb: sql`duckdb`, sqlite: sql`sqlite`};

/** What DuckDB calls a database by its file: as far as the first dot. */
export const databaseName = (file: string): string => (file.split('/').at(-1) ?? '').split('.')[0] ?? '';

/** A table's schema and name as far as a load's `table` tells them. */
export const tablePath = (table: string | undefined): readonly string[] => [table ?? 'the_only_table'];
