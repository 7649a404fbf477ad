import type {LakeContract} from './lake.ts';
import type {StorageContract} from './storage.ts';

/** What the storage worker exposes: its two services as one object. `cancel` stops jobs of both. */
export type StorageWorkerContract = StorageContract & LakeContract;
