import * as Comlink from 'comlink';
import type {StorageWorkerContract} from '../../workers/contract/worker.ts';
import {lakeChannel, type LakeChange} from '../lib/tabs.ts';
import type {LakePort} from '../ports/index.ts';
import {moved, withCallback} from './callbacks.ts';
import type {Client} from './client.ts';

/** The lake's contract as the port: outcomes become values or a thrown `ProblemError`. */
export function lakeOf(client: Client<StorageWorkerContract>): LakePort {
  const listeners = new Set<(table: string) => void>();
  const tell = (table: string): void => listeners.forEach((listener) => listener(table));
  let channel: BroadcastChannel | undefined;

  const tables: LakePort['tables'] = () => client.call((remote) => remote.tables());
  // A worker that died after its commit told nobody.
  client.onRestart(() => {
    if (listeners.size > 0) tables().then((entries) => entries.forEach(({name}) => tell(name)), ignore);
  });

  return {
    tables,
    table: (name, at) => client.call((remote) => remote.table(name, at)),
    history: (name) => client.call((remote) => remote.history(name)),
    log: (name, version) => client.call((remote) => remote.log(name, version)),

    openRead: (name, at) => client.call((remote) => remote.openRead(name, at)),
    openFiles: (name, files) => client.call((remote) => remote.openFiles(name, files)),
    readFile: async (reader, file, onBatch, call) =>
      void (await withCallback(onBatch, (receive) =>
        client.call((remote, job) => remote.readFile(job, reader, file, receive), call?.signal),
      )),
    deletedRows: (reader, file) => client.call((remote) => remote.deletedRows(reader, file)),
    closeRead: (reader) => client.ask((remote) => remote.closeRead(reader)),

    begin: (name, intent) => client.call((remote) => remote.begin(name, intent)),
    openFile: (transaction, values) => client.call((remote) => remote.openFile(transaction, values)),
    writeFile: (transaction, file, ipc) => client.call((remote) => remote.writeFile(transaction, file, moved(ipc))),
    closeFile: (transaction, file, stats) => client.call((remote) => remote.closeFile(transaction, file, stats)),
    commit: (transaction, removes, metrics) => client.call((remote) => remote.commit(transaction, removes, metrics)),
    abort: (transaction) => client.ask((remote) => remote.abort(transaction)),

    restore: (name, at) => client.call((remote) => remote.restore(name, at)),
    vacuum: (name, options) => client.call((remote) => remote.vacuum(name, options)),
    rename: (name, to) => client.call((remote) => remote.rename(name, to)),
    remove: (name) => client.call((remote) => remote.remove(name)),

    exportTable: (name, onProgress, call) =>
      client.call(
        (remote, job) => remote.exportTable(name, Comlink.proxy(onProgress), job, call?.encrypt),
        call?.signal,
      ),
    importTable: (name, source, onProgress, call) =>
      client.call((remote, job) => remote.importTable(name, source, Comlink.proxy(onProgress), job), call?.signal),

    onChange(listener) {
      channel ??= listen(tell);
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function listen(tell: (table: string) => void): BroadcastChannel {
  const channel = new BroadcastChannel(lakeChannel);
  // The cast: only lake services write there.
  channel.addEventListener('message', ({data}: MessageEvent) => tell((data as LakeChange).table));
  return channel;
}

const ignore = (): void => undefined;
