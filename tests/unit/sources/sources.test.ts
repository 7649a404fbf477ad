import {readdirSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, test} from 'vitest';
import {deltaTable, fileFormats, fileSource, sourceOf, sources} from '../../../src/sources/index.ts';
import {signatureList, signatures, type FileFormat} from '../../../src/sources/signatures.ts';
import {load} from '../../../src/steps/load.ts';
import {expectations, packed, readFixture} from '../../fixtures/expectations.ts';
import {memoryStorage} from '../storage/memory-storage.ts';

const folder = join(import.meta.dirname, '../../../src/sources');

test('every module of the folder is a format in the list', async () => {
  const modules = readdirSync(folder, {withFileTypes: true})
    .filter((entry) => entry.isFile() && !['define.ts', 'index.ts', 'reading.ts', 'signatures.ts'].includes(entry.name))
    .map(({name}) => name);
  expect(modules).toHaveLength(sources.length);
  expect([...fileFormats].sort()).toEqual(Object.keys(signatures).sort());
  for (const name of modules) {
    // The cast: a module is an object of what it exports.
    const exported = Object.values((await import(join(folder, name))) as Readonly<Record<string, unknown>>);
    expect(exported.filter((value) => sources.some((source) => source === value))).toHaveLength(1);
  }
});

test('no two formats claim the same name, the same ending or the same bytes', () => {
  const claims = signatureList.flatMap(({name, endings, magic}) => [
    name,
    ...endings.map((ending) => `.${ending}`),
    ...magic.map(({at, bytes}) => `${at} ${bytes}`),
  ]);
  expect(claims).toEqual([...new Set(claims)]);
  const endings = signatureList.flatMap((source) => source.endings);
  for (const {sharedEndings = []} of signatureList)
    for (const ending of sharedEndings) expect(endings).toContain(ending);
});

test('an ending says the format, in gzip and in capitals too', () => {
  for (const source of sources) {
    if (source.kind !== 'file') continue;
    for (const ending of source.endings)
      for (const name of [`plant.${ending}`, `PLANT.${ending.toUpperCase()}.GZ`])
        expect(sourceOf([name], {format: undefined}).name).toBe(source.name);
  }
  expect(sourceOf(['plant.txt'], {format: undefined}).name).toBe('csv');
});

test('the options of formats are parameters of a load, and each of these is some format’s or every one’s', () => {
  const own = new Set<string>(fileFormats.flatMap((name) => fileSource(name).options));
  const common = ['file', 'format', 'schema', 'filename'];
  expect([...own, ...common].sort()).toEqual(Object.keys(load.params).sort());
});

describe('a file is told by its bytes', () => {
  const storage = memoryStorage();
  const wholes = expectations.flatMap(({file, options, gives}) =>
    options?.['format'] === undefined && options?.['encoding'] === undefined && 'rows' in gives ? [file] : [],
  );
  /** The format that a fixture is named after; some are named after another one. */
  const named: Readonly<Record<string, FileFormat>> = {
    'renamed-parquet.csv': 'parquet',
    'one-table.db': 'duckdb',
    'one-table-in-sqlite.db': 'sqlite',
  };
  const formatOf = (file: string): FileFormat => named[file] ?? sourceOf([file], {format: undefined}).name;

  test('each format of files has a fixture', () => {
    expect([...new Set(wholes.map(formatOf))].sort()).toEqual([...fileFormats].sort());
  });

  test('a folder by what lies in it', () => {
    const output = join(import.meta.dirname, '../../fixtures/spark-output/output');
    const paths = readdirSync(output, {recursive: true}).map((path) => String(path).replaceAll('\\', '/'));
    expect(deltaTable.holds(paths)).toBe(true);
    expect(deltaTable.roots(paths)).toEqual(['kept/']);
    expect(deltaTable.holds(paths.filter((path) => !path.startsWith('kept/')))).toBe(false);
  });

  test.each([...new Set(wholes)].map((file) => [file, formatOf(file)] as const))('%s is %s', async (file, format) => {
    // Text may have any ending but a database's: that one says what the user meant.
    const isText = fileSource(format).magic.length === 0;
    const endings = ['csv', 'json', 'parquet', 'txt', ...(isText ? [] : ['db', 'duckdb', 'sqlite', 'sql'])];
    for (const ending of [file.split('.').at(-1) ?? '', ...endings]) {
      await storage.addFile(`wrong.${ending}`, new Blob([readFixture(file)]));
      expect(await storage.sniff(`wrong.${ending}`, {}), ending).toMatchObject({format});
    }
    if (file.endsWith('.gz')) return;
    await storage.addFile('packed.bin', new Blob([packed(file)]));
    expect(await storage.sniff('packed.bin', {})).toMatchObject({format, gzip: true});
  });
});
