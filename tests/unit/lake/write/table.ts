import {appliedVersion} from '../../../../src/lake/applied.ts';
import type {Add} from '../../../../src/lake/actions.ts';
import {actionsOf, isBlindAppend} from '../../../../src/lake/commit-actions.ts';
import {commit, type Reached} from '../../../../src/lake/commit.ts';
import type {FileStore, Locks} from '../../../../src/lake/file-store.ts';
import {commitPath, listLog, parseCommit} from '../../../../src/lake/log.ts';
import {restore} from '../../../../src/lake/restore.ts';
import type {DeltaType, StructField, StructType} from '../../../../src/lake/schema.ts';
import {loadSnapshot, storePath, type Snapshot} from '../../../../src/lake/snapshot.ts';
import {statsJson} from '../../../../src/lake/stats.ts';
import type {At} from '../../../../src/lake/travel.ts';
import {vacuum, type VacuumOptions} from '../../../../src/lake/vacuum.ts';
import {dataFile, planWrite, type Intent, type PlannedWrite, type WrittenFile} from '../../../../src/lake/write.ts';
import {problemOf, type Problem} from '../../../../src/lib/problem.ts';

export const column = (name: string, type: DeltaType, nullable = true): StructField => ({
  name,
  type,
  nullable,
  metadata: {},
});
export const struct = (...fields: readonly StructField[]): StructType => ({type: 'struct', fields});
export const reading = struct(column('id', 'long'), column('value', 'double'));

export const intent = (given: Partial<Intent> = {}): Intent => ({
  mode: 'append',
  schema: reading,
  mergeSchema: false,
  overwriteSchema: false,
  partitionBy: undefined,
  notNull: [],
  constraints: {},
  comments: {},
  keys: [],
  applies: {self: crypto.randomUUID(), before: []},
  notebook: {path: 'demo.md', cell: 'write'},
  ...given,
});

/** The Problem that `work` fails with. */
export async function problemIn(work: () => unknown): Promise<Problem> {
  try {
    await work();
  } catch (thrown) {
    return problemOf(thrown);
  }
  throw new Error('It was expected to fail.');
}

/** What one data file of the tests holds. */
export interface Part {
  readonly rows: readonly unknown[];
  readonly partition?: Readonly<Record<string, string | null>>;
}

/** A table whose data files are JSON lists: the protocol doesn't look into them. */
export class TestTable {
  readonly root = 'lake/readings';
  readonly name = 'readings';

  constructor(readonly storage: {readonly store: FileStore; readonly locks: Locks}) {}

  get files() {
    return {...this.storage, readParquetRows: async () => []};
  }

  async snapshot(at?: At): Promise<Snapshot | undefined> {
    const log = await listLog(this.storage.store, this.root);
    return log.commits.length === 0 ? undefined : loadSnapshot(this.files, this.root, this.name, at);
  }

  async plan(given: Partial<Intent> = {}): Promise<PlannedWrite> {
    return planWrite(this, await this.snapshot(), intent(given), Date.now());
  }

  async writeFiles(plan: PlannedWrite, parts: readonly Part[]): Promise<WrittenFile[]> {
    const written: WrittenFile[] = [];
    for (const [index, {rows, partition = {}}] of parts.entries()) {
      const {path, storePath: place, partitionValues} = dataFile(plan, index, partition);
      const sink = await this.storage.store.create(place);
      await sink.write(new TextEncoder().encode(JSON.stringify(rows)));
      const file = await sink.close();
      const stats = statsJson({rows: rows.length, min: {}, max: {}, nulls: {}}, plan.columns);
      written.push({
        path,
        partitionValues,
        size: file.size,
        modificationTime: file.lastModified,
        rows: rows.length,
        stats,
      });
    }
    return written;
  }

  async commit(
    plan: PlannedWrite,
    written: readonly WrittenFile[],
    {replaced = [], reached}: {replaced?: readonly Add[]; reached?: Reached} = {},
  ) {
    const txnId = crypto.randomUUID();
    const {version, snapshot} = plan;
    const actions = actionsOf(plan, written, replaced, {}, txnId);
    const request = {
      root: this.root,
      name: this.name,
      version,
      timestamp: snapshot?.timestamp ?? 0,
      isBlindAppend: isBlindAppend(plan),
      self: plan.intent.applies.self,
      txnId,
      actions,
    };
    return commit(this.storage, request, reached);
  }

  async write(given: Partial<Intent>, parts: readonly Part[], reached?: Reached) {
    const plan = await this.plan(given);
    return this.commit(plan, await this.writeFiles(plan, parts), reached === undefined ? {} : {reached});
  }

  /** `write`, unless these rows are in the table already: then the version they came with. */
  async apply(
    given: Partial<Intent> & {readonly applies: Intent['applies']},
    parts: readonly Part[],
  ): Promise<{readonly applied: boolean; readonly version: number}> {
    const snapshot = await this.snapshot();
    const applied =
      snapshot === undefined ? undefined : await appliedVersion(this.storage.store, snapshot, given.applies.self);
    return applied === undefined
      ? {applied: false, version: (await this.write(given, parts)).version}
      : {applied: true, version: applied};
  }

  restore(at: At) {
    return restore(this.files, this, at);
  }

  vacuum(options: VacuumOptions, now = Date.now()) {
    return vacuum(this.files, this, options, now);
  }

  async log(version: number) {
    const file = await this.storage.store.read(commitPath(this.root, version));
    return parseCommit((await file?.text()) ?? '', `${version}.json`);
  }

  async rowsOf(add: Add, snapshot: Snapshot): Promise<unknown[]> {
    const file = await this.storage.store.read(storePath(snapshot, add.path));
    if (file === null) throw new Error(`${add.path} is gone.`);
    // The cast: files of these tests hold lists.
    return JSON.parse(await file.text()) as unknown[];
  }

  async rows(at?: At): Promise<unknown[]> {
    const snapshot = await this.snapshot(at);
    if (snapshot === undefined) return [];
    return (await Promise.all(Array.from(snapshot.files.values(), (add) => this.rowsOf(add, snapshot)))).flat().sort();
  }
}
