import type {Kernel, KernelArgs, KernelOutput, Progress} from '../../../workers/contract/compute.ts';
import type {Matrix, Outcome} from '../../../workers/contract/engine.ts';

export const matrix = (rows: readonly (readonly number[])[], columns = rows[0]?.length ?? 0): Matrix => ({values: Float64Array.from(rows.flat()), rows: rows.length, columns});

/** Runs a kernel to its end; `steps` are the progress it gave. */
export function runKernel(kernel: Kernel, input: Matrix, args: KernelArgs): {outcome: Outcome<KernelOutput>; steps: readonly Progress[]} {
  const steps: Progress[] = [];
  const work = kernel(input, args);
  for (;;) {
    const next = work.next();
    if (next.done === true) return {outcome: next.value, steps};
    steps.push(next.value);
  }
}

/** Runs a generator to its end. */
export function drain<T>(work: Generator<unknown, T, void>): T {
  for (;;) {
    const next = work.next();
    if (next.done === true) return next.value;
  }
}

export function result(kernel: Kernel, input: Matrix, args: KernelArgs): KernelOutput {
  const {outcome} = runKernel(kernel, input, args);
  if (!outcome.ok) throw new Error(`${outcome.error.code}: ${outcome.error.message}`);
  return outcome.value;
}

export const values = (columns: readonly {name: string; values: ArrayLike<number>}[] | undefined, name: string): number[] =>
  Array.from(columns?.find((column) => column.name === name)?.values ?? []);

/** Node serves a message port a thousand times before it looks at anything else, so tests there pause like this. */
export const nodePause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
