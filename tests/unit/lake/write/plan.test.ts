import {describe, expect, test} from 'vitest';
import type {Metadata, Protocol} from '../../../../src/lake/actions.ts';
import {raiseProtocol, mergeProtocols} from '../../../../src/lake/protocol.ts';
import {commitPath, serializeCommit} from '../../../../src/lake/log.ts';
import {schemaString, type StructType} from '../../../../src/lake/schema.ts';
import {dataFile} from '../../../../src/lake/write.ts';
import {createMemoryStore} from '../../../../workers/files/memory-store.ts';
import {column, problemIn, reading, struct, TestTable} from './table.ts';

const newTable = (): TestTable => {
  const store = createMemoryStore();
  return new TestTable({store, locks: store.locks});
};

/** A table that another writer made. */
async function foreignTable(schema: StructType, protocol: Protocol, more: Partial<Metadata> = {}): Promise<TestTable> {
  const table = newTable();
  const metaData = {
    id: 'foreign',
    format: {provider: 'parquet', options: {}},
    schemaString: schemaString(schema),
    partitionColumns: [],
    configuration: {},
    ...more,
  };
  const sink = await table.storage.store.create(commitPath(table.root, 0));
  await sink.write(new TextEncoder().encode(serializeCommit([{commitInfo: {timestamp: 1}}, {protocol}, {metaData}])));
  await sink.close();
  return table;
}

describe('a new table', () => {
  test('has the lowest protocol, keeps its versions for ten years, and takes the nullable columns of the rows', async () => {
    const plan = await newTable().plan({schema: struct(column('id', 'long', false))});
    expect(plan.version).toBe(-1);
    expect(plan.protocol).toEqual({minReaderVersion: 1, minWriterVersion: 2});
    expect(plan.metadata.configuration).toEqual({
      'delta.deletedFileRetentionDuration': 'interval 3650 days',
      'delta.logRetentionDuration': 'interval 3650 days',
    });
    expect(plan.schema).toEqual(struct(column('id', 'long')));
  });
  test('NOT NULL, comments and CHECK are in its schema and properties', async () => {
    const plan = await newTable().plan({notNull: ['ID'], comments: {value: 'in °C'}, constraints: {Warm: 'value > 0'}});
    expect(plan.protocol).toEqual({minReaderVersion: 1, minWriterVersion: 3});
    expect(plan.metadata.configuration).toMatchObject({'delta.constraints.warm': 'value > 0'});
    expect(plan.schema.fields).toEqual([
      column('id', 'long', false),
      {...column('value', 'double'), metadata: {comment: 'in °C'}},
    ]);
    expect(plan.constraints).toEqual({warm: 'value > 0'});
    expect(plan.added).toEqual({notNull: [], constraints: {}});
  });
  test('names that Parquet can’t have get column mapping, nested ones too', async () => {
    const plan = await newTable().plan({
      schema: struct(column('sensor id', 'long'), column('s', struct(column('x', 'long')))),
    });
    expect(plan.protocol).toEqual({minReaderVersion: 2, minWriterVersion: 5});
    expect(plan.metadata.configuration).toMatchObject({
      'delta.columnMapping.mode': 'name',
      'delta.columnMapping.maxColumnId': '3',
    });
    expect(plan.metadata.schemaString.match(/"delta.columnMapping.id":\d/g)?.sort()).toEqual(
      [1, 2, 3].map((id) => `"delta.columnMapping.id":${id}`),
    );
    expect(plan.metadata.schemaString.match(/"delta.columnMapping.physicalName":"col-[0-9a-f-]{36}"/g)).toHaveLength(3);
  });
  test('timestamps without zone need the feature, listed with those it stands beside', async () => {
    const plan = await newTable().plan({
      schema: struct(column('a b', {type: 'array', elementType: 'timestamp_ntz', containsNull: true})),
      constraints: {c: 'true'},
    });
    expect(plan.protocol).toEqual({
      minReaderVersion: 3,
      minWriterVersion: 7,
      readerFeatures: ['columnMapping', 'timestampNtz'],
      writerFeatures: ['appendOnly', 'invariants', 'checkConstraints', 'columnMapping', 'timestampNtz'],
    });
  });
  test('has its partition columns out of the data files, in folders as Hive names them', async () => {
    const plan = await newTable().plan({
      schema: struct(column('day', 'date'), column('City', 'string'), column('id', 'long')),
      partitionBy: ['city', 'day'],
    });
    expect(plan.partitionColumns).toEqual(['City', 'day']);
    expect(plan.columns.map(({name}) => name)).toEqual(['id']);
    const file = dataFile(plan, 3, {City: 'a/b ü', day: null});
    expect(file.partitionValues).toEqual({City: 'a/b ü', day: null});
    expect(file.path).toMatch(
      /^City=a%252Fb%20ü\/day=__HIVE_DEFAULT_PARTITION__\/part-00003-[0-9a-f-]{36}-c000\.snappy\.parquet$/,
    );
    expect(file.storePath).toMatch(/^lake\/readings\/City=a%2Fb ü\/day=__HIVE_DEFAULT_PARTITION__\/part-00003-/);
  });
  test.each([
    ['DELTA_EMPTY_DATA', {schema: struct()}],
    ['DELTA_DUPLICATE_COLUMNS_FOUND', {schema: struct(column('a', 'long'), column('A', 'long'))}],
    ['DELTA_PARTITION_COLUMN_NOT_FOUND', {partitionBy: ['nowhere']}],
    [
      'DELTA_INVALID_PARTITION_COLUMN_TYPE',
      {schema: struct(column('a', 'long'), column('b', 'binary')), partitionBy: ['b']},
    ],
    ['DELTA_CANNOT_USE_ALL_COLUMNS_FOR_PARTITION', {partitionBy: ['id', 'value']}],
    ['DELTA_COLUMN_NOT_FOUND', {notNull: ['nowhere']}],
    ['DELTA_COLUMN_NOT_FOUND', {comments: {nowhere: 'x'}}],
    ['DELTA_CONSTRAINT_ALREADY_EXISTS', {constraints: {a: 'id > 0', A: 'id > 1'}}],
  ] as const)('is refused with %s', async (code, given) => {
    expect(await problemIn(() => newTable().plan(given))).toMatchObject({code});
  });
});

describe('a table that is there', () => {
  const made = async (given = {}) => {
    const table = newTable();
    await table.write({partitionBy: ['id'], constraints: {warm: 'value > 0'}, ...given}, []);
    return table;
  };
  test('rows that fit change neither metadata nor protocol', async () => {
    const table = await made();
    const plan = await table.plan({constraints: {WARM: 'value > 0'}, partitionBy: ['ID']});
    const snapshot = await table.snapshot();
    expect([plan.metadata, plan.protocol]).toEqual([snapshot?.metadata, snapshot?.protocol]);
    expect(plan.metadata).toBe(plan.snapshot?.metadata);
    expect(plan.readsTable).toBe(false);
  });
  test('a new NOT NULL or CHECK asks for the rows that are kept', async () => {
    const table = await made();
    const plan = await table.plan({notNull: ['value'], constraints: {cold: 'value < 9'}});
    expect(plan.added).toEqual({notNull: ['value'], constraints: {cold: 'value < 9'}});
    expect(plan.readsTable).toBe(true);
    expect(plan.constraints).toEqual({warm: 'value > 0', cold: 'value < 9'});
    expect((await table.plan({mode: 'overwrite', notNull: ['value']})).readsTable).toBe(false);
    expect((await table.plan({mode: 'merge', keys: ['id']})).readsTable).toBe(true);
  });
  test('a CHECK of the same name but another expression is refused', async () => {
    expect(await problemIn(async () => (await made()).plan({constraints: {Warm: 'value > 1'}}))).toMatchObject({
      code: 'DELTA_CONSTRAINT_ALREADY_EXISTS',
      sqlState: '42710',
    });
  });
  test('other partitions are refused, but for overwrite_schema', async () => {
    const table = await made();
    for (const mode of ['append', 'overwrite'] as const)
      expect(await problemIn(() => table.plan({mode, partitionBy: ['value'], mergeSchema: true}))).toMatchObject({
        code: 'DELTA_METADATA_MISMATCH',
        sqlState: '42KDG',
      });
    expect(
      (await table.plan({mode: 'overwrite', overwriteSchema: true, partitionBy: ['value']})).partitionColumns,
    ).toEqual(['value']);
    expect((await table.plan({mode: 'overwrite', overwriteSchema: true, partitionBy: []})).partitionColumns).toEqual(
      [],
    );
    expect((await table.plan({mode: 'overwrite', overwriteSchema: true})).partitionColumns).toEqual(['id']);
  });
  test('overwrite without overwrite_schema must fit as an append does', async () => {
    const table = await made();
    expect(
      await problemIn(() => table.plan({mode: 'overwrite', schema: struct(column('id', 'string'))})),
    ).toMatchObject({code: 'DELTA_FAILED_TO_MERGE_FIELDS'});
    expect(
      await problemIn(() =>
        table.plan({mode: 'overwrite', schema: struct(column('id', 'long'), column('x', 'string'))}),
      ),
    ).toMatchObject({code: 'DELTA_METADATA_MISMATCH'});
  });
  test('overwrite_schema replaces columns, and drops the constraints whose columns are gone', async () => {
    const plan = await (
      await made()
    ).plan({mode: 'overwrite', overwriteSchema: true, schema: struct(column('id', 'string'), column('x', 'date'))});
    expect(plan.schema).toEqual(struct(column('id', 'string'), column('x', 'date')));
    expect(plan.constraints).toEqual({});
  });
  test('names that need column mapping are refused where there is none, and mapped where there is', async () => {
    const bad = struct(...reading.fields, column('a b', 'long'));
    expect(await problemIn(async () => (await made()).plan({schema: bad, mergeSchema: true}))).toMatchObject({
      code: 'DELTA_INVALID_CHARACTERS_IN_COLUMN_NAMES',
      sqlState: '42K05',
    });
    const mapped = newTable();
    await mapped.write({schema: bad}, []);
    const before = await mapped.snapshot();
    const plan = await mapped.plan({schema: struct(...bad.fields, column('c d', 'long')), mergeSchema: true});
    expect(plan.metadata.configuration).toMatchObject({'delta.columnMapping.maxColumnId': '4'});
    expect(plan.schema.fields.slice(0, 3)).toEqual(before?.schema.fields);
    expect(plan.protocol).toBe(plan.snapshot?.protocol);
  });
  test('an append-only table takes only appends', async () => {
    const table = await foreignTable(
      reading,
      {minReaderVersion: 1, minWriterVersion: 2},
      {configuration: {'delta.appendOnly': 'true'}},
    );
    expect(await problemIn(() => table.plan({mode: 'overwrite'}))).toMatchObject({
      code: 'DELTA_CANNOT_MODIFY_APPEND_ONLY',
      sqlState: '42809',
    });
    expect((await table.plan()).version).toBe(0);
  });
  test('features that we don’t know are refused by name', async () => {
    const table = await foreignTable(reading, {
      minReaderVersion: 1,
      minWriterVersion: 7,
      writerFeatures: ['rowTracking'],
    });
    const problem = await problemIn(() => table.plan());
    expect(problem).toMatchObject({code: 'DELTA_UNSUPPORTED_FEATURES_FOR_WRITE', sqlState: '56038'});
    expect(problem.message).toContain('rowTracking');
  });
});

describe('the protocol', () => {
  test.each<[Protocol, readonly string[], Protocol]>([
    [{minReaderVersion: 1, minWriterVersion: 2}, ['checkConstraints'], {minReaderVersion: 1, minWriterVersion: 3}],
    [{minReaderVersion: 2, minWriterVersion: 5}, ['checkConstraints'], {minReaderVersion: 2, minWriterVersion: 5}],
    [
      {minReaderVersion: 1, minWriterVersion: 7, writerFeatures: ['appendOnly']},
      ['appendOnly', 'checkConstraints'],
      {minReaderVersion: 1, minWriterVersion: 7, writerFeatures: ['appendOnly', 'checkConstraints']},
    ],
    [
      {minReaderVersion: 2, minWriterVersion: 5},
      ['timestampNtz'],
      {
        minReaderVersion: 3,
        minWriterVersion: 7,
        readerFeatures: ['columnMapping', 'timestampNtz'],
        writerFeatures: [
          'appendOnly',
          'invariants',
          'checkConstraints',
          'changeDataFeed',
          'generatedColumns',
          'columnMapping',
          'timestampNtz',
        ],
      },
    ],
  ])('%j with %j is %j', (current, features, expected) => {
    expect(raiseProtocol(current, features)).toEqual(expected);
  });
  test('of a restored table has the features of both versions', () => {
    expect(
      mergeProtocols({minReaderVersion: 1, minWriterVersion: 3}, {minReaderVersion: 2, minWriterVersion: 2}),
    ).toEqual({minReaderVersion: 2, minWriterVersion: 3});
    expect(
      mergeProtocols(
        {minReaderVersion: 1, minWriterVersion: 2},
        {minReaderVersion: 3, minWriterVersion: 7, readerFeatures: ['timestampNtz'], writerFeatures: ['timestampNtz']},
      ),
    ).toEqual({
      minReaderVersion: 3,
      minWriterVersion: 7,
      readerFeatures: ['timestampNtz'],
      writerFeatures: ['appendOnly', 'invariants', 'timestampNtz'],
    });
  });
});
