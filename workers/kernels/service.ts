import type {ComputeContract, KernelOutput, Progress} from '../contract/compute.ts';
import type {Outcome} from '../contract/engine.ts';
import {kernels} from './index.ts';

/** Work between two looks at the messages that came in, in milliseconds. */
const slice = 12;
const progressEvery = 50;

/**
 * The contract carried out in this thread: jobs run side by side, slice by slice, so that a cancel is read between two
 * slices. `pause` lets waiting messages in.
 */
export function createComputeService(pause: () => Promise<void> = createPause()): ComputeContract {
  const cancelled = new Map<number, boolean>();
  return {
    async run(job, fn, input, args, onProgress) {
      const kernel = kernels[fn];
      if (kernel === undefined) return failed('UNKNOWN_KERNEL', `There is no kernel ${fn}.`, 'Reload the page: its parts may be of different versions.');
      cancelled.set(job, false);
      try {
        return await drive(kernel(input, args), () => cancelled.get(job) === true, onProgress, pause);
      } catch (thrown) {
        return failure(thrown);
      } finally {
        cancelled.delete(job);
      }
    },
    cancel(job) {
      if (cancelled.has(job)) cancelled.set(job, true);
      return Promise.resolve();
    },
  };
}

async function drive(
  work: Generator<Progress, Outcome<KernelOutput>, void>,
  stopped: () => boolean,
  onProgress: (progress: Progress) => void,
  pause: () => Promise<void>,
): Promise<Outcome<KernelOutput>> {
  let reported = -Infinity;
  for (;;) {
    const until = performance.now() + slice;
    let last: Progress;
    do {
      const next = work.next();
      if (next.done === true) return next.value;
      last = next.value;
    } while (performance.now() < until);
    if (performance.now() - reported >= progressEvery) {
      onProgress(last);
      reported = performance.now();
    }
    await pause();
    if (stopped()) return failed('CANCELLED', 'Stopped before it finished.', 'Run it again when you are ready.');
  }
}

/** A pause that is a task of its own, after the messages that already wait; a timer would be held back by 4 ms each time. */
function createPause(): () => Promise<void> {
  const {port1, port2} = new MessageChannel();
  const waiting: (() => void)[] = [];
  port1.onmessage = () => waiting.shift()?.();
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      port2.postMessage(null);
    });
}

function failed(code: string, message: string, hint: string): Outcome<never> {
  return {ok: false, error: {code, message, hint}};
}

function failure(thrown: unknown): Outcome<never> {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  // What engines say when a typed array finds no room.
  if (thrown instanceof RangeError) return failed('OUT_OF_MEMORY', `There is not enough memory for this (${message}).`, 'Take fewer rows or fewer columns.');
  return failed('INTERNAL', message, 'Run the cell again; if it repeats, reload the page: nothing is lost.');
}
