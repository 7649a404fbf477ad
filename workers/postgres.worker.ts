import {PGlite} from '@electric-sql/pglite';
import {holdLock, lockNames} from '../src/lib/tabs.ts';
import {Failed} from './postgres/ask.ts';
import {openFiles} from './postgres/files.ts';
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
  const root = await privateFiles();
  if (root === undefined) return {pg: await PGlite.create({startParams}), kept: false};
  await hold();
  const {files, started} = await openFiles(root, folder);
  const pg = await PGlite.create({fs: files, startParams});
  await started();
  return {pg, kept: true};
}

/** Private windows have none, and neither have pages that aren't a secure context: then the database lives as long as the page. */
async function privateFiles(): Promise<FileSystemDirectoryHandle | undefined> {
  try {
    return await navigator.storage.getDirectory();
  } catch {
    return undefined;
  }
}

// PGlite leaves the promise of a file that can't be opened to nobody, and waits for it for ever: the page hears of it as of any error.
addEventListener('unhandledrejection', ({reason}) => reportError(reason));

serve(createPostgresService(open));
