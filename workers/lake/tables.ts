import type {LakeFiles} from '../../src/lake/checkpoint.ts';
import type {CommitStore} from '../../src/lake/commit.ts';
import {recover} from '../../src/lake/recover.ts';
import {loadSnapshot, storePath, type Snapshot} from '../../src/lake/snapshot.ts';
import type {At} from '../../src/lake/travel.ts';
import {problemOf, ProblemError, type Problem} from '../../src/lib/problem.ts';
import {lakeChannel, type LakeChange, type Release} from '../../src/lib/tabs.ts';
import {plural} from '../../src/lib/text.ts';
import type {Store} from '../files/store.ts';
import {Catalogue, nameTaken, type TablePlace} from './catalogue.ts';
import {Holds} from './holds.ts';

/** The tables as one worker sees them: their latest snapshots are kept, and checked against the log each time, so that several tabs agree. */
export class Tables {
  readonly catalogue: Catalogue;
  readonly files: LakeFiles & CommitStore;
  readonly #latest = new Map<string, Snapshot>();
  readonly #recovered = new Map<string, Promise<unknown>>();
  readonly #holds: Holds;
  #channel: BroadcastChannel | undefined;

  static async open(store: Store): Promise<Tables> {
    const tables = new Tables(store);
    await tables.catalogue.clear();
    return tables;
  }

  private constructor(readonly store: Store) {
    this.catalogue = new Catalogue(store);
    // Only tables written elsewhere have checkpoints.
    this.files = {
      store,
      locks: store.locks,
      readParquetRows: async (file) => (await import('./parquet-read.ts')).readParquetRows(file),
    };
    this.#holds = new Holds(store.locks);
  }

  /** A table by name, after whatever a crash left of it is mended. */
  async open(name: string): Promise<TablePlace> {
    const place = await this.catalogue.get(name);
    await this.mended(place);
    return place;
  }

  /** The latest version, or the one `at` says. */
  async snapshot(place: TablePlace, at?: At): Promise<Snapshot> {
    try {
      return await this.#load(place, at);
    } catch (thrown) {
      // Another tab may have died in the middle of its commit.
      if (problemOf(thrown).code !== 'DELTA_LOG_MALFORMED') throw thrown;
      this.#recovered.delete(place.root);
      await this.mended(place);
      return this.#load(place, at);
    }
  }

  async #load(place: TablePlace, at?: At): Promise<Snapshot> {
    const known = this.#latest.get(place.root);
    const loaded = await loadSnapshot(this.files, place.root, place.name, at, known);
    // It may have been renamed since.
    const snapshot = loaded.name === place.name ? loaded : {...loaded, name: place.name};
    if (at === undefined) this.#latest.set(place.root, snapshot);
    return snapshot;
  }

  /** Resolves when what a crash may have left of the table is mended; looked at once. */
  mended(place: TablePlace): Promise<unknown> {
    const {root} = place;
    let recovering = this.#recovered.get(root);
    if (recovering === undefined) {
      recovering = recover(this.files, root);
      this.#recovered.set(root, recovering);
      // What could not be mended is looked at again the next time.
      recovering.catch(() => this.#recovered.delete(root));
    }
    return recovering;
  }

  /** Makes a table of what `copy` puts into a folder, under a name that cells can read; until it is whole and can be read, nobody sees it. */
  async import(name: string, copy: (root: string) => Promise<void>): Promise<Snapshot> {
    checkName(name);
    return this.bringBack(name, copy, undefined);
  }

  /** As `import`, for a table that comes back as it was, under whatever name; from one moment to the next it takes the place of `replaced`. */
  async bringBack(
    name: string,
    copy: (root: string) => Promise<void>,
    replaced: TablePlace | undefined,
  ): Promise<Snapshot> {
    const earlier = await this.catalogue.find(name);
    if (earlier !== undefined && earlier.root !== replaced?.root && (await this.catalogue.hasLog(earlier.root)))
      throw new ProblemError(nameTaken(earlier.name));
    const place = await this.catalogue.copyPlace(name);
    try {
      await copy(place.root);
      const snapshot = await this.#load(place);
      await this.#checkFiles(snapshot);
      await this.catalogue.add(place, replaced);
      // Nobody sees the table that was replaced: what can't be deleted of it goes at the next start.
      if (replaced !== undefined) await this.remove(replaced).catch(() => undefined);
      this.changed(name);
      return snapshot;
    } catch (thrown) {
      this.#latest.delete(place.root);
      await this.store.removeFolder(place.root);
      throw thrown;
    }
  }

  /** Throws unless the files of a version are all there. */
  async #checkFiles(snapshot: Snapshot): Promise<void> {
    const found = new Set((await this.store.walk(snapshot.root)).map(({path}) => `${snapshot.root}/${path}`));
    const missing = [...snapshot.files.values()].filter(({path}) => !found.has(storePath(snapshot, path)));
    if (missing.length > 0) throw new ProblemError(incomplete(snapshot, missing[0]?.path ?? '', missing.length));
  }

  async rename(place: TablePlace, to: string): Promise<void> {
    checkName(to);
    await this.catalogue.rename(place.name, to);
    for (const name of [place.name, to]) this.changed(name);
  }

  /** Waits for whoever reads or writes it. */
  async remove(place: TablePlace): Promise<void> {
    await this.alone(place, () => this.catalogue.remove(place));
    this.#latest.delete(place.root);
    this.#recovered.delete(place.root);
    this.changed(place.name);
  }

  /** Until it is released, nobody deletes a file of the table. */
  use({root}: TablePlace): Promise<Release> {
    return this.#holds.take(filesLock(root));
  }

  /** Runs `task` while nobody reads or writes the table's files. */
  alone<T>({root}: TablePlace, task: () => Promise<T>): Promise<T> {
    return this.store.locks.exclusive(filesLock(root), task);
  }

  /** Tells every tab, this one too. */
  changed(table: string): void {
    this.#channel ??= new BroadcastChannel(lakeChannel);
    // The cast: Node has it, where an open channel would keep the process alive.
    (this.#channel as {unref?: () => void}).unref?.();
    this.#channel.postMessage({table} satisfies LakeChange);
  }
}

function checkName(name: string): void {
  if (!/^[A-Za-z_]\w*$/.test(name)) throw new ProblemError(invalidName(name));
}

const invalidName = (name: string): Problem => ({
  code: 'INVALID_SCHEMA_OR_RELATION_NAME',
  message:
    name.trim() === '' ? 'A table needs a name.' : `${name} can’t be the name of a table: cells couldn’t read it.`,
  hint: 'Use letters, digits and _, with no digit first, e.g. readings.',
  sqlState: '42602',
});

const filesLock = (root: string): string => `${root} files`;

const incomplete = ({name}: Snapshot, path: string, count: number): Problem => ({
  code: 'DELTA_FILE_NOT_FOUND_DETAILED',
  message: `Table ${name} can’t be imported: ${plural(count, 'of its data files is', 'of its data files are')} not there, e.g. ${path}.`,
  hint: 'Choose the whole folder of the table, with all that is in it.',
  where: {file: path},
  sqlState: '42K03',
});
