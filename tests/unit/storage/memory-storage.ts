import type {StoragePort} from '../../../src/ports/index.ts';
import {storageOf} from '../../../src/storage/storage-port.ts';
import {createMemoryStore} from '../../../workers/storage/memory-store.ts';
import {createStorageService} from '../../../workers/storage/service.ts';

/** The storage of a private window, without a worker in between, with the Parquet library's build for Node. */
export const memoryStorage = (): StoragePort =>
  storageOf(
    createStorageService(
      async () => createMemoryStore(),
      () => import('parquet-wasm/node'),
    ),
  );
