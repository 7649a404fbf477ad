import {tableFromArrays, tableToIPC} from 'apache-arrow';
import {generateX25519Identity, identityToRecipient} from 'age-encryption';
import {describe, expect, test} from 'vitest';
import {newFernetKey} from '../../../src/encrypt/fernet.ts';
import type {Encryption, StoragePort} from '../../../src/ports/index.ts';
import {createMemoryStore} from '../../../workers/files/memory-store.ts';
import type {Store} from '../../../workers/files/store.ts';
import {ids, readIds, write} from '../lake/rows.ts';
import {memoryWorkspace} from './memory-storage.ts';
import {problemOf} from './suite.ts';

/** A store that remembers every byte that was ever written to it, kept or not. */
function watched(): {readonly store: Store; readonly written: () => string} {
  const store = createMemoryStore();
  const all: string[] = [];
  const decoder = new TextDecoder('latin1');
  return {
    written: () => all.join(''),
    store: {
      ...store,
      async create(path) {
        const sink = await store.create(path);
        return {
          ...sink,
          async write(bytes) {
            all.push(decoder.decode(bytes));
            await sink.write(bytes);
          },
        };
      },
    },
  };
}

const marker = 'the-secret-temperature';
const identity = await generateX25519Identity();
const key = newFernetKey();
const ways: readonly (readonly [string, Encryption, secret: string])[] = [
  ['age for a recipient', {as: 'age', recipients: [await identityToRecipient(identity)]}, identity],
  ['Fernet by a key', {as: 'fernet', key}, key],
];

async function exportBytes(storage: StoragePort, encrypt?: Encryption): Promise<File> {
  const sink = await storage.openBytes(encrypt);
  for (let i = 0; i < 1000; i++) await sink.write(new TextEncoder().encode(`${marker},${i}\n`));
  return sink.close();
}

describe.each(ways)('%s', (_name, encrypt, secret) => {
  test('an export never lies in the store as it is, and comes back', async () => {
    const {store, written} = watched();
    const {storage} = memoryWorkspace(store);
    const plain = await exportBytes(storage);
    expect(written()).toContain(marker);
    const before = written().length;
    const file = await exportBytes(storage, encrypt);
    expect(written().length).toBeGreaterThan(before);
    expect(written().slice(before)).not.toContain(marker);
    const back = await storage.decrypt(file, 'a.csv.age', secret);
    expect(await back.text()).toBe(await plain.text());
    await storage.removeExport(back.name);
    expect(await store.list('exports')).toHaveLength(2);
  });

  test('Parquet, a table and the workspace are encrypted as well', async () => {
    const {store, written} = watched();
    const {storage, lake} = memoryWorkspace(store);
    await write(lake, 'readings', ids(0, 2));
    await storage.writeText('notebooks/first.md', `# ${marker}\n`);
    const before = written().length;
    const sink = await storage.openParquet('uncompressed', encrypt);
    await sink.write(tableToIPC(tableFromArrays({sensor: [marker, marker]}), 'stream'));
    const parquet = await sink.close();
    const table = await lake.exportTable('readings', () => undefined, {encrypt});
    const workspace = await storage.exportWorkspace(undefined, {encrypt});
    expect(written().slice(before)).not.toMatch(new RegExp(`${marker}|PAR1|_delta_log|lakebook.json`));

    expect(await (await storage.decrypt(parquet, 'a', secret)).slice(0, 4).text()).toBe('PAR1');
    const other = memoryWorkspace();
    await other.lake.importTable(
      'readings',
      new File([await storage.decrypt(table, 'a', secret)], 'readings.zip'),
      () => undefined,
    );
    expect(await readIds(other.lake, 'readings')).toEqual([0, 1]);
    const items = await other.storage.importWorkspace(await storage.decrypt(workspace, 'a', secret), {replace: false});
    expect(items.map(({kind, outcome}) => `${kind} ${outcome}`)).toEqual(['notebook added', 'table same']);
    expect(await other.storage.readText('notebooks/first.md')).toBe(`# ${marker}\n`);
  });

  test('what can’t be opened leaves nothing', async () => {
    const store = createMemoryStore();
    const {storage} = memoryWorkspace(store);
    const file = await exportBytes(storage, encrypt);
    const cut = file.slice(0, file.size - 20);
    expect(
      (await problemOf(() => storage.decrypt(file, 'a', encrypt.as === 'age' ? 'AGE-SECRET-KEY-1' : newFernetKey())))
        .code,
    ).toMatch(/ENCRYPT/);
    expect((await problemOf(() => storage.decrypt(cut, 'a', secret))).code).toMatch(/^ENCRYPTED_/);
    expect((await problemOf(() => storage.decrypt(new Blob(['x,y\n']), 'a', secret))).code).toBe('NOT_ENCRYPTED');
    expect(await store.list('exports')).toHaveLength(1);
  });

  test('a stopped decryption leaves nothing', async () => {
    const store = createMemoryStore();
    const {storage} = memoryWorkspace(store);
    const sink = await storage.openBytes(encrypt);
    await sink.write(new Uint8Array(20_000_000));
    const file = await sink.close();
    const abort = new AbortController();
    const work = storage.decrypt(file, 'a', secret, () => abort.abort(), {signal: abort.signal});
    expect((await problemOf(() => work)).code).toBe('CANCELLED');
    expect(await store.list('exports')).toHaveLength(1);
  });
});

test('a full disk in the middle of an encrypted export is told as such, and nothing is left', async () => {
  const store = createMemoryStore();
  let room = 3_000_000;
  const full: Store = {
    ...store,
    async create(path) {
      const sink = await store.create(path);
      return {
        ...sink,
        async write(bytes) {
          room -= bytes.length;
          if (room < 0) throw new DOMException('full', 'QuotaExceededError');
          await sink.write(bytes);
        },
      };
    },
  };
  const {storage} = memoryWorkspace(full);
  const sink = await storage.openBytes({as: 'fernet', key});
  const problem = await problemOf(async () => {
    for (;;) await sink.write(new Uint8Array(1 << 20));
  });
  expect(problem.code).toBe('QUOTA_EXCEEDED');
  await sink.discard();
  expect(await store.list('exports')).toEqual([]);
});
