import type {Json} from './parse.ts';

/** What the values of one place in all records have in common. */
export interface Shape {
  kind: Kind;
  /** Of a struct: its fields in the order they were first seen. */
  fields?: Map<string, Shape>;
  /** Of a list: what its items have in common. */
  item?: Shape;
}

/**
 * `null`: nothing but nulls so far. `integer` is BIGINT, `decimal` DECIMAL(38,0). `text` also holds values of different
 * kinds: strings as they are, the rest as JSON text, which is Spark's rule.
 */
export type Kind = 'null' | 'boolean' | 'integer' | 'decimal' | 'double' | 'text' | 'struct' | 'list';

/** Objects and lists nested deeper are kept as JSON text. */
const maxDepth = 16;
/** An object with more different keys is a map from data to data, kept as JSON text. */
const maxFields = 1000;

export const emptyShape = (): Shape => ({kind: 'null'});

/** Widens `shape` so that it holds `value` too; `depth` counts the objects and lists around it. */
export function widen(shape: Shape, value: Json | undefined, depth = 0): void {
  if (value === null || value === undefined || shape.kind === 'text') return;
  const kind = kindOf(value);
  if (kind === 'struct' || kind === 'list') return widenNested(shape, value, kind, depth);
  if (shape.kind !== kind) shape.kind = merge(shape.kind, kind);
}

function widenNested(shape: Shape, value: Json, kind: 'struct' | 'list', depth: number): void {
  if (depth >= maxDepth || (shape.kind !== 'null' && shape.kind !== kind)) return toText(shape);
  shape.kind = kind;
  if (kind === 'list') {
    const item = (shape.item ??= emptyShape());
    // The cast: `kind` says so.
    for (const inner of value as readonly Json[]) widen(item, inner, depth + 1);
    return;
  }
  const fields = (shape.fields ??= new Map());
  // The cast: `kind` says so.
  const object = value as {readonly [key: string]: Json};
  for (const key of Object.keys(object)) {
    let field = fields.get(key);
    if (field === undefined) {
      field = emptyShape();
      fields.set(key, field);
    }
    widen(field, object[key], depth + 1);
  }
  if (depth > 0 && fields.size > maxFields) toText(shape);
}

function toText(shape: Shape): void {
  shape.kind = 'text';
  delete shape.fields;
  delete shape.item;
}

const int64 = 2n ** 63n;
const decimal38 = 10n ** 38n;

function kindOf(value: Exclude<Json, null>): Kind {
  switch (typeof value) {
    case 'boolean':
      return 'boolean';
    case 'string':
      return 'text';
    case 'number':
      return Number.isInteger(value) && Math.abs(value) < 1e16 ? 'integer' : 'double';
    case 'bigint':
      return value >= -int64 && value < int64
        ? 'integer'
        : value > -decimal38 && value < decimal38
          ? 'decimal'
          : 'double';
    default:
      return Array.isArray(value) ? 'list' : 'struct';
  }
}

const numbers: readonly Kind[] = ['integer', 'decimal', 'double'];

/** The narrowest kind that holds both: numbers widen, all else becomes text. */
function merge(a: Kind, b: Kind): Kind {
  if (a === 'null') return b;
  return numbers.includes(a) && numbers.includes(b)
    ? (numbers[Math.max(numbers.indexOf(a), numbers.indexOf(b))] ?? 'double')
    : 'text';
}
