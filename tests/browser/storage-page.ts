import type {StoragePort} from '../../src/ports/index.ts';
import {createStorage} from '../../src/storage/storage-port.ts';
import {problemOf, readRows, runScenario} from '../unit/storage/suite.ts';

declare global {
  interface Window {
    storage: StoragePort;
    suite: {runScenario: typeof runScenario; problemOf: typeof problemOf; readRows: typeof readRows};
  }
}

// eslint-disable-next-line no-restricted-syntax -- This page takes the place of src/main.ts.
window.storage = createStorage(new Worker(new URL('../../workers/storage.worker.ts', import.meta.url), {type: 'module'}));
window.suite = {runScenario, problemOf, readRows};
