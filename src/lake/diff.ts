import type {Difference} from '../lib/problem.ts';
import type {Add} from './actions.ts';
import {fieldNamed, type StructField, type StructType} from './schema.ts';
import type {Snapshot} from './snapshot.ts';
import {typeName} from './types.ts';

/** Where two schemas differ: `table` is the type in the first, `rows` in the second, with NOT NULL where it is. Fields of structs are compared one by one, e.g. `a.b`. */
export function diffSchemas(first: StructType, second: StructType, path = ''): Difference[] {
  const differences: Difference[] = [];
  for (const field of first.fields) {
    const other = fieldNamed(second, field.name);
    const column = path + field.name;
    if (other === undefined) differences.push({column, table: shown(field), rows: null});
    else if (isStruct(field.type) && isStruct(other.type) && field.nullable === other.nullable) differences.push(...diffSchemas(field.type, other.type, `${column}.`));
    else if (shown(field) !== shown(other)) differences.push({column, table: shown(field), rows: shown(other)});
  }
  for (const field of second.fields) if (fieldNamed(first, field.name) === undefined) differences.push({column: path + field.name, table: null, rows: shown(field)});
  return differences;
}

/** Files that only one of two versions of a table has. */
export function diffFiles(first: Snapshot, second: Snapshot): {readonly removed: readonly Add[]; readonly added: readonly Add[]; readonly kept: number} {
  const only = (a: Snapshot, b: Snapshot) => [...a.files].filter(([key]) => !b.files.has(key)).map(([, add]) => add);
  const removed = only(first, second);
  return {removed, added: only(second, first), kept: first.files.size - removed.length};
}

const isStruct = (type: StructField['type']): type is StructType => typeof type !== 'string' && type.type === 'struct';

const shown = ({type, nullable}: StructField): string => `${typeName(type)}${nullable ? '' : ' NOT NULL'}`;
