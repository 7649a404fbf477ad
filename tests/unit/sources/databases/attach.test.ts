import fc from 'fast-check';
import {expect, test} from 'vitest';
import {tableName} from '../../../../src/sources/databases/attach.ts';
import {fileSource} from '../../../../src/sources/index.ts';
import type {FileFormat} from '../../../../src/sources/signatures.ts';

const tablePath = (table: string, format: FileFormat): readonly string[] | undefined =>
  fileSource(format).tables?.path(table);

const name = fc.string({unit: fc.constantFrom('a', 'B', '.', '"', ' ', 'é'), minLength: 1, maxLength: 6});

test('no two tables are listed alike, and what is listed says which schema and table are meant', () => {
  fc.assert(
    fc.property(fc.oneof(fc.constant('main'), name), name, (schema, table) => {
      const path = tablePath(tableName([schema, table], 'main'), 'duckdb');
      expect(path).toEqual(schema === 'main' ? [table] : [schema, table]);
    }),
  );
});

test('SQLite has no schemas: a dot is a part of the table’s name', () => {
  expect(tablePath('sales.orders', 'sqlite')).toEqual(['sales.orders']);
  expect(tablePath('sales.orders', 'duckdb')).toEqual(['sales', 'orders']);
  expect(tablePath('a.b.c', 'duckdb')).toEqual(['a.b.c']);
});
