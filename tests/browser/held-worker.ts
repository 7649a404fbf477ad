import * as Comlink from 'comlink';
import {createLakeService} from '../../workers/lake/service.ts';
import {createMemoryStore} from '../../workers/files/memory-store.ts';
import {openOpfsStore} from '../../workers/files/opfs-store.ts';
import {loadParquet} from '../../workers/parquet/module.ts';
import {createStorageService} from '../../workers/storage/service.ts';
import {createShared} from '../../workers/lake/shared.ts';

/** The storage worker, but where a commit asks for a crash it stands still and says so: the test then kills the whole renderer. */
const shared = createShared(
  () => openOpfsStore().catch(() => createMemoryStore()),
  loadParquet,
  () => {
    new BroadcastChannel('held').postMessage('held');
    return new Promise(() => undefined);
  },
);

Comlink.expose({...createStorageService(shared), ...createLakeService(shared)});
