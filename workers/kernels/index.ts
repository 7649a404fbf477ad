import type {Kernel} from '../contract/compute.ts';
import {kmeans} from './kmeans.ts';
import {rolling} from './rolling.ts';

/** Every kernel by the name that steps call it by. */
export const kernels: Readonly<Record<string, Kernel>> = {kmeans, rolling};
