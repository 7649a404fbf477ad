import * as Comlink from 'comlink';
import type {ComputeContract} from '../contract/compute.ts';
import type {KernelColumn} from '../contract/engine.ts';
import {serve} from '../shared/serve.ts';

/** Serves kernels over Comlink; the columns that they give are moved to the caller, not copied. */
export function exposeCompute(service: ComputeContract, endpoint?: Comlink.Endpoint): void {
  serve<ComputeContract>(
    {
      async run(job, fn, input, args, onProgress, onRows) {
        const outcome = await service.run(job, fn, input, args, onProgress, (columns) =>
          onRows(Comlink.transfer(columns, buffersOf(columns))),
        );
        return outcome.ok ? Comlink.transfer(outcome, buffersOf(Object.values(outcome.value.tables).flat())) : outcome;
      },
      cancel: (job) => service.cancel(job),
    },
    endpoint,
  );
}

function buffersOf(columns: readonly KernelColumn[]): ArrayBuffer[] {
  // Kernels make plain arrays of their own.
  return columns.map(({values}) => values.buffer as ArrayBuffer);
}
