import * as Comlink from 'comlink';
import type {LakePort} from '../ports/index.ts';
import {get, getUntil, moved, withCallback, type Ask} from './callbacks.ts';

/** Where the worker of each tab tells the others which table has changed. */
const changes = 'lakebook-lake';

/** The lake's contract as the port: outcomes become values or a thrown `ProblemError`. `onRestart` hears when the worker was started anew. */
export function lakeOf(ask: Ask, onRestart: (listener: () => void) => void): LakePort {
  const listeners = new Set<(table: string) => void>();
  const tell = (table: string): void => listeners.forEach((listener) => listener(table));
  let channel: BroadcastChannel | undefined;

  const tables: LakePort['tables'] = () => get(ask, (worker) => worker.tables());
  // A worker that died after its commit told nobody.
  onRestart(() => {
    if (listeners.size > 0) tables().then((entries) => entries.forEach(({name}) => tell(name)), ignore);
  });

  return {
    tables,
    table: (name, at) => get(ask, (worker) => worker.table(name, at)),
    history: (name) => get(ask, (worker) => worker.history(name)),
    log: (name, version) => get(ask, (worker) => worker.log(name, version)),

    openRead: (name, at) => get(ask, (worker) => worker.openRead(name, at)),
    openFiles: (name, files) => get(ask, (worker) => worker.openFiles(name, files)),
    readFile: async (reader, file, onBatch, call) =>
      void (await withCallback(onBatch, (receive) =>
        getUntil(ask, call?.signal, (worker, job) => worker.readFile(job, reader, file, receive)),
      )),
    deletedRows: (reader, file) => get(ask, (worker) => worker.deletedRows(reader, file)),
    closeRead: (reader) => ask((worker) => worker.closeRead(reader)),

    begin: (name, intent) => get(ask, (worker) => worker.begin(name, intent)),
    openFile: (transaction, values) => get(ask, (worker) => worker.openFile(transaction, values)),
    writeFile: (transaction, file, ipc) => get(ask, (worker) => worker.writeFile(transaction, file, moved(ipc))),
    closeFile: (transaction, file, stats) => get(ask, (worker) => worker.closeFile(transaction, file, stats)),
    commit: (transaction, removes, metrics) => get(ask, (worker) => worker.commit(transaction, removes, metrics)),
    abort: (transaction) => ask((worker) => worker.abort(transaction)),

    restore: (name, at) => get(ask, (worker) => worker.restore(name, at)),
    vacuum: (name, options) => get(ask, (worker) => worker.vacuum(name, options)),
    rename: (name, to) => get(ask, (worker) => worker.rename(name, to)),
    remove: (name) => get(ask, (worker) => worker.remove(name)),

    exportTable: (name, onProgress, call) =>
      getUntil(ask, call?.signal, (worker, job) =>
        worker.exportTable(name, Comlink.proxy(onProgress), job, call?.encrypt),
      ),
    importTable: (name, source, onProgress, call) =>
      getUntil(ask, call?.signal, (worker, job) => worker.importTable(name, source, Comlink.proxy(onProgress), job)),

    onChange(listener) {
      channel ??= listen(tell);
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function listen(tell: (table: string) => void): BroadcastChannel {
  const channel = new BroadcastChannel(changes);
  // The cast: only lake services write there.
  channel.addEventListener('message', ({data}: MessageEvent) => tell((data as {readonly table: string}).table));
  return channel;
}

const ignore = (): void => undefined;
