import * as Comlink from 'comlink';
import type {Outcome} from '../../workers/contract/engine.ts';
import type {StorageWorkerContract} from '../../workers/contract/worker.ts';
import {cancelled, ProblemError} from '../lib/problem.ts';

/** Calls the storage worker, or its services right here; rejects when the worker ends before it answers. */
export type Ask = <T>(call: (worker: StorageWorkerContract) => Promise<T>) => Promise<T>;

/** The outcome of a call; its problem is thrown. */
export async function get<T>(ask: Ask, call: (worker: StorageWorkerContract) => Promise<Outcome<T>>): Promise<T> {
  const outcome = await ask(call);
  if (outcome.ok) return outcome.value;
  const {fatal: _fatal, ...problem} = outcome.error;
  throw new ProblemError(problem.code === cancelled.code ? cancelled : problem);
}

let lastJob = 0;

/** Runs a job that an aborted signal stops. */
export async function getUntil<T>(
  ask: Ask,
  signal: AbortSignal | undefined,
  call: (worker: StorageWorkerContract, job: number) => Promise<Outcome<T>>,
): Promise<T> {
  if (signal?.aborted === true) throw new ProblemError(cancelled);
  const job = ++lastJob;
  const stop = (): void => void ask((worker) => worker.cancel(job)).catch(() => undefined);
  signal?.addEventListener('abort', stop, {once: true});
  try {
    return await get(ask, (worker) => call(worker, job));
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

/** Bytes that have a buffer of their own are moved to the worker; a view of a larger one is copied, as others may look at it too. */
export function moved(bytes: Uint8Array): Uint8Array {
  const own =
    bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
  // The cast: either case has a plain buffer.
  return Comlink.transfer(own, [own.buffer as ArrayBuffer]);
}

/** A callback that hands its failure to whoever called, as it was thrown: Comlink would keep only its message. */
export async function withCallback<Given extends readonly unknown[], T>(
  callback: (...given: Given) => Promise<void>,
  work: (proxied: (...given: Given) => Promise<void>) => Promise<T>,
): Promise<T> {
  let failure: {readonly thrown: unknown} | undefined;
  const receive = async (...given: Given): Promise<void> => {
    try {
      await callback(...given);
    } catch (thrown) {
      failure = {thrown};
      throw thrown;
    }
  };
  try {
    return await work(Comlink.proxy(receive));
  } catch (thrown) {
    throw failure?.thrown ?? thrown;
  }
}
