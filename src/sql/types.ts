/** A column of a table: its name and its type as DuckDB's DESCRIBE prints it, e.g. `DECIMAL(10,2)`, `STRUCT(a BIGINT)`. */
export interface Column {
  readonly name: string;
  readonly type: string;
}

const numeric = /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL\(.*\))$/;

export const isNumber = (type: string): boolean => numeric.test(type);
export const isFloat = (type: string): boolean => type === 'DOUBLE' || type === 'FLOAT';
/** Integers, of every width. */
export const isWhole = (type: string): boolean => isNumber(type) && !isFloat(type) && !type.startsWith('DECIMAL');
export const isTime = (type: string): boolean => type === 'DATE' || type.startsWith('TIMESTAMP');
export const isText = (type: string): boolean => type === 'VARCHAR';
export const isNested = (type: string): boolean => /^(STRUCT|MAP|UNION)\(|\[\d*\]$/.test(type);

/** Spark's simple type names and the DuckDB type each stands for. What is not listed is spelt the same in both. */
const sparkTypes: Readonly<Record<string, string>> = {
  string: 'VARCHAR',
  boolean: 'BOOLEAN',
  tinyint: 'TINYINT',
  smallint: 'SMALLINT',
  int: 'INTEGER',
  bigint: 'BIGINT',
  float: 'FLOAT',
  double: 'DOUBLE',
  date: 'DATE',
  timestamp: 'TIMESTAMP',
  binary: 'BLOB',
};

/** The DuckDB type for a Spark type name (`decimal(10,2)` included), or undefined when it is none. */
export function fromSparkType(name: string): string | undefined {
  const decimal = /^decimal\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)$/i.exec(name);
  if (decimal !== null) return `DECIMAL(${decimal[1] ?? '10'},${decimal[2] ?? '0'})`;
  return sparkTypes[name.toLowerCase()];
}
