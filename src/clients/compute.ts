import * as Comlink from 'comlink';
import type {ComputeContract} from '../../workers/contract/compute.ts';
import type {Problem} from '../lib/problem.ts';
import type {ComputePort, KernelColumn} from '../ports/index.ts';
import {movedColumns, withCallback} from './callbacks.ts';
import {Client, overWorker, type End, type WorkerLike} from './client.ts';

/**
 * The compute port over a worker that starts with the first job. A job's columns are moved to the worker, not copied. A job that
 * doesn't stop within 2 s, or a breakdown, ends the worker: its other jobs reject with `COMPUTE_RESTARTED`.
 */
export function createCompute(worker: () => WorkerLike): ComputePort {
  const client = new Client<ComputeContract>({
    connect: () => overWorker(worker()),
    problemOf,
    cancel: (remote, job) => remote.cancel(job),
    patience: 2000,
  });
  return {
    run: (fn, input, args, on, call) =>
      withCallback(
        (columns: readonly KernelColumn[]) => on.rows(columns),
        (receive) =>
          client.call(
            (remote, job) =>
              remote.run(
                job,
                fn,
                movedColumns({...input}, input.columns),
                args,
                Comlink.proxy((progress) => on.progress(progress)),
                receive,
              ),
            call?.signal,
          ),
      ),
  };
}

function problemOf(end: End, said: string): Problem {
  if (end === 'deaf')
    return {
      code: 'COMPUTE_RESTARTED',
      message: 'The compute worker was restarted because another job did not stop.',
      hint: 'Run this cell again.',
    };
  return {
    code: 'COMPUTE_FAILED',
    message: `The compute worker broke down${said === '' ? '' : ` (${said})`}.`,
    hint: 'Run the cell again; if it repeats, reload the page: nothing is lost.',
  };
}
