import type {Place, Problem, Result} from '../../src/lib/problem.ts';

/** An expected outcome as a value; Comlink would keep only a thrown error's message. */
export type Outcome<T, Failure = WorkerError> = Result<T, Failure>;

/** The part of a Problem that a worker knows: cells and their parameters are the page's. */
export interface WorkerError extends Omit<Problem, 'where'> {
  readonly where?: Omit<Place, 'cell' | 'param'>;
  /** The worker can't go on and has to be ended. */
  readonly fatal?: boolean;
}
