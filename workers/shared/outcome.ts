import {problemOf, type Problem} from '../../src/lib/problem.ts';
import type {Outcome, WorkerError} from '../contract/outcome.ts';

/** What `work` gives, or its failure as a value: Comlink would keep only a thrown error's message. */
export async function outcome<T>(work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return {ok: true, value: await work()};
  } catch (thrown) {
    return {ok: false, error: workerError(problemOf(thrown))};
  }
}

/** The part of a Problem that a worker knows: cells and their parameters are the page's. */
function workerError({where, ...problem}: Problem): WorkerError {
  if (where === undefined) return problem;
  const {cell: _cell, param: _param, ...place} = where;
  return {...problem, where: place};
}
