import {ProblemError, type Difference} from '../lib/problem.ts';
import {
  constraintTypeMismatch,
  duplicateColumns,
  failedToMergeFields,
  metadataMismatch,
  missingNotNullColumn,
} from './errors.ts';
import {allFields, fieldNamed, type DeltaType, type StructField, type StructType} from './schema.ts';
import {typeName} from './types.ts';

export interface EnforceOptions {
  /** The table's name, for errors. */
  readonly name: string;
  readonly mergeSchema: boolean;
  /** The table's CHECK constraints by name: the type of a column that one uses doesn't change. */
  readonly constraints: Readonly<Record<string, string>>;
}

/**
 * The table's schema after rows of the schema `rows` came to it, by Delta's rules (`SchemaMergingUtils.mergeSchemas`): names
 * without case, missing columns become null, new columns and wider whole numbers only with `mergeSchema`. Throws Delta's
 * error, with what differs, when the rows don't fit.
 */
export function enforceSchema(
  table: StructType,
  rows: StructType,
  {name, mergeSchema, constraints}: EnforceOptions,
): StructType {
  checkDuplicates(rows);
  const merge = new Merge();
  const schema = merge.struct(table, rows, '');
  for (const difference of [...merge.failed, ...merge.widened]) {
    const column = difference.column.split('.')[0] ?? '';
    const constraint = Object.entries(constraints).find(([, expression]) => usesColumn(expression, column));
    if (constraint !== undefined) throw new ProblemError(constraintTypeMismatch(name, constraint[0], difference));
  }
  if (merge.failed.length > 0) throw new ProblemError(failedToMergeFields(name, merge.failed));
  const changes = [...merge.added, ...merge.widened];
  if (changes.length > 0 && !mergeSchema) throw new ProblemError(metadataMismatch(name, changes));
  checkNotNullColumns(name, schema, rows);
  return schema;
}

/** Throws when a NOT NULL column of `schema` is not among the rows' columns. */
export function checkNotNullColumns(name: string, schema: StructType, rows: StructType): void {
  const missing = schema.fields.find((field) => !field.nullable && fieldNamed(rows, field.name) === undefined);
  if (missing !== undefined) throw new ProblemError(missingNotNullColumn(name, missing.name, typeName(missing.type)));
}

/** Throws when two fields of the same struct are the same but for case. */
export function checkDuplicates(schema: StructType): void {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const {path} of allFields(schema)) {
    const key = path.toLowerCase();
    if (seen.has(key)) twice.add(path);
    seen.add(key);
  }
  if (twice.size > 0) throw new ProblemError(duplicateColumns([...twice]));
}

/** A column as a table takes it on: anything in it may be null, and its writer's own metadata stays behind. */
export const newField = ({name, type, metadata}: StructField): StructField => ({
  name,
  type: asNullable(type),
  nullable: true,
  metadata: typeof metadata['comment'] === 'string' ? {comment: metadata['comment']} : {},
});

function asNullable(type: DeltaType): DeltaType {
  if (typeof type === 'string') return type;
  if (type.type === 'array') return {...type, elementType: asNullable(type.elementType), containsNull: true};
  if (type.type === 'map')
    return {...type, keyType: asNullable(type.keyType), valueType: asNullable(type.valueType), valueContainsNull: true};
  return {...type, fields: type.fields.map(newField)};
}

/** Whether an SQL expression names a column, quoted or not. */
export function usesColumn(expression: string, column: string): boolean {
  const wanted = column.toLowerCase();
  for (const [token, double, back, bare] of expression.matchAll(
    /'(?:[^']|'')*'|"((?:[^"]|"")*)"|`((?:[^`]|``)*)`|([\p{L}_][\p{L}\p{N}_$]*)/gu,
  )) {
    const name = double?.replaceAll('""', '"') ?? back?.replaceAll('``', '`') ?? bare;
    if (!token.startsWith("'") && name?.toLowerCase() === wanted) return true;
  }
  return false;
}

const integers = ['byte', 'short', 'integer'];
/** Rows say only `timestamp`: DuckDB has one type for both. */
const timestamps = ['timestamp', 'timestamp_ntz'];

/** One merge of two schemas, and what it found. */
class Merge {
  /** Types that don't merge. */
  readonly failed: Difference[] = [];
  /** Columns that only the rows have. */
  readonly added: Difference[] = [];
  /** Whole numbers that are wider in the rows. */
  readonly widened: Difference[] = [];

  struct(table: StructType, rows: StructType, path: string): StructType {
    const kept = table.fields.map((field) => {
      const update = fieldNamed(rows, field.name);
      if (update === undefined) return field;
      const type = this.type(field.type, update.type, path + field.name);
      return type === field.type ? field : {...field, type};
    });
    const extra = rows.fields.filter((field) => fieldNamed(table, field.name) === undefined);
    for (const {name, type} of extra) this.added.push({column: path + name, table: null, rows: typeName(type)});
    return extra.length === 0 && kept.every((field, index) => field === table.fields[index])
      ? table
      : {type: 'struct', fields: [...kept, ...extra.map(newField)]};
  }

  type(table: DeltaType, rows: DeltaType, path: string): DeltaType {
    if (typeof table === 'string' || typeof rows === 'string') return this.primitive(table, rows, path);
    if (table.type === 'struct' && rows.type === 'struct') return this.struct(table, rows, `${path}.`);
    if (table.type === 'array' && rows.type === 'array') {
      const elementType = this.type(table.elementType, rows.elementType, `${path}.element`);
      return elementType === table.elementType ? table : {...table, elementType};
    }
    if (table.type === 'map' && rows.type === 'map') {
      const keyType = this.type(table.keyType, rows.keyType, `${path}.key`);
      const valueType = this.type(table.valueType, rows.valueType, `${path}.value`);
      return keyType === table.keyType && valueType === table.valueType ? table : {...table, keyType, valueType};
    }
    return this.refuse(table, rows, path);
  }

  private primitive(table: DeltaType, rows: DeltaType, path: string): DeltaType {
    if (typeof table !== 'string' || typeof rows !== 'string') return this.refuse(table, rows, path);
    if (typeName(table) === typeName(rows) || (timestamps.includes(table) && timestamps.includes(rows))) return table;
    const [own, other] = [integers.indexOf(table), integers.indexOf(rows)];
    if (own < 0 || other < 0) return this.refuse(table, rows, path);
    if (other <= own) return table;
    this.widened.push({column: path, table: typeName(table), rows: typeName(rows)});
    return rows;
  }

  private refuse(table: DeltaType, rows: DeltaType, path: string): DeltaType {
    this.failed.push({column: path, table: typeName(table), rows: typeName(rows)});
    return table;
  }
}
