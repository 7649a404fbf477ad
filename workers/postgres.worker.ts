import {PGlite} from '@electric-sql/pglite';
import {OpfsAhpFS} from '@electric-sql/pglite/opfs-ahp';
import {holdLock, lockNames} from '../src/lib/tabs.ts';
import {Failed} from './postgres/ask.ts';
import {createPostgresService, settings, type OpenPostgres} from './postgres/service.ts';
import {serve} from './shared/serve.ts';

const startParams = [...PGlite.defaultStartParams, ...settings];

/** Beside the workspace's own folder of the browser's private file system. */
const folder = 'lakebook-postgres';

/** How long a worker that was just ended may take to let go of the files, in milliseconds. */
const patience = 8000;

/** Waits until no other worker has the database; holds it for as long as this one lives. */
async function hold(): Promise<void> {
  try {
    await holdLock((holding) =>
      navigator.locks.request(lockNames.postgres, {signal: AbortSignal.timeout(patience)}, holding),
    );
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    throw new Failed({state: '', message, taken: true, fatal: true});
  }
}

async function open(): Promise<OpenPostgres> {
  // A dump that is only looked at gets a database of its own, in memory.
  if (self.name === 'throw-away') return {pg: await PGlite.create({startParams}), kept: false};
  // Private windows have no such file system: then the database lives as long as the page.
  const kept = await navigator.storage.getDirectory().then(
    () => true,
    () => false,
  );
  if (kept) await hold();
  const pg = await PGlite.create({...(kept ? {fs: new OpfsAhpFS(folder)} : {}), startParams});
  return {pg, kept};
}

serve(createPostgresService(open));
