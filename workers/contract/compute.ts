import type {ColumnSet, KernelColumn} from './engine.ts';
import type {Outcome} from './outcome.ts';

/** The compute worker: kernels over typed arrays. */
export interface ComputeContract {
  /**
   * Runs the kernel `fn`. `onProgress` is called at most 20 times a second; `cancel(job)` is obeyed within 100 ms. `onRows` gets the
   * rows' columns part by part, in the order of the rows, at least one part; it is awaited before the part after the next is worked on.
   */
  run(
    job: number,
    fn: string,
    input: ColumnSet,
    args: KernelArgs,
    onProgress: (progress: Progress) => void,
    onRows: (columns: readonly KernelColumn[]) => Promise<void>,
  ): Promise<Outcome<KernelOutput>>;
  cancel(job: number): Promise<void>;
}

/** What JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | {readonly [name: string]: Json};

/** A kernel's arguments by name. */
export type KernelArgs = Readonly<Record<string, Json>>;

/** `done` of `total` steps of work; `note` is a short text such as `inertia 78.85`. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly note?: string;
}

/** `tables` are small results beside the rows (centres, an elbow curve), shown under the cell by name; `facts` are single figures (inertia, silhouette). */
export interface KernelOutput {
  readonly facts: Readonly<Record<string, number>>;
  readonly tables: Readonly<Record<string, readonly KernelColumn[]>>;
}

/** Columns of the next rows of the result: a value for each row of the input, in its order, or rows of the kernel's own. */
export interface RowsPart {
  readonly columns: readonly KernelColumn[];
}

/**
 * A kernel is a generator: it yields its progress at least every 50 ms of work, and between two yields the worker looks for a
 * cancel; and it yields the columns of the rows, at once or part by part. It is seeded, reads `input` and never keeps it. Input it can't
 * work on is an error value.
 */
export type Kernel = (
  input: ColumnSet,
  args: KernelArgs,
) => Generator<Progress | RowsPart, Outcome<KernelOutput>, void>;

/** Kernels by the names that steps call them by. */
export type Kernels = Readonly<Record<string, Kernel>>;
