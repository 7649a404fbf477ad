import * as Comlink from 'comlink';
import {invariant} from '../lib/invariant.ts';
import type {FileSink, ReadOptions, StoragePort} from '../ports/index.ts';
import {get, getUntil, moved, withCallback, type Ask} from './callbacks.ts';

/** The storage contract as the port: outcomes become values or a thrown `ProblemError`. */
export function storageOf(ask: Ask): StoragePort {
  const sink = (
    writer: number,
    write: 'writeParquet' | 'writeBytes',
    close: 'closeParquet' | 'closeBytes',
  ): FileSink => ({
    write: async (bytes) => void (await get(ask, (worker) => worker[write](writer, moved(bytes)))),
    async close() {
      const file = await get(ask, (worker) => worker[close](writer, false));
      invariant(file !== null, 'a file that is kept is given');
      return file;
    },
    discard: async () => void (await get(ask, (worker) => worker[close](writer, true))),
  });

  return {
    status: () => ask((worker) => worker.status()),
    // Only a window may ask; in Node there is none.
    persist: async () => (await (globalThis.navigator as Navigator | undefined)?.storage?.persist?.()) ?? false,
    addFile: (name, data, onProgress = ignore) =>
      get(ask, (worker) => worker.addFile(name, data, Comlink.proxy(onProgress))),
    files: () => ask((worker) => worker.files()),
    removeFile: async (name) => void (await get(ask, (worker) => worker.removeFile(name))),
    file: (name) => get(ask, (worker) => worker.file(name)),
    readText: (path) => get(ask, (worker) => worker.readText(path)),
    writeText: async (path, text) => void (await get(ask, (worker) => worker.writeText(path, text))),
    removeText: async (path) => void (await get(ask, (worker) => worker.removeText(path))),
    listTexts: (folder) => ask((worker) => worker.listTexts(folder)),
    sniff: (name, options) => get(ask, (worker) => worker.sniff(name, readOptions(options))),
    plainText: (name, options, onProgress = ignore) =>
      get(ask, (worker) => worker.plainText(name, readOptions(options), Comlink.proxy(onProgress))),
    unpackedFile: (name) => get(ask, (worker) => worker.unpackedFile(name)),
    readArrow: (name, options, onBatch, call) =>
      withCallback(onBatch, (receive) =>
        getUntil(ask, call?.signal, (worker, job) => worker.readArrow(job, name, readOptions(options), receive)),
      ),
    readParquetFile: async (name, file, onBatch, call) =>
      void (await withCallback(onBatch, (receive) =>
        getUntil(ask, call?.signal, (worker, job) => worker.readParquetFile(job, name, file, receive)),
      )),
    unpack: (zip, onProgress = ignore, call) =>
      getUntil(ask, call?.signal, (worker, job) => worker.unpack(zip, Comlink.proxy(onProgress), job)),
    discardUnpacked: (unpacked) => ask((worker) => worker.discardUnpacked(unpacked)),
    openParquet: async (compression, encrypt) =>
      sink(await get(ask, (worker) => worker.openParquet(compression, encrypt)), 'writeParquet', 'closeParquet'),
    openBytes: async (encrypt) =>
      sink(await get(ask, (worker) => worker.openBytes(encrypt)), 'writeBytes', 'closeBytes'),
    exportWorkspace: (onProgress = ignore, call) =>
      getUntil(ask, call?.signal, (worker, job) =>
        worker.exportWorkspace(Comlink.proxy(onProgress), job, call?.encrypt),
      ),
    importWorkspace: (zip, options, onProgress = ignore, call) =>
      getUntil(ask, call?.signal, (worker, job) =>
        worker.importWorkspace(zip, options, Comlink.proxy(onProgress), job),
      ),
    decrypt: (file, name, secret, onProgress = ignore, call) =>
      getUntil(ask, call?.signal, (worker, job) => worker.decrypt(file, name, secret, Comlink.proxy(onProgress), job)),
    removeExport: async (name) => void (await get(ask, (worker) => worker.removeExport(name))),
    passphraseBits: (passphrase) => ask((worker) => worker.passphraseBits(passphrase)),
  };
}

const ignore = (): void => undefined;

/** Callers have more options than the worker wants, and not all of them can be cloned. */
const readOptions = ({format, encoding}: ReadOptions): ReadOptions => ({format, encoding});
