import * as Comlink from 'comlink';
import type {StorageWorkerContract} from '../../workers/contract/worker.ts';
import {invariant} from '../lib/invariant.ts';
import type {FileSink, ReadOptions, StoragePort} from '../ports/index.ts';
import {moved, withCallback} from './callbacks.ts';
import type {Client} from './client.ts';

/** The storage contract as the port: outcomes become values or a thrown `ProblemError`. */
export function storageOf(client: Client<StorageWorkerContract>): StoragePort {
  const sink = (
    writer: number,
    write: 'writeParquet' | 'writeBytes',
    close: 'closeParquet' | 'closeBytes',
  ): FileSink => ({
    write: async (bytes) => void (await client.call((remote) => remote[write](writer, moved(bytes)))),
    async close() {
      const file = await client.call((remote) => remote[close](writer, false));
      invariant(file !== null, 'a file that is kept is given');
      return file;
    },
    discard: async () => void (await client.call((remote) => remote[close](writer, true))),
  });

  return {
    status: () => client.ask((remote) => remote.status()),
    onCleared: (listener) =>
      client.onProblem(({code}) => {
        if (code === 'STORAGE_CLEARED') listener();
      }),
    // Only a window may ask; in Node there is none.
    persist: async () => (await (globalThis.navigator as Navigator | undefined)?.storage?.persist?.()) ?? false,
    addFile: (name, data, onProgress = ignore) =>
      client.call((remote) => remote.addFile(name, data, Comlink.proxy(onProgress))),
    files: () => client.ask((remote) => remote.files()),
    removeFile: async (name) => void (await client.call((remote) => remote.removeFile(name))),
    file: (name) => client.call((remote) => remote.file(name)),
    readText: (path) => client.call((remote) => remote.readText(path)),
    writeText: async (path, text) => void (await client.call((remote) => remote.writeText(path, text))),
    removeText: async (path) => void (await client.call((remote) => remote.removeText(path))),
    listTexts: (folder) => client.ask((remote) => remote.listTexts(folder)),
    sniff: (name, options) => client.call((remote) => remote.sniff(name, readOptions(options))),
    plainText: (name, options, onProgress = ignore) =>
      client.call((remote) => remote.plainText(name, readOptions(options), Comlink.proxy(onProgress))),
    unpackedFile: (name) => client.call((remote) => remote.unpackedFile(name)),
    readArrow: (name, options, onBatch, call) =>
      withCallback(onBatch, (receive) =>
        client.call((remote, job) => remote.readArrow(job, name, readOptions(options), receive), call?.signal),
      ),
    readParquetFile: async (name, file, onBatch, call) =>
      void (await withCallback(onBatch, (receive) =>
        client.call((remote, job) => remote.readParquetFile(job, name, file, receive), call?.signal),
      )),
    unpack: (zip, onProgress = ignore, call) =>
      client.call((remote, job) => remote.unpack(zip, Comlink.proxy(onProgress), job), call?.signal),
    discardUnpacked: (unpacked) => client.ask((remote) => remote.discardUnpacked(unpacked)),
    openParquet: async (compression, encrypt) =>
      sink(await client.call((remote) => remote.openParquet(compression, encrypt)), 'writeParquet', 'closeParquet'),
    openBytes: async (encrypt) =>
      sink(await client.call((remote) => remote.openBytes(encrypt)), 'writeBytes', 'closeBytes'),
    exportWorkspace: (onProgress = ignore, call) =>
      client.call((remote, job) => remote.exportWorkspace(Comlink.proxy(onProgress), job, call?.encrypt), call?.signal),
    importWorkspace: (zip, options, onProgress = ignore, call) =>
      client.call((remote, job) => remote.importWorkspace(zip, options, Comlink.proxy(onProgress), job), call?.signal),
    decrypt: (file, name, secret, onProgress = ignore, call) =>
      client.call((remote, job) => remote.decrypt(file, name, secret, Comlink.proxy(onProgress), job), call?.signal),
    removeExport: async (name) => void (await client.call((remote) => remote.removeExport(name))),
    passphraseBits: (passphrase) => client.ask((remote) => remote.passphraseBits(passphrase)),
  };
}

const ignore = (): void => undefined;

/** Callers have more options than the worker wants, and not all of them can be cloned. */
const readOptions = ({format, encoding}: ReadOptions): ReadOptions => ({format, encoding});
