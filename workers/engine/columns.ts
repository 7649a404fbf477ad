import {RecordBatchReader, type Data, type Float64, type Int64, type Utf8} from 'apache-arrow';
import type {Column, ColumnValues} from '../contract/engine.ts';
import {EngineError} from './errors.ts';
import {TextNumbers} from './text-numbers.ts';

const numeric = /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|BOOLEAN|BIGNUM|DECIMAL\(\d+,\d+\))$/;
// `nullTime`; written at once it would be a HUGEINT.
const missingTime = '-9223372036854775807 - 1';

/** Puts one column together from record batches. */
export interface ColumnBuilder {
  /** What is asked of DuckDB for the column of this name. */
  select(name: string): string;
  add(data: Data): void;
  finish(): ColumnValues;
}

/** Throws an `EngineError` for a column that is neither number, time nor text. */
export function builderOf({name, type}: Column): ColumnBuilder {
  if (numeric.test(type)) return new Numbers(name);
  if (type === 'TIMESTAMP') return new Times(name);
  if (type === 'VARCHAR') return new Texts(name);
  throw new EngineError({
    code: 'COLUMN_NOT_NUMERIC',
    message: `Column ${name} is ${type}, not a number.`,
    hint: 'Choose columns of numbers, or cast it first.',
    where: {column: name},
  });
}

/** Adds the rows of an IPC stream to the columns. */
export function addColumns(ipc: Uint8Array, builders: readonly ColumnBuilder[]): void {
  for (const batch of RecordBatchReader.from(ipc)) {
    builders.forEach((builder, i) => {
      const data = batch.data.children[i];
      if (data !== undefined) builder.add(data);
    });
  }
}

class Numbers implements ColumnBuilder {
  readonly #parts: Float64Array[] = [];
  constructor(private readonly name: string) {}

  select(name: string): string {
    return `${name}::DOUBLE`;
  }

  add(data: Data): void {
    // The query casts the column to DOUBLE.
    const {values} = data as Data<Float64>;
    const part = values.slice(0, data.length);
    if (data.nullCount > 0) for (let i = 0; i < part.length; i++) if (!data.getValid(i)) part[i] = NaN;
    this.#parts.push(part);
  }

  finish(): ColumnValues {
    return {kind: 'numbers', name: this.name, values: joined(this.#parts, (length) => new Float64Array(length))};
  }
}

class Times implements ColumnBuilder {
  readonly #parts: BigInt64Array[] = [];
  constructor(private readonly name: string) {}

  select(name: string): string {
    return `coalesce(epoch_us(${name}), ${missingTime})`;
  }

  add(data: Data): void {
    // epoch_us gives BIGINT.
    this.#parts.push((data as Data<Int64>).values.slice(0, data.length));
  }

  finish(): ColumnValues {
    return {kind: 'times', name: this.name, values: joined(this.#parts, (length) => new BigInt64Array(length))};
  }
}

class Texts implements ColumnBuilder {
  readonly #parts: Int32Array[] = [];
  readonly #numbers = new TextNumbers();
  constructor(private readonly name: string) {}

  select(name: string): string {
    return name;
  }

  add(data: Data): void {
    // DuckDB gives VARCHAR as Utf8.
    const {values, valueOffsets, length, nullCount} = data as Data<Utf8>;
    const part = new Int32Array(length);
    for (let i = 0; i < length; i++)
      part[i] =
        nullCount > 0 && !data.getValid(i)
          ? -1
          : this.#numbers.of(values, valueOffsets[i] ?? 0, valueOffsets[i + 1] ?? 0);
    this.#parts.push(part);
  }

  finish(): ColumnValues {
    return {
      kind: 'texts',
      name: this.name,
      values: joined(this.#parts, (length) => new Int32Array(length)),
      distinct: this.#numbers.size,
    };
  }
}

/** Joins the parts in one array, and frees each once it is copied. */
function joined<T extends {readonly length: number; set(values: T, at: number): void}>(
  parts: T[],
  make: (length: number) => T,
): T {
  const whole = make(parts.reduce((sum, {length}) => sum + length, 0));
  let at = 0;
  for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
