import {expect, test} from 'vitest';
import {history} from '../../../src/lake/history.ts';
import {add, at, commits, handMade, metaData, protocol, remove} from './read/hand-made.ts';

test('a file that only gets a deletion vector is neither new nor gone, however its path is spelt', async () => {
  const deletionVector = {
    storageType: 'u',
    pathOrInlineDv: 'ab^-aqEH.-t@S}K{vb[*k^',
    offset: 1,
    sizeInBytes: 36,
    cardinality: 2,
  } as const;
  const files = handMade({
    ...commits([
      [at(1), protocol, metaData(), add('file:/home/t/x%20y.parquet')],
      [at(2), remove('file:///home/t/x y.parquet'), add('/home/t/x%20y.parquet', {deletionVector})],
    ]),
    't/x y.parquet': 'rows',
  });
  const [last] = await history(files, 't', 't');
  expect([last?.filesAdded, last?.filesRemoved, last?.bytesAdded]).toEqual([0, 0, 0]);
});
