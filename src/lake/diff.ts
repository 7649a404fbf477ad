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
    else if (isStruct(field.type) && isStruct(other.type) && field.nullable === other.nullable)
      differences.push(...diffSchemas(field.type, other.type, `${column}.`));
    else if (shown(field) !== shown(other)) differences.push({column, table: shown(field), rows: shown(other)});
  }
  for (const field of second.fields)
    if (fieldNamed(first, field.name) === undefined)
      differences.push({column: path + field.name, table: null, rows: shown(field)});
  return differences;
}

/** The files of a version that another version of the table doesn't have. */
export const filesOnlyIn = (snapshot: Snapshot, other: Snapshot): readonly Add[] =>
  [...snapshot.files].filter(([key]) => !other.files.has(key)).map(([, add]) => add);

const isStruct = (type: StructField['type']): type is StructType => typeof type !== 'string' && type.type === 'struct';

const shown = ({type, nullable}: StructField): string => `${typeName(type)}${nullable ? '' : ' NOT NULL'}`;
