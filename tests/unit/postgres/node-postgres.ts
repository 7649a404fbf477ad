import {MessageChannel} from 'node:worker_threads';
import {PGlite} from '@electric-sql/pglite';
import * as Comlink from 'comlink';
import type {PostgresPort} from '../../../src/ports/index.ts';
import type {WorkerLike} from '../../../src/clients/client.ts';
import {createPostgres} from '../../../src/clients/postgres.ts';
import {createPostgresService, settings} from '../../../workers/postgres/service.ts';

/** The PostgreSQL of the page in Node: the same port, service and PostgreSQL, in memory. `starts` says how often one was started. */
export function nodePostgres(): {readonly postgres: PostgresPort; readonly starts: () => number} {
  let starts = 0;
  const worker = (): WorkerLike => {
    starts++;
    const {port1, port2} = new MessageChannel();
    // Node's ports have what Comlink uses of a browser's.
    const [near, far] = [port1, port2] as unknown as [MessagePort, MessagePort];
    Comlink.expose(
      createPostgresService(async () => ({
        pg: await PGlite.create({startParams: [...PGlite.defaultStartParams, ...settings]}),
        kept: false,
      })),
      far,
    );
    return Object.assign(near, {terminate: () => port1.close()});
  };
  return {postgres: createPostgres(worker), starts: () => starts};
}
