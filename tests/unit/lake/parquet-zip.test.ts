import {execFileSync} from 'node:child_process';
import {readdirSync, readFileSync, statSync} from 'node:fs';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {crc32} from '../../../src/lib/crc32.ts';
import {contentHash} from '../../../src/lib/hash.ts';
import {copyTable, exportTable} from '../../../workers/lake/zip.ts';
import {createMemoryStore} from '../../../workers/files/memory-store.ts';
import {fill, type Store} from '../../../workers/files/store.ts';
import {readZip, writeZip} from '../../../workers/shared/zip.ts';
import {hasPrograms} from '../../tools/programs.ts';
import {realData} from '../../tools/real-data.ts';
import {problemOf} from '../storage/suite.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lakebook-zip-'));
});
afterAll(() => rm(folder, {recursive: true}));

const ignore = (): void => undefined;

async function put(store: Store, files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const once = async function* (): AsyncGenerator<Uint8Array> {
      yield typeof content === 'string' ? new TextEncoder().encode(content) : content;
    };
    await fill(await store.create(path), once());
  }
}

/** Every file below a folder of the store, as text. */
async function contents(store: Store, root: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const {path} of await store.walk(root))
    found[path] = Buffer.from(
      (await (await store.read(`${root}/${path}`))?.arrayBuffer()) ?? new ArrayBuffer(),
    ).toString('latin1');
  return found;
}

const commit = (version: number): string => `_delta_log/${String(version).padStart(20, '0')}.json`;
const add = (path: string): string =>
  JSON.stringify({add: {path, partitionValues: {}, size: 1, modificationTime: 1, dataChange: true}});
const remove = (path: string): string => JSON.stringify({remove: {path, dataChange: true}});
const noise = Uint8Array.from({length: 200_000}, (_, i) => (i * 2654435761) >>> 13);

/** A table of two commits within one second; an orphan and a hidden file besides. */
async function exported(): Promise<{file: File; path: string; store: Store}> {
  const store = createMemoryStore();
  await put(store, {
    [`lake/t/${commit(0)}`]: `${add('part-0.parquet')}\n`,
    [`lake/t/${commit(1)}`]: `${remove('part-0.parquet')}\n${add('day=2024-01-01%2012%253A00/part-1.parquet')}\n`,
    'lake/t/part-0.parquet': noise,
    'lake/t/day=2024-01-01 12%3A00/part-1.parquet': 'b',
    'lake/t/orphan.parquet': 'c',
    'lake/t/_delta_log/.tmp-1': 'd',
  });
  const file = await exportTable(
    store,
    'lake/t',
    {firstVersion: 0, times: [Date.UTC(2023, 10, 14, 22, 13, 21, 100), Date.UTC(2023, 10, 14, 22, 13, 21, 457)]},
    'readings',
    ignore,
  );
  const path = join(folder, `${crypto.randomUUID()}.zip`);
  await writeFile(path, new Uint8Array(await file.arrayBuffer()));
  return {file, path, store};
}

describe('a table as a zip', () => {
  test('has its log and the files that some version needs, byte by byte', async () => {
    const {file} = await exported();
    const store = createMemoryStore();
    await copyTable(file, store, 'lake/u', ignore);
    expect(await contents(store, 'lake/u')).toEqual({
      [commit(0)]: `${add('part-0.parquet')}\n`,
      [commit(1)]: `${remove('part-0.parquet')}\n${add('day=2024-01-01%2012%253A00/part-1.parquet')}\n`,
      'part-0.parquet': Buffer.from(noise).toString('latin1'),
      'day=2024-01-01 12%3A00/part-1.parquet': 'b',
    });
  });

  test('its entries have the commits’ times, to the millisecond', async () => {
    const {file} = await exported();
    const times = (await readZip(file, 'a.zip'))
      .filter(({path}) => path.includes('_delta_log'))
      .map(({path, modified}) => [path, new Date(modified).toISOString()]);
    expect(times).toEqual([
      [`readings/${commit(0)}`, '2023-11-14T22:13:21.100Z'],
      [`readings/${commit(1)}`, '2023-11-14T22:13:21.457Z'],
    ]);
  });

  test.skipIf(!hasPrograms('unzip'))('unzip restores the times in UTC, wherever it runs', async () => {
    const {path} = await exported();
    const target = join(folder, 'unzipped');
    execFileSync('unzip', ['-q', path, '-d', target], {env: {...process.env, TZ: 'Asia/Tokyo'}});
    expect([0, 1].map((version) => statSync(join(target, 'readings', commit(version))).mtime.toISOString())).toEqual([
      '2023-11-14T22:13:21.000Z',
      '2023-11-14T22:13:21.000Z',
    ]);
    expect(readdirSync(join(target, 'readings'), {recursive: true}).sort()).toContain(
      'day=2024-01-01 12%3A00/part-1.parquet',
    );
  });

  test.skipIf(!hasPrograms('python3'))(
    'Python reads it, data files stored as they are with their checksum before them',
    async () => {
      const {path} = await exported();
      const script = `import json, struct, sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
def ntfs(extra):
    while extra:
        kind, size = struct.unpack('<HH', extra[:4])
        if kind == 10: return struct.unpack('<Q', extra[12:20])[0] // 10000 - 11644473600000
        extra = extra[4 + size:]
print(json.dumps([[i.filename, i.compress_type, i.flag_bits & 8, ntfs(i.extra)] for i in z.infolist()]))`;
      const found = JSON.parse(execFileSync('python3', ['-c', script, path], {encoding: 'utf8'})) as unknown[];
      expect(found.slice(0, 2)).toMatchObject([
        [`readings/${commit(0)}`, 8, 8, Date.UTC(2023, 10, 14, 22, 13, 21, 100)],
        [`readings/${commit(1)}`, 8, 8, Date.UTC(2023, 10, 14, 22, 13, 21, 457)],
      ]);
      expect(found.slice(2)).toEqual([
        ['readings/part-0.parquet', 0, 0, expect.any(Number)],
        ['readings/day=2024-01-01 12%3A00/part-1.parquet', 0, 0, expect.any(Number)],
      ]);
    },
  );

  test('progress ends at all bytes', async () => {
    const {store} = await exported();
    const heard: [number, number][] = [];
    await exportTable(store, 'lake/t', {firstVersion: 0, times: [1, 2]}, 't', (bytes, total) =>
      heard.push([bytes, total]),
    );
    const [done, total] = heard.at(-1) ?? [];
    expect(done).toBe(total);
    expect(total).toBeGreaterThan(200_000);
    expect(heard.every(([bytes], i) => bytes >= (heard[i - 1]?.[0] ?? 0))).toBe(true);
  });
});

describe('a table from elsewhere', () => {
  const table = {[commit(0)]: add('part-0.parquet'), 'part-0.parquet': 'a'};
  const at = (prefix: string, files: Readonly<Record<string, string>> = table): {path: string; file: File}[] =>
    Object.entries(files).map(([path, content]) => ({path: prefix + path, file: new File([content], path)}));

  async function zipOf(files: readonly {path: string; file: File}[]): Promise<File> {
    const zip = await writeZip(await createMemoryStore().create('exports/a.zip'));
    for (const {path, file} of files) await zip.add(path, file, {modified: 0, packed: false});
    return zip.close();
  }

  test.each(['', 'readings/', 'a/b/readings/', './readings/'])('is found wherever it is: %j', async (prefix) => {
    const given = [...at(prefix), ...at('', {'notes.txt': 'x', '.DS_Store': 'y', [`__MACOSX/${commit(0)}`]: 'z'})];
    for (const source of [given, await zipOf(given)]) {
      const store = createMemoryStore();
      await copyTable(source, store, 'lake/t', ignore);
      expect(await contents(store, 'lake/t')).toEqual(prefix === '' ? {...table, 'notes.txt': 'x'} : table);
    }
  });

  test.skipIf(!hasPrograms('zip', 'unzip'))('packed by the zip program', async () => {
    const {file, path} = await exported();
    const target = join(folder, 'again');
    execFileSync('unzip', ['-q', path, '-d', target]);
    execFileSync('zip', ['-q', '-r', join(folder, 'again.zip'), '.'], {cwd: target});
    const [ours, theirs] = [createMemoryStore(), createMemoryStore()];
    await copyTable(file, ours, 'lake/t', ignore);
    await copyTable(new File([readFileSync(join(folder, 'again.zip'))], 'again.zip'), theirs, 'lake/t', ignore);
    expect(await contents(theirs, 'lake/t')).toEqual(await contents(ours, 'lake/t'));
  });

  test('several are refused by name, and none', async () => {
    const store = createMemoryStore();
    expect(await problemOf(() => copyTable([...at('a/'), ...at('b/')], store, 'lake/t', ignore))).toMatchObject({
      code: 'IMPORT_SEVERAL_TABLES',
      message: 'There are several Delta tables in the folder: a and b.',
    });
    expect(await problemOf(() => copyTable(at('', {'part-0.parquet': 'a'}), store, 'lake/t', ignore))).toMatchObject({
      code: 'DELTA_TABLE_NOT_FOUND',
    });
    expect(await store.walk('lake')).toEqual([]);
  });

  test.each([
    '../evil.parquet',
    'readings/../../evil.parquet',
    '/etc/evil.parquet',
    'C:/evil.parquet',
    '..\\evil.parquet',
  ])('a path that leads out is refused: %s', async (path) => {
    const store = createMemoryStore();
    const given = [...at('readings/'), {path, file: new File(['x'], 'x')}];
    const sources = path.includes('\\') ? [await zipOf(given)] : [given, await zipOf(given)];
    for (const source of sources)
      expect(await problemOf(() => copyTable(source, store, 'lake/t', ignore))).toMatchObject({
        code: 'IMPORT_PATH_UNSAFE',
      });
    expect(await store.walk('lake')).toEqual([]);
  });

  test('what is no zip, and one whose bytes changed, are told; nothing is left', async () => {
    const store = createMemoryStore();
    expect(await problemOf(() => copyTable(new File(['PK no'], 'a.zip'), store, 'lake/t', ignore))).toMatchObject({
      code: 'ZIP_DAMAGED',
      where: {file: 'a.zip'},
    });
    const {file} = await exported();
    const bytes = new Uint8Array(await file.arrayBuffer());
    // In the middle of the stored data file.
    const middle = Math.floor(bytes.length / 2);
    bytes[middle] = (bytes[middle] ?? 0) ^ 1;
    expect(await problemOf(() => copyTable(new File([bytes], 'b.zip'), store, 'lake/t', ignore))).toMatchObject({
      code: 'ZIP_DAMAGED',
      where: {file: 'b.zip'},
    });
    expect(await store.walk('lake')).toEqual([]);
  });

  const {path: golden, missing} = realData('delta-golden');
  test.skipIf(missing)('golden tables go in as folders and out as zips whole', async () => {
    for (const name of [
      'data-reader-partition-values',
      'data-reader-escaped-chars',
      'checkpoint',
      'v2-checkpoint-parquet',
      'dv-partitioned-with-checkpoint',
      'log-replay-special-characters',
    ]) {
      const root = join(golden, name, 'delta');
      const files = readdirSync(root, {recursive: true, encoding: 'utf8', withFileTypes: true})
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .map((path) => ({path: `x/${path.slice(root.length + 1)}`, file: new File([readFileSync(path)], path)}));
      const [store, again] = [createMemoryStore(), createMemoryStore()];
      await copyTable(files, store, 'lake/t', ignore);
      const zip = await exportTable(store, 'lake/t', {firstVersion: 0, times: []}, name, ignore);
      await copyTable(zip, again, 'lake/t', ignore);
      const [before, after] = [await contents(store, 'lake/t'), await contents(again, 'lake/t')];
      for (const path of Object.keys(after))
        expect(contentHash([after[path] ?? '']), `${name} ${path}`).toBe(contentHash([before[path] ?? '']));
      expect(Object.keys(after).length, name).toBeGreaterThan(1);
    }
  });
});

test('checksums are those of zip files', () => {
  expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
  expect(crc32(new TextEncoder().encode('6789'), crc32(new TextEncoder().encode('12345')))).toBe(0xcbf43926);
});
