import type {LakePort, StoragePort} from '../../../src/ports/index.ts';
import {storageOver} from '../../../src/clients/storage-worker.ts';
import {createLakeService} from '../../../workers/lake/service.ts';
import {createMemoryStore} from '../../../workers/files/memory-store.ts';
import {createStorageService} from '../../../workers/storage/service.ts';
import {createShared} from '../../../workers/lake/shared.ts';
import type {Store} from '../../../workers/files/store.ts';

/** Storage and lake of a private window, without a worker in between, with the Parquet library's build for Node. */
export function memoryWorkspace(store: Store = createMemoryStore()): {
  readonly storage: StoragePort;
  readonly lake: LakePort;
} {
  const shared = createShared(
    async () => store,
    () => import('parquet-wasm/node'),
  );
  const remote = {...createStorageService(shared), ...createLakeService(shared)};
  return storageOver(() => ({remote, onError: () => undefined, terminate: () => undefined}));
}

export const memoryStorage = (): StoragePort => memoryWorkspace().storage;
