import * as Comlink from 'comlink';
import type {ComputeContract} from './contract/compute.ts';
import type {KernelColumn} from './contract/engine.ts';
import {createComputeService} from './kernels/service.ts';
import {serve} from './shared/serve.ts';

const service = createComputeService();

serve<ComputeContract>({
  async run(job, fn, input, args, onProgress, onRows) {
    const outcome = await service.run(job, fn, input, args, onProgress, (columns) =>
      onRows(Comlink.transfer(columns, buffersOf(columns))),
    );
    return outcome.ok ? Comlink.transfer(outcome, buffersOf(Object.values(outcome.value.tables).flat())) : outcome;
  },
  cancel: (job) => service.cancel(job),
});

function buffersOf(columns: readonly KernelColumn[]): ArrayBuffer[] {
  // Kernels make plain arrays of their own.
  return columns.map(({values}) => values.buffer as ArrayBuffer);
}
