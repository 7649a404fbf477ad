import type {KernelColumn, Matrix, Outcome} from './engine.ts';

/** The compute worker: kernels over typed arrays. */
export interface ComputeContract {
  /** Runs the kernel `fn`. `onProgress` is called at most 20 times a second; `cancel(job)` is obeyed within 100 ms. */
  run(job: number, fn: string, input: Matrix, args: KernelArgs, onProgress: (progress: Progress) => void): Promise<Outcome<KernelOutput>>;
  cancel(job: number): Promise<void>;
}

/** Plain JSON values. */
export type KernelArgs = Readonly<Record<string, number | string | boolean>>;

/** `done` of `total` steps of work; `note` is a short text such as `inertia 78.85`. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly note?: string;
}

/**
 * `columns` have one value for each row of the input, in its order. `tables` are small results beside them
 * (centres, an elbow curve), shown under the cell by name; `facts` are single figures (inertia, silhouette).
 */
export interface KernelOutput {
  readonly columns: readonly KernelColumn[];
  readonly facts: Readonly<Record<string, number>>;
  readonly tables: Readonly<Record<string, readonly KernelColumn[]>>;
}

/**
 * A kernel is a pure generator: it yields its progress at least every 50 ms of work, and between two yields the worker
 * looks for a cancel. It is seeded, reads `input` and never keeps it. Input it can't work on is an error value.
 */
export type Kernel = (input: Matrix, args: KernelArgs) => Generator<Progress, Outcome<KernelOutput>, void>;
