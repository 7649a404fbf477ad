import type {Difference, Problem} from '../lib/problem.ts';
import {list, plural} from '../lib/text.ts';

/** The ways on when rows don't fit their table. */
const waysOn =
  'Put an align_schema step before it to cast the rows to the columns of the table, set merge_schema to add new columns to the table, or set overwrite_schema with mode overwrite to give the table the columns of these rows.';

const shown = ({column, table, rows}: Difference): string =>
  table === null
    ? `${column} (${rows ?? ''}) is not in the table`
    : rows === null
      ? `${column} (${table}) is not in the rows`
      : `${column} is ${table} in the table and ${rows} in the rows`;

const sentences = (differences: readonly Difference[]): string => {
  const first = differences.slice(0, 3).map(shown);
  const more = differences.length - first.length;
  return list(more > 0 ? [...first, `${plural(more, 'other difference')}`] : first);
};

/** Rows with columns that the table lacks, or with types that only `merge_schema` may take on. */
export const metadataMismatch = (table: string, differences: readonly Difference[]): Problem => ({
  code: 'DELTA_METADATA_MISMATCH',
  message: `The rows don't fit table ${table}: ${sentences(differences)}.`,
  hint: waysOn,
  sqlState: '42KDG',
  differences,
});

export const partitioningMismatch = (table: string, given: readonly string[], own: readonly string[]): Problem => ({
  code: 'DELTA_METADATA_MISMATCH',
  message: `Table ${table} is ${own.length === 0 ? 'not partitioned' : `partitioned by ${list(own)}`}, and these rows would be partitioned by ${list(given)}.`,
  hint: 'Leave partition_by empty to keep the partitions of the table, or set overwrite_schema with mode overwrite to change them.',
  sqlState: '42KDG',
});

/** Columns whose types Delta doesn't merge. */
export const failedToMergeFields = (table: string, differences: readonly Difference[]): Problem => ({
  code: 'DELTA_FAILED_TO_MERGE_FIELDS',
  message: `The rows don't fit table ${table}: ${sentences(differences)}.`,
  hint: 'Put an align_schema step before it to cast the rows to the types of the table, or set overwrite_schema with mode overwrite to give the table the types of these rows; merge_schema adds columns but changes no types.',
  sqlState: '22005',
  differences,
});

export const constraintTypeMismatch = (table: string, constraint: string, difference: Difference): Problem => ({
  code: 'DELTA_CONSTRAINT_DATA_TYPE_MISMATCH',
  message: `The rows don't fit table ${table}: ${shown(difference)}, and its CHECK constraint ${constraint} uses this column.`,
  where: {column: difference.column},
  hint: 'Put an align_schema step before it to cast the rows to the types of the table; merge_schema can’t change a column that a constraint uses, overwrite_schema with mode overwrite can.',
  sqlState: '42K09',
  differences: [difference],
});

export const duplicateColumns = (names: readonly string[]): Problem => ({
  code: 'DELTA_DUPLICATE_COLUMNS_FOUND',
  message: `The rows have columns of the same name: ${list(names)}. A Delta table tells names apart without case.`,
  hint: 'Rename one of each before writing.',
  sqlState: '42711',
});

export const noColumns = (table: string): Problem => ({
  code: 'DELTA_EMPTY_DATA',
  message: `The rows for table ${table} have no columns.`,
  hint: 'Write rows with at least one column.',
  sqlState: '428GU',
});

/** A column with a NOT NULL constraint that the rows don't have at all. */
export const missingNotNullColumn = (table: string, column: string, type: string): Problem => ({
  code: 'DELTA_MISSING_NOT_NULL_COLUMN_VALUE',
  message: `Column ${column} of table ${table} is NOT NULL, and the rows don't have it.`,
  where: {column},
  hint: `Add ${column} to the rows, e.g. with a step that computes it.`,
  sqlState: '23502',
  differences: [{column, table: type, rows: null}],
});

export const notNullViolated = (table: string, column: string, rows: number): Problem => ({
  code: 'DELTA_NOT_NULL_CONSTRAINT_VIOLATED',
  message: `Column ${column} of table ${table} is NOT NULL, and ${plural(rows, 'row has', 'rows have')} no value there.`,
  where: {column},
  hint: 'Fill or drop these rows before writing.',
  sqlState: '23502',
});

/** `values` are those of the first such row, of the columns that the constraint uses. */
export const checkViolated = (
  table: string,
  constraint: string,
  expression: string,
  rows: number,
  values: Readonly<Record<string, string>>,
): Problem => ({
  code: 'DELTA_VIOLATE_CONSTRAINT_WITH_VALUES',
  message: `CHECK constraint ${constraint} (${expression}) of table ${table} is violated by ${plural(rows, 'row')}; the first has ${list(
    Object.entries(values).map(([column, value]) => `${column} = ${value}`),
  )}.`,
  hint: 'Correct or filter these rows before writing.',
  sqlState: '23001',
});

export const newCheckViolated = (table: string, constraint: string, expression: string, rows: number): Problem => ({
  code: 'DELTA_NEW_CHECK_CONSTRAINT_VIOLATION',
  message: `${plural(rows, 'row')} of table ${table} would violate the new CHECK constraint ${constraint} (${expression}).`,
  hint: 'Correct these rows of the table first, or leave the constraint out.',
  sqlState: '23512',
});

export const newNotNullViolated = (table: string, column: string, rows: number): Problem => ({
  code: 'DELTA_NEW_NOT_NULL_VIOLATION',
  message: `${plural(rows, 'row')} of table ${table} ${rows === 1 ? 'has' : 'have'} no value in ${column}, so it can't become NOT NULL.`,
  where: {column},
  hint: 'Correct these rows of the table first, or leave the constraint out.',
  sqlState: '23512',
});

export const constraintExists = (table: string, name: string, existing: string): Problem => ({
  code: 'DELTA_CONSTRAINT_ALREADY_EXISTS',
  message: `Table ${table} has a CHECK constraint ${name} already: ${existing}.`,
  hint: 'Give the new one another name; names are told apart without case.',
  sqlState: '42710',
});

/** A column that NOT NULL, a comment or the like names, and that isn't there. */
export const columnNotFound = (column: string, columns: readonly string[]): Problem => ({
  code: 'DELTA_COLUMN_NOT_FOUND',
  message: `There is no column ${column}; there are ${list(columns)}.`,
  where: {column},
  hint: 'Correct the name.',
  sqlState: '42703',
});

export const partitionColumnNotFound = (column: string, columns: readonly string[]): Problem => ({
  code: 'DELTA_PARTITION_COLUMN_NOT_FOUND',
  message: `There is no column ${column} to partition by; there are ${list(columns)}.`,
  where: {column},
  hint: 'Correct the name in partition_by.',
  sqlState: '42703',
});

export const invalidPartitionType = (column: string, type: string): Problem => ({
  code: 'DELTA_INVALID_PARTITION_COLUMN_TYPE',
  message: `Column ${column} is ${type}: a table can't be partitioned by that.`,
  where: {column},
  hint: 'Partition by a column of texts, dates or whole numbers.',
  sqlState: '42996',
});

export const onlyPartitionColumns = (): Problem => ({
  code: 'DELTA_CANNOT_USE_ALL_COLUMNS_FOR_PARTITION',
  message: "A table can't be partitioned by all of its columns.",
  hint: 'Leave at least one column out of partition_by.',
  sqlState: '428FT',
});

/** Names that Parquet files of a table without column mapping can't have. */
export const invalidColumnNames = (table: string, names: readonly string[]): Problem => ({
  code: 'DELTA_INVALID_CHARACTERS_IN_COLUMN_NAMES',
  message: `Table ${table} has no column mapping, so its columns can't be named with spaces or any of ,;{}()= as in ${list(names)}.`,
  hint: 'Rename these columns before writing, or write to a new table: that one gets column mapping.',
  sqlState: '42K05',
});

export const appendOnly = (table: string): Problem => ({
  code: 'DELTA_CANNOT_MODIFY_APPEND_ONLY',
  message: `Table ${table} only takes appends: its property delta.appendOnly is true.`,
  hint: 'Append to it, or write to another table.',
  sqlState: '42809',
});

export const concurrentWrite = (table: string, read: number, latest: number): Problem => ({
  code: 'DELTA_CONCURRENT_WRITE',
  message:
    read < 0
      ? `Table ${table} was created by another write while this one was made.`
      : `Table ${table} went from version ${read} to ${latest} by another write while this one was made from version ${read}.`,
  hint: 'Run the cell again: it then starts from the latest version.',
  sqlState: '2D521',
});

export const concurrentTransaction = (table: string, version: number): Problem => ({
  code: 'DELTA_CONCURRENT_TRANSACTION',
  message: `The same rows came to table ${table} with version ${version}, from another tab or run, while this write was made.`,
  hint: 'Nothing is lost: run the cell again, and it finds its rows in the table.',
  sqlState: '2D521',
});

export const multipleSourceRows = (table: string, keys: readonly string[], example: string): Problem => ({
  code: 'DELTA_MULTIPLE_SOURCE_ROW_MATCHING_TARGET_ROW_IN_MERGE',
  message: `Several of the rows match the same row of table ${table} by ${list(keys)}, e.g. ${example}: it can't be told which of them counts.`,
  hint: 'Put a dedup step before it that keeps one row for each key.',
  sqlState: '21506',
});

export const missingDataFiles = (table: string, version: number, paths: readonly string[]): Problem => ({
  code: 'DELTA_FILE_NOT_FOUND_DETAILED',
  message: `Version ${version} of table ${table} can't be restored: ${plural(paths.length, 'of its files is gone', 'of its files are gone')}, e.g. ${paths[0] ?? ''}.`,
  hint: 'A vacuum deleted them; restore a later version.',
  sqlState: '42K03',
});

export const retentionTooShort = (hours: number): Problem => ({
  code: 'DELTA_VACUUM_RETENTION_INVALID',
  message: `Vacuum can't keep files for ${hours} hours.`,
  hint: 'Give a number of hours from 0 on; Delta’s own default is 168, a week.',
});
