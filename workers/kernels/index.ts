import type {Kernels} from '../contract/compute.ts';
import {kmeans} from './kmeans.ts';
import {rolling} from './rolling.ts';

/** Every kernel that the page has. */
export const kernels: Kernels = {kmeans, rolling};
