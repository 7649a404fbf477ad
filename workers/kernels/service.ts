import type {ComputeContract, KernelOutput, Kernels, Progress, RowsPart} from '../contract/compute.ts';
import type {KernelColumn} from '../contract/engine.ts';
import type {Outcome} from '../contract/outcome.ts';

/** Work between two looks at the messages that came in, in milliseconds. */
const slice = 12;
const progressEvery = 50;

/**
 * The contract carried out in this thread for these kernels: jobs run side by side, slice by slice, so that a cancel is read
 * between two slices. `pause` lets waiting messages in.
 */
export function createComputeService(kernels: Kernels, pause: () => Promise<void> = createPause()): ComputeContract {
  const cancelled = new Map<number, boolean>();
  return {
    async run(job, fn, input, args, onProgress, onRows) {
      const kernel = kernels[fn];
      if (kernel === undefined)
        return failed(
          'UNKNOWN_KERNEL',
          `There is no kernel ${fn}.`,
          'Reload the page: its parts may be of different versions.',
        );
      cancelled.set(job, false);
      try {
        return await drive(kernel(input, args), () => cancelled.get(job) === true, onProgress, onRows, pause);
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
  work: Generator<Progress | RowsPart, Outcome<KernelOutput>, void>,
  stopped: () => boolean,
  onProgress: (progress: Progress) => void,
  onRows: (columns: readonly KernelColumn[]) => Promise<void>,
  pause: () => Promise<void>,
): Promise<Outcome<KernelOutput>> {
  let reported = -Infinity;
  // While one part is taken in, the next is made.
  let taken: Promise<void> = Promise.resolve();
  for (;;) {
    const until = performance.now() + slice;
    let last: Progress | undefined;
    do {
      const next = work.next();
      if (next.done === true) {
        await taken;
        return next.value;
      }
      if ('columns' in next.value) {
        await taken;
        taken = onRows(next.value.columns);
        // Its failure is told when it is awaited.
        taken.catch(() => undefined);
        break;
      }
      last = next.value;
    } while (performance.now() < until);
    if (last !== undefined && performance.now() - reported >= progressEvery) {
      onProgress(last);
      reported = performance.now();
    }
    await pause();
    if (stopped()) {
      await taken.catch(() => undefined);
      return failed('CANCELLED', 'Stopped before it finished.', 'Run it again when you are ready.');
    }
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
  if (thrown instanceof RangeError)
    return failed(
      'OUT_OF_MEMORY',
      `There is not enough memory for this (${message}).`,
      'Take fewer rows or fewer columns.',
    );
  return failed('INTERNAL', message, 'Run the cell again; if it repeats, reload the page: nothing is lost.');
}
