import {describe, expect, test} from 'vitest';
import {zipOf} from '../../../../src/handover/zip.ts';
import type {Folder, Items} from '../../../../src/ui/intake/items.ts';
import {kindOf, sorted, type Kind, type Looked} from '../../../../src/ui/intake/kinds.ts';
import {freeName, tableEnding} from '../../../../src/ui/intake/paste.ts';
import {namesInZip} from '../../../../src/ui/intake/zip.ts';
import {readFixture} from '../../../fixtures/expectations.ts';

const looked = (name: string, more: Partial<Looked> = {}): Looked => ({
  name,
  start: new TextEncoder().encode('# Title\n'),
  isEncrypted: false,
  inZip: undefined,
  ...more,
});

describe('a file is', () => {
  test.each<[Kind, string, Partial<Looked>]>([
    ['data', 'sensors.csv', {}],
    ['data', 'README', {}],
    ['notebook', 'Plant.MD', {}],
    ['notebook', 'plant.markdown', {}],
    ['encrypted', 'plant.csv.age', {}],
    ['encrypted', 'token.FERNET', {}],
    ['encrypted', 'notes.md', {isEncrypted: true}],
    ['workspace', 'lakebook.zip', {inZip: ['notebooks/a.md', 'lakebook.json']}],
    ['delta', 'readings.zip', {inZip: ['readings/_delta_log/00000000000000000000.json']}],
    ['delta', 'anything.zip', {inZip: []}],
  ])('%s when it is called %s', (kind, name, more) => {
    expect(kindOf(looked(name, more))).toBe(kind);
  });

  test.each(['several.sqlite', 'several.duckdb', 'renamed-parquet.csv'])(
    'data when it starts as %s does, whatever it is called',
    (fixture) => {
      const start = readFixture(fixture).slice(0, 64);
      for (const name of ['notes.md', 'plant.zip', 'plant.age']) expect(kindOf(looked(name, {start}))).toBe('data');
    },
  );
});

describe('what is brought', () => {
  const file = (name: string): File => new File(['x'], name);
  const folder = (name: string, ...paths: string[]): Folder => ({
    name,
    files: paths.map((path) => ({path: `${name}/${path}`, file: file(path)})),
  });
  const sort = (items: Partial<Items>, kinds: readonly (readonly [File, Kind])[]) =>
    sorted({from: 'drop', files: [], folders: [], ...items}, new Map(kinds));

  test('has a folder’s files one by one, but for those of a Delta table', () => {
    const table = folder('readings', '_delta_log/00000000000000000000.json', 'part-0.parquet');
    const plain = folder('week', 'monday.csv', 'tuesday.csv');
    const [monday, tuesday] = plain.files.map((one) => one.file);
    if (monday === undefined || tuesday === undefined) throw new Error('a week has two days');
    const found = sort({folders: [table, plain]}, [
      [monday, 'data'],
      [tuesday, 'data'],
    ]);
    expect(found.table).toEqual({from: 'readings', source: table.files});
    expect(found.data).toEqual([monday, tuesday]);
  });

  test('has encrypted files apart from the rest, which waits for them with its folders', () => {
    const [secret, open] = [file('a.age'), file('b.csv')];
    const table = folder('readings', '_delta_log/00000000000000000000.json');
    const found = sort({files: [secret, open], folders: [table]}, [
      [secret, 'encrypted'],
      [open, 'data'],
    ]);
    expect(found.encrypted).toEqual([secret]);
    expect(found.rest).toEqual({from: 'drop', files: [open], folders: [table]});
  });

  test('has notebooks, a workspace and a table’s zip beside its data', () => {
    const [notebook, workspace, zip, data] = [file('a.md'), file('w.zip'), file('t.zip'), file('d.csv')];
    const kinds = [
      [notebook, 'notebook'],
      [workspace, 'workspace'],
      [zip, 'delta'],
      [data, 'data'],
    ] as const;
    expect(sort({files: [notebook, workspace, zip, data]}, kinds)).toMatchObject({
      notebooks: [notebook],
      workspace,
      table: {from: 't.zip', source: zip},
      data: [data],
    });
  });
});

test('the names in a zip are read from its end', async () => {
  const paths = ['notebooks/grüße.md', 'lakebook.json'];
  const zip = await zipOf(paths.map((path) => ({path, text: 'PK\x01\x02'})));
  expect(await namesInZip(new File([zip], 'a.zip'))).toEqual(paths);
  expect(await namesInZip(new File(['PK'], 'short.zip'))).toEqual([]);
});

describe('pasted text', () => {
  test.each([
    ['csv', 'a,b\n1,2\n3,4\n'],
    ['csv', 'a;b\r\n1,5;2\r\n'],
    ['csv', 'id,note\n1,"one, two\nthree"\n'],
    ['tsv', 'a\tb\n1\t2,5\n'],
    ['json', '[{"a": 1}]'],
    ['json', '{"a": 1}\n{"a": 2}\n'],
    [undefined, 'one line, with a comma'],
    [undefined, 'Dear reader,\nthis, that, and more.\n'],
    [undefined, 'word\nword\n'],
    [undefined, ''],
  ])('is taken as %s: %j', (ending, text) => {
    expect(tableEnding(text)).toBe(ending);
  });

  test('gets a name that no file has', () => {
    expect(freeName('csv', [])).toBe('pasted.csv');
    expect(freeName('csv', ['pasted.csv', 'pasted-2.csv', 'pasted.tsv'])).toBe('pasted-3.csv');
  });
});
