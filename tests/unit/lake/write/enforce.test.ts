import {describe, expect, test} from 'vitest';
import {enforceSchema, usesColumn} from '../../../../src/lake/enforce.ts';
import type {DeltaType, StructType} from '../../../../src/lake/schema.ts';
import {column, problemIn, struct} from './table.ts';

const table = struct(
  column('id', 'long'),
  column('Name', 'string'),
  column('place', struct(column('lat', 'double'), column('lon', 'double'))),
);
const options = {name: 'readings', mergeSchema: false, constraints: {}};
const enforce = (rows: StructType, given: Partial<typeof options> = {}, of = table) =>
  enforceSchema(of, rows, {...options, ...given});

describe('rows that fit', () => {
  test('names match without case, in any order, and the schema stays the same object', () => {
    expect(enforce(struct(column('NAME', 'string'), column('ID', 'long')))).toBe(table);
  });
  test('missing columns and missing fields of structs are filled with null', () => {
    expect(enforce(struct(column('place', struct(column('LON', 'double')))))).toBe(table);
  });
  test.each([
    ['integer', 'short'],
    ['integer', 'byte'],
    ['short', 'byte'],
    ['timestamp_ntz', 'timestamp'],
    ['decimal(10,2)', 'decimal(10,2)'],
  ] as const)('a column of %s takes %s and stays what it is', (own, given) => {
    const narrow = struct(column('n', own));
    expect(enforce(struct(column('n', given)), {}, narrow)).toBe(narrow);
  });
});

describe('rows that do not fit', () => {
  test('new columns are DELTA_METADATA_MISMATCH, with each of them and the three ways on', async () => {
    const problem = await problemIn(() =>
      enforce(
        struct(column('id', 'long'), column('unit', 'string'), column('place', struct(column('height', 'integer')))),
      ),
    );
    expect(problem).toMatchObject({code: 'DELTA_METADATA_MISMATCH', sqlState: '42KDG'});
    expect(problem.differences).toEqual([
      {column: 'place.height', table: null, rows: 'int'},
      {column: 'unit', table: null, rows: 'string'},
    ]);
    for (const way of ['align_schema', 'merge_schema', 'overwrite_schema']) expect(problem.hint).toContain(way);
  });
  test.each([
    ['integer', 'string'],
    ['string', 'integer'],
    ['long', 'integer'],
    ['integer', 'long'],
    ['double', 'float'],
    ['double', 'integer'],
    ['decimal(10,2)', 'decimal(12,2)'],
    ['date', 'timestamp'],
    ['timestamp', 'string'],
    ['boolean', 'integer'],
    ['string', {type: 'array', elementType: 'string', containsNull: true}],
    [struct(column('a', 'long')), 'string'],
  ] satisfies [DeltaType, DeltaType][])('%j does not take %j, with merge_schema or without', async (own, given) => {
    for (const mergeSchema of [false, true]) {
      const problem = await problemIn(() =>
        enforce(struct(column('n', given)), {mergeSchema}, struct(column('n', own))),
      );
      expect(problem).toMatchObject({code: 'DELTA_FAILED_TO_MERGE_FIELDS', sqlState: '22005'});
      expect(problem.differences).toHaveLength(1);
    }
  });
  test('a type in a list or map is named by its path', async () => {
    const own: DeltaType = {type: 'array', elementType: struct(column('x', 'long')), containsNull: true};
    const given: DeltaType = {type: 'array', elementType: struct(column('x', 'string')), containsNull: true};
    const problem = await problemIn(() => enforce(struct(column('n', given)), {}, struct(column('n', own))));
    expect(problem.differences).toEqual([{column: 'n.element.x', table: 'bigint', rows: 'string'}]);
  });
  test('a wider whole number is a mismatch that merge_schema takes on', async () => {
    const own = struct(column('n', 'byte'));
    expect(await problemIn(() => enforce(struct(column('n', 'integer')), {}, own))).toMatchObject({
      code: 'DELTA_METADATA_MISMATCH',
      differences: [{column: 'n', table: 'tinyint', rows: 'int'}],
    });
    expect(enforce(struct(column('n', 'integer')), {mergeSchema: true}, own)).toEqual(struct(column('n', 'integer')));
  });
  test('columns that differ only in case are DELTA_DUPLICATE_COLUMNS_FOUND', async () => {
    expect(await problemIn(() => enforce(struct(column('id', 'long'), column('Id', 'long'))))).toMatchObject({
      code: 'DELTA_DUPLICATE_COLUMNS_FOUND',
      sqlState: '42711',
    });
  });
  test('a NOT NULL column that is missing is DELTA_MISSING_NOT_NULL_COLUMN_VALUE', async () => {
    const problem = await problemIn(() =>
      enforce(struct(column('value', 'double')), {}, struct(column('id', 'long', false), column('value', 'double'))),
    );
    expect(problem).toMatchObject({
      code: 'DELTA_MISSING_NOT_NULL_COLUMN_VALUE',
      sqlState: '23502',
      where: {column: 'id'},
    });
  });
  test('another type in a column that a CHECK uses is DELTA_CONSTRAINT_DATA_TYPE_MISMATCH', async () => {
    const problem = await problemIn(() => enforce(struct(column('id', 'string')), {constraints: {positive: 'ID > 0'}}));
    expect(problem).toMatchObject({code: 'DELTA_CONSTRAINT_DATA_TYPE_MISMATCH', sqlState: '42K09'});
  });
});

test('merge_schema adds columns last, also within structs and lists, all nullable and without foreign metadata', () => {
  const list = (type: DeltaType): DeltaType => ({type: 'array', elementType: type, containsNull: true});
  const own = struct(
    column('a', 'long', false),
    column('s', struct(column('x', 'long'))),
    column('l', list(struct(column('y', 'long')))),
  );
  const rows = struct(
    {
      ...column('new', {...struct(column('deep', 'long', false))}, false),
      metadata: {'delta.columnMapping.id': 7, comment: 'kept'},
    },
    column('a', 'long'),
    column('s', struct(column('z', 'string'), column('x', 'long'))),
    column('l', list(struct(column('w', 'date')))),
  );
  expect(enforce(rows, {mergeSchema: true}, own)).toEqual(
    struct(
      column('a', 'long', false),
      column('s', struct(column('x', 'long'), column('z', 'string'))),
      column('l', list(struct(column('y', 'long'), column('w', 'date')))),
      {
        ...column('new', struct(column('deep', 'long'))),
        metadata: {comment: 'kept'},
      },
    ),
  );
});

test.each([
  ['value > 0', 'value', true],
  ['VALUE > 0', 'value', true],
  ['"a b" is not null', 'a b', true],
  ['`a b` is not null', 'A B', true],
  ["name <> 'value'", 'value', false],
  ['value2 > 0', 'value', false],
  ['ü > 0', 'ü', true],
])('%s uses %s: %s', (expression, name, expected) => {
  expect(usesColumn(expression, name)).toBe(expected);
});
