import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {decodePath} from '../../../../src/lake/paths.ts';
import {statsJson, truncateMax, truncateMin} from '../../../../src/lake/stats.ts';
import {encodePath, escapeHive, partitionFolder} from '../../../../src/lake/uri.ts';
import {column, struct} from './table.ts';

describe('stats', () => {
  test('are by physical name, numbers with all their digits, without what Delta keeps no bounds for', () => {
    const columns = [
      column('id', 'long'),
      column('price', 'decimal(38,2)'),
      column('ok', 'boolean'),
      column('at', 'timestamp'),
      {
        ...column('a b', struct({...column('x', 'string'), metadata: {'delta.columnMapping.physicalName': 'col-2'}})),
        metadata: {'delta.columnMapping.physicalName': 'col-1'},
      },
      column('none', 'double'),
    ];
    const bounds = {
      id: 9007199254740993n,
      price: '123456789012345678901.20',
      ok: true,
      at: '2024-01-31T12:00:00.123Z',
      'a b': {x: 'm'},
      none: null,
    };
    expect(statsJson({rows: 2, min: bounds, max: bounds, nulls: {id: 0, 'a b': {x: 1}, ok: 1}}, columns)).toBe(
      '{"numRecords":2,' +
        '"minValues":{"id":9007199254740993,"price":123456789012345678901.20,"at":"2024-01-31T12:00:00.123Z","col-1":{"col-2":"m"}},' +
        '"maxValues":{"id":9007199254740993,"price":123456789012345678901.20,"at":"2024-01-31T12:00:00.123Z","col-1":{"col-2":"m"}},' +
        '"nullCount":{"id":0,"ok":1,"col-1":{"col-2":1}}}',
    );
  });
  test('have no bounds that JSON has no number for', () => {
    expect(statsJson({rows: 1, min: {n: NaN}, max: {n: Infinity}, nulls: {}}, [column('n', 'double')])).toBe(
      '{"numRecords":1,"minValues":{},"maxValues":{},"nullCount":{}}',
    );
  });
});

describe('long texts', () => {
  const long = 'a'.repeat(40);
  test.each([
    ['short', 'short', 'short'],
    ['a'.repeat(32), 'a'.repeat(32), 'a'.repeat(32)],
    [long, 'a'.repeat(32), `${'a'.repeat(32)}\u007f`],
    ['é'.repeat(40), 'é'.repeat(32), `${'é'.repeat(32)}\u{10ffff}`],
    [`${'a'.repeat(31)}😀bcd`, `${'a'.repeat(31)}😀`, `${'a'.repeat(31)}😀\u007f`],
    [`${'a'.repeat(32)}\u{10ffff}`, 'a'.repeat(32), `${'a'.repeat(32)}\u{10ffff}`],
  ])('%j: at least %j, at most %j', (text, min, max) => {
    expect(truncateMin(text)).toBe(min);
    expect(truncateMax(text)).toBe(max);
  });
  test('keep their bounds below and above them in UTF-8', () => {
    const compare = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
    const texts = fc.string({
      unit: fc.constantFrom('a', '\u007e', '\u007f', 'é', '\uffff', '😀', '\u{10ffff}'),
      minLength: 20,
      maxLength: 100,
    });
    fc.assert(
      fc.property(texts, (text) => {
        const max = truncateMax(text);
        return compare(truncateMin(text), text) <= 0 && (max === undefined || compare(max, text) >= 0);
      }),
    );
  });
});

describe('paths', () => {
  test.each([
    ['a/b', 'a%2Fb'],
    ['50%', '50%25'],
    ['x=1:2', 'x%3D1%3A2'],
    ['Den Haag', 'Den Haag'],
    ['a"b\'c#d?e*f\\g{h[i]j^k', 'a%22b%27c%23d%3Fe%2Af%5Cg%7Bh%5Bi%5Dj%5Ek'],
    ['\n\u007f', '%0A%7F'],
    ['ü', 'ü'],
  ])('a value %j is %j in a folder’s name', (value, expected) => {
    expect(escapeHive(value)).toBe(expected);
  });
  test('null and the empty text have Hive’s name, and what is too long has no folder', () => {
    expect(
      partitionFolder([
        ['a', null],
        ['b', ''],
      ]),
    ).toBe('a=__HIVE_DEFAULT_PARTITION__/b=__HIVE_DEFAULT_PARTITION__/');
    expect(partitionFolder([['a', 'x'.repeat(300)]])).toBe('');
  });
  test.each([
    ['a=Den Haag/part.parquet', 'a=Den%20Haag/part.parquet'],
    ['a=50%25/part.parquet', 'a=50%2525/part.parquet'],
    ['a=ü/part.parquet', 'a=ü/part.parquet'],
    ['a=\u00a0|<>/part.parquet', 'a=%C2%A0%7C%3C%3E/part.parquet'],
  ])('%j is %j in the log', (path, expected) => {
    expect(encodePath(path)).toBe(expected);
  });
  test('any value comes back from the log as the folder it is in', () => {
    fc.assert(
      fc.property(
        fc.string({unit: 'grapheme'}),
        (value) => decodePath(encodePath(`p=${escapeHive(value)}/f`)) === `p=${escapeHive(value)}/f`,
      ),
    );
  });
});
