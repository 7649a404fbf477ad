import {tableFromIPC} from 'apache-arrow';
import {describe, expect, test} from 'vitest';
import {jsonText, parseJson} from '../../../workers/storage/json/parse.ts';
import {safeNames} from '../../../workers/storage/json/columns.ts';
import {openDuckDb} from './duckdb-wasm.ts';
import {memoryStorage} from './memory-storage.ts';
import {problemOf} from './suite.ts';

/** The rows as DuckDB-WASM has them: types, and each row as text. */
async function read(text: string) {
  const storage = memoryStorage();
  await storage.addFile('a.json', new Blob([text]));
  const duckdb = openDuckDb();
  const rejects = await storage.readArrow('a.json', {format: 'json'}, async (ipc) => duckdb.insert('t', ipc));
  return {types: duckdb.types('t'), rows: duckdb.rows('t'), rejects};
}

describe('the schema is the whole file’s', () => {
  test.each([
    ['integers', '{"v":1}{"v":-9007199254740993}{"v":null}', 'BIGINT', ['1', '-9007199254740993', null]],
    [
      'the ends of BIGINT',
      '{"v":9223372036854775807}{"v":-9223372036854775808}',
      'BIGINT',
      ['9223372036854775807', '-9223372036854775808'],
    ],
    [
      'integers beyond BIGINT',
      '{"v":1}{"v":9223372036854775808}{"v":-99999999999999999999999999999999999999}',
      'DECIMAL(38,0)',
      ['1', '9223372036854775808', '-99999999999999999999999999999999999999'],
    ],
    [
      'integers beyond DECIMAL(38,0)',
      '{"v":1}{"v":123456789012345678901234567890123456789}',
      'DOUBLE',
      ['1.0', '1.2345678901234568e+38'],
    ],
    ['an integer and a fraction', '{"v":1}{"v":1.5}', 'DOUBLE', ['1.0', '1.5']],
    ['whole floats', '{"v":21.0}{"v":2e1}', 'DOUBLE', ['21.0', '20.0']],
    ['what Python writes for missing numbers', '{"v":1.5}{"v":NaN}{"v":-Infinity}', 'DOUBLE', ['1.5', 'nan', '-inf']],
    ['truth', '{"v":true}{"v":false}{}', 'BOOLEAN', ['true', 'false', null]],
    ['text', '{"v":"a"}{"v":""}{"v":"🙂 \\u00e9"}', 'VARCHAR', ['a', '', '🙂 é']],
    ['timestamps stay text', '{"v":"2024-02-01T00:00:00Z"}', 'VARCHAR', ['2024-02-01T00:00:00Z']],
    ['nothing but nulls', '{"v":null}{"v":null}', 'VARCHAR', [null, null]],
    [
      'numbers and text',
      '{"v":1}{"v":"a"}{"v":[1,{"b":12345678901234567890}]}',
      'VARCHAR',
      ['1', 'a', '[1,{"b":12345678901234567890}]'],
    ],
    ['an object and a number', '{"v":{"a":1}}{"v":2}', 'VARCHAR', ['{"a":1}', '2']],
    ['an empty object', '{"v":{}}', 'VARCHAR', ['{}']],
    ['lists', '{"v":[1,2.5]}{"v":[]}{"v":null}{"v":[null]}', 'DOUBLE[]', ['[1.0, 2.5]', '[]', null, '[NULL]']],
    [
      'objects',
      '{"v":{"a":1}}{"v":{"b":"x","a":null}}',
      'STRUCT(a BIGINT, b VARCHAR)',
      ["{'a': 1, 'b': NULL}", "{'a': NULL, 'b': x}"],
    ],
    [
      'lists of objects',
      '{"v":[{"a":1},{"b":[true]}]}',
      'STRUCT(a BIGINT, b BOOLEAN[])[]',
      ["[{'a': 1, 'b': NULL}, {'a': NULL, 'b': [true]}]"],
    ],
    ['duplicate keys: the last wins', '{"v":1,"v":2}', 'BIGINT', ['2']],
  ])('%s', async (_, text, type, values) => {
    const {types, rows, rejects} = await read(text);
    expect(rejects).toEqual([]);
    expect(types).toEqual({v: type});
    expect(rows).toEqual(values.map((v) => ({v})));
  });

  test('a key that some records lack is null there', async () => {
    const {types, rows} = await read('{"a":1}\n{"b":"x"}\n{}\n');
    expect(types).toEqual({a: 'BIGINT', b: 'VARCHAR'});
    expect(rows).toEqual([
      {a: '1', b: null},
      {a: null, b: 'x'},
      {a: null, b: null},
    ]);
  });

  test('where no record is an object there is one column', async () => {
    const {types, rows} = await read('[1, null, 2.5]');
    expect(types).toEqual({value: 'DOUBLE'});
    expect(rows).toEqual([{value: '1.0'}, {value: null}, {value: '2.5'}]);
  });

  test('keys that DuckDB can’t tell apart or name', async () => {
    const {types, rows} = await read('{"id":1,"ID":2,"":3,"a b\\"c":4,"Id_1":5,"__proto__":6,"constructor":7}');
    expect(types).toEqual({
      id: 'BIGINT',
      ID_2: 'BIGINT',
      column3: 'BIGINT',
      'a b"c': 'BIGINT',
      Id_1: 'BIGINT',
      ['__proto__']: 'BIGINT',
      constructor: 'BIGINT',
    });
    // A row's object can't show `__proto__`.
    expect(Object.values(rows[0] ?? {})).toEqual(['1', '2', '3', '4', '5', '7']);
  });

  test('what is nested deeper than 16 levels is text', async () => {
    const nest = (levels: number, inner: string): string => (levels === 0 ? inner : `{"a":${nest(levels - 1, inner)}}`);
    const {types} = await read(nest(20, '1'));
    expect(types['a']?.match(/STRUCT/g)).toHaveLength(15);
    expect(types['a']).toContain('a VARCHAR');
    const {rows} = await read(nest(20, '1'));
    expect(rows[0]?.['a']).toContain('{"a":{"a":{"a":{"a":1}}}}');
  });

  test('objects whose keys are data stay text', async () => {
    const {types} = await read(`{"v":{${Array.from({length: 1200}, (_, i) => `"id${i}":${i}`).join(',')}}}`);
    expect(types).toEqual({v: 'VARCHAR'});
  });
});

describe('what can’t be read is kept', () => {
  test('with its line and reason, and the rest is read', async () => {
    const {rows, rejects} = await read('{"a":1}\n{"a":tru}\n{"a":2\n{"a":3}\n7\n{"a":4');
    expect(rows).toEqual([{a: '1'}, {a: '3'}]);
    expect(rejects.map(({line, column, raw}) => [line, column, raw])).toEqual([
      [2, null, '{"a":tru}'],
      [3, null, '{"a":2'],
      [5, null, '7'],
      [6, null, '{"a":4'],
    ]);
    expect(rejects.map(({reason}) => reason)).toEqual([
      expect.stringMatching(/^Not valid JSON: /),
      expect.stringMatching(/breaks off/),
      expect.stringMatching(/objects/),
      expect.stringMatching(/file ends/),
    ]);
  });

  test('a reject holds at most 1 MB', async () => {
    const {rows, rejects} = await read(`{"a":1}\n{"a":"${'x'.repeat(3_000_000)}`);
    expect(rows).toHaveLength(1);
    expect(rejects[0]?.raw).toHaveLength(1 << 20);
  });

  test('no record at all gives no rows and no failure', async () => {
    expect(await read('[]')).toMatchObject({rows: [], rejects: []});
    expect(await read('[{},{}]')).toMatchObject({rows: [], rejects: []});
    expect((await read('{"a":')).rejects).toHaveLength(1);
  });

  test('a text that is no JSON at all is told early', async () => {
    const storage = memoryStorage();
    await storage.addFile('a.csv', new Blob(['a;b;c\n'.repeat(20_000)]));
    expect(await problemOf(() => storage.readArrow('a.csv', {format: 'json'}, async () => undefined))).toMatchObject({
      code: 'NOT_JSON',
      hint: expect.stringContaining('CSV') as string,
    });
  });

  test('more keys than a table has columns', async () => {
    const storage = memoryStorage();
    await storage.addFile('a.json', new Blob([`{${Array.from({length: 10_001}, (_, i) => `"k${i}":1`).join(',')}}`]));
    expect(await problemOf(() => storage.readArrow('a.json', {}, async () => undefined))).toMatchObject({
      code: 'JSON_TOO_MANY_KEYS',
      where: {file: 'a.json'},
    });
  });
});

test('a large file comes in batches of one schema', async () => {
  const storage = memoryStorage();
  const record = (i: number): string =>
    `{"id":${i},"text":"${'x'.repeat(i % 50)}"${i === 149_999 ? ',"late":true' : ''}}`;
  await storage.addFile('a.json', new Blob([Array.from({length: 150_000}, (_, i) => record(i)).join('\n')]));
  const batches: {rows: number; schema: string; done: number; total: number}[] = [];
  await storage.readArrow('a.json', {}, async (ipc, done, total) => {
    const table = tableFromIPC(ipc);
    batches.push({rows: table.numRows, schema: table.schema.toString(), done, total});
  });
  expect(batches.reduce((sum, {rows}) => sum + rows, 0)).toBe(150_000);
  expect(batches.length).toBeGreaterThan(1);
  expect(new Set(batches.map(({schema}) => schema)).size).toBe(1);
  expect(batches.at(-1)?.done).toBe(batches.at(-1)?.total);
});

describe('numbers', () => {
  test.each([
    ['9007199254740993', 9007199254740993n],
    ['{"a":[1700000000123456789,"1700000000123456789, "]}', {a: [1700000000123456789n, '1700000000123456789, ']}],
    ['{"a": "\\u0001n5", "b": 1700000000123456789}', {a: '\u0001n5', b: 1700000000123456789n}],
    ['0.30000000000000004', 0.30000000000000004],
    ['1700000000123456', 1700000000123456],
    ['[NaN,-Infinity,"NaN"]', [NaN, -Infinity, 'NaN']],
  ])('%s is exact', (text, value) => expect(parseJson(text)).toEqual(value));

  test.each(['0123456789012345678', '[1,]', "{'a':1}", '12345678901234567.x'])('%s is no JSON', (text) =>
    expect(() => parseJson(text)).toThrow(SyntaxError),
  );

  test('JSON text keeps them', () =>
    expect(jsonText(parseJson('{"a":[1700000000123456789,1.5,null,"x\\n"]}'))).toBe(
      '{"a":[1700000000123456789,1.5,null,"x\\n"]}',
    ));
});

test('names that are made up collide with none that is there', () => {
  expect(safeNames(['a', 'A', 'a_1', '', 'column4'])).toEqual(['a', 'A_2', 'a_1', 'column4_1', 'column4']);
});
