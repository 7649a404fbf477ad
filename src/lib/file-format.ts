/** Files that hold tables by name, and what people call them. */
export const databaseNames = {
  duckdb: 'DuckDB database',
  sqlite: 'SQLite database',
  postgres: 'PostgreSQL dump',
} as const;

export type DatabaseFormat = keyof typeof databaseNames;
export type FileFormat = 'csv' | 'json' | 'parquet' | DatabaseFormat;

export const isDatabase = (format: string | undefined): format is DatabaseFormat =>
  format !== undefined && Object.hasOwn(databaseNames, format);
