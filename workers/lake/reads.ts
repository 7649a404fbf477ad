import * as Comlink from 'comlink';
import type {Add} from '../../src/lake/actions.ts';
import {deletedRows} from '../../src/lake/deletion-vector.ts';
import {mappingMode} from '../../src/lake/features.ts';
import type {FileStore} from '../../src/lake/file-store.ts';
import {storePath, type Snapshot} from '../../src/lake/snapshot.ts';
import {readPlanOf} from '../../src/lake/table.ts';
import {invariant} from '../../src/lib/invariant.ts';
import {ProblemError, type Problem} from '../../src/lib/problem.ts';
import type {Release} from '../../src/lib/tabs.ts';
import type {ReadPlan} from '../contract/lake.ts';
import {createHandles} from '../shared/handles.ts';
import type {ParquetModule} from '../parquet/module.ts';
import {streamLakeFile} from './parquet-read.ts';
import type {Tables} from './tables.ts';

interface Reader {
  readonly snapshot: Snapshot;
  readonly store: FileStore;
  readonly adds: readonly Add[];
  /** Lets vacuum have the files. */
  readonly release: Release;
}

/** Versions that are open to read. */
export class Reads {
  readonly #open = createHandles<Reader>(closed);

  constructor(
    private readonly tables: Tables,
    private readonly parquet: () => Promise<ParquetModule>,
  ) {}

  /** Opens a version, of the lake unless its files are in another store; the user holds `release` until it is closed. */
  open(snapshot: Snapshot, release: Release, store: FileStore = this.tables.store): ReadPlan {
    const files = readPlanOf(snapshot);
    const reader = this.#open.add({snapshot, store, adds: [...snapshot.files.values()], release});
    return {
      reader,
      version: snapshot.version,
      schema: snapshot.schema,
      partitionColumns: snapshot.metadata.partitionColumns,
      files,
    };
  }

  close(reader: number): void {
    this.#open.release(reader)?.release();
  }

  async stream(
    reader: number,
    file: number,
    onBatch: (ipc: Uint8Array) => Promise<void>,
    check: () => void,
  ): Promise<void> {
    const {snapshot, store, add} = this.#file(reader, file);
    const found = await store.read(storePath(snapshot, add.path));
    if (found === null) throw new ProblemError(missing(snapshot, add));
    const send = async (ipc: Uint8Array): Promise<void> => {
      check();
      const own = ipc.byteLength === ipc.buffer.byteLength ? ipc : ipc.slice();
      // The cast: what is sent was made here, on the heap.
      await onBatch(Comlink.transfer(own, [own.buffer as ArrayBuffer]));
      check();
    };
    await streamLakeFile(
      await this.parquet(),
      found,
      {mapping: mappingMode(snapshot.protocol, snapshot.metadata), schema: snapshot.schema},
      send,
      check,
    );
  }

  async deleted(reader: number, file: number): Promise<Int32Array> {
    const {snapshot, store, add} = this.#file(reader, file);
    return add.deletionVector === undefined
      ? new Int32Array()
      : deletedRows(store, snapshot.root, add.deletionVector, snapshot.home);
  }

  #file(reader: number, file: number): Pick<Reader, 'snapshot' | 'store'> & {readonly add: Add} {
    const {snapshot, store, adds} = this.#open.get(reader);
    const add = adds[file];
    invariant(add !== undefined, 'a file of the read plan is asked for');
    return {snapshot, store, add};
  }
}

const closed: Problem = {
  code: 'READER_CLOSED',
  message: 'This version of the table is no longer open.',
  hint: 'Run the cell again.',
};

const missing = (snapshot: Snapshot, {path}: Add): Problem => ({
  code: 'DELTA_FILE_NOT_FOUND_DETAILED',
  message: `A data file of version ${snapshot.version} of table ${snapshot.name} is gone: ${path}.`,
  hint: 'A vacuum may have deleted it. Read a later version, or import the table again from a whole copy.',
  where: {file: path},
  sqlState: '42K03',
});
