import type {StorageWorkerContract} from '../../workers/contract/worker.ts';
import type {Problem} from '../lib/problem.ts';
import type {LakePort, StoragePort} from '../ports/index.ts';
import {Client, overWorker, type Connection, type WorkerLike} from './client.ts';
import {lakeOf} from './lake.ts';
import {storageOf} from './storage.ts';

/**
 * Storage and lake over one worker that runs `workers/storage.worker.ts`. When it breaks down, calls under way reject with
 * `STORAGE_RESTARTED` and a new one is started at once: what was whole on disk is there, what wasn't is gone. A job that was
 * stopped takes the time it needs to leave nothing behind.
 */
export const openStorage = (worker: () => WorkerLike): {readonly storage: StoragePort; readonly lake: LakePort} =>
  storageOver(() => overWorker(worker()));

/** The same over the services wherever they are. */
export function storageOver(connect: () => Connection<StorageWorkerContract>): {
  readonly storage: StoragePort;
  readonly lake: LakePort;
} {
  const client = new Client<StorageWorkerContract>({
    connect,
    startsAtOnce: true,
    startUp: (remote) => remote.status(),
    problemOf: (end) => (end === 'not started' ? notStarted : broken),
    cancel: (remote, job) => remote.cancel(job),
  });
  return {storage: storageOf(client), lake: lakeOf(client)};
}

const broken: Problem = {
  code: 'STORAGE_RESTARTED',
  message: 'The storage worker broke down and was started again.',
  hint: 'What was written whole is there, and nothing else. Run the cell again.',
};

const notStarted: Problem = {
  code: 'STORAGE_FAILED',
  message: 'The workspace’s storage could not be started.',
  hint: 'Reload the page; if it repeats, check that the browser is up to date and allows this site to store data.',
};
