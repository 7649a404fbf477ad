import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {cellValue, formatValue} from '../../../src/arrow/values.ts';
import {parseDuckType} from '../../../src/lib/duckdb-type.ts';
import type {Value} from '../../../src/lib/value.ts';
import {id, join, query, sql} from '../../../src/sql/sql.ts';
import {exactQuery} from '../../../workers/engine/exact.ts';
import {startNodeEngine, type NodeEngine} from '../engine/node-engine.ts';

let node: NodeEngine;
beforeAll(async () => {
  node = await startNodeEngine();
});
afterAll(() => node.close());

/** DuckDB type → SQL literals and the values they must arrive as. NULL is tried for each. */
const types: Readonly<Record<string, readonly (readonly [literal: string, value: Value])[]>> = {
  BOOLEAN: [
    ['true', true],
    ['false', false],
  ],
  TINYINT: [
    ['-128', -128],
    ['127', 127],
  ],
  SMALLINT: [
    ['-32768', -32768],
    ['32767', 32767],
  ],
  INTEGER: [
    ['-2147483648', -2147483648],
    ['2147483647', 2147483647],
  ],
  BIGINT: [
    ['-9223372036854775808', -9223372036854775808n],
    ['9223372036854775807', 9223372036854775807n],
    ['0', 0n],
  ],
  HUGEINT: [
    ["'-170141183460469231731687303715884105728'", -(2n ** 127n)],
    ["'170141183460469231731687303715884105727'", 2n ** 127n - 1n],
    ['42', 42n],
  ],
  UTINYINT: [['255', 255]],
  USMALLINT: [['65535', 65535]],
  UINTEGER: [['4294967295', 4294967295]],
  UBIGINT: [['18446744073709551615', 2n ** 64n - 1n]],
  UHUGEINT: [
    ["'340282366920938463463374607431768211455'", 2n ** 128n - 1n],
    ['0', 0n],
  ],
  BIGNUM: [
    [
      "'123456789012345678901234567890123456789012345678901234567890'",
      123456789012345678901234567890123456789012345678901234567890n,
    ],
  ],
  FLOAT: [
    ["'nan'", NaN],
    ["'-inf'", -Infinity],
    ['0.1', Math.fround(0.1)],
  ],
  DOUBLE: [
    ["'nan'", NaN],
    ["'inf'", Infinity],
    ["'-inf'", -Infinity],
    ['0.1', 0.1],
    ['1.7976931348623157e308', Number.MAX_VALUE],
    ["'-0.0'", -0],
  ],
  'DECIMAL(4,1)': [
    ['12.3', '12.3'],
    ['-999.9', '-999.9'],
    ['0', '0.0'],
  ],
  'DECIMAL(9,2)': [
    ['12.34', '12.34'],
    ['-0.05', '-0.05'],
  ],
  'DECIMAL(18,3)': [['-12.345', '-12.345']],
  'DECIMAL(38,0)': [["'99999999999999999999999999999999999999'", '99999999999999999999999999999999999999']],
  'DECIMAL(38,10)': [["'-1234567890123456789012345678.0123456789'", '-1234567890123456789012345678.0123456789']],
  VARCHAR: [
    ["'héllo\n\"'", 'héllo\n"'],
    ["''", ''],
    ["'🙂'", '🙂'],
  ],
  BLOB: [
    ["'\\xAA\\x00b'::BLOB", Uint8Array.of(0xaa, 0, 98)],
    ["''::BLOB", new Uint8Array()],
  ],
  DATE: [
    ["'2024-02-29'", '2024-02-29'],
    ["'1969-12-31'", '1969-12-31'],
    ["'infinity'", 'infinity'],
    ["'-infinity'", '-infinity'],
    ["'5881580-07-10'", '+5881580-07-10'],
    ["'5877642-06-25 (BC)'", '-5877641-06-25'],
  ],
  TIME: [
    ["'12:34:56.789012'", '12:34:56.789012'],
    ["'00:00:00'", '00:00:00'],
    ["'24:00:00'", '24:00:00'],
    ["'01:02:03.5'", '01:02:03.5'],
  ],
  TIME_NS: [["'12:34:56.789012345'", '12:34:56.789012345']],
  TIMESTAMP: [
    ["'2024-02-29 12:34:56.789012'", '2024-02-29T12:34:56.789012'],
    ["'2024-02-29 12:34:56'", '2024-02-29T12:34:56'],
    ["'2024-02-29 12:34:56.100000'", '2024-02-29T12:34:56.1'],
    ["'1969-12-31 23:59:59.999999'", '1969-12-31T23:59:59.999999'],
    ["'0001-01-01 00:00:00'", '0001-01-01T00:00:00'],
    ["'infinity'", 'infinity'],
    ["'-infinity'", '-infinity'],
    ["'294247-01-10 04:00:54.775806'", '+294247-01-10T04:00:54.775806'],
    ["'290309-12-22 (BC) 00:00:00'", '-290308-12-22T00:00:00'],
  ],
  TIMESTAMP_S: [["'2024-02-29 12:34:56'", '2024-02-29T12:34:56']],
  TIMESTAMP_MS: [["'2024-02-29 12:34:56.789'", '2024-02-29T12:34:56.789']],
  TIMESTAMP_NS: [["'2024-02-29 12:34:56.789012345'", '2024-02-29T12:34:56.789012345']],
  'TIMESTAMP WITH TIME ZONE': [
    ["'2024-02-29 12:34:56.789012+02'", '2024-02-29T10:34:56.789012Z'],
    ["'infinity'", 'infinity'],
  ],
  'TIME WITH TIME ZONE': [["'12:34:56.789012+02:30'", '12:34:56.789012+02:30']],
  INTERVAL: [
    ["'1 year 2 months 3 days 04:05:06.789'", '1 year 2 months 3 days 04:05:06.789'],
    ["'-3 days'", '-3 days'],
    ['to_microseconds(9223372036854775807)', '2562047788:00:54.775807'],
  ],
  UUID: [["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']],
  BIT: [["'010101'", '010101']],
  VARIANT: [['1', '1']],
  "ENUM('a', 'it''s, (b')": [
    ["'a'", 'a'],
    ["'it''s, (b'", "it's, (b"],
  ],
  'INTEGER[]': [
    ['[1, NULL, 3]', [1, null, 3]],
    ['[]', []],
  ],
  'INTEGER[3]': [['[1, 2, NULL]', [1, 2, null]]],
  'HUGEINT[]': [['[1, -2]', [1n, -2n]]],
  'DECIMAL(9,2)[][]': [['[[1.25], []]', [['1.25'], []]]],
  'TIMESTAMP[]': [["['2024-02-29 12:34:56.789012'::TIMESTAMP, NULL]", ['2024-02-29T12:34:56.789012', null]]],
  "ENUM('a', 'b')[2]": [["['a', 'b']", ['a', 'b']]],
  'STRUCT(a INTEGER, "b ""c" VARCHAR)': [
    [`{'a': 1, 'b "c': 'x'}`, {a: 1, 'b "c': 'x'}],
    [`{'a': NULL, 'b "c': NULL}`, {a: null, 'b "c': null}],
  ],
  'STRUCT(d DECIMAL(30,2), t TIME, "order" UHUGEINT, l BIT[])': [
    ["{'d': 1.25, 't': '01:02:03.5', 'order': 7, 'l': ['01']}", {d: '1.25', t: '01:02:03.5', order: 7n, l: ['01']}],
  ],
  'MAP(VARCHAR, INTEGER)': [
    ["MAP {'a': 1, 'b': NULL}", {a: 1, b: null}],
    ['MAP {}', {}],
  ],
  "MAP(ENUM('a', 'b'), STRUCT(i INTERVAL, n BIGINT))": [
    ["MAP {'a': {'i': '1 day', 'n': 5}}", {a: {i: '1 day', n: 5n}}],
  ],
  'MAP(INTEGER, DATE[])': [["MAP {7: ['2024-01-01'::DATE]}", {7: ['2024-01-01']}]],
  'UNION(n INTEGER, s VARCHAR)': [
    ["union_value(s := 'x')", 'x'],
    ['union_value(n := 1)', 1],
  ],
};

describe.each(Object.entries(types))('%s', (type, cases) => {
  test('arrives exactly', async () => {
    const literals = [...cases.map(([literal]) => literal), 'NULL'];
    const {columns, rows} = await node.engine.rows(
      query(
        literals.map((literal, i) => `SELECT ${i} AS i, CAST(${literal} AS ${type}) AS v`).join(' UNION ALL ') +
          ' ORDER BY i',
      ),
    );
    expect(columns[1]).toEqual({name: 'v', type});
    expect(rows.map((row) => row[1])).toEqual([...cases.map(([, value]) => value), null]);
  });
});

test('columns of every type at once, over many chunks, stay beside each other', async () => {
  // DuckDB has no CASE over arrays of fixed size.
  const firsts = Object.entries(types).flatMap(([type, [first]]) =>
    first === undefined || /\[\d+\]$/.test(type) ? [] : [{type, literal: first[0], value: first[1]}],
  );
  const list = join(
    firsts.map(
      ({type, literal}, c) =>
        sql`CASE WHEN i % 3 = 0 THEN NULL ELSE CAST(${query(literal)} AS ${query(type)}) END AS ${id(`column ${c}`)}`,
    ),
  );
  const {rows} = await node.engine.rows(sql`SELECT i, ${list} FROM range(5000) AS t(i)`);
  expect(rows).toHaveLength(5000);
  for (const i of [0, 1, 2047, 2048, 2049, 4096, 4999])
    expect(rows[i]).toEqual([BigInt(i), ...firsts.map(({value}) => (i % 3 === 0 ? null : value))]);
});

test('a column of a table that came as Arrow is read cell by cell', async () => {
  const table = await node.engine.query(
    sql`SELECT i::HUGEINT AS h, (i / 100)::DECIMAL(10,2) AS d, i % 2 = 0 AS b FROM range(5000) AS t(i)`,
  );
  const at = (name: string, row: number, type?: string): Value => {
    const column = table.getChild(name);
    return column === null ? null : cellValue(column, row, type);
  };
  expect(at('h', 4321)).toBe(4321n);
  expect(at('d', 4321)).toBe('43.21');
  expect(at('b', 4321)).toBe(false);
  expect(at('h', 12)).toBe(12n);
  expect(at('h', 5000)).toBe(null);
});

test('a query whose columns Arrow holds whole is left as it is', () => {
  expect(
    exactQuery('FROM t', [
      {name: 'a', type: 'DECIMAL(9,2)'},
      {name: 'b', type: 'STRUCT(x TIMESTAMP)[]'},
    ]),
  ).toBe('FROM t');
  expect(
    exactQuery('FROM t', [
      {name: 'a', type: 'BIGINT'},
      {name: 'b "c', type: 'STRUCT(x INTERVAL, y BLOB)[]'},
    ]),
  ).toBe('SELECT c0 AS "a", CAST(c1 AS STRUCT("x" VARCHAR, "y" BLOB)[]) AS "b ""c" FROM (FROM t\n) AS t(c0, c1)');
});

test.each<[string, unknown]>([
  ['DECIMAL(10,2)', {kind: 'leaf', name: 'DECIMAL(10,2)'}],
  ['TIMESTAMP WITH TIME ZONE', {kind: 'leaf', name: 'TIMESTAMP WITH TIME ZONE'}],
  ["ENUM('a)', 'b,''c')[3]", {kind: 'list', size: 3, child: {kind: 'leaf', name: "ENUM('a)', 'b,''c')"}}],
  [
    'STRUCT("a, (b""" MAP(VARCHAR, STRUCT(x BIGINT[])), c "NULL")',
    {
      kind: 'struct',
      fields: [
        {
          name: 'a, (b"',
          type: {
            kind: 'map',
            key: {kind: 'leaf', name: 'VARCHAR'},
            value: {
              kind: 'struct',
              fields: [{name: 'x', type: {kind: 'list', size: undefined, child: {kind: 'leaf', name: 'BIGINT'}}}],
            },
          },
        },
        {name: 'c', type: {kind: 'leaf', name: '"NULL"'}},
      ],
    },
  ],
])('the type %s is read', (text, type) => {
  expect(parseDuckType(text)).toEqual(type);
});

test.each<[Value, string | undefined, string]>([
  [null, undefined, 'NULL'],
  [true, undefined, 'true'],
  [NaN, undefined, 'NaN'],
  [-Infinity, undefined, '-Infinity'],
  [-0, undefined, '-0'],
  [9007199254740993n, undefined, '9007199254740993'],
  [Math.fround(0.1), 'FLOAT', '0.1'],
  [Math.fround(16777216), 'FLOAT', '16777216'],
  [Math.fround(3.4028235e38), 'FLOAT', '3.4028235e+38'],
  [Math.fround(0.1), 'DOUBLE', '0.10000000149011612'],
  ['a "b"', undefined, 'a "b"'],
  [Uint8Array.of(0xaa, 0, 98), undefined, '\\xAA\\x00b'],
  [[1n, null, 'a "b"'], undefined, '[1, NULL, "a \\"b\\""]'],
  [{a: 1, b: {c: ['x']}}, undefined, '{a: 1, b: {c: ["x"]}}'],
])('%o of type %s shows as %s', (value, type, text) => {
  expect(formatValue(value, type)).toBe(text);
});
