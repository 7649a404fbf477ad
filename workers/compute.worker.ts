import * as Comlink from 'comlink';
import type {ComputeContract} from './contract/compute.ts';
import {createComputeService} from './kernels/service.ts';

const service = createComputeService();

Comlink.expose({
  async run(job, fn, input, args, onProgress) {
    const outcome = await service.run(job, fn, input, args, onProgress);
    if (!outcome.ok) return outcome;
    const {columns, tables} = outcome.value;
    return Comlink.transfer(
      outcome,
      [...columns, ...Object.values(tables).flat()].map(({values}) => values.buffer),
    );
  },
  cancel: (job) => service.cancel(job),
} satisfies ComputeContract);
