import {
  Bool,
  Decimal,
  Field,
  Float64,
  Int64,
  List,
  makeData,
  Struct,
  Utf8,
  type Data,
  type DataType,
} from 'apache-arrow';
import {jsonText, type Json} from './parse.ts';
import type {Shape} from './shape.ts';

/** Gathers the values of one place as an Arrow column. */
export interface ColumnBuilder {
  readonly type: DataType;
  append(value: Json | undefined): void;
  /** Gives what it gathered and starts anew. */
  finish(): Data;
}

/** The builder for a shape; places that never held a value become text. */
function columnBuilder(shape: Shape): ColumnBuilder {
  switch (shape.kind) {
    case 'boolean':
      return new BooleanBuilder();
    case 'integer':
      return new IntegerBuilder();
    case 'decimal':
      return new DecimalBuilder();
    case 'double':
      return new DoubleBuilder();
    case 'list':
      return new ListBuilder(columnBuilder(shape.item ?? {kind: 'null'}));
    case 'struct':
      return structBuilder(shape.fields ?? new Map());
    case 'text':
    case 'null':
      return new TextBuilder();
  }
}

/** A struct without fields is no type of DuckDB's: its `{}` stay text. */
function structBuilder(fields: ReadonlyMap<string, Shape>): ColumnBuilder {
  return fields.size === 0 ? new TextBuilder() : new StructBuilder(fields);
}

/** One bit a value says whether it is there; it grows by doubling. */
class Validity {
  #bits = new Uint8Array(1024);
  length = 0;
  nullCount = 0;

  push(valid: boolean): void {
    const byte = this.length >> 3;
    if (byte === this.#bits.length) this.#bits = grown(this.#bits, byte + 1);
    if (valid) this.#bits[byte] = (this.#bits[byte] ?? 0) | (1 << (this.length & 7));
    else this.nullCount++;
    this.length++;
  }

  finish(): {length: number; nullCount: number; nullBitmap: Uint8Array} {
    const {length, nullCount} = this;
    const nullBitmap = this.#bits.slice(0, (length + 7) >> 3);
    this.#bits.fill(0);
    this.length = 0;
    this.nullCount = 0;
    return {length, nullCount, nullBitmap};
  }
}

function grown<T extends Uint8Array | Int32Array | Float64Array>(array: T, atLeast: number): T {
  // The cast: TypeScript can't say that a constructor makes its own kind.
  const larger = new (array.constructor as new (length: number) => T)(Math.max(atLeast, array.length * 2));
  larger.set(array);
  return larger;
}

class BooleanBuilder implements ColumnBuilder {
  readonly type = new Bool();
  readonly #validity = new Validity();
  readonly #values = new Validity();

  append(value: Json | undefined): void {
    this.#validity.push(value !== null && value !== undefined);
    this.#values.push(value === true);
  }
  finish(): Data {
    return makeData({type: this.type, ...this.#validity.finish(), data: this.#values.finish().nullBitmap});
  }
}

class DoubleBuilder implements ColumnBuilder {
  readonly type = new Float64();
  readonly #validity = new Validity();
  #values = new Float64Array(1024);

  append(value: Json | undefined): void {
    const at = this.#validity.length;
    if (at === this.#values.length) this.#values = grown(this.#values, at + 1);
    const valid = value !== null && value !== undefined;
    this.#validity.push(valid);
    if (valid) this.#values[at] = Number(value);
  }
  finish(): Data {
    const validity = this.#validity.finish();
    return makeData({type: this.type, ...validity, data: this.#values.slice(0, validity.length)});
  }
}

const twoTo32 = 2 ** 32;

/** BIGINT from its two halves, which costs no bigint for a value. */
class IntegerBuilder implements ColumnBuilder {
  readonly type = new Int64();
  readonly #validity = new Validity();
  #halves = new Int32Array(2048);

  append(value: Json | undefined): void {
    const at = this.#validity.length;
    if (at * 2 === this.#halves.length) this.#halves = grown(this.#halves, at * 2 + 2);
    this.#validity.push(value !== null && value !== undefined);
    if (typeof value === 'number') {
      this.#halves[at * 2] = value % twoTo32;
      this.#halves[at * 2 + 1] = Math.floor(value / twoTo32);
    } else if (typeof value === 'bigint') new BigInt64Array(this.#halves.buffer)[at] = value;
  }
  finish(): Data {
    const validity = this.#validity.finish();
    return makeData({
      type: this.type,
      ...validity,
      data: new BigInt64Array(this.#halves.slice(0, validity.length * 2).buffer),
    });
  }
}

/** DECIMAL(38,0): integers that a BIGINT doesn't hold, exact. */
class DecimalBuilder implements ColumnBuilder {
  readonly type = new Decimal(0, 38, 128);
  readonly #validity = new Validity();
  readonly #values: bigint[] = [];

  append(value: Json | undefined): void {
    const valid = typeof value === 'number' || typeof value === 'bigint';
    this.#validity.push(valid);
    this.#values.push(valid ? BigInt(value) : 0n);
  }
  finish(): Data {
    const words = new BigInt64Array(this.#values.length * 2);
    for (const [i, value] of this.#values.entries()) {
      words[i * 2] = BigInt.asIntN(64, value);
      words[i * 2 + 1] = value >> 64n;
    }
    this.#values.length = 0;
    return makeData({type: this.type, ...this.#validity.finish(), data: new Uint32Array(words.buffer)});
  }
}

const encoder = new TextEncoder();

/** Strings as they are, anything else as JSON text. */
class TextBuilder implements ColumnBuilder {
  readonly type = new Utf8();
  readonly #validity = new Validity();
  #offsets = new Int32Array(1025);
  #bytes = new Uint8Array(16_384);
  #end = 0;

  append(value: Json | undefined): void {
    const at = this.#validity.length;
    const valid = value !== null && value !== undefined;
    this.#validity.push(valid);
    if (valid) this.#write(typeof value === 'string' ? value : jsonText(value));
    if (at + 1 === this.#offsets.length) this.#offsets = grown(this.#offsets, at + 2);
    this.#offsets[at + 1] = this.#end;
  }
  #write(text: string): void {
    // UTF-8 takes at most three bytes for a UTF-16 unit.
    const most = this.#end + text.length * 3;
    if (most > this.#bytes.length) this.#bytes = grown(this.#bytes, most);
    this.#end += encoder.encodeInto(text, this.#bytes.subarray(this.#end)).written;
  }
  finish(): Data {
    const validity = this.#validity.finish();
    const data = this.#bytes.slice(0, this.#end);
    this.#end = 0;
    return makeData({type: this.type, ...validity, valueOffsets: this.#offsets.slice(0, validity.length + 1), data});
  }
}

class ListBuilder implements ColumnBuilder {
  readonly type: List;
  readonly #validity = new Validity();
  #offsets = new Int32Array(1025);
  #end = 0;

  constructor(private readonly item: ColumnBuilder) {
    this.type = new List(new Field('item', item.type, true));
  }
  append(value: Json | undefined): void {
    const at = this.#validity.length;
    // The cast: the shape says that what is there is a list.
    const items = (value ?? undefined) as readonly Json[] | undefined;
    this.#validity.push(items !== undefined);
    if (items !== undefined) {
      for (const inner of items) this.item.append(inner);
      this.#end += items.length;
    }
    if (at + 1 === this.#offsets.length) this.#offsets = grown(this.#offsets, at + 2);
    this.#offsets[at + 1] = this.#end;
  }
  finish(): Data {
    const validity = this.#validity.finish();
    this.#end = 0;
    return makeData({
      type: this.type,
      ...validity,
      valueOffsets: this.#offsets.slice(0, validity.length + 1),
      child: this.item.finish(),
    });
  }
}

/** An object's fields; a missing key is null. */
export class StructBuilder implements ColumnBuilder {
  readonly type: Struct;
  readonly #validity = new Validity();
  readonly #fields: readonly (readonly [key: string, column: ColumnBuilder])[];

  constructor(fields: ReadonlyMap<string, Shape>) {
    this.#fields = [...fields].map(([key, shape]) => [key, columnBuilder(shape)]);
    const names = safeNames([...fields.keys()]);
    this.type = new Struct(this.#fields.map(([key, {type}], i) => new Field(names[i] ?? key, type, true)));
  }
  append(value: Json | undefined): void {
    // The cast: the shape says that what is there is an object.
    const object = (value ?? undefined) as {readonly [key: string]: Json} | undefined;
    this.#validity.push(object !== undefined);
    for (const [key, column] of this.#fields) column.append(object?.[key]);
  }
  finish(): Data<Struct> {
    return makeData({
      type: this.type,
      ...this.#validity.finish(),
      children: this.#fields.map(([, column]) => column.finish()),
    });
  }
}

/** Keys as names for DuckDB, which doesn't tell `Id` from `id` and has no empty names: `Id`, `id_1`, `column3`. */
export function safeNames(keys: readonly string[]): string[] {
  const taken = new Set(keys.map((key) => key.toLowerCase()));
  const given = new Set<string>();
  return keys.map((key, i) => {
    const base = key === '' ? `column${i + 1}` : key;
    let name = base;
    for (let n = 1; given.has(name.toLowerCase()) || (name !== key && taken.has(name.toLowerCase())); n++)
      name = `${base}_${n}`;
    given.add(name.toLowerCase());
    return name;
  });
}
