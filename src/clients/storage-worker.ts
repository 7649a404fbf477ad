import * as Comlink from 'comlink';
import type {StorageWorkerContract} from '../../workers/contract/worker.ts';
import {Lifetime} from '../lib/lifetime.ts';
import {ProblemError, type Problem} from '../lib/problem.ts';
import type {LakePort, StoragePort} from '../ports/index.ts';
import {type Ask} from './callbacks.ts';
import {lakeOf} from './lake.ts';
import {storageOf} from './storage.ts';

/** What the ports need of a Worker. */
export interface StorageWorker extends Comlink.Endpoint {
  terminate(): void;
}

/** One worker, from its start to its end. */
interface Running {
  readonly remote: Comlink.Remote<StorageWorkerContract>;
  readonly life: Lifetime;
  /** Resolves when the worker answers. */
  readonly ready: Promise<unknown>;
}

/**
 * Storage and lake over one worker that runs `workers/storage.worker.ts`. When it breaks down, calls under way reject with
 * `STORAGE_RESTARTED` and a new one is started at once: what was whole on disk is there, what wasn't is gone.
 */
export function openStorage(worker: () => StorageWorker): {readonly storage: StoragePort; readonly lake: LakePort} {
  const restarted = new Set<() => void>();
  let running = begin();

  function begin(): Running {
    const started = worker();
    const remote = Comlink.wrap<StorageWorkerContract>(started);
    const life = new Lifetime();
    const ready = life.during(remote.status());
    let isUp = false;
    // Callers see a failed start when they call.
    ready.then(() => (isUp = true), ignore);
    started.addEventListener('error', () => {
      if (life.over) return;
      started.terminate();
      // A worker that can't even load would be started again for ever.
      life.end(new ProblemError(isUp ? broken : notStarted));
      if (!isUp) return;
      running = begin();
      running.ready.then(() => restarted.forEach((listener) => listener()), ignore);
    });
    return {remote, life, ready};
  }

  /** Each call goes to the worker of its time. */
  const ask: Ask = async (call) => {
    const {remote, life, ready} = running;
    await ready;
    return life.during(call(remote));
  };

  return {
    storage: storageOf(ask),
    lake: lakeOf(ask, (listener) => {
      restarted.add(listener);
    }),
  };
}

const ignore = (): void => undefined;

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
