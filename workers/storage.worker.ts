import type {StorageWorkerContract} from './contract/worker.ts';
import {createLakeService} from './lake/service.ts';
import {createMemoryStore} from './files/memory-store.ts';
import {openOpfsStore} from './files/opfs-store.ts';
import {loadParquet} from './parquet/module.ts';
import {serve} from './shared/serve.ts';
import {createStorageService} from './storage/service.ts';
import {createShared} from './lake/shared.ts';

/** Private windows have no OPFS; then files live as long as the page. */
const shared = createShared(() => openOpfsStore().catch(() => createMemoryStore()), loadParquet);

serve<StorageWorkerContract>({...createStorageService(shared), ...createLakeService(shared)});

// A panic of the Parquet library may come when nobody waits for it any more; the worker stays usable, so the page needn't hear of it.
addEventListener('error', (event) => {
  if (event.error instanceof WebAssembly.RuntimeError) event.preventDefault();
});
