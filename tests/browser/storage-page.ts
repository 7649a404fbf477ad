import type {LakePort, Ownership, StoragePort} from '../../src/ports/index.ts';
import {openOwnership} from '../../src/clients/ownership.ts';
import {openStorage} from '../../src/clients/storage-worker.ts';
import * as rows from '../unit/lake/rows.ts';
import {lakeScenarios, runLakeScenario} from '../unit/lake/service-suite.ts';
import {problemOf, readRows, runScenario, scenarios} from '../unit/storage/suite.ts';

const suite = {
  runScenario,
  runLakeScenario,
  names: {storage: Object.keys(scenarios), lake: Object.keys(lakeScenarios)},
  problemOf,
  readRows,
  openOwnership,
  ...rows,
};

declare global {
  interface Window {
    storage: StoragePort;
    lake: LakePort;
    ownership: Ownership;
    suite: typeof suite;
  }
}

/** With `?held` a commit that is told to crash stands still instead. */
function worker(): Worker {
  // eslint-disable-next-line no-restricted-syntax -- This page takes the place of src/main.ts.
  if (location.search === '?held') return new Worker(new URL('held-worker.ts', import.meta.url), {type: 'module'});
  // eslint-disable-next-line no-restricted-syntax -- This page takes the place of src/main.ts.
  return new Worker(new URL('../../workers/storage.worker.ts', import.meta.url), {type: 'module'});
}

const {storage, lake} = openStorage(worker);
window.storage = storage;
window.lake = lake;
window.suite = suite;
