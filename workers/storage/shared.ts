import {crash as crashWorker} from '../lake/crash.ts';
import type {Tables} from '../lake/tables.ts';
import {createJobs, type Jobs} from './jobs.ts';
import type {ParquetModule} from './parquet/module.ts';
import type {Store} from './store.ts';

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
    const {Tables} = await import('../lake/tables.ts');
    return Tables.open(await store());
  }

  return {store, tables: () => (openingTables ??= openTables()), parquet, jobs: createJobs(), crash};
}
