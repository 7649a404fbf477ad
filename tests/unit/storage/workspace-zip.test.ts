import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {createMemoryStore} from '../../../workers/files/memory-store.ts';
import {readZip} from '../../../workers/shared/zip.ts';
import {hasPrograms} from '../../tools/programs.ts';
import {ids as rowsOf, readIds, write} from '../lake/rows.ts';
import {memoryWorkspace} from './memory-storage.ts';
import {problemOf} from './suite.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lakebook-workspace-'));
});
afterAll(() => rm(folder, {recursive: true}));

const range = (from: number, count: number): number[] => rowsOf(from, count).map(({id}) => id);

const oddName = 'größe: "a/b"% 50*.csv';

async function filled(): Promise<ReturnType<typeof memoryWorkspace>> {
  const workspace = memoryWorkspace();
  const {storage, lake} = workspace;
  await storage.writeText('notebooks/first.md', '# First\n');
  await storage.writeText('notebooks/my notes/2nd?.md', '# Second\n');
  await storage.writeText('state/first.json', '[["a",{}]]');
  await storage.writeText('open.json', '"first"');
  await storage.writeText('trust/first.json', '{"from":"link","text":"","allowed":["file a.csv"],"refused":[]}');
  await storage.addFile('a.csv', new Blob(['x\n1\n']));
  await storage.addFile(oddName, new Blob(['y\n'.repeat(2_000_000)]));
  await storage.addFile(
    'data.csv.gz',
    new Blob([new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0])]),
  );
  await write(lake, 'readings', rowsOf(0, 10));
  await write(lake, 'readings', rowsOf(10, 5));
  await write(lake, 'Größe in %', rowsOf(0, 3));
  return workspace;
}

test('the whole workspace comes back in an empty one', async () => {
  const {storage} = await filled();
  const heard: [number, number][] = [];
  const zip = await storage.exportWorkspace((bytes, total) => heard.push([bytes, total]));
  expect(heard.length).toBeGreaterThan(0);
  const {storage: other, lake} = memoryWorkspace();
  const items = await other.importWorkspace(zip, {replace: false});
  expect(items.map(({kind, name, outcome}) => `${kind} ${name}: ${outcome}`).sort()).toEqual(
    [
      'notebook first',
      'notebook my notes/2nd?',
      'file a.csv',
      `file ${oddName}`,
      'file data.csv.gz',
      'table readings',
      'table Größe in %',
    ]
      .map((item) => `${item}: added`)
      .sort(),
  );
  expect(await other.readText('notebooks/first.md')).toBe('# First\n');
  expect(await other.readText('notebooks/my notes/2nd?.md')).toBe('# Second\n');
  expect(await other.readText('state/first.json')).toBe('[["a",{}]]');
  expect(await other.readText('open.json')).toBeNull();
  // What was allowed there is not allowed here: its notebooks are somebody else's until the user says otherwise.
  expect(await other.readText('trust/first.json')).toBe('{"from":"workspace"}');
  for (const {name, bytes} of await storage.files())
    expect(await (await other.file(name)).text(), `${name} ${bytes}`).toBe(await (await storage.file(name)).text());
  expect(await readIds(lake, 'readings')).toEqual(range(0, 15));
  expect(await readIds(lake, 'readings', {version: 0})).toEqual(range(0, 10));
  expect((await lake.history('readings')).map(({version}) => version)).toEqual([1, 0]);
  expect(await readIds(lake, 'Größe in %')).toEqual(range(0, 3));
});

test('what is here with the same content stays; what has another is kept, or replaced when asked', async () => {
  const {storage, lake} = await filled();
  const zip = await storage.exportWorkspace();
  expect(new Set((await storage.importWorkspace(zip, {replace: false})).map(({outcome}) => outcome))).toEqual(
    new Set(['same']),
  );

  await storage.writeText('notebooks/first.md', '# Changed\n');
  await storage.addFile('a.csv', new Blob(['x\n2\n']));
  await write(lake, 'readings', rowsOf(100, 1));
  await storage.writeText('notebooks/new.md', '# New\n');
  const changed = (items: readonly {name: string; outcome: string}[]): string[] =>
    items.filter(({outcome}) => outcome !== 'same').map(({name, outcome}) => `${name}: ${outcome}`);
  expect(changed(await storage.importWorkspace(zip, {replace: false}))).toEqual([
    'first: kept',
    'a.csv: kept',
    'readings: kept',
  ]);
  expect(await storage.readText('notebooks/first.md')).toBe('# Changed\n');
  expect(await readIds(lake, 'readings')).toEqual([...range(0, 15), 100]);

  expect(changed(await storage.importWorkspace(zip, {replace: true}))).toEqual([
    'first: replaced',
    'a.csv: replaced',
    'readings: replaced',
  ]);
  expect(await storage.readText('notebooks/first.md')).toBe('# First\n');
  expect(await (await storage.file('a.csv')).text()).toBe('x\n1\n');
  expect(await readIds(lake, 'readings')).toEqual(range(0, 15));
  expect((await lake.tables()).map(({name}) => name)).toEqual(['Größe in %', 'readings']);
  expect(await storage.readText('notebooks/new.md')).toBe('# New\n');
});

test.skipIf(!hasPrograms('zip', 'unzip'))('a zip that was unpacked and packed again is still one', async () => {
  const {storage} = await filled();
  const path = join(folder, 'a.zip');
  await writeFile(path, new Uint8Array(await (await storage.exportWorkspace()).arrayBuffer()));
  execFileSync('unzip', ['-q', path, '-d', join(folder, 'backup')]);
  execFileSync('zip', ['-q', '-r', 'b.zip', 'backup'], {cwd: folder});
  const items = await storage.importWorkspace(new File([readFileSync(join(folder, 'b.zip'))], 'b.zip'), {
    replace: false,
  });
  expect(items).toHaveLength(7);
  expect(new Set(items.map(({outcome}) => outcome))).toEqual(new Set(['same']));
});

test('its tables are Delta tables as they are', async () => {
  const zip = await (await filled()).storage.exportWorkspace();
  const {lake} = memoryWorkspace();
  const entries = (await readZip(zip, 'a.zip')).filter(({path}) => path.startsWith('lake/readings/'));
  const files = await Promise.all(
    entries.map(async ({path, chunks}) => {
      const parts: Uint8Array<ArrayBuffer>[] = [];
      for await (const chunk of chunks()) parts.push(chunk.slice());
      return {path, file: new File(parts, path)};
    }),
  );
  await lake.importTable('copy', files, () => undefined);
  expect(await readIds(lake, 'copy')).toEqual(range(0, 15));
});

test('a table that can’t be read is told, and the rest comes all the same', async () => {
  const store = createMemoryStore();
  const {storage, lake} = memoryWorkspace(store);
  await write(lake, 'broken', rowsOf(0, 2));
  await write(lake, 'whole', rowsOf(0, 3));
  for (const {path} of await store.walk('lake/broken'))
    if (path.endsWith('.parquet')) await store.remove(`lake/broken/${path}`);
  const {storage: other, lake: otherLake} = memoryWorkspace();
  expect(await other.importWorkspace(await storage.exportWorkspace(), {replace: false})).toEqual([
    expect.objectContaining({
      kind: 'table',
      name: 'broken',
      outcome: 'refused',
      problem: expect.objectContaining({code: 'DELTA_FILE_NOT_FOUND_DETAILED'}) as object,
    }),
    {kind: 'table', name: 'whole', outcome: 'added'},
  ]);
  expect((await otherLake.tables()).map(({name}) => name)).toEqual(['whole']);
});

test('another zip is refused before anything is changed', async () => {
  const {storage, lake} = await filled();
  const table = await lake.exportTable('readings', () => undefined);
  const {storage: other} = memoryWorkspace();
  expect(
    await problemOf(() => other.importWorkspace(new File([table], 'readings.zip'), {replace: true})),
  ).toMatchObject({code: 'NOT_A_WORKSPACE', where: {file: 'readings.zip'}});
  expect(await problemOf(() => other.importWorkspace(new File(['x'], 'x.zip'), {replace: true}))).toMatchObject({
    code: 'ZIP_DAMAGED',
  });
  expect(await storage.files()).toHaveLength(3);
});
