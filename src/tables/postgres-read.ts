import {type Data, makeData, RecordBatch, RecordBatchStreamWriter, Schema, Field, Struct, Utf8} from 'apache-arrow';
import {ProblemError} from '../lib/problem.ts';
import type {Row} from '../lib/value.ts';
import type {Ports, PostgresAnswer, PostgresColumn} from '../ports/index.ts';
import {duckTypeOf} from '../sql/postgres.ts';
import {id, join, psqlStatement, sql, typeName, type Sql} from '../sql/sql.ts';

/** An answer's rows as PostgreSQL's texts; for small ones. */
export function postgresRows({columns, rows}: PostgresAnswer): (string | null)[][] {
  const decoder = new TextDecoder();
  return Array.from({length: rows}, (_, row) =>
    columns.map(({bytes, offsets, valid}) =>
      valid[row] === 1 ? decoder.decode(bytes.subarray(offsets[row], offsets[row + 1])) : null,
    ),
  );
}

/** Runs a statement of the user's in PostgreSQL, which refuses to write, and puts its rows into a table of the engine. */
export async function readPostgres(
  ports: Pick<Ports, 'engine' | 'postgres'>,
  statement: string,
  table: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  checkReads(statement);
  const answer = await ports.postgres.transaction((run) => run(psqlStatement(statement)), {readOnly: true, signal});
  if (answer.columns.length === 0)
    throw new ProblemError({
      code: 'POSTGRES_NO_ROWS',
      message: 'This statement gives no table.',
      hint: 'A psql cell reads: write a SELECT, or WITH … SELECT.',
    });
  const seen = new Set<string>();
  for (const {name} of answer.columns) {
    if (seen.has(name.toLowerCase()))
      throw new ProblemError({
        code: 'NAME_TAKEN',
        message: `The result would have two columns called ${name}.`,
        hint: 'Give one of them another name with AS.',
        where: {column: name},
      });
    seen.add(name.toLowerCase());
  }
  await intoEngine(ports, answer, table, signal);
}

/** Commands whose rows are wanted, and those that a transaction which only reads refuses with PostgreSQL's own words. */
const harmless = /^(?:select|with|values|table|show|explain|insert|update|delete|merge|drop|truncate)$/i;

/** A transaction that only reads lets COPY … TO and DO write files, those of the database itself among them: no other command gets as far as PostgreSQL. */
function checkReads(statement: string): void {
  const word = firstWord(statement);
  if (!harmless.test(word))
    throw new ProblemError({
      code: 'POSTGRES_NO_ROWS',
      message:
        word === ''
          ? 'This is no statement that PostgreSQL could answer.'
          : `A psql cell only reads, and ${word.toUpperCase()} gives no table.`,
      hint: 'Write a SELECT, or WITH … SELECT. Tables are written with a postgres step.',
    });
}

/** The first word as PostgreSQL finds it, whose comments nest; empty where there is none. */
function firstWord(statement: string): string {
  const token = /[ \t\n\r\f\v(]+|--[^\n\r]*|\/\*|([A-Za-z_]*)/y;
  for (;;) {
    const [found = '', word] = token.exec(statement) ?? [];
    if (word !== undefined) return word;
    if (found === '/*') token.lastIndex = endOfComment(statement, token.lastIndex);
  }
}

function endOfComment(statement: string, start: number): number {
  const mark = /\/\*|\*\//g;
  mark.lastIndex = start;
  for (let depth = 1; depth > 0;) {
    const found = mark.exec(statement);
    if (found === null) return statement.length;
    depth += found[0] === '/*' ? 1 : -1;
  }
  return mark.lastIndex;
}

async function intoEngine(
  {engine}: Pick<Ports, 'engine'>,
  answer: PostgresAnswer,
  table: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const texts = `${table}_texts`;
  await engine.execute([sql`DROP TABLE IF EXISTS ${id(texts)}`], {signal});
  try {
    await engine.insert(texts, ipcOf(answer), true, {signal});
    const open = answer.columns.flatMap(({type}, i) => (isNumeric(type) ? [i] : []));
    const decided = new Map<number, Sql>();
    if (open.length > 0) {
      const figures = open.map((i) => {
        const value = columnAt(i);
        return sql`coalesce(bool_or(${value} IN ('NaN', 'Infinity', '-Infinity')), false), coalesce(max(length(split_part(ltrim(${value}, '-'), '.', 1))), 1), coalesce(max(length(split_part(${value}, '.', 2))), 0), coalesce(bool_and(TRY_CAST(${value} AS HUGEINT) IS NOT NULL) FILTER (WHERE ${value} IS NOT NULL), true)`;
      });
      const [row = []] = (await engine.rows(sql`SELECT ${join(figures)} FROM ${id(texts)}`, {signal})).rows;
      for (const [k, i] of open.entries()) {
        const column = answer.columns[i];
        if (column !== undefined) decided.set(i, typeName(numericType(column.type, row.slice(4 * k, 4 * k + 4))));
      }
    }
    const nested = await nestedIn(engine, answer, texts, signal);
    const values = answer.columns.map(
      ({name, type}, i) => sql`${nested.get(i) ?? valueOf(type, columnAt(i), decided.get(i))} AS ${id(name)}`,
    );
    await engine.execute([sql`CREATE OR REPLACE TABLE ${id(table)} AS SELECT ${join(values)} FROM ${id(texts)}`], {
      signal,
    });
  } finally {
    await engine.execute([sql`DROP TABLE IF EXISTS ${id(texts)}`]);
  }
}

/**
 * Values of the columns that hold arrays of arrays, by place: lists of lists where all have as many dimensions, else PostgreSQL's own text, as for
 * texts, whose quotes and braces DuckDB reads otherwise. An array of arrays has the same type in PostgreSQL as an array.
 */
async function nestedIn(
  engine: Ports['engine'],
  {columns}: PostgresAnswer,
  texts: string,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<number, Sql>> {
  const arrays = columns.flatMap(({type}, i) => (isArray(type) ? [i] : []));
  if (arrays.length === 0) return new Map();
  const depths = arrays.map((i) => {
    const depth = sql`length(regexp_extract(${plainArray(columnAt(i))}, '^[{]+'))`;
    return sql`coalesce(min(${depth}) FILTER (WHERE ${columnAt(i)} <> '{}'), 1), coalesce(max(${depth}), 1)`;
  });
  const [row = []] = (await engine.rows(sql`SELECT ${join(depths)} FROM ${id(texts)}`, {signal})).rows;
  return new Map(
    arrays.flatMap((i, k): [number, Sql][] => {
      const [least, most] = [Number(row[2 * k]), Number(row[2 * k + 1])];
      if (most === 1) return [];
      const list = duckTypeOf(columns[i]?.type ?? '') ?? 'VARCHAR[]';
      if (least !== most || list === 'VARCHAR[]') return [[i, columnAt(i)]];
      return [[i, sql`translate(${plainArray(columnAt(i))}, '{}', '[]')::${typeName(list + '[]'.repeat(most - 1))}`]];
    }),
  );
}

const isArray = (type: string): boolean => duckTypeOf(type)?.endsWith('[]') === true;
/** PostgreSQL says where an array begins when that isn't 1: `[0:1]={4,5}`. */
const plainArray = (value: Sql): Sql => sql`regexp_replace(${value}, '^[[][^{]*=', '')`;

const columnAt = (i: number): Sql => id(`c${i}`);
const isNumeric = (type: string): boolean => /^numeric(?:\(\d+,-?\d+\))?$/.test(type);

/** numeric holds what DECIMAL can't: NaN and the infinities make it a DOUBLE, more than 38 digits a text. */
function numericType(type: string, [isSpecial, wholeDigits, fractionDigits, isHugeint]: Row): string {
  const [whole, fraction] = [Number(wholeDigits), Number(fractionDigits)];
  if (isSpecial === true) return 'DOUBLE';
  const declared = duckTypeOf(type);
  if (declared !== undefined && (declared !== 'HUGEINT' || isHugeint === true)) return declared;
  return whole + fraction <= 38 ? `DECIMAL(38,${fraction})` : 'VARCHAR';
}

function valueOf(type: string, value: Sql, numeric: Sql | undefined): Sql {
  if (numeric !== undefined) return sql`${value}::${numeric}`;
  const to = duckTypeOf(type) ?? 'VARCHAR';
  switch (to) {
    case 'VARCHAR':
      return value;
    case 'BLOB':
      return sql`unhex(substr(${value}, 3))`;
    case 'INTERVAL':
      return sql`replace(${value}, '+', '')::INTERVAL`;
    case 'DATE':
      return sql`regexp_replace(${value}, ' BC$', ' (BC)')::DATE`;
    case 'TIMESTAMP':
    case 'TIMESTAMP WITH TIME ZONE':
      return sql`regexp_replace(${value}, '^(\\S+) (.*) BC$', '\\1 (BC) \\2')::${typeName(to)}`;
    default:
      if (to === 'VARCHAR[]') return textArray(plainArray(value));
      return to.endsWith('[]')
        ? sql`(${arrayText(plainArray(value))})::${typeName(to)}`
        : sql`${value}::${typeName(to)}`;
  }
}

/** PostgreSQL's `{a,NULL,"x y"}` as DuckDB's `[a,NULL,"x y"]`; booleans are t and f in it. */
const arrayText = (value: Sql): Sql => sql`'[' || substr(${value}, 2, length(${value}) - 2) || ']'`;

/** Texts stand there without quotes although they hold what DuckDB would take for more than text, as brackets and apostrophes. */
const textArray = (value: Sql): Sql =>
  sql`list_transform(regexp_extract_all(${value}, '"(?:[^"\\\\]|\\\\[\\s\\S])*"|[^{},"]+'), lambda e: CASE WHEN e = 'NULL' THEN NULL WHEN starts_with(e, '"') THEN regexp_replace(substr(e, 2, length(e) - 2), '\\\\([\\s\\S])', '\\1', 'g') ELSE e END)`;

/** The columns as Arrow, all of them text, named by their place. */
function ipcOf({columns, rows}: PostgresAnswer): Uint8Array {
  const schema = new Schema(columns.map((_, i) => new Field(`c${i}`, new Utf8(), true)));
  const children = columns.map((column) => textData(column, rows));
  const batch = new RecordBatch(
    schema,
    makeData({type: new Struct(schema.fields), length: rows, nullCount: 0, children}),
  );
  return RecordBatchStreamWriter.writeAll([batch]).toUint8Array(true);
}

function textData({bytes, offsets, valid}: PostgresColumn, rows: number): Data<Utf8> {
  const nullBitmap = new Uint8Array((rows + 7) >> 3);
  let nullCount = 0;
  for (let i = 0; i < rows; i++) {
    if (valid[i] === 1) nullBitmap[i >> 3] = (nullBitmap[i >> 3] ?? 0) | (1 << (i & 7));
    else nullCount++;
  }
  return makeData({type: new Utf8(), length: rows, nullCount, nullBitmap, valueOffsets: offsets, data: bytes});
}
