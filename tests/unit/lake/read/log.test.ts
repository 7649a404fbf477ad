import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import type {Action} from '../../../../src/lake/actions.ts';
import {listLog, parseCommit, serializeCommit} from '../../../../src/lake/log.ts';
import {canonicalPath, deletionVectorPath, fileKey, homeOf, pathInTable} from '../../../../src/lake/paths.ts';
import {problemOf} from '../../../../src/lib/problem.ts';
import {add, handMade, metaData, protocol} from './hand-made.ts';

const failure = (text: string) => {
  try {
    parseCommit(text, '00000000000000000007.json');
  } catch (thrown) {
    return problemOf(thrown);
  }
  return undefined;
};

describe('a commit', () => {
  test('is read as it was written', () => {
    const texts = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.constant(null)));
    const action: fc.Arbitrary<Action> = fc.oneof(
      fc.record({
        add: fc.record({
          path: fc.string(),
          partitionValues: texts,
          size: fc.nat(),
          modificationTime: fc.nat(),
          dataChange: fc.boolean(),
          stats: fc.string(),
        }),
      }),
      fc.record({remove: fc.record({path: fc.string(), dataChange: fc.boolean(), deletionTimestamp: fc.nat()})}),
      fc.record({txn: fc.record({appId: fc.string(), version: fc.integer()})}),
      fc.record({other: fc.record({cdc: fc.record({path: fc.string()})})}),
    );
    fc.assert(
      fc.property(fc.array(action, {minLength: 1}), (actions) => {
        // JSON has no objects without a prototype.
        expect(parseCommit(serializeCommit(actions), 'x')).toEqual(structuredClone(actions));
      }),
    );
  });

  test('may have blank lines, nulls, and actions that are not known', () => {
    const [first, second] = parseCommit(
      '{"add":{"path":"a","size":1,"modificationTime":2,"dataChange":true,"stats":null,"deletionVector":null,"tags":null}}\n\n{"cdc":{"path":"b"}}\r\n',
      'x',
    );
    expect(first).toEqual({add: {path: 'a', partitionValues: {}, size: 1, modificationTime: 2, dataChange: true}});
    expect(second).toEqual({other: {cdc: {path: 'b'}}});
  });

  test.each([
    [
      '{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}\n{"add":{"path":"x"',
      'Line 2 of 00000000000000000007.json is not JSON.',
    ],
    ['\n\n[]', 'Line 3 of 00000000000000000007.json is no object.'],
    ['{"add":[]}', 'Line 1 of 00000000000000000007.json has add that is no object.'],
    [
      '{"add":{"path":1,"size":1,"modificationTime":1}}',
      'Line 1 of 00000000000000000007.json has add with a path that cannot be.',
    ],
    ['{"remove":{}}', 'Line 1 of 00000000000000000007.json has remove without path.'],
    [
      '{"protocol":{"minReaderVersion":"3","minWriterVersion":7}}',
      'Line 1 of 00000000000000000007.json has protocol with a minReaderVersion that cannot be.',
    ],
  ])('that is damaged is refused with its line: %j', (text, message) => {
    expect(failure(text)).toMatchObject({
      code: 'DELTA_LOG_MALFORMED',
      message,
      where: {file: '00000000000000000007.json'},
    });
  });
});

test('a listing finds commits and checkpoints, and nothing else', async () => {
  const names = [
    '00000000000000000010.json',
    '00000000000000000009.json',
    '00000000000000000009.crc',
    '00000000000000000009.checkpoint.parquet',
    '00000000000000000008.checkpoint.0000000001.0000000002.parquet',
    '00000000000000000008.checkpoint.0000000002.0000000002.parquet',
    '00000000000000000010.checkpoint.0000000001.0000000002.parquet',
    '00000000000000000007.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json',
    '00000000000000000004.00000000000000000006.compacted.json',
    '_last_checkpoint',
    '.tmp-00000000000000000011.json',
  ];
  const {store} = handMade(Object.fromEntries(names.map((name) => [`t/_delta_log/${name}`, ''])));
  const log = await listLog(store, 't');
  expect(log.commits).toEqual([9, 10]);
  expect(log.checkpoints.map(({version, parts}) => [version, parts.length])).toEqual([
    [7, 1],
    [8, 2],
    [9, 1],
  ]);
  expect(log.broken).toEqual([{version: 10, missing: '00000000000000000010.checkpoint.0000000002.0000000002.parquet'}]);
});

describe('paths', () => {
  test('are compared decoded, and `file:` is left out', () => {
    expect(['file:/a/b%20c', 'file:///a/b c', '/a/b%20c'].map(canonicalPath)).toEqual(['/a/b c', '/a/b c', '/a/b c']);
    expect(canonicalPath('100%')).toBe('100%');
    expect(['./a/./b', 'a/b', '.a/b.', 'file:/t/./a'].map(canonicalPath)).toEqual(['a/b', 'a/b', '.a/b.', '/t/a']);
  });

  test('are told apart with their deletion vector', () => {
    const vector = {
      storageType: 'u',
      pathOrInlineDv: 'ab^-aqEH.-t@S}K{vb[*k^',
      offset: 4,
      sizeInBytes: 40,
      cardinality: 6,
    } as const;
    expect(fileKey({path: 'a%20b'})).toBe('a b');
    expect(fileKey({path: 'a%20b', deletionVector: vector})).toBe('a b\nuab^-aqEH.-t@S}K{vb[*k^@4');
    expect(deletionVectorPath(vector)).toBe('ab/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin');
  });

  test('lead into the table or nowhere', () => {
    expect(pathInTable('a=1/x.parquet', undefined)).toBe('a=1/x.parquet');
    expect(pathInTable('../x.parquet', undefined)).toBeUndefined();
    expect(pathInTable('a/%2E%2E/%2E%2E/x.parquet', undefined)).toBeUndefined();
    expect(pathInTable('file:/old/t/x.parquet', '/old/t/')).toBe('x.parquet');
    expect(pathInTable('s3://bucket/t/x.parquet', '/old/t/')).toBeUndefined();
    expect(homeOf('file:///old/t/a=1/x.parquet', new Set(['a=1/x.parquet']))).toBe('/old/t/');
    expect(homeOf('s3://bucket/t/x.parquet', new Set(['x.parquet']))).toBe('s3://bucket/t/');
    expect(homeOf('/elsewhere/y.parquet', new Set(['x.parquet']))).toBeUndefined();
  });
});

test('a commit is written one action a line', () => {
  expect(
    serializeCommit([protocol, metaData(), add('x')])
      .split('\n')
      .map((line) => line.slice(0, 7)),
  ).toEqual(['{"proto', '{"metaD', '{"add":', '']);
});
