import {MessageChannel} from 'node:worker_threads';
import sqlite3InitModule from '@sqlite.org/sqlite-wasm';
import * as Comlink from 'comlink';
import type {SqlitePort} from '../../../src/ports/index.ts';
import type {WorkerLike} from '../../../src/clients/client.ts';
import {createSqlite} from '../../../src/clients/sqlite.ts';
import {createSqliteService} from '../../../workers/sqlite/service.ts';

/** The SQLite of the page in Node: the same port, service and SQLite; files are in memory, as Node has no FileReaderSync. */
export function nodeSqlite(): SqlitePort {
  return createSqlite((): WorkerLike => {
    const {port1, port2} = new MessageChannel();
    // Node's ports have what Comlink uses of a browser's.
    const [near, far] = [port1, port2] as unknown as [MessagePort, MessagePort];
    const service = createSqliteService(
      () => sqlite3InitModule(),
      async (file) => {
        const bytes = new Uint8Array(await file.arrayBuffer());
        return {size: bytes.length, read: (start, end) => bytes.subarray(start, end)};
      },
    );
    Comlink.expose(service, far);
    return Object.assign(near, {terminate: () => port1.close()});
  });
}
