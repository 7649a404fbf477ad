import type {ComputePort} from '../../../src/ports/index.ts';
import type {Kernel, KernelArgs, KernelOutput, Progress} from '../../../workers/contract/compute.ts';
import type {ColumnSet, KernelColumn, NumberColumn} from '../../../workers/contract/engine.ts';
import type {Outcome} from '../../../workers/contract/outcome.ts';
import {kernels} from '../../../workers/kernels/index.ts';
import type {Matrix} from '../../../workers/kernels/vectors.ts';

export const matrix = (rows: readonly (readonly number[])[], columns = rows[0]?.length ?? 0): Matrix => ({
  values: Float64Array.from(rows.flat()),
  rows: rows.length,
  columns,
});

/** A matrix as a kernel gets it. */
export const columnSet = ({values, rows, columns}: Matrix): ColumnSet => ({
  rows,
  columns: Array.from({length: columns}, (_, c) => ({
    kind: 'numbers',
    name: `f${c}`,
    values: Float64Array.from({length: rows}, (_, row) => values[row * columns + c] ?? NaN),
  })),
});

/** What a kernel gives, the parts of its rows put together. */
export type Whole = KernelOutput & {readonly columns: readonly NumberColumn[]};

/** Runs a kernel to its end; `steps` are the progress it gave, `parts` how many parts its rows came in. */
export function runKernel(
  kernel: Kernel,
  input: Matrix | ColumnSet,
  args: KernelArgs,
): {outcome: Outcome<Whole>; steps: readonly Progress[]; parts: number} {
  const steps: Progress[] = [];
  const parts: (readonly KernelColumn[])[] = [];
  const work = kernel('values' in input ? columnSet(input) : input, args);
  for (;;) {
    const next = work.next();
    if (next.done === true)
      return {
        outcome: next.value.ok ? {ok: true, value: {...next.value.value, columns: together(parts)}} : next.value,
        steps,
        parts: parts.length,
      };
    if ('columns' in next.value) parts.push(next.value.columns);
    else steps.push(next.value);
  }
}

const together = (parts: readonly (readonly KernelColumn[])[]): readonly NumberColumn[] =>
  (parts[0] ?? []).map(({name, values: first}, c) => {
    const all = parts.flatMap((part) => values(part, part[c]?.name ?? ''));
    return {kind: 'numbers', name, values: first instanceof Int32Array ? Int32Array.from(all) : Float64Array.from(all)};
  });

/** Runs a generator to its end. */
export function drain<T>(work: Generator<unknown, T, void>): T {
  for (;;) {
    const next = work.next();
    if (next.done === true) return next.value;
  }
}

export function result(kernel: Kernel, input: Matrix | ColumnSet, args: KernelArgs): Whole {
  const {outcome} = runKernel(kernel, input, args);
  if (!outcome.ok) throw new Error(`${outcome.error.code}: ${outcome.error.message}`);
  return outcome.value;
}

/** The compute port in this thread. */
export const localCompute: ComputePort = {
  async run(fn, input, args, on) {
    const kernel = kernels[fn];
    if (kernel === undefined) throw new Error(fn);
    const {columns, ...output} = result(kernel, input, args);
    await on.rows(columns);
    return output;
  },
};

/** The values of a column of numbers. */
export function values(columns: readonly KernelColumn[] | undefined, name: string): number[] {
  const column = columns?.find((each) => each.name === name);
  return column?.kind === 'numbers' ? Array.from(column.values) : [];
}

/** Node serves a message port a thousand times before it looks at anything else, so tests there pause like this. */
export const nodePause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
