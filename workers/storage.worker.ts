import * as Comlink from 'comlink';
import {createMemoryStore} from './storage/memory-store.ts';
import {openOpfsStore} from './storage/opfs-store.ts';
import {loadParquet} from './storage/parquet/module.ts';
import {createStorageService} from './storage/service.ts';

/** Private windows have no OPFS; then files live as long as the page. */
const openStore = () => openOpfsStore().catch(createMemoryStore);

Comlink.expose(createStorageService(openStore, loadParquet));
