import * as Comlink from 'comlink';
import {ProblemError, type Problem} from '../../src/lib/problem.ts';
import type {ReadOptions, Reject, StorageContract} from '../contract/storage.ts';
import {coalesce} from '../shared/bytes.ts';
import {createExport, removeExport} from '../files/exports.ts';
import {createHandles} from '../shared/handles.ts';
import {outcome} from '../shared/outcome.ts';
import type {ParquetWriter} from '../parquet/write.ts';
import {withRoom} from '../files/room.ts';
import type {Shared} from '../lake/shared.ts';
import {decodeName, encodeName, fill, type Sink, type Store} from '../files/store.ts';
import {runTelling} from '../shared/jobs.ts';
import {throttled} from '../shared/throttled.ts';
import {Derived, openFile, textChunks} from './text.ts';
import type {Unpacked} from './unpack.ts';
import {Workspace} from './workspace.ts';

type OnBatch = (ipc: Uint8Array, done: number, total: number) => Promise<void>;

/** The storage contract over a store. */
export function createStorageService({store: openStore, tables: openTables, parquet, jobs}: Shared): StorageContract {
  let opening: Promise<{store: Store; workspace: Workspace; derived: Derived}> | undefined;
  const opened = () => (opening ??= open(openStore));
  const parquetWriters = createHandles<ParquetWriter>(writerClosed);
  const byteWriters = createHandles<Sink>(writerClosed);
  const unpackedZips = createHandles<Unpacked>(writerClosed);

  /** What a workspace's zip holds. */
  async function parts() {
    const {store, workspace} = await opened();
    return {store, workspace, tables: await openTables()};
  }

  async function readArrow(
    name: string,
    options: ReadOptions,
    onBatch: OnBatch,
    check: () => void,
  ): Promise<readonly Reject[]> {
    const {workspace, derived} = await opened();
    const file = await openFile(workspace, name, options);
    if (file.format !== 'json' && file.format !== 'parquet') throw new ProblemError(notArrow(name));
    const send = sending(onBatch, check);
    if (file.format === 'parquet') {
      await readParquetFile(await derived.unpacked(file), name, send, check);
      return [];
    }
    let done = 0;
    const text = async function* (): AsyncGenerator<string> {
      for await (const chunk of textChunks(file, (bytes) => (done = bytes))) {
        check();
        yield chunk;
      }
    };
    const {readJson} = await import('./json/read.ts');
    return readJson({file: name, text}, (ipc) => send(ipc, done, file.file.size));
  }

  async function readParquetFile(file: Blob, name: string, send: OnBatch, check: () => void): Promise<void> {
    // What reads and writes Arrow is fetched when it is first needed, so that the worker starts small.
    const {readParquet} = await import('../parquet/read.ts');
    await readParquet(await parquet(), file, name, send, check);
  }

  return {
    async status() {
      const {store} = await opened();
      // The figures tell that the data was cleared.
      const room = await store.room().catch(() => store.room());
      return {kind: store.kind, ...room, usage: await store.stored(room)};
    },

    addFile: (name, data, onProgress) =>
      outcome(async () => (await opened()).workspace.add(name, data, throttled(onProgress))),
    files: async () => (await opened()).workspace.files(),
    removeFile: (name) =>
      outcome(async () => {
        await (await opened()).workspace.remove(name);
        return null;
      }),
    file: (name) => outcome(async () => (await (await opened()).workspace.read(name)).file),

    readText: (path) =>
      outcome(async () => (await (await (await opened()).store.read(textPath(path)))?.text()) ?? null),
    writeText: (path, text) =>
      outcome(async () => {
        const {store} = await opened();
        const bytes = new TextEncoder().encode(text);
        await withRoom(store, 'the notebook', bytes.length, () => writeWhole(store, textPath(path), bytes));
        return null;
      }),
    removeText: (path) =>
      outcome(async () => {
        await (await opened()).store.remove(textPath(path));
        return null;
      }),
    async listTexts(folder) {
      const paths = (await (await opened()).store.list('texts')).map(decodeName);
      return paths.filter((path) => path.startsWith(`${folder}/`)).sort();
    },

    sniff: (name, options) =>
      outcome(async () => {
        const {format, encoding, gzip, head} = await openFile((await opened()).workspace, name, options);
        return {format, encoding, gzip, head};
      }),
    plainText: (name, options, onProgress) =>
      outcome(async () => (await opened()).derived.plainText(name, options, throttled(onProgress))),
    unpackedFile: (name) =>
      outcome(async () => {
        const {workspace, derived} = await opened();
        return derived.unpacked(await openFile(workspace, name, {}));
      }),
    readArrow: (job, name, options, onBatch) =>
      outcome(() => jobs.run(job, (check) => readArrow(name, options, onBatch, check))),
    readParquetFile: (job, name, file, onBatch) =>
      outcome(async () => {
        await jobs.run(job, (check) => readParquetFile(file, name, sending(onBatch, check), check));
        return null;
      }),
    unpack: (zip, onProgress, job) =>
      outcome(async () => {
        const [{store}, {unpackZip}] = await Promise.all([opened(), import('./unpack.ts')]);
        const unpacked = await runTelling(jobs, job, onProgress, (tell) => unpackZip(store, zip, tell));
        return {unpacked: unpackedZips.add(unpacked), files: unpacked.files};
      }),
    discardUnpacked: async (unpacked) => unpackedZips.release(unpacked)?.discard(),

    openParquet: (compression, encrypt) =>
      outcome(async () => {
        const {ParquetWriter} = await import('../parquet/write.ts');
        const {store} = await opened();
        return parquetWriters.add(new ParquetWriter(await parquet(), await createExport(store, encrypt), compression));
      }),
    writeParquet: (writer, ipc) => outcome(() => write(parquetWriters.get(writer), ipc)),
    closeParquet: (writer, discard) => outcome(() => close(parquetWriters.take(writer), discard)),
    openBytes: (encrypt) => outcome(async () => byteWriters.add(await createExport((await opened()).store, encrypt))),
    writeBytes: (writer, bytes) => outcome(() => write(byteWriters.get(writer), bytes)),
    closeBytes: (writer, discard) => outcome(() => close(byteWriters.take(writer), discard)),

    exportWorkspace: (onProgress, job, encrypt) =>
      outcome(async () => {
        const {exportWorkspace} = await import('./workspace-zip.ts');
        const all = await parts();
        return runTelling(jobs, job, onProgress, (tell) => exportWorkspace(all, tell, encrypt));
      }),
    importWorkspace: (zip, options, onProgress, job) =>
      outcome(async () => {
        const {importWorkspace} = await import('./workspace-zip.ts');
        const all = await parts();
        return runTelling(jobs, job, onProgress, (tell) => importWorkspace(all, zip, options, tell));
      }),

    decrypt: (file, name, secret, onProgress, job) =>
      outcome(async () => {
        const {decrypted} = await import('../../src/encrypt/index.ts');
        const {store} = await opened();
        return runTelling(jobs, job, onProgress, (tell) =>
          withRoom(store, name, file.size, async () =>
            fill(await createExport(store), coalesce(decrypted(file, name, secret, tell))),
          ),
        );
      }),
    removeExport: (name) =>
      outcome(async () => {
        await removeExport((await opened()).store, name);
        return null;
      }),
    async passphraseBits(passphrase) {
      const {passphraseBits} = await import('../../src/encrypt/strength.ts');
      return passphraseBits(passphrase);
    },

    async cancel(job) {
      jobs.stop(job);
    },
  };

  async function write(writer: Sink | ParquetWriter, bytes: Uint8Array): Promise<null> {
    await withRoom((await opened()).store, 'the exported file', undefined, () => writer.write(bytes));
    return null;
  }

  async function close(writer: Sink | ParquetWriter, discard: boolean): Promise<File | null> {
    if (!discard) {
      try {
        return await withRoom((await opened()).store, 'the exported file', undefined, () => writer.close());
      } catch (thrown) {
        await writer.discard();
        throw thrown;
      }
    }
    await writer.discard();
    return null;
  }
}

/** Moves what was made here to the page, batch by batch, until `check` says to stop. */
const sending =
  (onBatch: OnBatch, check: () => void): OnBatch =>
  async (ipc, done, total) => {
    check();
    // The cast: what is sent was made here, on the heap.
    await onBatch(Comlink.transfer(ipc, [ipc.buffer as ArrayBuffer]), done, total);
    check();
  };

async function open(openStore: () => Promise<Store>): Promise<{store: Store; workspace: Workspace; derived: Derived}> {
  const store = await openStore();
  const workspace = await Workspace.open(store);
  return {store, workspace, derived: new Derived(workspace)};
}

async function writeWhole(store: Store, path: string, bytes: Uint8Array): Promise<void> {
  const sink = await store.create(path);
  try {
    await sink.write(bytes);
    await sink.close();
  } catch (thrown) {
    await sink.discard();
    throw thrown;
  }
}

const textPath = (path: string): string => `texts/${encodeName(path)}`;

const writerClosed: Problem = {
  code: 'WRITER_CLOSED',
  message: 'This file is no longer being written.',
  hint: 'Start the export again.',
};

const notArrow = (file: string): Problem => ({
  code: 'NOT_JSON',
  message: `${file} is neither JSON nor Parquet.`,
  hint: 'Let the format be found out, or choose CSV.',
  where: {file},
});
