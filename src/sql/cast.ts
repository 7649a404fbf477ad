import {fail, ok, type Problem, type Result} from '../lib/problem.ts';
import {formatPattern, parsePattern, readTime} from './datetime.ts';
import {present} from './missing.ts';
import {id, join, lit, sql, typeName, type Sql} from './sql.ts';
import {fromSparkType, isFloat, isNested, isNumber, isText, isTime, type Column} from './types.ts';

/** Units that a number of epoch time may count. */
export const epochs = ['epoch_s', 'epoch_ms', 'epoch_us'] as const;
export type Epoch = (typeof epochs)[number];

const microseconds: Readonly<Record<Epoch, number>> = {epoch_s: 1_000_000, epoch_ms: 1000, epoch_us: 1};
export const isEpoch = (format: string): format is Epoch => format in microseconds;

/** What a column is cast to. `formats` are Spark patterns or epoch units, tried in order. */
export interface CastTarget {
  readonly to: string;
  readonly formats: readonly string[];
  readonly decimal: '.' | ',';
}

/** A cast in SQL: NULL where it fails. `source` is what it reads, NULL where there is nothing to read. */
export interface CastSql {
  readonly value: Sql;
  readonly source: Sql;
}

const integers = new Set([
  'TINYINT',
  'SMALLINT',
  'INTEGER',
  'BIGINT',
  'HUGEINT',
  'UTINYINT',
  'USMALLINT',
  'UINTEGER',
  'UBIGINT',
  'UHUGEINT',
]);

/** The DuckDB type for a Spark or DuckDB type name, or undefined when it is neither. */
export function duckType(name: string): string | undefined {
  const known = fromSparkType(name.trim());
  if (known !== undefined) return known;
  const upper = name.trim().toUpperCase();
  const alias = aliases[upper];
  return (
    alias ??
    (/^(DECIMAL\(\d+,\s*\d+\)|VARCHAR|BLOB|TIME|UUID|INTERVAL|TIMESTAMP_(S|MS|NS)|TIMESTAMP WITH TIME ZONE)$/.test(
      upper,
    ) || integers.has(upper)
      ? upper
      : undefined)
  );
}

const aliases: Readonly<Record<string, string>> = {
  INTEGER: 'INTEGER',
  LONG: 'BIGINT',
  SHORT: 'SMALLINT',
  BYTE: 'TINYINT',
  TEXT: 'VARCHAR',
  BOOL: 'BOOLEAN',
  REAL: 'FLOAT',
  DECIMAL: 'DECIMAL(10,0)',
  TIMESTAMPTZ: 'TIMESTAMP WITH TIME ZONE',
};

/** SQL for the value of `column` as another type, as Spark's `try_cast` gives it; text is trimmed first. */
export function castSql(column: Column, target: CastTarget): Result<CastSql> {
  const type = duckType(target.to);
  if (type === undefined)
    return fail(
      castProblem(
        `There is no type called ${target.to}.`,
        'Write string, boolean, int, bigint, float, double, decimal(10,2), date or timestamp.',
      ),
    );
  const name = id(column.name);
  if (type === 'VARCHAR') return castToText(column, target);
  // A column whose type isn't known yet is read as text.
  if (isText(column.type) || column.type === '') return castText(sql`trim(${name})`, type, target);
  const plain = {value: sql`TRY_CAST(${name} AS ${typeName(type)})`, source: present(column)};
  if (isNumber(column.type)) return castNumber(column, type, target, plain);
  if (isTime(column.type)) return castTime(column, type, target, plain);
  if (isNested(column.type))
    return fail(
      castProblem(
        `${column.name} is ${column.type}, and can only become a string.`,
        'Take one of its fields with derive first.',
      ),
    );
  return ok(plain);
}

const castProblem = (message: string, hint: string): Problem => ({code: 'CAST_IMPOSSIBLE', message, hint});

/** The time that a column of times says, as a TIMESTAMP in UTC. */
const utc = (column: Column): Sql => {
  const name = id(column.name);
  if (column.type === 'TIMESTAMP' || column.type === '') return name;
  return column.type === 'TIMESTAMP WITH TIME ZONE' ? sql`make_timestamp(epoch_us(${name}))` : sql`${name}::TIMESTAMP`;
};

function castToText(column: Column, {formats}: CastTarget): Result<CastSql> {
  const [format] = formats;
  const name = id(column.name);
  if (format === undefined || !isTime(column.type)) return ok({value: sql`${name}::VARCHAR`, source: name});
  const written = formatPattern(format);
  return written.ok ? ok({value: sql`strftime(${utc(column)}, ${lit(written.value)})`, source: name}) : written;
}

function castText(text: Sql, type: string, target: CastTarget): Result<CastSql> {
  const number = target.decimal === ',' ? sql`translate(${text}, ',.', '.,')` : text;
  const plain = (value: Sql): Result<CastSql> => ok({value, source: sql`nullif(${text}, '')`});
  if (type === 'TIMESTAMP' || type === 'DATE') return castTextToTime(text, type, target);
  if (type === 'BOOLEAN')
    return plain(
      sql`CASE WHEN lower(${text}) IN ('true', 't', 'yes', 'y', '1') THEN true WHEN lower(${text}) IN ('false', 'f', 'no', 'n', '0') THEN false END`,
    );
  // DuckDB would round 12.5 and read 1e3 or 0x1F as whole numbers.
  if (integers.has(type))
    return plain(
      sql`CASE WHEN regexp_full_match(${text}, '[+-]?[0-9]+') THEN TRY_CAST(${text} AS ${typeName(type)}) END`,
    );
  if (type === 'BLOB') return plain(sql`encode(${text})`);
  return plain(sql`TRY_CAST(${isNumber(type) ? number : text} AS ${typeName(type)})`);
}

function castTextToTime(text: Sql, type: string, {formats}: CastTarget): Result<CastSql> {
  const ways: Sql[] = [];
  for (const format of formats) {
    if (isEpoch(format)) {
      ways.push(fromEpoch(sql`TRY_CAST(${text} AS DECIMAL(38,6))`, format));
      continue;
    }
    const pattern = parsePattern(format);
    if (!pattern.ok) return pattern;
    ways.push(readTime(text, pattern.value));
  }
  if (ways.length === 0) ways.push(sql`make_timestamp(epoch_us(TRY_CAST(${text} AS TIMESTAMPTZ)))`);
  const [only] = ways;
  const time = ways.length === 1 && only !== undefined ? only : sql`coalesce(${join(ways)})`;
  return ok({value: type === 'DATE' ? sql`CAST(${time} AS DATE)` : time, source: sql`nullif(${text}, '')`});
}

/** A number of seconds, milliseconds or microseconds since 1970-01-01 UTC as a TIMESTAMP, NULL beyond what one can hold. */
const fromEpoch = (number: Sql, unit: Epoch): Sql =>
  sql`TRY(make_timestamp(CAST(${number}${microseconds[unit] === 1 ? sql`` : sql` * ${lit(microseconds[unit])}`} AS BIGINT)))`;

function castNumber(column: Column, type: string, {formats}: CastTarget, plain: CastSql): Result<CastSql> {
  const name = id(column.name);
  const whole = integers.has(column.type);
  if (type === 'BOOLEAN') return ok({...plain, value: sql`${present(column)} <> 0`});
  // Spark cuts the fraction off where DuckDB would round.
  if (integers.has(type) && !whole) return ok({...plain, value: sql`TRY_CAST(trunc(${name}) AS ${typeName(type)})`});
  if (type !== 'TIMESTAMP' && type !== 'DATE') return ok(plain);
  const [unit = 'epoch_s'] = formats;
  if (!isEpoch(unit) || formats.length > 1)
    return fail(
      castProblem(
        `${column.name} is a number, and ${formats.join(', ')} describes a text.`,
        'Write epoch_s, epoch_ms or epoch_us, for what the number counts since 1970.',
      ),
    );
  const number = whole ? sql`${name}::HUGEINT` : sql`TRY_CAST(${name} AS DECIMAL(38,6))`;
  const time = fromEpoch(number, unit);
  return ok({...plain, value: type === 'DATE' ? sql`CAST(${time} AS DATE)` : time});
}

function castTime(column: Column, type: string, {formats}: CastTarget, plain: CastSql): Result<CastSql> {
  const time = utc(column);
  const source = id(column.name);
  if (type === 'TIMESTAMP') return ok({value: time, source});
  if (type === 'DATE') return ok({value: sql`CAST(${time} AS DATE)`, source});
  if (!isNumber(type))
    return type === 'BOOLEAN'
      ? fail(
          castProblem(
            `${column.name} is a time, which is neither true nor false.`,
            'Write a derive step that compares it.',
          ),
        )
      : ok(plain);
  const [unit = 'epoch_s'] = formats;
  if (!isEpoch(unit))
    return fail(
      castProblem(
        `${column.name} becomes a number, and ${unit} describes a text.`,
        'Write epoch_s, epoch_ms or epoch_us.',
      ),
    );
  if (integers.has(type))
    return ok({
      value: sql`TRY_CAST(floor(epoch_us(${time}) / ${lit(microseconds[unit])}) AS ${typeName(type)})`,
      source,
    });
  const exact = isFloat(type)
    ? sql`epoch_us(${time}) / ${lit(microseconds[unit])}`
    : sql`epoch_us(${time})::DECIMAL(30,6) / ${lit(microseconds[unit])}`;
  return ok({value: sql`TRY_CAST(${exact} AS ${typeName(type)})`, source});
}
