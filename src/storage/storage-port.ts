import * as Comlink from 'comlink';
import type {Outcome} from '../../workers/contract/engine.ts';
import type {StorageContract} from '../../workers/contract/storage.ts';
import {invariant} from '../lib/invariant.ts';
import {cancelled, ProblemError, type Problem} from '../lib/problem.ts';
import type {FileSink, ReadOptions, StoragePort} from '../ports/index.ts';

/** The storage port over a worker that runs `workers/storage.worker.ts`. */
export function createStorage(worker: Worker): StoragePort {
  const failed = new Promise<never>((_, reject) => {
    worker.addEventListener('error', () => reject(new ProblemError(notStarted)), {once: true});
  });
  failed.catch(ignore);
  const remote = Comlink.wrap<StorageContract>(worker);
  // Once it has answered, the worker is there: a later error in it is some call's own.
  const started = Promise.race([remote.status(), failed]);
  started.catch(ignore);
  return storageOf(remote, started);
}

/** A storage contract, here or in a worker, as the port: outcomes become values or a thrown `ProblemError`. Calls wait for `started`. */
export function storageOf(remote: StorageContract | Comlink.Remote<StorageContract>, started: Promise<unknown> = Promise.resolve()): StoragePort {
  let lastJob = 0;

  /** What the worker answers; an outcome's problem is thrown. */
  const ask = async <T>(call: () => Promise<T>): Promise<T> => {
    await started;
    return call();
  };
  const get = async <T>(call: () => Promise<Outcome<T>>): Promise<T> => unpack(await ask(call));

  const sink = (writer: number, write: 'writeParquet' | 'writeBytes', close: 'closeParquet' | 'closeBytes'): FileSink => ({
    write: async (bytes) => void (await get(() => remote[write](writer, moved(bytes)))),
    async close() {
      const file = await get(() => remote[close](writer, false));
      invariant(file !== null, 'a file that is kept is given');
      return file;
    },
    discard: async () => void (await get(() => remote[close](writer, true))),
  });

  return {
    status: () => ask(() => remote.status()),
    addFile: (name, data, onProgress = ignore) => get(() => remote.addFile(name, data, Comlink.proxy(onProgress))),
    files: () => ask(() => remote.files()),
    removeFile: async (name) => void (await get(() => remote.removeFile(name))),
    file: (name) => get(() => remote.file(name)),
    readText: (path) => get(() => remote.readText(path)),
    writeText: async (path, text) => void (await get(() => remote.writeText(path, text))),
    removeText: async (path) => void (await get(() => remote.removeText(path))),
    listTexts: (folder) => ask(() => remote.listTexts(folder)),
    sniff: (name, options) => get(() => remote.sniff(name, readOptions(options))),
    plainText: (name, options, onProgress = ignore) => get(() => remote.plainText(name, readOptions(options), Comlink.proxy(onProgress))),

    async readArrow(name, options, onBatch, call) {
      const signal = call?.signal;
      if (signal?.aborted === true) throw new ProblemError(cancelled);
      const job = ++lastJob;
      const stop = (): void => void remote.cancel(job);
      signal?.addEventListener('abort', stop, {once: true});
      try {
        return await get(() => remote.readArrow(job, name, readOptions(options), Comlink.proxy(onBatch)));
      } finally {
        signal?.removeEventListener('abort', stop);
      }
    },

    openParquet: async (compression) => sink(await get(() => remote.openParquet(compression)), 'writeParquet', 'closeParquet'),
    openBytes: async () => sink(await get(() => remote.openBytes()), 'writeBytes', 'closeBytes'),
  };
}

const ignore = (): void => undefined;

/** Bytes that have a buffer of their own are moved to the worker; a view of a larger one is copied, as others may look at it too. */
function moved(bytes: Uint8Array): Uint8Array {
  const own = bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
  // The cast: either case has a plain buffer.
  return Comlink.transfer(own, [own.buffer as ArrayBuffer]);
}

/** Callers have more options than the worker wants, and not all of them can be cloned. */
const readOptions = ({format, encoding}: ReadOptions): ReadOptions => ({format, encoding});

function unpack<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  const {code, message, hint, where} = outcome.error;
  throw new ProblemError({code, message, ...(hint === undefined ? {} : {hint}), ...(where === undefined ? {} : {where})});
}

const notStarted: Problem = {
  code: 'STORAGE_FAILED',
  message: 'The workspace’s storage could not be started.',
  hint: 'Reload the page; if it repeats, check that the browser is up to date and allows this site to store data.',
};
