import {exposeCompute} from './kernels/expose.ts';
import {kernels} from './kernels/index.ts';
import {createComputeService} from './kernels/service.ts';

exposeCompute(createComputeService(kernels));
