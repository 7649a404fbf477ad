import {describe, expect, test} from 'vitest';
import type {At, Commit, ReadFile, TableEntry, TableVersion} from '../../../../workers/contract/lake.ts';
import type {Action} from '../../../../src/lake/actions.ts';
import {checkReadable, checkWritable} from '../../../../src/lake/features.ts';
import {history} from '../../../../src/lake/history.ts';
import {
  allFields,
  fieldId,
  fieldNamed,
  parseSchema,
  physicalName,
  schemaString,
  type StructField,
} from '../../../../src/lake/schema.ts';
import {loadSnapshot} from '../../../../src/lake/snapshot.ts';
import {entryOf, readPlanOf, versionOf} from '../../../../src/lake/table.ts';
import {deltaTypeOf, duckTypeOf, typeName} from '../../../../src/lake/types.ts';
import {parseDuckType} from '../../../../src/lib/duckdb-type.ts';
import {problemOf} from '../../../../src/lib/problem.ts';
import {add, at, commits, field, handMade, metaData, protocol} from './hand-made.ts';

const tableOf = (...actions: Action[]) => loadSnapshot(handMade(commits([[at(5), ...actions]])), 't', 'readings');
const deletionVector = {
  storageType: 'u',
  pathOrInlineDv: 'ab^-aqEH.-t@S}K{vb[*k^',
  offset: 1,
  sizeInBytes: 36,
  cardinality: 2,
} as const;
const stats = (minValues: object, maxValues: object, numRecords = 5) =>
  JSON.stringify({numRecords, minValues, maxValues, nullCount: {}});

describe('a table', () => {
  const mapped = (name: string, type: StructField['type'], physical: string, id: number) =>
    field(name, type, {'delta.columnMapping.id': id, 'delta.columnMapping.physicalName': physical});
  const table = () =>
    tableOf(
      {protocol: {minReaderVersion: 2, minWriterVersion: 5}},
      metaData(
        [mapped('a b', 'long', 'col-1', 1), mapped('Day', 'date', 'col-2', 2)],
        {'delta.columnMapping.mode': 'name', 'delta.constraints.positive': '`a b` > 0'},
        ['day'],
      ),
      add('col-2=2024-01-31/x%20y.parquet', {
        partitionValues: {'col-2': '2024-01-31'},
        stats: stats({'col-1': 1}, {'col-1': 9}),
        deletionVector,
      }),
      add('z.parquet', {partitionValues: {'col-2': ''}, stats: stats({}, {}, 4)}),
    );

  test('is read by its logical names', async () => {
    expect(readPlanOf(await table()) satisfies readonly ReadFile[]).toEqual([
      {
        path: 't/col-2=2024-01-31/x y.parquet',
        bytes: 10,
        rows: 5,
        deleted: 2,
        partition: {Day: '2024-01-31'},
        bounds: {'a b': {min: 1, max: 9}},
      },
      {path: 't/z.parquet', bytes: 10, rows: 4, deleted: 0, partition: {Day: null}, bounds: {}},
    ]);
  });

  test('is shown with its rows that are not deleted', async () => {
    const snapshot = await table();
    expect(entryOf(snapshot) satisfies TableEntry).toEqual({
      name: 'readings',
      id: 'an-id',
      version: 0,
      modified: 5,
      rows: 7,
      files: 2,
      bytes: 20,
      origins: [null],
      times: [5],
      firstVersion: 0,
    });
    expect(versionOf(snapshot) satisfies TableVersion).toMatchObject({
      rows: 7,
      partitionColumns: ['Day'],
      constraints: {positive: '`a b` > 0'},
      dataFiles: [
        {path: 'col-2=2024-01-31/x y.parquet', bytes: 10, rows: 3, partition: {Day: '2024-01-31'}},
        {path: 'z.parquet', bytes: 10, rows: 4, partition: {Day: null}},
      ],
    });
    const there = handMade(commits([[protocol, metaData()]]));
    expect((await history(there, 't', 't')) satisfies readonly Commit[]).toHaveLength(1);
    expect((await loadSnapshot(there, 't', 't', {version: 0} satisfies At)).version).toBe(0);
  });

  test('has no count of rows when a file has none, and no bounds that JSON rounds', async () => {
    const fields = [
      field('big', 'long'),
      field('small', 'long'),
      field('real', 'double'),
      field('price', 'decimal(20,2)'),
      field('text', 'string'),
      field('s', {type: 'struct', fields: [field('x', 'long')]}),
    ];
    const snapshot = await tableOf(
      protocol,
      metaData(fields),
      add('x', {
        stats:
          '{"numRecords":3,"minValues":{"big":9007199254740993,"small":1,"real":1e300,"price":123456789012345678.91,"text":"a","s":{"x":1}},"maxValues":{"big":9007199254740995,"small":2,"real":1e301,"price":123456789012345678.92,"text":"b","s":{"x":2}}}',
      }),
      add('y'),
      add('z', {stats: 'nonsense'}),
    );
    expect(entryOf(snapshot).rows).toBeUndefined();
    expect(readPlanOf(snapshot).map(({rows, bounds}) => [rows, Object.keys(bounds)])).toEqual([
      [3, ['small', 'real', 'text']],
      [undefined, []],
      [undefined, []],
    ]);
  });
});

describe('features', () => {
  const refusal = (
    check: typeof checkReadable,
    features: {reader?: string[]; writer?: string[]; versions?: [number, number]},
    configuration: Record<string, string> = {},
    fields?: StructField[],
  ) => {
    const [minReaderVersion, minWriterVersion] = features.versions ?? [3, 7];
    const {metaData: metadata} = metaData(fields, configuration);
    if (metadata === undefined) throw new Error('There is a metaData.');
    try {
      check(
        {
          minReaderVersion,
          minWriterVersion,
          readerFeatures: features.reader ?? [],
          writerFeatures: [...(features.reader ?? []), ...(features.writer ?? [])],
        },
        metadata,
        'readings',
      );
    } catch (thrown) {
      return problemOf(thrown);
    }
    return undefined;
  };
  const known = ['columnMapping', 'deletionVectors', 'timestampNtz', 'v2Checkpoint', 'vacuumProtocolCheck'];

  test('that are known are read and written', () => {
    for (const mode of ['none', 'name', 'id'])
      expect(
        refusal(
          checkWritable,
          {reader: known, writer: ['appendOnly', 'invariants', 'checkConstraints', 'domainMetadata']},
          {'delta.columnMapping.mode': mode},
        ),
      ).toBeUndefined();
    for (const versions of [
      [1, 1],
      [1, 2],
      [1, 3],
      [1, 4],
      [2, 5],
      [2, 6],
    ] satisfies [number, number][])
      expect(refusal(checkWritable, {versions})).toBeUndefined();
  });

  test('that are listed but not in use are no obstacle', () => {
    expect(
      refusal(checkWritable, {
        reader: ['typeWidening', 'variantType'],
        writer: ['changeDataFeed', 'generatedColumns', 'identityColumns', 'allowColumnDefaults', 'inCommitTimestamp'],
      }),
    ).toBeUndefined();
  });

  test('that are not known are refused by name, for reading', () => {
    expect(refusal(checkReadable, {reader: [...known, 'catalogManaged', 'geo']})).toMatchObject({
      code: 'DELTA_UNSUPPORTED_FEATURES_FOR_READ',
      message: "Table readings can't be read here: it uses catalogManaged and geo.",
      sqlState: '56038',
    });
    const widened = [field('a', 'long', {'delta.typeChanges': [{fromType: 'integer', toType: 'long'}]})];
    expect(refusal(checkReadable, {reader: ['typeWidening']}, {}, widened)).toMatchObject({
      hint: expect.stringContaining('DROP FEATURE typeWidening') as string,
    });
    // Spark refuses to drop these (docs.delta.io, “Drop Delta table features”): the advice is another one.
    for (const feature of ['variantShredding-preview', 'icebergCompatV2', 'clustering'])
      for (const check of [checkReadable, checkWritable]) {
        const listed = check === checkReadable ? {reader: [feature]} : {writer: [feature]};
        const hint = refusal(check, listed)?.hint;
        expect(hint).toContain('Spark can’t take that from a table');
        expect(hint).not.toContain('DROP FEATURE');
      }
    for (const names of [
      [field('a', 'long'), field('A', 'long')],
      [
        field('s', {
          type: 'array',
          elementType: {type: 'struct', fields: [field('x', 'long'), field('X', 'long')]},
          containsNull: true,
        }),
      ],
    ])
      expect(refusal(checkReadable, {reader: []}, {}, names)).toMatchObject({code: 'DELTA_DUPLICATE_COLUMNS_FOUND'});
    expect(refusal(checkReadable, {reader: ['variantType']}, {}, [field('v', 'variant')])).toMatchObject({
      code: 'DELTA_UNSUPPORTED_DATA_TYPES',
      where: {column: 'v'},
    });
    expect(refusal(checkReadable, {reader: ['columnMapping']}, {'delta.columnMapping.mode': 'magic'})).toMatchObject({
      message: "Table readings can't be read here: it uses columnMapping (mode magic).",
    });
    expect(refusal(checkReadable, {versions: [4, 8]})).toMatchObject({
      code: 'DELTA_INVALID_PROTOCOL_VERSION',
      sqlState: 'KD004',
    });
  });

  test.each([
    ['rowTracking', ['rowTracking'], {}, undefined],
    ['clustering', ['clustering'], {}, undefined],
    ['icebergCompatV2', ['icebergCompatV2'], {}, undefined],
    ['changeDataFeed', ['changeDataFeed'], {'delta.enableChangeDataFeed': 'true'}, undefined],
    ['inCommitTimestamp', ['inCommitTimestamp'], {'delta.enableInCommitTimestamps': 'true'}, undefined],
    ['generatedColumns', ['generatedColumns'], {}, {'delta.generationExpression': 'a + 1'}],
    ['identityColumns', ['identityColumns'], {}, {'delta.identity.start': 1}],
    ['invariants', ['invariants'], {}, {'delta.invariants': '{}'}],
    ['allowColumnDefaults', ['allowColumnDefaults'], {}, {CURRENT_DEFAULT: '1'}],
  ])(
    'that are in use can be read but not written: %s',
    (feature, writer, configuration: Record<string, string>, metadata) => {
      const fields = [field('a', 'long', metadata ?? {})];
      expect(refusal(checkReadable, {writer}, configuration, fields)).toBeUndefined();
      expect(refusal(checkWritable, {writer}, configuration, fields)).toMatchObject({
        code: 'DELTA_UNSUPPORTED_FEATURES_FOR_WRITE',
        message: `Table readings can't be written here: it uses ${feature}.`,
      });
    },
  );
});

describe('a schema', () => {
  const inner = {
    type: 'array',
    elementType: {type: 'struct', fields: [field('x', 'timestamp_ntz')]},
    containsNull: true,
  } as const;
  const fields = [
    field('Id', 'long', {comment: 'it', 'delta.columnMapping.id': 4, 'delta.columnMapping.physicalName': 'col-4'}),
    {...field('m', {type: 'map', keyType: 'string', valueType: inner, valueContainsNull: false}), nullable: false},
    field('p', 'decimal(10,2)'),
  ];
  const schema = {type: 'struct', fields} as const;

  test('is read as it was written', () => {
    expect(parseSchema(schemaString(schema))).toEqual(schema);
  });

  test('gives its fields by name without case, and their names and ids in the files', () => {
    const id = fieldNamed(schema, 'ID');
    expect(id?.name).toBe('Id');
    expect(fieldNamed(schema, 'x')).toBeUndefined();
    expect(fields.map(physicalName)).toEqual(['col-4', 'm', 'p']);
    expect(fields.map(fieldId)).toEqual([4, undefined, undefined]);
    expect(Array.from(allFields(schema), ({path}) => path)).toEqual(['Id', 'm', 'm.value.element.x', 'p']);
  });

  test('is spelt as Spark and DuckDB spell it', () => {
    expect(typeName(schema)).toBe('struct<Id:bigint,m:map<string,array<struct<x:timestamp_ntz>>>,p:decimal(10,2)>');
    expect(duckTypeOf(schema)).toBe(
      'STRUCT("Id" BIGINT, "m" MAP(VARCHAR, STRUCT("x" TIMESTAMP)[]), "p" DECIMAL(10,2))',
    );
    expect(
      ['integer', 'short', 'byte', 'timestamp', 'binary', 'date', 'float'].map((type) => [
        typeName(type),
        duckTypeOf(type),
      ]),
    ).toEqual([
      ['int', 'INTEGER'],
      ['smallint', 'SMALLINT'],
      ['tinyint', 'TINYINT'],
      ['timestamp', 'TIMESTAMP'],
      ['binary', 'BLOB'],
      ['date', 'DATE'],
      ['float', 'FLOAT'],
    ]);
  });
});

describe('DuckDB types', () => {
  test.each([
    ['BIGINT', 'bigint', undefined],
    ['DECIMAL(10,2)', 'decimal(10,2)', undefined],
    ['TIMESTAMP', 'timestamp', undefined],
    ['TIMESTAMP_NS', 'timestamp', 'TIMESTAMP'],
    ['TIMESTAMP WITH TIME ZONE', 'timestamp', 'TIMESTAMP'],
    ['HUGEINT', 'decimal(38,0)', 'DECIMAL(38,0)'],
    ['UBIGINT', 'decimal(20,0)', 'DECIMAL(20,0)'],
    ['UINTEGER', 'bigint', 'BIGINT'],
    ['UTINYINT', 'smallint', 'SMALLINT'],
    ["ENUM('a', 'b')", 'string', 'VARCHAR'],
    ['UUID', 'string', 'VARCHAR'],
    ['TIME', 'string', 'VARCHAR'],
    ['INTERVAL', 'string', 'VARCHAR'],
    ['UNION(a INTEGER, b VARCHAR)', 'string', 'VARCHAR'],
    ['INTEGER[]', 'array<int>', undefined],
    ['INTEGER[3]', 'array<int>', 'INTEGER[]'],
    ['STRUCT(a INTEGER, "b c" UUID[])', 'struct<a:int,b c:array<string>>', 'STRUCT("a" INTEGER, "b c" VARCHAR[])'],
    ['MAP(VARCHAR, UINTEGER)', 'map<string,bigint>', 'MAP(VARCHAR, BIGINT)'],
  ])('%s is kept as %s', (duck, spark, cast) => {
    const found = deltaTypeOf(parseDuckType(duck));
    expect([typeName(found.type), found.cast]).toEqual([spark, cast]);
    expect(duckTypeOf(found.type)).toBe(cast ?? (duck.startsWith('STRUCT') ? undefined : duck));
  });
});
