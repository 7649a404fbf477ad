import * as Comlink from 'comlink';
import type {ComputeContract, KernelOutput} from '../../workers/contract/compute.ts';
import type {KernelColumn, Outcome, WorkerError} from '../../workers/contract/engine.ts';
import {cancelled, ProblemError, type Problem} from '../lib/problem.ts';
import type {ComputePort} from '../ports/index.ts';

/** How long a worker may take to obey a cancel before it is ended, in milliseconds. */
const patience = 2000;

/** One life of the worker; `ended` rejects when it is over, so that no caller waits for an answer that won't come. */
interface Life {
  readonly worker: Worker;
  readonly remote: Comlink.Remote<ComputeContract>;
  readonly ended: Promise<never>;
  readonly end: (why: Problem) => void;
}

/**
 * The compute port over a worker that starts with the first job. A job's matrix is moved to the worker, not copied. An
 * aborted job is cancelled; if it doesn't stop within 2 s, or the worker breaks down, the worker is ended, its other jobs
 * reject with `COMPUTE_RESTARTED`, and the next job starts a new one.
 */
export function createCompute(worker: () => Worker): ComputePort {
  let life: Life | undefined;
  let lastJob = 0;

  function start(): Life {
    const started = worker();
    const {promise: ended, reject} = withReject();
    const current: Life = {
      worker: started,
      remote: Comlink.wrap<ComputeContract>(started),
      ended,
      end(why) {
        if (life === current) life = undefined;
        started.terminate();
        reject(new ProblemError(why));
      },
    };
    started.addEventListener('error', (event) => {
      const found = event.message === '' ? '' : ` (${event.message})`;
      current.end({
        code: 'COMPUTE_FAILED',
        message: `The compute worker broke down${found}.`,
        hint: 'Run the cell again; if it repeats, reload the page: nothing is lost.',
      });
    });
    return current;
  }

  return {
    async run(fn, input, args, on, call) {
      const signal = call?.signal;
      if (signal?.aborted === true) throw new ProblemError(cancelled);
      life ??= start();
      const {remote, ended, end} = life;
      const job = ++lastJob;
      const late = withReject();
      let timer: ReturnType<typeof setTimeout> | undefined;
      const stop = (): void => {
        timer = setTimeout(() => {
          // This job's own answer first: to its caller it was stopped, and only the others lost their worker.
          late.reject(new ProblemError(cancelled));
          end({
            code: 'COMPUTE_RESTARTED',
            message: 'The compute worker was restarted because another job did not stop.',
            hint: 'Run this cell again.',
          });
        }, patience);
        remote.cancel(job).catch(ignore);
      };
      signal?.addEventListener('abort', stop, {once: true});
      let failure: {readonly thrown: unknown} | undefined;
      const receive = async (columns: readonly KernelColumn[]): Promise<void> => {
        try {
          await on.rows(columns);
        } catch (thrown) {
          // Comlink would keep only its message.
          failure = {thrown};
          throw thrown;
        }
      };
      try {
        // The engine's arrays own plain buffers.
        const moved = Comlink.transfer(
          {...input},
          input.columns.map(({values}) => values.buffer as ArrayBuffer),
        );
        const answer = remote.run(
          job,
          fn,
          moved,
          args,
          Comlink.proxy((progress) => on.progress(progress)),
          Comlink.proxy(receive),
        );
        return unpack(await Promise.race([answer, ended, late.promise]));
      } catch (thrown) {
        throw failure?.thrown ?? thrown;
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener('abort', stop);
      }
    },
  };
}

function withReject(): {promise: Promise<never>; reject: (reason: Error) => void} {
  let reject: (reason: Error) => void = ignore;
  const promise = new Promise<never>((_, refuse) => (reject = refuse));
  // A worker may end while no job waits for it.
  promise.catch(ignore);
  return {promise, reject};
}

const ignore = (): void => undefined;

function unpack(outcome: Outcome<KernelOutput>): KernelOutput {
  if (outcome.ok) return outcome.value;
  throw new ProblemError(problemOfWorker(outcome.error));
}

function problemOfWorker({code, message, hint, where}: WorkerError): Problem {
  if (code === 'CANCELLED') return cancelled;
  return {code, message, ...(hint === undefined ? {} : {hint}), ...(where === undefined ? {} : {where})};
}
