import {history} from '../../src/lake/history.ts';
import {commitPath, listLog} from '../../src/lake/log.ts';
import {loadSnapshot} from '../../src/lake/snapshot.ts';
import {entryOf, versionOf} from '../../src/lake/table.ts';
import {checkVersion, versionsOf} from '../../src/lake/travel.ts';
import {problemOf, ProblemError, type Problem} from '../../src/lib/problem.ts';
import type {LakeContract, TableEntry} from '../contract/lake.ts';
import {createMemoryStore} from '../files/memory-store.ts';
import {outcome} from '../shared/outcome.ts';
import type {Shared} from './shared.ts';
import {runTelling} from '../shared/jobs.ts';
import type {TablePlace} from './catalogue.ts';
import type {Reads} from './reads.ts';
import type {Tables} from './tables.ts';
import type {Writes} from './writes.ts';

/** The lake's contract over a store. */
export function createLakeService({tables: opened, parquet, jobs, crash}: Shared): LakeContract {
  let moving: Promise<{readonly tables: Tables; readonly reads: Reads; readonly writes: Writes}> | undefined;
  /** What moves rows is fetched when it is first needed, so that the worker starts small. */
  const openedToMove = () => (moving ??= openToMove());

  async function openToMove(): Promise<{readonly tables: Tables; readonly reads: Reads; readonly writes: Writes}> {
    const [tables, {Reads}, {Writes}] = await Promise.all([opened(), import('./reads.ts'), import('./writes.ts')]);
    const reads = new Reads(tables, parquet);
    return {tables, reads, writes: new Writes(tables, reads, parquet, crash)};
  }

  /** The table's entry; undefined for one that was never committed. */
  async function entry(tables: Tables, place: TablePlace): Promise<TableEntry | undefined> {
    try {
      await tables.mended(place);
      return entryOf(await tables.snapshot(place));
    } catch (thrown) {
      const {code, message, hint} = problemOf(thrown);
      if (code === 'DELTA_TABLE_NOT_FOUND') return undefined;
      const nothing = {
        id: '',
        version: -1,
        modified: 0,
        rows: undefined,
        files: 0,
        bytes: 0,
        times: [],
        origins: [],
        firstVersion: 0,
      };
      return {name: place.name, ...nothing, problem: {code, message, ...(hint === undefined ? {} : {hint})}};
    }
  }

  return {
    tables: () =>
      outcome(async () => {
        const tables = await opened();
        const entries = await Promise.all((await tables.catalogue.all()).map((place) => entry(tables, place)));
        return entries.filter((found) => found !== undefined);
      }),
    table: (name, at) =>
      outcome(async () => {
        const tables = await opened();
        return versionOf(await tables.snapshot(await tables.open(name), at));
      }),
    history: (name) =>
      outcome(async () => {
        const tables = await opened();
        const place = await tables.open(name);
        return history(tables.files, place.root, place.name);
      }),
    log: (name, version) =>
      outcome(async () => {
        const tables = await opened();
        const place = await tables.open(name);
        checkVersion(version, versionsOf(await listLog(tables.store, place.root), place.name), place.name);
        const file = await tables.store.read(commitPath(place.root, version));
        if (file === null) throw new ProblemError(onlyCheckpoint(place.name, version));
        return file.text();
      }),

    openRead: (name, at) =>
      outcome(async () => {
        const {tables, reads} = await openedToMove();
        const place = await tables.open(name);
        // Taken before the snapshot is read, so that no vacuum comes between.
        const release = await tables.use(place);
        try {
          return reads.open(await tables.snapshot(place, at), release);
        } catch (thrown) {
          release();
          throw thrown;
        }
      }),
    openFiles: (name, files) =>
      outcome(async () => {
        const [{reads}, {readParquetRows}] = await Promise.all([openedToMove(), import('./parquet-read.ts')]);
        const store = createMemoryStore(new Map(files.map(({path, file}) => [`table/${path}`, file])));
        return reads.open(await loadSnapshot({store, readParquetRows}, 'table', name), () => undefined, store);
      }),
    readFile: (job, reader, file, onBatch) =>
      outcome(async () => {
        await jobs.run(job, async (check) => (await openedToMove()).reads.stream(reader, file, onBatch, check));
        return null;
      }),
    deletedRows: (reader, file) => outcome(async () => (await openedToMove()).reads.deleted(reader, file)),
    closeRead: async (reader) => (await openedToMove()).reads.close(reader),

    begin: (name, intent) => outcome(async () => (await openedToMove()).writes.begin(name, intent)),
    openFile: (transaction, values) => outcome(async () => (await openedToMove()).writes.openFile(transaction, values)),
    writeFile: (transaction, file, ipc) =>
      outcome(async () => {
        await (await openedToMove()).writes.writeFile(transaction, file, ipc);
        return null;
      }),
    closeFile: (transaction, file, stats) =>
      outcome(async () => {
        await (await openedToMove()).writes.closeFile(transaction, file, stats);
        return null;
      }),
    commit: (transaction, removes, metrics) =>
      outcome(async () => (await openedToMove()).writes.commit(transaction, removes, metrics)),
    abort: async (transaction) => (await openedToMove()).writes.abort(transaction),
    restore: (name, at) =>
      outcome(async () => {
        const {tables, writes} = await openedToMove();
        return writes.restore(await tables.open(name), at);
      }),
    vacuum: (name, options) =>
      outcome(async () => {
        const {tables, writes} = await openedToMove();
        return writes.vacuum(await tables.open(name), options);
      }),

    rename: (name, to) =>
      outcome(async () => {
        const tables = await opened();
        await tables.rename(await tables.open(name), to);
        return null;
      }),
    remove: (name) =>
      outcome(async () => {
        const tables = await opened();
        // A table whose log can't be mended can be removed all the same.
        await tables.remove(await tables.catalogue.get(name));
        return null;
      }),

    exportTable: (name, onProgress, job, encrypt) =>
      outcome(async () => {
        const tables = await opened();
        const place = await tables.open(name);
        const release = await tables.use(place);
        try {
          const {commits} = await tables.snapshot(place);
          const {exportTable} = await import('./zip.ts');
          return await runTelling(jobs, job, onProgress, (tell) =>
            exportTable(tables.store, place.root, commits, place.name, tell, encrypt),
          );
        } finally {
          release();
        }
      }),
    importTable: (name, source, onProgress, job) =>
      outcome(async () => {
        const tables = await opened();
        const {copyTable} = await import('./zip.ts');
        return entryOf(
          await tables.import(name, (root) =>
            runTelling(jobs, job, onProgress, (tell) => copyTable(source, tables.store, root, tell)),
          ),
        );
      }),
  };
}

const onlyCheckpoint = (name: string, version: number): Problem => ({
  code: 'DELTA_LOG_CLEANED',
  message: `The log of table ${name} no longer has the commit of version ${version}, only a checkpoint of what came of it.`,
  hint: 'The system that wrote the table has cleaned up its log. Look at a later version.',
});
