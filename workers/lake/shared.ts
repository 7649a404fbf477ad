import {crash as crashWorker} from './crash.ts';
import type {Tables} from './tables.ts';
import {createJobs, type Jobs} from '../shared/jobs.ts';
import type {ParquetModule} from '../parquet/module.ts';
import type {Store} from '../files/store.ts';

/** What the storage worker's services share. */
export interface Shared {
  readonly store: () => Promise<Store>;
  readonly tables: () => Promise<Tables>;
  readonly parquet: () => Promise<ParquetModule>;
  readonly jobs: Jobs;
  /** Ends the worker in the middle of its work, for lessons and tests. */
  readonly crash: () => Promise<never>;
}

/** Opens what is needed when it is first needed. `parquet` gives the Parquet library. */
export function createShared(
  openStore: () => Promise<Store>,
  parquet: () => Promise<ParquetModule>,
  crash = crashWorker,
): Shared {
  let opening: Promise<Store> | undefined;
  let openingTables: Promise<Tables> | undefined;
  const store = (): Promise<Store> => (opening ??= openStore());

  async function openTables(): Promise<Tables> {
    const {Tables} = await import('./tables.ts');
    return Tables.open(await store());
  }

  return {store, tables: () => (openingTables ??= openTables()), parquet, jobs: createJobs(), crash};
}
