import {expect, test} from 'vitest';
import type {Protocol} from '../../../src/lake/actions.ts';
import {featuresInUse, raiseProtocol} from '../../../src/lake/protocol.ts';
import {column, reading, struct} from './write/table.ts';

const after = (current: Protocol | undefined, schema = reading): Protocol =>
  raiseProtocol(current, featuresInUse({configuration: {}}, schema, current));
const listed: Protocol = {
  minReaderVersion: 3,
  minWriterVersion: 7,
  readerFeatures: ['deletionVectors'],
  writerFeatures: ['deletionVectors'],
};

test('an append raises nothing where a table lists its features', () => {
  expect(after(listed)).toBe(listed);
  expect(after(listed, struct(column('id', 'long', false)))).toEqual({
    ...listed,
    writerFeatures: ['deletionVectors', 'invariants'],
  });
  expect(after(listed, struct(column('s', struct(column('id', 'long', false)))))).toEqual({
    ...listed,
    writerFeatures: ['deletionVectors', 'invariants'],
  });
});

test('tables that list none have what every table has', () => {
  expect(after(undefined)).toEqual({minReaderVersion: 1, minWriterVersion: 2});
  expect(after({minReaderVersion: 1, minWriterVersion: 1})).toEqual({minReaderVersion: 1, minWriterVersion: 2});
  const versions: Protocol = {minReaderVersion: 1, minWriterVersion: 4};
  expect(after(versions)).toBe(versions);
});
