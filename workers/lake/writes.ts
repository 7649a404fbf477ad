import type {Add} from '../../src/lake/actions.ts';
import {appliedVersion} from '../../src/lake/applied.ts';
import {commit, type Reached} from '../../src/lake/commit.ts';
import {actionsOf, isBlindAppend} from '../../src/lake/commit-actions.ts';
import {concurrentWrite} from '../../src/lake/errors.ts';
import {restore} from '../../src/lake/restore.ts';
import type {Snapshot} from '../../src/lake/snapshot.ts';
import {statsJson} from '../../src/lake/stats.ts';
import {constraintsOf} from '../../src/lake/table.ts';
import type {At} from '../../src/lake/travel.ts';
import {vacuum, type Vacuumed, type VacuumOptions} from '../../src/lake/vacuum.ts';
import {dataFile, planWrite, type PlannedWrite, type WrittenFile} from '../../src/lake/write.ts';
import {invariant} from '../../src/lib/invariant.ts';
import {problemOf, ProblemError, type Problem} from '../../src/lib/problem.ts';
import type {Release} from '../../src/lib/tabs.ts';
import {plural} from '../../src/lib/text.ts';
import type {Committed, FileStats, ReadPlan, WriteIntent, WritePlan} from '../contract/lake.ts';
import {createHandles} from '../shared/handles.ts';
import type {ParquetModule} from '../parquet/module.ts';
import {withRoom} from '../files/room.ts';
import {notFound, type TablePlace} from './catalogue.ts';
import {LakeFileWriter} from './parquet-write.ts';
import type {Reads} from './reads.ts';
import type {Tables} from './tables.ts';
import {randomUUID} from '../../src/lib/uuid.ts';

interface OpenFile {
  readonly writer: LakeFileWriter;
  readonly place: ReturnType<typeof dataFile>;
}

/** A write between `begin` and `commit`. */
interface Transaction {
  readonly place: TablePlace;
  readonly planned: PlannedWrite;
  readonly reached: Reached;
  readonly read: ReadPlan | undefined;
  /** Lets vacuum have the files. */
  readonly release: Release;
  readonly open: Map<number, OpenFile>;
  readonly written: WrittenFile[];
  /** Where the written files are in the store. */
  readonly paths: string[];
  opened: number;
}

/** Writes that are under way: their files are on disk before the commit names them, and go with whatever is given up. */
export class Writes {
  readonly #open = createHandles<Transaction>(closed);

  constructor(
    private readonly tables: Tables,
    private readonly reads: Reads,
    private readonly parquet: () => Promise<ParquetModule>,
    private readonly crash: () => Promise<never>,
  ) {}

  async begin(name: string, intent: WriteIntent): Promise<WritePlan> {
    const {crashAfter} = intent;
    if (crashAfter !== undefined && this.tables.store.kind === 'memory') throw new ProblemError(nothingKept);
    const known = await this.tables.catalogue.find(name);
    if (known !== undefined) await this.tables.mended(known);
    const place = known ?? (await this.tables.catalogue.placeFor(name));
    const release = await this.tables.use(place);
    try {
      const snapshot = known === undefined ? undefined : await this.#latest(known);
      const applied =
        snapshot === undefined ? undefined : await appliedVersion(this.tables.store, snapshot, intent.applies.self);
      const rulesOnly = applied !== undefined;
      const planned = planWrite(
        place,
        snapshot,
        rulesOnly ? {...intent, mode: 'append', overwriteSchema: false} : intent,
        Date.now(),
      );
      if (snapshot !== undefined && rulesOnly && planned.metadata === snapshot.metadata) {
        release();
        return appliedPlan(snapshot, applied);
      }
      const read =
        snapshot !== undefined && planned.readsTable
          ? this.reads.open(snapshot, await this.tables.use(place))
          : undefined;
      const reached: Reached = (step) => (step === crashAfter ? this.crash() : undefined);
      const transaction = this.#open.add({
        place,
        planned,
        reached,
        read,
        release,
        open: new Map(),
        written: [],
        paths: [],
        opened: 0,
      });
      const {version, columns, partitionColumns, constraints, schema, added} = planned;
      return {transaction, version, rulesOnly, columns, partitionColumns, constraints, schema, added, read};
    } catch (thrown) {
      release();
      throw thrown;
    }
  }

  async openFile(number: number, values: Readonly<Record<string, string | null>>): Promise<number> {
    const transaction = this.#open.get(number);
    const file = ++transaction.opened;
    const place = dataFile(transaction.planned, file - 1, values);
    const parquet = await this.parquet();
    await this.#orGiveUp(number, async () => {
      const sink = await this.tables.store.create(place.storePath);
      // Another file's failure may have ended the write meanwhile.
      if (!this.#open.has(number)) {
        await sink.discard();
        throw new ProblemError(closed);
      }
      transaction.open.set(file, {writer: new LakeFileWriter(parquet, sink, transaction.planned.columns), place});
    });
    return file;
  }

  async writeFile(number: number, file: number, ipc: Uint8Array): Promise<void> {
    const {writer} = openFile(this.#open.get(number), file);
    await this.#orGiveUp(number, () => writer.write(ipc));
  }

  async closeFile(number: number, file: number, stats: FileStats): Promise<void> {
    const transaction = this.#open.get(number);
    const {writer, place} = openFile(transaction, file);
    await this.#orGiveUp(number, async () => {
      if (writer.rows === 0 && stats.rows === 0) {
        transaction.open.delete(file);
        return writer.discard();
      }
      const written = await writer.close();
      transaction.open.delete(file);
      transaction.paths.push(place.storePath);
      await transaction.reached(2);
      if (written.rows !== stats.rows) throw new ProblemError(rowsMissing(place.path, written.rows, stats.rows));
      await transaction.reached(3);
      const {path, partitionValues} = place;
      const {size, lastModified} = written.file;
      transaction.written.push({
        path,
        partitionValues,
        size,
        modificationTime: lastModified,
        rows: written.rows,
        stats: statsJson(stats, transaction.planned.columns),
      });
    });
  }

  async commit(
    number: number,
    removes: readonly number[],
    metrics: Readonly<Record<string, string>>,
  ): Promise<Committed> {
    const {place, planned, written, read, reached} = this.#open.get(number);
    const {name, root, version, snapshot, intent} = planned;
    const replaced = replacedFiles(planned, read, removes);
    const txnId = randomUUID();
    const committed = await this.#orGiveUp(number, async () => {
      if (snapshot !== undefined && !(await this.tables.catalogue.all()).some((table) => table.root === root))
        throw new ProblemError(notFound(name, undefined));
      const request = {
        root,
        name,
        version,
        timestamp: snapshot?.timestamp ?? 0,
        isBlindAppend: isBlindAppend(planned),
        self: intent.applies.self,
        txnId,
        actions: actionsOf(planned, written, replaced, metrics, txnId),
      };
      const inPlace = () => commit(this.tables.files, request, reached);
      return snapshot === undefined ? this.#announced(place, inPlace) : inPlace();
    });
    this.#close(number);
    this.tables.changed(name);
    const removed = snapshot !== undefined && intent.mode === 'overwrite' ? snapshot.files.size : replaced.length;
    return {
      ...committed,
      filesAdded: written.length,
      filesRemoved: removed,
      bytesAdded: written.reduce((sum, {size}) => sum + size, 0),
    };
  }

  /** Files written so far go; does nothing for a write that is over. */
  async abort(number: number): Promise<void> {
    const transaction = this.#close(number);
    if (transaction === undefined) return;
    for (const {writer} of transaction.open.values()) await writer.discard();
    for (const path of transaction.paths) await this.tables.store.remove(path);
  }

  async restore(place: TablePlace, at: At): Promise<Committed> {
    // A vacuum must not take what is about to be restored.
    const release = await this.tables.use(place);
    try {
      const committed = await withRoom(this.tables.store, `table ${place.name}`, undefined, () =>
        restore(this.tables.files, place, at),
      );
      this.tables.changed(place.name);
      return committed;
    } finally {
      release();
    }
  }

  /** Waits for whoever reads or writes the table. */
  async vacuum(place: TablePlace, options: VacuumOptions): Promise<Vacuumed> {
    const work = (): Promise<Vacuumed> => vacuum(this.tables.files, place, options, Date.now());
    if (options.dryRun) return work();
    const deleted = await this.tables.alone(place, work);
    this.tables.changed(place.name);
    return deleted;
  }

  #close(number: number): Transaction | undefined {
    const transaction = this.#open.release(number);
    if (transaction?.read !== undefined) this.reads.close(transaction.read.reader);
    transaction?.release();
    return transaction;
  }

  /** Undefined for a table that was never committed. */
  async #latest(place: TablePlace): Promise<Snapshot | undefined> {
    try {
      return await this.tables.snapshot(place);
    } catch (thrown) {
      if (problemOf(thrown).code === 'DELTA_TABLE_NOT_FOUND') return undefined;
      throw thrown;
    }
  }

  /** A table is in the catalogue before its first commit, so that a crash in between loses nothing that was committed. */
  async #announced<T>(place: TablePlace, commit: () => Promise<T>): Promise<T> {
    try {
      return await this.tables.catalogue.addWith(place, commit);
    } catch (thrown) {
      // Another table got the name meanwhile, by a rename or an import.
      throw problemOf(thrown).code === 'TABLE_OR_VIEW_ALREADY_EXISTS'
        ? new ProblemError(concurrentWrite(place.name, -1, 0), {cause: thrown})
        : thrown;
    }
  }

  /** What fails on the way ends the whole write: nothing of it is left. */
  async #orGiveUp<T>(number: number, work: () => Promise<T>): Promise<T> {
    const transaction = this.#open.get(number);
    try {
      return await withRoom(this.tables.store, `table ${transaction.planned.name}`, undefined, work);
    } catch (thrown) {
      // A commit may have failed after its file was in place: its data files must stay then.
      if (await this.#isCommitted(transaction)) this.#close(number);
      else await this.abort(number);
      throw thrown;
    }
  }

  async #isCommitted({place, written}: Transaction): Promise<boolean> {
    if (written.length === 0) return false;
    try {
      const latest = await this.#latest(place);
      const paths = new Set(written.map(({path}) => path));
      return latest !== undefined && [...latest.files.values(), ...latest.removed].some(({path}) => paths.has(path));
    } catch {
      // What isn't known to be superfluous stays; a vacuum finds it.
      return true;
    }
  }
}

function openFile(transaction: Transaction, file: number): OpenFile {
  const found = transaction.open.get(file);
  invariant(found !== undefined, 'a file that is open is written');
  return found;
}

/** The files that a merge wrote anew, by their places in its read plan. */
function replacedFiles(
  {snapshot}: PlannedWrite,
  read: ReadPlan | undefined,
  removes: readonly number[],
): readonly Add[] {
  if (removes.length === 0) return [];
  invariant(snapshot !== undefined && read !== undefined, 'only files that were read are replaced');
  const adds = [...snapshot.files.values()];
  return removes.map((index) => {
    const add = adds[index];
    invariant(add !== undefined, 'a file of the read plan is replaced');
    return add;
  });
}

/** Rows that are in the table already: there is nothing to write, and nothing to abort. */
function appliedPlan(snapshot: Snapshot, applied: number): WritePlan {
  const {schema, metadata, version} = snapshot;
  const {partitionColumns} = metadata;
  return {
    transaction: 0,
    version,
    applied,
    rulesOnly: false,
    columns: schema.fields.filter(({name}) => !partitionColumns.includes(name)),
    partitionColumns,
    constraints: constraintsOf(snapshot),
    schema,
    added: {notNull: [], constraints: {}},
    read: undefined,
  };
}

const closed: Problem = {
  code: 'WRITE_CLOSED',
  message: 'This write to the table is over.',
  hint: 'Run the cell again.',
};

const nothingKept: Problem = {
  code: 'CRASH_NEEDS_STORAGE',
  message: 'The crash can’t be shown here: in a private window, tables are in memory and end with what crashes.',
  hint: 'Open this page in a normal window of an up-to-date browser.',
};

const rowsMissing = (path: string, found: number, expected: number): Problem => ({
  code: 'FILE_INCOMPLETE',
  message: `The data file ${path} holds ${plural(found, 'row')} where ${expected} should be.`,
  hint: 'Nothing was committed. Run the cell again.',
  where: {file: path},
});
